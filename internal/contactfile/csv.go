package contactfile

import (
	"errors"
	"io"
	"slices"
	"strings"
	"unicode/utf8"
)

// byteOrderMark is how a spreadsheet knows that a file is UTF-8.
const byteOrderMark = "\uFEFF"

// column is one that a CSV file may have.
type column struct {
	header, english string
	required        bool
	cell            func(*Contact) *string
}

// columns are in the order of the template.
var columns = []column{
	{"nombre_fiscal", "legal_name", true, func(c *Contact) *string { return &c.LegalName }},
	{"nif", "nif", true, func(c *Contact) *string { return &c.NIF }},
	{"email", "email", false, func(c *Contact) *string { return &c.Email }},
	{"telefono", "phone", false, func(c *Contact) *string { return &c.Phone }},
	{"direccion_calle", "address_street", true, func(c *Contact) *string { return &c.Street }},
	{"direccion_numero", "address_number", true, func(c *Contact) *string { return &c.Number }},
	{"direccion_codigo_postal", "address_postal_code", true, func(c *Contact) *string { return &c.PostalCode }},
	{"direccion_poblacion", "address_city", true, func(c *Contact) *string { return &c.City }},
	{"direccion_provincia", "address_province", true, func(c *Contact) *string { return &c.Province }},
}

// ReadCSV returns the contacts of a CSV file with the columns of the template, in
// any order and among others. The separator is the semicolon or the comma. Its
// errors are ErrFormat, ErrEmpty and the types of this package.
func ReadCSV(file []byte, most int) ([]Contact, error) {
	text, err := decode(string(file))
	if err != nil {
		return nil, err
	}
	header, _, _ := strings.Cut(strings.TrimLeft(text, "\r\n"), "\n")
	comma := byte(',')
	if strings.Contains(header, ";") {
		comma = ';'
	}
	records := newScanner(text, comma)
	cells, line, err := records.nextFilled()
	if errors.Is(err, io.EOF) {
		return nil, ErrEmpty
	}
	if err != nil {
		return nil, err
	}
	order, err := readHeader(cells, line)
	if err != nil {
		return nil, err
	}
	var contacts []Contact
	for count := 0; ; count++ {
		cells, line, err := records.nextFilled()
		switch {
		case errors.Is(err, io.EOF) && count == 0:
			return nil, ErrEmpty
		case errors.Is(err, io.EOF) && count > most:
			return nil, &TooManyError{Count: count, Most: most}
		case errors.Is(err, io.EOF):
			return contacts, nil
		case err != nil:
			return nil, err
		case len(cells) > len(order) && !blank(cells[len(order):]):
			return nil, &SyntaxError{Line: line}
		case count >= most:
			continue // counted on, for the message
		}
		contacts = append(contacts, newContact(cells, order, line))
	}
}

// nextFilled passes over blank lines, and over the rows of separators alone with
// which spreadsheets like to end a file.
func (s *scanner) nextFilled() (cells []string, line int, err error) {
	for err == nil {
		if cells, line, err = s.next(); !blank(cells) {
			break
		}
	}
	return cells, line, err
}

// decode makes sure that the file is text and takes the byte order mark off.
func decode(file string) (string, error) {
	text := strings.TrimPrefix(file, byteOrderMark)
	if strings.HasPrefix(text, "\xFF\xFE") || strings.HasPrefix(text, "\xFE\xFF") {
		return "", &EncodingError{Line: 1} // UTF-16
	}
	if strings.ContainsFunc(text, func(r rune) bool { return r < ' ' && r != '\t' && r != '\r' && r != '\n' }) {
		return "", ErrFormat
	}
	if strings.TrimSpace(text) == "" {
		return "", ErrEmpty
	}
	line := 1
	for one := range strings.Lines(text) {
		if !utf8.ValidString(one) {
			return "", &EncodingError{Line: line}
		}
		line++
	}
	return text, nil
}

// readHeader finds the column of each cell, nil for one that means nothing here.
func readHeader(cells []string, line int) ([]*column, error) {
	order := make([]*column, len(cells))
	for i, cell := range cells {
		name := strings.ToLower(strings.TrimSpace(cell))
		for j := range columns {
			c := &columns[j]
			if name != c.header && name != c.english {
				continue
			}
			if slices.Contains(order, c) {
				return nil, &SyntaxError{Line: line}
			}
			order[i] = c
		}
	}
	var missing []string
	for i := range columns {
		if columns[i].required && !slices.Contains(order, &columns[i]) {
			missing = append(missing, columns[i].header)
		}
	}
	if missing != nil {
		return nil, &HeadersError{Missing: missing}
	}
	return order, nil
}

// newContact reads a row; spreadsheets leave out the last cells when they are empty.
func newContact(cells []string, order []*column, line int) Contact {
	c := Contact{Line: line, Country: "España", CountryCode: "ES"}
	for i, cell := range cells[:min(len(cells), len(order))] {
		if order[i] != nil {
			*order[i].cell(&c) = strings.TrimSpace(cell)
		}
	}
	return c
}

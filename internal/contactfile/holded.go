package contactfile

import (
	"bytes"
	"errors"
	"fmt"
	"regexp"
	"slices"
	"strings"

	"github.com/xuri/excelize/v2"
)

// An export of Holded has its contacts in one sheet, below two rows of titles.
const (
	holdedSheet     = "Holded"
	holdedHeaderRow = 3
)

// holdedHeaders are the names of a column, in lower case, by what it means here.
// The first column with one of the names counts: further addresses follow.
var holdedHeaders = map[string][]string{
	"name":        {"name", "nombre"},
	"id":          {"id", "nif", "cif", "nif/cif", "vat number"},
	"email":       {"email", "e-mail", "correo", "correo electrónico"},
	"phone":       {"phone", "teléfono", "telefono"},
	"mobile":      {"mobile", "móvil", "movil"},
	"address":     {"address", "dirección", "direccion"},
	"city":        {"city", "ciudad", "población", "poblacion"},
	"postal code": {"postal code", "zip code", "zip", "código postal", "codigo postal", "cp"},
	"province":    {"province", "provincia"},
	"country":     {"country", "país", "pais"},
	"tags":        {"tags", "etiquetas"},
}

// ReadHolded returns the contacts of a workbook that Holded has exported. Its last
// row is taken for the footer if it lacks a name or an identifier. Its errors are
// those of ReadCSV; what is not such a workbook is ErrFormat.
func ReadHolded(file []byte, most int) (contacts []Contact, err error) {
	// Formats this rich are hard to read without a slip, and whose slip it is does
	// not matter to the caller whose file is broken.
	defer func() {
		if r := recover(); r != nil {
			contacts, err = nil, fmt.Errorf("%w: panic: %v", ErrFormat, r)
		}
	}()
	if err := checkPackage(file); err != nil {
		return nil, err
	}
	book, err := excelize.OpenReader(bytes.NewReader(file), excelize.Options{
		UnzipSizeLimit: mostUnpacked, UnzipXMLSizeLimit: largePart, RawCellValue: true,
	})
	if err != nil {
		return nil, fmt.Errorf("%w: %w", ErrFormat, err)
	}
	// It removes the temporary files.
	defer func() { err = errors.Join(err, book.Close()) }()
	rows, err := book.Rows(holdedSheet)
	if err != nil {
		return nil, fmt.Errorf("%w: %w", ErrFormat, err)
	}
	defer func() { err = errors.Join(err, rows.Close()) }()
	return readHolded(rows, most)
}

func readHolded(rows *excelize.Rows, most int) ([]Contact, error) {
	var (
		contacts []Contact
		last     Contact
		order    map[string]int
		count    int
	)
	for line := 1; rows.Next(); line++ {
		cells, err := rows.Columns()
		if err != nil {
			return nil, fmt.Errorf("%w: %w", ErrFormat, err)
		}
		switch {
		case line == holdedHeaderRow:
			if order, err = holdedOrder(cells); err != nil {
				return nil, err
			}
		case line > holdedHeaderRow && !blank(cells):
			last = holdedContact(cells, order, line)
			if len(contacts) <= most {
				contacts = append(contacts, last)
			}
			count++
		}
	}
	if err := rows.Error(); err != nil {
		return nil, fmt.Errorf("%w: %w", ErrFormat, err)
	}
	if order == nil {
		return nil, ErrEmpty
	}
	if count > 0 && (last.LegalName == "" || last.NIF == "") {
		count--
	}
	switch {
	case count == 0:
		return nil, ErrEmpty
	case count > most:
		return nil, &TooManyError{Count: count, Most: most}
	}
	return contacts[:count], nil
}

// holdedOrder finds the columns by their headers.
func holdedOrder(cells []string) (map[string]int, error) {
	order := map[string]int{}
	for i, cell := range cells[:min(len(cells), maxColumns)] {
		header := strings.ToLower(strings.TrimSpace(cell))
		for meaning, names := range holdedHeaders {
			if _, found := order[meaning]; !found && slices.Contains(names, header) {
				order[meaning] = i
			}
		}
	}
	var missing []string
	for meaning, header := range map[string]string{"name": "Name", "id": "ID"} {
		if _, ok := order[meaning]; !ok {
			missing = append(missing, header)
		}
	}
	if missing != nil {
		slices.Sort(missing)
		return nil, &HeadersError{Missing: missing}
	}
	return order, nil
}

func holdedContact(cells []string, order map[string]int, line int) Contact {
	cell := func(meaning string) string {
		if i, ok := order[meaning]; ok && i < len(cells) {
			return strings.TrimSpace(cells[i])
		}
		return ""
	}
	c := Contact{
		Line: line, LegalName: cell("name"), NIF: cell("id"), Email: cell("email"), Phone: cell("mobile"), Notes: cell("tags"),
		PostalCode: cell("postal code"), City: cell("city"), Province: cell("province"),
	}
	if c.Phone == "" {
		c.Phone = cell("phone")
	}
	c.Street, c.Number = splitStreet(cell("address"))
	c.Country, c.CountryCode = recognizeCountry(cell("country"))
	return c
}

// streetNumber is a street and, at its end, a number with what belongs to it:
// "Calle Mayor, 12, 2º B", "Avenida 8 de Marzo nº 5". A number within the name,
// with other words behind it, is not one.
var streetNumber = regexp.MustCompile(`^(.+?)(?:,\s*|\s+)(?:[nN][º°.o]*\s*)?(\d+\s?[a-zA-Z]?(?:\s*[,/-].*)?)$`)

// splitStreet takes the number off a street. One without any, or with more than a
// number can hold, is "s/n", as addresses in Spain have it.
func splitStreet(address string) (street, number string) {
	if address == "" {
		return "", ""
	}
	if m := streetNumber.FindStringSubmatch(address); len(m) == 3 && len(m[2]) <= 20 {
		return m[1], m[2]
	}
	return address, "s/n"
}

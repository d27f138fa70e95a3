package contactfile

import (
	"encoding/csv"
	"errors"
	"io"
	"runtime"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
)

const (
	spanish = "nombre_fiscal;nif;email;telefono;direccion_calle;direccion_numero;direccion_codigo_postal;direccion_poblacion;direccion_provincia"
	english = "legal_name,nif,email,phone,address_street,address_number,address_postal_code,address_city,address_province"
	row     = "Panadería S.L.;B12345674;a@b.example;910000000;Calle Mayor;12;28013;Madrid;Toledo"
)

var contact = Contact{
	Line: 2, LegalName: "Panadería S.L.", NIF: "B12345674", Email: "a@b.example", Phone: "910000000", Street: "Calle Mayor",
	Number: "12", PostalCode: "28013", City: "Madrid", Province: "Toledo", Country: "España", CountryCode: "ES",
}

func TestReadCSV(t *testing.T) {
	named := func(change func(*Contact)) []Contact {
		c := contact
		change(&c)
		return []Contact{c}
	}
	same := []Contact{contact}
	commas := strings.ReplaceAll(row, ";", ",")
	for name, tt := range map[string]struct {
		file string
		want []Contact
	}{
		"the template's headers":          {spanish + "\n" + row + "\n", same},
		"English headers and commas":      {english + "\n" + commas + "\n", same},
		"English headers and semicolons":  {strings.ReplaceAll(english, ",", ";") + "\n" + row, same},
		"a byte order mark":               {byteOrderMark + spanish + "\n" + row, same},
		"Windows line ends":               {spanish + "\r\n" + row + "\r\n", same},
		"no line end at all":              {spanish + "\n" + row, same},
		"headers in any case, with space": {strings.ToUpper(strings.ReplaceAll(spanish, ";", " ; ")) + "\n" + row, same},
		"headers in quotes":               {`"` + strings.ReplaceAll(spanish, ";", `";"`) + "\"\n" + row, same},
		"headers in another order, among others": {
			"x;direccion_provincia;direccion_poblacion;direccion_codigo_postal;direccion_numero;direccion_calle;phone;email;nif;legal_name\n?;Toledo;Madrid;28013;12;Calle Mayor;910000000;a@b.example;B12345674;Panadería S.L.", same,
		},
		"blank lines and rows of separators are no rows": {
			"\n\r\n" + spanish + "\n\n;;;;;;;;\n \t\n" + row + "\n;;;;;;;;\n\n", named(func(c *Contact) { c.Line = 7 }),
		},
		"space around a cell is no part of it":        {spanish + "\n \t" + strings.ReplaceAll(row, ";", " ; "), same},
		"the last cells may be missing":               {spanish + "\n" + strings.TrimSuffix(row, ";Toledo"), named(func(c *Contact) { c.Province = "" })},
		"cells beyond the headers may be there empty": {spanish + "\n" + row + ";; ", same},
		"separators, quotes and line ends in quotes": {
			spanish + "\n\"Pan; \"\"y\"\"\r\nmás\"" + strings.TrimPrefix(row, "Panadería S.L.") + "\n" + row,
			[]Contact{named(func(c *Contact) { c.LegalName = "Pan; \"y\"\nmás" })[0], named(func(c *Contact) { c.Line = 4 })[0]},
		},
		"optional columns may be missing": {
			"nombre_fiscal;nif;direccion_calle;direccion_numero;direccion_codigo_postal;direccion_poblacion;direccion_provincia\nPanadería S.L.;B12345674;Calle Mayor;12;28013;Madrid;Toledo",
			named(func(c *Contact) { c.Email, c.Phone = "", "" }),
		},
		"a formula is text": {spanish + "\n" + strings.Replace(row, "Panadería S.L.", "=cmd|'/C calc'!A0", 1), named(func(c *Contact) { c.LegalName = "=cmd|'/C calc'!A0" })},
	} {
		t.Run(name, func(t *testing.T) {
			got, err := ReadCSV([]byte(tt.file), 10)
			if diff := cmp.Diff(tt.want, got); err != nil || diff != "" {
				t.Errorf("%v (-want +got):\n%s", err, diff)
			}
		})
	}
}

func TestReadCSVRefuses(t *testing.T) {
	for name, tt := range map[string]struct {
		file string
		want error
	}{
		"nothing":                            {"", ErrEmpty},
		"a byte order mark alone":            {byteOrderMark, ErrEmpty},
		"white space alone":                  {"\r\n \n\t", ErrEmpty},
		"separators alone":                   {";;;\n;;;", ErrEmpty},
		"a header alone":                     {spanish + "\n\n;;;\n", ErrEmpty},
		"Latin 1":                            {spanish + "\n" + row + "\nPanader\xeda;", &EncodingError{Line: 3}},
		"UTF-16":                             {"\xff\xfen\x00i\x00f\x00", &EncodingError{Line: 1}},
		"UTF-16, the other way":              {"\xfe\xff\x00n\x00i\x00f", &EncodingError{Line: 1}},
		"a workbook":                         {"PK\x03\x04\x14\x00", ErrFormat},
		"an image":                           {"\x89PNG\r\n\x1a\n\x00", ErrFormat},
		"a NUL":                              {spanish + "\n" + row + "\x00", ErrFormat},
		"plain text":                         {"Hola,\nbuenos días", &HeadersError{Missing: []string{"nombre_fiscal", "nif", "direccion_calle", "direccion_numero", "direccion_codigo_postal", "direccion_poblacion", "direccion_provincia"}}},
		"a missing header":                   {strings.Replace(spanish, ";nif", "", 1) + "\n" + row, &HeadersError{Missing: []string{"nif"}}},
		"a header twice":                     {spanish + ";NIF\n" + row, &SyntaxError{Line: 1}},
		"a header in both languages":         {spanish + ";legal_name\n" + row, &SyntaxError{Line: 1}},
		"a cell too many":                    {spanish + "\n" + row + "\n" + row + ";x", &SyntaxError{Line: 3}},
		"a quote that stays open":            {spanish + "\n" + row + "\n\"Pan;\n;\n", &SyntaxError{Line: 3}},
		"a quote in the middle":              {spanish + "\nPan \"Sol\";", &SyntaxError{Line: 2}},
		"text behind a quote":                {spanish + "\n\"Pan\nSol\" y más;", &SyntaxError{Line: 3}},
		"a cell beyond any bound":            {spanish + "\n" + strings.Repeat("x", maxCell+1), &SyntaxError{Line: 2}},
		"a cell in quotes beyond any bound":  {spanish + "\n\"" + strings.Repeat("x\"\"", maxCell) + "\"", &SyntaxError{Line: 2}},
		"a header of a million cells":        {strings.Repeat(";", 1_000_000), &SyntaxError{Line: 1}},
		"a row of a million cells":           {spanish + "\n" + strings.Repeat(`"";`, 1_000_000), &SyntaxError{Line: 2}},
		"a row too many":                     {spanish + strings.Repeat("\n"+row, 3), nil},
		"more rows than may be, all counted": {spanish + strings.Repeat("\n"+row, 7), &TooManyError{Count: 7, Most: 3}},
	} {
		t.Run(name, func(t *testing.T) {
			got, err := ReadCSV([]byte(tt.file), 3)
			if diff := cmp.Diff(tt.want, err, cmp.Comparer(sameError)); diff != "" {
				t.Errorf("(-want +got):\n%s", diff)
			}
			if tt.want != nil && got != nil {
				t.Errorf("%d contacts beside the error", len(got))
			}
		})
	}
}

func sameError(a, b error) bool {
	if a == nil || b == nil {
		return errors.Is(a, b)
	}
	return a.Error() == b.Error()
}

// Whatever fills the 5 MiB that the server takes, reading it takes no more than a
// few times as much.
func TestReadingAHostileFileTakesLittleMemory(t *testing.T) {
	const size = 5 << 20
	fill := func(s string) []byte { return []byte(spanish + "\n" + strings.Repeat(s, size/len(s))) }
	for name, file := range map[string][]byte{
		"separators":         fill(";"),
		"quotes":             fill(`"`),
		"empty cells":        fill(`"";`),
		"line ends in cells": fill("\"\n\";"),
		"line ends":          fill("\n"),
		"rows of separators": fill(strings.Repeat(";", maxColumns-1) + "\n"),
		"short rows":         fill("a\n"),
		"one cell":           fill("a"),
	} {
		t.Run(name, func(t *testing.T) {
			var before, after runtime.MemStats
			runtime.ReadMemStats(&before)
			_, err := ReadCSV(file, 1000)
			runtime.ReadMemStats(&after)
			if err == nil {
				t.Error("it was accepted")
			}
			// Freed in between or not: all that was ever allocated. A record takes
			// 16 bytes a cell and is garbage right after.
			if used := after.TotalAlloc - before.TotalAlloc; used > 64*size {
				t.Errorf("%d MiB were allocated", used>>20)
			}
		})
	}
}

// FuzzScanner holds the scanner against the standard library's reader.
func FuzzScanner(f *testing.F) {
	for _, s := range []string{"", "a;b\nc;d", "\"a\"\"b\";\"c\nd\"\r\n", "a\r\n\r\n\"\"\n", "\"a", "a\"b", "\"a\"b", "a;;\n;\n", "a\r", "\"a\r\nb\"\r", "\r\n\ra\r;b"} {
		f.Add(s)
	}
	f.Fuzz(func(t *testing.T, text string) {
		reader := csv.NewReader(strings.NewReader(text))
		reader.Comma, reader.FieldsPerRecord = ';', -1
		ours := newScanner(text, ';')
		for {
			want, wantErr := reader.Read()
			wantLine := 0
			if wantErr == nil {
				wantLine, _ = reader.FieldPos(0)
			}
			got, line, err := ours.next()
			for err == nil && len(got) == 1 && got[0] == "" && (wantErr != nil || line < wantLine) {
				got, line, err = ours.next() // the library passes over blank lines
			}
			if len(got) > maxColumns || err != nil && len(text) > maxCell {
				return
			}
			if (err == nil) != (wantErr == nil) || errors.Is(err, io.EOF) != errors.Is(wantErr, io.EOF) {
				t.Fatalf("got %v, the library %v", err, wantErr)
			}
			if err != nil {
				return
			}
			if diff := cmp.Diff(want, got); diff != "" {
				t.Fatalf("(-library +ours):\n%s", diff)
			}
			if line != wantLine {
				t.Fatalf("line %d, the library says %d", line, wantLine)
			}
		}
	})
}

// FuzzReadCSV looks for files that make the reader panic or break its word.
func FuzzReadCSV(f *testing.F) {
	f.Add([]byte(spanish + "\n" + row))
	f.Add([]byte(byteOrderMark + english + "\r\n\"a\nb\",c\r\n"))
	f.Add([]byte("PK\x03\x04"))
	f.Fuzz(func(t *testing.T, file []byte) {
		contacts, err := ReadCSV(file, 5)
		if (err == nil) != (len(contacts) > 0) || len(contacts) > 5 {
			t.Fatalf("%d contacts and %v", len(contacts), err)
		}
		last := 1
		for _, c := range contacts {
			if c.Line <= last || c.LegalName != strings.TrimSpace(c.LegalName) {
				t.Fatalf("after line %d: %+v", last, c)
			}
			last = c.Line
		}
	})
}

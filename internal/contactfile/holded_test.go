package contactfile

import (
	"archive/zip"
	"bytes"
	"errors"
	"fmt"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
	"github.com/xuri/excelize/v2"
)

var holdedNames = []any{"Name", "ID", "Email", "Phone", "Mobile", "Address", "City", "Postal code", "Province", "Country", "Tags"}

// mustWorkbook is a workbook with these rows in one sheet.
func mustWorkbook(tb testing.TB, sheet string, rows ...[]any) []byte {
	tb.Helper()
	book := excelize.NewFile()
	defer book.Close()
	if err := book.SetSheetName("Sheet1", sheet); err != nil {
		tb.Fatal(err)
	}
	for i, row := range rows {
		if err := book.SetSheetRow(sheet, fmt.Sprintf("A%d", i+1), &row); err != nil {
			tb.Fatal(err)
		}
	}
	var file bytes.Buffer
	if err := book.Write(&file); err != nil {
		tb.Fatal(err)
	}
	return file.Bytes()
}

// mustExport is an export of Holded with these contacts.
func mustExport(tb testing.TB, headers []any, rows ...[]any) []byte {
	tb.Helper()
	all := append([][]any{{"Contacts"}, {"Estudio Colmena S.L."}, headers}, rows...)
	return mustWorkbook(tb, "Holded", append(all, []any{"Exported from Holded"})...)
}

// mustZip is an archive with these parts.
func mustZip(tb testing.TB, parts map[string]string) []byte {
	tb.Helper()
	var file bytes.Buffer
	archive := zip.NewWriter(&file)
	for name, content := range parts {
		w, err := archive.Create(name)
		if err == nil {
			_, err = w.Write([]byte(content))
		}
		if err != nil {
			tb.Fatal(err)
		}
	}
	if err := archive.Close(); err != nil {
		tb.Fatal(err)
	}
	return file.Bytes()
}

// mustRepack is a workbook with one part replaced.
func mustRepack(tb testing.TB, file []byte, name, content string) []byte {
	tb.Helper()
	archive, err := zip.NewReader(bytes.NewReader(file), int64(len(file)))
	if err != nil {
		tb.Fatal(err)
	}
	parts := map[string]string{}
	for _, part := range archive.File {
		r, err := part.Open()
		if err != nil {
			tb.Fatal(err)
		}
		var b bytes.Buffer
		if _, err := b.ReadFrom(r); err != nil {
			tb.Fatal(err)
		}
		parts[part.Name] = b.String()
	}
	parts[name] = content
	return mustZip(tb, parts)
}

func TestReadHolded(t *testing.T) {
	want := Contact{
		Line: 4, LegalName: "Panadería S.L.", NIF: "B12345674", Email: "a@b.example", Phone: "600111222", Notes: "pan, dulces", Street: "Calle Mayor", Number: "12",
		PostalCode: "28013", City: "Madrid", Province: "Toledo", Country: "España", CountryCode: "ES",
	}
	cells := []any{"Panadería S.L.", "B12345674", "a@b.example", "910000000", 600111222, "Calle Mayor, 12", "Madrid", "28013", "Toledo", "España", "pan, dulces"}
	for name, tt := range map[string]struct {
		headers, cells []any
		change         func(*Contact)
	}{
		"every column":       {holdedNames, cells, func(*Contact) {}},
		"without a mobile":   {holdedNames, append(append([]any{}, cells[:4]...), append([]any{""}, cells[5:]...)...), func(c *Contact) { c.Phone = "910000000" }},
		"headers in Spanish": {[]any{"NOMBRE", "NIF", "Correo electrónico", "Teléfono", "Móvil", "Dirección", "Población", "Código postal", "Provincia", "País", "Etiquetas"}, cells, func(*Contact) {}},
		"name and id alone": {holdedNames[:2], cells[:2], func(c *Contact) {
			*c = Contact{Line: 4, LegalName: c.LegalName, NIF: c.NIF, Country: "España", CountryCode: "ES"}
		}},
		"the first of two":                   {append(append([]any{}, holdedNames...), "Address"), append(append([]any{}, cells...), "Otra 3"), func(*Contact) {}},
		"another country":                    {holdedNames, append(append([]any{}, cells[:9]...), "Portugal", cells[10]), func(c *Contact) { c.Country, c.CountryCode = "Portugal", "PT" }},
		"a country by its code":              {holdedNames, append(append([]any{}, cells[:9]...), "pt", cells[10]), func(c *Contact) { c.Country, c.CountryCode = "Portugal", "PT" }},
		"a country with more codes than one": {holdedNames, append(append([]any{}, cells[:9]...), "FRANCIA", cells[10]), func(c *Contact) { c.Country, c.CountryCode = "FRANCIA", "FR" }},
		"an unknown country":                 {holdedNames, append(append([]any{}, cells[:9]...), "Narnia", cells[10]), func(c *Contact) { c.Country, c.CountryCode = "Narnia", "" }},
	} {
		t.Run(name, func(t *testing.T) {
			want := want
			tt.change(&want)
			got, err := ReadHolded(mustExport(t, tt.headers, tt.cells), 10)
			if diff := cmp.Diff([]Contact{want}, got); err != nil || diff != "" {
				t.Errorf("%v (-want +got):\n%s", err, diff)
			}
		})
	}
	t.Run("blank rows are none, and a last row that is a contact is one", func(t *testing.T) {
		file := mustWorkbook(t, "Holded", []any{"x"}, []any{}, holdedNames, cells, []any{" "}, cells)
		got, err := ReadHolded(file, 2)
		if err != nil || len(got) != 2 || got[1].Line != 6 {
			t.Errorf("%v: %+v", err, got)
		}
	})
	t.Run("a row without an id is left to the caller unless it is the last", func(t *testing.T) {
		got, err := ReadHolded(mustExport(t, holdedNames, []any{"Ana"}, cells), 10)
		if err != nil || len(got) != 2 || got[0].NIF != "" {
			t.Errorf("%v: %+v", err, got)
		}
	})
}

func TestSplitStreet(t *testing.T) {
	for address, want := range map[string][2]string{
		"":                       {"", ""},
		"Calle Mayor, 12":        {"Calle Mayor", "12"},
		"Calle Mayor 12":         {"Calle Mayor", "12"},
		"Calle Mayor 12B":        {"Calle Mayor", "12B"},
		"Calle Mayor nº 12":      {"Calle Mayor", "12"},
		"Calle Mayor, 12, 2º B":  {"Calle Mayor", "12, 2º B"},
		"Avenida 8 de Marzo 5-7": {"Avenida 8 de Marzo", "5-7"},
		"Avenida 8 de Marzo":     {"Avenida 8 de Marzo", "s/n"},
		"Calle Mayor":            {"Calle Mayor", "s/n"},
		"12":                     {"12", "s/n"},
		"Calle Mayor, 12, portal izquierdo, escalera B": {"Calle Mayor, 12, portal izquierdo, escalera B", "s/n"},
	} {
		if street, number := splitStreet(address); street != want[0] || number != want[1] {
			t.Errorf("splitStreet(%q) = %q, %q, want %q", address, street, number, want)
		}
	}
}

func TestReadHoldedRefuses(t *testing.T) {
	full := []any{"Ana", "12345678Z"}
	export := mustExport(t, holdedNames, full)
	const sheet = "xl/worksheets/sheet1.xml"
	for name, tt := range map[string]struct {
		file []byte
		want string
	}{
		"nothing":                  {nil, ErrEmpty.Error()},
		"text":                     {[]byte("nombre;nif"), ErrFormat.Error()},
		"an encrypted workbook":    {append([]byte{0xd0, 0xcf, 0x11, 0xe0, 0xa1, 0xb1, 0x1a, 0xe1}, make([]byte, 4096)...), ErrFormat.Error()},
		"another archive":          {mustZip(t, map[string]string{"a.txt": "a"}), ErrFormat.Error()},
		"an empty archive":         {[]byte("PK\x05\x06" + strings.Repeat("\x00", 18)), ErrFormat.Error()},
		"a workbook cut off":       {export[:len(export)/2], ErrFormat.Error()},
		"another sheet":            {mustWorkbook(t, "Clients", []any{}, []any{}, holdedNames, full), ErrFormat.Error()},
		"a sheet that is no XML":   {mustRepack(t, export, sheet, "\x00\x01"), ErrEmpty.Error()},
		"a workbook that is none":  {mustRepack(t, export, "xl/workbook.xml", "x"), ErrFormat.Error()},
		"no rows":                  {mustWorkbook(t, "Holded"), ErrEmpty.Error()},
		"a header alone":           {mustWorkbook(t, "Holded", []any{}, []any{}, holdedNames), ErrEmpty.Error()},
		"a header and a footer":    {mustExport(t, holdedNames), ErrEmpty.Error()},
		"the header in row one":    {mustWorkbook(t, "Holded", holdedNames, full, full), "missing headers: ID, Name"},
		"no id":                    {mustExport(t, []any{"Name", "Email"}, full), "missing headers: ID"},
		"rows too many":            {mustExport(t, holdedNames, full, full, full, full, full), "5 rows, at most 3"},
		"a row too many":           {mustExport(t, holdedNames, full, full, full, full), "4 rows, at most 3"},
		"as many as may be":        {mustExport(t, holdedNames, full, full, full), ""},
		"a row beyond every sheet": {mustRepack(t, export, sheet, `<worksheet><sheetData><row r="9999999"><c t="inlineStr"><is><t>x</t></is></c></row></sheetData></worksheet>`), ErrFormat.Error()},
	} {
		t.Run(name, func(t *testing.T) {
			_, err := ReadHolded(tt.file, 3)
			if got := fmt.Sprint(err); tt.want == "" && err != nil || !strings.HasPrefix(got, tt.want) {
				t.Errorf("got %q, want %q", got, tt.want)
			}
		})
	}
}

// FuzzReadHolded looks for sheets that the reader has no word for.
func FuzzReadHolded(f *testing.F) {
	const text = `<c t="inlineStr"><is><t>%s</t></is></c>`
	row := func(cells ...any) string {
		return "<row>" + fmt.Sprintf(strings.Repeat(text, len(cells)), cells...) + "</row>"
	}
	export := mustExport(f, holdedNames, []any{"Ana", "12345678Z"})
	f.Add("<worksheet><sheetData><row/><row/>"+row("Name", "ID", "Country")+row("Ana", "12345678Z", "FX")+"</sheetData></worksheet>", "<sst><si><t>Ana</t></si></sst>")
	f.Add(`<worksheet><sheetData><row r="3"><c r="B3" t="s"><v>0</v></c><c r="ZZ3" t="b"><v>1</v></c><c t="e"/></row></sheetData></worksheet>`, `<sst count="9"><si/></sst>`)
	f.Fuzz(func(t *testing.T, sheet, texts string) {
		file := mustRepack(t, mustRepack(t, export, "xl/worksheets/sheet1.xml", sheet), "xl/sharedStrings.xml", texts)
		contacts, err := ReadHolded(file, 5)
		if (err == nil) != (len(contacts) > 0) || len(contacts) > 5 {
			t.Fatalf("%d contacts and %v", len(contacts), err)
		}
		if err != nil && !errors.Is(err, ErrFormat) && !errors.Is(err, ErrEmpty) && !errors.As(err, new(*HeadersError)) && !errors.As(err, new(*TooManyError)) {
			t.Fatal(err)
		}
	})
}

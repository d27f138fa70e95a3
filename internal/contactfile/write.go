package contactfile

import (
	"encoding/csv"
	"fmt"
	"io"
	"strings"
	"unicode/utf8"
)

// WriteCSV writes records as spreadsheets expect them in Spain: UTF-8 with a byte
// order mark, semicolons, Windows line ends. No cell comes out as a formula.
// Every CSV file that leaves the server is written here.
func WriteCSV(w io.Writer, records [][]string) error {
	if _, err := io.WriteString(w, byteOrderMark); err != nil {
		return fmt.Errorf("write CSV: %w", err)
	}
	out := csv.NewWriter(w)
	out.Comma, out.UseCRLF = ';', true
	for _, record := range records {
		cells := make([]string, len(record))
		for i, cell := range record {
			cells[i] = neutralize(cell)
		}
		if err := out.Write(cells); err != nil {
			return fmt.Errorf("write CSV: %w", err)
		}
	}
	out.Flush()
	if err := out.Error(); err != nil {
		return fmt.Errorf("write CSV: %w", err)
	}
	return nil
}

// neutralize puts an apostrophe before what a spreadsheet would take for a
// formula, which could start programs and send the sheet's content away. The
// characters are those that OWASP lists, the wide ones included.
func neutralize(cell string) string {
	if first, _ := utf8.DecodeRuneInString(cell); cell != "" && strings.ContainsRune("=+-@\t\r\n＝＋－＠", first) {
		return "'" + cell
	}
	return cell
}

// WriteTemplate writes the CSV file that ReadCSV reads, with two sample rows.
func WriteTemplate(w io.Writer) error {
	headers := make([]string, len(columns))
	for i, c := range columns {
		headers[i] = c.header
	}
	return WriteCSV(w, [][]string{
		headers,
		{"Panadería Ñandú S.L.", "B12345674", "hola@panaderia.example", "910 000 000", "Calle Mayor", "12", "28013", "Madrid", "Madrid"},
		{"Lucía García Peña", "12345678Z", "lucia@panaderia.example", "961 000 000", "Avenida del Mar", "3", "46011", "Valencia", "Valencia"},
	})
}

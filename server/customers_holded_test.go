package server_test

import (
	"bytes"
	"fmt"
	"testing"

	"github.com/google/go-cmp/cmp"
	"github.com/xuri/excelize/v2"
)

func mustSheet(tb testing.TB, sheet string, rows ...[]any) string {
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
	var b bytes.Buffer
	if err := book.Write(&b); err != nil {
		tb.Fatal(err)
	}
	return b.String()
}

// mustHolded is an export of Holded with these contacts.
func mustHolded(tb testing.TB, rows ...[]any) string {
	tb.Helper()
	all := [][]any{{"Contacts"}, {}, {"Name", "ID", "Email", "Phone", "Mobile", "Address", "City", "Postal code", "Province", "Country", "Tags"}}
	return mustSheet(tb, "Holded", append(append(all, rows...), []any{"Exported from Holded"})...)
}

func TestImportHoldedContacts(t *testing.T) {
	eachDialect(t, func(t *testing.T, a *api) {
		a.create(t, a.key, customersPath, newPersonCustomer)
		contact := func(name, id, country string) []any {
			return []any{name, id, "hola@panaderia.example", "910000000", "600 000 000", "Calle Mayor, 12", "Madrid", "28013", "Madrid", country, "pan"}
		}
		content := mustHolded(t,
			contact("Panadería S.L.", "B12345674", "Spain"),
			contact("Ana", "12345678Z", ""),
			contact("Boulangerie", "FR40303265045", "France"),
			contact("Mr Tumnus", "X1234567L", "Narnia"),
			contact("Émile", "00000000T", "Francia"),
			[]any{"Eva"},
			contact("Luz", "Y1234567X", ""),
		)
		verdicts := []string{"VALID", "DUPLICATE", "NIF_INVALID", "ERROR", "VALID", "ERROR", "VALID"}
		before := a.mustDump(t)
		v := mustValidation(t, a.do(t, form(t, a.key, holdedPath, part{"file", "contactos.xlsx", content})))
		if diff := cmp.Diff(verdicts, v.statuses()); diff != "" || v.Metadata["source_type"] != "HOLDED_EXCEL" || v.Metadata["filename"] != "contactos.xlsx" {
			t.Errorf("%v (-want +got):\n%s", v.Metadata, diff)
		}
		if diff := cmp.Diff(before, a.mustDump(t)); diff != "" {
			t.Error("the preview has written:", diff)
		}
		v = mustValidation(t, a.do(t, form(t, a.key, holdedPath, part{"preview", "", "false"}, part{"file", "contactos.xlsx", content})))
		if diff := cmp.Diff(verdicts, v.statuses()); diff != "" || v.Statistics.Imported != 3 {
			t.Fatalf("%+v (-want +got):\n%s", v.Statistics, diff)
		}
		got := a.mustGet(t, customersPath+"/"+*v.CustomersValidation[4].CustomerID)
		for name, want := range map[string]any{"legal_name": "Émile", "phone": "600 000 000", "notes": "pan", "email": "hola@panaderia.example"} {
			if got[name] != want {
				t.Errorf("%s is %v, want %v", name, got[name], want)
			}
		}
		want := map[string]any{"street": "Calle Mayor", "number": "12", "postal_code": "28013", "city": "Madrid", "province": "Madrid", "country": "Francia", "country_code": "FR"}
		if diff := cmp.Diff(want, got["address"]); diff != "" {
			t.Errorf("address (-want +got):\n%s", diff)
		}
	})
}

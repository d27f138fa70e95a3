package server_test

import (
	"encoding/json"
	"fmt"
	"maps"
	"math/big"
	"net/http"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
)

// mustDraft is the data of a new draft, after reading it again has given the same.
func (a *api) mustDraft(tb testing.TB, body string) map[string]any {
	tb.Helper()
	created := mustData(tb, a.call(tb, a.key, post, invoicesPath, body))
	if diff := cmp.Diff(created, a.mustGet(tb, fmt.Sprint(invoicesPath+"/", created["id"]))); diff != "" {
		tb.Errorf("read again (-created +read):\n%s", diff)
	}
	return created
}

// byValue makes 1.50 and 1.5 the same number, to the last digit.
func byValue(value any) any {
	switch v := value.(type) {
	case map[string]any:
		for name := range v {
			v[name] = byValue(v[name])
		}
	case []any:
		for i := range v {
			v[i] = byValue(v[i])
		}
	case json.Number:
		if r, ok := new(big.Rat).SetString(v.String()); ok {
			return json.Number(r.RatString())
		}
	}
	return value
}

func TestCreateInvoice(t *testing.T) {
	eachDialect(t, func(t *testing.T, a *api) {
		t.Run("comes back as it was sent, with every property", func(t *testing.T) {
			got := a.mustDraft(t, fullInvoice)
			want := mustParse(t, fullInvoice)
			delete(want, "options")
			maps.Copy(want, mustParse(t, `{"id":"","invoice_number":null,"number":null,"status":"DRAFT","issue_date":"2026-03-02","created_at":"2026-03-02T09:30:00Z","updated_at":"2026-03-02T09:30:00Z",
				"issuer":{"legal_name":"Estudio Colmena S.L.","nif":"B12345674","address":{"street":"Gran Vía","number":"1","postal_code":"28013","city":"Madrid","province":"Madrid","country":"España","country_code":"ES"}},
				"totals":{"taxable_base":1350,"total_discounts":150,"vat_breakdown":[{"type":21,"base":1350,"amount":283.5}],"total_vat":283.5,"surcharge_breakdown":[{"type":5.2,"base":1350,"amount":70.2}],
				"total_equivalence_surcharge":70.2,"irpf_breakdown":[{"type":15,"base":1350,"amount":202.5}],"total_irpf":202.5,"invoice_total":1501.2}}`))
			want["id"], want["series"] = got["id"], got["series"]
			recipient, _ := want["recipient"].(map[string]any)
			recipient["alternative_id"] = nil
			line, _ := parentOf(want, "lines[0].unit")
			line["taxable_base"], line["line_total"] = json.Number("1350"), json.Number("1501.2")
			if diff := cmp.Diff(byValue(want), byValue(got)); diff != "" {
				t.Errorf("(-want +got):\n%s", diff)
			}
			if series, _ := got["series"].(map[string]any); series["code"] != "F" {
				t.Errorf("series is %v", series)
			}
		})

		t.Run("the amounts are right to the cent", func(t *testing.T) {
			got := a.mustDraft(t, with(t, fullInvoice, "lines", `[
				{"description":"discounted","quantity":3,"unit_price":33.335,"discount_percentage":10},
				{"description":"half a cent","quantity":1,"unit_price":0.015},
				{"description":"surcharged","quantity":2.5,"unit_price":19.99,"main_tax":{"type":"IVA","percentage":10},"equivalence_surcharge_rate":1.4},
				{"description":"given back","quantity":-1,"unit_price":10,"irpf_rate":15},
				{"description":"from the Canaries","quantity":7,"unit_price":1.1,"main_tax":{"type":"IGIC","percentage":7}}]`))
			want := mustParse(t, `{"taxable_base":137.70,"total_discounts":10.01,
				"vat_breakdown":[{"type":7,"base":7.70,"amount":0.54},{"type":21,"base":80.02,"amount":16.80},{"type":10,"base":49.98,"amount":5.00}],"total_vat":22.34,
				"surcharge_breakdown":[{"type":1.4,"base":49.98,"amount":0.70}],"total_equivalence_surcharge":0.70,
				"irpf_breakdown":[{"type":15,"base":-10,"amount":-1.50}],"total_irpf":-1.50,"invoice_total":162.24}`)
			if diff := cmp.Diff(byValue(want), byValue(got["totals"])); diff != "" {
				t.Errorf("totals (-want +got):\n%s", diff)
			}
			lines, _ := got["lines"].([]any)
			for i, want := range []string{"90 108.9", "0.02 0.02", "49.98 55.68", "-10 -10.6", "7.7 8.24"} {
				line, _ := lines[i].(map[string]any)
				if amounts := fmt.Sprint(line["taxable_base"], " ", line["line_total"]); amounts != want {
					t.Errorf("line %d: %s, want %s", i, amounts, want)
				}
			}
		})

		t.Run("the largest amounts and the most lines are exact", func(t *testing.T) {
			line := `{"description":"x","quantity":999999999,"unit_price":999999.9999,"main_tax":{"type":"IVA","percentage":0}}`
			got := a.mustDraft(t, with(t, fullInvoice, "lines", "["+strings.Repeat(line+",", 999)+line+"]"))
			totals, _ := got["totals"].(map[string]any)
			if totals["invoice_total"] != json.Number("999999998900000000") {
				t.Errorf("invoice_total is %v", totals["invoice_total"])
			}
		})

		t.Run("an ad-hoc recipient's NIF is kept in capitals", func(t *testing.T) {
			recipient, _ := a.mustDraft(t, with(t, fullInvoice, "recipient.nif", `"x1234567l"`))["recipient"].(map[string]any)
			if recipient["nif"] != "X1234567L" {
				t.Errorf("nif is %v", recipient["nif"])
			}
		})

		t.Run("a simplified one may be unnamed, up to the limit", func(t *testing.T) {
			for changes, price := range map[string]string{`{}`: "400", `{"nif":"12345678Z"}`: "3000", `{"alternative_id":{"type":"03","number":"P1","country_code":"FR"}}`: "3000", `{"legal_name":"Ana"}`: "-400"} {
				body := `{"type":"SIMPLIFIED","recipient":` + changes + `,"lines":[{"description":"x","quantity":` + price + `,"unit_price":1,"main_tax":{"type":"IVA","percentage":0}}]}`
				recipient, _ := a.mustDraft(t, body)["recipient"].(map[string]any)
				if want := map[bool]string{true: "Ana", false: "Consumidor final"}[strings.Contains(changes, "Ana")]; recipient["legal_name"] != want {
					t.Errorf("%s: legal_name is %v, want %s", changes, recipient["legal_name"], want)
				}
			}
		})

		t.Run("every day that there was can be the day of the operation", func(t *testing.T) {
			for _, day := range []string{"0001-01-01", "1582-10-10", "1900-02-28", "2024-02-29", "2026-03-02"} {
				if got := a.mustDraft(t, with(t, fullInvoice, "operation_date", quote(day)))["operation_date"]; got != day {
					t.Errorf("operation_date is %v, want %s", got, day)
				}
			}
			got := a.call(t, a.key, post, invoicesPath, with(t, fullInvoice, "operation_date", `"0000-12-31"`))
			if got.status != http.StatusBadRequest || got.Error.Details["field"] != "operation_date" {
				t.Errorf("there was no year 0: status %d: %s", got.status, got.body)
			}
		})
	})
}

func TestInvoicesOfACustomer(t *testing.T) {
	eachDialect(t, func(t *testing.T, a *api) {
		customer := a.create(t, a.key, customersPath, fullCustomer)
		path := customersPath + "/" + customer

		t.Run("have a copy that does not follow the customer", func(t *testing.T) {
			draft := a.mustDraft(t, newDraft(customer))
			want := mustParse(t, `{"customer_id":"`+customer+`","legal_name":"Panadería Ñandú S.L.","trade_name":"La Ñandú","nif":"B12345674","alternative_id":null,"address":`+fullAddress+`,"phone":"+34 910 000 000","email":"hola@panaderia.example"}`)
			if diff := cmp.Diff(want, draft["recipient"]); diff != "" {
				t.Errorf("(-want +got):\n%s", diff)
			}
			mustData(t, a.call(t, a.key, put, path, `{"legal_name":"Otra S.L.","trade_name":null,"phone":null,"email":"otra@panaderia.example","address":`+strings.Replace(fullAddress, "Madrid", "Getafe", 1)+`}`))
			if diff := cmp.Diff(draft, a.mustGet(t, fmt.Sprint(invoicesPath+"/", draft["id"]))); diff != "" {
				t.Errorf("the invoice changed with the customer (-before +after):\n%s", diff)
			}
		})

		t.Run("ignore what else the recipient says", func(t *testing.T) {
			body := with(t, newDraft(customer), "recipient", `{"customer_id":"`+customer+`","legal_name":"Nadie","nif":"12345678A"}`)
			recipient, _ := a.mustDraft(t, body)["recipient"].(map[string]any)
			if recipient["legal_name"] != "Otra S.L." || recipient["nif"] != "B12345674" {
				t.Errorf("recipient is %v", recipient)
			}
		})

		t.Run("are paid as the customer prefers unless they say otherwise", func(t *testing.T) {
			if diff := cmp.Diff(mustParse(t, fullPayment), a.mustDraft(t, newDraft(customer))["payment_info"]); diff != "" {
				t.Errorf("(-want +got):\n%s", diff)
			}
			own, _ := a.mustDraft(t, with(t, newDraft(customer), "payment_info", `{"method":"CASH"}`))["payment_info"].(map[string]any)
			if own["method"] != "CASH" || own["iban"] != nil {
				t.Errorf("payment_info is %v", own)
			}
		})
	})
}

func TestDueDate(t *testing.T) {
	eachDialect(t, func(t *testing.T, a *api) {
		patient := a.create(t, a.key, customersPath, fullCustomer) // pays in 15 days
		other := a.create(t, a.key, customersPath, newPersonCustomer)
		for _, tt := range []struct{ guarantee, customer, path, raw, want string }{
			{"30 days where nobody says", other, "notes", `""`, "2026-04-01"},
			{"the customer's term", patient, "notes", `""`, "2026-03-17"},
			{"the invoice's own term before the customer's", patient, "payment_info", `{"method":"CASH","payment_term_days":10}`, "2026-03-12"},
			{"the customer's where the invoice's payment has no term", patient, "payment_info", `{"method":"CASH"}`, "2026-03-17"},
			{"the customer's where the invoice's term is null", patient, "payment_info.payment_term_days", `null`, "2026-03-17"},
			{"no days is the same day", patient, "payment_info.payment_term_days", `0`, "2026-03-02"},
			{"a year", other, "payment_info.payment_term_days", `365`, "2027-03-02"},
			{"30 days where the payment has no term", other, "payment_info", `{}`, "2026-04-01"},
			{"what is sent before everything", patient, "due_date", `"2026-03-02"`, "2026-03-02"},
			{"the last day there is", patient, "due_date", `"9999-12-31"`, "9999-12-31"},
		} {
			t.Run(tt.guarantee, func(t *testing.T) {
				if got := a.mustDraft(t, with(t, newDraft(tt.customer), tt.path, tt.raw))["due_date"]; got != tt.want {
					t.Errorf("due_date is %v, want %s", got, tt.want)
				}
			})
		}
	})
}

func TestDaysAreThoseOfMadrid(t *testing.T) {
	eachDialect(t, func(t *testing.T, a *api) {
		for _, tt := range []struct{ utc, today, yesterday, tomorrow string }{
			{"2026-12-31T22:59:59Z", "2026-12-31", "2026-12-30", "2027-01-01"},
			{"2026-12-31T23:30:00Z", "2027-01-01", "2026-12-31", "2027-01-02"},
			{"2027-06-30T21:59:59Z", "2027-06-30", "2027-06-29", "2027-07-01"},
			{"2027-06-30T22:00:00Z", "2027-07-01", "2027-06-30", "2027-07-02"},
		} {
			t.Run(tt.utc, func(t *testing.T) {
				now, err := time.Parse(time.RFC3339, tt.utc)
				if err != nil {
					t.Fatal(err)
				}
				a.clock.advance(now.Sub(a.clock.Now()))
				body := with(t, with(t, fullInvoice, "operation_date", quote(tt.today)), "due_date", quote(tt.today))
				got := a.mustDraft(t, body)
				if got["issue_date"] != tt.today || got["created_at"] != tt.utc {
					t.Errorf("issue_date is %v, want %s; created_at is %v, want %s", got["issue_date"], tt.today, got["created_at"], tt.utc)
				}
				for property, day := range map[string]string{"operation_date": tt.tomorrow, "due_date": tt.yesterday} {
					got := a.call(t, a.key, post, invoicesPath, with(t, body, property, quote(day)))
					if got.status != http.StatusUnprocessableEntity || got.Error.Details[property] == nil {
						t.Errorf("%s %s: status %d: %s", property, day, got.status, got.body)
					}
				}
			})
		}
	})
}

func TestMetadataIsKeptToTheLetter(t *testing.T) {
	eachDialect(t, func(t *testing.T, a *api) {
		for name, metadata := range map[string]string{
			"nothing":              `{}`,
			"any kind of value":    `{"z":null,"a":true,"list":[1,"2",[],{}],"text":"<b>&amp;</b>\u2028é🐝\\\"/","":0,"A":1,"a ":2,"x.y[0]":3}`,
			"numbers of any size":  `{"n":[123456789012345678901234567890,0.1000,1.10,-0,-0.0,1e5,1E-7,1.7976931348623157e309,12345678901234567890.12345678901234567890]}`,
			"numbers of any reach": `{"n":[1e400,1e-400,1e999999999,1E+99999999999999999999]}`,
			"names of ours":        `{"legal_name":1,"id":2,"__proto__":3,"lines":[{"unit_price":"x"}]}`,
			"a thousand names":     `{"n0":0` + manyNames(1000) + `}`,
			"deep nesting":         `{"d":` + strings.Repeat("[", 9000) + strings.Repeat("]", 9000) + `}`,
		} {
			t.Run(name, func(t *testing.T) {
				created := mustData(t, a.call(t, a.key, post, invoicesPath, with(t, newDraft(a.mustID(t, a.key, "customer_id")), "metadata", metadata)))
				read := a.mustGet(t, fmt.Sprint(invoicesPath+"/", created["id"]))
				want := mustText(t, mustParse(t, metadata)) // as text, because cmp.Diff takes forever on deep values
				for when, got := range map[string]string{"created": mustText(t, created["metadata"]), "read": mustText(t, read["metadata"])} {
					if got != want {
						t.Errorf("%s:\n%.1000s\nwant\n%.1000s", when, got, want)
					}
				}
			})
		}
	})
}

func manyNames(n int) string {
	var b strings.Builder
	for i := 1; i <= n; i++ {
		fmt.Fprintf(&b, `,"n%d":%d`, i, i)
	}
	return b.String()
}

func TestDeleteInvoice(t *testing.T) {
	eachDialect(t, func(t *testing.T, a *api) {
		customer := a.create(t, a.key, customersPath, fullCustomer)

		t.Run("a draft is gone for good", func(t *testing.T) {
			path := invoicesPath + "/" + a.create(t, a.key, invoicesPath, newDraft(customer))
			if got := a.call(t, a.key, del, path, ""); got.status != http.StatusNoContent || len(got.body) > 0 {
				t.Fatalf("status %d: %s", got.status, got.body)
			}
			for _, method := range []string{get, del} {
				if got := a.call(t, a.key, method, path, ""); got.status != http.StatusNotFound || got.Error.Code != "NOT_FOUND" {
					t.Errorf("%s: status %d: %s", method, got.status, got.body)
				}
			}
		})

		for i, status := range []string{"SCHEDULED", "ISSUED", "SENT", "PAID", "OVERDUE", "RECTIFIED", "VOIDED"} {
			t.Run("one that is "+status+" stays", func(t *testing.T) {
				id := a.create(t, a.key, invoicesPath, newDraft(customer))
				number := fmt.Sprintf(", number = %d, invoice_number = 'F-2026-%04d'", i, i)
				if status == "SCHEDULED" {
					number = ""
				}
				a.mustExec(t, "UPDATE invoices SET status = '"+status+"'"+number+" WHERE id = '"+id+"'")
				got := a.call(t, a.key, del, invoicesPath+"/"+id, "")
				if got.status != http.StatusBadRequest || got.Error.Code != "STATUS_NOT_MODIFIABLE" || got.Error.Details["status"] != status {
					t.Errorf("status %d: %s", got.status, got.body)
				}
				invoice := a.mustGet(t, invoicesPath+"/"+id)
				if invoice["status"] != status || (invoice["invoice_number"] == nil) != (status == "SCHEDULED") {
					t.Errorf("it is now %v", invoice)
				}
				blocked := a.call(t, a.key, del, customersPath+"/"+customer, "")
				if want := map[string]any{"id": id, "invoice_number": invoice["invoice_number"], "status": status}; !strings.Contains(string(blocked.body), mustText(t, want)) {
					t.Errorf("the customer's deactivation does not name %v: %s", want, blocked.body)
				}
			})
		}
	})
}

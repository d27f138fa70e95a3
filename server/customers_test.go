package server_test

import (
	"encoding/json"
	"fmt"
	"maps"
	"net/http"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
)

// mustData is the data of an answer, numbers to the letter.
func mustData(tb testing.TB, got answer) map[string]any {
	tb.Helper()
	if got.status >= 300 {
		tb.Fatalf("status %d: %s", got.status, got.body)
	}
	return mustParse(tb, string(got.Data))
}

func (a *api) mustGet(tb testing.TB, path string) map[string]any {
	tb.Helper()
	return mustData(tb, a.call(tb, a.key, get, path, ""))
}

// merged is what a customer looks like with these properties on top.
func merged(tb testing.TB, customer map[string]any, body string) map[string]any {
	tb.Helper()
	all := maps.Clone(customer)
	maps.Copy(all, mustParse(tb, body))
	return all
}

func TestCreateCustomer(t *testing.T) {
	eachDialect(t, func(t *testing.T, a *api) {
		for name, body := range map[string]string{"with every property": fullCustomer, "with an alternative identifier": foreignCustomer} {
			t.Run("comes back as it was sent, "+name, func(t *testing.T) {
				created := mustData(t, a.call(t, a.key, post, customersPath, body))
				id, _ := created["id"].(string)
				want := merged(t, mustParse(t, body), `{"id":"`+id+`","active":true,"created_at":"2026-03-02T09:30:00Z","updated_at":"2026-03-02T09:30:00Z"}`)
				for _, optional := range []string{"alternative_id", "email", "web", "preferred_payment_method", "general_discount"} {
					if want[optional] == nil {
						want[optional] = map[bool]any{true: json.Number("0")}[optional == "general_discount"]
					}
				}
				if diff := cmp.Diff(want, created); diff != "" {
					t.Errorf("created (-want +got):\n%s", diff)
				}
				if diff := cmp.Diff(want, a.mustGet(t, customersPath+"/"+id)); diff != "" {
					t.Errorf("read again (-want +got):\n%s", diff)
				}
			})
		}
		t.Run("the country is Spain where the address says none", func(t *testing.T) {
			body := with(t, with(t, fullCustomer, "nif", `"X1234567L"`), "address.country_code", "")
			address, _ := mustData(t, a.call(t, a.key, post, customersPath, body))["address"].(map[string]any)
			if address["country_code"] != "ES" {
				t.Errorf("country_code is %v", address["country_code"])
			}
		})
		t.Run("what the server owns cannot be sent, nor a name in another case", func(t *testing.T) {
			body := merged(t, mustParse(t, newPersonCustomer), `{"id":"01981f5e-ffff-7b3e-9a51-0d5f6a7b8c9d","company_id":"01981f5e-ffff-7b3e-9a51-0d5f6a7b8c9d","active":false,
				"created_at":"2001-01-01T00:00:00Z","updated_at":"2001-01-01T00:00:00Z","deleted_at":"2001-01-01T00:00:00Z","LEGAL_NAME":"Otra","Notes":"Otra","live":false,"preferred_payment_method":{"METHOD":"CASH","Iban":"ES00Otra"},
				"address":{"street":"Avenida del Mar","number":"3","postal_code":"46011","city":"Valencia","province":"Valencia","country":"España","FLOOR":"Otra","Door":"Otra"}}`)
			got := mustData(t, a.call(t, a.key, post, customersPath, mustText(t, body)))
			if got["id"] == "01981f5e-ffff-7b3e-9a51-0d5f6a7b8c9d" || got["active"] != true || got["created_at"] != "2026-03-02T09:30:00Z" ||
				got["legal_name"] != "Lucía García Peña" || got["notes"] != nil || strings.Contains(mustText(t, got), "Otra") {
				t.Errorf("got %v", got)
			}
			if _, ok := got["company_id"]; ok {
				t.Error("the company's id is shown")
			}
		})
		t.Run("the longest text of every alphabet is kept", func(t *testing.T) {
			notes := strings.Repeat("ñ漢🐝\u0301", 250)
			body := with(t, with(t, fullCustomer, "nif", `"Y1234567X"`), "notes", quote(notes))
			created := mustData(t, a.call(t, a.key, post, customersPath, body))
			if got := a.mustGet(t, fmt.Sprint(customersPath+"/", created["id"]))["notes"]; got != notes {
				t.Errorf("notes are %.40q…", got)
			}
		})
	})
}

func mustText(tb testing.TB, value any) string {
	tb.Helper()
	b, err := json.Marshal(value)
	if err != nil {
		tb.Fatal(err)
	}
	return string(b)
}

func TestDuplicateCustomer(t *testing.T) {
	eachDialect(t, func(t *testing.T, a *api) {
		for _, tt := range []struct{ kind, field, value, body string }{
			{"DUPLICATE_NIF", "nif", "B12345674", fullCustomer},
			{"DUPLICATE_ALTERNATIVE_ID", "alternative_id", "FR40303265045", foreignCustomer},
		} {
			id := a.create(t, a.key, customersPath, tt.body)
			for _, active := range []string{"true", "false"} {
				a.call(t, a.key, put, customersPath+"/"+id, `{"active":`+active+`}`)
				t.Run(tt.field+" of a customer whose active is "+active, func(t *testing.T) {
					got := a.call(t, a.key, post, customersPath, tt.body)
					want := map[string]any{
						"conflict_type": tt.kind, "field": tt.field, "value": tt.value, "existing_resource_id": id,
						"message": "A customer with this " + tt.field + " already exists",
					}
					if diff := cmp.Diff(want, got.Error.Details); got.status != http.StatusConflict || got.Error.Code != "CONFLICT" || diff != "" {
						t.Errorf("status %d, code %s, details (-want +got):\n%s", got.status, got.Error.Code, diff)
					}
				})
			}
			t.Run(tt.field+" of a deactivated customer is free", func(t *testing.T) {
				a.call(t, a.key, del, customersPath+"/"+id, "")
				a.create(t, a.key, customersPath, tt.body)
			})
		}
		t.Run("another country, another identifier", func(t *testing.T) {
			a.create(t, a.key, customersPath, with(t, foreignCustomer, "alternative_id.country_code", `"DE"`))
		})
	})
}

func TestUpdateCustomer(t *testing.T) {
	eachDialect(t, func(t *testing.T, a *api) {
		path := customersPath + "/" + a.create(t, a.key, customersPath, fullCustomer)
		whole := func(body string) string { return body }
		for _, tt := range []struct {
			guarantee, body string
			want            func(body string) string
		}{
			{"nothing changes nothing", `{}`, whole},
			{"one property changes alone", `{"trade_name":"Otra"}`, whole},
			{"an object is replaced as a whole", `{"address":{"street":"Calle Nueva","number":"1","postal_code":"08001","city":"Barcelona","province":"Barcelona","country":"España","country_code":"ES"}}`, whole},
			{"several at once", `{"legal_name":"Nueva S.L.","phone":"910000001","email":"nueva@panaderia.example","web":"http://nueva.example","billing_emails":["c@panaderia.example"],"contact_person":"Ana","notes":"","general_discount":0.1234}`, whole},
			{"the payment is replaced as a whole", `{"preferred_payment_method":{"method":"CASH"}}`, whole},
			{"its own identifier is accepted", `{"nif":"B12345674"}`, whole},
			{"its own missing identifier is accepted", `{"alternative_id":null}`, whole},
			{"null clears", `{"trade_name":null,"phone":null,"email":null,"web":null,"billing_emails":null,"contact_person":null,"notes":null,"preferred_payment_method":null,"general_discount":null}`, func(string) string {
				return `{"email":null,"web":null,"preferred_payment_method":null,"general_discount":0}`
			}},
			{"what the server owns is ignored", `{"id":"01981f5e-ffff-7b3e-9a51-0d5f6a7b8c9d","created_at":"2001-01-01T00:00:00Z","updated_at":"2001-01-01T00:00:00Z","deleted_at":"2001-01-01T00:00:00Z","live":false,"LEGAL_NAME":"Otra","Active":false}`, func(string) string { return `{}` }},
			{"no new invoices for now", `{"active":false}`, whole},
			{"and again", `{"active":true}`, whole},
		} {
			t.Run(tt.guarantee, func(t *testing.T) {
				a.clock.advance(time.Minute)
				want := merged(t, a.mustGet(t, path), tt.want(tt.body))
				want["updated_at"] = a.clock.Now().Format(time.RFC3339)
				if strings.HasPrefix(tt.guarantee, "null") {
					for _, name := range []string{"trade_name", "phone", "billing_emails", "contact_person", "notes"} {
						delete(want, name)
					}
				}
				got := mustData(t, a.call(t, a.key, put, path, tt.body))
				if diff := cmp.Diff(want, got); diff != "" {
					t.Errorf("answer (-want +got):\n%s", diff)
				}
				if diff := cmp.Diff(want, a.mustGet(t, path)); diff != "" {
					t.Errorf("read again (-want +got):\n%s", diff)
				}
			})
		}
		t.Run("another identifier is refused and nothing changes", func(t *testing.T) {
			before := a.mustDump(t)
			for body, field := range map[string]string{
				`{"nif":"12345678Z","legal_name":"Otra"}`:                            "nif",
				`{"alternative_id":{"type":"03","number":"P1"},"legal_name":"Otra"}`: "alternative_id",
			} {
				got := a.call(t, a.key, put, path, body)
				if got.status != http.StatusUnprocessableEntity || got.Error.Code != "VALIDATION_ERROR" || got.Error.Details[field] == nil {
					t.Errorf("%s: status %d: %s", body, got.status, got.body)
				}
			}
			if diff := cmp.Diff(before, a.mustDump(t)); diff != "" {
				t.Error(diff)
			}
		})
		t.Run("what GET gives can be PUT and changes nothing but updated_at", func(t *testing.T) {
			for _, body := range []string{with(t, fullCustomer, "nif", `"X1234567L"`), foreignCustomer, newPersonCustomer} {
				path := customersPath + "/" + a.create(t, a.key, customersPath, body)
				before := a.mustGet(t, path)
				got := mustData(t, a.call(t, a.key, put, path, mustText(t, before)))
				delete(before, "updated_at")
				delete(got, "updated_at")
				if diff := cmp.Diff(before, got); diff != "" {
					t.Errorf("(-before +after):\n%s", diff)
				}
			}
		})
	})
}

func TestListCustomers(t *testing.T) {
	eachDialect(t, func(t *testing.T, a *api) {
		t.Run("an empty list has no pages", func(t *testing.T) {
			for _, query := range []string{"", "?page=7", "?active=true"} {
				l := a.mustList(t, a.key, query)
				if p := l.Pagination; p.TotalPages != 0 || p.TotalItems != 0 || p.HasNext || len(l.Customers) != 0 {
					t.Errorf("GET %s: %+v", query, l)
				}
			}
		})
		// Two names and three cities, so that there are ties in every order.
		ids, inactive := []string{}, []string{}
		for i := range 7 {
			body := with(t, foreignCustomer, "alternative_id.number", fmt.Sprintf(`"N%d"`, i))
			body = with(t, body, "legal_name", quote([]string{"Árbol", "zapato"}[i%2]))
			body = with(t, body, "email", []string{`null`, `"B@panaderia.example"`, `"a@panaderia.example"`}[i%3])
			body = with(t, body, "phone", []string{`null`, `"910000000"`}[i%2])
			body = with(t, body, "address.city", quote([]string{"Ávila", "Burgos", "albacete"}[i%3]))
			a.clock.advance(time.Duration(i%2) * time.Minute)
			ids = append(ids, fmt.Sprintf("01981f5e-7c1a-7b3e-9a51-0d5f6a7b8c9%d", 9-i))
			// Ids that fall as time rises: the order of the rows is not that of the ids.
			a.mustExec(t, "UPDATE customers SET id = '"+ids[i]+"' WHERE id = '"+a.create(t, a.key, customersPath, body)+"'")
			if i < 2 {
				a.call(t, a.key, put, customersPath+"/"+ids[i], `{"active":false}`)
				inactive = append(inactive, ids[i])
			}
		}
		a.call(t, a.key, del, customersPath+"/"+a.mustID(t, a.key, "customer_id"), "")

		t.Run("the numbers of a page are exact", func(t *testing.T) {
			for _, tt := range []struct {
				query                              string
				items, page, pages, total, perPage int
				next, previous                     bool
			}{
				{"", 7, 1, 1, 7, 20, false, false},
				{"?limit=3", 3, 1, 3, 7, 3, true, false},
				{"?limit=3&page=2", 3, 2, 3, 7, 3, true, true},
				{"?limit=3&page=3", 1, 3, 3, 7, 3, false, true},
				{"?limit=3&page=4", 0, 4, 3, 7, 3, false, true},
				{"?limit=7", 7, 1, 1, 7, 7, false, false},
				{"?limit=1&page=7", 1, 7, 7, 7, 1, false, true},
				{"?limit=100&page=1000000000", 0, 1000000000, 1, 7, 100, false, true},
				{"?active=true&limit=2", 2, 1, 3, 5, 2, true, false},
				{"?active=false", 2, 1, 1, 2, 20, false, false},
				{"?active=false&page=2", 0, 2, 1, 2, 20, false, true},
				{"?page=%2B1", 7, 1, 1, 7, 20, false, false},
				{"?page=01&limit=020", 7, 1, 1, 7, 20, false, false},
			} {
				l := a.mustList(t, a.key, tt.query)
				p := l.Pagination
				if len(l.Customers) != tt.items || p.CurrentPage != tt.page || p.TotalPages != int64(tt.pages) || p.TotalItems != int64(tt.total) ||
					p.ItemsPerPage != tt.perPage || p.HasNext != tt.next || p.HasPrevious != tt.previous {
					t.Errorf("GET %s: %d items, %+v", tt.query, len(l.Customers), p)
				}
			}
		})
		t.Run("active ones and inactive ones are all there are", func(t *testing.T) {
			active, rest := a.mustList(t, a.key, "?active=true").ids(), a.mustList(t, a.key, "?active=false").ids()
			slices.Sort(rest)
			slices.Sort(inactive)
			if !slices.Equal(rest, inactive) {
				t.Errorf("inactive: %v, want %v", rest, inactive)
			}
			all := slices.Concat(active, rest)
			slices.Sort(all)
			if !slices.Equal(all, slices.Sorted(slices.Values(ids))) {
				t.Errorf("all: %v, want %v", all, ids)
			}
		})
		t.Run("orders are those of the contract, ties broken by id, whatever the page size", func(t *testing.T) {
			key := map[string]func(i int) string{
				"legal_name": func(i int) string { return []string{"arbol", "zapato"}[i%2] },
				"email":      func(i int) string { return []string{"", "b@", "a@"}[i%3] },
				"phone":      func(i int) string { return []string{"", "910000000"}[i%2] },
				"city":       func(i int) string { return []string{"avila", "burgos", "albacete"}[i%3] },
				"province":   func(int) string { return "" },
				"nif":        func(int) string { return "" },
				"active":     func(i int) string { return map[bool]string{true: "false", false: "true"}[i < 2] },
				"created_at": func(i int) string { return []string{"0", "1", "1", "2", "2", "3", "3"}[i] },
			}
			for field, of := range key {
				positions := []int{0, 1, 2, 3, 4, 5, 6}
				slices.SortFunc(positions, func(x, y int) int {
					return strings.Compare(of(x)+"\x00"+ids[x], of(y)+"\x00"+ids[y])
				})
				want := []string{}
				for _, i := range positions {
					want = append(want, ids[i])
				}
				for _, order := range []string{"", "&sort_order=asc", "&sort_order=desc"} {
					if order == "&sort_order=desc" {
						slices.Reverse(want)
					}
					got := []string{}
					for page := 1; page <= 4; page++ {
						got = append(got, a.mustList(t, a.key, fmt.Sprintf("?limit=2&page=%d&sort_by=%s%s", page, field, order)).ids()...)
					}
					if diff := cmp.Diff(want, got); diff != "" {
						t.Errorf("sort_by=%s%s (-want +got):\n%s", field, order, diff)
					}
				}
			}
			if diff := cmp.Diff(a.mustList(t, a.key, "?sort_by=legal_name&sort_order=asc").ids(), a.mustList(t, a.key, "").ids()); diff != "" {
				t.Errorf("the order without a word on it (-want +got):\n%s", diff)
			}
		})
	})
}

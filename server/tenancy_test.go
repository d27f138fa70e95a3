package server_test

import (
	"encoding/json"
	"net/http"
	"slices"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
)

// Whatever can be done with an id, another company's id is an unknown one.
func TestAnotherCompanysIDsAreUnknown(t *testing.T) {
	eachDialect(t, func(t *testing.T, a *api) {
		for _, op := range mustOperations(t) {
			if len(op.params) == 0 {
				continue
			}
			for name, body := range op.examples(t) {
				t.Run(op.OperationID+"/"+name, func(t *testing.T) {
					target := op.target(func(param string) string { return a.mustID(t, a.key, param) })
					before := a.mustDump(t)
					unknown := a.call(t, a.theirs, op.method, op.target(unknownID), body)
					foreign := a.call(t, a.theirs, op.method, target, body)
					if unknown.status != http.StatusNotFound || foreign.status != unknown.status {
						t.Errorf("status %d for another company's id and %d for an unknown one, want 404", foreign.status, unknown.status)
					}
					if diff := cmp.Diff(unknown.withoutID(), foreign.withoutID()); diff != "" {
						t.Errorf("another company's id is answered differently (-unknown +foreign):\n%s", diff)
					}
					if diff := cmp.Diff(headerNames(unknown), headerNames(foreign)); diff != "" {
						t.Errorf("the headers differ (-unknown +foreign):\n%s", diff)
					}
					if diff := cmp.Diff(before, a.mustDump(t)); diff != "" {
						t.Errorf("something changed:\n%s", diff)
					}
					if own := a.call(t, a.key, op.method, target, body); own.status >= 300 {
						t.Errorf("its own company gets status %d, so nothing was proven: %s", own.status, own.body)
					}
				})
			}
		}
	})
}

func headerNames(a answer) []string {
	var names []string
	for name := range a.header {
		names = append(names, name)
	}
	slices.Sort(names)
	return names
}

// A customer that cannot be deactivated is as unknown as any other.
func TestAnotherCompanysBlockedCustomerIsUnknown(t *testing.T) {
	eachDialect(t, func(t *testing.T, a *api) {
		customer := a.create(t, a.key, customersPath, newPersonCustomer)
		a.create(t, a.key, invoicesPath, newDraft(customer))
		got := a.call(t, a.theirs, del, customersPath+"/"+customer, "")
		unknown := a.call(t, a.theirs, del, aCustomer, "")
		if got.status != http.StatusNotFound || got.withoutID() != unknown.withoutID() {
			t.Errorf("status %d: %s", got.status, got.body)
		}
	})
}

func TestListsAndTotalsAreOfOneCompany(t *testing.T) {
	eachDialect(t, func(t *testing.T, a *api) {
		for range 3 {
			a.mustID(t, a.key, "customer_id")
		}
		a.call(t, a.key, put, customersPath+"/"+a.mustID(t, a.key, "customer_id"), `{"active":false}`)
		theirs := a.mustID(t, a.theirs, "customer_id")
		for _, query := range []string{"", "?active=true", "?active=false", "?page=2", "?limit=1", "?sort_by=created_at&sort_order=desc"} {
			list := a.mustList(t, a.theirs, query)
			want := int64(1)
			if query == "?active=false" {
				want = 0
			}
			if list.Pagination.TotalItems != want {
				t.Errorf("GET %s: %d in all, want %d", query, list.Pagination.TotalItems, want)
			}
			for _, c := range list.Customers {
				if c.ID != theirs {
					t.Errorf("GET %s: lists %s of another company", query, c.ID)
				}
			}
		}
		if got := a.mustList(t, a.key, "").Pagination.TotalItems; got != 4 {
			t.Errorf("the other company has %d in all, want 4", got)
		}
		a.call(t, a.theirs, del, customersPath+"/"+theirs, "")
		if got := a.mustList(t, a.key, "").Pagination.TotalItems; got != 4 {
			t.Errorf("after a deactivation in another company: %d in all, want 4", got)
		}
	})
}

// list is a page of customers, with what tests look at.
type list struct {
	Customers  []struct{ ID string }
	Pagination struct {
		CurrentPage  int   `json:"current_page"`
		TotalPages   int64 `json:"total_pages"`
		TotalItems   int64 `json:"total_items"`
		ItemsPerPage int   `json:"items_per_page"`
		HasNext      bool  `json:"has_next"`
		HasPrevious  bool  `json:"has_previous"`
	}
}

func (l list) ids() []string {
	ids := make([]string, len(l.Customers))
	for i, c := range l.Customers {
		ids[i] = c.ID
	}
	return ids
}

func (a *api) mustList(tb testing.TB, key, query string) list {
	tb.Helper()
	got := a.call(tb, key, get, customersPath+query, "")
	if got.status != http.StatusOK {
		tb.Fatalf("GET %s: status %d: %s", query, got.status, got.body)
	}
	var l list
	if err := json.Unmarshal(got.Data, &l); err != nil {
		tb.Fatal(err)
	}
	return l
}

func TestIdentifiersDoNotConflictAcrossCompanies(t *testing.T) {
	eachDialect(t, func(t *testing.T, a *api) {
		for _, body := range []string{newPersonCustomer, newCompanyCustomer, foreignCustomer} {
			own := a.create(t, a.key, customersPath, body)
			theirs := a.create(t, a.theirs, customersPath, body)
			for key, existing := range map[string]string{a.key: own, a.theirs: theirs} {
				got := a.call(t, key, post, customersPath, body)
				if got.status != http.StatusConflict || got.Error.Details["existing_resource_id"] != existing {
					t.Errorf("status %d, want 409 naming the company's own customer %s: %s", got.status, existing, got.body)
				}
			}
			a.call(t, a.key, del, customersPath+"/"+own, "")
			if got := a.call(t, a.theirs, post, customersPath, body); got.status != http.StatusConflict {
				t.Errorf("deactivated in another company: status %d, want 409", got.status)
			}
		}
	})
}

func TestInvoicesCannotNameWhatIsAnotherCompanys(t *testing.T) {
	eachDialect(t, func(t *testing.T, a *api) {
		theirCustomer := a.mustID(t, a.theirs, "customer_id")
		invoice := a.call(t, a.theirs, post, invoicesPath, newDraft(theirCustomer))
		var data struct{ Series struct{ ID string } }
		if err := json.Unmarshal(invoice.Data, &data); err != nil || invoice.status != http.StatusCreated {
			t.Fatalf("status %d: %v", invoice.status, err)
		}
		for property, foreign := range map[string]string{"recipient.customer_id": theirCustomer, "series_id": data.Series.ID} {
			t.Run(property, func(t *testing.T) {
				before := a.mustDump(t)
				body := func(id string) string { return with(t, fullInvoice, property, quote(id)) }
				unknown := a.call(t, a.key, post, invoicesPath, body(unknownID("")))
				got := a.call(t, a.key, post, invoicesPath, body(foreign))
				if got.status != http.StatusUnprocessableEntity || got.Error.Details[property] == nil {
					t.Errorf("status %d: %s", got.status, got.body)
				}
				if diff := cmp.Diff(unknown.withoutID(), got.withoutID()); diff != "" {
					t.Errorf("(-unknown +foreign):\n%s", diff)
				}
				if diff := cmp.Diff(before, a.mustDump(t)); diff != "" {
					t.Errorf("something changed:\n%s", diff)
				}
				if got := a.call(t, a.theirs, post, invoicesPath, body(foreign)); got.status != http.StatusCreated {
					t.Errorf("its own company gets status %d, so nothing was proven: %s", got.status, got.body)
				}
			})
		}
	})
}

// A key's environment is its company's: the same secret with the other prefix
// is no key, and answers say nothing of it.
func TestAKeyIsOfOneEnvironment(t *testing.T) {
	a := mustSQLiteAPI(t)
	live := strings.Replace(a.key, "beel_sk_test_", "beel_sk_live_", 1)
	if got := a.call(t, live, get, customersPath, ""); got.status != http.StatusUnauthorized {
		t.Errorf("status %d, want 401", got.status)
	}
}

package server_test

import (
	"net/http"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"github.com/google/uuid"

	"github.com/panal/panal/store"
)

func TestDeactivateCustomer(t *testing.T) {
	eachDialect(t, func(t *testing.T, a *api) {
		id := a.create(t, a.key, "/v1/customers", newPersonCustomer)
		path := "/v1/customers/" + id

		t.Run("the answers are the documented ones to the byte", func(t *testing.T) {
			blocked := a.create(t, a.key, "/v1/customers", newCompanyCustomer)
			invoice := a.create(t, a.key, "/v1/invoices", newDraft(blocked))
			gone := a.create(t, a.key, "/v1/customers", strings.Replace(newPersonCustomer, "12345678Z", "00000000T", 1))
			a.call(t, a.key, http.MethodDelete, "/v1/customers/"+gone, "")
			const (
				notFound     = `"error":{"code":"NOT_FOUND","message":"Resource not found"}`
				unauthorized = `"error":{"code":"UNAUTHORIZED","message":"Authentication required"}`
				hint         = `"hint":"Set active to false to stop invoicing this customer and keep its invoices"`
			)
			reader := a.mustKey(t, a.company.ID, "customers:read")
			writer := a.mustKey(t, a.company.ID, "customers:write")
			expired := a.mustExpiredKey(t)
			for _, tt := range []struct {
				situation, key, path string
				status               int
				want                 string
			}{
				{"id is not a UUID", a.key, "/v1/customers/nope", 400, `"error":{"code":"VALIDATION_ERROR","details":{"customer_id":"must be a UUID"},"message":"The provided data is not valid"}`},
				{"has invoices", a.key, "/v1/customers/" + blocked, 400, `"error":{"code":"CLIENT_HAS_INVOICES","details":{"customer_id":"` + blocked + `",` + hint + `,"invoice_count":1,"invoices":[{"id":"` + invoice + `","invoice_number":null,"status":"DRAFT"}]},"message":"Cannot deactivate customer because it has associated invoices"}`},
				{"has invoices, key may not read them", writer, "/v1/customers/" + blocked, 400, `"error":{"code":"CLIENT_HAS_INVOICES","details":{"customer_id":"` + blocked + `",` + hint + `,"invoice_count":1},"message":"Cannot deactivate customer because it has associated invoices"}`},
				{"no key", "", path, 401, unauthorized},
				{"malformed key", "beel_sk_test_short", path, 401, unauthorized},
				{"unknown key", "beel_sk_test_0000000000000000000000000000000UGOc3", path, 401, unauthorized},
				{"expired key", expired, path, 401, unauthorized},
				{"key without the scope", reader, path, 403, `"error":{"code":"INSUFFICIENT_SCOPE","details":{"missing_scopes":"customers:write","required_scopes":"customers:write"},"message":"You do not have permission to access this resource"}`},
				{"unknown", a.key, "/v1/customers/" + uuid.NewString(), 404, notFound},
				{"already deactivated", a.key, "/v1/customers/" + gone, 404, notFound},
				{"another company's", a.theirs, path, 404, notFound},
				{"deactivated", a.key, path, 200, `"data":{"message":"Customer deactivated successfully"}`},
			} {
				t.Run(tt.situation, func(t *testing.T) {
					got := a.call(t, tt.key, http.MethodDelete, tt.path, "")
					want := `{"success":` + map[bool]string{true: "true", false: "false"}[tt.status == 200] + `,` + tt.want +
						`,"meta":{"request_id":"` + got.Meta.RequestID + `","timestamp":"2026-03-02T09:30:00Z"}}`
					if got.status != tt.status {
						t.Errorf("status %d, want %d", got.status, tt.status)
					}
					if diff := cmp.Diff(want, strings.TrimSpace(string(got.body))); diff != "" {
						t.Errorf("body (-want +got):\n%s", diff)
					}
					if challenge := got.header.Get("WWW-Authenticate"); (challenge == "Bearer") != (tt.status == 401) {
						t.Errorf("WWW-Authenticate is %q", challenge)
					}
				})
			}
		})

		t.Run("nothing shows a deactivated customer again", func(t *testing.T) {
			for _, call := range []struct{ method, body string }{
				{http.MethodGet, ""}, {http.MethodDelete, ""}, {http.MethodPut, `{"active":true}`},
			} {
				if got := a.call(t, a.key, call.method, path, call.body); got.status != http.StatusNotFound {
					t.Errorf("%s: status %d, want 404", call.method, got.status)
				}
			}
			for _, query := range []string{"", "?active=true", "?active=false"} {
				if got := a.call(t, a.key, http.MethodGet, "/v1/customers"+query, ""); strings.Contains(string(got.body), id) {
					t.Errorf("GET /v1/customers%s lists it", query)
				}
			}
			if got := a.call(t, a.key, http.MethodPost, "/v1/invoices", newDraft(id)); got.status != http.StatusUnprocessableEntity {
				t.Errorf("POST /v1/invoices: status %d, want 422", got.status)
			}
		})

		t.Run("its identifier is free again, any number of rounds", func(t *testing.T) {
			for range 3 {
				again := a.create(t, a.key, "/v1/customers", newPersonCustomer)
				if got := a.call(t, a.key, http.MethodPost, "/v1/customers", newPersonCustomer); got.status != http.StatusConflict {
					t.Fatalf("twin: status %d, want 409", got.status)
				}
				if got := a.call(t, a.key, http.MethodDelete, "/v1/customers/"+again, ""); got.status != http.StatusOK {
					t.Fatalf("deactivate: status %d, want 200\n%s", got.status, got.body)
				}
			}
		})

		t.Run("a deleted draft no longer blocks", func(t *testing.T) {
			customer := a.create(t, a.key, "/v1/customers", newPersonCustomer)
			draft := a.create(t, a.key, "/v1/invoices", newDraft(customer))
			if got := a.call(t, a.key, http.MethodDelete, "/v1/customers/"+customer, ""); got.status != http.StatusBadRequest {
				t.Fatalf("with the draft: status %d, want 400", got.status)
			}
			if got := a.call(t, a.key, http.MethodDelete, "/v1/invoices/"+draft, ""); got.status != http.StatusNoContent {
				t.Fatalf("delete the draft: status %d, want 204", got.status)
			}
			if got := a.call(t, a.key, http.MethodDelete, "/v1/customers/"+customer, ""); got.status != http.StatusOK {
				t.Fatalf("without the draft: status %d, want 200", got.status)
			}
		})

		t.Run("at most ten blockers are named, all are counted", func(t *testing.T) {
			customer := a.create(t, a.key, "/v1/customers", newPersonCustomer)
			for range 12 {
				a.create(t, a.key, "/v1/invoices", newDraft(customer))
			}
			got := a.call(t, a.key, http.MethodDelete, "/v1/customers/"+customer, "")
			named, _ := got.Error.Details["invoices"].([]any)
			if len(named) != 10 || got.Error.Details["invoice_count"] != 12.0 {
				t.Errorf("%d named of %v, want 10 of 12", len(named), got.Error.Details["invoice_count"])
			}
		})
	})
}

// mustExpiredKey returns a key whose time is over.
func (a *api) mustExpiredKey(tb testing.TB) string {
	tb.Helper()
	until := a.clock.Now().Add(-time.Hour)
	_, secret, err := a.store.CreateKey(tb.Context(), store.NewKey{CompanyID: a.company.ID, Name: "expired", Scopes: allScopes, ExpiresAt: &until})
	if err != nil {
		tb.Fatal(err)
	}
	return secret
}

// An inactive customer is the other thing: readable, its identifier taken.
func TestInactiveCustomer(t *testing.T) {
	eachDialect(t, func(t *testing.T, a *api) {
		id := a.create(t, a.key, "/v1/customers", newPersonCustomer)
		a.create(t, a.key, "/v1/invoices", newDraft(id))
		path := "/v1/customers/" + id
		if got := a.call(t, a.key, http.MethodPut, path, `{"active":false}`); got.status != http.StatusOK {
			t.Fatalf("status %d, want 200: an invoice does not hinder it", got.status)
		}

		t.Run("stays readable", func(t *testing.T) {
			if got := a.call(t, a.key, http.MethodGet, path, ""); got.status != http.StatusOK {
				t.Errorf("status %d, want 200", got.status)
			}
		})
		t.Run("is listed as inactive", func(t *testing.T) {
			for query, want := range map[string]bool{"": true, "?active=false": true, "?active=true": false} {
				got := a.call(t, a.key, http.MethodGet, "/v1/customers"+query, "")
				if strings.Contains(string(got.body), id) != want {
					t.Errorf("GET /v1/customers%s: listed is %v, want %v", query, !want, want)
				}
			}
		})
		t.Run("keeps its identifier", func(t *testing.T) {
			if got := a.call(t, a.key, http.MethodPost, "/v1/customers", newPersonCustomer); got.status != http.StatusConflict {
				t.Errorf("status %d, want 409", got.status)
			}
		})
		t.Run("cannot be put on a new invoice", func(t *testing.T) {
			got := a.call(t, a.key, http.MethodPost, "/v1/invoices", newDraft(id))
			if got.status != http.StatusUnprocessableEntity || got.Error.Code != "VALIDATION_ERROR" || got.Error.Details["recipient.customer_id"] == nil {
				t.Errorf("status %d: %s", got.status, got.body)
			}
		})
		t.Run("can be set active again", func(t *testing.T) {
			a.call(t, a.key, http.MethodPut, path, `{"active":true}`)
			a.create(t, a.key, "/v1/invoices", newDraft(id))
		})
	})
}

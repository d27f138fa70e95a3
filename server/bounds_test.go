package server_test

import (
	"encoding/json"
	"net/http"
	"strings"
	"testing"
	"unicode/utf8"
)

// What a caller sends comes back in reports and errors, and the contract bounds it.
func TestWhatIsRepeatedToTheCallerIsShortened(t *testing.T) {
	a := mustSQLiteAPI(t)
	t.Run("a text of a row ends after 1,000 characters, a shorter one is whole", func(t *testing.T) {
		row := with(t, with(t, newPersonCustomer, "legal_name", quote(strings.Repeat("ñ", 5000))), "notes", quote(strings.Repeat("ñ", 1000)))
		got := a.call(t, a.key, http.MethodPost, "/v1/customers/bulk?dry_run=true", `{"customers":[`+row+`]}`)
		var data struct {
			CustomersValidation []struct {
				Customer struct {
					LegalName string `json:"legal_name"`
					Notes     string
				}
			} `json:"customers_validation"`
		}
		if err := json.Unmarshal(got.Data, &data); err != nil || len(data.CustomersValidation) != 1 {
			t.Fatalf("%v: %.300s", err, got.body)
		}
		customer := data.CustomersValidation[0].Customer
		if customer.LegalName != strings.Repeat("ñ", 1000)+"…" || customer.Notes != strings.Repeat("ñ", 1000) {
			t.Errorf("%d and %d characters", utf8.RuneCountInString(customer.LegalName), utf8.RuneCountInString(customer.Notes))
		}
	})
	t.Run("a path with names of the caller's ends after 100", func(t *testing.T) {
		name := quote(strings.Repeat("n", 5000))
		got := a.call(t, a.key, http.MethodPost, customersPath, `{`+name+`:1,`+name+`:2}`)
		if want := strings.Repeat("n", 100) + "…"; got.status != http.StatusBadRequest || got.Error.Details["field"] != want {
			t.Errorf("status %d: %.300s", got.status, got.body)
		}
	})
}

func TestANumberBeyondItsFormatIsBeyondItsBounds(t *testing.T) {
	a := mustSQLiteAPI(t)
	got := a.call(t, a.key, http.MethodPost, customersPath, with(t, newPersonCustomer, "preferred_payment_method", `{"payment_term_days":99999999999}`))
	if got.status != http.StatusUnprocessableEntity || got.Error.Details["preferred_payment_method.payment_term_days"] != "must be at most 365" {
		t.Errorf("status %d: %s", got.status, got.body)
	}
	got = a.call(t, a.key, http.MethodGet, customersPath+"?limit=99999999999", "")
	if got.status != http.StatusBadRequest || got.Error.Details["limit"] != "must be at most 100" {
		t.Errorf("status %d: %s", got.status, got.body)
	}
}

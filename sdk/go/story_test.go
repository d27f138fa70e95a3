package main

import (
	"context"
	"net/http"
	"os"
	"testing"

	"github.com/google/go-cmp/cmp"
	"github.com/google/uuid"
	"github.com/oapi-codegen/nullable"
	"github.com/shopspring/decimal"

	panal "github.com/panal/panal/sdk/generated/go"
)

var address = panal.Address{
	Street: "Calle Mayor", Number: "12", PostalCode: "28013", City: "Madrid", Province: "Madrid", Country: "España",
}

func init() {
	// Without this the library writes numbers as strings, which the contract does not allow.
	decimal.MarshalJSONWithoutQuotes = true
}

// TestStory is one story: every step builds on those before it.
func TestStory(t *testing.T) {
	ctx := t.Context()
	client := clientWithKey(t, setting(t, "PANAL_KEY"))
	step := func(guarantee string, body func(t *testing.T)) {
		t.Helper()
		if !t.Run(guarantee, body) {
			t.FailNow()
		}
	}

	step("a wrong key is refused with a typed code", func(t *testing.T) {
		stranger := clientWithKey(t, "beel_sk_test_wrong")
		answer, err := stranger.ListCustomersWithResponse(ctx, nil)
		noError(t, err)
		equal(t, "status", answer.StatusCode(), http.StatusUnauthorized)
		equal(t, "code", answer.JSON401.Error.Code, panal.ErrorCodeUnauthorized)
	})

	nandu := panal.CreateCustomerRequest{
		LegalName:       "Panadería Ñandú S.L.",
		NIF:             new("B12345674"),
		Address:         address,
		GeneralDiscount: nullable.NewNullableWithValue(decimal.RequireFromString("5.5")),
	}
	var customer panal.Customer
	step("a created customer comes back typed, its discount exact", func(t *testing.T) {
		customer = create(t, client, nandu)
		equal(t, "legal name", customer.LegalName, nandu.LegalName)
		equal(t, "nif", *customer.NIF, "B12345674")
		equal(t, "discount", customer.GeneralDiscount.String(), "5.5")
		equal(t, "active", customer.Active, true)
		equal(t, "country", *customer.Address.CountryCode, "ES")
	})

	step("filters, order and page are parameters of the list", func(t *testing.T) {
		answer, err := client.ListCustomersWithResponse(ctx, &panal.ListCustomersParams{
			Search: new("nandu"), Active: new(true), Limit: new(panal.Limit(5)),
			SortBy: new(panal.CustomerSortFieldCreatedAt), SortOrder: new(panal.SortOrderDesc),
		})
		noError(t, err)
		equal(t, "status", answer.StatusCode(), http.StatusOK)
		list := answer.JSON200.Data
		equal(t, "customers", len(list.Customers), 1)
		equal(t, "id", list.Customers[0].ID, customer.ID)
		equal(t, "page", list.Pagination, panal.Pagination{CurrentPage: 1, TotalPages: 1, TotalItems: 1, ItemsPerPage: 5})
	})

	var invoice panal.Invoice
	step("a draft's totals are exact", func(t *testing.T) {
		answer, err := client.CreateInvoiceWithResponse(ctx, nil, panal.CreateInvoiceRequest{
			Type:      panal.InvoiceTypeStandard,
			Recipient: panal.Recipient{CustomerID: &customer.ID},
			Lines: []panal.InvoiceLineRequest{{
				Description: "Pan de molde", Quantity: decimal.RequireFromString("3.333"), UnitPrice: decimal.RequireFromString("0.1234"),
				MainTax: &panal.TaxInfo{Type: panal.TaxTypeIVA, Percentage: decimal.NewFromInt(4)},
			}},
		})
		noError(t, err)
		equal(t, "status", answer.StatusCode(), http.StatusCreated)
		invoice = answer.JSON201.Data
		equal(t, "status", invoice.Status, panal.InvoiceStatusDraft)
		equal(t, "unit price", invoice.Lines[0].UnitPrice.String(), "0.1234")
		equal(t, "base", invoice.Totals.TaxableBase.String(), "0.41")
		equal(t, "tax", invoice.Totals.TotalVAT.String(), "0.02")
		equal(t, "total", invoice.Totals.InvoiceTotal.String(), "0.43")
		equal(t, "number", invoice.InvoiceNumber.IsNull(), true)
	})

	step("a refused deactivation names its blockers", func(t *testing.T) {
		answer, err := client.DeactivateCustomerWithResponse(ctx, customer.ID, nil)
		noError(t, err)
		equal(t, "status", answer.StatusCode(), http.StatusBadRequest)
		refusal := answer.JSON400.Error
		equal(t, "code", refusal.Code, panal.ErrorCodeClientHasInvoices)
		equal(t, "count", *refusal.Details.InvoiceCount, 1)
		equal(t, "blocker", refusal.Details.Invoices[0].ID, invoice.ID)
		equal(t, "blocker's status", refusal.Details.Invoices[0].Status, panal.InvoiceStatusDraft)
		if *refusal.Details.Hint == "" {
			t.Error("no hint what to do instead")
		}
	})

	step("without the draft the customer is deactivated and gone", func(t *testing.T) {
		deleted, err := client.DeleteInvoiceWithResponse(ctx, invoice.ID)
		noError(t, err)
		equal(t, "status", deleted.StatusCode(), http.StatusNoContent)
		deactivated, err := client.DeactivateCustomerWithResponse(ctx, customer.ID, nil)
		noError(t, err)
		equal(t, "status", deactivated.StatusCode(), http.StatusOK)
		gone, err := client.GetCustomerWithResponse(ctx, customer.ID, nil)
		noError(t, err)
		equal(t, "status", gone.StatusCode(), http.StatusNotFound)
		equal(t, "code", gone.JSON404.Error.Code, panal.ErrorCodeNotFound)
	})

	step("the tax number of a deactivated customer is free again", func(t *testing.T) {
		if again := create(t, client, nandu); again.ID == customer.ID {
			t.Error("the new customer has the old one's id")
		}
	})

	step("a repetition under an idempotency key has no effect and says so", func(t *testing.T) {
		params := &panal.CreateCustomerParams{IdempotencyKey: new("story-1")}
		body := panal.CreateCustomerRequest{LegalName: "Lucía García Peña", NIF: new("12345678Z"), Address: address}
		first, err := client.CreateCustomerWithResponse(ctx, params, body)
		noError(t, err)
		second, err := client.CreateCustomerWithResponse(ctx, params, body)
		noError(t, err)
		equal(t, "statuses", [2]int{first.StatusCode(), second.StatusCode()}, [2]int{http.StatusCreated, http.StatusCreated})
		equal(t, "id", second.JSON201.Data.ID, first.JSON201.Data.ID)
		if first.Headers201.IdempotencyReplay != nil {
			t.Error("the first answer calls itself a replay")
		}
		equal(t, "replay", *second.Headers201.IdempotencyReplay, true)
	})

	step("faults of a body are readable by field", func(t *testing.T) {
		answer, err := client.CreateCustomerWithResponse(ctx, nil, panal.CreateCustomerRequest{
			LegalName: "", NIF: new("B12345675"), Address: address,
		})
		noError(t, err)
		equal(t, "status", answer.StatusCode(), http.StatusUnprocessableEntity)
		equal(t, "code", answer.JSON422.Error.Code, panal.ErrorCodeValidationError)
		for _, field := range []string{"legal_name", "nif"} {
			if fault, _ := answer.JSON422.Error.Details.Get(field); fault == nil {
				t.Errorf("no fault of %s in %v", field, answer.JSON422.Error.Details)
			}
		}
		answer, err = client.CreateCustomerWithResponse(ctx, nil, panal.CreateCustomerRequest{
			LegalName: "Horno S.L.", NIF: new("B12345675"), Address: address,
		})
		noError(t, err)
		equal(t, "code", answer.JSON422.Error.Code, panal.ErrorCodeNIFInvalidControlDigit)
	})
}

func clientWithKey(t *testing.T, key string) *panal.ClientWithResponses {
	t.Helper()
	client, err := panal.NewClientWithResponses(setting(t, "PANAL_URL"),
		panal.WithRequestEditorFn(func(_ context.Context, r *http.Request) error {
			r.Header.Set("Authorization", "Bearer "+key)
			return nil
		}))
	noError(t, err)
	return client
}

func setting(t *testing.T, name string) string {
	t.Helper()
	value := os.Getenv(name)
	if value == "" {
		t.Fatal(name + " is not set")
	}
	return value
}

func create(t *testing.T, client *panal.ClientWithResponses, body panal.CreateCustomerRequest) panal.Customer {
	t.Helper()
	answer, err := client.CreateCustomerWithResponse(t.Context(), nil, body)
	noError(t, err)
	if answer.JSON201 == nil {
		t.Fatalf("status %d: %s", answer.StatusCode(), answer.Body)
	}
	if answer.JSON201.Data.ID == uuid.Nil {
		t.Fatal("the customer has no id")
	}
	return answer.JSON201.Data
}

func noError(t *testing.T, err error) {
	t.Helper()
	if err != nil {
		t.Fatal(err)
	}
}

func equal[T any](t *testing.T, what string, got, want T) {
	t.Helper()
	if difference := cmp.Diff(want, got); difference != "" {
		t.Fatalf("%s (-want +got):\n%s", what, difference)
	}
}

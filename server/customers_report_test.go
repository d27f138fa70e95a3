package server_test

import (
	"encoding/json"
	"net/http"
	"testing"
)

// validation is the data of a report.
type validation struct {
	Metadata            map[string]any
	CustomersValidation []validationItem `json:"customers_validation"`
	Statistics          struct {
		TotalProcessed int         `json:"total_processed"`
		Valid          int         `json:"valid"`
		WithWarnings   int         `json:"with_warnings"`
		WithErrors     int         `json:"with_errors"`
		Duplicates     int         `json:"duplicates"`
		InvalidNIFs    int         `json:"invalid_nifs"`
		Imported       int         `json:"imported"`
		SuccessRate    json.Number `json:"success_rate"`
		Importable     int         `json:"importable"`
		NotImportable  int         `json:"not_importable"`
	}
}

type validationItem struct {
	Index      int
	RowNumber  *int    `json:"row_number"`
	CustomerID *string `json:"customer_id"`
	Status     string
	Customer   map[string]any
	Errors     []struct{ Field, Value, Message, Code string }
	Warnings   []struct{ Field, Message string }
}

// fields are the properties at fault.
func (i validationItem) fields() []string {
	fields := []string{}
	for _, e := range i.Errors {
		fields = append(fields, e.Field)
	}
	return fields
}

func (v validation) statuses() []string {
	statuses := []string{}
	for _, item := range v.CustomersValidation {
		statuses = append(statuses, item.Status)
	}
	return statuses
}

func mustValidation(tb testing.TB, got answer) validation {
	tb.Helper()
	if got.status != http.StatusOK {
		tb.Fatalf("status %d: %s", got.status, got.body)
	}
	var v validation
	if err := json.Unmarshal(got.Data, &v); err != nil {
		tb.Fatal(err)
	}
	return v
}

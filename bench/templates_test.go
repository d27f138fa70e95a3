package main

import (
	"database/sql"
	"path/filepath"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/panal/panal/bench/seed"
	"github.com/panal/panal/internal/nif"
	"github.com/panal/panal/store"
)

func TestSeed(t *testing.T) {
	t.Run("every number makes a valid tax number and none makes another's", func(t *testing.T) {
		seen := map[string]bool{}
		for i := range 20_000 {
			number := seed.At(i).NIF
			if _, err := nif.Parse(number); err != nil || seen[number] {
				t.Fatalf("customer %d has %s (seen %t): %v", i, number, seen[number], err)
			}
			seen[number] = true
		}
	})
	t.Run("a word is in the names of one in ten thousand", func(t *testing.T) {
		found := 0
		for i := range 30_000 {
			if strings.Contains(seed.At(i).NameFold, seed.Word(12_345)) {
				found++
			}
		}
		if found != 3 {
			t.Errorf("found in %d of 30,000", found)
		}
	})
}

// A yardstick whose rows are found or sorted in another way than real ones
// measures another program.
func TestSeedIsWhatTheStoreWrites(t *testing.T) {
	dir := t.TempDir()
	source := "file:" + filepath.Join(dir, "panal.db") + "?_time_format=sqlite&_timezone=UTC&_pragma=foreign_keys(1)"
	own := store.Options{DataDir: dir}
	for i := range 50 {
		c := seed.At(i)
		t.Run(c.Name, func(t *testing.T) {
			if i == 0 {
				err := fillStore(t.Context(), own, "sqlite", source, sqliteCustomers(t.Context(), source, 50), 50)
				if err != nil {
					t.Fatal(err)
				}
			}
			st, err := store.Open(t.Context(), own)
			if err != nil {
				t.Fatal(err)
			}
			defer st.Close()
			company, err := st.CreateCompany(t.Context(), store.NewCompany{Environment: store.Test, LegalName: "Otra", NIF: "B12345674"})
			if err != nil {
				t.Fatal(err)
			}
			made, err := st.CreateCustomer(t.Context(), company.ID, store.NewCustomer{
				LegalName: c.Name, NIF: &c.NIF, Phone: &c.Phone, Email: &c.Email,
				Address: store.Address{
					Street: c.Street, Number: c.Number, PostalCode: c.PostalCode, City: c.City, Province: c.Province,
					Country: c.Country, CountryCode: c.CountryCode,
				},
			})
			if err != nil {
				t.Fatal(err)
			}
			if diff := cmp.Diff(columns(t, source, made.ID.String()), columns(t, source, c.ID.String())); diff != "" {
				t.Errorf("the store's row and the seed's (-store +seed):\n%s", diff)
			}
		})
	}
}

// columns are a customer's values and their types; of those that differ from one
// customer to the next, the types.
func columns(t *testing.T, source, id string) map[string]string {
	t.Helper()
	pool, err := sql.Open("sqlite", source)
	if err != nil {
		t.Fatal(err)
	}
	defer pool.Close()
	found := map[string]string{}
	for _, column := range append([]string{"live", "trade_name", "billing_emails", "deleted_at"}, seed.Columns...) {
		value := "'|' || coalesce(" + column + ", 'NULL')"
		switch column {
		case "company_id", "id", "active":
			value = "''"
		case "created_at", "updated_at":
			value = "'|' || substr(" + column + ", 5, 1) || substr(" + column + ", -6)"
		}
		var text string
		if err := pool.QueryRow("SELECT typeof("+column+") || "+value+" FROM customers WHERE id = ?", id).Scan(&text); err != nil {
			t.Fatal(err)
		}
		found[column] = text
	}
	return found
}

func TestRounds(t *testing.T) {
	t.Run("no customer is deactivated twice, and none that has invoices", func(t *testing.T) {
		seen := map[int]bool{}
		for round := range 4 {
			for _, customer := range customersFor("delete", 1000, round, 4, 10_000) {
				if seen[customer] || seed.Invoiced(customer) || customer >= 1000 {
					t.Fatalf("round %d: customer %d (seen %t)", round, customer, seen[customer])
				}
				seen[customer] = true
			}
		}
		if len(seen) != 900 {
			t.Errorf("%d of the 900 without invoices", len(seen))
		}
	})
	t.Run("refusals are about customers with invoices", func(t *testing.T) {
		for _, customer := range customersFor("refused", 101, 0, 1, 0) {
			if !seed.Invoiced(customer) || customer >= 101 {
				t.Fatalf("customer %d", customer)
			}
		}
	})
	t.Run("new customers are new in every round", func(t *testing.T) {
		first, second := customersFor("post", 100, 0, 2, 10), customersFor("post", 100, 1, 2, 10)
		if first[0] < firstNew || second[0] <= first[len(first)-1] {
			t.Errorf("%v, %v", first, second)
		}
	})
}

package store

import (
	"sync"
	"testing"

	"github.com/google/go-cmp/cmp"
	"github.com/google/uuid"
)

func TestOlderCustomersAreFound(t *testing.T) {
	t.Parallel()
	for _, d := range dialects {
		t.Run(string(d), func(t *testing.T) {
			t.Parallel()
			s := mustOpen(t, emptyOptions(t, d))
			migrator := mustMigrator(t, s)
			if _, err := migrator.UpTo(t.Context(), 3); err != nil {
				t.Fatal(err)
			}
			companies := []uuid.UUID{mustCreateCompany(t, s).ID, mustCreateCompany(t, s).ID}
			for _, company := range companies {
				for _, name := range []string{"José García", "Ana Muñoz", "García que se fue"} {
					n := customer()
					n.LegalName = name
					if c := mustCreateCustomer(t, s, company, n); name == "García que se fue" {
						mustDeactivate(t, s, c)
					}
				}
			}
			if _, err := s.Migrate(t.Context()); err != nil {
				t.Fatal(err)
			}
			for _, company := range companies {
				n := customer()
				n.LegalName = "Luis García"
				mustCreateCustomer(t, s, company, n)
				got, total := mustList(t, s, company, CustomerFilter{Search: "garcia", Limit: 10})
				if diff := cmp.Diff([]string{"José García", "Luis García"}, names(got)); diff != "" || total != 2 {
					t.Errorf("%d in all; %s", total, diff)
				}
			}
		})
	}
}

// What is deleted would not be listed anyway; left in the index it would only
// be in the way of what is not.
func TestTheIndexHasTheLivingOnly(t *testing.T) {
	t.Parallel()
	s := mustOpen(t, migratedOptions(t, dialectSQLite))
	company := mustCreateCompany(t, s).ID
	check := func(want int) {
		t.Helper()
		for _, count := range []string{
			"SELECT count(*) FROM customer_documents",
			"SELECT count(*) FROM customer_trigrams_docsize",
			`SELECT count(*) FROM customer_trigrams WHERE customer_trigrams MATCH '"par"'`,
			`SELECT count(*) FROM customer_trigrams JOIN customer_documents ON document = customer_trigrams.rowid WHERE customer_trigrams MATCH '"par"'`,
		} {
			if n := mustCount(t, s, count); n != want {
				t.Errorf("%s: %d, want %d", count, n, want)
			}
		}
		mustExec(t, s, "INSERT INTO customer_trigrams (customer_trigrams) VALUES ('integrity-check')")
	}
	n := customer()
	n.LegalName = "Parque"
	c := mustCreateCustomer(t, s, company, n)
	other := mustCreateCustomer(t, s, company, customer())
	if _, err := s.UpdateCustomer(t.Context(), company, other.ID, CustomerUpdate{LegalName: new("Parra")}); err != nil {
		t.Fatal(err)
	}
	check(2)
	mustDeactivate(t, s, other)
	check(1)
	mustExec(t, s, "UPDATE customers SET deleted_at = NULL WHERE id = ?", other.ID)
	check(2)
	mustExec(t, s, "DELETE FROM customers WHERE id = ?", other.ID)
	check(1)
	if _, err := s.UpdateCustomer(t.Context(), company, c.ID, CustomerUpdate{LegalName: new("Selva")}); err != nil {
		t.Fatal(err)
	}
	if n := mustCount(t, s, `SELECT count(*) FROM customer_trigrams WHERE customer_trigrams MATCH '"par"'`); n != 0 {
		t.Errorf("the old name is found in %d documents", n)
	}
	mustDeactivate(t, s, c)
	check(0)
}

// VACUUM gives the rows of customers other numbers, which nothing may rely on.
func TestSearchSurvivesVacuum(t *testing.T) {
	t.Parallel()
	s := mustOpen(t, migratedOptions(t, dialectSQLite))
	company := mustCreateCompany(t, s).ID
	created := mustFill(t, s, company, 50)
	for _, c := range created[:25] {
		mustDeactivate(t, s, c)
	}
	mustExec(t, s, "DELETE FROM customers WHERE deleted_at IS NOT NULL")
	mustExec(t, s, "VACUUM")
	for _, c := range created[25:] {
		if got, total := mustList(t, s, company, CustomerFilter{NIF: *c.NIF, Limit: 2}); total != 1 || got[0].ID != c.ID {
			t.Errorf("%d of %s", total, c.ID)
		}
	}
}

func TestSearchWhileOthersWrite(t *testing.T) {
	t.Parallel()
	eachDialect(t, func(t *testing.T, s *Store) {
		company := mustCreateCompany(t, s).ID
		stay := customer()
		stay.LegalName = "Permanente"
		mustCreateCustomer(t, s, company, stay)
		var writers sync.WaitGroup
		for range 4 {
			writers.Go(func() {
				for range 25 {
					n := customer()
					n.LegalName = "Permuta"
					c, err := s.CreateCustomer(t.Context(), company, n)
					if err == nil {
						err = s.DeactivateCustomer(t.Context(), company, c.ID)
					}
					if err != nil {
						t.Error(err)
						return
					}
				}
			})
			writers.Go(func() {
				for range 25 {
					found, total, err := s.ListCustomers(t.Context(), company, CustomerFilter{Search: "perm", Limit: 100})
					if err != nil || len(found) != total || total < 1 || total > 5 || found[0].LegalName != "Permanente" {
						t.Errorf("%d of %d: %v", len(found), total, err)
					}
				}
			})
		}
		writers.Wait()
		if _, total := mustList(t, s, company, CustomerFilter{Search: "perm", Limit: 1}); total != 1 {
			t.Errorf("%d in the end", total)
		}
	})
}

// A plan for any values reads the whole table for some of them.
func TestFiltersArePlannedForTheirValues(t *testing.T) {
	t.Parallel()
	o := migratedOptions(t, dialectPostgres)
	o.MaxConns = 1
	s := mustOpen(t, o)
	c := mustCreateCustomer(t, s, mustCreateCompany(t, s).ID, customer())
	for range 10 {
		mustList(t, s, c.CompanyID, CustomerFilter{Search: "cliente", City: "Madrid", Limit: 20})
		if _, err := s.GetCustomer(t.Context(), c.CompanyID, c.ID); err != nil {
			t.Fatal(err)
		}
	}
	const prepared = "SELECT count(*) FROM pg_prepared_statements WHERE statement LIKE "
	if n := mustCount(t, s, prepared+`'%found AS MATERIALIZED%' AND statement NOT LIKE '%pg_prepared%'`); n != 0 {
		t.Errorf("%d lists are prepared", n)
	}
	if n := mustCount(t, s, prepared+`'SELECT id, legal_name%FROM customers%'`); n == 0 {
		t.Error("nothing else is prepared either, so this test shows nothing")
	}
}

package store

import (
	"errors"
	"slices"
	"sync"
	"testing"

	"github.com/google/go-cmp/cmp"
	"github.com/google/uuid"
)

func manyCustomers(n int) []NewCustomer {
	many := make([]NewCustomer, n)
	for i := range many {
		many[i] = customer()
	}
	return many
}

func foreigner(kind, number string, country *string) NewCustomer {
	n := customer()
	n.NIF, n.AlternativeID = nil, &AlternativeID{Type: kind, Number: number, CountryCode: country}
	return n
}

func TestCreateCustomersBulk(t *testing.T) {
	t.Parallel()
	eachDialect(t, func(t *testing.T, s *Store) {
		company := mustCreateCompany(t, s).ID

		t.Run("all are stored and come back in order", func(t *testing.T) {
			// As many as make statements of every size.
			many := append(manyCustomers(210), foreigner("03", "P1", nil), foreigner("03", "P1", new("FR")))
			created, err := s.CreateCustomersBulk(t.Context(), company, many, nil)
			if err != nil || len(created) != len(many) {
				t.Fatal(len(created), err)
			}
			for i, c := range created {
				if c.LegalName != many[i].LegalName {
					t.Fatalf("position %d has another customer", i)
				}
				if diff := cmp.Diff(c, mustTakeCustomer(t, s, c)); diff != "" {
					t.Fatal(diff)
				}
			}
			if _, total, err := s.ListCustomers(t.Context(), company, CustomerFilter{Limit: 1}); total != len(many) || err != nil {
				t.Errorf("%d of %d are counted: %v", total, len(many), err)
			}
		})

		t.Run("taken identifiers refuse all, and each is named", func(t *testing.T) {
			stored := mustCreateCustomer(t, s, company, customer())
			foreign := foreigner("04", "ID-7", new("PT"))
			mustCreateCustomer(t, s, company, foreign)
			inactive := mustCreateCustomer(t, s, company, customer())
			if _, err := s.UpdateCustomer(t.Context(), company, inactive.ID, CustomerUpdate{Active: new(false)}); err != nil {
				t.Fatal(err)
			}
			gone := mustCreateCustomer(t, s, company, customer())
			mustDeactivate(t, s, gone)
			many := manyCustomers(120)
			many[7].NIF = stored.NIF
			many[8] = foreign
			many[9].NIF = inactive.NIF
			many[10].NIF = gone.NIF
			many[115].NIF = many[3].NIF
			before := mustDump(t, s)
			_, err := s.CreateCustomersBulk(t.Context(), company, many, nil)
			var duplicates *DuplicatesError
			if !errors.As(err, &duplicates) {
				t.Fatalf("got %v, want a *DuplicatesError", err)
			}
			if diff := cmp.Diff([]int{7, 8, 9, 115}, duplicates.Positions); diff != "" {
				t.Error(diff)
			}
			if diff := cmp.Diff(before, mustDump(t, s)); diff != "" {
				t.Error("something was written:", diff)
			}
		})

		t.Run("an unknown company has none", func(t *testing.T) {
			if _, err := s.CreateCustomersBulk(t.Context(), uuid.New(), manyCustomers(2), nil); !errors.Is(err, ErrNotFound) {
				t.Errorf("got %v, want ErrNotFound", err)
			}
		})
	})
}

func TestImportCustomers(t *testing.T) {
	t.Parallel()
	eachDialect(t, func(t *testing.T, s *Store) {
		company := mustCreateCompany(t, s).ID
		stored := mustCreateCustomer(t, s, company, customer())
		many := manyCustomers(113)
		many[0].NIF = stored.NIF
		many[100].NIF = many[99].NIF
		ids, err := s.ImportCustomers(t.Context(), company, many, nil)
		if err != nil {
			t.Fatal(err)
		}
		for i, id := range ids {
			if left := i == 0 || i == 100; left != (id == uuid.Nil) {
				t.Errorf("position %d: id %s", i, id)
				continue
			}
			if id == uuid.Nil {
				continue
			}
			if c, err := s.GetCustomer(t.Context(), company, id); err != nil || c.LegalName != many[i].LegalName {
				t.Errorf("position %d: %v", i, err)
			}
		}
		if n := mustCount(t, s, "SELECT count(*) FROM customers"); n != 1+len(many)-2 {
			t.Errorf("%d customers are stored", n)
		}
	})
}

// Everybody creates the same identifiers at once, in different orders.
func TestBatchesAtOnceShareNoIdentifier(t *testing.T) {
	t.Parallel()
	eachDialect(t, func(t *testing.T, s *Store) {
		company := mustCreateCompany(t, s).ID
		many := manyCustomers(130)
		const writers = 6
		errs, ids := make([]error, writers), make([][]uuid.UUID, writers)
		var group sync.WaitGroup
		for w := range writers {
			mine := slices.Clone(many)
			if w%2 == 1 {
				slices.Reverse(mine)
			}
			group.Go(func() {
				if w < writers/2 {
					ids[w], errs[w] = s.ImportCustomers(t.Context(), company, mine, nil)
					return
				}
				_, errs[w] = s.CreateCustomersBulk(t.Context(), company, mine, nil)
			})
		}
		group.Wait()
		all, imported := 0, 0
		for w, err := range errs {
			var duplicates *DuplicatesError
			switch {
			case w < writers/2 && err != nil:
				t.Errorf("import: %v", err)
			case err == nil && w >= writers/2:
				all++
			case err != nil && !errors.As(err, &duplicates):
				t.Errorf("create: %v", err)
			}
			for _, id := range ids[w] {
				if id != uuid.Nil {
					imported++
				}
			}
		}
		if all > 1 || imported != (1-all)*len(many) || mustCount(t, s, "SELECT count(*) FROM customers") != len(many) {
			t.Errorf("%d batches and %d single customers were stored", all, imported)
		}
	})
}

func TestTakenIdentifiers(t *testing.T) {
	t.Parallel()
	eachDialect(t, func(t *testing.T, s *Store) {
		company, other := mustCreateCompany(t, s).ID, mustCreateCompany(t, s).ID
		spanish, foreign, stateless := customer(), foreigner("02", "FR1", new("FR")), foreigner("03", "P1", nil)
		for _, n := range []NewCustomer{spanish, foreign, stateless} {
			mustCreateCustomer(t, s, company, n)
		}
		theirs, gone := customer(), customer()
		mustCreateCustomer(t, s, other, theirs)
		mustDeactivate(t, s, mustCreateCustomer(t, s, company, gone))
		asked := []Identifier{
			spanish.Identifier(), foreign.Identifier(), stateless.Identifier(),
			theirs.Identifier(), gone.Identifier(), customer().Identifier(),
			{Type: "02", Number: "FR1", Country: "DE"},
			{Type: "04", Number: "FR1", Country: "FR"},
			{Type: "03", Number: "P1", Country: "FR"},
			{NIF: `"],["`},
		}
		taken, err := s.TakenIdentifiers(t.Context(), company, asked)
		if err != nil {
			t.Fatal(err)
		}
		for i, identifier := range asked {
			if want := i < 3; taken[identifier] != want {
				t.Errorf("%+v: taken is %v, want %v", identifier, taken[identifier], want)
			}
		}
		if taken, err := s.TakenIdentifiers(t.Context(), company, nil); len(taken) != 0 || err != nil {
			t.Errorf("of none, %v are taken: %v", taken, err)
		}
	})
}

package store

import (
	"context"
	"errors"
	"fmt"
	"sync"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"github.com/google/uuid"
)

func mustMemory(tb testing.TB) *Store {
	tb.Helper()
	s := mustOpen(tb, Options{InMemory: true, Now: new(clock).Now})
	if _, err := s.Migrate(tb.Context()); err != nil {
		tb.Fatal(err)
	}
	return s
}

func TestInMemory(t *testing.T) {
	t.Parallel()

	t.Run("what does not fit into the cache stays in memory, too", func(t *testing.T) {
		t.Parallel()
		if kept := mustCount(t, mustMemory(t), "PRAGMA temp_store"); kept != 2 {
			t.Errorf("temp_store is %d, want 2", kept)
		}
	})

	t.Run("two databases know nothing of each other", func(t *testing.T) {
		t.Parallel()
		one, other := mustMemory(t), mustMemory(t)
		mustCreateCompany(t, one)
		if companies, err := other.ListCompanies(t.Context()); err != nil || len(companies) > 0 {
			t.Errorf("%v, %v", companies, err)
		}
	})

	t.Run("the schema keeps its rules", func(t *testing.T) {
		t.Parallel()
		s := mustMemory(t)
		company := mustCreateCompany(t, s)
		customer := mustCreateCustomer(t, s, company.ID, customer())
		mustCreateInvoice(t, s, company.ID, invoiceFor(customer))
		var blocked *HasInvoicesError
		if err := s.DeactivateCustomer(t.Context(), company.ID, customer.ID); !errors.As(err, &blocked) {
			t.Errorf("got %v", err)
		}
	})

	t.Run("requests that are broken off lose nothing of what is stored", func(t *testing.T) {
		t.Parallel()
		s := mustMemory(t)
		company := mustCreateCompany(t, s)
		mustFill(t, s, company.ID, 1000)
		for n := range 200 {
			ctx, cancel := context.WithTimeout(t.Context(), time.Duration(n)*20*time.Microsecond)
			_, err := s.CreateCustomersBulk(ctx, company.ID, []NewCustomer{customer(), customer(), customer()}, nil)
			if err != nil && !errors.Is(err, ErrUnavailable) && !errors.Is(err, context.DeadlineExceeded) {
				t.Fatal(err)
			}
			cancel()
		}
		counted := mustCount(t, s, "SELECT sum(active) + sum(inactive) FROM customer_counts")
		if rows := mustCount(t, s, "SELECT count(*) FROM customers"); rows < 1000 || rows%3 != 1 || rows != counted {
			t.Errorf("%d customers, %d counted", rows, counted)
		}
	})
}

// In a file readers never wait for the writer. Here they do, and get their turn:
// with SQLite's own locks in memory, some waited for as long as anybody wrote.
func TestInMemoryReadersAndWritersTakeTurns(t *testing.T) {
	t.Parallel()
	s := mustMemory(t)
	company := mustCreateCompany(t, s)
	const batch = 7
	mustFill(t, s, company.ID, batch)
	var writing, reading sync.WaitGroup
	stop := make(chan struct{})
	for range 4 {
		writing.Go(func() {
			for {
				select {
				case <-stop:
					return
				default:
				}
				customers := make([]NewCustomer, batch)
				for i := range customers {
					customers[i] = customer()
				}
				if _, err := s.CreateCustomersBulk(t.Context(), company.ID, customers, nil); err != nil {
					t.Error(err)
					return
				}
			}
		})
	}
	for range 4 {
		reading.Go(func() {
			for range 50 {
				list, total, err := s.ListCustomers(t.Context(), company.ID, CustomerFilter{Limit: 20})
				if err != nil || total%batch != 0 {
					t.Errorf("%d of %d customers, %v: want whole batches", len(list), total, err)
				}
			}
		})
	}
	reading.Wait()
	close(stop)
	writing.Wait()
}

func TestSnapshot(t *testing.T) {
	t.Parallel()
	s := mustMemory(t)
	company := mustCreateCompany(t, s)
	created := mustFill(t, s, company.ID, 100)
	snapshot, err := s.Snapshot(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	mustCreateCustomer(t, s, company.ID, customer())

	for range 2 {
		restored := mustOpen(t, Options{InMemory: true, Content: snapshot})
		if err := restored.Ready(t.Context()); err != nil {
			t.Error(err)
		}
		if n := mustCount(t, restored, "SELECT count(*) FROM customers"); n != len(created) {
			t.Errorf("%d customers, want %d: neither later ones nor those of another copy", n, len(created))
		}
		mustCreateInvoice(t, restored, company.ID, invoiceFor(created[1]))
		var blocked *HasInvoicesError
		if err := restored.DeactivateCustomer(t.Context(), company.ID, created[1].ID); !errors.As(err, &blocked) {
			t.Errorf("the schema's rules are gone: %v", err)
		}
		mustCreateCustomer(t, restored, company.ID, customer())
	}
}

func TestPlant(t *testing.T) {
	t.Parallel()
	eachDialect(t, func(t *testing.T, s *Store) {
		made := time.Date(2026, 1, 1, 0, 0, 0, 0, time.UTC)
		company := Company{ID: uuid.New(), Environment: Test, LegalName: "Colmena", NIF: "B00000000", Address: address("Madrid"), CreatedAt: made, UpdatedAt: made}
		nif := "00000000T"
		planted := Customer{CompanyID: company.ID, ID: uuid.New(), LegalName: "Íñigo", NIF: &nif, Address: address("Ávila"), Active: true, CreatedAt: made, UpdatedAt: made}
		secret := newSecret(Test)
		seed := Seed{
			Companies: []Company{company}, Customers: []Customer{planted},
			Keys: []SeedKey{{Key: Key{CompanyID: company.ID, ID: uuid.New(), Name: "test", Scopes: []string{"customers:read"}, CreatedAt: made}, Secret: secret}},
			Used: []UsedKey{{CompanyID: company.ID, Key: "used"}},
		}
		if err := s.Plant(t.Context(), seed); err != nil {
			t.Fatal(err)
		}

		t.Run("rows have the ids and times that they were given, and are found", func(t *testing.T) {
			got := mustTakeCustomer(t, s, planted)
			if diff := cmp.Diff([]any{planted.LegalName, made, "inigo"}, []any{got.LegalName, got.CreatedAt.UTC(), got.LegalNameFold}); diff != "" {
				t.Errorf("-want +got:\n%s", diff)
			}
		})

		t.Run("a key is found by its secret", func(t *testing.T) {
			if key, err := s.KeyBySecret(t.Context(), secret); err != nil || key.ID != seed.Keys[0].ID || key.Prefix != shownPrefix(secret) {
				t.Errorf("%+v, %v", key, err)
			}
		})

		t.Run("a used idempotency key stays used", func(t *testing.T) {
			n := customer()
			n.Once = &Once[Customer]{Key: "used", Answer: func(Customer) ([]byte, error) { return nil, nil }}
			if _, err := s.CreateCustomer(t.Context(), company.ID, n); !errors.Is(err, ErrKeyMismatch) {
				t.Errorf("got %v", err)
			}
		})

		t.Run("it is all or nothing", func(t *testing.T) {
			again := Company{ID: uuid.New(), Environment: Test, LegalName: "Otra", NIF: "B00000018", Address: address("Madrid"), CreatedAt: made, UpdatedAt: made}
			err := s.Plant(t.Context(), Seed{Companies: []Company{again}, Customers: []Customer{planted}})
			if _, missing := s.GetCompany(t.Context(), again.ID); err == nil || !errors.Is(missing, ErrNotFound) {
				t.Errorf("planted with %v, then %v", err, missing)
			}
		})
	})
}

func BenchmarkSnapshot(b *testing.B) {
	s := mustMemory(b)
	mustFill(b, s, mustCreateCompany(b, s).ID, 10)
	snapshot, err := s.Snapshot(b.Context())
	if err != nil {
		b.Fatal(err)
	}
	b.Run(fmt.Sprintf("open a copy of %d KiB", len(snapshot.pages)>>10), func(b *testing.B) {
		for b.Loop() {
			copied, err := Open(b.Context(), Options{InMemory: true, Content: snapshot})
			if err != nil {
				b.Fatal(err)
			}
			if err := copied.Close(); err != nil {
				b.Fatal(err)
			}
		}
	})
}

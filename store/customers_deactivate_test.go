package store

import (
	"context"
	"database/sql"
	"errors"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"github.com/google/uuid"
	"gorm.io/gorm"
)

func TestDeactivateCustomer(t *testing.T) {
	t.Parallel()
	eachDialectWithClock(t, func(t *testing.T, s *Store, c *clock) {
		company := mustCreateCompany(t, s)
		t.Run("the row stays, marked with one time and nothing else changed", func(t *testing.T) {
			want := mustCreateCustomer(t, s, company.ID, fullCustomer())
			c.Advance(time.Hour)
			mustDeactivate(t, s, want)
			var got Customer
			if err := s.read.Unscoped().Where(byID, company.ID, want.ID).Take(&got).Error; err != nil {
				t.Fatal(err)
			}
			now := s.timestamp()
			want.Active, want.UpdatedAt, want.DeletedAt = false, now, gorm.DeletedAt{Time: now, Valid: true}
			if diff := cmp.Diff(want, got); diff != "" {
				t.Error(diff)
			}
		})
		t.Run("unknown and already deactivated customers are not found", func(t *testing.T) {
			gone := mustCreateCustomer(t, s, company.ID, customer())
			mustDeactivate(t, s, gone)
			for _, id := range []uuid.UUID{uuid.New(), gone.ID} {
				if err := s.DeactivateCustomer(t.Context(), company.ID, id); !errors.Is(err, ErrNotFound) {
					t.Errorf("got %v", err)
				}
			}
		})
		t.Run("an inactive customer can be deactivated", func(t *testing.T) {
			idle := mustCreateCustomer(t, s, company.ID, customer())
			if _, err := s.UpdateCustomer(t.Context(), company.ID, idle.ID, CustomerUpdate{Active: new(false)}); err != nil {
				t.Fatal(err)
			}
			mustDeactivate(t, s, idle)
		})
		t.Run("twelve invoices block, and the ten oldest are named", func(t *testing.T) {
			busy := mustCreateCustomer(t, s, company.ID, customer())
			want := HasInvoicesError{CustomerID: busy.ID, Count: 12}
			for i := range 13 {
				invoice := mustCreateInvoice(t, s, company.ID, invoiceFor(busy))
				if i == 0 { // a deleted one does not count
					if err := s.DeleteInvoice(t.Context(), company.ID, invoice.ID); err != nil {
						t.Fatal(err)
					}
					continue
				}
				blocking := BlockingInvoice{ID: invoice.ID, Status: InvoiceDraft}
				if i == 1 {
					blocking.Number, blocking.Status = new("F-2025-0001"), "ISSUED"
					mustIssue(t, s, invoice, *blocking.Number)
				}
				if i <= 10 {
					want.Invoices = append(want.Invoices, blocking)
				}
			}
			err := s.DeactivateCustomer(t.Context(), company.ID, busy.ID)
			var got *HasInvoicesError
			if !errors.As(err, &got) {
				t.Fatalf("got %v", err)
			}
			if diff := cmp.Diff(want, *got); diff != "" {
				t.Error(diff)
			}
			if diff := cmp.Diff(busy, mustTakeCustomer(t, s, busy)); diff != "" {
				t.Error("the customer has changed:", diff)
			}
		})
		t.Run("a customer whose last invoice goes in the meantime goes as well", func(t *testing.T) {
			busy := mustCreateCustomer(t, s, company.ID, customer())
			invoice := mustCreateInvoice(t, s, company.ID, invoiceFor(busy))
			// Between the refusal and the question who blocks.
			once := false
			mustRegister(t, s.read.Callback().Query().Before("gorm:query").Register("release", func(db *gorm.DB) {
				if _, asked := db.Statement.Model.(*Invoice); asked && !once {
					once = true
					if err := s.DeleteInvoice(context.Background(), company.ID, invoice.ID); err != nil {
						t.Error(err)
					}
				}
			}))
			mustDeactivate(t, s, busy)
			if !once {
				t.Error("nobody asked who blocks")
			}
		})
	})
}

// mustIssue numbers an invoice without the rules of issuing one.
func mustIssue(tb testing.TB, s *Store, i Invoice, number string) {
	tb.Helper()
	mustExec(tb, s, "UPDATE invoices SET status = 'ISSUED', number = 1, invoice_number = ? WHERE id = ?", number, i.ID)
}

func mustRegister(tb testing.TB, err error) {
	tb.Helper()
	if err != nil {
		tb.Fatal(err)
	}
}

// countingPool counts what is sent to the database, transactions too.
type countingPool struct {
	*sql.DB
	sent int
}

func (p *countingPool) ExecContext(ctx context.Context, query string, args ...any) (sql.Result, error) {
	p.sent++
	return p.DB.ExecContext(ctx, query, args...)
}

func (p *countingPool) QueryContext(ctx context.Context, query string, args ...any) (*sql.Rows, error) {
	p.sent++
	return p.DB.QueryContext(ctx, query, args...)
}

func (p *countingPool) BeginTx(ctx context.Context, o *sql.TxOptions) (*sql.Tx, error) {
	p.sent += 2 // BEGIN and COMMIT, and whatever is between
	return p.DB.BeginTx(ctx, o)
}

func TestOneStatementIsEnough(t *testing.T) {
	t.Parallel()
	eachDialect(t, func(t *testing.T, s *Store) {
		company := mustCreateCompany(t, s)
		c := mustCreateCustomer(t, s, company.ID, customer())
		i := mustCreateInvoice(t, s, company.ID, invoice())
		_, secret := mustCreateKey(t, s, NewKey{CompanyID: company.ID})
		if _, err := s.KeyBySecret(t.Context(), secret); err != nil { // notes the use
			t.Fatal(err)
		}
		pool := countStatements(t, s)
		for _, operation := range []struct {
			name string
			run  func() error
		}{
			{"CreateCustomer", func() error { _, err := s.CreateCustomer(t.Context(), company.ID, customer()); return err }},
			{"GetCustomer", func() error { _, err := s.GetCustomer(t.Context(), company.ID, c.ID); return err }},
			{"ListCustomers", func() error {
				_, _, err := s.ListCustomers(t.Context(), company.ID, CustomerFilter{Limit: 1})
				return err
			}},
			{"DeactivateCustomer", func() error { return s.DeactivateCustomer(t.Context(), company.ID, c.ID) }},
			{"GetInvoice", func() error { _, err := s.GetInvoice(t.Context(), company.ID, i.ID); return err }},
			{"DeleteInvoice", func() error { return s.DeleteInvoice(t.Context(), company.ID, i.ID) }},
			{"KeyBySecret", func() error { _, err := s.KeyBySecret(t.Context(), secret); return err }},
			{"Ready", func() error { return s.Ready(t.Context()) }},
		} {
			pool.sent = 0
			if err := operation.run(); err != nil || pool.sent != 1 {
				t.Errorf("%s sent %d statements: %v", operation.name, pool.sent, err)
			}
		}
	})
}

// countStatements puts one counter under everything that s sends. It is no
// matter for SQLite that reads then use the writer.
func countStatements(t *testing.T, s *Store) *countingPool {
	t.Helper()
	db, err := s.write.DB()
	if err != nil {
		t.Fatal(err)
	}
	pool := &countingPool{DB: db}
	for _, g := range []*gorm.DB{s.write, s.read} {
		before := g.Statement.ConnPool
		g.Statement.ConnPool = pool
		t.Cleanup(func() { g.Statement.ConnPool = before })
	}
	return pool
}

package store

import (
	"context"
	"database/sql"
	"errors"
	"fmt"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"gorm.io/gorm"
)

var tables = []string{"companies", "api_keys", "customers", "customer_counts", "invoice_series", "invoices"}

// mustDump reads every row of every table. The slots of a count are summed up,
// since which slot counts is of no meaning.
func mustDump(tb testing.TB, s *Store) map[string][]map[string]any {
	tb.Helper()
	dump := map[string][]map[string]any{}
	for _, table := range tables {
		query := s.read.Table(table).Order("1, 2")
		if table == "customer_counts" {
			query = s.read.Table(table).Select("company_id, sum(active) AS active, sum(inactive) AS inactive").
				Group("company_id").Order("1")
		}
		var rows []map[string]any
		if err := query.Find(&rows).Error; err != nil {
			tb.Fatal(err)
		}
		dump[table] = rows
	}
	return dump
}

var errInjected = errors.New("injected")

// faultyPool fails its nth statement, before it is sent or after.
type faultyPool struct {
	gorm.ConnPool
	left  *int
	after bool
}

func (p faultyPool) spend() error {
	*p.left--
	if *p.left == 0 {
		return errInjected
	}
	return nil
}

func (p faultyPool) ExecContext(ctx context.Context, query string, args ...any) (sql.Result, error) {
	fault := p.spend()
	if fault != nil && !p.after {
		return nil, fault
	}
	result, err := p.ConnPool.ExecContext(ctx, query, args...)
	return result, errors.Join(err, fault)
}

func (p faultyPool) QueryContext(ctx context.Context, query string, args ...any) (*sql.Rows, error) {
	if err := p.spend(); err != nil {
		return nil, err
	}
	return p.ConnPool.QueryContext(ctx, query, args...)
}

func (p faultyPool) BeginTx(ctx context.Context, o *sql.TxOptions) (gorm.ConnPool, error) {
	if err := p.spend(); err != nil {
		return nil, err
	}
	tx, err := p.ConnPool.(gorm.TxBeginner).BeginTx(ctx, o) //nolint:forcetypeassert,errcheck // every pool is one
	return &faultyTx{faultyPool: faultyPool{ConnPool: tx, left: p.left, after: p.after}, tx: tx}, err
}

type faultyTx struct {
	faultyPool
	tx *sql.Tx
}

// Commit fails before it is sent: one whose answer is lost cannot be undone.
func (t *faultyTx) Commit() error {
	if err := t.spend(); err != nil {
		return errors.Join(err, t.tx.Rollback())
	}
	return t.tx.Commit()
}

func (t *faultyTx) Rollback() error { return t.tx.Rollback() }

func TestWhicheverStatementFailsNothingIsHalfWritten(t *testing.T) {
	t.Parallel()
	eachDialect(t, func(t *testing.T, s *Store) {
		company := mustCreateCompany(t, s)
		c := mustCreateCustomer(t, s, company.ID, customer())
		unused := mustCreateCustomer(t, s, company.ID, customer())
		draft := mustCreateInvoice(t, s, company.ID, invoice())
		for _, operation := range []struct {
			name       string
			statements int // three and more are a transaction
			run        func() error
		}{
			{"CreateCompany", 4, func() error { _, err := s.CreateCompany(t.Context(), NewCompany{Environment: Test}); return err }},
			{"CreateKey", 4, func() error { _, _, err := s.CreateKey(t.Context(), NewKey{CompanyID: company.ID}); return err }},
			{"CreateInvoice", 6, func() error { _, err := s.CreateInvoice(t.Context(), company.ID, invoiceFor(c)); return err }},
			// SQLite has another pool to read from.
			{"UpdateCustomer", map[dialect]int{dialectPostgres: 2, dialectSQLite: 1}[s.dialect], func() error {
				_, err := s.UpdateCustomer(t.Context(), company.ID, c.ID, CustomerUpdate{Active: new(true)})
				return err
			}},
			{"UpdateCustomer, overtaken", 4, func() error {
				_, err := s.mergeLocked(t.Context(), company.ID, c.ID, CustomerUpdate{Active: new(true)})
				return err
			}},
			{"CreateCustomer", 1, func() error { _, err := s.CreateCustomer(t.Context(), company.ID, customer()); return err }},
			{"DeactivateCustomer", 1, func() error { return s.DeactivateCustomer(t.Context(), company.ID, unused.ID) }},
			{"DeleteInvoice", 1, func() error { return s.DeleteInvoice(t.Context(), company.ID, draft.ID) }},
		} {
			for _, after := range []bool{false, true} {
				if after && operation.statements < 3 {
					continue // it is done, and only its answer is lost
				}
				before := mustDump(t, s)
				for k := 1; k <= operation.statements+1; k++ {
					t.Run(fmt.Sprintf("%s, statement %d, sent %t", operation.name, k, after), func(t *testing.T) {
						left := k
						pool := s.write.Statement.ConnPool
						s.write.Statement.ConnPool = faultyPool{ConnPool: pool, left: &left, after: after}
						err := operation.run()
						s.write.Statement.ConnPool = pool
						if k > operation.statements {
							if err != nil || left != 1 {
								t.Errorf("it has other statements than those tried: %d left, %v", left, err)
							}
							return
						}
						if !errors.Is(err, errInjected) {
							t.Errorf("got %v", err)
						}
						if diff := cmp.Diff(before, mustDump(t, s)); diff != "" {
							t.Error(diff)
						}
					})
				}
			}
		}
	})
}

func TestAPanicInATransactionUndoesIt(t *testing.T) {
	t.Parallel()
	eachDialect(t, func(t *testing.T, s *Store) {
		company := mustCreateCompany(t, s)
		func() {
			defer func() {
				if recover() == nil {
					t.Error("the panic was swallowed")
				}
			}()
			_ = s.tx(t.Context(), func(tx *gorm.DB, now time.Time) error {
				if err := createDefaultSeries(tx, company.ID, now); err == nil {
					t.Error("a second default series")
				}
				panic("bug")
			})
		}()
		mustCreateCustomer(t, s, company.ID, customer()) // the connection is free again
	})
}

func TestATransactionIsTriedAgainOnlyWhenTheDatabaseAsksForIt(t *testing.T) {
	t.Parallel()
	eachDialect(t, func(t *testing.T, s *Store) {
		company := mustCreateCompany(t, s)
		for _, test := range []struct {
			name     string
			err      error
			failures int
			calls    int
			succeeds bool
		}{
			{"conflicts pass", conflict(t, s), 2, 3, true},
			{"three are enough", conflict(t, s), 9, 3, false},
			{"a lost connection is not tried again", unavailable(errors.New("connection reset")), 9, 1, false},
			{"nor is any other error", errInjected, 9, 1, false},
		} {
			t.Run(test.name, func(t *testing.T) {
				calls := 0
				err := s.tx(t.Context(), func(tx *gorm.DB, now time.Time) error {
					calls++
					row := newCustomerRow(company.ID, customer(), now)
					err := tx.Create(&row).Error
					if err == nil && calls <= test.failures {
						err = test.err
					}
					return err
				})
				if calls != test.calls || (err == nil) != test.succeeds {
					t.Errorf("%d calls: %v", calls, err)
				}
			})
		}
		if n := mustCount(t, s, "SELECT count(*) FROM customers"); n != 1 {
			t.Errorf("%d customers written", n)
		}
	})
}

func TestACancelledRequestWritesNothing(t *testing.T) {
	t.Parallel()
	eachDialect(t, func(t *testing.T, s *Store) {
		company := mustCreateCompany(t, s)
		c := mustCreateCustomer(t, s, company.ID, customer())
		before := mustDump(t, s)
		for name, run := range map[string]func(ctx context.Context, cancel func()) error{
			"in the middle of a transaction": func(ctx context.Context, cancel func()) error {
				n := invoiceFor(c)
				n.Check = func(Recipient) error { cancel(); return nil }
				_, err := s.CreateInvoice(ctx, company.ID, n)
				return err
			},
			"before its commit": func(ctx context.Context, cancel func()) error {
				return s.tx(ctx, func(tx *gorm.DB, _ time.Time) error {
					err := tx.Exec("UPDATE customers SET notes = 'lost' WHERE id = ?", c.ID).Error
					cancel()
					for pool := tx.Statement.ConnPool; err == nil; { // until it is undone behind our back
						_, err = pool.ExecContext(context.WithoutCancel(ctx), "SELECT 1")
					}
					if errors.Is(err, sql.ErrTxDone) {
						err = nil
					}
					return err
				})
			},
			"before the only statement": func(ctx context.Context, cancel func()) error {
				cancel()
				return s.DeactivateCustomer(ctx, company.ID, c.ID)
			},
			"before a look-up": func(ctx context.Context, cancel func()) error {
				cancel()
				_, err := s.GetCustomer(ctx, company.ID, c.ID)
				return err
			},
		} {
			t.Run(name, func(t *testing.T) {
				ctx, cancel := context.WithCancel(t.Context())
				defer cancel()
				if err := run(ctx, cancel); !errors.Is(err, context.Canceled) || errors.Is(err, ErrUnavailable) {
					t.Errorf("got %v", err)
				}
				if diff := cmp.Diff(before, mustDump(t, s)); diff != "" {
					t.Error(diff)
				}
			})
		}
	})
}

func TestWithoutAFreeConnectionInTimeTheDatabaseIsUnavailable(t *testing.T) {
	for _, d := range dialects {
		t.Run(string(d), func(t *testing.T) {
			o := migratedOptions(t, d)
			o.MaxConns = 1
			s := mustOpen(t, o)
			company := mustCreateCompany(t, s)
			n := invoice()
			n.Check = func(Recipient) error { // its transaction has the only connection
				ctx, cancel := context.WithTimeout(t.Context(), 10*time.Millisecond)
				defer cancel()
				if _, err := s.CreateCustomer(ctx, company.ID, customer()); !errors.Is(err, ErrUnavailable) {
					t.Errorf("got %v", err)
				}
				return nil
			}
			mustCreateInvoice(t, s, company.ID, n)
			mustCreateCustomer(t, s, company.ID, customer())
		})
	}
}

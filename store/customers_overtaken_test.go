package store

import (
	"context"
	"database/sql"
	"errors"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"gorm.io/gorm"
)

// overtakenPool lets somebody else act just before its next statement that writes.
type overtakenPool struct {
	gorm.ConnPool
	overtake *func()
}

func (p overtakenPool) ExecContext(ctx context.Context, query string, args ...any) (sql.Result, error) {
	overtake := *p.overtake
	*p.overtake = func() {}
	overtake()
	return p.ConnPool.ExecContext(ctx, query, args...)
}

func (p overtakenPool) BeginTx(ctx context.Context, o *sql.TxOptions) (gorm.ConnPool, error) {
	return p.ConnPool.(gorm.TxBeginner).BeginTx(ctx, o) //nolint:forcetypeassert,errcheck // every pool is one
}

func TestAnUpdateThatIsOvertaken(t *testing.T) {
	t.Parallel()
	for _, d := range dialects {
		t.Run(string(d), func(t *testing.T) {
			t.Parallel()
			o := migratedOptions(t, d)
			s, other := mustOpen(t, o), mustOpen(t, o)
			company := mustCreateCompany(t, s).ID
			pool := s.write.Statement.ConnPool
			// update changes the notes of a new customer, overtaken in the middle.
			update := func(versions func(Customer) []time.Time, overtake func(Customer)) (before, after Customer, err error) {
				c := mustCreateCustomer(t, s, company, customer())
				overtaken := func() { overtake(c) }
				s.write.Statement.ConnPool = overtakenPool{pool, &overtaken}
				defer func() { s.write.Statement.ConnPool = pool }()
				after, err = s.UpdateCustomer(t.Context(), company, c.ID, CustomerUpdate{Notes: SetTo("ours"), Versions: versions(c)})
				return c, after, err
			}
			anyVersion := func(Customer) []time.Time { return nil }
			thisVersion := func(c Customer) []time.Time { return []time.Time{c.UpdatedAt} }
			change := func(c Customer) {
				if _, err := other.UpdateCustomer(t.Context(), company, c.ID, CustomerUpdate{Phone: SetTo("911")}); err != nil {
					t.Error(err)
				}
			}

			t.Run("by another update keeps what that has changed", func(t *testing.T) {
				want, got, err := update(anyVersion, change)
				want.Phone, want.Notes = new("911"), new("ours")
				want.UpdatedAt = want.UpdatedAt.Add(2 * time.Microsecond)
				if diff := cmp.Diff(want, got); err != nil || diff != "" {
					t.Fatal(err, diff)
				}
				if diff := cmp.Diff(want, mustTakeCustomer(t, s, want)); diff != "" {
					t.Error(diff)
				}
			})
			t.Run("by another update is refused if it was meant for the version before", func(t *testing.T) {
				if _, _, err := update(thisVersion, change); !errors.Is(err, ErrVersion) {
					t.Errorf("got %v", err)
				}
			})
			t.Run("by a deactivation finds nobody", func(t *testing.T) {
				c, _, err := update(thisVersion, func(c Customer) { mustDeactivate(t, other, c) })
				if !errors.Is(err, ErrNotFound) {
					t.Errorf("got %v", err)
				}
				if n := mustCount(t, s, "SELECT count(*) FROM customers WHERE id = ? AND deleted_at IS NOT NULL AND notes IS NULL", c.ID); n != 1 {
					t.Error("the row has changed")
				}
			})
		})
	}
}

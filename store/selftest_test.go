package store

import (
	"context"
	"errors"
	"regexp"
	"testing"

	"github.com/google/go-cmp/cmp"
	"github.com/google/uuid"
)

func TestSelftestRace(t *testing.T) {
	t.Parallel()
	silent := func(RaceResult) {}
	for _, d := range dialects {
		t.Run("on "+string(d), func(t *testing.T) {
			t.Parallel()
			o := migratedOptions(t, d)
			s := mustOpen(t, o)
			c := mustCreateCustomer(t, s, mustCreateCompany(t, s).ID, customer())
			mustCreateInvoice(t, s, c.CompanyID, invoiceFor(c))
			before := mustDump(t, s)
			mustLeaveNothing := func(t *testing.T) {
				t.Helper()
				if diff := cmp.Diff(before, mustDump(t, s)); diff != "" {
					t.Errorf("it left something (-before +after):\n%s", diff)
				}
				if d == dialectSQLite {
					if n := mustCount(t, s, "SELECT count(*) FROM customer_documents"); n != 1 {
						t.Errorf("%d customers can be searched for, one is there", n)
					}
				}
			}

			t.Run("every pair has one winner, and nothing is left", func(t *testing.T) {
				const pairs = raceRound + 50
				var told []int
				result, err := SelftestRace(t.Context(), o, pairs, 4, func(r RaceResult) { told = append(told, r.Pairs) })
				if err != nil || result.Pairs != pairs || result.Violations != 0 || result.Undecided != 0 {
					t.Errorf("%+v, %v", result, err)
				}
				if result.Invoiced == 0 || result.Deactivated+result.Invoiced != pairs || result.Elapsed <= 0 {
					t.Errorf("%+v", result)
				}
				if diff := cmp.Diff([]int{raceRound, pairs}, told); diff != "" {
					t.Errorf("progress: %s", diff)
				}
				mustLeaveNothing(t)
			})

			t.Run("stopped in between it tells of the pairs so far and leaves nothing", func(t *testing.T) {
				ctx, cancel := context.WithCancel(t.Context())
				defer cancel()
				go func() {
					for ctx.Err() == nil && mustCount(t, s, "SELECT count(*) FROM invoices WHERE company_id BETWEEN ? AND ?", scratch, scratchEnd) == 0 {
						continue // no pair has come to an end yet
					}
					cancel()
				}()
				result, err := SelftestRace(ctx, o, 1_000_000, 4, silent)
				if err != nil || result.Pairs >= 1_000_000 || result.Violations != 0 || result.Undecided != 0 {
					t.Errorf("%+v, %v", result, err)
				}
				mustLeaveNothing(t)
			})

			t.Run("what a killed run left is removed by the next", func(t *testing.T) {
				id, err := s.createScratch(t.Context())
				if err != nil {
					t.Fatal(err)
				}
				left := mustCreateCustomer(t, s, id, customer())
				mustCreateInvoice(t, s, id, scratchInvoice(left.ID))
				if result, err := SelftestRace(t.Context(), o, 1, 1, silent); err != nil || result.Pairs != 1 {
					t.Errorf("%+v, %v", result, err)
				}
				mustLeaveNothing(t)
			})

			t.Run("two at a time would remove each other's rows, so the second is refused", func(t *testing.T) {
				_, err := SelftestRace(t.Context(), o, 1, 1, func(RaceResult) {
					if _, err := SelftestRace(t.Context(), o, 1, 1, silent); !errors.Is(err, ErrSelftestRunning) {
						t.Errorf("got %v", err)
					}
				})
				if err != nil {
					t.Error(err)
				}
				mustLeaveNothing(t)
			})

			t.Run("pairs that fail for another reason are told, and nothing is left", func(t *testing.T) {
				mustExec(t, s, "CREATE UNIQUE INDEX one_draft ON invoices (company_id, status)")
				defer mustExec(t, s, "DROP INDEX one_draft")
				result, err := SelftestRace(t.Context(), o, 10, 2, silent)
				if err != nil || result.Pairs != 10 || result.Undecided == 0 || result.Fault == nil {
					t.Errorf("%+v, %v", result, err)
				}
				mustLeaveNothing(t)
			})

			t.Run("without the constraint it finds violations, and nothing is left", func(t *testing.T) {
				dropRuleForGood(t, s)
				const pairs = 200
				result, err := SelftestRace(t.Context(), o, pairs, 4, silent)
				t.Logf("%d of %d pairs break the rule", result.Violations, result.Pairs)
				if err != nil || result.Violations < pairs/4 {
					t.Errorf("%+v, %v", result, err)
				}
				mustLeaveNothing(t)
			})
		})
	}
}

// dropRuleForGood takes the constraint out of the schema, for connections to come.
func dropRuleForGood(tb testing.TB, s *Store) {
	tb.Helper()
	if s.dialect == dialectPostgres {
		mustExec(tb, s, "ALTER TABLE invoices DROP CONSTRAINT invoices_customer_fkey")
		return
	}
	var table string
	mustScan(tb, s, &table, "SELECT sql FROM sqlite_schema WHERE name = 'invoices'")
	rule := regexp.MustCompile(`FOREIGN KEY \(company_id, live_customer_id, customer_live\)\s+REFERENCES customers \(company_id, id, live\)`)
	without := rule.ReplaceAllString(table, "CHECK (true)")
	if without == table {
		tb.Fatal("the constraint is not where it was")
	}
	mustExec(tb, s, "PRAGMA writable_schema = 1")
	mustExec(tb, s, "UPDATE sqlite_schema SET sql = ? WHERE name = 'invoices'", without)
	mustExec(tb, s, "PRAGMA writable_schema = 0")
}

func TestScratchCompaniesCannotBeAnybodys(t *testing.T) {
	s := mustOpen(t, migratedOptions(t, dialectSQLite))
	id, err := s.createScratch(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	if id.Version() != 8 || id.Variant() != uuid.RFC4122 || id.String() < scratch.String() || id.String() > scratchEnd.String() {
		t.Errorf("a scratch company has the id %s", id)
	}
	if id := mustCreateCompany(t, s).ID; id.Version() == 8 {
		t.Errorf("a real company has the id %s", id)
	}
}

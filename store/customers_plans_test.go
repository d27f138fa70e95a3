//go:build !race

// One goroutine, which the race detector makes ten times slower.

package store

import (
	"errors"
	"fmt"
	"slices"
	"strings"
	"testing"

	"github.com/google/uuid"
	"gorm.io/gorm"
)

// mustExplain returns what the database would do for a statement.
func mustExplain(tb testing.TB, db *gorm.DB, d dialect, query fragment) string {
	tb.Helper()
	explain := "EXPLAIN "
	column := 0
	if d == dialectSQLite {
		explain, column = "EXPLAIN QUERY PLAN ", 3
	}
	rows, err := db.Raw(explain+query.text, query.args...).Rows()
	if err != nil {
		tb.Fatalf("%s: %v", query.text, err)
	}
	defer rows.Close()
	var plan strings.Builder
	for rows.Next() {
		cells := make([]any, column+1)
		into := make([]any, len(cells))
		for i := range cells {
			into[i] = &cells[i]
		}
		if err := rows.Scan(into...); err != nil {
			tb.Fatal(err)
		}
		fmt.Fprintln(&plan, cells[column])
	}
	if err := rows.Err(); err != nil || plan.Len() == 0 {
		tb.Fatalf("no plan: %v", err)
	}
	return plan.String()
}

// literals writes a statement's values into PostgreSQL's EXECUTE.
func literals(args []any) string {
	var values []string
	for _, a := range args {
		values = append(values, "'"+strings.ReplaceAll(fmt.Sprint(a), "'", "''")+"'")
	}
	return strings.Join(values, ", ")
}

// mustExplainPrepared returns the plans of ten executions of a prepared
// statement, at the sixth of which PostgreSQL may turn to a plan for any values,
// and then the plan for any values.
func mustExplainPrepared(tb testing.TB, s *Store, query fragment) []string {
	tb.Helper()
	prepared := s.read.Session(&gorm.Session{DryRun: true}).Raw(query.text, query.args...).Scan(&struct{}{}).Statement.SQL.String()
	var plans []string
	err := s.read.Connection(func(db *gorm.DB) error {
		execute := fragment{text: "EXECUTE listing (" + literals(query.args) + ")"}
		err := db.Exec("PREPARE listing AS " + prepared).Error
		for range 10 {
			plans = append(plans, mustExplain(tb, db, s.dialect, execute))
		}
		err = errors.Join(err, db.Exec("SET plan_cache_mode = force_generic_plan").Error)
		plans = append(plans, mustExplain(tb, db, s.dialect, execute))
		return errors.Join(err, db.Exec("RESET plan_cache_mode").Error, db.Exec("DEALLOCATE listing").Error)
	})
	if err != nil {
		tb.Fatalf("%s: %v", prepared, err)
	}
	return plans
}

// Everything but a term of one or two letters is found through an index, in a
// table that a second company fills as much.
func TestNoListReadsTheWholeTable(t *testing.T) {
	t.Parallel()
	eachDialect(t, func(t *testing.T, s *Store) {
		company := mustCreateCompany(t, s).ID
		mustFillFast(t, s, mustCreateCompany(t, s).ID, 30_000)
		mustFillFast(t, s, company, 30_000)
		filters := map[string]CustomerFilter{
			"rare word":           {Search: "n1000777"},
			"word":                {Search: "garcia"},
			"common word":         {Search: "hermanos"},
			"two words":           {Search: "garcia", LegalName: "hermanos"},
			"legal name":          {LegalName: "núñez"},
			"NIF":                 {NIF: "00123"},
			"e-mail address":      {Email: "info@77"},
			"telephone":           {Phone: "600 0"},
			"city":                {City: "Ávila"},
			"province":            {Province: "Ávila"},
			"a word in a city":    {City: "Teruel", Search: "garcia"},
			"active in a city":    {City: "Teruel", Active: new(true)},
			"inactive with words": {Active: new(false), Search: "garcia"},
		}
		for name, f := range filters {
			f.Limit = 20
			t.Run(name, func(t *testing.T) {
				checkPlans(t, s, mustQuery(t, s, f, company).few(), false)
			})
			for _, f.SortBy = range allSorts[1:] {
				t.Run(fmt.Sprintf("%s by %s", name, f.SortBy), func(t *testing.T) {
					q := mustQuery(t, s, f, company)
					checkPlans(t, s, q.walk(q.count(), false, q.limit, q.offset), false)
				})
			}
		}
		t.Run("however many match, page and total are exact", func(t *testing.T) {
			checkLongList(t, s, company, CustomerFilter{Search: "hermanos"}, "legal_name_fold LIKE '%hermanos%'")
			checkLongList(t, s, company, CustomerFilter{Search: "ga", SortBy: SortByEmail}, "(legal_name_fold || email_fold) LIKE '%ga%'")
			checkLongList(t, s, company, CustomerFilter{City: "Madrid", Active: new(true), Descending: true}, "city_fold = 'madrid' AND active")
			checkLongList(t, s, company, CustomerFilter{}, "id = id")
			checkLongList(t, s, company, CustomerFilter{SortBy: SortByNIF, Descending: true}, "id = id")
			checkLongList(t, s, company, CustomerFilter{Active: new(true), SortBy: SortByCity}, "active")
			checkLongList(t, s, company, CustomerFilter{Active: new(false), SortBy: SortByCity}, "NOT active")
		})
		for name, f := range map[string]CustomerFilter{
			"all": {}, "active ones": {Active: new(true)}, "inactive ones": {Active: new(false)},
		} {
			f.Limit = 20
			for _, f.SortBy = range allSorts[1:] {
				for _, f.Page = range []int{1, 50, 1500} {
					for _, f.Descending = range []bool{false, true} {
						t.Run(fmt.Sprintf("%s by %s, page %d, descending %t", name, f.SortBy, f.Page, f.Descending), func(t *testing.T) {
							q := mustQuery(t, s, f, company)
							count := fragment{"SELECT CAST(coalesce(sum(" + f.counters() + "), 0) AS bigint) FROM customer_counts WHERE company_id = ?", []any{company}}
							checkPlans(t, s, q.walk(count, false, q.limit, q.offset), true)
							checkPlans(t, s, q.walk(count, true, q.limit, q.offset), true)
						})
					}
				}
			}
		}
	})
}

// Planning a page takes longer than reading it. The first five plans of a statement
// are always made for the values; whether there are more is for PostgreSQL to say.
func TestPagesNearTheBeginningArePlannedOnce(t *testing.T) {
	t.Parallel()
	for _, size := range []int{1_000, 30_000} {
		t.Run(fmt.Sprintf("%d customers", size), func(t *testing.T) {
			t.Parallel()
			o := migratedOptions(t, dialectPostgres)
			o.MaxConns = 1
			s := mustOpen(t, o)
			company := mustCreateCompany(t, s).ID
			mustFillFast(t, s, company, size)
			filters := []CustomerFilter{{}, {SortBy: SortByNIF, Descending: true}, {SortBy: SortByActive}, {Active: new(true)}}
			for _, f := range filters {
				for f.Page = range 13 {
					f.Limit = 20 + f.Page
					mustList(t, s, company, f)
				}
			}
			var n struct{ Statements, Plans int }
			mustScan(t, s, &n, `SELECT count(*) AS statements, max(custom_plans) AS plans
				FROM pg_prepared_statements WHERE statement LIKE 'WITH %) AS near %'`)
			if n.Statements != len(filters) || n.Plans != 5 {
				t.Errorf("%d statements for %d lists, planned up to %d times", n.Statements, len(filters), n.Plans)
			}
		})
	}
}

// checkLongList compares pages all over a list with what the condition finds.
func checkLongList(t *testing.T, s *Store, company uuid.UUID, f CustomerFilter, condition string) {
	t.Helper()
	order := mustQuery(t, s, f, company)
	var ids []uuid.UUID
	mustScan(t, s, &ids, "SELECT id FROM customers WHERE company_id = ? AND deleted_at IS NULL AND "+condition+
		" ORDER BY "+order.by(order.order, "id", f.Descending), company)
	f.Limit = 7
	pages := (len(ids) + f.Limit - 1) / f.Limit
	for _, f.Page = range []int{1, 2, pages / 3, pages/2 + 1, pages - 1, pages, pages + 1, 10 * pages} {
		first := min((f.Page-1)*f.Limit, len(ids))
		want := ids[first:min(first+f.Limit, len(ids))]
		got, total := mustList(t, s, company, f)
		if total != len(ids) || !slices.EqualFunc(got, want, func(c Customer, id uuid.UUID) bool { return c.ID == id }) {
			t.Errorf("%+v: page %d of %d has %d customers and a total of %d, want %d and %d", f, f.Page, pages, len(got), total, len(want), len(ids))
		}
	}
}

func mustQuery(tb testing.TB, s *Store, f CustomerFilter, company uuid.UUID) customerQuery {
	tb.Helper()
	q, err := s.customerQuery(company, f)
	if err != nil {
		tb.Fatal(err)
	}
	return q
}

func checkPlans(t *testing.T, s *Store, query fragment, prepared bool) {
	t.Helper()
	plans := []string{mustExplain(t, s.read, s.dialect, query)}
	if prepared && s.dialect == dialectPostgres {
		plans = append(plans, mustExplainPrepared(t, s, query)...)
	}
	for i, plan := range plans {
		for line := range strings.Lines(plan) {
			line = strings.TrimSpace(line)
			whole := strings.Contains(line, "Seq Scan on customers ") || (strings.HasPrefix(line, "SCAN customers") && !strings.HasPrefix(line, "SCAN customers USING"))
			if whole {
				t.Fatalf("plan %d reads the whole table:\n%s", i, plan)
			}
		}
	}
}

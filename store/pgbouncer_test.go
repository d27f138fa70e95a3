package store

import (
	"context"
	"sync"
	"testing"

	"github.com/jackc/pgx/v5"

	"github.com/panal/panal/internal/testpg"
)

// The pool has four connections, so that they are passed from hand to hand all
// the time.
//
//nolint:tparallel // the first subtest migrates for the others
func TestThroughPgBouncer(t *testing.T) {
	t.Parallel()
	url, direct := testpg.Pooled(t, "../deploy/pgbouncer.ini")
	o := Options{DatabaseURL: url, Now: new(clock).Now, MaxConns: 8}

	t.Run("one of eight processes migrates, and no lock is left behind", func(t *testing.T) {
		migrateAtOnce(t, o, 8)
		if n := mustCount(t, mustOpen(t, Options{DatabaseURL: direct}), `SELECT count(*) FROM pg_locks
			WHERE locktype = 'advisory' AND database = (SELECT oid FROM pg_database WHERE datname = current_database())`); n != 0 {
			t.Errorf("%d locks are left", n)
		}
	})

	t.Run("it is noticed, and only there", func(t *testing.T) {
		if s := mustOpen(t, o); !s.pooled {
			t.Error("a pooler is taken for PostgreSQL")
		}
		if s := mustOpen(t, Options{DatabaseURL: direct}); s.pooled {
			t.Error("PostgreSQL is taken for a pooler")
		}
	})

	t.Run("its sessions have the settings that ours have", func(t *testing.T) {
		behind, beside := mustOpen(t, o), mustOpen(t, Options{DatabaseURL: direct})
		for name, want := range sessionSettings {
			for _, s := range []*Store{behind, beside} {
				var got string
				mustScan(t, s, &got, "SELECT current_setting(?)", name)
				if got != want {
					t.Errorf("pooled %t: %s is %s, want %s", s.pooled, name, got, want)
				}
			}
		}
	})

	t.Run("the rule holds, and every statement works, from four processes with eight connections each", func(t *testing.T) {
		const pairs = 400
		result, err := SelftestRace(t.Context(), o, pairs, 16, func(RaceResult) {})
		if err != nil || result.Pairs != pairs || result.Violations != 0 || result.Undecided != 0 {
			t.Errorf("%+v, %v", result, err)
		}
	})

	t.Run("lists and searches work", func(t *testing.T) {
		s := mustOpen(t, o)
		rows := mustFill(t, s, mustCreateCompany(t, s).ID, 50)
		var readers sync.WaitGroup
		for range 8 {
			readers.Go(func() {
				for range 20 {
					page, total, err := s.ListCustomers(t.Context(), rows[0].CompanyID, CustomerFilter{Search: "cliente", Limit: 20, Page: 1, SortBy: SortByCreatedAt})
					if err != nil || total != 50 || len(page) != 20 {
						t.Errorf("%d of %d customers: %v", len(page), total, err)
					}
				}
			})
		}
		readers.Wait()
	})

	// Else the tests above would pass without any pooler that matters.
	t.Run("statements that are kept prepared do break", func(t *testing.T) {
		config, err := pgx.ParseConfig(url)
		if err != nil {
			t.Fatal(err)
		}
		config.DefaultQueryExecMode = pgx.QueryExecModeCacheStatement
		broken := false
		for range 8 {
			conn, err := pgx.ConnectConfig(t.Context(), config)
			if err != nil {
				t.Fatal(err)
			}
			t.Cleanup(func() { _ = conn.Close(context.Background()) })
			var n int
			err = conn.QueryRow(t.Context(), "SELECT $1::int", 1).Scan(&n)
			broken = broken || err != nil
		}
		if !broken {
			t.Error("eight clients kept the same statement prepared on four connections, and nothing happened")
		}
	})
}

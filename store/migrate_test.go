package store

import (
	"errors"
	"io/fs"
	"path"
	"sync"
	"sync/atomic"
	"testing"

	"github.com/google/go-cmp/cmp"
	"github.com/pressly/goose/v3"
)

func TestMigrate(t *testing.T) {
	for _, d := range dialects {
		t.Run(string(d), func(t *testing.T) {
			t.Run("makes an empty database ready, once", func(t *testing.T) {
				s := mustOpen(t, emptyOptions(t, d))
				if err := s.Ready(t.Context()); err == nil {
					t.Error("an empty database is ready")
				}
				for _, want := range []int{schemaVersion, 0} {
					if applied, err := s.Migrate(t.Context()); err != nil || applied != want {
						t.Errorf("%d steps, want %d: %v", applied, want, err)
					}
				}
				if err := s.Ready(t.Context()); err != nil {
					t.Error(err)
				}
			})
			t.Run("works from twenty processes at once", func(t *testing.T) {
				o := emptyOptions(t, d)
				o.MaxConns = 2
				migrateAtOnce(t, o, 20)
			})
			t.Run("leaves a newer schema alone", func(t *testing.T) {
				s := mustOpen(t, migratedOptions(t, d))
				mustExec(t, s, "INSERT INTO goose_db_version (version_id, is_applied) VALUES (?, ?)", schemaVersion+1, true)
				if applied, err := s.Migrate(t.Context()); applied != 0 || !errors.Is(err, ErrSchemaTooNew) {
					t.Errorf("%d steps: %v", applied, err)
				}
				if err := s.Ready(t.Context()); !errors.Is(err, ErrSchemaTooNew) {
					t.Errorf("ready: %v", err)
				}
			})
			t.Run("goes on from an older schema, which is not ready", func(t *testing.T) {
				s := mustOpen(t, emptyOptions(t, d))
				migrator := mustMigrator(t, s)
				if _, err := migrator.UpTo(t.Context(), 1); err != nil {
					t.Fatal(err)
				}
				if err := s.Ready(t.Context()); !errors.Is(err, ErrSchemaTooOld) {
					t.Errorf("got %v", err)
				}
				if applied, err := s.Migrate(t.Context()); err != nil || applied != schemaVersion-1 {
					t.Errorf("%d steps: %v", applied, err)
				}
			})
			t.Run("can be taken back to nothing and done again", func(t *testing.T) {
				s := mustOpen(t, migratedOptions(t, d))
				want := mustReadCatalogue(t, s)
				migrator := mustMigrator(t, s)
				if _, err := migrator.DownTo(t.Context(), 0); err != nil {
					t.Fatal(err)
				}
				if _, err := s.Migrate(t.Context()); err != nil {
					t.Fatal(err)
				}
				if diff := cmp.Diff(want, mustReadCatalogue(t, s)); diff != "" {
					t.Error(diff)
				}
			})
		})
	}
}

func TestMigrationsComeInPairs(t *testing.T) {
	names := map[dialect][]string{}
	for _, d := range dialects {
		files, err := fs.Glob(migrations, "migrations/"+string(d)+"/*.sql")
		if err != nil {
			t.Fatal(err)
		}
		for _, file := range files {
			names[d] = append(names[d], path.Base(file))
		}
		if len(files) != schemaVersion {
			t.Errorf("%d files for %s, and the version is %d", len(files), d, schemaVersion)
		}
	}
	if diff := cmp.Diff(names[dialectSQLite], names[dialectPostgres]); diff != "" {
		t.Error(diff)
	}
}

func mustMigrator(tb testing.TB, s *Store) *goose.Provider {
	tb.Helper()
	pool, err := s.write.DB()
	if err != nil {
		tb.Fatal(err)
	}
	migrator, err := s.migrator(pool)
	if err != nil {
		tb.Fatal(err)
	}
	return migrator
}

// migrateAtOnce lets so many processes start on one database, which each leaves with
// every migration applied once.
func migrateAtOnce(tb testing.TB, o Options, processes int) {
	tb.Helper()
	var starters sync.WaitGroup
	var applied atomic.Int64
	for range processes {
		starters.Go(func() {
			s, err := Open(tb.Context(), o)
			if err != nil {
				tb.Error(err)
				return
			}
			n, err := s.Migrate(tb.Context())
			if err := errors.Join(err, s.Ready(tb.Context()), s.Close()); err != nil {
				tb.Error(err)
			}
			applied.Add(int64(n))
		})
	}
	starters.Wait()
	if applied.Load() != schemaVersion {
		tb.Errorf("%d steps in all", applied.Load())
	}
}

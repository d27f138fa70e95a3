package store

import (
	"net/url"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/panal/panal/internal/testpg"
)

// mustFind examines and returns the finding of that name.
func mustFind(tb testing.TB, o Options, name string) Finding {
	tb.Helper()
	findings := Examine(tb.Context(), o)
	for _, f := range findings {
		if f.Verdict != OK && f.Advice == "" {
			tb.Errorf("it does not say what to do: %+v", f)
		}
	}
	for _, f := range findings {
		if f.Name == name {
			return f
		}
	}
	tb.Fatalf("nothing is said about the %s: %+v", name, findings)
	return Finding{}
}

func TestExamine(t *testing.T) {
	t.Parallel()
	for _, d := range dialects {
		t.Run(string(d), func(t *testing.T) {
			t.Parallel()

			t.Run("a database that is as it should be has nothing but good findings", func(t *testing.T) {
				o := migratedOptions(t, d)
				if d == dialectSQLite {
					o.DataDir = filepath.Join(t.TempDir(), "data")
					if _, err := mustOpen(t, o).Migrate(t.Context()); err != nil {
						t.Fatal(err)
					}
				}
				var names []string
				for _, f := range Examine(t.Context(), o) {
					names = append(names, f.Name)
					if f.Verdict != OK || f.Detail == "" || f.Advice != "" {
						t.Errorf("%+v", f)
					}
				}
				want := []string{"data directory", "disk", "database", "schema"}
				if d == dialectPostgres {
					want = []string{"database", "pooler", "extensions", "schema", "clock", "connections"}
				}
				if diff := cmp.Diff(want, names); diff != "" {
					t.Error(diff)
				}
			})

			t.Run("a schema that is missing, older or newer is told, and left as it is", func(t *testing.T) {
				o := emptyOptions(t, d)
				s := mustOpen(t, o)
				if f := mustFind(t, o, "schema"); f.Verdict != Warn || !strings.Contains(f.Detail, "empty") {
					t.Errorf("empty: %+v", f)
				}
				if _, err := mustMigrator(t, s).UpTo(t.Context(), 1); err != nil {
					t.Fatal(err)
				}
				if f := mustFind(t, o, "schema"); f.Verdict != Warn || !strings.Contains(f.Detail, "older") {
					t.Errorf("older: %+v", f)
				}
				if n := mustCount(t, s, appliedVersion); n != 1 {
					t.Errorf("the version is %d now", n)
				}
				mustExec(t, s, "INSERT INTO goose_db_version (version_id, is_applied) VALUES (?, ?)", schemaVersion+1, true)
				if f := mustFind(t, o, "schema"); f.Verdict != Fail || !strings.Contains(f.Detail, "newer") {
					t.Errorf("newer: %+v", f)
				}
			})
		})
	}
}

func TestExaminePostgres(t *testing.T) {
	t.Parallel()

	t.Run("a server that does not answer is told in one line, without the password", func(t *testing.T) {
		t.Parallel()
		f := mustFind(t, Options{DatabaseURL: "postgres://panal:s3cret-pw@127.0.0.1:1/panal?connect_timeout=1"}, "database") //nolint:gosec // made up
		if f.Verdict != Fail || strings.Contains(f.Detail, "\n") {
			t.Errorf("%+v", f)
		}
		mustNotContain(t, f.Detail+f.Advice, "s3cret-pw")
	})

	t.Run("a server that may not be written to is told", func(t *testing.T) {
		t.Parallel()
		if f := mustFind(t, Options{DatabaseURL: with(t, testpg.URL(t), "default_transaction_read_only", "on")}, "database"); f.Verdict != Fail || f.Detail != "it is read-only" {
			t.Errorf("%+v", f)
		}
	})

	t.Run("extensions that are missing and cannot be installed are told", func(t *testing.T) {
		t.Parallel()
		if f := mustFind(t, Options{DatabaseURL: testpg.URL(t)}, "extensions"); f.Verdict != OK || !strings.Contains(f.Detail, "to be installed") {
			t.Errorf("the owner: %+v", f)
		}
		if f := mustFind(t, Options{DatabaseURL: with(t, testpg.URL(t), "role", "pg_monitor")}, "extensions"); f.Verdict != Fail || !strings.Contains(f.Advice, "CREATE EXTENSION pg_trgm") {
			t.Errorf("another role: %+v", f)
		}
	})

	t.Run("fewer connections than a process may open are told", func(t *testing.T) {
		t.Parallel()
		o := migratedOptions(t, dialectPostgres)
		s := mustOpen(t, o)
		var name string
		mustScan(t, s, &name, "SELECT current_database()")
		mustExec(t, s, "ALTER DATABASE "+name+" CONNECTION LIMIT 12")
		o.MaxConns = 13
		if f := mustFind(t, o, "connections"); f.Verdict != Fail || !strings.Contains(f.Detail, "allows 12") {
			t.Errorf("more than there are: %+v", f)
		}
		o.MaxConns = 12
		if f := mustFind(t, o, "connections"); f.Verdict != Warn {
			t.Errorf("more than are left: %+v", f)
		}
	})

	t.Run("a pooler is told, and when its sessions lack our settings, how they get them", func(t *testing.T) {
		t.Parallel()
		config, err := os.ReadFile("../deploy/pgbouncer.ini")
		if err != nil {
			t.Fatal(err)
		}
		complete, _ := testpg.Pooled(t, "../deploy/pgbouncer.ini")
		if f := mustFind(t, Options{DatabaseURL: complete}, "pooler"); f.Verdict != OK || !strings.Contains(f.Detail, "there is one") {
			t.Errorf("with them: %+v", f)
		}
		before, after, _ := strings.Cut(string(config), "connect_query")
		_, after, _ = strings.Cut(after, "\n")
		without, _ := testpg.Pooled(t, mustWrite(t, before+"\n"+after))
		f := mustFind(t, Options{DatabaseURL: without}, "pooler")
		if f.Verdict != Warn || strings.Count(f.Advice, "ALTER ROLE") != len(sessionSettings) {
			t.Errorf("without them: %+v", f)
		}
	})

	t.Run("clocks that are apart are told, less the time that asking took", func(t *testing.T) {
		t.Parallel()
		now := time.Now()
		for _, test := range []struct {
			apart, elapsed time.Duration
			want           Verdict
		}{
			{100 * time.Millisecond, 0, OK},
			{-3 * time.Second, 0, Warn},
			{3 * time.Second, 4 * time.Second, OK},
			{2 * time.Minute, 0, Fail},
			{-2 * time.Minute, 0, Fail},
		} {
			if f := examineClock(now, now.Add(test.apart), test.elapsed); f.Verdict != test.want || (f.Advice == "") != (test.want == OK) {
				t.Errorf("%v apart in %v: %+v", test.apart, test.elapsed, f)
			}
		}
	})
}

// with adds a parameter to a URL.
func with(tb testing.TB, address, name, value string) string {
	tb.Helper()
	u, err := url.Parse(address)
	if err != nil {
		tb.Fatal(err)
	}
	query := u.Query()
	query.Set(name, value)
	u.RawQuery = query.Encode()
	return u.String()
}

func TestExamineSQLite(t *testing.T) {
	t.Parallel()

	t.Run("a directory that is not there is told, and not made", func(t *testing.T) {
		t.Parallel()
		dir := filepath.Join(t.TempDir(), "data")
		if f := mustFind(t, Options{DataDir: dir}, "data directory"); f.Verdict != Warn {
			t.Errorf("%+v", f)
		}
		if f := mustFind(t, Options{DataDir: dir}, "database"); f.Verdict != Warn {
			t.Errorf("%+v", f)
		}
		if _, err := os.Stat(dir); !os.IsNotExist(err) {
			t.Errorf("it is there now: %v", err)
		}
	})

	t.Run("a directory that is a file is told", func(t *testing.T) {
		t.Parallel()
		if f := mustFind(t, Options{DataDir: mustWrite(t, "")}, "data directory"); f.Verdict != Fail {
			t.Errorf("%+v", f)
		}
	})

	t.Run("a directory that others can read is told", func(t *testing.T) {
		t.Parallel()
		o := migratedOptions(t, dialectSQLite)
		if err := os.Chmod(o.DataDir, 0o755); err != nil { //nolint:gosec // the point
			t.Fatal(err)
		}
		if f := mustFind(t, o, "data directory"); f.Verdict != Warn || !strings.Contains(f.Detail, "0755") {
			t.Errorf("%+v", f)
		}
	})

	t.Run("a damaged file is told", func(t *testing.T) {
		t.Parallel()
		o, _ := mustFillAndClose(t)
		file, err := os.OpenFile(filepath.Join(o.DataDir, databaseFile), os.O_WRONLY, 0)
		if err != nil {
			t.Fatal(err)
		}
		if _, err := file.WriteAt(make([]byte, 3*4096), 5*4096); err != nil {
			t.Fatal(err)
		}
		if err := file.Close(); err != nil {
			t.Fatal(err)
		}
		if f := mustFind(t, o, "database"); f.Verdict != Fail || !strings.Contains(f.Advice, "restore a backup") {
			t.Errorf("%+v", f)
		}
	})

	t.Run("a disk without room for a backup is told", func(t *testing.T) {
		t.Parallel()
		dir := t.TempDir()
		free, err := freeSpace(dir)
		if err != nil || free <= 0 {
			t.Fatal(free, err)
		}
		if f := examineDisk(dir, free); f.Verdict == OK || f.Advice == "" {
			t.Errorf("%+v", f)
		}
	})
}

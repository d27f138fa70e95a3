package store

import (
	"errors"
	"os"
	"path/filepath"
	"testing"

	"github.com/google/go-cmp/cmp"
)

func TestRestore(t *testing.T) {
	t.Parallel()

	t.Run("files that are no backup are refused, and the old database stays", func(t *testing.T) {
		t.Parallel()
		o, before := mustFillAndClose(t)
		whole := mustBackup(t, func(s *Store) { mustFill(t, s, mustCreateCompany(t, s).ID, 500) })
		newer := mustBackup(t, func(s *Store) {
			mustExec(t, s, "INSERT INTO goose_db_version (version_id, is_applied) VALUES (?, ?)", schemaVersion+1, true)
		})
		content, err := os.ReadFile(whole)
		if err != nil {
			t.Fatal(err)
		}
		holed := append([]byte{}, content...)
		clear(holed[len(holed)/2 : len(holed)/2+4096*3])
		withLog := mustWrite(t, string(content))
		if err := os.WriteFile(withLog+"-wal", []byte("frames"), 0o600); err != nil {
			t.Fatal(err)
		}
		for name, bad := range map[string]struct {
			file string
			want error
		}{
			"a newer schema":           {newer, ErrSchemaTooNew},
			"a damaged page":           {mustWrite(t, string(holed)), ErrDamaged},
			"a cut file":               {mustWrite(t, string(content[:len(content)/2])), ErrDamaged},
			"an empty file":            {mustWrite(t, ""), ErrDamaged},
			"another kind of file":     {mustWrite(t, "id;name\n1;Panal\n"), ErrDamaged},
			"a copy without its log":   {withLog, ErrDamaged},
			"a file that is not there": {filepath.Join(t.TempDir(), "none"), os.ErrNotExist},
		} {
			if err := Restore(t.Context(), o, bad.file, true); !errors.Is(err, bad.want) {
				t.Errorf("%s: got %v", name, err)
			}
		}
		if diff := cmp.Diff(before, mustDump(t, mustOpen(t, o))); diff != "" {
			t.Error(diff)
		}
		if left, err := filepath.Glob(filepath.Join(o.DataDir, "*.restore*")); err != nil || left != nil {
			t.Errorf("left behind: %v, %v", left, err)
		}
	})

	t.Run("a database in use is not replaced, by whomever it is used", func(t *testing.T) {
		t.Parallel()
		o := migratedOptions(t, dialectSQLite)
		file := mustBackup(t, func(*Store) {})
		mustOpen(t, o)
		if err := Restore(t.Context(), o, file, true); !errors.Is(err, ErrInUse) {
			t.Errorf("got %v", err)
		}
	})

	t.Run("a database that is there is kept unless it may be overwritten, and then leaves nothing", func(t *testing.T) {
		t.Parallel()
		o := emptyOptions(t, dialectSQLite)
		s, err := Open(t.Context(), o)
		if err != nil {
			t.Fatal(err)
		}
		if _, err := s.Migrate(t.Context()); err != nil {
			t.Fatal(err)
		}
		mustFill(t, s, mustCreateCompany(t, s).ID, 100)
		// As kill -9 leaves it: with what was written last in the log alone.
		killed := Options{DataDir: t.TempDir()}
		for _, name := range []string{databaseFile, databaseFile + "-wal"} {
			content, err := os.ReadFile(filepath.Join(o.DataDir, name))
			if err != nil || len(content) == 0 {
				t.Fatal(name, err)
			}
			if err := os.WriteFile(filepath.Join(killed.DataDir, name), content, 0o600); err != nil { //nolint:gosec // a test's own directory
				t.Fatal(err)
			}
		}
		if err := s.Close(); err != nil {
			t.Fatal(err)
		}
		file := mustBackup(t, func(s *Store) { mustCreateCompany(t, s) })
		if err := Restore(t.Context(), killed, file, false); !errors.Is(err, ErrExists) {
			t.Errorf("got %v", err)
		}
		if err := Restore(t.Context(), killed, file, true); err != nil {
			t.Fatal(err)
		}
		restored := mustOpen(t, killed)
		if n := mustCount(t, restored, "SELECT count(*) FROM customers"); n != 0 {
			t.Errorf("%d customers of the old database", n)
		}
		info, err := os.Stat(filepath.Join(killed.DataDir, databaseFile))
		if err != nil || info.Mode().Perm() != 0o600 {
			t.Errorf("%v: %v", info.Mode(), err)
		}
	})

	t.Run("the log of a database that was moved away is not taken for the new one's", func(t *testing.T) {
		t.Parallel()
		o := emptyOptions(t, dialectSQLite)
		if err := os.WriteFile(filepath.Join(o.DataDir, databaseFile+"-wal"), []byte("frames"), 0o600); err != nil {
			t.Fatal(err)
		}
		if err := Restore(t.Context(), o, mustBackup(t, func(*Store) {}), false); !errors.Is(err, ErrInUse) {
			t.Errorf("got %v", err)
		}
	})

	t.Run("a backup of an older schema is restored and then migrated", func(t *testing.T) {
		t.Parallel()
		o := emptyOptions(t, dialectSQLite)
		old, err := Open(t.Context(), o)
		if err != nil {
			t.Fatal(err)
		}
		if _, err := mustMigrator(t, old).UpTo(t.Context(), 3); err != nil {
			t.Fatal(err)
		}
		file := filepath.Join(t.TempDir(), "backup")
		if err := errors.Join(Backup(t.Context(), o, file, false), old.Close()); err != nil {
			t.Fatal(err)
		}
		o = emptyOptions(t, dialectSQLite)
		if err := Restore(t.Context(), o, file, false); err != nil {
			t.Fatal(err)
		}
		if applied, err := mustOpen(t, o).Migrate(t.Context()); err != nil || applied != schemaVersion-3 {
			t.Errorf("%d steps: %v", applied, err)
		}
	})
}

// mustFillAndClose makes a database that nobody has open, and returns its rows.
func mustFillAndClose(tb testing.TB) (Options, map[string][]map[string]any) {
	tb.Helper()
	o := emptyOptions(tb, dialectSQLite)
	s, err := Open(tb.Context(), o)
	if err != nil {
		tb.Fatal(err)
	}
	if _, err := s.Migrate(tb.Context()); err != nil {
		tb.Fatal(err)
	}
	mustFill(tb, s, mustCreateCompany(tb, s).ID, 20)
	dump := mustDump(tb, s)
	if err := s.Close(); err != nil {
		tb.Fatal(err)
	}
	return o, dump
}

// mustBackup returns a backup of a new database that prepare has changed.
func mustBackup(tb testing.TB, prepare func(*Store)) (file string) {
	tb.Helper()
	o := migratedOptions(tb, dialectSQLite)
	prepare(mustOpen(tb, o))
	file = filepath.Join(tb.TempDir(), "backup.db")
	if err := Backup(tb.Context(), o, file, false); err != nil {
		tb.Fatal(err)
	}
	return file
}

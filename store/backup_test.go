package store

import (
	"errors"
	"os"
	"path/filepath"
	"sync"
	"sync/atomic"
	"testing"

	"github.com/google/go-cmp/cmp"
)

func TestBackup(t *testing.T) {
	t.Parallel()

	t.Run("a backup made while others write restores to a consistent database", func(t *testing.T) {
		t.Parallel()
		o := migratedOptions(t, dialectSQLite)
		writer := mustOpen(t, o)
		company := mustCreateCompany(t, writer)
		var created, stop atomic.Int64
		var writers sync.WaitGroup
		for range 4 {
			writers.Go(func() {
				for stop.Load() == 0 {
					c, err := writer.CreateCustomer(t.Context(), company.ID, customer())
					if err == nil {
						_, err = writer.CreateInvoice(t.Context(), company.ID, invoiceFor(c))
					}
					if err != nil {
						t.Error(err)
						return
					}
					created.Add(1)
				}
			})
		}
		for created.Load() < 200 {
			continue // there is not enough to copy yet
		}
		file, atLeast := filepath.Join(t.TempDir(), "backup.db"), created.Load()
		err := Backup(t.Context(), o, file, false)
		stop.Store(1)
		writers.Wait()
		if err != nil {
			t.Fatal(err)
		}

		restored := mustRestore(t, file)
		n := int64(mustCount(t, restored, "SELECT count(*) FROM customers"))
		if n < atLeast || n > created.Load() {
			t.Errorf("%d customers, of at least %d and at most %d", n, atLeast, created.Load())
		}
		if counted := int64(mustCount(t, restored, "SELECT sum(active + inactive) FROM customer_counts")); counted != n {
			t.Errorf("%d customers, counted as %d", n, counted)
		}
		if found := int64(mustCount(t, restored, "SELECT count(*) FROM customer_documents")); found != n {
			t.Errorf("%d customers, of which %d can be searched for", n, found)
		}
		// Each writer may have made its customer and not yet the invoice.
		if invoices := int64(mustCount(t, restored, "SELECT count(*) FROM invoices")); invoices > n || invoices < n-4 {
			t.Errorf("%d customers with %d invoices", n, invoices)
		}
		if result := race(t.Context(), []*Store{restored, restored, restored, restored}, mustFill(t, restored, company.ID, 20), 2); result.Pairs != 20 {
			t.Errorf("the rule does not hold any more: %+v", result)
		}
	})

	t.Run("it has all rows, and nobody else can read the file", func(t *testing.T) {
		t.Parallel()
		o := migratedOptions(t, dialectSQLite)
		s := mustOpen(t, o)
		mustFill(t, s, mustCreateCompany(t, s).ID, 50)
		file := filepath.Join(t.TempDir(), "it's a backup.db")
		if err := Backup(t.Context(), o, file, false); err != nil {
			t.Fatal(err)
		}
		info, err := os.Stat(file)
		if err != nil || info.Mode().Perm() != 0o600 {
			t.Errorf("%v: %v", info.Mode(), err)
		}
		if left, err := filepath.Glob(file + "?*"); err != nil || left != nil {
			t.Errorf("left beside it: %v, %v", left, err)
		}
		if diff := cmp.Diff(mustDump(t, s), mustDump(t, mustRestore(t, file))); diff != "" {
			t.Error(diff)
		}
	})

	t.Run("a file that is there is kept unless it may be overwritten", func(t *testing.T) {
		t.Parallel()
		o := migratedOptions(t, dialectSQLite)
		file := mustWrite(t, "something else")
		if err := Backup(t.Context(), o, file, false); !errors.Is(err, ErrExists) {
			t.Errorf("got %v", err)
		}
		if content, err := os.ReadFile(file); err != nil || string(content) != "something else" {
			t.Errorf("the file is now %q, %v", content, err)
		}
		if err := Backup(t.Context(), o, file, true); err != nil {
			t.Error(err)
		}
		mustRestore(t, file)
	})

	t.Run("a database whose references are broken is not taken for a backup", func(t *testing.T) {
		t.Parallel()
		o := migratedOptions(t, dialectSQLite)
		s := mustOpen(t, o)
		mustExec(t, s, "PRAGMA foreign_keys = 0")
		mustExec(t, s, "INSERT INTO customer_counts VALUES ('nobody', 0, 0, 0)")
		file := filepath.Join(t.TempDir(), "backup.db")
		if err := Backup(t.Context(), o, file, false); !errors.Is(err, ErrDamaged) {
			t.Errorf("got %v", err)
		}
		if _, err := os.Stat(file); !errors.Is(err, os.ErrNotExist) {
			t.Errorf("there is a file: %v", err)
		}
	})

	t.Run("where there is no database, none is made", func(t *testing.T) {
		t.Parallel()
		o := emptyOptions(t, dialectSQLite)
		if err := Backup(t.Context(), o, filepath.Join(t.TempDir(), "backup.db"), false); !errors.Is(err, ErrNoDatabase) {
			t.Errorf("got %v", err)
		}
		if entries, err := os.ReadDir(o.DataDir); err != nil || len(entries) != 0 {
			t.Errorf("%v, %v", entries, err)
		}
	})

	t.Run("PostgreSQL has its own tools", func(t *testing.T) {
		t.Parallel()
		o := Options{DatabaseURL: "postgres://localhost/panal"}
		if err := Backup(t.Context(), o, "backup", false); !errors.Is(err, ErrNotSQLite) {
			t.Errorf("got %v", err)
		}
		if err := Restore(t.Context(), o, "backup", false); !errors.Is(err, ErrNotSQLite) {
			t.Errorf("got %v", err)
		}
	})
}

// mustRestore restores into a directory of its own and opens what is there then.
func mustRestore(tb testing.TB, file string) *Store {
	tb.Helper()
	o := emptyOptions(tb, dialectSQLite)
	if err := Restore(tb.Context(), o, file, false); err != nil {
		tb.Fatal(err)
	}
	s := mustOpen(tb, o)
	if err := s.Ready(tb.Context()); err != nil {
		tb.Fatal(err)
	}
	return s
}

func mustWrite(tb testing.TB, content string) (path string) {
	tb.Helper()
	path = filepath.Join(tb.TempDir(), "file")
	if err := os.WriteFile(path, []byte(content), 0o600); err != nil { //nolint:gosec // a test's own directory
		tb.Fatal(err)
	}
	return path
}

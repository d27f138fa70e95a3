package store

import (
	"context"
	"errors"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"
)

func mustNotContain(tb testing.TB, s, part string) {
	tb.Helper()
	if strings.Contains(s, part) {
		tb.Fatalf("%q contains %q", s, part)
	}
}

// mustBeBusy makes SQLite report that another process is writing.
func mustBeBusy(t *testing.T) error {
	t.Helper()
	o := migratedOptions(t, dialectSQLite)
	holder, s := mustOpen(t, o), mustOpen(t, o)
	mustExec(t, s, "PRAGMA busy_timeout = 0")
	tx := holder.write.Begin()
	defer tx.Rollback()
	err := s.write.Exec("UPDATE customers SET active = active").Error
	if !errors.Is(err, ErrUnavailable) || !sqliteRetryable(err) {
		t.Fatalf("got %v", err)
	}
	return err
}

func TestSQLite(t *testing.T) {
	t.Run("waits for another process that writes, no longer than the request", func(t *testing.T) {
		o := migratedOptions(t, dialectSQLite)
		holder, s := mustOpen(t, o), mustOpen(t, o)
		company := mustCreateCompany(t, s)
		tx := holder.write.Begin()
		ctx, cancel := context.WithTimeout(t.Context(), 20*time.Millisecond)
		defer cancel()
		if _, err := s.CreateCustomer(ctx, company.ID, customer()); !errors.Is(err, ErrUnavailable) {
			t.Errorf("got %v", err)
		}
		if err := tx.Rollback().Error; err != nil {
			t.Fatal(err)
		}
		mustCreateCustomer(t, s, company.ID, customer())
	})
	t.Run("reads go on while another process writes", func(t *testing.T) {
		o := migratedOptions(t, dialectSQLite)
		holder, s := mustOpen(t, o), mustOpen(t, o)
		company := mustCreateCompany(t, s)
		tx := holder.write.Begin()
		defer tx.Rollback()
		if _, err := s.GetCompany(t.Context(), company.ID); err != nil {
			t.Error(err)
		}
	})
	t.Run("its readers cannot write", func(t *testing.T) {
		s := mustOpen(t, migratedOptions(t, dialectSQLite))
		if err := s.read.Exec("DELETE FROM companies").Error; err == nil {
			t.Error("written")
		}
	})
	t.Run("its settings hold on every connection", func(t *testing.T) {
		for name, o := range map[string]Options{"NORMAL": {}, "FULL": {FullSync: true}} {
			o.DataDir = filepath.Join(t.TempDir(), "new", "a?b#c %41")
			s := mustOpen(t, o)
			want := map[string]string{"foreign_keys": "1", "journal_mode": "wal", "busy_timeout": "5000"}
			for _, db := range []string{"read", "write"} {
				pool := s.read
				if db == "write" {
					pool = s.write
					want["synchronous"] = map[string]string{"NORMAL": "1", "FULL": "2"}[name]
				}
				for pragma, value := range want {
					var got string
					if err := pool.Raw("PRAGMA " + pragma).Scan(&got).Error; err != nil || got != value {
						t.Errorf("%s %s: %s is %s: %v", name, db, pragma, got, err)
					}
				}
			}
			for path, mode := range map[string]os.FileMode{o.DataDir: 0o700} {
				info, err := os.Stat(path)
				if err != nil || info.Mode().Perm() != mode {
					t.Errorf("%v: %v", info.Mode(), err)
				}
			}
			if _, err := os.Stat(filepath.Join(o.DataDir, "panal.db")); err != nil {
				t.Error(err)
			}
		}
	})
	t.Run("a directory that cannot be made is an error", func(t *testing.T) {
		file := filepath.Join(t.TempDir(), "file")
		if err := os.WriteFile(file, nil, 0o600); err != nil {
			t.Fatal(err)
		}
		if _, err := Open(t.Context(), Options{DataDir: filepath.Join(file, "data")}); err == nil {
			t.Error("opened")
		}
	})
}

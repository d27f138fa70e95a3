package main

import (
	"bytes"
	"errors"
	"io/fs"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"syscall"
	"testing"

	"github.com/panal/panal/internal/testpg"
)

func TestBackupAndRestore(t *testing.T) {
	t.Parallel()

	t.Run("a server that runs is backed up, and not restored under its feet", func(t *testing.T) {
		t.Parallel()
		environ := sqliteEnviron(t)
		mustCompany(t, environ)
		file := filepath.Join(t.TempDir(), "panal.backup")
		p := mustStart(t, environ)
		mustRun(t, environ, "backup", file)
		mustCompany(t, environ)
		r := runPanal(t, environ, "restore", "--force", file)
		if r.code != exitFailure || !strings.Contains(r.stderr, "stop Panal first") {
			t.Errorf("exit code %d: %s", r.code, r.stderr)
		}
		p.mustSignal(t, syscall.SIGKILL)
		p.mustEnd(t)
		if n := countCompanies(t, environ); n != 2 {
			t.Errorf("%d companies before", n)
		}
		mustRun(t, environ, "restore", "--force", file)
		if n := countCompanies(t, environ); n != 1 {
			t.Errorf("%d companies after", n)
		}
	})

	t.Run("what would be lost has to be said", func(t *testing.T) {
		t.Parallel()
		environ := sqliteEnviron(t)
		mustCompany(t, environ)
		file := filepath.Join(t.TempDir(), "panal.backup")
		mustRun(t, environ, "backup", file)
		for _, command := range []string{"backup", "restore"} {
			if r := runPanal(t, environ, command, file); r.code != exitFailure || !strings.Contains(r.stderr, "--force") {
				t.Errorf("%s: exit code %d: %s", command, r.code, r.stderr)
			}
			mustRun(t, environ, command, "--force", file)
		}
		mustRun(t, sqliteEnviron(t), "restore", file)
	})

	t.Run("PostgreSQL has its own tools, which are named", func(t *testing.T) {
		t.Parallel()
		environ := []string{"DATABASE_URL=" + testpg.URL(t)}
		for command, tool := range map[string]string{"backup": "pg_dump", "restore": "pg_restore"} {
			if r := runPanal(t, environ, command, "file"); r.code != exitFailure || !strings.Contains(r.stderr, tool) {
				t.Errorf("%s: exit code %d: %s", command, r.code, r.stderr)
			}
		}
	})
}

func countCompanies(tb testing.TB, environ []string) int {
	tb.Helper()
	var list struct{ Companies []struct{ ID string } }
	mustRunJSON(tb, &list, environ, "company", "list")
	return len(list.Companies)
}

// The old database has one company, in the log that a killed server left, and the
// backup has two.
//
//nolint:tparallel // the subtests restore into the same directory
func TestKilledRestore(t *testing.T) {
	t.Parallel()
	environ := sqliteEnviron(t)
	dir := strings.TrimPrefix(environ[0], "PANAL_DATA_DIR=")
	mustCompany(t, environ)
	mustCompany(t, environ)
	backup := filepath.Join(t.TempDir(), "panal.backup")
	mustRun(t, environ, "backup", backup)
	content, err := os.ReadFile(backup)
	if err != nil {
		t.Fatal(err)
	}
	files := []string{"panal.db", "panal.db-wal"}
	old := mustKillOne(t, files)
	mustReset := func(t *testing.T) {
		t.Helper()
		_ = os.Remove(filepath.Join(dir, "panal.db-shm")) // if there is one
		for _, name := range files {
			if err := os.WriteFile(filepath.Join(dir, name), old[name], 0o600); err != nil {
				t.Fatal(err)
			}
		}
	}

	t.Run("while it copies, the old database stays", func(t *testing.T) {
		mustReset(t)
		pipe := filepath.Join(t.TempDir(), "pipe")
		if err := syscall.Mkfifo(pipe, 0o600); err != nil {
			t.Fatal(err)
		}
		restore := mustStartRestore(t, environ, pipe)
		// It opens the pipe to read, and gets half of the backup.
		half, err := os.OpenFile(pipe, os.O_WRONLY, 0)
		if err != nil {
			t.Fatal(err)
		}
		defer half.Close()
		if _, err := half.Write(content[:len(content)/2]); err != nil {
			t.Fatal(err)
		}
		if err := restore.Process.Kill(); err != nil {
			t.Fatal(err)
		}
		_ = restore.Wait() // its error is that it was killed
		if n := countCompanies(t, environ); n != 1 {
			t.Errorf("%d companies, want the one of the old database", n)
		}
		mustRun(t, environ, "restore", "--force", backup)
		if n := countCompanies(t, environ); n != 2 {
			t.Errorf("%d companies, want the two of the backup", n)
		}
		if left, err := filepath.Glob(filepath.Join(dir, "*.restore*")); err != nil || left != nil {
			t.Errorf("left behind: %v, %v", left, err)
		}
	})

	t.Run("whenever it is killed later, the database is whole, the old one or the new one", func(t *testing.T) {
		at := func(name string) string { return filepath.Join(dir, name) }
		found := map[int]int{}
		for moment, come := range map[string]func() bool{
			"the copy is there":         func() bool { return holds(at("panal.db.restore"), content) },
			"the old log is gone":       func() bool { return gone(at("panal.db-wal")) },
			"the copy has got its name": func() bool { return holds(at("panal.db"), content) },
		} {
			for range 3 {
				mustReset(t)
				restore := mustStartRestore(t, environ, backup)
				for !come() && !holds(at("panal.db"), content) {
					continue
				}
				_ = restore.Process.Kill() // it may have ended
				_ = restore.Wait()
				mustRun(t, environ, "doctor", "--addr=127.0.0.1:0")
				n := countCompanies(t, environ)
				found[n]++
				if n != 1 && n != 2 {
					t.Errorf("killed when %s: %d companies", moment, n)
				}
			}
		}
		if found[1] == 0 || found[2] == 0 {
			t.Errorf("it was not killed both before and after the change: %v", found)
		}
	})
}

// mustKillOne returns the files of a database with one company, as a killed server
// leaves them: with a part in the log.
func mustKillOne(tb testing.TB, names []string) map[string][]byte {
	tb.Helper()
	environ := sqliteEnviron(tb)
	dir := strings.TrimPrefix(environ[0], "PANAL_DATA_DIR=")
	p := mustStart(tb, environ, "--no-demo")
	mustCompany(tb, environ)
	p.mustSignal(tb, syscall.SIGKILL)
	p.mustEnd(tb)
	files := map[string][]byte{}
	for _, name := range names {
		content, err := os.ReadFile(filepath.Join(dir, name))
		if err != nil || len(content) == 0 {
			tb.Fatalf("%s has nothing: %v", name, err)
		}
		files[name] = content
	}
	return files
}

func mustStartRestore(tb testing.TB, environ []string, file string) *exec.Cmd {
	tb.Helper()
	restore := exec.CommandContext(tb.Context(), os.Args[0], "restore", "--force", file)
	restore.Env = append([]string{asPanal + "=1"}, environ...)
	if err := restore.Start(); err != nil {
		tb.Fatal(err)
	}
	tb.Cleanup(func() { _ = restore.Process.Kill() })
	return restore
}

func holds(path string, content []byte) bool {
	got, err := os.ReadFile(path)
	return err == nil && bytes.Equal(got, content)
}

func gone(path string) bool {
	_, err := os.Stat(path)
	return errors.Is(err, fs.ErrNotExist)
}

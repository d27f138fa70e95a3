package store

import (
	"os"
	"path/filepath"
	"testing"
)

func TestTheLogOfSQLiteStaysWithinItsBound(t *testing.T) {
	dir := t.TempDir()
	s := mustOpen(t, Options{DataDir: dir})
	mustExec(t, s, "CREATE TABLE ballast (bytes blob)")
	const written, bound = 24, 10_000 * (4096 + 24)
	for range written {
		mustExec(t, s, "INSERT INTO ballast VALUES (zeroblob(4000000))")
	}
	log, err := os.Stat(filepath.Join(dir, databaseFile+"-wal"))
	if err != nil {
		t.Fatal(err)
	}
	// The transaction that reaches the bound is in the log as a whole.
	if size := log.Size(); size > bound+5_000_000 {
		t.Errorf("the log has %d bytes after %d transactions of 4 MB, want at most %d and one more", size, written, bound)
	}
}

package store

import (
	"context"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"runtime"
)

const (
	diskFail = 64 << 20
	diskWarn = 1 << 30
)

// examineSQLite does not open a database that is not there, which would make one.
func examineSQLite(ctx context.Context, o Options) []Finding {
	directory, size := examineDirectory(o.DataDir)
	findings := []Finding{directory}
	if directory.Verdict == Fail {
		return findings
	}
	if _, err := os.Stat(o.DataDir); err == nil {
		findings = append(findings, examineDisk(o.DataDir, size))
	}
	if _, err := os.Stat(filepath.Join(o.DataDir, databaseFile)); err != nil {
		return append(findings, Finding{"database", Warn, "there is none in the data directory yet", `"panal serve" makes one, for DATABASE_URL is not set`})
	}
	s, err := Open(ctx, o)
	if err != nil {
		return append(findings, Finding{"database", Fail, err.Error(), "if it is damaged, restore a backup"})
	}
	findings = append(findings, s.examineFile(ctx), s.examineSchema(ctx))
	if err := s.Close(); err != nil {
		findings = append(findings, Finding{"database", Fail, err.Error(), ""})
	}
	return findings
}

// examineDirectory returns the database's size, too.
func examineDirectory(dir string) (f Finding, size int64) {
	f = Finding{"data directory", OK, "only its owner can read it", ""}
	info, err := os.Stat(dir)
	switch {
	case errors.Is(err, fs.ErrNotExist):
		return Finding{"data directory", Warn, "it is not there yet", `"panal serve" makes it; PANAL_DATA_DIR says where`}, 0
	case err != nil, !info.IsDir():
		return Finding{"data directory", Fail, "it cannot be used as a directory", "set PANAL_DATA_DIR to a directory that is this user's"}, 0
	case info.Mode().Perm()&0o077 != 0 && runtime.GOOS != "windows":
		f = Finding{"data directory", Warn, fmt.Sprintf("others can read it (mode %04o)", info.Mode().Perm()), "chmod 700, for personal data is in there"}
	}
	probe, err := os.CreateTemp(dir, ".doctor-")
	if err == nil {
		err = errors.Join(probe.Close(), os.Remove(probe.Name()))
	}
	if err != nil {
		return Finding{"data directory", Fail, "this user cannot write there", "make it this user's, or run Panal as its owner"}, 0
	}
	file, err := os.OpenFile(filepath.Join(dir, databaseFile), os.O_RDWR, 0) //nolint:gosec // the operator's choice
	switch {
	case errors.Is(err, fs.ErrNotExist):
		return f, 0
	case err != nil:
		return Finding{"data directory", Fail, "this user cannot write the database in it", "make the files this user's, or run Panal as their owner"}, 0
	}
	defer func() { _ = file.Close() }() // nothing was written
	if info, err := file.Stat(); err == nil {
		size = info.Size()
	}
	return f, size
}

func examineDisk(dir string, size int64) Finding {
	free, err := freeSpace(dir)
	if err != nil {
		return Finding{"disk", Warn, "the free space cannot be told: " + err.Error(), ""}
	}
	f := Finding{"disk", OK, fmt.Sprintf("%d MiB free, the database has %d", free>>20, size>>20), ""}
	switch {
	case free < diskFail:
		f.Verdict, f.Advice = Fail, "make room: Panal cannot write without"
	case free < diskWarn, free < 2*size:
		f.Verdict, f.Advice = Warn, "make room: a backup takes as much as the database, and so does its log at times"
	}
	return f
}

func (s *Store) examineFile(ctx context.Context) Finding {
	var version, check string
	db := s.read.WithContext(ctx)
	err := db.Raw("SELECT sqlite_version()").Scan(&version).Error
	if err == nil {
		err = db.Raw("PRAGMA quick_check(1)").Scan(&check).Error
	}
	switch {
	case errors.Is(err, ErrUnavailable):
		return Finding{"database", Fail, err.Error(), "see whether another program has it locked"}
	case err != nil:
		return Finding{"database", Fail, err.Error(), "restore a backup"}
	case check != "ok":
		return Finding{"database", Fail, "the file is damaged", "stop Panal, and restore a backup"}
	}
	return Finding{"database", OK, "SQLite " + version + ", the file is whole", ""}
}

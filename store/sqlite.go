package store

import (
	"context"
	"database/sql"
	"errors"
	"fmt"
	"net/url"
	"os"
	"path/filepath"
	"runtime"
	"time"

	"gorm.io/gorm"
)

// openSQLite opens the same file twice: SQLite has one writer at a time, so
// one connection that queues in Go is faster and fairer than many that poll
// for the lock, and readers never wait for it.
func (s *Store) openSQLite(ctx context.Context, o Options) error {
	s.dialect, s.errors, s.dir = dialectSQLite, sqliteDialector{}, o.DataDir
	if err := os.MkdirAll(o.DataDir, 0o700); err != nil {
		return fmt.Errorf("data directory: %w", err)
	}
	var err error
	s.inUse, err = lockFile(ctx, filepath.Join(o.DataDir, inUseFile), "SHARED", openPatience)
	if sqliteRetryable(err) {
		return unavailable(errors.New("it is being restored from a backup"))
	}
	if err != nil {
		return err
	}
	sync := "synchronous(NORMAL)"
	if o.FullSync {
		sync = "synchronous(FULL)"
	}
	// The writer comes first: it makes the file and turns on the log mode
	// that lets readers see a steady picture while it writes.
	if s.write, err = openSQLitePool(ctx, o.DataDir, 1, "journal_mode(WAL)", sync, logPages, undoInMemory); err != nil {
		return err
	}
	s.read, err = openSQLitePool(ctx, o.DataDir, max(4, runtime.NumCPU()), "query_only(1)")
	return err
}

// databaseFile is the SQLite database in the data directory.
const databaseFile = "panal.db"

// logPages is how long the log gets before a writer folds it into the file: 40 MB,
// more only while somebody reads all the time. At SQLite's own 1,000 pages that is
// every thirtieth creation, and a fifth of what they cost; the more pages wait, the
// more of them are the same. A start that finds such a log after a crash takes 50 ms
// longer.
const logPages = "wal_autocheckpoint(10000)"

// undoInMemory keeps what a statement may have to take back out of a file: SQLite
// writes a page of that for each that is changed for the second time in a
// transaction, a seventh of what a shared one costs.
const undoInMemory = "temp_store(2)"

// inUseFile is locked by every process that has the database open, so that
// none replaces it under another.
const inUseFile = "panal.lock"

// openPatience is how long opening tries to get past the processes that turn on
// the log mode, or close the file as the last one: they hold locks that
// busy_timeout gives up on at once, lest two wait for each other.
const openPatience = 10 * time.Second

func openSQLitePool(ctx context.Context, dir string, conns int, pragmas ...string) (*gorm.DB, error) {
	dsn, err := sqliteDSN(filepath.Join(dir, databaseFile), pragmas...)
	if err != nil {
		return nil, err
	}
	connector, err := newSQLiteConnector(dsn)
	if err != nil {
		return nil, err
	}
	for deadline := time.Now().Add(openPatience); ; {
		pool := sql.OpenDB(connector)
		pool.SetMaxOpenConns(conns)
		pool.SetMaxIdleConns(conns)
		dialector := sqliteDialector{pool}
		if conns == 1 {
			dialector.pool = &groupedPool{DB: pool}
		}
		db, err := connect(ctx, pool, dialector)
		if !sqliteRetryable(err) || time.Now().After(deadline) || pause(ctx, 20*time.Millisecond) != nil {
			return db, err
		}
	}
}

// sqliteDSN puts the settings into the address, because a PRAGMA sent to a
// pool reaches one of its connections only. busy_timeout comes first: setting
// the others can itself meet a lock. Immediate transactions take the write
// lock when they begin: one that reads first and asks for it later is refused
// without waiting when another has written in between.
func sqliteDSN(path string, pragmas ...string) (string, error) {
	abs, err := filepath.Abs(path)
	if err != nil {
		return "", fmt.Errorf("database path: %w", err)
	}
	file := url.URL{Scheme: "file", Path: filepath.ToSlash(abs), RawQuery: sqliteSettings(pragmas...)}
	return file.String(), nil
}

func sqliteSettings(pragmas ...string) string {
	return url.Values{
		"_pragma":      append([]string{"busy_timeout(5000)", "foreign_keys(1)"}, pragmas...),
		"_txlock":      {"immediate"},
		"_time_format": {"sqlite"},
		"_timezone":    {"UTC"},
	}.Encode()
}

package store

import (
	"context"
	"database/sql"
	"errors"
	"fmt"
	"math"
	"path/filepath"
	"time"

	"github.com/jackc/pgx/v5"
	"github.com/pressly/goose/v3/lock"
)

// exclusive is what one process at a time may do to a database. Whoever does it
// and dies lets the next one in: the lock goes with the process.
type exclusive struct {
	what     string
	id       int64         // of PostgreSQL's advisory lock
	file     string        // in the data directory, of SQLite
	patience time.Duration // with whoever does it now
}

var (
	migrating   = exclusive{what: "migration", id: lock.DefaultLockID, file: "migrate.lock", patience: 5 * time.Minute}
	selftesting = exclusive{what: "selftest", id: lock.DefaultLockID + 1, file: "selftest.lock"}
)

// acquire returns what gives the lock back, or an error if somebody else has it
// for longer than the patience.
func (s *Store) acquire(ctx context.Context, e exclusive) (release func() error, err error) {
	switch {
	case s.dialect == dialectPostgres:
		release, err = acquirePostgres(ctx, s.pgConfig, e)
	case s.dir == "":
		return func() error { return nil }, nil // no other process sees what is in memory
	default:
		release, err = lockFile(ctx, filepath.Join(s.dir, e.file), "EXCLUSIVE", e.patience)
	}
	if err != nil {
		return nil, fmt.Errorf("%s lock: %w", e.what, s.errors.Translate(err))
	}
	return release, nil
}

// acquirePostgres keeps a transaction open on a connection of its own. A
// transaction has one connection of the server's to itself even behind PgBouncer;
// a session has not, and its lock would stay behind on one that others use next.
// It asks again instead of waiting, because those who wait would keep the
// pooler's connections from whoever has the lock.
func acquirePostgres(ctx context.Context, config *pgx.ConnConfig, e exclusive) (release func() error, err error) {
	conn, err := pgx.ConnectConfig(ctx, config)
	if err != nil {
		return nil, fmt.Errorf("connect: %w", err)
	}
	closing := context.WithoutCancel(ctx)
	for deadline := time.Now().Add(e.patience); ; {
		free := false
		_, err := conn.Exec(ctx, "BEGIN; SET LOCAL idle_in_transaction_session_timeout = 0")
		if err == nil {
			err = conn.QueryRow(ctx, "SELECT pg_try_advisory_xact_lock($1)", pgx.QueryExecModeExec, e.id).Scan(&free)
		}
		if err == nil && free {
			return func() error {
				_, err := conn.Exec(closing, "ROLLBACK")
				return errors.Join(err, conn.Close(closing))
			}, nil
		}
		if err == nil {
			_, err = conn.Exec(ctx, "ROLLBACK")
		}
		if err == nil && time.Now().After(deadline) {
			err = unavailable(errors.New("another process has it"))
		}
		if err == nil {
			err = pause(ctx, 200*time.Millisecond)
		}
		if err != nil {
			return nil, errors.Join(err, conn.Close(closing))
		}
	}
}

// lockFile locks an empty database, "EXCLUSIVE" or, for any number at once,
// "SHARED". SQLite knows how to do that on every system.
func lockFile(ctx context.Context, path, mode string, patience time.Duration) (release func() error, err error) {
	dsn, err := sqliteDSN(path)
	if err != nil {
		return nil, err
	}
	pool, err := sql.Open("sqlite", dsn)
	if err != nil {
		return nil, fmt.Errorf("open: %w", err)
	}
	pool.SetMaxOpenConns(1)
	statements := []string{fmt.Sprintf("PRAGMA busy_timeout = %d", min(patience.Milliseconds(), math.MaxInt32)), "BEGIN EXCLUSIVE"}
	if mode == "SHARED" {
		// A transaction that only reads takes its lock with the first look.
		statements[1] = "BEGIN DEFERRED"
		statements = append(statements, "SELECT count(*) FROM sqlite_schema")
	}
	for _, statement := range statements {
		if _, err := pool.ExecContext(ctx, statement); err != nil {
			return nil, errors.Join(err, pool.Close())
		}
	}
	return pool.Close, nil
}

// migrationLock is goose's way to lock.
type migrationLock struct {
	store   *Store
	release func() error
}

// Lock waits for the process that migrates now.
func (l *migrationLock) Lock(ctx context.Context, _ *sql.DB) (err error) {
	l.release, err = l.store.acquire(ctx, migrating)
	return err
}

// Unlock lets the next process migrate.
func (l *migrationLock) Unlock(context.Context, *sql.DB) error {
	return l.release()
}

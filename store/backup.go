package store

import (
	"context"
	"database/sql"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"

	"gorm.io/gorm"
)

var (
	// ErrNotSQLite says that PostgreSQL's own tools are for this database.
	ErrNotSQLite = errors.New("only the embedded database is backed up and restored by this program")
	// ErrNoDatabase says that there is nothing to back up.
	ErrNoDatabase = errors.New("there is no database in the data directory")
	// ErrExists says that there is something that would be overwritten.
	ErrExists = errors.New("exists already")
	// ErrInUse says that a process has the database open.
	ErrInUse = errors.New("the database is in use")
	// ErrDamaged says that a file is no whole database of this program.
	ErrDamaged = errors.New("not a whole database of Panal")
)

// Backup writes what the SQLite database holds at one moment into one file, while
// others read and write. The file appears under its name when it is whole,
// checked and on the disk. It returns ErrNoDatabase, ErrDamaged, ErrNotSQLite, and
// ErrExists unless overwrite is set. The schema is copied as it is, never migrated.
func Backup(ctx context.Context, o Options, path string, overwrite bool) error {
	if o.DatabaseURL != "" {
		return ErrNotSQLite
	}
	if err := backup(ctx, o, path, overwrite); err != nil {
		return fmt.Errorf("store: backup: %w", err)
	}
	return nil
}

func backup(ctx context.Context, o Options, path string, overwrite bool) (err error) {
	if _, err := os.Stat(filepath.Join(o.DataDir, databaseFile)); errors.Is(err, fs.ErrNotExist) {
		return ErrNoDatabase // opening it would make one
	}
	if err := refuseExisting(path, overwrite); err != nil {
		return err
	}
	s, err := Open(ctx, o)
	if err != nil {
		return err
	}
	part := path + ".part"
	defer func() { err = errors.Join(err, removeFile(part), s.Close()) }()
	if err := s.vacuumInto(ctx, part); err != nil {
		return err
	}
	if _, err := inspect(ctx, part); err != nil {
		return err
	}
	return installFile(part, path)
}

// vacuumInto makes the file first, because SQLite would let others read it.
func (s *Store) vacuumInto(ctx context.Context, part string) error {
	if err := removeFile(part); err != nil {
		return err
	}
	file, err := os.OpenFile(part, os.O_CREATE|os.O_EXCL|os.O_WRONLY, 0o600) //nolint:gosec // the operator's choice
	if err != nil {
		return fmt.Errorf("make file: %w", err)
	}
	if err := file.Close(); err != nil {
		return fmt.Errorf("make file: %w", err)
	}
	abs, err := filepath.Abs(part)
	if err != nil {
		return fmt.Errorf("make file: %w", err)
	}
	// A connection, not the pool of them: it cannot be run in a transaction.
	return s.write.WithContext(ctx).Connection(func(db *gorm.DB) error { //nolint:wrapcheck // as GORM returns it
		return db.Exec("VACUUM INTO ?", abs).Error
	})
}

// Restore puts a backup in the place of the SQLite database in o.DataDir. Until
// the one step that does, the old database is whole and in place; after it the
// new one is. It returns ErrInUse while any process has the database open,
// ErrExists if there is one and overwrite is not set, and ErrDamaged or
// ErrSchemaTooNew for a file that this program cannot work with.
func Restore(ctx context.Context, o Options, path string, overwrite bool) error {
	if o.DatabaseURL != "" {
		return ErrNotSQLite
	}
	if err := restore(ctx, o.DataDir, path, overwrite); err != nil {
		return fmt.Errorf("store: restore: %w", err)
	}
	return nil
}

func restore(ctx context.Context, dir, path string, overwrite bool) (err error) {
	if err := os.MkdirAll(dir, 0o700); err != nil {
		return fmt.Errorf("data directory: %w", err)
	}
	release, err := lockFile(ctx, filepath.Join(dir, inUseFile), "EXCLUSIVE", 0)
	if sqliteRetryable(err) {
		return ErrInUse
	}
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, release()) }()
	live := filepath.Join(dir, databaseFile)
	if err := refuseExisting(live, overwrite); err != nil {
		return err
	}
	if log, err := os.Stat(path + "-wal"); err == nil && log.Size() > 0 {
		return fmt.Errorf("%w: a part of it stands in the log beside it", ErrDamaged)
	}
	part := live + ".restore" // beside it, because only there a file can be renamed in one step
	defer func() { err = errors.Join(err, removeFile(part)) }()
	if err := copyFile(path, part); err != nil {
		return err
	}
	version, err := inspect(ctx, part)
	if err != nil {
		return err
	}
	if version > schemaVersion {
		return ErrSchemaTooNew
	}
	if err := foldLog(ctx, live); err != nil {
		return err
	}
	return installFile(part, live)
}

// foldLog brings what stands in the log of a database into its file: whole by
// itself before the other takes its name, and no log left for the other to be
// taken for its own.
func foldLog(ctx context.Context, path string) error {
	if _, err := os.Stat(path); err == nil {
		err := withFile(path, func(db *sql.DB) error {
			_, err := db.ExecContext(ctx, "PRAGMA wal_checkpoint(TRUNCATE)")
			return err //nolint:wrapcheck // below
		})
		if err != nil {
			return fmt.Errorf("close the old database, which may be damaged (move it away, with %[1]s-wal and %[1]s-shm): %[2]w", databaseFile, err)
		}
	}
	switch log, err := os.Stat(path + "-wal"); {
	case errors.Is(err, fs.ErrNotExist):
		return nil
	case err != nil:
		return fmt.Errorf("log: %w", err)
	case log.Size() > 0:
		return fmt.Errorf("%w by another program, or %s-wal was left without its database: move it away", ErrInUse, databaseFile)
	}
	return removeFile(path + "-wal")
}

// inspect reads a whole database file and returns the version of its schema.
func inspect(ctx context.Context, path string) (version int64, err error) {
	err = withFile(path, func(db *sql.DB) error {
		var broken int
		// Broken references are broken rules: they keep deactivated customers free of invoices.
		const faults = `SELECT (SELECT count(*) FROM pragma_integrity_check WHERE integrity_check <> 'ok')
			+ (SELECT count(*) FROM pragma_foreign_key_check)`
		if err := db.QueryRowContext(ctx, faults).Scan(&broken); err != nil {
			return err //nolint:wrapcheck // below
		}
		if broken > 0 {
			return errors.New("its content is broken")
		}
		return db.QueryRowContext(ctx, appliedVersion).Scan(&version)
	})
	if err != nil {
		return 0, fmt.Errorf("%w: %w", ErrDamaged, err)
	}
	return version, nil
}

// withFile lends a connection to a database file alone.
func withFile(path string, use func(*sql.DB) error) (err error) {
	dsn, err := sqliteDSN(path)
	if err != nil {
		return err
	}
	db, err := sql.Open("sqlite", dsn)
	if err != nil {
		return fmt.Errorf("open: %w", err)
	}
	return errors.Join(use(db), db.Close())
}

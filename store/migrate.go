package store

import (
	"context"
	"database/sql"
	"embed"
	"errors"
	"fmt"
	"io/fs"

	"github.com/pressly/goose/v3"
)

var (
	// ErrSchemaTooNew says that the database was migrated by a newer version
	// of this program, whose rules this one does not know.
	ErrSchemaTooNew = errors.New("the database schema is newer than this program")
	// ErrSchemaTooOld says that the database still has to be migrated.
	ErrSchemaTooOld = errors.New("the database schema is older than this program: migrate it first")
)

//go:embed migrations
var migrations embed.FS

// schemaVersion is the version that the migrations lead to; a test compares it
// with the files of both databases.
const schemaVersion = 6

// appliedVersion asks for the version of a schema.
const appliedVersion = "SELECT max(version_id) FROM goose_db_version WHERE is_applied"

// Migrate brings the schema to this program's version and says how many steps
// that took. Any number of processes may call it at the same time. A schema
// newer than the program is left alone: ErrSchemaTooNew.
func (s *Store) Migrate(ctx context.Context) (applied int, err error) {
	// A failure to tell the version is the answer of an empty database, too.
	if err := s.Ready(ctx); err == nil || errors.Is(err, ErrSchemaTooNew) {
		return 0, err
	}
	pool, err := s.write.DB()
	if err != nil {
		return 0, fmt.Errorf("store: migrate: %w", err)
	}
	migrator, err := s.migrator(pool)
	if err != nil {
		return 0, fmt.Errorf("store: migrate: %w", err)
	}
	done, err := migrator.Up(ctx)
	if err != nil {
		return len(done), fmt.Errorf("store: migrate: %w", s.errors.Translate(err))
	}
	return len(done), s.Ready(ctx)
}

// migrator is goose with the lock that lets one process migrate at a time.
func (s *Store) migrator(pool *sql.DB) (*goose.Provider, error) {
	files, err := fs.Sub(migrations, "migrations/"+s.Dialect())
	if err != nil {
		return nil, fmt.Errorf("embedded files: %w", err)
	}
	kind := goose.DialectSQLite3
	if s.dialect == dialectPostgres {
		kind = goose.DialectPostgres
	}
	provider, err := goose.NewProvider(kind, pool, files,
		goose.WithLocker(&migrationLock{store: s}), goose.WithDisableGlobalRegistry(true))
	if err != nil {
		return nil, fmt.Errorf("goose: %w", err)
	}
	return provider, nil
}

// Ready reports whether the database answers and has this program's schema.
func (s *Store) Ready(ctx context.Context) error {
	var version int64
	err := s.read.WithContext(ctx).Raw(appliedVersion).Scan(&version).Error
	switch {
	case err != nil:
		return fmt.Errorf("store: ready: %w", err)
	case version > schemaVersion:
		return ErrSchemaTooNew
	case version < schemaVersion:
		return ErrSchemaTooOld
	}
	return nil
}

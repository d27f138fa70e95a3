// Package store keeps Panal's data in PostgreSQL or SQLite. One exported
// method is one business operation and one transaction, and takes the company
// it works for.
//
// The map: store.go opens and closes; tx.go is the only place that begins a
// transaction; postgres.go and sqlite.go hold what differs between the
// databases; query.go reads around GORM where it has to be cheap; errors.go turns
// what a driver reports into this package's errors; migrate.go and migrations/ own
// the schema, locks.go what one process does at a time. Each resource has its
// files, named by its plural. For the operator there are doctor*.go, selftest.go
// and backup.go; metrics.go and tracing.go show outside what happens here.
//
// Rules that must hold under any concurrency, from any number of processes,
// are kept by the schema and not by the code here: see the comments in
// migrations/.
package store

import (
	"context"
	"database/sql"
	"errors"
	"fmt"
	"log/slog"
	"sync"
	"time"

	"github.com/google/uuid"
	"github.com/jackc/pgx/v5"
	"go.opentelemetry.io/otel/trace"
	"gorm.io/gorm"
	"gorm.io/gorm/logger"
)

// Options says which database to open and how.
type Options struct {
	DatabaseURL string           // postgres://…; empty: SQLite in DataDir
	DataDir     string           // directory of the SQLite database, made when missing
	FullSync    bool             // SQLite: survive a power loss without losing a commit
	InMemory    bool             // SQLite without a file, gone when it is closed
	Content     *Snapshot        // of the database in memory; nil: it is empty
	MaxConns    int              // PostgreSQL pool; 0: twice the cores, at least 8
	Now         func() time.Time // nil: time.Now
	Logger      *slog.Logger     // nil: nothing is logged
	Tracer      trace.Tracer     // nil: statements leave no traces
}

// Store is an open database, safe for concurrent use.
type Store struct {
	write   *gorm.DB
	read    *gorm.DB // the same pool as write on PostgreSQL and in memory
	dialect dialect
	errors  gorm.ErrorTranslator
	dir     string       // of the SQLite database; empty: it is in memory
	inUse   func() error // gives the lock of a SQLite database in use back
	now     func() time.Time
	log     *slog.Logger
	tracer  trace.Tracer
	running sync.Map // idempotency keys of this process, on SQLite
	madrid  *time.Location

	pgConfig *pgx.ConnConfig // of every connection to PostgreSQL
	pooled   bool            // PgBouncer or the like stands in between
}

// Open connects to the database and makes sure that it answers. It does not
// migrate. Its errors never name the password.
func Open(ctx context.Context, o Options) (*Store, error) {
	s := &Store{now: o.Now, log: o.Logger, tracer: o.Tracer}
	if s.now == nil {
		s.now = time.Now
	}
	if s.log == nil {
		s.log = slog.New(slog.DiscardHandler)
	}
	var err error
	if s.madrid, err = time.LoadLocation("Europe/Madrid"); err != nil {
		return nil, fmt.Errorf("store: time zone: %w", err)
	}
	switch {
	case o.InMemory:
		err = s.openMemory(ctx, o.Content)
	case o.DatabaseURL != "":
		err = s.openPostgres(ctx, o)
	default:
		err = s.openSQLite(ctx, o)
	}
	if err == nil && s.tracer != nil {
		err = s.traceStatements()
	}
	if err != nil {
		return nil, errors.Join(fmt.Errorf("store: open %s: %w", s.dialect, err), s.Close())
	}
	return s, nil
}

// Close waits for running statements and closes the database.
func (s *Store) Close() error {
	var errs []error
	// The writer goes last: the last connection of SQLite tidies up the log.
	for _, db := range []*gorm.DB{s.read, s.write} {
		if db == nil {
			continue
		}
		pool, err := db.DB()
		if err == nil {
			err = pool.Close()
		}
		errs = append(errs, err)
	}
	if s.inUse != nil {
		errs = append(errs, s.inUse())
	}
	return errors.Join(errs...)
}

// Dialect names the database: "postgres" or "sqlite".
func (s *Store) Dialect() string { return string(s.dialect) }

// translatingDialector is what both databases give GORM: every error of every
// query passes through Translate.
type translatingDialector interface {
	gorm.Dialector
	gorm.ErrorTranslator
}

// connect puts GORM over a pool that already has its limits and makes sure
// that the database answers.
func connect(ctx context.Context, pool *sql.DB, d translatingDialector) (*gorm.DB, error) {
	db, err := gorm.Open(d, &gorm.Config{
		SkipDefaultTransaction: true,
		QueryFields:            true,
		TranslateError:         true,
		DisableAutomaticPing:   true,
		// Every error is returned, and its reader decides what to log. GORM
		// would log it a second time, with the values of the statement.
		Logger: logger.Discard,
	})
	if err == nil {
		// GORM itself does not translate what Raw and Scan fail with.
		err = db.Callback().Row().After("gorm:row").Register("panal:translate", func(db *gorm.DB) {
			db.Error = d.Translate(db.Error)
		})
	}
	if err == nil {
		err = d.Translate(pool.PingContext(ctx))
	}
	if err != nil {
		return nil, errors.Join(err, pool.Close())
	}
	return db, nil
}

// newID is of version 7, so that rows are stored in the order of their making.
// It cannot fail: crypto/rand never does.
func newID() uuid.UUID { return uuid.Must(uuid.NewV7()) }

// timestamp is the current time as both databases can keep it.
func (s *Store) timestamp() time.Time {
	return s.now().UTC().Truncate(time.Microsecond)
}

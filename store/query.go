package store

import (
	"context"
	"database/sql"
	"errors"
	"fmt"
	"strconv"
	"strings"

	"github.com/jackc/pgx/v5"
	"github.com/jackc/pgx/v5/pgconn"
	"github.com/jackc/pgx/v5/stdlib"
	"go.opentelemetry.io/otel/trace"
	"gorm.io/gorm"
)

// row is what has been read of a row, by database/sql or by pgx.
type row interface {
	Scan(into ...any) error
}

// errNoMore is what a destination returns to end the reading of rows.
var errNoMore = errors.New("no more rows are wanted")

// query reads from a table and gives each row to a function, on the connections or
// transaction of db. It goes around GORM, which takes more time to put a statement
// together and to find the fields of a row than the database takes to answer; what
// GORM's callbacks do elsewhere is done here, the span and the translation of
// errors.
func (s *Store) query(ctx context.Context, db *gorm.DB, table string, q fragment, each func(row) error) error {
	return s.statement(ctx, table, q.text, func(text string) error {
		err := s.eachRow(ctx, db, text, q.args, each)
		if errors.Is(err, errNoMore) {
			return nil
		}
		return err
	})
}

// exec is query for a statement that returns no rows.
func (s *Store) exec(ctx context.Context, db *gorm.DB, table string, q fragment) error {
	return s.statement(ctx, table, q.text, func(text string) error {
		if pool, ok := s.pgxPool(db); ok {
			return onConn(ctx, pool, func(conn *pgx.Conn) error {
				_, err := conn.Exec(ctx, text, q.args...)
				return err //nolint:wrapcheck // statement translates
			})
		}
		_, err := db.Statement.ConnPool.ExecContext(ctx, text, q.args...)
		return err //nolint:wrapcheck // as above
	})
}

func (s *Store) statement(ctx context.Context, table, text string, run func(text string) error) error {
	text = s.placeholders(text)
	_, span := s.span(ctx, "statement", trace.SpanKindClient)
	defer span.End()
	err := run(text)
	if err != nil {
		err = s.errors.Translate(err)
	}
	s.describe(span, text, table, err)
	return err //nolint:wrapcheck // as GORM returns it
}

//nolint:wrapcheck // statement translates
func (s *Store) eachRow(ctx context.Context, db *gorm.DB, text string, args []any, each func(row) error) error {
	if pool, ok := s.pgxPool(db); ok {
		return onConn(ctx, pool, func(conn *pgx.Conn) error {
			rows, err := conn.Query(ctx, text, args...)
			if err != nil {
				return err
			}
			defer rows.Close()
			for rows.Next() {
				if err := each(rows); err != nil {
					return err
				}
			}
			return rows.Err()
		})
	}
	rows, err := db.Statement.ConnPool.QueryContext(ctx, text, args...)
	if err != nil {
		return err
	}
	defer func() { _ = rows.Close() }() // rows.Err has its error
	for rows.Next() {
		if err := each(rows); err != nil {
			return err
		}
	}
	return rows.Err()
}

// pgxPool returns the pool of PostgreSQL's connections, unless db is a transaction,
// which has one of them and does not hand it out.
func (s *Store) pgxPool(db *gorm.DB) (*sql.DB, bool) {
	pool, ok := db.Statement.ConnPool.(*sql.DB)
	return pool, ok && s.dialect == dialectPostgres
}

// onConn lends a connection without database/sql between it and the values, which
// would have each made into one of its few types first, UUIDs into text, and
// converts and copies it then. As there, what was never sent is tried again.
func onConn(ctx context.Context, pool *sql.DB, run func(*pgx.Conn) error) error {
	for try := 1; ; try++ {
		conn, err := pool.Conn(ctx)
		if err != nil {
			return err //nolint:wrapcheck // statement translates
		}
		err = conn.Raw(func(driverConn any) error {
			pg, ok := driverConn.(*stdlib.Conn)
			if !ok {
				return fmt.Errorf("%T is not a connection of pgx", driverConn)
			}
			return run(pg.Conn())
		})
		_ = conn.Close() // gives it back
		if try == attempts || !pgconn.SafeToRetry(err) || ctx.Err() != nil {
			return err //nolint:wrapcheck // as above
		}
	}
}

// placeholders writes question marks as the database wants them. No statement has
// any other question marks.
func (s *Store) placeholders(text string) string {
	if s.dialect == dialectSQLite {
		return text
	}
	var numbered strings.Builder
	numbered.Grow(len(text) + 16)
	for n := 1; ; n++ {
		before, after, found := strings.Cut(text, "?")
		numbered.WriteString(before)
		if !found {
			return numbered.String()
		}
		numbered.WriteString("$" + strconv.Itoa(n))
		text = after
	}
}

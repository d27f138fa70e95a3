package store

import (
	"context"
	"database/sql"
	"strconv"
	"strings"

	"go.opentelemetry.io/otel/trace"
	"gorm.io/gorm"
)

// query reads from a table and gives each row to a function, on the connection or
// transaction of db. It goes around GORM, which takes more time to put a statement
// together and to find the fields of a row than the database takes to answer; what
// GORM's callbacks do elsewhere is done here, the span and the translation of
// errors.
func (s *Store) query(ctx context.Context, db *gorm.DB, table string, q fragment, each func(*sql.Rows) error) error {
	text := s.placeholders(q.text)
	_, span := s.span(ctx, "statement", trace.SpanKindClient)
	defer span.End()
	err := eachRow(ctx, db.Statement.ConnPool, text, q.args, each)
	if err != nil {
		err = s.errors.Translate(err)
	}
	s.describe(span, text, table, err)
	return err //nolint:wrapcheck // as GORM returns it
}

//nolint:wrapcheck // query translates
func eachRow(ctx context.Context, pool gorm.ConnPool, text string, args []any, each func(*sql.Rows) error) error {
	rows, err := pool.QueryContext(ctx, text, args...)
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

package store

import (
	"errors"
	"strings"

	"gorm.io/gorm"
	"gorm.io/gorm/callbacks"
	"gorm.io/gorm/clause"
	"gorm.io/gorm/schema"
	"modernc.org/sqlite"
	sqlite3 "modernc.org/sqlite/lib"
)

// sqliteDialector teaches GORM the little of SQLite that this package uses,
// over the driver that needs no C compiler. It has no migrator: the schema is
// written in SQL.
type sqliteDialector struct{ pool gorm.ConnPool }

func (sqliteDialector) Name() string { return string(dialectSQLite) }

func (d sqliteDialector) Initialize(db *gorm.DB) error {
	callbacks.RegisterDefaultCallbacks(db, &callbacks.Config{})
	// FOR UPDATE has no meaning here: a transaction holds the write lock from
	// its first moment.
	db.ClauseBuilders["FOR"] = func(clause.Clause, clause.Builder) {}
	db.ConnPool = d.pool
	return nil
}

func (sqliteDialector) Migrator(*gorm.DB) gorm.Migrator { return nil }

func (sqliteDialector) DataTypeOf(f *schema.Field) string { return string(f.DataType) }

func (sqliteDialector) DefaultValueOf(*schema.Field) clause.Expression {
	return clause.Expr{SQL: "NULL"}
}

func (sqliteDialector) BindVarTo(w clause.Writer, _ *gorm.Statement, _ any) { _ = w.WriteByte('?') }

func (sqliteDialector) QuoteTo(w clause.Writer, name string) {
	_, _ = w.WriteString(`"` + strings.ReplaceAll(name, ".", `"."`) + `"`)
}

// Explain leaves the values out, so that no log can have them.
func (sqliteDialector) Explain(query string, _ ...any) string { return query }

// Translate turns SQLite's result codes into this package's errors.
func (sqliteDialector) Translate(err error) error {
	var e *sqlite.Error
	if !errors.As(err, &e) {
		return translate(err)
	}
	switch e.Code() {
	case sqlite3.SQLITE_CONSTRAINT_UNIQUE, sqlite3.SQLITE_CONSTRAINT_PRIMARYKEY:
		return &violation{kind: gorm.ErrDuplicatedKey, index: sqliteIndex(e.Error())}
	case sqlite3.SQLITE_CONSTRAINT_FOREIGNKEY:
		return &violation{kind: gorm.ErrForeignKeyViolated}
	}
	switch e.Code() & 0xff {
	case sqlite3.SQLITE_BUSY, sqlite3.SQLITE_LOCKED, sqlite3.SQLITE_FULL, sqlite3.SQLITE_IOERR, sqlite3.SQLITE_CANTOPEN:
		return unavailable(err)
	}
	return translate(err)
}

// sqliteIndex finds the unique index in SQLite's message. SQLite names it when
// it is over an expression and lists its columns when it is not; by this
// schema's rule the name is then the table, the columns after company_id, and
// "key".
func sqliteIndex(message string) string {
	_, message, _ = strings.Cut(message, "UNIQUE constraint failed: ")
	message, _, _ = strings.Cut(message, " (")
	if name, ok := strings.CutPrefix(message, "index "); ok {
		return strings.Trim(name, "'")
	}
	columns := strings.Split(message, ", ")
	table, _, _ := strings.Cut(columns[0], ".")
	name := []string{table}
	for _, column := range columns {
		if column = strings.TrimPrefix(column, table+"."); column != "company_id" {
			name = append(name, column)
		}
	}
	return strings.Join(append(name, "key"), "_")
}

func sqliteRetryable(err error) bool {
	var e *sqlite.Error
	if !errors.As(err, &e) {
		return false
	}
	code := e.Code() & 0xff
	return code == sqlite3.SQLITE_BUSY || code == sqlite3.SQLITE_LOCKED
}

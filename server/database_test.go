package server_test

import (
	"database/sql"
	"fmt"
	"path/filepath"
	"testing"
)

// mustDB opens the database behind the server's back.
func (a *api) mustDB(tb testing.TB) *sql.DB {
	tb.Helper()
	driver, dsn := "pgx", a.database.DatabaseURL
	if dsn == "" {
		driver, dsn = "sqlite", "file:"+filepath.Join(a.database.DataDir, "panal.db")+"?_pragma=busy_timeout(5000)"
	}
	db, err := sql.Open(driver, dsn)
	if err != nil {
		tb.Fatal(err)
	}
	tb.Cleanup(func() { _ = db.Close() })
	return db
}

// mustExec changes the database behind the server's back.
func (a *api) mustExec(tb testing.TB, statements ...string) {
	tb.Helper()
	db := a.mustDB(tb)
	for _, statement := range statements {
		if _, err := db.ExecContext(tb.Context(), statement); err != nil {
			tb.Fatalf("%s: %v", statement, err)
		}
	}
}

// mustDump is every row of what the API can change, as text.
func (a *api) mustDump(tb testing.TB) []string {
	tb.Helper()
	db := a.mustDB(tb)
	var dump []string
	for _, table := range []string{"companies", "customers", "customer_counts", "invoice_series", "invoices"} {
		rows, err := db.QueryContext(tb.Context(), "SELECT * FROM "+table+" ORDER BY 1, 2") //nolint:gosec,unqueryvet // the names stand above, and every column counts
		if err != nil {
			tb.Fatal(err)
		}
		for _, line := range mustLines(tb, rows) {
			dump = append(dump, table+" "+line)
		}
	}
	return dump
}

func mustLines(tb testing.TB, rows *sql.Rows) []string {
	tb.Helper()
	defer func() { _ = rows.Close() }()
	columns, err := rows.Columns()
	if err != nil {
		tb.Fatal(err)
	}
	var lines []string
	for rows.Next() {
		values, targets := make([]any, len(columns)), make([]any, len(columns))
		for i := range values {
			targets[i] = &values[i]
		}
		if err := rows.Scan(targets...); err != nil {
			tb.Fatal(err)
		}
		lines = append(lines, fmt.Sprintf("%q", values))
	}
	if err := rows.Err(); err != nil {
		tb.Fatal(err)
	}
	return lines
}

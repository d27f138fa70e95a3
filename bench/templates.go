package main

import (
	"context"
	"crypto/sha256"
	"database/sql"
	"encoding/hex"
	"errors"
	"fmt"
	"io/fs"
	"net/url"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strconv"
	"strings"

	"github.com/google/uuid"
	"github.com/jackc/pgx/v5"
	_ "github.com/jackc/pgx/v5/stdlib" // the driver "pgx"
	"github.com/shopspring/decimal"
	_ "modernc.org/sqlite" // the driver "sqlite"

	"github.com/panal/panal/bench/seed"
	"github.com/panal/panal/store"
)

// templateVersion names what templates are made from, so that those of another
// schema or another seed are not taken for these.
func templateVersion() (string, error) {
	hash := sha256.New()
	for _, root := range []string{"../store/migrations", "seed", "peer", "templates.go"} {
		err := filepath.WalkDir(root, func(path string, entry fs.DirEntry, err error) error {
			if err != nil || entry.IsDir() || strings.HasSuffix(path, "_test.go") {
				return err
			}
			text, err := os.ReadFile(path) //nolint:gosec // our own sources
			_, _ = hash.Write(text)        // never fails
			return err                     //nolint:wrapcheck // names the path
		})
		if err != nil {
			return "", fmt.Errorf("templates: %w", err)
		}
	}
	return hex.EncodeToString(hash.Sum(nil)[:4]), nil
}

// postgresTemplate returns the name of the database with so many customers.
func (b *bench) postgresTemplate(ctx context.Context, c *cluster, size int) (string, error) {
	name := fmt.Sprintf("seed_%s_%d", b.version, size)
	if c.do(ctx, name, "SELECT 1") == nil {
		return name, nil
	}
	b.say("filling PostgreSQL with %d customers", size)
	err := c.do(ctx, "postgres", "DROP DATABASE IF EXISTS building", "CREATE DATABASE building")
	if err == nil {
		err = fillPostgres(ctx, c, size)
	}
	if err == nil {
		err = c.do(ctx, "postgres", "ALTER DATABASE building RENAME TO "+name)
	}
	return name, err
}

// fillPostgres puts the rows in before indexes and the trigger that counts: within
// one transaction every change of a counter steps over all that it made before.
func fillPostgres(ctx context.Context, c *cluster, size int) error {
	err := fillStore(ctx, store.Options{DatabaseURL: c.url("building")}, "pgx", c.url("building"), func(company uuid.UUID) error {
		return c.with(ctx, "building", func(conn *pgx.Conn) error {
			rows, err := conn.Query(ctx, `SELECT indexname, indexdef FROM pg_indexes
				WHERE tablename = 'customers' AND indexname NOT IN ('customers_pkey', 'customers_live_key')`)
			if err != nil {
				return fmt.Errorf("indexes: %w", err)
			}
			statements := []string{"ALTER TABLE customers DISABLE TRIGGER USER"}
			var after []string
			var name, definition string
			if _, err := pgx.ForEachRow(rows, []any{&name, &definition}, func() error {
				statements, after = append(statements, "DROP INDEX "+name), append(after, definition)
				return nil
			}); err != nil {
				return fmt.Errorf("indexes: %w", err)
			}
			after = append(after, "ALTER TABLE customers ENABLE TRIGGER USER",
				`INSERT INTO customer_counts SELECT company_id, 0, count(*) FILTER (WHERE active), count(*) FILTER (WHERE NOT active)
					FROM customers GROUP BY company_id`)
			if err := c.do(ctx, "building", statements...); err != nil {
				return err
			}
			i := 0
			_, err = conn.CopyFrom(ctx, pgx.Identifier{"customers"}, seed.Columns, pgx.CopyFromFunc(func() ([]any, error) {
				if i == size {
					return nil, nil
				}
				i++
				return seed.At(i - 1).Row(company), nil
			}))
			if err != nil {
				return fmt.Errorf("copy: %w", err)
			}
			return c.do(ctx, "building", after...)
		})
	}, size)
	if err != nil {
		return err
	}
	return c.do(ctx, "building", "VACUUM ANALYZE") // as PostgreSQL does by itself
}

// sqliteTemplate returns the directory of the database with so many customers.
func (b *bench) sqliteTemplate(ctx context.Context, size int) (string, error) {
	return b.directoryTemplate("sqlite", size, func(dir string) error {
		file := url.URL{Scheme: "file", Path: filepath.Join(dir, "panal.db"), RawQuery: url.Values{
			"_time_format": {"sqlite"}, "_timezone": {"UTC"}, "_pragma": {"foreign_keys(1)", "cache_size(-262144)"},
		}.Encode()}
		return fillStore(ctx, store.Options{DataDir: dir}, "sqlite", file.String(), sqliteCustomers(ctx, file.String(), size), size)
	})
}

func sqliteCustomers(ctx context.Context, source string, size int) func(company uuid.UUID) error {
	return func(company uuid.UUID) error {
		return inTransaction(ctx, "sqlite", source, func(tx *sql.Tx) error {
			insert, err := tx.PrepareContext(ctx, "INSERT INTO customers ("+ //nolint:gosec // our own columns
				strings.Join(seed.Columns, ", ")+
				") VALUES (?"+strings.Repeat(", ?", len(seed.Columns)-1)+")")
			if err != nil {
				return fmt.Errorf("prepare: %w", err)
			}
			defer func() { _ = insert.Close() }() // the transaction's end has closed it
			for i := range size {
				if _, err := insert.ExecContext(ctx, seed.At(i).Row(company)...); err != nil {
					return fmt.Errorf("customer %d: %w", i, err)
				}
			}
			return nil
		})
	}
}

func (b *bench) peerTemplate(ctx context.Context, size int) (string, error) {
	return b.directoryTemplate("pocketbase", size, func(dir string) error {
		out, err := exec.CommandContext(ctx, b.binary("peer"), "-dir", dir, "-seed", strconv.Itoa(size)).CombinedOutput() //nolint:gosec // our own program
		if err != nil {
			return fmt.Errorf("pocketbase: %w\n%s", err, out)
		}
		return nil
	})
}

func (b *bench) directoryTemplate(name string, size int, fill func(dir string) error) (string, error) {
	dir := filepath.Join(b.cache, fmt.Sprintf("%s_%s_%d", name, b.version, size))
	if _, err := os.Stat(dir); err == nil {
		return dir, nil
	}
	b.say("filling %s with %d customers", name, size)
	building := filepath.Join(b.cache, "building")
	err := os.RemoveAll(building)
	if err == nil {
		err = os.Mkdir(building, 0o700)
	}
	if err == nil {
		err = fill(building)
	}
	if err == nil {
		err = os.Rename(building, dir)
	}
	if err != nil {
		return "", fmt.Errorf("template: %w", err)
	}
	return dir, nil
}

// fillStore makes a company through the store, has its customers filled in, and
// adds the invoices: one as the store writes it, and copies of it.
func fillStore(ctx context.Context, o store.Options, driver, source string, customers func(company uuid.UUID) error, size int) error {
	st, err := store.Open(ctx, o)
	if err != nil {
		return err
	}
	defer func() { _ = st.Close() }() // nothing of ours is left to write
	if _, err := st.Migrate(ctx); err != nil {
		return err
	}
	company, err := st.CreateCompany(ctx, store.NewCompany{
		Environment: store.Test, LegalName: "Estudio Colmena S.L.", NIF: "B12345674",
		Address: store.Address{Street: "Gran Vía", Number: "1", PostalCode: "28013", City: "Madrid", Province: "Madrid", Country: "España", CountryCode: "ES"},
	})
	if err != nil {
		return err
	}
	if err := customers(company.ID); err != nil {
		return err
	}
	first := seed.At(0).ID
	invoice, err := st.CreateInvoice(ctx, company.ID, newInvoice(first))
	if err != nil {
		return err
	}
	return inTransaction(ctx, driver, source, func(tx *sql.Tx) error {
		return copyInvoice(ctx, tx, invoice.ID, size)
	})
}

// copyInvoice gives a copy of customer 0's invoice to each other who has one.
func copyInvoice(ctx context.Context, tx *sql.Tx, id uuid.UUID, size int) error {
	columns := []string{
		"company_id", "series_id", "series_code", "type", "status", "issue_date", "due_date",
		"issuer", "recipient", "lines", "totals", "created_at", "updated_at",
	}
	// As text both databases take back what they give.
	row, values := make([]string, len(columns)), make([]any, len(columns))
	for i := range row {
		values[i] = &row[i]
	}
	names := strings.Join(columns, ", ")
	model := tx.QueryRowContext(ctx, "SELECT CAST("+strings.ReplaceAll(names, ", ", " AS text), CAST(")+" AS text) FROM invoices WHERE id = $1", id) //nolint:gosec // our own columns
	if err := model.Scan(values...); err != nil {
		return fmt.Errorf("invoice: %w", err)
	}
	insert, err := tx.PrepareContext(ctx, "INSERT INTO invoices ("+names+", id, customer_id) VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12, $13, $14, $15)") //nolint:gosec // our own columns
	if err != nil {
		return fmt.Errorf("prepare: %w", err)
	}
	defer func() { _ = insert.Close() }() // the transaction's end has closed it
	for i := 1; i < size; i++ {
		if !seed.Invoiced(i) {
			continue
		}
		if _, err := insert.ExecContext(ctx, slices.Concat(values, []any{uuid.Must(uuid.NewV7()), seed.At(i).ID})...); err != nil {
			return fmt.Errorf("invoice of customer %d: %w", i, err)
		}
	}
	return nil
}

func newInvoice(customer uuid.UUID) store.NewInvoice {
	hundred, vat, tax := decimal.NewFromInt(100), decimal.NewFromInt(21), store.Tax{Type: "IVA", Percentage: decimal.NewFromInt(21), RegimeKey: "01"}
	return store.NewInvoice{
		Type: store.InvoiceStandard, CustomerID: &customer,
		Lines: []store.InvoiceLine{{
			Description: "Horas de consultoría", Quantity: decimal.NewFromInt(2), Unit: "horas", UnitPrice: decimal.NewFromInt(50),
			MainTax: tax, TaxableBase: hundred, LineTotal: hundred.Add(vat),
		}},
		Totals: store.InvoiceTotals{
			TaxableBase: hundred, TotalVAT: vat, InvoiceTotal: hundred.Add(vat),
			VATBreakdown: []store.RateAmount{{TaxType: "IVA", RegimeKey: "01", Rate: vat, Base: hundred, Amount: vat}},
		},
	}
}

func inTransaction(ctx context.Context, driver, source string, fn func(*sql.Tx) error) error {
	pool, err := sql.Open(driver, source)
	if err != nil {
		return fmt.Errorf("open: %w", err)
	}
	tx, err := pool.BeginTx(ctx, nil)
	if err == nil {
		if err = fn(tx); err == nil {
			err = tx.Commit()
		} else {
			err = errors.Join(err, tx.Rollback())
		}
	}
	return errors.Join(err, pool.Close())
}

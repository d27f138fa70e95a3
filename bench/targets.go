package main

import (
	"context"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"time"

	"github.com/jackc/pgx/v5"

	"github.com/panal/panal/store"
)

// target is a server that is measured.
type target struct {
	name    string
	api     api
	key     string // empty: it prints one
	command func(address string) program
	// database is the one on PostgreSQL, dir that of SQLite's.
	database, dir string
	*process
	address string
}

// launch starts the server on a free port and says how long that took, up to the
// answer to a request with a key.
func (b *bench) launch(ctx context.Context, t *target, cpus string) (time.Duration, error) {
	address, err := freeAddress(ctx)
	if err != nil {
		return 0, err
	}
	p := t.command(address)
	p.name, p.cpus, p.stop = t.name, cpus, os.Interrupt
	begin := time.Now()
	if t.process, err = b.start(ctx, p); err != nil {
		return 0, err
	}
	t.address = address
	// Customer 0 has an invoice, so no round has deactivated it.
	err = t.await(ctx, "http://"+address+t.api.line("get", 0, nil), t.authorization)
	return time.Since(begin), err
}

// end stops the server if it has been started.
func (t *target) end() error {
	if t.process == nil {
		return nil
	}
	return t.stop()
}

func (t *target) authorization() string {
	if t.key != "" {
		return t.api.authorization + t.key
	}
	text, _ := os.ReadFile(t.log)
	token, _, _ := strings.Cut(string(text), "\n")
	return t.api.authorization + token
}

func panalCommand(binary, dir string, env ...string) func(string) program {
	return func(address string) program {
		return program{command: []string{binary, "serve"}, env: append([]string{
			"PANAL_ADDR=" + address, "PANAL_DATA_DIR=" + dir, "PANAL_RATE_LIMIT=off", "PANAL_DEMO=false",
		}, env...)}
	}
}

// onPostgres measures Panal and the floor, each on a copy of the same database.
func (b *bench) onPostgres(ctx context.Context) (err error) {
	c, err := b.startPostgres(ctx)
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, c.stop()) }()
	if err := b.dropStale(ctx, c); err != nil {
		return err
	}
	for _, size := range b.sizes {
		template, err := b.postgresTemplate(ctx, c, size)
		if err != nil {
			return err
		}
		targets := []*target{{name: "floor"}, {name: "panal"}}
		for _, t := range targets {
			t.api, t.database = panalAPI, "run_"+t.name
			url := c.url(t.database)
			t.command = panalCommand(b.binary("panal"), b.scratch, "DATABASE_URL="+url)
			if t.name == "floor" {
				t.command = func(address string) program {
					return program{command: []string{b.binary("floor"), "-address", address}, env: []string{"DATABASE_URL=" + url}}
				}
			}
			err := c.do(ctx, "postgres", "CREATE DATABASE "+t.database+" TEMPLATE "+template+" STRATEGY file_copy")
			if err == nil && t.name == "floor" {
				err = c.do(ctx, t.database, plainSchema...)
			}
			if err == nil {
				t.key, err = newKey(ctx, store.Options{DatabaseURL: url})
			}
			if err != nil {
				return err
			}
		}
		if err := b.measureAll(ctx, "postgres", size, targets, c); err != nil {
			return err
		}
		for _, t := range targets {
			if err := c.do(ctx, "postgres", "DROP DATABASE "+t.database+" WITH (FORCE)"); err != nil {
				return err
			}
		}
	}
	return nil
}

// plainSchema takes from the floor's copy what a program that counts and checks by
// itself has no use for.
var plainSchema = []string{
	"DROP TRIGGER customers_count_insert ON customers",
	"DROP TRIGGER customers_count_update ON customers",
	"DROP TRIGGER customers_count_delete ON customers",
	"ALTER TABLE invoices DROP CONSTRAINT invoices_customer_fkey",
	"ALTER TABLE invoices ADD FOREIGN KEY (company_id, customer_id) REFERENCES customers (company_id, id)",
}

// dropStale removes what a broken run and another version of the seed have left.
func (b *bench) dropStale(ctx context.Context, c *cluster) error {
	return c.with(ctx, "postgres", func(conn *pgx.Conn) error {
		rows, err := conn.Query(ctx, `SELECT datname FROM pg_database
			WHERE datname LIKE 'run\_%' OR datname LIKE 'seed\_%' AND datname NOT LIKE 'seed\_' || $1 || '\_%'`, b.version)
		if err != nil {
			return fmt.Errorf("list databases: %w", err)
		}
		names, err := pgx.CollectRows(rows, pgx.RowTo[string])
		if err != nil {
			return fmt.Errorf("list databases: %w", err)
		}
		for _, name := range names {
			if err := c.do(ctx, "postgres", "DROP DATABASE "+name+" WITH (FORCE)"); err != nil {
				return err
			}
		}
		return nil
	})
}

// onSQLite measures Panal and PocketBase.
func (b *bench) onSQLite(ctx context.Context) error {
	for _, size := range b.sizes {
		own, err := b.sqliteTemplate(ctx, size)
		if err != nil {
			return err
		}
		peers, err := b.peerTemplate(ctx, size)
		if err != nil {
			return err
		}
		dir := filepath.Join(b.scratch, "sqlite")
		for from, to := range map[string]string{own: filepath.Join(dir, "panal"), peers: filepath.Join(dir, "pocketbase")} {
			if err := os.CopyFS(to, os.DirFS(from)); err != nil {
				return fmt.Errorf("copy: %w", err)
			}
		}
		key, err := newKey(ctx, store.Options{DataDir: filepath.Join(dir, "panal")})
		if err != nil {
			return err
		}
		targets := []*target{
			{name: "pocketbase", api: peerAPI, command: func(address string) program {
				return program{command: []string{b.binary("peer"), "-dir", filepath.Join(dir, "pocketbase"), "-address", address}}
			}},
			{name: "panal", api: panalAPI, key: key, dir: filepath.Join(dir, "panal"), command: panalCommand(b.binary("panal"), filepath.Join(dir, "panal"))},
		}
		if err := b.measureAll(ctx, "sqlite", size, targets, nil); err != nil {
			return err
		}
		if err := os.RemoveAll(dir); err != nil {
			return fmt.Errorf("remove: %w", err)
		}
	}
	return nil
}

// newKey makes a key for the one company that there is.
func newKey(ctx context.Context, o store.Options) (string, error) {
	st, err := store.Open(ctx, o)
	if err != nil {
		return "", err
	}
	companies, err := st.ListCompanies(ctx)
	var secret string
	if err == nil && len(companies) == 1 {
		_, secret, err = st.CreateKey(ctx, store.NewKey{
			CompanyID: companies[0].ID, Name: "bench", Scopes: []string{"customers:read", "customers:write", "invoices:read"},
		})
	}
	return secret, errors.Join(err, st.Close())
}

package store

import (
	"fmt"
	"slices"
	"sort"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
)

// index is a primary key, a unique constraint or an index, as the database's
// own catalogue has it. An expression is written "*".
type index struct {
	Table, Name string
	Columns     []string
	Unique      bool
	Partial     bool
}

func (i index) String() string {
	return fmt.Sprintf("%s.%s%v unique=%t partial=%t", i.Table, i.Name, i.Columns, i.Unique, i.Partial)
}

type foreignKey struct{ From, Columns, To, Targets string }

type column struct {
	Table, Name string
	NotNull     bool
}

// catalogue is the shape of a schema, in an order that both databases share.
type catalogue struct {
	Columns     []column
	Indexes     []index
	ForeignKeys []foreignKey
}

func mustReadCatalogue(tb testing.TB, s *Store) catalogue {
	tb.Helper()
	read := sqliteCatalogue
	if s.dialect == dialectPostgres {
		read = postgresCatalogue
	}
	c := read(tb, s)
	sort.Slice(c.Columns, func(i, j int) bool { return fmt.Sprint(c.Columns[i]) < fmt.Sprint(c.Columns[j]) })
	sort.Slice(c.Indexes, func(i, j int) bool { return c.Indexes[i].String() < c.Indexes[j].String() })
	sort.Slice(c.ForeignKeys, func(i, j int) bool { return fmt.Sprint(c.ForeignKeys[i]) < fmt.Sprint(c.ForeignKeys[j]) })
	if len(c.Columns) < 80 || len(c.Indexes) < 20 || len(c.ForeignKeys) < 7 {
		tb.Fatalf("read only %d columns, %d indexes and %d foreign keys", len(c.Columns), len(c.Indexes), len(c.ForeignKeys))
	}
	return c
}

func mustScan(tb testing.TB, s *Store, into any, query string, args ...any) {
	tb.Helper()
	if err := s.read.Raw(query, args...).Scan(into).Error; err != nil {
		tb.Fatalf("%s: %v", query, err)
	}
}

func sqliteCatalogue(tb testing.TB, s *Store) (c catalogue) {
	tb.Helper()
	var tables []string
	// The shape of customer_trigrams and its shadows is FTS5's own.
	mustScan(tb, s, &tables, `SELECT name FROM sqlite_schema WHERE type = 'table'
		AND name NOT LIKE 'goose%' AND name NOT LIKE 'sqlite%' AND name NOT LIKE 'customer\_trigrams%' ESCAPE '\'`)
	for _, table := range tables {
		var columns []struct {
			Name    string
			NotNull bool `gorm:"column:notnull"`
		}
		mustScan(tb, s, &columns, `SELECT name, "notnull" FROM pragma_table_xinfo(?)`, table)
		for _, col := range columns {
			c.Columns = append(c.Columns, column{Table: table, Name: col.Name, NotNull: col.NotNull})
		}
		var indexes []struct {
			Name    string
			Unique  bool
			Origin  string
			Partial bool
		}
		mustScan(tb, s, &indexes, `SELECT name, "unique", origin, partial FROM pragma_index_list(?)`, table)
		for _, i := range indexes {
			var columns []string
			mustScan(tb, s, &columns, "SELECT coalesce(name, '*') FROM pragma_index_info(?) ORDER BY seqno", i.Name)
			if i.Origin == "pk" {
				i.Name = table + "_pkey" // SQLite names it by itself
			}
			c.Indexes = append(c.Indexes, index{table, i.Name, columns, i.Unique, i.Partial})
		}
		var keys []struct{ From, To, Table, ID string }
		mustScan(tb, s, &keys, `SELECT id, "table", group_concat("from") AS "from", group_concat("to") AS "to"
			FROM (SELECT id, "table", "from", "to" FROM pragma_foreign_key_list(?) ORDER BY id, seq) GROUP BY id`, table)
		for _, k := range keys {
			c.ForeignKeys = append(c.ForeignKeys, foreignKey{table, k.From, k.Table, k.To})
		}
	}
	return c
}

func postgresCatalogue(tb testing.TB, s *Store) (c catalogue) {
	tb.Helper()
	const ours = `relnamespace = 'public'::regnamespace AND relname NOT LIKE 'goose%'`
	mustScan(tb, s, &c.Columns, `SELECT relname AS "table", attname AS name, attnotnull AS not_null
		FROM pg_attribute JOIN pg_class ON pg_class.oid = attrelid WHERE relkind = 'r' AND attnum > 0 AND `+ours)
	var indexes []struct {
		Table, Name, Columns string
		Unique, Partial      bool
	}
	mustScan(tb, s, &indexes, `SELECT t.relname AS "table", i.relname AS name, indisunique AS unique, indpred IS NOT NULL AS partial,
		(SELECT string_agg(coalesce(attname, '*'), ',' ORDER BY n) FROM unnest(indkey) WITH ORDINALITY k (num, n)
			LEFT JOIN pg_attribute ON attrelid = t.oid AND attnum = num AND num <> 0) AS columns
		FROM pg_index JOIN pg_class i ON i.oid = indexrelid
		JOIN (SELECT oid, relname FROM pg_class WHERE relkind = 'r' AND `+ours+`) t ON t.oid = indrelid`)
	for _, i := range indexes {
		c.Indexes = append(c.Indexes, index{i.Table, i.Name, strings.Split(i.Columns, ","), i.Unique, i.Partial})
	}
	mustScan(tb, s, &c.ForeignKeys, `SELECT conrelid::regclass::text AS "from", confrelid::regclass::text AS "to",
		(SELECT string_agg(attname, ',' ORDER BY n) FROM unnest(conkey) WITH ORDINALITY k (num, n)
			JOIN pg_attribute ON attrelid = conrelid AND attnum = num) AS columns,
		(SELECT string_agg(attname, ',' ORDER BY n) FROM unnest(confkey) WITH ORDINALITY k (num, n)
			JOIN pg_attribute ON attrelid = confrelid AND attnum = num) AS targets
		FROM pg_constraint WHERE contype = 'f'`)
	return c
}

func TestTheSchema(t *testing.T) {
	t.Parallel()
	eachDialect(t, func(t *testing.T, s *Store) {
		c := mustReadCatalogue(t, s)
		t.Run("every table has a primary key", func(t *testing.T) {
			for _, col := range c.Columns {
				if !slices.ContainsFunc(c.Indexes, func(i index) bool { return i.Name == col.Table+"_pkey" && i.Unique }) {
					t.Errorf("%s has none", col.Table)
				}
			}
		})
		t.Run("every key begins with the company, so that data can be spread by it", func(t *testing.T) {
			for _, i := range c.Indexes {
				if i.Unique && i.Columns[0] != "company_id" {
					t.Error(i)
				}
			}
			for _, k := range c.ForeignKeys {
				if !strings.HasPrefix(k.Columns+",", "company_id,") || !strings.HasPrefix(k.Targets+",", "company_id,") {
					t.Error(k)
				}
			}
		})
		t.Run("what is deleted keeps no identifier from the living", func(t *testing.T) {
			softly := 0
			for _, col := range c.Columns {
				if col.Name != "deleted_at" {
					continue
				}
				softly++
				for _, i := range c.Indexes {
					// A foreign key refers to the first; an id is never used twice.
					exempt := i.Name == "customers_live_key" || i.Name == col.Table+"_pkey"
					if i.Table == col.Table && i.Unique && i.Partial == exempt {
						t.Error(i)
					}
				}
			}
			if softly != 3 {
				t.Errorf("%d tables with soft deletion, want customers, invoice_series and invoices", softly)
			}
		})
		t.Run("the rule is there: an invoice refers to a customer that is live", func(t *testing.T) {
			rule := foreignKey{"invoices", "company_id,live_customer_id,customer_live", "customers", "company_id,id,live"}
			if !slices.Contains(c.ForeignKeys, rule) {
				t.Errorf("not among %v", c.ForeignKeys)
			}
		})
		// CreateCustomer tells by this name which identifier is taken.
		t.Run("a unique index is named by its columns", func(t *testing.T) {
			for _, i := range c.Indexes {
				if !i.Unique || strings.HasSuffix(i.Name, "_pkey") || slices.Contains(i.Columns, "*") ||
					i.Name == "customers_live_key" || i.Name == "invoice_series_default_key" {
					continue // no statement can violate these two and say so to a user
				}
				qualified := i.Table + "." + strings.Join(i.Columns, ", "+i.Table+".")
				if got := sqliteIndex("constraint failed: UNIQUE constraint failed: " + qualified + " (2067)"); got != i.Name {
					t.Errorf("%s is taken for %s", i, got)
				}
			}
		})
	})
}

func TestBothSchemasAreAlike(t *testing.T) {
	lite := mustReadCatalogue(t, mustOpen(t, migratedOptions(t, dialectSQLite)))
	pg := mustReadCatalogue(t, mustOpen(t, migratedOptions(t, dialectPostgres)))
	// Text is searched by what each database has for it: an index on PostgreSQL,
	// a table with the numbers of its documents on SQLite.
	lite.Columns = slices.DeleteFunc(lite.Columns, func(c column) bool { return c.Table == "customer_documents" })
	lite.Indexes = slices.DeleteFunc(lite.Indexes, func(i index) bool { return i.Table == "customer_documents" })
	pg.Indexes = slices.DeleteFunc(pg.Indexes, func(i index) bool { return i.Name == "customers_search_idx" })
	if diff := cmp.Diff(lite, pg); diff != "" {
		t.Error(diff)
	}
}

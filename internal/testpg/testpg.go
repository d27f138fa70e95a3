// Package testpg gives a test a PostgreSQL database of its own.
//
// The server is the one that TEST_DATABASE_URL names, where the tests may
// create databases, or else a throwaway cluster started from the PostgreSQL
// programs of this machine. It starts when the first test asks, once per test
// process.
//
// testpg.go makes and drops databases; server.go finds or starts the server;
// cluster.sh is the life of a throwaway cluster, from initdb to its removal;
// pgbouncer.go puts a pooler in front of it.
package testpg

import (
	"context"
	"crypto/rand"
	"errors"
	"fmt"
	"net/url"
	"os"
	"strings"
	"sync"
	"testing"

	"github.com/jackc/pgx/v5"
)

// pristine is the template that PostgreSQL lets nobody connect to or change.
const pristine = "template0"

// Main runs the tests and then removes everything this package made for them.
// A package whose tests use it says os.Exit(testpg.Main(m)) in TestMain.
func Main(m *testing.M) int {
	code := m.Run()
	if err := cleanUp(); err != nil {
		fmt.Fprintln(os.Stderr, "testpg:", err)
		return max(code, 1)
	}
	return code
}

// URL returns the URL of a new, empty database that is dropped when the test
// ends, whoever is still connected. Without a server the test is skipped, or,
// where CI is set, fails.
func URL(tb testing.TB) string {
	tb.Helper()
	return mustCreate(tb, mustServer(tb), pristine)
}

// Template is a database prepared once per test process, of which every test
// gets its own copy: far cheaper than preparing each one.
type Template struct {
	database func() (string, error)
}

// NewTemplate returns a template whose first use runs prepare on an empty
// database. PostgreSQL copies a database only while nobody is connected to it,
// so prepare must close what it opens.
func NewTemplate(prepare func(url string) error) *Template {
	return &Template{database: sync.OnceValues(func() (string, error) {
		s, err := theServer()
		if err != nil {
			return "", err
		}
		ctx := context.Background()
		name, err := s.create(ctx, pristine)
		if err != nil {
			return "", err
		}
		atExit(func() error { return s.drop(ctx, name) })
		if err := prepare(s.url(name)); err != nil {
			return "", fmt.Errorf("prepare the template database: %w", err)
		}
		return name, nil
	})}
}

// URL is like the function URL, with a copy of the template instead of an
// empty database.
func (t *Template) URL(tb testing.TB) string {
	tb.Helper()
	s := mustServer(tb)
	template, err := t.database()
	if err != nil {
		tb.Fatal(err)
	}
	return mustCreate(tb, s, template)
}

func mustServer(tb testing.TB) *server {
	tb.Helper()
	s, err := theServer()
	if err != nil {
		stop(tb, err)
	}
	return s
}

// stop skips only for want of a program, and never where CI is set: there a
// skipped test would pass for a guarantee that nobody checked.
func stop(tb testing.TB, err error) {
	tb.Helper()
	missing := errors.Is(err, errNoPostgres) || errors.Is(err, errNoPgBouncer)
	if missing && os.Getenv("CI") == "" {
		tb.Skip("SKIPPED, nothing was tested:", err)
	}
	tb.Fatal(err)
}

func mustCreate(tb testing.TB, s *server, template string) string {
	tb.Helper()
	name, err := s.create(tb.Context(), template)
	if err != nil {
		tb.Fatal(err)
	}
	tb.Cleanup(func() {
		if err := s.drop(context.Background(), name); err != nil {
			tb.Error(err)
		}
	})
	return s.url(name)
}

// server is a PostgreSQL server on which databases may be created.
type server struct {
	admin url.URL
}

func (s *server) url(database string) string {
	u := s.admin
	u.Path = "/" + database
	return u.String()
}

// create names the database at random, because several test processes, on
// several machines, may share one server.
func (s *server) create(ctx context.Context, template string) (string, error) {
	name := "panal_test_" + strings.ToLower(rand.Text())
	if err := s.exec(ctx, "CREATE DATABASE "+name+" TEMPLATE "+template); err != nil {
		return "", fmt.Errorf("create a test database: %w", err)
	}
	return name, nil
}

func (s *server) drop(ctx context.Context, database string) error {
	if err := s.exec(ctx, "DROP DATABASE "+database+" WITH (FORCE)"); err != nil {
		return fmt.Errorf("drop a test database: %w", err)
	}
	return nil
}

func (s *server) exec(ctx context.Context, sql string) error {
	conn, err := pgx.Connect(ctx, s.admin.String())
	if err != nil {
		return fmt.Errorf("connect: %w", err)
	}
	_, err = conn.Exec(ctx, sql)
	return errors.Join(err, conn.Close(context.WithoutCancel(ctx)))
}

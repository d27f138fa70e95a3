package testpg

import (
	"context"
	"errors"
	"os"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
	"github.com/jackc/pgx/v5"
)

func TestMain(m *testing.M) { os.Exit(Main(m)) }

var (
	preparations int
	noted        = NewTemplate(func(url string) error {
		preparations++
		ctx := context.Background()
		conn, err := pgx.Connect(ctx, url)
		if err != nil {
			return err
		}
		_, err = conn.Exec(ctx, "CREATE TABLE notes (text text); INSERT INTO notes VALUES ('prepared')")
		return errors.Join(err, conn.Close(ctx))
	})
)

func mustConnect(tb testing.TB, url string) *pgx.Conn {
	tb.Helper()
	conn, err := pgx.Connect(tb.Context(), url)
	if err != nil {
		tb.Fatal(err)
	}
	tb.Cleanup(func() { _ = conn.Close(context.Background()) })
	return conn
}

func mustExec(tb testing.TB, conn *pgx.Conn, sql string) {
	tb.Helper()
	if _, err := conn.Exec(tb.Context(), sql); err != nil {
		tb.Fatal(err)
	}
}

func mustList(tb testing.TB, conn *pgx.Conn, sql string, args ...any) []string {
	tb.Helper()
	rows, err := conn.Query(tb.Context(), sql, args...)
	if err != nil {
		tb.Fatal(err)
	}
	list, err := pgx.CollectRows(rows, pgx.RowTo[string])
	if err != nil {
		tb.Fatal(err)
	}
	return list
}

func TestURL(t *testing.T) {
	const tables = "SELECT table_name::text FROM information_schema.tables WHERE table_schema = 'public'"
	first, second := mustConnect(t, URL(t)), mustConnect(t, URL(t))

	if got := mustList(t, first, tables); len(got) > 0 {
		t.Errorf("a new database has tables: %v", got)
	}
	mustExec(t, first, "CREATE TABLE mine ()")
	if got := mustList(t, second, tables); len(got) > 0 {
		t.Errorf("a table of the first database is in the second: %v", got)
	}

	t.Run("its database is dropped when the test ends, with a connection still open", func(t *testing.T) {
		var name string
		t.Run("a test that forgets to disconnect", func(t *testing.T) {
			conn, err := pgx.Connect(t.Context(), URL(t))
			if err != nil {
				t.Fatal(err)
			}
			name = mustList(t, conn, "SELECT current_database()::text")[0]
		})
		if got := mustList(t, first, "SELECT datname::text FROM pg_database WHERE datname = $1", name); len(got) > 0 {
			t.Errorf("still there: %v", got)
		}
	})
}

func TestTemplate(t *testing.T) {
	first, second := mustConnect(t, noted.URL(t)), mustConnect(t, noted.URL(t))
	mustExec(t, first, "INSERT INTO notes VALUES ('added')")

	const notes = "SELECT text FROM notes ORDER BY text"
	if diff := cmp.Diff([]string{"added", "prepared"}, mustList(t, first, notes)); diff != "" {
		t.Errorf("first copy (-want +got):\n%s", diff)
	}
	if diff := cmp.Diff([]string{"prepared"}, mustList(t, second, notes)); diff != "" {
		t.Errorf("second copy (-want +got):\n%s", diff)
	}
	if preparations != 1 {
		t.Errorf("prepared %d times, want once for both copies", preparations)
	}
}

// verdict notes how a test was stopped.
type verdict struct {
	testing.TB
	said []string
}

func (v *verdict) Helper()      {}
func (v *verdict) Skip(...any)  { v.said = append(v.said, "skip") }
func (v *verdict) Fatal(...any) { v.said = append(v.said, "fatal") }

func TestWithoutPostgres(t *testing.T) {
	t.Run("is noticed", func(t *testing.T) {
		t.Setenv("PATH", t.TempDir())
		if dir, err := findBinaries(nil); !errors.Is(err, errNoPostgres) {
			t.Errorf("findBinaries() = %q, %v", dir, err)
		}
	})
	for _, tc := range []struct {
		guarantee, ci string
		err           error
		want          string
	}{
		{"a laptop skips", "", errNoPostgres, "skip"},
		{"CI fails", "true", errNoPostgres, "fatal"},
		{"a laptop fails when PostgreSQL is there but broken", "", errors.New("no space left"), "fatal"},
	} {
		t.Run(tc.guarantee, func(t *testing.T) {
			t.Setenv("CI", tc.ci)
			var got verdict
			stop(&got, tc.err)
			if len(got.said) == 0 || got.said[0] != tc.want {
				t.Errorf("got %v, want %s first", got.said, tc.want)
			}
		})
	}
}

func TestBadAddressKeepsItsPassword(t *testing.T) {
	t.Setenv("TEST_DATABASE_URL", "postgres://panal:s3cret@127.0.0.1:notaport/")
	_, err := findOrStart()
	if err == nil || strings.Contains(err.Error(), "s3cret") {
		t.Errorf("err = %v, want one without the password", err)
	}
}

func BenchmarkURL(b *testing.B) {
	for b.Loop() {
		URL(b)
	}
}

func BenchmarkTemplate(b *testing.B) {
	for b.Loop() {
		noted.URL(b)
	}
}

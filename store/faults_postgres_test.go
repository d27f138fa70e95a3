package store

import (
	"context"
	"errors"
	"testing"

	"github.com/google/go-cmp/cmp"
	"github.com/jackc/pgx/v5/pgconn"
)

// conflict is what the database reports when a transaction should be repeated.
func conflict(t *testing.T, s *Store) error {
	t.Helper()
	if s.dialect == dialectPostgres {
		return pgDialector{}.Translate(&pgconn.PgError{Code: "40P01"})
	}
	return mustBeBusy(t)
}

const cutOthers = `SELECT count(pg_terminate_backend(pid)) FROM pg_stat_activity
	WHERE datname = current_database() AND pid <> pg_backend_pid() AND `

func TestACutConnection(t *testing.T) {
	o := migratedOptions(t, dialectPostgres)
	s, admin := mustOpen(t, o), mustOpen(t, o)
	company := mustCreateCompany(t, s)
	c := mustCreateCustomer(t, s, company.ID, customer())
	t.Run("in the middle of a transaction leaves nothing and is said to be unavailable", func(t *testing.T) {
		before := mustDump(t, s)
		n := invoiceFor(c)
		n.Check = func(Recipient) error {
			if cut := mustCount(t, admin, cutOthers+"state = 'idle in transaction'"); cut != 1 {
				t.Errorf("%d connections cut", cut)
			}
			return nil
		}
		if _, err := s.CreateInvoice(t.Context(), company.ID, n); !errors.Is(err, ErrUnavailable) {
			t.Errorf("got %v", err)
		}
		if diff := cmp.Diff(before, mustDump(t, s)); diff != "" {
			t.Error(diff)
		}
	})
	t.Run("in the middle of a statement leaves nothing and is said to be unavailable", func(t *testing.T) {
		lock := admin.write.Begin()
		defer lock.Rollback()
		if err := lock.Exec("SELECT 1 FROM customers WHERE id = ? FOR UPDATE", c.ID).Error; err != nil {
			t.Fatal(err)
		}
		done := make(chan error)
		go func() { done <- s.DeactivateCustomer(context.Background(), company.ID, c.ID) }()
		for mustCount(t, admin, cutOthers+"wait_event_type = 'Lock'") == 0 {
			continue // it has not come to the lock yet
		}
		if err := <-done; !errors.Is(err, ErrUnavailable) {
			t.Errorf("got %v", err)
		}
	})
	t.Run("while idle is not noticed", func(t *testing.T) {
		mustCount(t, admin, cutOthers+"state = 'idle'")
		got, err := s.GetCustomer(t.Context(), company.ID, c.ID)
		if diff := cmp.Diff(asShown(c), got); err != nil || diff != "" {
			t.Error(err, diff)
		}
	})
}

func TestNobodyAnswers(t *testing.T) {
	for name, url := range map[string]string{ //nolint:gosec // the passwords are made up
		"a closed port":     "postgres://panal:s3cret-pw@127.0.0.1:1/panal?connect_timeout=1",
		"an unknown scheme": "mysql://panal:s3cret-pw@127.0.0.1/panal",
		"a broken escape":   "postgres://panal:s3cret-pw%zz@127.0.0.1/panal",
		"a broken port":     "postgres://panal:s3cret-pw@127.0.0.1:port/panal",
		"a broken setting":  "postgres://panal:s3cret-pw@127.0.0.1/panal?connect_timeout=x",
		"words":             "host=127.0.0.1 password=s3cret-pw port",
	} {
		t.Run(name+" fails without telling the password", func(t *testing.T) {
			_, err := Open(t.Context(), Options{DatabaseURL: url})
			if err == nil {
				t.Fatal("opened")
			}
			mustNotContain(t, err.Error(), "s3cret-pw")
			if name == "a closed port" && !errors.Is(err, ErrUnavailable) {
				t.Errorf("got %v", err)
			}
		})
	}
}

func TestTranslatePostgres(t *testing.T) {
	t.Run("what the server says about its state is told from what it says about the statement", func(t *testing.T) {
		for code, want := range map[string]bool{
			"57P01": true, "57P03": true, "57014": true, "53300": true, "08006": true, "55P03": true, "40001": true,
			"42601": false, "42P01": false, "23514": false, "22P02": false, "23505": false, "XX000": false,
		} {
			if got := errors.Is(pgDialector{}.Translate(&pgconn.PgError{Code: code}), ErrUnavailable); got != want {
				t.Errorf("%s: unavailable %t", code, got)
			}
		}
	})
	t.Run("a value that the server quotes is left out", func(t *testing.T) {
		err := pgDialector{}.Translate(&pgconn.PgError{Code: "22P02", Message: `invalid input syntax for type uuid: "12345678Z"`})
		mustNotContain(t, err.Error(), "12345678Z")
	})
}

// PostgreSQL finishes the statements of a process that was killed.
func TestASelftestIsRemovedWithWhatIsStillUnderWay(t *testing.T) {
	t.Parallel()
	o := migratedOptions(t, dialectPostgres)
	s, killed := mustOpen(t, o), mustOpen(t, o)
	before := mustDump(t, s)
	id, err := s.createScratch(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	underWay := killed.write.Begin()
	defer underWay.Rollback()
	c := newCustomerRow(id, scratchCustomer(0), s.timestamp())
	if err := underWay.Create(&c).Error; err != nil {
		t.Fatal(err)
	}
	done := make(chan error)
	go func() { done <- s.removeScratch(t.Context()) }()
	for mustCount(t, killed, "SELECT count(*) FROM pg_stat_activity WHERE datname = current_database() AND wait_event_type = 'Lock'") == 0 {
		continue // it has not come to the lock yet
	}
	if err := underWay.Commit().Error; err != nil {
		t.Fatal(err)
	}
	if err := <-done; err != nil {
		t.Error(err)
	}
	if diff := cmp.Diff(before, mustDump(t, s)); diff != "" {
		t.Error(diff)
	}
}

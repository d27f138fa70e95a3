package store

import (
	"context"
	"database/sql"
	"errors"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/google/uuid"
	"modernc.org/sqlite"
)

// group lets writers gather behind SQLite's one connection, and counts the commits
// after that.
type group struct {
	*groupedPool
	held    *sql.Conn
	writers sync.WaitGroup
	commits int
	fail    bool // the next commit fails
}

func mustHoldUpWriters(t *testing.T, s *Store) *group {
	t.Helper()
	pool, ok := s.write.ConnPool.(*groupedPool)
	if !ok {
		t.Fatalf("the writing pool is a %T", s.write.ConnPool)
	}
	held, err := pool.Conn(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	g := &group{groupedPool: pool, held: held}
	err = held.Raw(func(conn any) error {
		conn.(*sqliteConn).Unwrap().(sqlite.HookRegisterer).RegisterCommitHook(func() int32 { //nolint:forcetypeassert,errcheck // or the test fails
			if g.fail {
				g.fail = false
				return 1
			}
			g.commits++
			return 0
		})
		return nil
	})
	if err != nil {
		t.Fatal(err)
	}
	return g
}

// start has a write wait in the group.
func (g *group) start(t *testing.T, write func()) {
	t.Helper()
	before := g.length()
	g.writers.Go(write)
	g.waitFor(t, func(waiting int) bool { return waiting > before })
}

func (g *group) length() int {
	g.mu.Lock()
	defer g.mu.Unlock()
	return len(g.waiting)
}

func (g *group) waitFor(t *testing.T, enough func(waiting int) bool) {
	t.Helper()
	for deadline := time.Now().Add(10 * time.Second); !enough(g.length()); time.Sleep(100 * time.Microsecond) {
		if time.Now().After(deadline) {
			t.Fatalf("%d wait", g.length())
		}
	}
}

func (g *group) release(t *testing.T) {
	t.Helper()
	if err := g.held.Close(); err != nil {
		t.Fatal(err)
	}
	g.writers.Wait()
}

func TestWritersThatWaitShareACommit(t *testing.T) {
	t.Parallel()
	t.Run("and each gets its own answer", func(t *testing.T) {
		t.Parallel()
		s := mustOpen(t, migratedOptions(t, dialectSQLite))
		company := mustCreateCompany(t, s).ID
		free := mustCreateCustomer(t, s, company, customer())
		kept := mustCreateCustomer(t, s, company, customer())
		invoice := mustCreateInvoice(t, s, company, invoiceFor(kept))
		wanted := customer()
		var created Customer
		var errCreate, errTwin, errFree, errKept, errUnknown error
		g := mustHoldUpWriters(t, s)
		g.start(t, func() { created, errCreate = s.CreateCustomer(t.Context(), company, wanted) })
		g.start(t, func() { _, errTwin = s.CreateCustomer(t.Context(), company, wanted) })
		g.start(t, func() { errFree = s.DeactivateCustomer(t.Context(), company, free.ID) })
		g.start(t, func() { errKept = s.DeactivateCustomer(t.Context(), company, kept.ID) })
		g.start(t, func() { errUnknown = s.DeactivateCustomer(t.Context(), company, invoice.ID) })
		g.release(t)
		if g.commits != 1 {
			t.Errorf("%d commits", g.commits)
		}
		if errCreate != nil || errFree != nil {
			t.Errorf("create: %v; deactivate: %v", errCreate, errFree)
		}
		var duplicate *DuplicateError
		if !errors.As(errTwin, &duplicate) || duplicate.ExistingID != created.ID {
			t.Errorf("the same NIF: %v", errTwin)
		}
		var blocked *HasInvoicesError
		if !errors.As(errKept, &blocked) || blocked.Invoices[0].ID != invoice.ID {
			t.Errorf("deactivate with an invoice: %v", errKept)
		}
		if !errors.Is(errUnknown, ErrNotFound) {
			t.Errorf("deactivate nobody: %v", errUnknown)
		}
		for id, want := range map[uuid.UUID]bool{created.ID: true, free.ID: false, kept.ID: true} {
			if _, err := s.GetCustomer(t.Context(), company, id); (err == nil) != want {
				t.Errorf("%s afterwards: %v", id, err)
			}
		}
	})
	t.Run("or none, if all are refused", func(t *testing.T) {
		t.Parallel()
		s := mustOpen(t, migratedOptions(t, dialectSQLite))
		company := mustCreateCompany(t, s).ID
		kept := mustCreateCustomer(t, s, company, customer())
		mustCreateInvoice(t, s, company, invoiceFor(kept))
		errs := make([]error, 3)
		g := mustHoldUpWriters(t, s)
		for i := range errs {
			g.start(t, func() { errs[i] = s.DeactivateCustomer(t.Context(), company, kept.ID) })
		}
		g.release(t)
		for _, err := range errs {
			if _, blocked := errors.AsType[*HasInvoicesError](err); !blocked {
				t.Errorf("got %v", err)
			}
		}
		if g.commits != 0 {
			t.Errorf("%d commits", g.commits)
		}
	})
	t.Run("but not who gave up waiting", func(t *testing.T) {
		t.Parallel()
		s := mustOpen(t, migratedOptions(t, dialectSQLite))
		company := mustCreateCompany(t, s).ID
		ctx, cancel := context.WithCancel(t.Context())
		var errGone, errStays error
		g := mustHoldUpWriters(t, s)
		g.start(t, func() { _, errGone = s.CreateCustomer(ctx, company, customer()) })
		g.start(t, func() { _, errStays = s.CreateCustomer(t.Context(), company, customer()) })
		cancel()
		g.waitFor(t, func(waiting int) bool { return waiting == 1 })
		g.release(t)
		if _, n := mustList(t, s, company, CustomerFilter{}); errGone == nil || errStays != nil || n != 1 {
			t.Errorf("%v and %v, %d customers", errGone, errStays, n)
		}
	})
	t.Run("and are each tried alone if it fails", func(t *testing.T) {
		t.Parallel()
		s := mustOpen(t, migratedOptions(t, dialectSQLite))
		company := mustCreateCompany(t, s).ID
		errs := make([]error, 5)
		g := mustHoldUpWriters(t, s)
		g.fail = true
		for i := range errs {
			g.start(t, func() { _, errs[i] = s.CreateCustomer(t.Context(), company, customer()) })
		}
		g.release(t)
		if _, n := mustList(t, s, company, CustomerFilter{}); errors.Join(errs...) != nil || n != len(errs) || g.commits != len(errs) {
			t.Errorf("%v, %d customers, %d commits", errs, n, g.commits)
		}
	})
	t.Run("and who fills the disk fails alone", func(t *testing.T) {
		t.Parallel()
		s := mustOpen(t, migratedOptions(t, dialectSQLite))
		company := mustCreateCompany(t, s).ID
		free := mustCreateCustomer(t, s, company, customer())
		mustExec(t, s, "PRAGMA max_page_count = 1") // as many as there are
		large := customer()
		large.Notes = new(strings.Repeat("a", 1<<20))
		var errLarge, errFree error
		g := mustHoldUpWriters(t, s)
		g.start(t, func() { _, errLarge = s.CreateCustomer(t.Context(), company, large) })
		g.start(t, func() { errFree = s.DeactivateCustomer(t.Context(), company, free.ID) })
		g.release(t)
		if _, n := mustList(t, s, company, CustomerFilter{}); !errors.Is(errLarge, ErrUnavailable) || errFree != nil || n != 0 {
			t.Errorf("%v and %v, %d customers", errLarge, errFree, n)
		}
	})
	t.Run("and none is left waiting when it is closed", func(t *testing.T) {
		t.Parallel()
		s, err := Open(t.Context(), migratedOptions(t, dialectSQLite))
		if err != nil {
			t.Fatal(err)
		}
		company := mustCreateCompany(t, s).ID
		errs := make([]error, 3)
		g := mustHoldUpWriters(t, s)
		for i := range errs {
			g.start(t, func() { _, errs[i] = s.CreateCustomer(t.Context(), company, customer()) })
		}
		if err := s.Close(); err != nil {
			t.Error(err)
		}
		g.release(t)
		for _, err := range errs {
			if err == nil {
				t.Error("written to a closed database")
			}
		}
	})
}

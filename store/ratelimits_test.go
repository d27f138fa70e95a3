package store

import (
	"errors"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/google/uuid"
	"gorm.io/gorm"
)

func mustTake(tb testing.TB, s *Store, companyID uuid.UUID, w RateWindow) bool {
	tb.Helper()
	ok, err := s.TakeRequest(tb.Context(), companyID, w)
	if err != nil {
		tb.Fatal(err)
	}
	return ok
}

func TestTakeRequest(t *testing.T) {
	t.Parallel()
	eachDialect(t, func(t *testing.T, s *Store) {
		companyID := mustCreateCompany(t, s).ID
		newWindow := func(t *testing.T, limit int) RateWindow {
			key, _ := mustCreateKey(t, s, NewKey{CompanyID: companyID, Name: "CI"})
			return RateWindow{KeyID: key.ID, Operation: "importCustomers", Start: start.Truncate(time.Hour), Limit: limit}
		}
		takes := func(t *testing.T, w RateWindow) (n int) {
			for range 5 {
				if mustTake(t, s, companyID, w) {
					n++
				}
			}
			return n
		}
		t.Run("as many requests pass as the limit says, and none after", func(t *testing.T) {
			w := newWindow(t, 3)
			if n := takes(t, w); n != 3 {
				t.Errorf("%d of 5 passed, want 3", n)
			}
			if mustTake(t, s, companyID, w) {
				t.Error("one more passed")
			}
		})
		t.Run("the next window starts over, in the same row", func(t *testing.T) {
			w := newWindow(t, 3)
			for range 3 {
				if n := takes(t, w); n != 3 {
					t.Errorf("%d of 5 passed in the window of %v, want 3", n, w.Start)
				}
				w.Start = w.Start.Add(time.Hour)
			}
			if n := mustCount(t, s, "SELECT count(*) FROM rate_windows WHERE key_id = ?", w.KeyID); n != 1 {
				t.Errorf("%d rows, want 1", n)
			}
		})
		t.Run("a process whose clock is behind neither empties the window nor has one of its own", func(t *testing.T) {
			w := newWindow(t, 3)
			behind := w
			behind.Start = w.Start.Add(-time.Hour)
			if !mustTake(t, s, companyID, behind) || !mustTake(t, s, companyID, w) || !mustTake(t, s, companyID, behind) {
				t.Error("refused while there was room")
			}
			if n := takes(t, w); n != 1 {
				t.Errorf("%d more passed, want 1", n)
			}
			if mustTake(t, s, companyID, behind) {
				t.Error("the old window was opened again")
			}
		})
		t.Run("a refused request changes nothing", func(t *testing.T) {
			w := newWindow(t, 1)
			takes(t, w)
			if n := mustCount(t, s, "SELECT requests FROM rate_windows WHERE key_id = ?", w.KeyID); n != 1 {
				t.Errorf("counted %d, want 1", n)
			}
		})
		t.Run("keys and operations have windows of their own", func(t *testing.T) {
			w := newWindow(t, 2)
			otherOperation, otherKey := w, newWindow(t, 2)
			otherOperation.Operation = "validateNif"
			for _, each := range []RateWindow{w, otherOperation, otherKey} {
				if n := takes(t, each); n != 2 {
					t.Errorf("%d of 5 passed, want 2", n)
				}
			}
		})
		t.Run("a limit that is raised counts at once", func(t *testing.T) {
			w := newWindow(t, 1)
			takes(t, w)
			w.Limit = 3
			if n := takes(t, w); n != 2 {
				t.Errorf("%d more passed, want 2", n)
			}
		})
		t.Run("another company's key cannot be counted", func(t *testing.T) {
			w := newWindow(t, 1)
			_, err := s.TakeRequest(t.Context(), mustCreateCompany(t, s).ID, w)
			if !errors.Is(err, gorm.ErrForeignKeyViolated) {
				t.Errorf("got %v", err)
			}
			if n := mustCount(t, s, "SELECT count(*) FROM rate_windows WHERE key_id = ?", w.KeyID); n != 0 {
				t.Errorf("%d rows, want 0", n)
			}
		})
	})
}

func TestARequestThatCannotBeCountedDoesNotPass(t *testing.T) {
	t.Parallel()
	eachDialect(t, func(t *testing.T, s *Store) {
		if err := s.Close(); err != nil {
			t.Fatal(err)
		}
		ok, err := s.TakeRequest(t.Context(), uuid.New(), RateWindow{Limit: 1})
		if ok || !errors.Is(err, ErrUnavailable) {
			t.Errorf("passed %v, %v; want ErrUnavailable", ok, err)
		}
	})
}

func TestProcessesShareAWindow(t *testing.T) {
	for _, d := range dialects {
		t.Run("exactly the limit passes on "+string(d)+", in each of three windows", func(t *testing.T) {
			processes := openProcesses(t, d)
			companyID := mustCreateCompany(t, processes[0]).ID
			key, _ := mustCreateKey(t, processes[0], NewKey{CompanyID: companyID, Name: "CI"})
			for window := range 3 {
				w := RateWindow{KeyID: key.ID, Operation: "validateNif", Start: start.Truncate(time.Hour).Add(time.Duration(window) * time.Hour), Limit: 7}
				var passed atomic.Int64
				var callers sync.WaitGroup
				for i := range 100 {
					callers.Go(func() {
						ok, err := processes[i%len(processes)].TakeRequest(t.Context(), companyID, w)
						if err != nil {
							t.Error(err)
						}
						if ok {
							passed.Add(1)
						}
					})
				}
				callers.Wait()
				if passed.Load() != int64(w.Limit) {
					t.Errorf("%d of 100 passed, want %d", passed.Load(), w.Limit)
				}
			}
		})
	}
}

package store

import (
	"crypto/sha256"
	"encoding/json"
	"errors"
	"sync"
	"testing"
	"time"

	"github.com/google/uuid"
)

// onceFor is a key bound to a request, whose answer is the customer's id.
func onceFor(key, request string) *Once[Customer] {
	return &Once[Customer]{
		Key: key, Request: sha256.Sum256([]byte(request)), Status: 201,
		Answer: func(c Customer) ([]byte, error) { return json.Marshal(c.ID) },
	}
}

var everyCustomer = CustomerFilter{Page: 1, Limit: 100}

func withOnce(n NewCustomer, o *Once[Customer]) NewCustomer {
	n.Once = o
	return n
}

func TestOnce(t *testing.T) {
	t.Parallel()
	eachDialect(t, func(t *testing.T, s *Store) {
		ours, theirs := mustCreateCompany(t, s), mustCreateCompany(t, s)
		create := func(company uuid.UUID, o *Once[Customer]) (Customer, error) {
			return s.CreateCustomer(t.Context(), company, withOnce(customer(), o))
		}
		first, err := create(ours.ID, onceFor("k1", "a"))
		if err != nil {
			t.Fatal(err)
		}

		t.Run("a repetition gets the first answer and has no effect", func(t *testing.T) {
			_, total := mustList(t, s, ours.ID, everyCustomer)
			var replay *ReplayError
			if _, err := create(ours.ID, onceFor("k1", "a")); !errors.As(err, &replay) {
				t.Fatalf("got %v", err)
			}
			if want := `"` + first.ID.String() + `"`; replay.Status != 201 || string(replay.Data) != want {
				t.Errorf("got %d %s, want 201 %s", replay.Status, replay.Data, want)
			}
			if _, after := mustList(t, s, ours.ID, everyCustomer); after != total {
				t.Errorf("%d customers, want %d", after, total)
			}
		})
		t.Run("another request under the key is refused", func(t *testing.T) {
			if _, err := create(ours.ID, onceFor("k1", "b")); !errors.Is(err, ErrKeyMismatch) {
				t.Errorf("got %v", err)
			}
		})
		t.Run("another company's key is another key", func(t *testing.T) {
			if _, err := create(theirs.ID, onceFor("k1", "b")); err != nil {
				t.Error(err)
			}
		})
		t.Run("a refusal leaves the key free", func(t *testing.T) {
			taken := customer()
			taken.NIF = first.NIF
			var duplicate *DuplicateError
			if _, err := s.CreateCustomer(t.Context(), ours.ID, withOnce(taken, onceFor("k2", "a"))); !errors.As(err, &duplicate) {
				t.Fatalf("got %v", err)
			}
			if _, err := create(ours.ID, onceFor("k2", "b")); err != nil {
				t.Error(err)
			}
		})
		t.Run("an answer that cannot be made undoes the effect", func(t *testing.T) {
			_, total := mustList(t, s, ours.ID, everyCustomer)
			broken := onceFor("k3", "a")
			broken.Answer = func(Customer) ([]byte, error) { return nil, errors.New("broken") }
			if _, err := create(ours.ID, broken); err == nil {
				t.Error("got no error")
			}
			if _, after := mustList(t, s, ours.ID, everyCustomer); after != total {
				t.Errorf("%d customers, want %d", after, total)
			}
		})
		t.Run("while the first runs, a twin is told so", func(t *testing.T) {
			running := onceFor("k4", "a")
			running.Answer = func(Customer) ([]byte, error) {
				if _, err := create(ours.ID, onceFor("k4", "a")); !errors.Is(err, ErrKeyProcessing) {
					t.Errorf("got %v", err)
				}
				return []byte("{}"), nil
			}
			if _, err := create(ours.ID, running); err != nil {
				t.Error(err)
			}
		})
	})
}

func TestAnIdempotencyKeyIsFreeAfterADay(t *testing.T) {
	for _, d := range dialects {
		t.Run(string(d), func(t *testing.T) {
			o, c := migratedOptions(t, d), new(clock)
			o.Now = c.Now
			s := mustOpen(t, o)
			company := mustCreateCompany(t, s)
			create := func() error {
				_, err := s.CreateCustomer(t.Context(), company.ID, withOnce(customer(), onceFor("k", "a")))
				return err
			}
			if err := create(); err != nil {
				t.Fatal(err)
			}
			c.Advance(onceTTL - time.Second)
			if err := create(); !errors.As(err, new(*ReplayError)) {
				t.Errorf("a second before: %v", err)
			}
			c.Advance(time.Second)
			if err := create(); err != nil {
				t.Errorf("a day later: %v", err)
			}
			if n := mustCount(t, s, "SELECT count(*) FROM idempotency_keys"); n != 1 {
				t.Errorf("%d keys are kept, want 1", n)
			}
		})
	}
}

// One effect, whatever the number of tries and of processes they go to.
func TestAHundredTriesUnderOneKeyHaveOneEffect(t *testing.T) {
	for _, d := range dialects {
		t.Run(string(d), func(t *testing.T) {
			processes := openProcesses(t, d)
			company := mustCreateCompany(t, processes[0])
			n := customer()
			var tries sync.WaitGroup
			results := make(chan error, 100)
			for i := range 100 {
				tries.Go(func() {
					_, err := processes[i%len(processes)].CreateCustomer(t.Context(), company.ID, withOnce(n, onceFor("k", "a")))
					results <- err
				})
			}
			tries.Wait()
			close(results)
			effects := 0
			for err := range results {
				switch {
				case err == nil:
					effects++
				case errors.As(err, new(*ReplayError)), errors.Is(err, ErrKeyProcessing):
				default:
					t.Errorf("got %v", err)
				}
			}
			if _, total := mustList(t, processes[0], company.ID, everyCustomer); effects != 1 || total != 1 {
				t.Errorf("%d effects and %d customers, want 1", effects, total)
			}
		})
	}
}

func TestRememberAsksOnce(t *testing.T) {
	t.Parallel()
	eachDialect(t, func(t *testing.T, s *Store) {
		company := mustCreateCompany(t, s)
		asked := 0
		ask := func() (string, error) { asked++; return "yes", nil }
		o := func(request string) *Once[string] {
			return &Once[string]{
				Key: "k", Request: sha256.Sum256([]byte(request)), Status: 200,
				Answer: func(s string) ([]byte, error) { return json.Marshal(s) },
			}
		}
		if got, err := Remember(t.Context(), s, company.ID, o("a"), ask); got != "yes" || err != nil {
			t.Fatalf("got %q, %v", got, err)
		}
		if _, err := Remember(t.Context(), s, company.ID, o("a"), ask); !errors.As(err, new(*ReplayError)) || asked != 1 {
			t.Errorf("asked %d times: %v", asked, err)
		}
		if _, err := Remember(t.Context(), s, company.ID, o("b"), ask); !errors.Is(err, ErrKeyMismatch) || asked != 1 {
			t.Errorf("asked %d times: %v", asked, err)
		}
		if _, err := Remember(t.Context(), s, company.ID, nil, ask); err != nil || asked != 2 {
			t.Errorf("without a key: asked %d times: %v", asked, err)
		}
	})
}

func TestVersions(t *testing.T) {
	t.Parallel()
	eachDialect(t, func(t *testing.T, s *Store) {
		company := mustCreateCompany(t, s)
		c := mustCreateCustomer(t, s, company.ID, customer())
		old := c.UpdatedAt
		update := func(versions ...time.Time) error {
			got, err := s.UpdateCustomer(t.Context(), company.ID, c.ID, CustomerUpdate{Versions: versions})
			if err == nil {
				c = got
			}
			return err
		}
		if err := update(old); err != nil {
			t.Fatal(err)
		}
		for name, versions := range map[string][]time.Time{"a former version": {old}, "none that there was": {{}}} {
			if err := update(versions...); !errors.Is(err, ErrVersion) {
				t.Errorf("update of %s: %v", name, err)
			}
			if err := s.DeactivateCustomer(t.Context(), company.ID, c.ID, versions...); !errors.Is(err, ErrVersion) {
				t.Errorf("deactivation of %s: %v", name, err)
			}
		}
		if err := update(old, c.UpdatedAt); err != nil {
			t.Errorf("one of two versions: %v", err)
		}
		if err := s.DeactivateCustomer(t.Context(), company.ID, c.ID, c.UpdatedAt); err != nil {
			t.Errorf("this version: %v", err)
		}
		if err := s.DeactivateCustomer(t.Context(), company.ID, c.ID, c.UpdatedAt); !errors.Is(err, ErrNotFound) {
			t.Errorf("once it is gone: %v", err)
		}
	})
}

package server_test

import (
	"fmt"
	"net/http"
	"net/http/httptest"
	"strconv"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/panal/panal/server"
	"github.com/panal/panal/store"
)

const importPath = "/v1/customers/import-csv-preview"

// limited is the same company behind a server that counts.
func (a *api) limited(tb testing.TB) *api {
	tb.Helper()
	return a.with(tb, server.Options{KeyRate: 10_000})
}

func TestTheLimitOfAnOperation(t *testing.T) {
	eachDialect(t, func(t *testing.T, a *api) {
		// uses sends n requests and says how many of them were not refused with 429.
		uses := func(t *testing.T, a *api, key string, n int) (passed int) {
			t.Helper()
			for range n {
				if got := a.call(t, key, http.MethodPost, validatePath, `{"nif":"B12345674"}`); got.status != http.StatusTooManyRequests {
					passed++
				}
			}
			return passed
		}
		const limit = 100

		t.Run("lets as many pass as the contract says, and then none until the window ends", func(t *testing.T) {
			a := a.limited(t)
			key := a.mustKey(t, a.company.ID, "nif:validate")
			if n := uses(t, a, key, limit); n != limit {
				t.Fatalf("%d of the first %d passed", n, limit)
			}
			a.clock.advance(time.Minute + time.Second/2) // it is 09:31, in a window of an hour
			got := a.call(t, key, http.MethodPost, validatePath, `{"nif":"B12345674"}`)
			if got.status != http.StatusTooManyRequests || got.Error.Code != "RATE_LIMIT_EXCEEDED" {
				t.Fatalf("status %d\n%s", got.status, got.body)
			}
			headers := map[string]string{}
			for _, name := range []string{"Retry-After", "RateLimit-Limit", "RateLimit-Remaining", "RateLimit-Reset"} {
				headers[name] = got.header.Get(name)
			}
			want := map[string]string{"Retry-After": "1740", "RateLimit-Limit": "100", "RateLimit-Remaining": "0", "RateLimit-Reset": "1740"}
			if diff := cmp.Diff(want, headers); diff != "" {
				t.Error(diff)
			}
			a.clock.advance(29*time.Minute - time.Second)
			if n := uses(t, a, key, 1); n != 0 {
				t.Error("one passed half a second before the window's end")
			}
			a.clock.advance(time.Second / 2)
			if n := uses(t, a, key, limit+1); n != limit {
				t.Errorf("%d of %d passed in the next window, want %d", n, limit+1, limit)
			}
		})

		t.Run("counts every key and every operation by itself", func(t *testing.T) {
			a := a.limited(t)
			one, other := a.mustKey(t, a.company.ID, "nif:validate", "customers:write"), a.mustKey(t, a.company.ID, "nif:validate")
			uses(t, a, one, limit+1)
			if n := uses(t, a, other, 1); n != 1 {
				t.Error("another key of the company was refused")
			}
			if got := a.call(t, one, http.MethodDelete, "/v1/customers/"+a.company.ID.String(), ""); got.status != http.StatusNotFound {
				t.Errorf("an operation without a limit: status %d", got.status)
			}
			if got := rawPost(a.Server, one, importPath); got == http.StatusTooManyRequests {
				t.Error("an operation with another limit was refused")
			}
		})

		t.Run("counts what is refused later, and nothing that is refused before", func(t *testing.T) {
			a := a.limited(t)
			key, unscoped := a.mustKey(t, a.company.ID, "nif:validate"), a.mustKey(t, a.company.ID, "customers:write")
			for range limit {
				if got := a.call(t, "", http.MethodPost, validatePath, `{}`); got.status != http.StatusUnauthorized {
					t.Fatalf("without a key: status %d", got.status)
				}
				if got := a.call(t, unscoped, http.MethodPost, validatePath, `{}`); got.status != http.StatusForbidden {
					t.Fatalf("without the scope: status %d", got.status)
				}
				if got := a.call(t, key, http.MethodPost, validatePath, `{}`); got.status != http.StatusUnprocessableEntity {
					t.Fatalf("without a number: status %d", got.status)
				}
			}
			if n := uses(t, a, key, 1); n != 0 {
				t.Error("refused requests were not counted")
			}
		})

		t.Run("is switched off with the key's limit", func(t *testing.T) {
			key := a.mustKey(t, a.company.ID, "nif:validate")
			if n := uses(t, a.with(t, server.Options{}), key, limit+1); n != limit+1 {
				t.Errorf("%d of %d passed", n, limit+1)
			}
		})

		t.Run("is shared by all processes: of 100 imports at once exactly 3 pass, in each window", func(t *testing.T) {
			servers := []*server.Server{a.limited(t).Server, a.otherProcess(t)}
			key := a.mustKey(t, a.company.ID, "customers:write")
			for window := range 2 {
				var passed atomic.Int32
				var callers sync.WaitGroup
				for i := range 100 {
					callers.Go(func() {
						if status := rawPost(servers[i%2], key, importPath); status != http.StatusTooManyRequests {
							passed.Add(1)
						}
					})
				}
				callers.Wait()
				if n := passed.Load(); n != 3 {
					t.Errorf("window %d: %d passed, want 3", window+1, n)
				}
				a.clock.advance(time.Hour)
			}
		})

		t.Run("lets nothing pass that cannot be counted", func(t *testing.T) {
			key := a.mustKey(t, a.company.ID, "nif:validate")
			a.mustExec(t, "ALTER TABLE rate_windows RENAME TO rate_windows_gone")
			got := a.limited(t).call(t, key, http.MethodPost, validatePath, `{"nif":"B12345674"}`)
			a.mustExec(t, "ALTER TABLE rate_windows_gone RENAME TO rate_windows")
			if got.status != http.StatusInternalServerError {
				t.Errorf("status %d, want 500\n%s", got.status, got.body)
			}
		})
	})
}

// otherProcess is a server with a store of its own on the same database.
func (a *api) otherProcess(tb testing.TB) *server.Server {
	tb.Helper()
	st, err := store.Open(tb.Context(), a.database)
	if err != nil {
		tb.Fatal(err)
	}
	tb.Cleanup(func() { _ = st.Close() })
	other := *a
	other.store = st
	return other.limited(tb).Server
}

// rawPost sends a body that the operation does not take, which counts as well.
func rawPost(s *server.Server, key, path string) int {
	rec := httptest.NewRecorder()
	s.ServeHTTP(rec, newRequest(key, http.MethodPost, path, "{}"))
	return rec.Code
}

func TestEveryLimitOfAnOperationIsDeclared(t *testing.T) {
	got := map[string]string{}
	for _, item := range mustDocument(t).Paths.Map() {
		for _, op := range item.Operations() {
			if limit, ok := op.Extensions["x-rate-limit"]; ok {
				got[op.OperationID] = fmt.Sprint(limit)
				if op.Responses.Value("429") == nil {
					t.Errorf("%s does not declare 429", op.OperationID)
				}
			}
		}
	}
	want := map[string]string{
		"ValidateNIF":               "map[requests:100 seconds:3600]",
		"ImportCustomersCsvPreview": "map[requests:3 seconds:3600]",
		"ImportHoldedContacts":      "map[requests:5 seconds:3600]",
	}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Error(diff)
	}
}

func TestRateLimit(t *testing.T) {
	a := mustSQLiteAPI(t)
	eachOperation(t, func(t *testing.T, op operation, target string) {
		for name, options := range map[string]server.Options{"of a key": {KeyRate: 1}, "of all callers": {GlobalRate: 1}} {
			t.Run(name, func(t *testing.T) {
				limited, key := a.with(t, options), a.mustKey(t, a.company.ID, allScopes...)
				call := func() answer { return limited.do(t, op.newRequest(key, target+"&bogus=1", op.body(t))) }
				if got := call(); got.status != http.StatusBadRequest {
					t.Fatalf("first request: status %d: %s", got.status, got.body)
				}
				got := call()
				if got.status != http.StatusTooManyRequests || got.Error.Code != "RATE_LIMIT_EXCEEDED" {
					t.Fatalf("second request: status %d: %s", got.status, got.body)
				}
				wait, err := strconv.Atoi(got.header.Get("Retry-After"))
				if err != nil || wait < 1 || wait > 60 {
					t.Errorf("Retry-After is %q, want 1 to 60", got.header.Get("Retry-After"))
				}
				for name, want := range map[string]string{"RateLimit-Limit": "1", "RateLimit-Remaining": "0", "RateLimit-Reset": strconv.Itoa(wait)} {
					if got.header.Get(name) != want {
						t.Errorf("%s is %q, want %q", name, got.header.Get(name), want)
					}
				}
				a.clock.advance(time.Duration(wait)*time.Second - time.Millisecond)
				if got := call(); got.status != http.StatusTooManyRequests {
					t.Errorf("before the time is over: status %d", got.status)
				}
				a.clock.advance(time.Millisecond)
				if got := call(); got.status != http.StatusBadRequest {
					t.Errorf("when the time is over: status %d: %s", got.status, got.body)
				}
			})
		}
	})
}

func TestRateLimitsOfKeysAreApart(t *testing.T) {
	limited := mustSQLiteAPI(t)
	limited = limited.with(t, server.Options{KeyRate: 1})
	for _, key := range []string{limited.key, limited.theirs} {
		for n, want := range []int{http.StatusOK, http.StatusTooManyRequests} {
			if got := limited.call(t, key, http.MethodGet, "/v1/customers", ""); got.status != want {
				t.Errorf("request %d: status %d, want %d", n+1, got.status, want)
			}
		}
	}
}

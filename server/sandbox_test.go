package server_test

import (
	"encoding/json"
	"fmt"
	"io"
	"log/slog"
	"net/http"
	"net/http/httptest"
	"strconv"
	"strings"
	"sync"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/panal/panal/internal/nif"
	"github.com/panal/panal/server"
	"github.com/panal/panal/store"
)

var sandboxKey = server.SandboxKey()

const (
	readOnlyKey = "beel_sk_test_sandboxReadOnly0000000000000002jG2pB"
	expiredKey  = "beel_sk_test_sandboxExpired00000000000000000uMdaG"
	clockPath   = "/_sandbox/clock"
)

type sandbox struct {
	*server.Sandbox
	log *lockedBuffer
}

func mustSandbox(tb testing.TB) sandbox {
	tb.Helper()
	log := &lockedBuffer{}
	s, err := server.NewSandbox(tb.Context(), server.Options{KeyRate: 1000, Log: slog.New(slog.NewJSONHandler(log, nil))})
	if err != nil {
		tb.Fatal(err)
	}
	tb.Cleanup(s.Close)
	return sandbox{s, log}
}

// call holds what is not the sandbox's own against the contract.
func (s sandbox) call(tb testing.TB, method, path, body string) answer {
	tb.Helper()
	r := newRequest(sandboxKey, method, path, body)
	if strings.HasPrefix(path, "/_sandbox") {
		return send(tb, s, r)
	}
	return exchange(tb, s, r)
}

func (s sandbox) must(tb testing.TB, status int, method, path, body string) answer {
	tb.Helper()
	got := s.call(tb, method, path, body)
	if got.status != status {
		tb.Fatalf("%s %s %s: status %d, want %d\n%s", method, path, body, got.status, status, got.body)
	}
	return got
}

func (s sandbox) reset(tb testing.TB) {
	tb.Helper()
	s.must(tb, http.StatusOK, http.MethodPost, "/_sandbox/reset", "")
}

func (s sandbox) setClock(tb testing.TB, change string) {
	tb.Helper()
	s.must(tb, http.StatusOK, http.MethodPut, clockPath, change)
}

func TestSandboxReset(t *testing.T) {
	s := mustSandbox(t)
	const fixtures = customersPath + "?limit=100"
	beginning := s.must(t, http.StatusOK, http.MethodGet, fixtures, "")

	t.Run("rows, limits, idempotency keys and clock are as at the beginning", func(t *testing.T) {
		change := func() (statuses []int) {
			s.setClock(t, `{"now":"2026-03-02T09:30:00Z"}`)
			r := newRequest(sandboxKey, http.MethodPost, customersPath, newPersonCustomer)
			r.Header.Set("Idempotency-Key", "one")
			created := exchange(t, s, r)
			if created.header.Get("Idempotency-Replay") != "" {
				t.Error("the answer is one from before the reset")
			}
			statuses = append(statuses, created.status,
				s.call(t, http.MethodDelete, customersPath+"/00000000-0000-7000-8000-000000000101", "").status)
			for range 4 {
				statuses = append(statuses, exchange(t, s, form(t, sandboxKey, csvPath, file(csvHeader))).status)
			}
			return statuses
		}
		want := []int{201, 200, 400, 400, 400, 429}
		for range 3 {
			if diff := cmp.Diff(want, change()); diff != "" {
				t.Errorf("-want +got:\n%s", diff)
			}
			s.reset(t)
			if diff := cmp.Diff(string(beginning.Data), string(s.must(t, http.StatusOK, http.MethodGet, fixtures, "").Data)); diff != "" {
				t.Errorf("-beginning +reset:\n%s", diff)
			}
			var state struct{ Frozen bool }
			if err := json.Unmarshal(s.must(t, http.StatusOK, http.MethodGet, clockPath, "").Data, &state); err != nil || state.Frozen {
				t.Errorf("frozen %t, %v", state.Frozen, err)
			}
		}
	})

	t.Run("a request that has begun ends in what was there before", func(t *testing.T) {
		s.reset(t)
		body, send := io.Pipe()
		r := newRequest(sandboxKey, http.MethodPost, customersPath, newPersonCustomer)
		r.Body, r.ContentLength = body, -1
		answered := make(chan *httptest.ResponseRecorder)
		go func() {
			rec := httptest.NewRecorder()
			s.ServeHTTP(rec, r)
			answered <- rec
		}()
		if _, err := io.WriteString(send, newPersonCustomer[:10]); err != nil { // read, so it has begun
			t.Fatal(err)
		}
		s.reset(t)
		if _, err := io.WriteString(send, newPersonCustomer[10:]); err != nil {
			t.Fatal(err)
		}
		_ = send.Close()
		if rec := <-answered; rec.Code != http.StatusCreated {
			t.Errorf("status %d: %s", rec.Code, rec.Body)
		}
		if diff := cmp.Diff(string(beginning.Data), string(s.must(t, http.StatusOK, http.MethodGet, fixtures, "").Data)); diff != "" {
			t.Errorf("-beginning +reset:\n%s", diff)
		}
	})

	t.Run("under load nobody sees half of one", func(t *testing.T) {
		s := mustSandbox(t)
		var workers sync.WaitGroup
		for worker := range 4 {
			workers.Go(func() {
				for i := range 40 {
					number := fmt.Sprintf("P%d%06d", worker, i)
					created := s.call(t, http.MethodPost, customersPath, strings.Replace(newPersonCustomer, `"nif":"12345678Z"`, `"alternative_id":{"type":"03","number":"`+number+`"}`, 1))
					drafted := s.call(t, http.MethodPost, invoicesPath, newDraft("00000000-0000-7000-8000-000000000101"))
					listed := s.call(t, http.MethodGet, fixtures, "")
					if created.status != 201 || drafted.status != 201 || listed.status != 200 {
						t.Errorf("statuses %d, %d, %d: %s%s%s", created.status, drafted.status, listed.status, created.body, drafted.body, listed.body)
						return
					}
					var list struct {
						Customers  []struct{ ID string }
						Pagination struct {
							TotalItems int `json:"total_items"`
						}
					}
					if err := json.Unmarshal(listed.Data, &list); err != nil || len(list.Customers) != min(100, list.Pagination.TotalItems) || len(list.Customers) < 4 {
						t.Errorf("%d customers of %d, %v", len(list.Customers), list.Pagination.TotalItems, err)
					}
					if i%8 == worker {
						s.reset(t)
					}
				}
			})
		}
		workers.Wait()
		if log := s.log.String(); strings.Contains(log, `"level":"ERROR"`) {
			t.Errorf("the log has errors:\n%s", log)
		}
	})

	t.Run("it goes on draining", func(t *testing.T) {
		s := mustSandbox(t)
		s.Drain()
		s.reset(t)
		s.must(t, http.StatusServiceUnavailable, http.MethodGet, "/readyz", "")
	})
}

func TestSandboxErrors(t *testing.T) {
	s := mustSandbox(t)
	provoke := func(key, method, path string, codes ...string) answer {
		r := newRequest(key, method, path, "")
		r.Header["Panal-Sandbox-Error"] = codes
		return exchange(t, s, r)
	}

	t.Run("every code that an operation has an example of can be had, with the example's answer", func(t *testing.T) {
		for _, op := range mustOperations(t) {
			seen := map[string]bool{}
			for _, status := range []string{"400", "401", "403", "404", "405", "406", "409", "412", "413", "415", "422", "429", "500", "503"} {
				response := op.Responses.Value(status)
				if response == nil {
					continue
				}
				for code, example := range examplesByCode(t, response.Value) {
					if seen[code] {
						continue // another status has it
					}
					seen[code] = true
					got := provoke(sandboxKey, op.method, op.target(unknownID), code)
					var body, want struct{ Error any }
					if err := json.Unmarshal(got.body, &body); err != nil {
						t.Fatal(err)
					}
					if err := json.Unmarshal([]byte(mustText(t, example)), &want); err != nil {
						t.Fatal(err)
					}
					if diff := cmp.Diff(want, body); diff != "" || strconv.Itoa(got.status) != status {
						t.Errorf("%s %s: status %d, want %s, -want +got:\n%s", op.OperationID, code, got.status, status, diff)
					}
				}
			}
		}
	})

	t.Run("the headers are the server's", func(t *testing.T) {
		for _, test := range []struct{ method, path, code, header, want string }{
			{http.MethodGet, customersPath, "UNAUTHORIZED", "Www-Authenticate", "Bearer"},
			{http.MethodGet, customersPath, "RATE_LIMIT_EXCEEDED", "Retry-After", "1"},
			{http.MethodGet, customersPath, "RATE_LIMIT_EXCEEDED", "Ratelimit-Remaining", "0"},
			{http.MethodGet, customersPath, "SERVICE_UNAVAILABLE", "Retry-After", "2"},
			{http.MethodPost, customersPath, "IDEMPOTENCY_KEY_PROCESSING", "Retry-After", "2"},
			{http.MethodPost, customersPath, "CONFLICT", "Retry-After", ""},
		} {
			if got := provoke(sandboxKey, test.method, test.path, test.code).header.Get(test.header); got != test.want {
				t.Errorf("%s: %s is %q, want %q", test.code, test.header, got, test.want)
			}
		}
	})

	t.Run("a code that the operation does not declare is refused with those that it does", func(t *testing.T) {
		for _, codes := range [][]string{{"CONFLICT"}, {"TEAPOT"}, {""}, {"INTERNAL_ERROR", "INTERNAL_ERROR"}} {
			got := provoke(sandboxKey, http.MethodGet, customersPath, codes...)
			problem := fmt.Sprint(got.Error.Details["panal-sandbox-error"])
			if got.status != http.StatusBadRequest || got.Error.Code != "VALIDATION_ERROR" ||
				!strings.Contains(problem, "INTERNAL_ERROR") || strings.Contains(problem, "CONFLICT") {
				t.Errorf("%q: status %d: %s", codes, got.status, got.body)
			}
		}
	})

	t.Run("it comes after the key and its scopes, and only where there is an operation", func(t *testing.T) {
		for _, test := range []struct {
			key, method, path string
			want              int
		}{
			{"", http.MethodPost, customersPath, http.StatusUnauthorized},
			{readOnlyKey, http.MethodPost, customersPath, http.StatusForbidden},
			{sandboxKey, http.MethodPost, customersPath, http.StatusInternalServerError},
			{sandboxKey, http.MethodPatch, customersPath, http.StatusMethodNotAllowed},
			{sandboxKey, http.MethodGet, "/v1/nothing", http.StatusNotFound},
		} {
			if got := provoke(test.key, test.method, test.path, "INTERNAL_ERROR"); got.status != test.want {
				t.Errorf("%s %s: status %d, want %d", test.method, test.path, got.status, test.want)
			}
		}
	})

	t.Run("the log says that it was asked for", func(t *testing.T) {
		s.log.take()
		provoke(sandboxKey, http.MethodGet, customersPath, "INTERNAL_ERROR")
		if log := s.log.take(); !strings.Contains(log, "asked for in the sandbox") {
			t.Error(log)
		}
	})
}

func TestOnlyASandboxIsOne(t *testing.T) {
	eachDialect(t, func(t *testing.T, a *api) {
		for _, path := range []string{"/_sandbox", "/_sandbox/", "/_sandbox/clock", "/_sandbox/reset", "/api/_sandbox"} {
			for _, method := range []string{http.MethodGet, http.MethodPost, http.MethodPut, http.MethodDelete, http.MethodOptions} {
				if got := a.call(t, a.key, method, path, ""); got.status != http.StatusNotFound || got.Error.Code != "ENDPOINT_NOT_FOUND" {
					t.Errorf("%s %s: status %d: %s", method, path, got.status, got.body)
				}
			}
		}
		r := newRequest(a.key, http.MethodGet, customersPath, "")
		r.Header.Set("Panal-Sandbox-Error", "INTERNAL_ERROR")
		r.Header.Set("Idempotency-Key", "sandbox-processing")
		if got := a.do(t, r); got.status != http.StatusOK {
			t.Errorf("with the sandbox's header: status %d: %s", got.status, got.body)
		}
		if got := a.call(t, sandboxKey, http.MethodGet, customersPath, ""); got.status != http.StatusUnauthorized {
			t.Errorf("with the sandbox's key: status %d: %s", got.status, got.body)
		}
	})
}

func TestSandboxHoldsTestDataOnly(t *testing.T) {
	s := mustSandbox(t)
	var description struct {
		Keys                 []struct{ Key string }
		Companies, Customers []struct{ NIF string }
	}
	if err := json.Unmarshal(s.must(t, http.StatusOK, http.MethodGet, "/_sandbox", "").Data, &description); err != nil {
		t.Fatal(err)
	}
	for _, k := range description.Keys {
		if environment, ok := store.ParseKey(k.Key); environment != store.Test || !ok {
			t.Errorf("%s is of the environment %q, well-formed %t", k.Key, environment, ok)
		}
	}
	for _, f := range append(description.Companies, description.Customers...) {
		if _, err := nif.Parse(f.NIF); err != nil {
			t.Errorf("%s: %v", f.NIF, err)
		}
	}
}

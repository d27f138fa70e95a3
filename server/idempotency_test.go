package server_test

import (
	"fmt"
	"net/http"
	"strings"
	"sync"
	"testing"
	"time"
)

func (a *api) postOnce(tb testing.TB, key, path, idempotencyKey, body string) answer {
	tb.Helper()
	req := newRequest(key, http.MethodPost, path, body)
	req.Header.Set("Idempotency-Key", idempotencyKey)
	return a.do(tb, req)
}

func TestIdempotencyKey(t *testing.T) {
	eachDialect(t, func(t *testing.T, a *api) {
		first := a.postOnce(t, a.key, "/v1/customers", "k-1", newPersonCustomer)
		if first.status != http.StatusCreated || first.header.Get("Idempotency-Replay") != "" {
			t.Fatalf("status %d, replay %q", first.status, first.header.Get("Idempotency-Replay"))
		}

		t.Run("a repetition gets the same status, data and ETag, marked as a replay", func(t *testing.T) {
			for _, path := range []string{"/v1/customers", "/api/v1/customers"} {
				again := a.postOnce(t, a.key, path, "k-1", newPersonCustomer)
				if tag := again.header.Get("ETag"); tag == "" || tag != first.header.Get("ETag") {
					t.Errorf("%s: ETag %q, first %q", path, tag, first.header.Get("ETag"))
				}
				if again.status != http.StatusCreated || string(again.Data) != string(first.Data) || again.header.Get("Idempotency-Replay") != "true" {
					t.Errorf("%s: status %d, replay %q: %s", path, again.status, again.header.Get("Idempotency-Replay"), again.body)
				}
			}
		})
		t.Run("a draft is drafted once", func(t *testing.T) {
			id := a.create(t, a.key, "/v1/customers", newCompanyCustomer)
			draft := a.postOnce(t, a.key, "/v1/invoices", "k-draft", newDraft(id))
			again := a.postOnce(t, a.key, "/v1/invoices", "k-draft", newDraft(id))
			if draft.status != http.StatusCreated || string(again.Data) != string(draft.Data) {
				t.Errorf("got %s and %s", draft.body, again.body)
			}
		})
		t.Run("another body or path under the key is refused", func(t *testing.T) {
			for path, body := range map[string]string{"/v1/customers": newCompanyCustomer, "/v1/invoices": newDraft("01981f5e-7c1a-7b3e-9a51-0d5f6a7b8c9d")} {
				if got := a.postOnce(t, a.key, path, "k-1", body); got.status != http.StatusConflict || got.Error.Code != "IDEMPOTENCY_KEY_MISMATCH" {
					t.Errorf("%s: status %d: %s", path, got.status, got.body)
				}
			}
		})
		t.Run("another company's key is another key", func(t *testing.T) {
			if got := a.postOnce(t, a.theirs, "/v1/customers", "k-1", newCompanyCustomer); got.status != http.StatusCreated {
				t.Errorf("status %d: %s", got.status, got.body)
			}
		})
		t.Run("a refusal is not kept", func(t *testing.T) {
			if got := a.postOnce(t, a.key, "/v1/customers", "k-2", newPersonCustomer); got.status != http.StatusConflict || got.Error.Code != "CONFLICT" {
				t.Fatalf("taken NIF: status %d: %s", got.status, got.body)
			}
			free := strings.Replace(newPersonCustomer, "12345678Z", "00000000T", 1)
			if got := a.postOnce(t, a.key, "/v1/customers", "k-2", free); got.status != http.StatusCreated {
				t.Errorf("status %d: %s", got.status, got.body)
			}
		})
		t.Run("a key of the wrong form is refused", func(t *testing.T) {
			for _, key := range []string{"", " ", "a b", "clave-ñ", "a/b", strings.Repeat("k", 256)} {
				got := a.postOnce(t, a.key, "/v1/customers", key, newCompanyCustomer)
				if got.status != http.StatusBadRequest || got.Error.Code != "INVALID_IDEMPOTENCY_KEY" {
					t.Errorf("%q: status %d, code %s", key, got.status, got.Error.Code)
				}
			}
			req := newRequest(a.key, http.MethodPost, "/v1/customers", newCompanyCustomer)
			req.Header["Idempotency-Key"] = []string{"a", "b"}
			if got := a.do(t, req); got.Error.Code != "INVALID_IDEMPOTENCY_KEY" {
				t.Errorf("two keys: %s", got.body)
			}
		})
		t.Run("after a day the key is free again", func(t *testing.T) {
			a.clock.advance(24 * time.Hour)
			if got := a.postOnce(t, a.key, "/v1/customers", "k-1", newPersonCustomer); got.status != http.StatusConflict || got.Error.Code != "CONFLICT" {
				t.Errorf("status %d, code %s: the NIF is taken and the key is not", got.status, got.Error.Code)
			}
		})
	})
}

func TestAHundredPostsUnderOneKeyHaveOneEffect(t *testing.T) {
	eachDialect(t, func(t *testing.T, a *api) {
		var posts sync.WaitGroup
		answers := make(chan answer, 100)
		for range 100 {
			posts.Go(func() { answers <- a.postOnce(t, a.key, "/v1/customers", "k", newPersonCustomer) })
		}
		posts.Wait()
		close(answers)
		effects := 0
		for got := range answers {
			switch {
			case got.status == http.StatusCreated && got.header.Get("Idempotency-Replay") == "":
				effects++
			case got.status == http.StatusCreated:
			case got.status == http.StatusConflict && got.Error.Code == "IDEMPOTENCY_KEY_PROCESSING" && got.header.Get("Retry-After") == "2":
			default:
				t.Errorf("status %d: %s", got.status, got.body)
			}
		}
		if effects != 1 {
			t.Errorf("%d effects, want 1", effects)
		}
	})
}

func TestETags(t *testing.T) {
	eachDialect(t, func(t *testing.T, a *api) {
		created := a.call(t, a.key, http.MethodPost, "/v1/customers", newPersonCustomer)
		path := "/v1/customers/" + mustIDOf(t, created)
		send := func(method, header, value, body string) answer {
			req := newRequest(a.key, method, path, body)
			req.Header.Set(header, value)
			return a.do(t, req)
		}
		first := created.header.Get("ETag")

		t.Run("GET has the tag that POST gave", func(t *testing.T) {
			if got := a.call(t, a.key, http.MethodGet, path, "").header.Get("ETag"); got != first || len(got) < 3 {
				t.Errorf("got %q, want %q", got, first)
			}
		})
		t.Run("GET of what is known is 304 without a body", func(t *testing.T) {
			for _, known := range []string{first, "W/" + first, `"other", ` + first, "*"} {
				if got := send(http.MethodGet, "If-None-Match", known, ""); got.status != http.StatusNotModified || len(got.body) != 0 || got.header.Get("ETag") != first {
					t.Errorf("%s: status %d, %d bytes, ETag %q", known, got.status, len(got.body), got.header.Get("ETag"))
				}
			}
			if got := send(http.MethodGet, "If-None-Match", `"other"`, ""); got.status != http.StatusOK {
				t.Errorf("another tag: status %d", got.status)
			}
		})
		t.Run("PUT changes the tag even while the clock stands still", func(t *testing.T) {
			got := send(http.MethodPut, "If-Match", first, `{"notes":"uno"}`)
			if got.status != http.StatusOK || got.header.Get("ETag") == first {
				t.Errorf("status %d, ETag %q", got.status, got.header.Get("ETag"))
			}
		})
		t.Run("PUT and DELETE of a former state are 412 and change nothing", func(t *testing.T) {
			before := a.call(t, a.key, http.MethodGet, path, "")
			for _, former := range []string{first, `"other"`, "W/" + before.header.Get("ETag"), "nonsense"} {
				for method, body := range map[string]string{http.MethodPut: `{"notes":"dos"}`, http.MethodDelete: ""} {
					if got := send(method, "If-Match", former, body); got.status != http.StatusPreconditionFailed || got.Error.Code != "PRECONDITION_FAILED" {
						t.Errorf("%s %s: status %d: %s", method, former, got.status, got.body)
					}
				}
			}
			if after := a.call(t, a.key, http.MethodGet, path, ""); string(after.Data) != string(before.Data) {
				t.Errorf("got %s, want %s", after.Data, before.Data)
			}
		})
		t.Run("DELETE of the present state goes ahead", func(t *testing.T) {
			now := a.call(t, a.key, http.MethodGet, path, "").header.Get("ETag")
			if got := send(http.MethodDelete, "If-Match", `"other", `+now, ""); got.status != http.StatusOK {
				t.Errorf("status %d: %s", got.status, got.body)
			}
		})
		t.Run("what is gone is 404 under any tag", func(t *testing.T) {
			for _, tag := range []string{first, "*"} {
				for method, body := range map[string]string{http.MethodPut: `{}`, http.MethodDelete: ""} {
					if got := send(method, "If-Match", tag, body); got.status != http.StatusNotFound {
						t.Errorf("%s %s: status %d", method, tag, got.status)
					}
				}
			}
		})
	})
}

// Driven by the contract, so that no new operation is forgotten.
func TestEveryPostIsSafeToRepeat(t *testing.T) {
	eachDialect(t, func(t *testing.T, a *api) {
		for _, op := range mustOperations(t) {
			if op.method != http.MethodPost || op.OperationID == "DownloadCustomerTemplateCsv" { // a file that never changes
				continue
			}
			t.Run(op.OperationID, func(t *testing.T) {
				key := a.mustKey(t, mustCompany(t, a.store, "Otra más S.L.").ID, allScopes...)
				target, body := op.target(func(param string) string { return a.mustID(t, key, param) }), op.body(t)
				send := func(body string) answer {
					req := op.newRequest(key, target, body)
					req.Header.Set("Idempotency-Key", "k")
					return a.do(t, req)
				}
				other := body + " "
				if op.takesForm() {
					field := "--" + walkBoundary + "\r\nContent-Disposition: form-data; name=\"%s\"\r\n\r\nfalse\r\n"
					other = fmt.Sprintf(field, "dry_run") + fmt.Sprintf(field, "preview") + body
				}
				first, again, mismatch := send(body), send(body), send(other)
				if first.status >= 300 || first.header.Get("Idempotency-Replay") != "" {
					t.Fatalf("first: status %d: %s", first.status, first.body)
				}
				if again.status != first.status || string(again.Data) != string(first.Data) || again.header.Get("Idempotency-Replay") != "true" {
					t.Errorf("again: status %d: %s", again.status, again.body)
				}
				if mismatch.status != http.StatusConflict || mismatch.Error.Code != "IDEMPOTENCY_KEY_MISMATCH" {
					t.Errorf("another body: status %d: %s", mismatch.status, mismatch.body)
				}
			})
		}
	})
}

package main

import (
	"encoding/json"
	"fmt"
	"io"
	"net/http"
	"strings"
	"testing"

	"github.com/panal/panal/internal/testpg"
)

// Two servers share four connections to PostgreSQL, each with more of its own to
// PgBouncer.
//
//nolint:tparallel // the last subtest revokes the key of the first
func TestServersBehindPgBouncer(t *testing.T) {
	t.Parallel()
	pooled, _ := testpg.Pooled(t, "deploy/pgbouncer.ini")
	environ := []string{"DATABASE_URL=" + pooled, "PANAL_ADDR=127.0.0.1:0"}
	id, key := mustKey(t, environ, mustCompany(t, environ))
	servers := []*serving{mustServe(t, environ), mustServe(t, environ)}

	t.Run("what one stores, the other finds, changes and removes", func(t *testing.T) {
		for n := range 20 {
			one, other := servers[n%2].url, servers[(n+1)%2].url
			headers := map[string]string{"Idempotency-Key": fmt.Sprint("story-", n)}
			first := send(t, key, http.MethodPost, one+"/v1/customers", customer(n), headers).mustBe(t, http.StatusCreated)
			again := send(t, key, http.MethodPost, other+"/v1/customers", customer(n), headers).mustBe(t, http.StatusCreated)
			if first.data.ID == "" || again.data.ID != first.data.ID || again.header.Get("Idempotency-Replay") != "true" {
				t.Errorf("the repetition has made %q of %q", again.data.ID, first.data.ID)
			}
			path := "/v1/customers/" + first.data.ID
			etag := send(t, key, http.MethodGet, other+path, "", nil).mustBe(t, http.StatusOK).header.Get("ETag")
			send(t, key, http.MethodPut, one+path, `{"notes": "changed"}`, map[string]string{"If-Match": etag}).mustBe(t, http.StatusOK)
			send(t, key, http.MethodPut, other+path, `{"notes": "changed"}`, map[string]string{"If-Match": etag}).mustBe(t, http.StatusPreconditionFailed)
			send(t, key, http.MethodGet, other+fmt.Sprintf("/v1/customers?search=garcia+%d", n), "", nil).mustBe(t, http.StatusOK)

			invoice := send(t, key, http.MethodPost, other+"/v1/invoices", fmt.Sprintf(`{"type": "STANDARD", "recipient": {"customer_id": %q},
				"lines": [{"description": "Pan", "quantity": 1, "unit_price": 10}]}`, first.data.ID), nil).mustBe(t, http.StatusCreated)
			send(t, key, http.MethodDelete, one+path, "", nil).mustBe(t, http.StatusBadRequest)
			send(t, key, http.MethodDelete, one+"/v1/invoices/"+invoice.data.ID, "", nil).mustBe(t, http.StatusNoContent)
			send(t, key, http.MethodDelete, other+path, "", nil).mustBe(t, http.StatusOK)
			send(t, key, http.MethodGet, one+path, "", nil).mustBe(t, http.StatusNotFound)
		}
	})

	t.Run("the doctor sees the pooler, and nothing wrong", func(t *testing.T) {
		var e examination
		mustRunJSON(t, &e, environ, "doctor")
		if verdict, detail := e.verdict(t, "pooler"); !e.OK || verdict != "ok" || !strings.Contains(detail, "there is one") {
			t.Errorf("%+v", e)
		}
	})

	t.Run("a key that is revoked is refused by both", func(t *testing.T) {
		mustRun(t, environ, "key", "revoke", id)
		for _, s := range servers {
			for send(t, key, http.MethodGet, s.url+"/v1/customers", "", nil).status != http.StatusUnauthorized {
				continue // for up to a second it is still believed
			}
		}
	})
}

type reply struct {
	status int
	header http.Header
	body   string
	data   struct{ ID string }
}

func (r reply) mustBe(tb testing.TB, status int) reply {
	tb.Helper()
	if r.status != status {
		tb.Fatalf("got %d, want %d: %s", r.status, status, r.body)
	}
	return r
}

// send sends a request and finds the id in the answer.
func send(tb testing.TB, key, method, url, body string, headers map[string]string) (answer reply) {
	tb.Helper()
	r, err := http.NewRequestWithContext(tb.Context(), method, url, strings.NewReader(body))
	if err != nil {
		tb.Fatal(err)
	}
	r.Header.Set("Authorization", "Bearer "+key)
	if body != "" {
		r.Header.Set("Content-Type", "application/json")
	}
	for name, value := range headers {
		r.Header.Set(name, value)
	}
	resp, err := http.DefaultClient.Do(r)
	if err != nil {
		tb.Fatal(err)
	}
	defer resp.Body.Close()
	text, err := io.ReadAll(resp.Body)
	if err != nil {
		tb.Fatal(err)
	}
	answer.status, answer.header, answer.body = resp.StatusCode, resp.Header, string(text)
	var envelope struct{ Data json.RawMessage }
	if json.Unmarshal(text, &envelope) == nil {
		_ = json.Unmarshal(envelope.Data, &answer.data) // an answer without an id has none
	}
	return answer
}

package server_test

import (
	"fmt"
	"maps"
	"net/http"
	"net/url"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
)

// FuzzRequest sends what net/http would let through: whatever it is, the answer
// is an envelope with a request id and never the server's fault.
func FuzzRequest(f *testing.F) {
	a := mustSQLiteAPI(f)
	for _, rows := range [][]malformed{malformedPaths(), malformedQueries(), malformedHeaders(a), malformedBodies(f, unknownID(""))} {
		for _, m := range rows {
			var header strings.Builder
			for name, values := range m.header {
				for _, value := range values {
					header.WriteString(name + ": " + strings.ReplaceAll(value, a.key, "KEY") + "\n")
				}
			}
			if header.Len()+len(m.path)+len(m.body) < 10_000 {
				f.Add(m.method, m.path, header.String(), m.body)
			}
		}
	}
	for _, op := range mustOperations(f) {
		for _, body := range op.examples(f) {
			f.Add(op.method, op.target(unknownID), "", body)
			f.Add(op.method, "/api"+op.target(func(param string) string { return a.mustID(f, a.key, param) })+"?page=1", "Accept: */*\nTraceparent: 00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01", body)
		}
	}
	f.Add(http.MethodOptions, "/v1/customers", "", "")
	f.Add(http.MethodGet, "/readyz", "Authorization: none", "")

	f.Fuzz(func(t *testing.T, method, target, header, body string) {
		u, err := url.ParseRequestURI(target)
		if err != nil || u.Path == "/healthz" || u.Path == "/readyz" {
			return // net/http does not let it through, or the contract does not have it
		}
		req, err := http.NewRequestWithContext(t.Context(), method, "/", strings.NewReader(body))
		if err != nil {
			return // not a method
		}
		req.URL, req.RequestURI = u, target
		req.Header = http.Header{"Authorization": {"Bearer " + a.key}, "Content-Type": {"application/json"}}
		maps.Copy(req.Header, headerOf(strings.ReplaceAll(header, "KEY", a.key)))
		a.log.take()
		got := a.do(t, req)
		if got.status >= http.StatusInternalServerError {
			t.Errorf("status %d: %s\n%s", got.status, got.body, a.log.take())
		}
		if len(got.header.Get("X-Request-Id")) != 32 {
			t.Errorf("X-Request-Id is %q", got.header.Get("X-Request-Id"))
		}
	})
}

func headerOf(text string) http.Header {
	header := http.Header{}
	for line := range strings.SplitSeq(text, "\n") {
		if name, value, ok := strings.Cut(line, ": "); ok {
			header.Add(name, value)
		}
	}
	return header
}

// FuzzCreateCustomerBody knows what becomes of a body: it is refused as
// documented, or comes back as it was sent and can be sent again.
func FuzzCreateCustomerBody(f *testing.F) {
	a := mustSQLiteAPI(f)
	for _, m := range malformedBodies(f, unknownID("")) {
		if m.path == customersPath && len(m.body) < 10_000 {
			f.Add(m.body)
		}
	}
	for _, op := range mustOperations(f) {
		for _, body := range op.examples(f) {
			f.Add(body)
		}
	}
	for _, body := range []string{fullCustomer, foreignCustomer, newPersonCustomer, newCompanyCustomer} {
		f.Add(body)
	}
	f.Fuzz(func(t *testing.T, body string) {
		a.log.take()
		req := newRequest(a.key, post, customersPath, body)
		req.Header.Set("Content-Type", "application/json")
		got := a.do(t, req)
		switch got.status {
		case http.StatusCreated:
		case http.StatusBadRequest, http.StatusConflict, http.StatusRequestEntityTooLarge, http.StatusUnprocessableEntity:
			return
		default:
			t.Fatalf("status %d: %s\n%s", got.status, got.body, a.log.take())
		}
		created := mustData(t, got)
		path := customersPath + "/" + fmt.Sprint(created["id"])
		for name, sent := range mustParse(t, body) {
			if text, ok := sent.(string); ok && created[name] != nil && name != "id" && name != "created_at" && name != "updated_at" && created[name] != text {
				t.Errorf("%s was %q and is %q", name, text, created[name])
			}
		}
		if diff := cmp.Diff(created, a.mustGet(t, path)); diff != "" {
			t.Errorf("read again (-created +read):\n%s", diff)
		}
		a.clock.advance(time.Second)
		want := merged(t, created, `{"updated_at":`+quote(a.clock.Now().Format(time.RFC3339))+`}`)
		if diff := cmp.Diff(want, mustData(t, a.call(t, a.key, put, path, mustText(t, created)))); diff != "" {
			t.Errorf("sent again (-want +got):\n%s", diff)
		}
		// So that the next one may have the identifier.
		if got := a.call(t, a.key, del, path, ""); got.status != http.StatusOK {
			t.Errorf("deactivate: status %d: %s", got.status, got.body)
		}
	})
}

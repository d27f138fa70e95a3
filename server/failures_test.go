package server_test

import (
	"encoding/json"
	"net/http"
	"slices"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/panal/panal/server"
)

func TestABrokenDatabaseIs500AndTheCauseIsLoggedOnly(t *testing.T) {
	eachDialect(t, func(t *testing.T, a *api) {
		targets := map[string]string{}
		for _, op := range mustOperations(t) {
			targets[op.OperationID] = op.target(func(param string) string { return a.mustID(t, a.key, param) })
		}
		a.mustExec(t, "ALTER TABLE customers RENAME TO customers_gone", "ALTER TABLE invoices RENAME TO invoices_gone")
		mustFail := func(t *testing.T, op operation, tables ...string) {
			t.Helper()
			got := a.do(t, op.newRequest(a.key, targets[op.OperationID], op.body(t)))
			want := `{"success":false,"error":{"code":"INTERNAL_ERROR","message":"Internal server error"},"meta":{"request_id":"` +
				got.Meta.RequestID + `","timestamp":"2026-03-02T09:30:00Z"}}`
			if got.status != http.StatusInternalServerError {
				t.Errorf("status %d, want 500", got.status)
			}
			if diff := cmp.Diff(want, strings.TrimSpace(string(got.body))); diff != "" {
				t.Errorf("body (-want +got):\n%s", diff)
			}
			errors := a.mustLogged(t, "ERROR", got.Meta.RequestID)
			if len(errors) != 1 || !slices.ContainsFunc(tables, func(table string) bool { return strings.Contains(errors[0], table) }) {
				t.Errorf("the log has %d errors of the request, want one that names the table: %q", len(errors), errors)
			}
		}
		for _, op := range mustOperations(t) {
			if !op.storesNothing() {
				t.Run(op.OperationID, func(t *testing.T) { mustFail(t, op, "customers", "invoices") })
			}
		}
		a.mustExec(t, "ALTER TABLE api_keys RENAME TO api_keys_gone")
		a.Server = a.mustServer(t, server.Options{}) // one that has no key in its cache
		for _, op := range mustOperations(t) {
			t.Run("keys/"+op.OperationID, func(t *testing.T) { mustFail(t, op, "api_keys") })
		}
	})
}

// storesNothing tells an operation that needs the database for its key alone.
func (o operation) storesNothing() bool {
	return slices.Contains([]string{"DownloadCustomerTemplateCsv", "ValidateNIF"}, o.OperationID)
}

// mustLogged returns the errors of a request, or of all if it is empty, that
// were logged at a level.
func (a *api) mustLogged(tb testing.TB, level, requestID string) []string {
	tb.Helper()
	var errors []string
	for line := range strings.Lines(a.log.String()) {
		var entry struct {
			Level     string
			RequestID string `json:"request_id"`
			Error     string
		}
		if err := json.Unmarshal([]byte(line), &entry); err != nil {
			tb.Fatalf("log line %q: %v", line, err)
		}
		if entry.Level == level && (requestID == "" || entry.RequestID == requestID) {
			errors = append(errors, entry.Error)
		}
	}
	return errors
}

func TestADatabaseThatDoesNotAnswerInTimeIs503(t *testing.T) {
	eachDialect(t, func(t *testing.T, a *api) {
		hasty := a.with(t, server.Options{Timeout: 1})
		eachOperation(t, func(t *testing.T, op operation, target string) {
			got := hasty.do(t, op.newRequest(a.key, target, op.body(t)))
			if got.status != http.StatusServiceUnavailable || got.Error.Code != "SERVICE_UNAVAILABLE" || got.header.Get("Retry-After") == "" {
				t.Errorf("status %d, Retry-After %q: %s", got.status, got.header.Get("Retry-After"), got.body)
			}
		})
	})
}

// The store is closed only when the server stops; what still comes in then can
// be tried again elsewhere.
func TestAClosedStoreIs503(t *testing.T) {
	eachDialect(t, func(t *testing.T, a *api) {
		targets := map[string]string{}
		for _, op := range mustOperations(t) {
			targets[op.OperationID] = op.target(func(param string) string { return a.mustID(t, a.key, param) })
		}
		if err := a.store.Close(); err != nil {
			t.Fatal(err)
		}
		for _, op := range mustOperations(t) {
			if op.storesNothing() {
				continue
			}
			t.Run(op.OperationID, func(t *testing.T) {
				got := a.do(t, op.newRequest(a.key, targets[op.OperationID], op.body(t)))
				if got.status != http.StatusServiceUnavailable || got.Error.Code != "SERVICE_UNAVAILABLE" || got.header.Get("Retry-After") == "" {
					t.Errorf("status %d, Retry-After %q: %s", got.status, got.header.Get("Retry-After"), got.body)
				}
			})
		}
	})
}

// A request that is wrong in every respect is told of one thing at a time, and
// repairing that leads to the next.
func TestOrderOfChecks(t *testing.T) {
	eachDialect(t, func(t *testing.T, a *api) {
		a.Server = a.mustServer(t, server.Options{BodyLimit: 300})
		existing := a.mustID(t, a.key, "customer_id")
		var (
			method, path, query  = "BREW", "/v1/customer/", "?page=0"
			id, body             = "nope", `{"legal_name":` + strings.Repeat(" ", 300)
			key, accept, content = "", "text/html", "text/plain"
		)
		for _, step := range []struct {
			repair func()
			status int
			code   string
			detail string
		}{
			{func() {}, 404, "ENDPOINT_NOT_FOUND", ""},
			{func() { path = "/v1/customers/" }, 405, "METHOD_NOT_ALLOWED", ""},
			{func() { method = http.MethodPut }, 401, "UNAUTHORIZED", ""},
			{func() { key = a.mustKey(t, a.company.ID, "customers:read", "invoices:write") }, 403, "INSUFFICIENT_SCOPE", "missing_scopes"},
			{func() { key = a.key }, 406, "NOT_ACCEPTABLE", ""},
			{func() { accept = "application/json" }, 415, "UNSUPPORTED_MEDIA_TYPE", ""},
			{func() { content = "application/json" }, 400, "VALIDATION_ERROR", "customer_id"},
			{func() { id = unknownID("") }, 400, "VALIDATION_ERROR", "page"},
			{func() { query = "" }, 413, "REQUEST_BODY_TOO_LARGE", "max_size_bytes"},
			{func() { body = `{"active":1,"legal_name":"","nif":"B12345674"` }, 400, "INVALID_JSON_FORMAT", "field"},
			{func() { body += "}" }, 400, "INVALID_JSON_FORMAT", "field"},
			{func() { body = strings.Replace(body, `"active":1`, `"active":true`, 1) }, 422, "VALIDATION_ERROR", "legal_name"},
			{func() { body = strings.Replace(body, `"legal_name":""`, `"legal_name":"Ana"`, 1) }, 404, "NOT_FOUND", ""},
			{func() { id = existing }, 422, "VALIDATION_ERROR", "nif"},
			{func() { body = strings.Replace(body, `,"nif":"B12345674"`, "", 1) }, 200, "", ""},
		} {
			step.repair()
			req := newRequest(key, method, path+id+query, body)
			req.Header.Set("Accept", accept)
			req.Header.Set("Content-Type", content)
			got := a.do(t, req)
			if got.status != step.status || got.Error.Code != step.code {
				t.Fatalf("%s %s%s%s %s: status %d, code %q, want %d, %q\n%s", method, path, id, query, body, got.status, got.Error.Code, step.status, step.code, got.body)
			}
			if _, ok := got.Error.Details[step.detail]; step.detail != "" && !ok {
				t.Errorf("%s %s%s%s %s: details have no %q: %v", method, path, id, query, body, step.detail, got.Error.Details)
			}
		}
	})
}

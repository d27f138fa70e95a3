package server_test

import (
	"cmp"
	"fmt"
	"maps"
	"net/http"
	"net/url"
	"slices"
	"strconv"
	"strings"
	"testing"

	"github.com/getkin/kin-openapi/openapi3"
	"github.com/google/uuid"

	"github.com/panal/panal/server"
)

// operation is one of the contract's, as the walk needs it.
type operation struct {
	*openapi3.Operation
	method, path string
	params       []string // the names of the path's ids
	query        []string // the query parameters that are required, with values
	scopes       []string
	gives        string // the media type of the success
}

// mustOperations lists every operation, so that a new one is walked unasked.
func mustOperations(tb testing.TB) []operation {
	tb.Helper()
	var list []operation
	for path, item := range mustDocument(tb).Paths.Map() {
		for method, op := range item.Operations() {
			o := operation{Operation: op, method: method, path: path}
			for _, p := range slices.Concat(item.Parameters, op.Parameters) {
				switch {
				case p.Value.In == openapi3.ParameterInPath:
					o.params = append(o.params, p.Value.Name)
				case p.Value.In == openapi3.ParameterInQuery && p.Value.Required:
					o.query = append(o.query, p.Value.Name+"="+url.QueryEscape(fmt.Sprint(p.Value.Example)))
				}
			}
			o.gives = "application/json"
			if success := op.Responses.Value("200"); success != nil {
				for mediaType := range success.Value.Content {
					o.gives = mediaType
				}
			}
			for _, requirement := range *op.Security {
				for _, scopes := range requirement {
					o.scopes = append(o.scopes, scopes...)
				}
			}
			list = append(list, o)
		}
	}
	slices.SortFunc(list, func(a, b operation) int { return cmp.Compare(a.OperationID, b.OperationID) })
	return list
}

// target is the operation's path with ids in it.
func (o operation) target(id func(param string) string) string {
	path := o.path
	for _, name := range o.params {
		path = strings.ReplaceAll(path, "{"+name+"}", id(name))
	}
	return path + "?" + strings.Join(o.query, "&")
}

// newRequest is a request of the operation with one of its bodies.
func (o operation) newRequest(key, target, body string) *http.Request {
	if o.takesForm() {
		return formRequest(key, target, walkBoundary, body)
	}
	r := newRequest(key, o.method, target, body)
	r.Method = o.method
	return r
}

const walkBoundary = "walk"

func (o operation) takesForm() bool {
	return o.RequestBody != nil && o.RequestBody.Value.Content.Get("multipart/form-data") != nil
}

// file is what an operation with a form imports, and its name.
func (o operation) file(tb testing.TB) (name, content string) {
	tb.Helper()
	switch o.OperationID {
	case "ImportCustomersCsvPreview":
		return "clientes.csv", csvHeader + csvRow("Panadería S.L.", "B12345674", "hola@panaderia.example")
	case "ImportHoldedContacts":
		return "contactos.xlsx", mustHolded(tb, []any{"Panadería S.L.", "B12345674", "hola@panaderia.example", "910000000", "", "Calle Mayor, 12", "Madrid", "28013", "Madrid", "España", ""})
	}
	tb.Fatalf("the walk has no file for %s yet", o.OperationID)
	return "", ""
}

func unknownID(string) string { return "01981f5e-ffff-7b3e-9a51-0d5f6a7b8c9d" }

// examples are the operation's request bodies by name; one empty body for an
// operation that takes none.
func (o operation) examples(tb testing.TB) map[string]string {
	tb.Helper()
	if o.RequestBody == nil {
		return map[string]string{"no body": ""}
	}
	if o.takesForm() {
		name, content := o.file(tb)
		return map[string]string{"a file": "--" + walkBoundary + "\r\nContent-Disposition: form-data; name=\"file\"; filename=\"" + name + "\"\r\n\r\n" +
			content + "\r\n--" + walkBoundary + "--\r\n"}
	}
	media := o.RequestBody.Value.Content.Get("application/json")
	bodies := map[string]string{}
	if media.Example != nil {
		bodies["example"] = mustText(tb, media.Example)
	}
	for name, example := range media.Examples {
		bodies[name] = mustText(tb, example.Value.Value)
	}
	if len(bodies) == 0 {
		tb.Fatalf("%s has no request example", o.OperationID)
	}
	return bodies
}

// body is one of the examples, always the same.
func (o operation) body(tb testing.TB) string {
	tb.Helper()
	examples := o.examples(tb)
	return examples[slices.Sorted(maps.Keys(examples))[0]]
}

// mustID makes what a path's id names, for the company of the key.
func (a *api) mustID(tb testing.TB, key, param string) string {
	tb.Helper()
	customer := func() string {
		number := uuid.NewString()[:18]
		return a.create(tb, key, "/v1/customers", strings.Replace(newPersonCustomer, `"nif":"12345678Z"`, `"alternative_id":{"type":"03","number":"`+number+`"}`, 1))
	}
	switch param {
	case "customer_id":
		return customer()
	case "invoice_id":
		return a.create(tb, key, "/v1/invoices", newDraft(customer()))
	}
	tb.Fatalf("mustID cannot make a %s yet", param)
	return ""
}

// eachOperation runs a test for every operation below both prefixes.
func eachOperation(t *testing.T, test func(t *testing.T, op operation, target string)) {
	t.Helper()
	for _, prefix := range []string{"", "/api"} {
		for _, op := range mustOperations(t) {
			t.Run(strings.TrimPrefix(prefix+"/", "/")+op.OperationID, func(t *testing.T) { test(t, op, prefix+op.target(unknownID)) })
		}
	}
}

func TestEveryOperation(t *testing.T) {
	eachDialect(t, func(t *testing.T, a *api) {
		var scopes []string
		for _, scheme := range mustDocument(t).Components.SecuritySchemes {
			if scheme.Value.Type == "oauth2" {
				scopes = slices.AppendSeq(scopes, maps.Keys(scheme.Value.Flows.ClientCredentials.Scopes))
			}
		}
		small := a.with(t, server.Options{BodyLimit: 8})
		eachOperation(t, func(t *testing.T, op operation, target string) {
			body := op.body(t)
			wantsBody := op.RequestBody != nil

			t.Run("is 401 without a key, and says nothing else", func(t *testing.T) {
				bare := a.do(t, op.newRequest("", target, body))
				if bare.status != http.StatusUnauthorized || bare.Error.Code != "UNAUTHORIZED" || bare.header.Get("WWW-Authenticate") != "Bearer" {
					t.Fatalf("status %d, WWW-Authenticate %q: %s", bare.status, bare.header.Get("WWW-Authenticate"), bare.body)
				}
				req := newRequest("", op.method, strings.ReplaceAll(target, unknownID(""), "nope")+"&bogus=%ff", strings.Repeat("{", 100))
				req.Header.Set("Content-Type", "text/plain")
				req.Header.Set("Accept", "text/html")
				req.Header.Set("X-Odd", "\x00\xff")
				if got := small.do(t, req); got.status != bare.status || got.withoutID() != bare.withoutID() {
					t.Errorf("status %d: %s", got.status, got.body)
				}
			})

			t.Run("is 403 with every scope but the right one", func(t *testing.T) {
				for _, scope := range op.scopes {
					others := slices.DeleteFunc(slices.Clone(scopes), func(s string) bool { return s == scope })
					got := a.do(t, op.newRequest(a.mustKey(t, a.company.ID, others...), target, body))
					if got.status != http.StatusForbidden || got.Error.Code != "INSUFFICIENT_SCOPE" ||
						got.Error.Details["required_scopes"] != strings.Join(op.scopes, ",") || got.Error.Details["missing_scopes"] != scope {
						t.Errorf("without %s: status %d: %s", scope, got.status, got.body)
					}
				}
			})

			t.Run("is 406 for a caller that does not take what it gives", func(t *testing.T) {
				for _, accept := range []string{"image/png", "application/json;q=0", "application/*;q=0", "image/png, application/xml;q=0.9", "*/*;q=0"} {
					accept = op.giving(accept)
					req := op.newRequest(a.key, target+"&bogus=1", body)
					req.Header.Set("Accept", accept)
					if got := a.do(t, req); got.status != http.StatusNotAcceptable || got.Error.Code != "NOT_ACCEPTABLE" {
						t.Errorf("Accept: %s: status %d: %s", accept, got.status, got.body)
					}
				}
			})

			t.Run("takes every Accept that has what it gives, and names an unknown query parameter", func(t *testing.T) {
				for _, accept := range []string{"", "*/*", "application/*", "application/json", "image/png, application/json;q=0.1", "image/png;q=0, */*;q=0.5", "application/json; charset=utf-8", "image/png, */*"} {
					accept = op.giving(accept)
					req := op.newRequest(a.key, target+"&bogus=1", body)
					if accept != "" {
						req.Header.Set("Accept", accept)
					}
					got := a.do(t, req)
					if got.status != http.StatusBadRequest || got.Error.Code != "VALIDATION_ERROR" || len(got.Error.Details) != 1 || got.Error.Details["bogus"] == nil {
						t.Errorf("Accept: %q: status %d: %s", accept, got.status, got.body)
					}
				}
			})

			if len(op.params) > 0 {
				t.Run("is 404 for an unknown id", func(t *testing.T) {
					if got := a.do(t, op.newRequest(a.key, target, body)); got.status != http.StatusNotFound || got.Error.Code != "NOT_FOUND" {
						t.Errorf("status %d: %s", got.status, got.body)
					}
				})
			}

			if !wantsBody {
				return
			}
			t.Run("is 415 for a body of another media type", func(t *testing.T) {
				req := op.newRequest(a.key, target, body)
				req.Header.Set("Content-Type", "text/plain")
				if got := a.do(t, req); got.status != http.StatusUnsupportedMediaType || got.Error.Code != "UNSUPPORTED_MEDIA_TYPE" {
					t.Errorf("status %d: %s", got.status, got.body)
				}
			})
			if op.takesForm() {
				return // its limits are those of its file
			}
			t.Run("is 413 for a body that is too large, stated or not", func(t *testing.T) {
				for _, size := range []int64{int64(len(body)), -1} {
					req := op.newRequest(a.key, target, body)
					req.ContentLength = size
					got := small.do(t, req)
					if got.status != http.StatusRequestEntityTooLarge || got.Error.Code != "REQUEST_BODY_TOO_LARGE" ||
						got.Error.Details["max_size_bytes"] != "8" || got.Error.Details["max_size_formatted"] != "8 bytes" {
						t.Errorf("Content-Length %d: status %d: %s", size, got.status, got.body)
					}
					if stated := got.Error.Details["request_size_bytes"]; (stated == strconv.Itoa(len(body))) != (size > 0) {
						t.Errorf("Content-Length %d: request_size_bytes is %v", size, stated)
					}
				}
			})
		})
	})
}

// giving turns an Accept header that is about JSON into one about what the
// operation gives.
func (o operation) giving(accept string) string {
	kind, _, _ := strings.Cut(o.gives, "/")
	return strings.NewReplacer("application/json", o.gives, "application/*", kind+"/*").Replace(accept)
}

// withoutID is the body without what differs between two requests.
func (a answer) withoutID() string {
	return strings.ReplaceAll(string(a.body), a.Meta.RequestID, "")
}

func TestAWrongMethodIs405WithAllow(t *testing.T) {
	a := mustSQLiteAPI(t)
	known := []string{http.MethodGet, http.MethodHead, http.MethodPost, http.MethodPut, http.MethodPatch, http.MethodDelete, http.MethodConnect, http.MethodTrace, "PROPFIND", "REPORT", "BREW", "get"}
	for path, item := range mustDocument(t).Paths.Map() {
		has := slices.Sorted(maps.Keys(item.Operations()))
		target, _, _ := strings.Cut(operation{path: path, params: []string{"customer_id", "invoice_id"}}.target(unknownID), "?")
		for _, prefix := range []string{"", "/api"} {
			for _, method := range known {
				if slices.Contains(has, method) {
					continue
				}
				t.Run(method+" "+prefix+path, func(t *testing.T) {
					got := a.call(t, "", method, prefix+target, "")
					allow := strings.Split(got.header.Get("Allow"), ", ")
					slices.Sort(allow)
					want := slices.Sorted(slices.Values(append([]string{http.MethodOptions}, has...)))
					if got.status != http.StatusMethodNotAllowed || got.Error.Code != "METHOD_NOT_ALLOWED" || !slices.Equal(allow, want) {
						t.Errorf("status %d, Allow %v, want 405 and %v\n%s", got.status, allow, want, got.body)
					}
				})
			}
		}
		for _, op := range item.Operations() {
			reached.Store(reach{op.OperationID, http.StatusMethodNotAllowed}, true)
		}
	}
}

package server_test

import (
	"encoding/json"
	"fmt"
	"maps"
	"net/http"
	"os"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"testing"

	"github.com/getkin/kin-openapi/openapi3"
	"github.com/google/go-cmp/cmp"
)

// guide is what docs/sandbox.md says, or GET /_sandbox.
type guide struct {
	Requests     []guideRequest
	Provocations []provocation
}

type guideRequest struct{ Operation, Method, Path, Body, File string }

type provocation struct {
	Operations    []string
	Change, Value string
	Status        int
	Code          string
}

func mustReadGuide(tb testing.TB) string {
	tb.Helper()
	text, err := os.ReadFile("../docs/sandbox.md")
	if err != nil {
		tb.Fatal(err)
	}
	return string(text)
}

var (
	requestLine     = regexp.MustCompile("(?m)^\\| (\\w+) \\| `([A-Z]+) (/[^`]*)` \\| (?:`([^`]*)`|a form with the file `([^`]*)`)? \\|$")
	provocationLine = regexp.MustCompile("(?m)^\\| ([\\w, ]+) \\| ([a-z]+) \\| (?:`([^`]*)`|nothing) \\| (\\d{3}) `([A-Z_]+)` \\|$")
)

func mustParseGuide(tb testing.TB, text string) guide {
	tb.Helper()
	var g guide
	for _, m := range requestLine.FindAllStringSubmatch(text, -1) {
		g.Requests = append(g.Requests, guideRequest{m[1], m[2], m[3], m[4], m[5]})
	}
	for _, m := range provocationLine.FindAllStringSubmatch(text, -1) {
		status, err := strconv.Atoi(m[4])
		if err != nil {
			tb.Fatal(err)
		}
		g.Provocations = append(g.Provocations, provocation{strings.Split(m[1], ", "), m[2], m[3], status, m[5]})
	}
	_, section, _ := strings.Cut(text, "\n## Errors on demand")
	section, _, _ = strings.Cut(section, "\n## The clock")
	if strings.Count(section, "\n| ") != len(g.Requests)+len(g.Provocations)+2 {
		tb.Error("there are lines in the tables that are not understood")
	}
	return g
}

// operationsOf are the names of the operations that a provocation is for.
func (g guide) operationsOf(p provocation) []string {
	if p.Operations[0] != "every operation" {
		return p.Operations
	}
	var all []string
	for _, r := range g.Requests {
		all = append(all, r.Operation)
	}
	return all
}

// request is the good request of an operation with the change.
func (g guide) request(tb testing.TB, operation string, p provocation) *http.Request {
	tb.Helper()
	i := slices.IndexFunc(g.Requests, func(r guideRequest) bool { return r.Operation == operation })
	if i < 0 {
		tb.Fatalf("no request for %s", operation)
	}
	good := g.Requests[i]
	parts := []part{{"file", "file", good.File}}
	switch p.Change {
	case "", "header":
	case "method":
		good.Method = p.Value
	case "path":
		good.Path = p.Value
	case "query":
		separator := "?"
		if strings.Contains(good.Path, "?") {
			separator = "&"
		}
		good.Path += separator + p.Value
	case "body":
		good.Body = p.Value
	case "file":
		parts[0].content = p.Value
	case "form":
		name, value, _ := strings.Cut(p.Value, "=")
		parts = append(parts, part{name: name, content: value})
		if name != "dry_run" {
			parts = parts[1:]
		}
	default:
		tb.Fatalf("a change of the %s is not understood", p.Change)
	}
	var r *http.Request
	if good.File == "" {
		r = newRequest(sandboxKey, good.Method, good.Path, good.Body)
	} else {
		parts[0].content = strings.NewReplacer(`\n`, "\n", `\xff`, "\xff").Replace(parts[0].content)
		r = form(tb, sandboxKey, good.Path, parts...)
		r.Method = good.Method
	}
	if name, value, ok := strings.Cut(p.Value, ":"); ok && p.Change == "header" {
		r.Header.Del(name)
		if value = strings.TrimSpace(value); value != "" {
			r.Header.Set(name, value)
		}
	}
	return r
}

func TestTheSandboxGuideIsTrue(t *testing.T) {
	sandbox := mustSandbox(t)
	text := mustReadGuide(t)
	written := mustParseGuide(t, text)
	description := sandbox.call(t, http.MethodGet, "/_sandbox", "")

	t.Run("it says the same as GET /_sandbox", func(t *testing.T) {
		var served guide
		if err := json.Unmarshal(description.Data, &served); err != nil {
			t.Fatal(err)
		}
		if diff := cmp.Diff(served, written); diff != "" {
			t.Errorf("-served +written:\n%s", diff)
		}
		known := regexp.MustCompile(`beel_sk_\w+|0{8}-[0-9a-f-]+`)
		in := func(text string) []string {
			all := known.FindAllString(text, -1)
			slices.Sort(all)
			return slices.Compact(all)
		}
		if diff := cmp.Diff(in(string(description.Data)), in(text)); diff != "" {
			t.Errorf("keys and ids, -served +written:\n%s", diff)
		}
	})

	t.Run("each request succeeds", func(t *testing.T) {
		for _, r := range written.Requests {
			sandbox.reset(t)
			got := exchange(t, sandbox, written.request(t, r.Operation, provocation{}))
			if got.status >= 300 && r.Operation != "importHoldedContacts" {
				t.Errorf("%s: status %d: %s", r.Operation, got.status, got.body)
			}
		}
	})

	for _, p := range written.Provocations {
		for _, operation := range written.operationsOf(p) {
			t.Run(fmt.Sprintf("%s with %s %.60s is %d %s", operation, p.Change, p.Value, p.Status, p.Code), func(t *testing.T) {
				sandbox.reset(t)
				got := exchange(t, sandbox, written.request(t, operation, p))
				if got.status != p.Status || got.Error.Code != p.Code {
					t.Errorf("status %d: %s", got.status, got.body)
				}
			})
		}
	}

	t.Run("every error of the contract is in it", func(t *testing.T) {
		mustCoverContract(t, written)
	})
}

// mustCoverContract fails for each error that the contract declares and the guide
// does not provoke.
func mustCoverContract(t *testing.T, g guide) {
	t.Helper()
	provoked := map[string]bool{} // operation and status, and both with the code
	var codes []string
	for _, p := range g.Provocations {
		for _, operation := range g.operationsOf(p) {
			provoked[fmt.Sprintf("%s %d", strings.ToLower(operation), p.Status)] = true
			provoked[fmt.Sprintf("%s %d %s", strings.ToLower(operation), p.Status, p.Code)] = true
			provoked[strings.ToLower(operation)+" "+p.Code] = true
			codes = append(codes, p.Code)
		}
	}
	for _, op := range mustOperations(t) {
		for _, code := range op.ruleCodes() {
			if key := strings.ToLower(op.OperationID) + " " + code; !provoked[key] {
				t.Errorf("nothing provokes %s", key)
			}
		}
		for status, response := range op.Responses.Map() {
			if status < "400" {
				continue
			}
			key := strings.ToLower(op.OperationID) + " " + status
			if !provoked[key] {
				t.Errorf("nothing provokes %s", key)
			}
			for code := range examplesByCode(t, response.Value) {
				if !provoked[key+" "+code] {
					t.Errorf("nothing provokes %s %s", key, code)
				}
			}
		}
	}
	// These are answered before a request has an operation.
	before := []string{"BAD_REQUEST", "ENDPOINT_NOT_FOUND", "EXPECTATION_FAILED", "HTTP_VERSION_NOT_SUPPORTED", "NOT_IMPLEMENTED", "REQUEST_HEADERS_TOO_LARGE"}
	for _, code := range mustDocument(t).Components.Schemas["ErrorCode"].Value.Enum {
		if text := fmt.Sprint(code); !slices.Contains(codes, text) && !slices.Contains(before, text) {
			t.Errorf("nothing provokes %s", text)
		}
	}
}

// ruleCodes are those of the rules of parameters and of the body.
func (o operation) ruleCodes() []string {
	var codes []string
	add := func(schema *openapi3.Schema) {
		if code, ok := schema.Extensions["x-error-code"].(string); ok {
			codes = append(codes, code)
		}
	}
	for _, p := range o.Parameters {
		add(p.Value.Schema.Value)
	}
	var walk func(schema *openapi3.Schema)
	walk = func(schema *openapi3.Schema) {
		add(schema)
		for name, property := range schema.Properties {
			if name != "customers" { // a row's faults are in the report
				walk(property.Value)
			}
		}
		if schema.Items != nil {
			walk(schema.Items.Value)
		}
	}
	if o.RequestBody != nil && !o.takesForm() {
		walk(o.RequestBody.Value.Content.Get("application/json").Schema.Value)
	}
	return codes
}

// examplesByCode are the examples of an error, of two with the same code the first.
func examplesByCode(tb testing.TB, response *openapi3.Response) map[string]any {
	tb.Helper()
	byCode := map[string]any{}
	media := response.Content.Get("application/json")
	if media == nil {
		tb.Fatal("an error without an answer")
	}
	values := []any{media.Example}
	for _, name := range slices.Sorted(maps.Keys(media.Examples)) {
		values = append(values, media.Examples[name].Value.Value)
	}
	for _, value := range values {
		envelope, _ := value.(map[string]any)
		if e, ok := envelope["error"].(map[string]any); ok && byCode[fmt.Sprint(e["code"])] == nil {
			byCode[fmt.Sprint(e["code"])] = value
		}
	}
	return byCode
}

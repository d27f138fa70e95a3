package server_test

import (
	"encoding/json"
	"regexp"
	"strconv"
	"strings"
	"testing"

	"github.com/getkin/kin-openapi/openapi3"
	"github.com/google/go-cmp/cmp"
)

// volatile is what two equal answers may differ in, and what stands for it.
var volatile = []struct {
	pattern *regexp.Regexp
	instead string
}{
	{regexp.MustCompile(`"[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}"`), `"an id"`},
	{regexp.MustCompile(`"[0-9a-f]{32}"`), `"a trace"`},
	{regexp.MustCompile(`"\d{4}-\d\d-\d\dT[0-9:.]+Z"`), `"a moment"`},
	{regexp.MustCompile(`"(processing_time_ms|file_size_bytes)":\d+`), `"$1":1`},
}

// mustSettle is JSON without what is volatile.
func mustSettle(tb testing.TB, text string) any {
	tb.Helper()
	for _, v := range volatile {
		text = v.pattern.ReplaceAllString(text, v.instead)
	}
	var value any
	if err := json.Unmarshal([]byte(text), &value); err != nil {
		tb.Fatal(err)
	}
	return value
}

func TestEveryExampleOfASuccessIsTheAnswerToARequestExample(t *testing.T) {
	eachDialect(t, func(t *testing.T, a *api) {
		for _, op := range mustOperations(t) {
			for status, response := range op.Responses.Map() {
				media := response.Value.Content.Get(op.gives)
				if status[0] != '2' || media == nil {
					continue
				}
				t.Run(op.OperationID+"/"+status, func(t *testing.T) {
					var diffs []string
					for name, got := range a.mustProvoke(t, op, status) {
						diff := cmp.Diff(media.Example, string(got.body))
						if op.gives == "application/json" {
							diff = cmp.Diff(mustSettle(t, mustText(t, media.Example)), mustSettle(t, string(got.body)))
						}
						if diff == "" {
							return
						}
						diffs = append(diffs, name+": "+diff)
					}
					t.Errorf("no request example is answered like this (-example +answer):\n%s", strings.Join(diffs, "\n"))
				})
			}
		}
	})
}

// mustProvoke sends each of the operation's request examples for a company of its
// own, with what the examples of createCustomer and createInvoice make, and
// returns the answers that have the status.
func (a *api) mustProvoke(tb testing.TB, op operation, status string) map[string]answer {
	tb.Helper()
	answers := map[string]answer{}
	for name, body := range op.examples(tb) {
		key := a.mustKey(tb, mustCompany(tb, a.store, "Estudio Colmena S.L.").ID, allScopes...)
		person := func() string { return a.create(tb, key, customersPath, mustExample(tb, "CreateCustomer", "person")) }
		business := func() string { return a.create(tb, key, customersPath, mustExample(tb, "CreateCustomer", "business")) }
		target := op.target(func(param string) string {
			if param == "customer_id" {
				return person()
			}
			return a.create(tb, key, invoicesPath, mustExample(tb, "CreateInvoice", "ad_hoc"))
		})
		switch {
		case op.OperationID == "ListCustomers":
			business()
		case op.OperationID == "CreateCustomersBulk" && status == "200":
			target += "dry_run=true"
		case op.OperationID == "DeactivateCustomersBulk":
			free, invoiced := person(), business()
			a.create(tb, key, invoicesPath, newDraft(invoiced))
			target = op.path + "?ids=" + free + "," + invoiced
		}
		if got := a.do(tb, op.newRequest(key, target, body)); strconv.Itoa(got.status) == status {
			answers[name] = got
		}
	}
	return answers
}

func mustExample(tb testing.TB, operationID, name string) string {
	tb.Helper()
	for _, op := range mustOperations(tb) {
		if op.OperationID == operationID {
			return op.examples(tb)[name]
		}
	}
	tb.Fatalf("no operation %s", operationID)
	return ""
}

func TestEveryRequestExampleIsAccepted(t *testing.T) {
	for _, prefix := range []string{"", "/api"} {
		eachDialect(t, func(t *testing.T, a *api) {
			for _, op := range mustOperations(t) {
				for name, body := range op.examples(t) {
					t.Run(prefix+"/"+op.OperationID+"/"+name, func(t *testing.T) {
						key := a.mustKey(t, mustCompany(t, a.store, "Otra más S.L.").ID, allScopes...)
						target := op.target(func(param string) string { return a.mustID(t, key, param) })
						if got := a.do(t, op.newRequest(key, prefix+target, body)); got.status >= 300 {
							t.Errorf("status %d: %s", got.status, got.body)
						}
					})
				}
			}
		})
	}
}

func TestEveryExampleMatchesItsSchema(t *testing.T) {
	doc := mustDocument(t)
	if err := doc.Validate(t.Context(), openapi3.EnableExamplesValidation()); err != nil {
		t.Error(err)
	}
	check := func(t *testing.T, media *openapi3.MediaType) {
		t.Helper()
		values := map[string]any{}
		if media.Example != nil {
			values["example"] = media.Example
		}
		for name, example := range media.Examples {
			values[name] = example.Value.Value
		}
		if len(values) == 0 {
			t.Error("has no example")
		}
		for name, value := range values {
			if err := media.Schema.Value.VisitJSON(value, openapi3.MultiErrors(), openapi3.EnableFormatValidation()); err != nil {
				t.Errorf("%s: %v", name, err)
			}
		}
	}
	for _, op := range mustOperations(t) {
		for status, response := range op.Responses.Map() {
			for mediaType, media := range response.Value.Content {
				t.Run(op.OperationID+"/"+status+" "+mediaType, func(t *testing.T) { check(t, media) })
			}
		}
		if op.RequestBody != nil && !op.takesForm() {
			t.Run(op.OperationID+"/request", func(t *testing.T) { check(t, op.RequestBody.Value.Content.Get("application/json")) })
		}
	}
}

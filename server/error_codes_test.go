package server_test

import (
	"encoding/json"
	"fmt"
	"slices"
	"strings"
	"testing"

	"github.com/getkin/kin-openapi/openapi3"
	"github.com/google/go-cmp/cmp"
)

// errorCodes are the codes that a response declares.
func errorCodes(response *openapi3.Response) []string {
	var codes []string
	list, _ := response.Extensions["x-error-codes"].([]any)
	for _, code := range list {
		codes = append(codes, fmt.Sprint(code))
	}
	return codes
}

func TestTheExampleOfSeveralFaultsIsAnAnswer(t *testing.T) {
	a := mustSQLiteAPI(t)
	got := a.call(t, a.key, post, customersPath, with(t, with(t, newPersonCustomer, "legal_name", ""), "address.postal_code", `""`))
	examples, err := errorExamples(mustDocument(t).Components.Responses["ValidationError"].Value)
	if err != nil {
		t.Fatal(err)
	}
	if diff := cmp.Diff(examples["several"], got.Error); diff != "" {
		t.Errorf("(-example +answer):\n%s", diff)
	}
}

func TestEveryErrorExampleHasACodeOfItsResponse(t *testing.T) {
	for name, response := range mustDocument(t).Components.Responses {
		examples, err := errorExamples(response.Value)
		if err != nil {
			t.Fatal(err)
		}
		for example, e := range examples {
			if codes := errorCodes(response.Value); !slices.Contains(codes, e.Code) {
				t.Errorf("%s, %s: the code %s is not one of %v", name, example, e.Code, codes)
			}
		}
	}
}

func TestEveryErrorCodeIsOneOfAResponseOrBeforeOperations(t *testing.T) {
	schema := mustDocument(t).Components.Schemas["ErrorCode"].Value
	var declared []string
	for name, response := range mustDocument(t).Components.Responses {
		for _, code := range errorCodes(response.Value) {
			if !slices.Contains(schema.Enum, any(code)) {
				t.Errorf("%s declares %s, which is no ErrorCode", name, code)
			}
			declared = append(declared, code)
		}
	}
	for _, code := range schema.Enum {
		if code := fmt.Sprint(code); !slices.Contains(declared, code) && !strings.Contains(schema.Description, "`"+code+"`") {
			t.Errorf("no response declares %s", code)
		}
	}
}

// errorExamples are the errors in a response's examples.
func errorExamples(response *openapi3.Response) (map[string]errorOf, error) {
	media := response.Content.Get("application/json")
	examples := map[string]any{}
	if media.Example != nil {
		examples["example"] = media.Example
	}
	for name, example := range media.Examples {
		examples[name] = example.Value.Value
	}
	found := map[string]errorOf{}
	for name, example := range examples {
		text, err := json.Marshal(example)
		if err != nil {
			return nil, err
		}
		var envelope struct{ Error errorOf }
		if err := json.Unmarshal(text, &envelope); err != nil {
			return nil, err
		}
		found[name] = envelope.Error
	}
	return found, nil
}

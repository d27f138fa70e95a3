package server_test

import (
	"encoding/json"
	"net/http"
	"net/http/httptest"
	"os"
	"strings"
	"testing"

	"github.com/getkin/kin-openapi/openapi3"
	"github.com/google/go-cmp/cmp"

	"github.com/panal/panal/server"
)

func mustReadContract(tb testing.TB) []byte {
	tb.Helper()
	contract, err := os.ReadFile("../openapi.yaml")
	if err != nil {
		tb.Fatal(err)
	}
	return contract
}

func TestTheContractIsServedAsItWasWritten(t *testing.T) {
	contract := mustReadContract(t)
	a := mustSQLiteAPI(t)
	a.Server = a.mustServer(t, server.Options{Document: contract})
	get := func(path string) *httptest.ResponseRecorder {
		rec := httptest.NewRecorder()
		a.ServeHTTP(rec, newRequest("", http.MethodGet, path, ""))
		if rec.Code != http.StatusOK || len(rec.Header().Get("X-Request-Id")) != 32 {
			t.Fatalf("%s: status %d, X-Request-Id %q", path, rec.Code, rec.Header().Get("X-Request-Id"))
		}
		return rec
	}
	if yaml := get("/openapi.yaml"); yaml.Header().Get("Content-Type") != "application/yaml" || yaml.Body.String() != string(contract) {
		t.Errorf("Content-Type %q, %d bytes, want those of openapi.yaml", yaml.Header().Get("Content-Type"), yaml.Body.Len())
	}
	var got, want any
	if err := json.Unmarshal(get("/openapi.json").Body.Bytes(), &got); err != nil {
		t.Fatal(err)
	}
	doc, err := openapi3.NewLoader().LoadFromData(contract)
	if err != nil {
		t.Fatal(err)
	}
	if err := json.Unmarshal([]byte(mustText(t, doc)), &want); err != nil {
		t.Fatal(err)
	}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Errorf("the JSON is another document (-want +got):\n%s", diff)
	}
}

func TestAnotherContractThanTheGeneratedOneIsRefused(t *testing.T) {
	a := mustSQLiteAPI(t)
	contract := string(mustReadContract(t))
	changed := func(from, to string) string {
		if !strings.Contains(contract, from) {
			t.Fatalf("the contract lacks %q", from)
		}
		return strings.Replace(contract, from, to, 1)
	}
	for name, document := range map[string]string{
		"an operation has another path": changed("/v1/customers:", "/v1/clients:"),
		"an operation has other words":  changed("summary: ", "summary: Not "),
		"it is no document":             "openapi: [",
		"it is empty":                   "",
	} {
		t.Run(name, func(t *testing.T) {
			_, err := server.New(a.store, server.Options{Document: []byte(document)})
			if err == nil || !strings.Contains(err.Error(), "openapi.yaml is not the one") {
				t.Errorf("got %v", err)
			}
		})
	}
}

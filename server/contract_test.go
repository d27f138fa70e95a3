package server

import (
	"os"
	"runtime"
	"strings"
	"testing"

	"github.com/labstack/echo/v4"

	"github.com/panal/panal/gen"
)

func TestRoutesThatAreNotTheContractsAreRefused(t *testing.T) {
	s := mustServer(t, Options{})
	const invoice = "/v1/invoices/:invoice_id"
	without := func(method, path string) (routes []*echo.Route) {
		for _, r := range s.echo.Routes() {
			if r.Method != method || r.Path != path {
				routes = append(routes, r)
			}
		}
		return routes
	}
	for _, tt := range []struct {
		name   string
		routes []*echo.Route
		says   string
	}{
		{
			"an operation is not served", without("DELETE", invoice),
			"declared and not served [DELETE " + invoice + "], served and not declared []",
		},
		{
			"an operation is not served below the prefix", without("DELETE", apiPrefix+invoice),
			"declared and not served [DELETE " + apiPrefix + invoice + "], served and not declared []",
		},
		{
			"a route is no operation", append(s.echo.Routes(), &echo.Route{Method: "PATCH", Path: invoice}),
			"declared and not served [], served and not declared [PATCH " + invoice + "]",
		},
	} {
		t.Run(tt.name, func(t *testing.T) {
			if err := compareRoutes(s.contract.document, tt.routes); err == nil || !strings.Contains(err.Error(), tt.says) {
				t.Errorf("got %v, want %q", err, tt.says)
			}
		})
	}
}

// Parsing the contract was most of what starting took, in time and in memory.
func TestTheContractIsParsedOnceForAProcess(t *testing.T) {
	openapi, err := os.ReadFile("../openapi.yaml")
	if err != nil {
		t.Fatal(err)
	}
	s := mustServer(t, Options{Document: openapi})
	if spec, err := gen.Spec(); err != nil || s.contract.document != spec {
		t.Errorf("the server has parsed one of its own, and %v", err)
	}
	var before, after runtime.MemStats
	runtime.ReadMemStats(&before)
	if _, err := New(s.store, Options{Document: openapi}); err != nil {
		t.Fatal(err)
	}
	runtime.ReadMemStats(&after)
	if took := after.TotalAlloc - before.TotalAlloc; took > 1<<20 {
		t.Errorf("another server takes %d bytes: it has parsed openapi.yaml, which takes 4 MB", took)
	}
}

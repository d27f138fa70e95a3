package server

import (
	"fmt"
	"net/http"
	"slices"
	"strings"

	"github.com/getkin/kin-openapi/openapi3"
	"github.com/labstack/echo/v4"
)

// serveDocument answers /openapi.yaml and /openapi.json with the contract as it was
// written. It fails if the contract's operations and the routes are not the same:
// nobody could rely on either.
func serveDocument(e *echo.Echo, yaml []byte) error {
	doc, err := openapi3.NewLoader().LoadFromData(yaml)
	if err != nil {
		return fmt.Errorf("parse: %w", err)
	}
	if err := compareRoutes(doc, e.Routes()); err != nil {
		return err
	}
	asJSON, err := doc.MarshalJSON()
	if err != nil {
		return fmt.Errorf("as JSON: %w", err)
	}
	e.GET("/openapi.yaml", func(c echo.Context) error { return c.Blob(http.StatusOK, "application/yaml", yaml) })
	e.GET("/openapi.json", func(c echo.Context) error { return c.Blob(http.StatusOK, mediaJSON, asJSON) })
	return nil
}

func compareRoutes(doc *openapi3.T, routes []*echo.Route) error {
	var declared, served []string
	for path, item := range doc.Paths.Map() {
		route := echoRoute(path)
		for method := range item.Operations() {
			declared = append(declared, method+" "+route, method+" "+apiPrefix+route)
		}
	}
	for _, r := range routes {
		if strings.HasPrefix(strings.TrimPrefix(r.Path, apiPrefix), "/v1/") {
			served = append(served, r.Method+" "+r.Path)
		}
	}
	lacks := func(in, from []string) []string {
		return slices.DeleteFunc(slices.Sorted(slices.Values(in)), func(s string) bool { return slices.Contains(from, s) })
	}
	if missing, unknown := lacks(declared, served), lacks(served, declared); len(missing)+len(unknown) > 0 {
		return fmt.Errorf("routes differ: declared and not served %v, served and not declared %v", missing, unknown)
	}
	return nil
}

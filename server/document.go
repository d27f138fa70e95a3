package server

import (
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"fmt"
	"net/http"
	"slices"
	"strings"
	"sync"

	"github.com/getkin/kin-openapi/openapi3"
	"github.com/labstack/echo/v4"

	"github.com/panal/panal/gen"
)

// document is the contract as it was written.
type document struct {
	yaml []byte
	// json is asked for by few and takes as long as a start, so it is made for the
	// first of them.
	json func() ([]byte, error)
}

// newDocument refuses another openapi.yaml than the one that the handlers and their
// validation were made from: nobody could rely on either. What is the same to the
// byte need not be parsed to know that its operations are these.
func newDocument(yaml []byte) (*document, error) {
	if hash := sha256.Sum256(yaml); hex.EncodeToString(hash[:]) != gen.Digest {
		return nil, errors.New(`openapi.yaml is not the one that the program was generated from: run "make generate"`)
	}
	return &document{yaml, sync.OnceValues(func() ([]byte, error) { return asJSON(yaml) })}, nil
}

func asJSON(yaml []byte) ([]byte, error) {
	spec, err := openapi3.NewLoader().LoadFromData(yaml)
	if err != nil {
		return nil, fmt.Errorf("openapi.yaml: %w", err)
	}
	converted, err := spec.MarshalJSON()
	if err != nil {
		return nil, fmt.Errorf("openapi.json: %w", err)
	}
	return converted, nil
}

// serve answers /openapi.yaml and /openapi.json.
func (d *document) serve(e *echo.Echo) {
	e.GET("/openapi.yaml", func(c echo.Context) error { return c.Blob(http.StatusOK, "application/yaml", d.yaml) })
	e.GET("/openapi.json", func(c echo.Context) error {
		converted, err := d.json()
		if err != nil {
			return err
		}
		return c.Blob(http.StatusOK, mediaJSON, converted)
	})
}

// compareRoutes fails if the contract's operations and the routes are not the same.
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

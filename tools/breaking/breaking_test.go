package main

import (
	"bytes"
	"errors"
	"os"
	"slices"
	"strings"
	"testing"

	"github.com/getkin/kin-openapi/openapi3"
)

// mustChange is the contract after a change.
func mustChange(t *testing.T, change func(doc *openapi3.T)) []byte {
	t.Helper()
	contract, err := os.ReadFile("../../openapi.yaml")
	if err != nil {
		t.Fatal(err)
	}
	doc, err := openapi3.NewLoader().LoadFromData(contract)
	if err != nil {
		t.Fatal(err)
	}
	change(doc)
	changed, err := doc.MarshalJSON()
	if err != nil {
		t.Fatal(err)
	}
	return changed
}

func schema(doc *openapi3.T, name string) *openapi3.Schema { return doc.Components.Schemas[name].Value }

var breaking = map[string]func(doc *openapi3.T){
	"a removed operation":         func(doc *openapi3.T) { doc.Paths.Value("/v1/invoices/{invoice_id}").Delete = nil },
	"a removed path":              func(doc *openapi3.T) { doc.Paths.Delete("/v1/nif/validate") },
	"a removed response property": func(doc *openapi3.T) { delete(schema(doc, "Pagination").Properties, "has_next") },
	"a response without its envelope's data": func(doc *openapi3.T) {
		delete(schema(doc, "InvoiceEnvelope").AllOf[1].Value.Properties, "data")
	},
	"a new required property of a request": func(doc *openapi3.T) {
		s := schema(doc, "CreateInvoiceRequest")
		s.Required = append(s.Required, "notes")
	},
	"a narrowed enumeration of a request": func(doc *openapi3.T) {
		s := schema(doc, "TaxType")
		s.Enum = slices.DeleteFunc(s.Enum, func(v any) bool { return v == "IPSI" })
	},
	"a removed success": func(doc *openapi3.T) {
		doc.Paths.Value("/v1/customers/bulk").Post.Responses.Delete("201")
	},
	"a shorter text in a request": func(doc *openapi3.T) {
		most := uint64(10)
		schema(doc, "CreateCustomerRequest").Properties["legal_name"].Value.MaxLength = &most
	},
	"a new required parameter": func(doc *openapi3.T) {
		p := openapi3.NewQueryParameter("year").WithSchema(openapi3.NewIntegerSchema()).WithRequired(true)
		get := doc.Paths.Value("/v1/customers").Get
		get.Parameters = append(get.Parameters, &openapi3.ParameterRef{Value: p})
	},
}

func TestABreakingChangeFailsUnlessTheMajorVersionMoves(t *testing.T) {
	released := mustChange(t, func(doc *openapi3.T) { doc.Info.Version = "1.4.2" })
	for name, change := range breaking {
		t.Run(name, func(t *testing.T) {
			for version, breaks := range map[string]bool{"1.4.2": true, "1.5.0": true, "0.9.0": true, "2.0.0": false} {
				contract := mustChange(t, func(doc *openapi3.T) { change(doc); doc.Info.Version = version })
				err := compare(released, contract)
				if (err != nil) != breaks {
					t.Errorf("as %s: got %v", version, err)
				}
				if err != nil && !strings.Contains(err.Error(), "raise the first number") {
					t.Errorf("as %s: does not say what to do: %v", version, err)
				}
			}
		})
	}
}

func TestACompatibleChangePasses(t *testing.T) {
	released := mustChange(t, func(doc *openapi3.T) { doc.Info.Version = "1.4.2" })
	for name, change := range map[string]func(doc *openapi3.T){
		"none":          func(*openapi3.T) {},
		"a description": func(doc *openapi3.T) { schema(doc, "Customer").Description = "Somebody." },
		"a new path":    func(doc *openapi3.T) { doc.Paths.Set("/v1/series", doc.Paths.Value("/v1/customers")) },
		"an optional text": func(doc *openapi3.T) {
			schema(doc, "CreateInvoiceRequest").WithProperty("colour", openapi3.NewStringSchema())
		},
	} {
		t.Run(name, func(t *testing.T) {
			if err := compare(released, mustChange(t, func(doc *openapi3.T) { change(doc); doc.Info.Version = "1.4.2" })); err != nil {
				t.Error(err)
			}
		})
	}
}

func TestTheReleasedContractIsTheTaggedOneOrAboutToBe(t *testing.T) {
	version := func(v string) []byte { return mustChange(t, func(doc *openapi3.T) { doc.Info.Version = v }) }
	tagged, next := version("1.4.2"), version("1.5.0")
	changed := mustChange(t, func(doc *openapi3.T) { breaking["a removed path"](doc); doc.Info.Version = "1.4.2" })
	for _, tt := range []struct {
		name               string
		released, contract []byte
		ok                 bool
	}{
		{"the tagged one beside a later contract", tagged, next, true},
		{"the contract that the next tag will name", next, next, true},
		{"another contract under the tagged version", changed, changed, false},
		{"neither of both", changed, next, false},
	} {
		t.Run(tt.name, func(t *testing.T) {
			got, err := base(tt.released, tt.contract, tagged)
			if tt.ok != (err == nil) || tt.ok != bytes.Equal(got, tagged) || !tt.ok && !errors.Is(err, errNotReleased) {
				t.Errorf("%d bytes, %v", len(got), err)
			}
		})
	}
}

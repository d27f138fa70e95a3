package main

import (
	"encoding/json"
	"errors"
	"fmt"
	"maps"
	"slices"
	"strings"

	"github.com/getkin/kin-openapi/openapi3"

	"github.com/panal/panal/gen"
	"github.com/panal/panal/internal/nif"
)

type scopes []string

// allScopes are the contract's: it has the only list.
func allScopes() (scopes, error) {
	doc, err := gen.Spec()
	if err != nil {
		return nil, fmt.Errorf("contract: %w", err)
	}
	scheme := doc.Components.SecuritySchemes["KeyScopes"]
	if scheme == nil {
		return nil, errors.New("contract: no security scheme KeyScopes")
	}
	return slices.Sorted(maps.Keys(scheme.Value.Flows.ClientCredentials.Scopes)), nil
}

func parseScopes(s string) (scopes, error) {
	all, err := allScopes()
	if err != nil {
		return nil, err
	}
	wanted := strings.Split(s, ",")
	if slices.Contains(wanted, "all") {
		return all, nil
	}
	for _, scope := range wanted {
		if !slices.Contains(all, scope) {
			return nil, errors.New("must be all, or some of " + strings.Join(all, ","))
		}
	}
	slices.Sort(wanted)
	return slices.Compact(wanted), nil
}

// check holds the company against the limits that its invoices will be held to.
func (c *companyCreateCmd) check(s *settings, faults *usageError) {
	issuer := c.issuer()
	parse := nif.Parse
	if s.NIFCheck == "shape" {
		parse = nif.CheckShape
	}
	if _, err := parse(issuer.NIF); err != nil && c.NIF != "" {
		faults.add("--nif", err.Error())
	}
	broken, err := issuer.faults()
	if err != nil {
		faults.add("", err.Error())
	}
	for _, e := range broken {
		pointer := e.JSONPointer()
		name := pointer[len(pointer)-1]
		switch {
		case len(pointer) == 1 && (name == "legal_name" && c.LegalName == "" || name == "nif"):
			// Said already: as a missing flag, or by the check above.
		case e.Value == "":
			faults.add(flagOf(name), "is required where a part of the address is given")
		case e.SchemaField == "pattern":
			faults.add(flagOf(name), "has characters that are not allowed here")
		case e.SchemaField == "format":
			faults.add(flagOf(name), "is not a valid "+e.Schema.Format)
		default:
			faults.add(flagOf(name), e.Reason)
		}
	}
}

func flagOf(property string) string { return "--" + strings.ReplaceAll(property, "_", "-") }

// faults are the ways in which the issuer breaks the contract's schema.
func (i *issuer) faults() ([]*openapi3.SchemaError, error) {
	doc, err := gen.Spec()
	if err != nil {
		return nil, fmt.Errorf("contract: %w", err)
	}
	schema := doc.Components.Schemas["IssuerData"]
	if schema == nil {
		return nil, errors.New("contract: no schema IssuerData")
	}
	raw, err := json.Marshal(i)
	if err != nil {
		return nil, fmt.Errorf("company: %w", err)
	}
	var document any
	if err := json.Unmarshal(raw, &document); err != nil {
		return nil, fmt.Errorf("company: %w", err)
	}
	broken := schemaErrors(schema.Value.VisitJSON(document, openapi3.MultiErrors(),
		openapi3.WithStringFormatValidators(map[string]openapi3.StringFormatValidator{
			"email": openapi3.NewRegexpFormatValidator(openapi3.FormatOfStringForEmail),
		})))
	slices.SortStableFunc(broken, func(a, b *openapi3.SchemaError) int {
		return slices.Compare(a.JSONPointer(), b.JSONPointer())
	})
	return broken, nil
}

func schemaErrors(err error) []*openapi3.SchemaError {
	if several, ok := errors.AsType[openapi3.MultiError](err); ok {
		var found []*openapi3.SchemaError
		for _, one := range several {
			found = append(found, schemaErrors(one)...)
		}
		return found
	}
	if one, ok := errors.AsType[*openapi3.SchemaError](err); ok {
		return []*openapi3.SchemaError{one}
	}
	return nil
}

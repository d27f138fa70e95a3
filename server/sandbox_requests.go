package server

import "github.com/panal/panal/gen"

// sandboxDescription is what GET /_sandbox answers: all that a sandbox knows
// beforehand, for tools that read it. docs/sandbox.md says the same to people.
type sandboxDescription struct {
	Companies       []fixture     `json:"companies"`
	Keys            []fixtureKey  `json:"keys"`
	Series          []fixture     `json:"series"`
	Customers       []fixture     `json:"customers"`
	Invoices        []fixture     `json:"invoices"`
	IdempotencyKeys []string      `json:"idempotency_keys"`
	ErrorHeader     string        `json:"error_header"`
	Requests        []goodRequest `json:"requests"`
	Provocations    []provocation `json:"provocations"`
}

func describeSandbox() sandboxDescription {
	return sandboxDescription{
		fixtureCompanies, fixtureKeys, fixtureSeries, fixtureCustomers, fixtureInvoices,
		[]string{usedKey, processingKey},
		headerError, goodRequests, provocations,
	}
}

// goodRequest is a request of an operation that succeeds with the full key.
type goodRequest struct {
	Operation string `json:"operation"`
	Method    string `json:"method"`
	Path      string `json:"path"`
	Body      string `json:"body,omitempty"`
	// File is what the form has as its file.
	File string `json:"file,omitempty"`
}

// provocation is a change to the good requests of some operations and the error that
// it leads to.
type provocation struct {
	Operations []string `json:"operations"`
	// Change is what is replaced: method, path, query, header, body, file or form.
	// A header without a value is left out. In a file \n is the end of a line and
	// \xff a byte that is not UTF-8.
	Change string        `json:"change"`
	Value  string        `json:"value"`
	Status int           `json:"status"`
	Code   gen.ErrorCode `json:"code"`
}

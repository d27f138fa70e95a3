package main

import (
	"encoding/json"
	"net/http"
	"strings"
)

// nobody is an id that nothing has.
const nobody = "01981f5e-7c1a-7b3e-9a51-0d5f6a7b8c9d"

// changing spoils what Panal answers to the requests with a method and path.
func changing(method, pattern string, change func(a *answer)) func() spoiler {
	return func() spoiler {
		return func(p *proxy, r *request) answer {
			a := p.forward(r)
			if r.is(method, pattern) {
				change(&a)
			}
			return a
		}
	}
}

// everywhere spoils whatever Panal answers.
func everywhere(change func(a *answer)) func() spoiler {
	return func() spoiler {
		return func(p *proxy, r *request) answer {
			a := p.forward(r)
			change(&a)
			return a
		}
	}
}

func without(header string) func(a *answer) {
	return func(a *answer) { a.header.Del(header) }
}

var answerMutants = []mutant{
	{
		Name: "wrong-success", Spoils: "a created customer is answered with 200 in place of 201",
		Check: "status_code_conformance", Operations: []string{"createCustomer"},
		spoil: changing(http.MethodPost, "/v1/customers", func(a *answer) {
			if a.ok() {
				a.status = http.StatusOK
			}
		}),
	},
	{
		Name: "undocumented-refusal", Spoils: "a broken parameter is answered with 422, which the operation does not list",
		Check: "status_code_conformance", Operations: []string{"listCustomers"},
		spoil: everywhere(func(a *answer) {
			if a.status == http.StatusBadRequest {
				a.status = http.StatusUnprocessableEntity
			}
		}),
	},
	{
		Name: "crash", Spoils: "a broken parameter is answered with 500",
		Check: "not_a_server_error", Operations: []string{"listCustomers"},
		spoil: changing(http.MethodGet, "/v1/customers", func(a *answer) {
			if a.status == http.StatusBadRequest {
				a.refuse(http.StatusInternalServerError, "INTERNAL_ERROR", "Internal server error")
			}
		}),
	},
	{
		Name: "wrong-media-type", Spoils: "JSON is sent as text/plain",
		Check: "content_type_conformance", Operations: []string{"getCustomer"},
		spoil: everywhere(func(a *answer) { a.header.Set("Content-Type", "text/plain") }),
	},
	{
		Name: "no-etag", Spoils: "a customer comes without ETag",
		Check: "declared_headers_sent", Operations: []string{"getCustomer"},
		spoil: everywhere(without("ETag")),
	},
	{
		Name: "no-retry-after", Spoils: "every third request is answered with 429 without Retry-After",
		Check: "declared_headers_sent", Operations: []string{"listCustomers"},
		spoil: func() spoiler {
			requests := 0
			return func(p *proxy, r *request) answer {
				a := p.forward(r)
				if requests++; requests%3 == 0 && a.ok() {
					a.refuse(http.StatusTooManyRequests, "RATE_LIMIT_EXCEEDED", "Too many requests")
				}
				return a
			}
		},
	},
	{
		Name: "no-challenge", Spoils: "a request without a key is refused without WWW-Authenticate",
		Check: "declared_headers_sent", Operations: []string{"getCustomer"}, Keyless: true,
		spoil: everywhere(without("WWW-Authenticate")),
	},
	{
		Name: "malformed-header", Spoils: "X-Request-Id is in capitals, and so is the envelope's",
		Check: "response_headers_conformance", Operations: []string{"getCustomer"},
		spoil: everywhere(func(a *answer) {
			id := strings.ToUpper(a.header.Get("X-Request-Id")) + "F" // one that has no letters has one now
			a.header.Set("X-Request-Id", id)
			a.edit(func(envelope map[string]any) { object(envelope, "meta")["request_id"] = id })
		}),
	},
	{
		Name: "other-request-id", Spoils: "the envelope names another request than the header",
		Check: "request_id_agrees", Operations: []string{"getCustomer"},
		spoil: everywhere(func(a *answer) { a.header.Set("X-Request-Id", strings.Repeat("0", 32)) }),
	},
	{
		Name: "no-allow", Spoils: "405 comes without Allow",
		Check: "unsupported_method", Operations: []string{"getCustomer"}, Phase: "coverage",
		spoil: everywhere(without("Allow")),
	},
	{
		Name: "any-method", Spoils: "PATCH is answered as if it were GET",
		Check: "unsupported_method", Operations: []string{"listCustomers"}, Phase: "coverage",
		spoil: func() spoiler {
			return func(p *proxy, r *request) answer {
				if r.Method == http.MethodPatch {
					r.Method = http.MethodGet
				}
				return p.forward(r)
			}
		},
	},
	{
		Name: "wrong-allow", Spoils: "OPTIONS offers PATCH",
		Check: "allow_header_conformance", Operations: []string{"getCustomer"}, Phase: "coverage",
		spoil: changing(http.MethodOptions, "/v1/customers/*", func(a *answer) { a.header.Set("Allow", "GET, PATCH") }),
	},
	{
		Name: "leaked-query", Spoils: "400 shows the SQL that was refused",
		Check: "nothing_internal_shown", Operations: []string{"listCustomers"},
		spoil: everywhere(func(a *answer) {
			if a.status == http.StatusBadRequest {
				a.refuse(a.status, "VALIDATION_ERROR", "cannot run SELECT id FROM customers LIMIT $1")
			}
		}),
	},
	{
		Name: "leaked-stack", Spoils: "400 shows where in the source it comes from",
		Check: "nothing_internal_shown", Operations: []string{"createCustomer"},
		spoil: everywhere(func(a *answer) {
			if a.status == http.StatusBadRequest {
				a.edit(func(envelope map[string]any) {
					object(envelope, "error")["details"] = map[string]any{"hint": "server/body.go:88"}
				})
			}
		}),
	},
	{
		Name: "talkative-401", Spoils: "a caller without a key is told which parameter is missing",
		Check: "nothing_without_a_key", Operations: []string{"listCustomers"}, Keyless: true,
		spoil: everywhere(func(a *answer) {
			if a.status == http.StatusUnauthorized {
				a.edit(func(envelope map[string]any) {
					object(envelope, "error")["details"] = map[string]any{"page": "must be a number"}
				})
			}
		}),
	},
}

var contentMutants = []mutant{
	{
		Name: "missing-property", Spoils: "a customer has no legal_name",
		Check: "response_schema_conformance", Operations: []string{"getCustomer"},
		spoil: changing(http.MethodGet, "/v1/customers/*", func(a *answer) {
			a.editData(func(data map[string]any) { delete(data, "legal_name") })
		}),
	},
	{
		Name: "wrong-type", Spoils: "active is a string",
		Check: "response_schema_conformance", Operations: []string{"getCustomer"},
		spoil: changing(http.MethodGet, "/v1/customers/*", func(a *answer) {
			a.editData(func(data map[string]any) { data["active"] = "true" })
		}),
	},
	{
		Name: "malformed-time", Spoils: "created_at has a blank in place of its T",
		Check: "response_schema_conformance", Operations: []string{"getCustomer"},
		spoil: changing(http.MethodGet, "/v1/customers/*", func(a *answer) {
			a.editData(func(data map[string]any) { data["created_at"] = "2026-03-02 09:30:00" })
		}),
	},
	{
		Name: "no-envelope", Spoils: "one operation answers with the bare customer",
		Check: "response_schema_conformance", Operations: []string{"getCustomer"},
		spoil: changing(http.MethodGet, "/v1/customers/*", func(a *answer) {
			var envelope struct{ Data json.RawMessage }
			if a.ok() && json.Unmarshal(a.body, &envelope) == nil {
				a.body = envelope.Data
			}
		}),
	},
	{
		Name: "unknown-code", Spoils: "an error has a code that is not in the enumeration",
		Check: "response_schema_conformance", Operations: []string{"listCustomers"},
		spoil: everywhere(func(a *answer) {
			if a.status == http.StatusBadRequest {
				a.refuse(a.status, "INVALID_PARAMETER", "The provided data is not valid")
			}
		}),
	},
	{
		Name: "unlisted-code", Spoils: "a broken parameter is answered with the code of another error",
		Check: "error_code_listed", Operations: []string{"listCustomers"},
		spoil: everywhere(func(a *answer) {
			if a.status == http.StatusBadRequest {
				a.refuse(a.status, "NOT_FOUND", "The provided data is not valid")
			}
		}),
	},
	{
		Name: "truncated", Spoils: "a list ends before its last brace",
		Check: "response_schema_conformance", Operations: []string{"listCustomers"},
		spoil: changing(http.MethodGet, "/v1/customers", func(a *answer) { a.body = a.body[:max(0, len(a.body)-2)] }),
	},
	{
		Name: "lost-cent", Spoils: "the total of an invoice is a cent too low",
		Check: "invoice_adds_up", Operations: []string{"createInvoice"},
		spoil: changing(http.MethodPost, "/v1/invoices", func(a *answer) {
			a.editData(func(data map[string]any) {
				totals := object(data, "totals")
				totals["invoice_total"] = decimal(totals["invoice_total"]) - 0.01
			})
		}),
	},
	{
		Name: "no-next-page", Spoils: "every page of a list says that it is the last",
		Check: "list_obeys_its_request", Operations: []string{"listCustomers"}, Phase: "coverage",
		spoil: changing(http.MethodGet, "/v1/customers", func(a *answer) {
			a.editData(func(data map[string]any) { object(data, "pagination")["has_next"] = false })
		}),
	},
	{
		Name: "foreign-item", Spoils: "the first customer of a list is not one of the company's",
		Check: "stored_is_read", Operations: []string{"listCustomers"},
		spoil: changing(http.MethodGet, "/v1/customers", func(a *answer) {
			a.editData(func(data map[string]any) {
				if customers, ok := data["customers"].([]any); ok && len(customers) > 0 {
					if first, ok := customers[0].(map[string]any); ok {
						first["id"] = nobody
					}
				}
			})
		}),
	},
}

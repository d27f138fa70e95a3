package main

import (
	"encoding/json"
	"maps"
	"net/http"
	"path"
	"strings"
)

// as asks Panal something else on the caller's behalf.
func (p *proxy) as(r *request, method, target string, body []byte) answer {
	other := &request{r.Clone(r.Context()), body}
	other.Method = method
	other.URL.Path, other.URL.RawPath, other.URL.RawQuery = "/api"+target, "", ""
	for _, name := range []string{"Content-Length", "Idempotency-Key", "If-Match"} {
		other.Header.Del(name)
	}
	return p.forward(other)
}

var effectMutants = []mutant{
	{
		Name: "deactivation-forgotten", Spoils: "a deactivation succeeds and has no effect",
		Check: "gone_is_gone", Operations: []string{"deactivateCustomer"},
		spoil: func() spoiler {
			return func(p *proxy, r *request) answer {
				if !r.is(http.MethodDelete, "/v1/customers/*") {
					return p.forward(r)
				}
				a := p.as(r, http.MethodGet, strings.TrimPrefix(r.URL.Path, "/api"), nil)
				if a.ok() {
					a.header.Del("ETag")
					a.edit(func(envelope map[string]any) {
						envelope["data"] = map[string]any{"message": "Customer deactivated successfully"}
					})
				}
				return a
			}
		},
	},
	{
		Name: "draft-undead", Spoils: "a deleted draft is still found",
		Check: "use_after_free", Operations: []string{"createInvoice", "getInvoice", "deleteInvoice"}, Phase: "stateful",
		spoil: func() spoiler { return undead("/v1/invoices/*") },
	},
	{
		Name: "customer-undead", Spoils: "a deactivated customer is still found",
		Check: "use_after_free", Operations: []string{"createCustomer", "getCustomer", "deactivateCustomer"}, Phase: "stateful",
		spoil: func() spoiler { return undead("/v1/customers/*") },
	},
	{
		Name: "creation-lost", Spoils: "a created draft cannot be found",
		Check: "ensure_resource_availability", Operations: []string{"createInvoice", "getInvoice"}, Phase: "stateful",
		spoil: changing(http.MethodPost, "/v1/invoices", func(a *answer) {
			a.editData(func(data map[string]any) { data["id"] = nobody })
		}),
	},
	{
		Name: "update-forgotten", Spoils: "an update answers as if it had happened",
		Check: "stored_is_read", Operations: []string{"updateCustomer"},
		spoil: func() spoiler {
			return func(p *proxy, r *request) answer {
				if !r.is(http.MethodPut, "/v1/customers/*") {
					return p.forward(r)
				}
				target := strings.TrimPrefix(r.URL.Path, "/api")
				earlier := p.as(r, http.MethodGet, target, nil)
				a := p.forward(r)
				var was struct {
					Data map[string]any
				}
				if a.ok() && json.Unmarshal(earlier.body, &was) == nil {
					maps.DeleteFunc(was.Data, func(name string, _ any) bool { return name == "nif" || name == "alternative_id" })
					if body, err := json.Marshal(was.Data); err == nil {
						p.as(r, http.MethodPut, target, body)
					}
				}
				return a
			}
		},
	},
	{
		Name: "invoices-ignored", Spoils: "a customer with an invoice is deactivated",
		Check: "invoiced_customer_stays", Operations: []string{"deactivateCustomer"},
		spoil: func() spoiler {
			return func(p *proxy, r *request) answer {
				a := p.forward(r)
				var refused struct {
					Error struct {
						Code    string
						Details struct{ Invoices []struct{ ID string } }
					}
				}
				if json.Unmarshal(a.body, &refused) != nil || refused.Error.Code != "CLIENT_HAS_INVOICES" {
					return a
				}
				for _, invoice := range refused.Error.Details.Invoices {
					p.as(r, http.MethodDelete, path.Join("/v1/invoices", invoice.ID), nil)
				}
				return p.forward(r)
			}
		},
	},
	{
		Name: "dry-run-stores", Spoils: "a dry run stores the customers, too",
		Check: "dry_run_stores_nothing", Operations: []string{"createCustomersBulk"},
		spoil: func() spoiler {
			return func(p *proxy, r *request) answer {
				a := p.forward(r)
				if a.ok() && r.is(http.MethodPost, "/v1/customers/bulk") && r.URL.Query().Get("dry_run") == "true" {
					p.as(r, http.MethodPost, "/v1/customers/bulk", r.body)
				}
				return a
			}
		},
	},
}

// undead answers for what is gone with what it was.
func undead(pattern string) spoiler {
	last := map[string]answer{}
	return func(p *proxy, r *request) answer {
		if r.is(http.MethodDelete, pattern) {
			before := p.as(r, http.MethodGet, strings.TrimPrefix(r.URL.Path, "/api"), nil)
			a := p.forward(r)
			if a.ok() && before.ok() {
				last[r.URL.Path] = before
			}
			return a
		}
		a := p.forward(r)
		if kept, ok := last[r.URL.Path]; ok && r.Method == http.MethodGet && a.status == http.StatusNotFound {
			return kept
		}
		return a
	}
}

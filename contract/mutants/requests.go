package main

import (
	"crypto/rand"
	"fmt"
	"net/http"
	"net/url"
	"slices"
)

// before spoils the requests with a method and path on their way to Panal.
func before(method, pattern string, change func(p *proxy, r *request)) func() spoiler {
	return func() spoiler {
		return func(p *proxy, r *request) answer {
			if r.is(method, pattern) {
				change(p, r)
			}
			return p.forward(r)
		}
	}
}

func dropping(parameter string) func() spoiler {
	return before(http.MethodGet, "/v1/customers", func(_ *proxy, r *request) { r.drop(parameter) })
}

// someCustomer is a body that nobody sent.
func someCustomer() []byte {
	return fmt.Appendf(nil, `{"legal_name": "Panadería Ñandú S.L.", "alternative_id": {"type": "03", "number": "%s"},
		"address": {"street": "Calle Mayor", "number": "12", "postal_code": "28013", "city": "Madrid", "province": "Madrid", "country": "España"}}`,
		rand.Text()[:20])
}

var requestMutants = []mutant{
	{
		Name: "ignored-filter", Spoils: "a list does not look at active",
		Check: "list_obeys_its_request", Operations: []string{"listCustomers"}, Phase: "coverage", spoil: dropping("active"),
	},
	{
		Name: "ignored-search", Spoils: "a list does not look at search",
		Check: "list_obeys_its_request", Operations: []string{"listCustomers"}, Phase: "coverage", spoil: dropping("search"),
	},
	{
		Name: "ignored-limit", Spoils: "a list does not look at limit",
		Check: "list_obeys_its_request", Operations: []string{"listCustomers"}, Phase: "coverage", spoil: dropping("limit"),
	},
	{
		Name: "ignored-order", Spoils: "a list does not look at sort_order",
		Check: "list_obeys_its_request", Operations: []string{"listCustomers"}, Phase: "coverage,fuzzing", spoil: dropping("sort_order"),
	},
	{
		Name: "unknown-parameter", Spoils: "a query parameter that does not exist is passed over",
		Check: "surplus_parameter_refused", Operations: []string{"listCustomers"},
		spoil: before(http.MethodGet, "/v1/customers", func(_ *proxy, r *request) {
			known := []string{"page", "limit", "active", "search", "legal_name", "nif", "email", "phone", "city", "province", "sort_by", "sort_order"}
			for name := range r.URL.Query() {
				if !slices.Contains(known, name) {
					r.drop(name)
				}
			}
		}),
	},
	{
		Name: "ignored-key", Spoils: "nobody asks for a key",
		Check: "ignored_auth", Operations: []string{"listCustomers"},
		spoil: before(http.MethodGet, "/v1/customers", func(p *proxy, r *request) { r.Header.Set("Authorization", "Bearer "+p.key) }),
	},
	{
		Name: "no-tenancy", Spoils: "every key opens every company's customers",
		Check: "strangers_find_nothing", Operations: []string{"getCustomer"},
		spoil: before(http.MethodGet, "/v1/customers/*", func(p *proxy, r *request) { r.Header.Set("Authorization", "Bearer "+p.key) }),
	},
	{
		Name: "ignored-if-match", Spoils: "a customer is changed whatever If-Match says",
		Check: "preconditions_hold", Operations: []string{"updateCustomer"}, Phase: "coverage",
		spoil: before(http.MethodPut, "/v1/customers/*", func(_ *proxy, r *request) { r.Header.Del("If-Match") }),
	},
	{
		Name: "ignored-if-none-match", Spoils: "a customer is sent again whatever If-None-Match says",
		Check: "preconditions_hold", Operations: []string{"getCustomer"}, Phase: "coverage,fuzzing",
		spoil: before(http.MethodGet, "/v1/customers/*", func(_ *proxy, r *request) { r.Header.Del("If-None-Match") }),
	},
	{
		Name: "ignored-idempotency-key", Spoils: "a repeated request drafts a second invoice",
		Check: "repeat_changes_nothing", Operations: []string{"createInvoice"},
		spoil: before(http.MethodPost, "/v1/invoices", func(_ *proxy, r *request) { r.Header.Del("Idempotency-Key") }),
	},
	{
		Name: "refused-schema", Spoils: "a search that fits the schema is refused with 400",
		Check: "positive_data_acceptance", Operations: []string{"listCustomers"},
		spoil: before(http.MethodGet, "/v1/customers", func(_ *proxy, r *request) {
			if r.drop("search") {
				r.URL.RawQuery = "page=none"
			}
		}),
	},
	{
		Name: "refused-rule", Spoils: "a lawful customer with a tax number is refused with 422",
		Check: "lawful_request_accepted", Operations: []string{"createCustomer"},
		spoil: changing(http.MethodPost, "/v1/customers", func(a *answer) {
			a.editData(func(data map[string]any) {
				if data["nif"] != nil {
					a.status = http.StatusUnprocessableEntity
				}
			})
			if a.status == http.StatusUnprocessableEntity {
				a.refuse(a.status, "VALIDATION_ERROR", "The provided data is not valid")
			}
		}),
	},
	{
		Name: "accepted-rubbish", Spoils: "a body that does not fit the schema makes some customer",
		Check: "negative_data_rejection", Operations: []string{"createCustomer"}, Phase: "coverage",
		spoil: func() spoiler {
			return func(p *proxy, r *request) answer {
				a := p.forward(r)
				if r.is(http.MethodPost, "/v1/customers") && (a.status == http.StatusBadRequest || a.status == http.StatusUnprocessableEntity) {
					r.Header = http.Header{"Authorization": r.Header["Authorization"], "Content-Type": {"application/json"}}
					r.URL = &url.URL{Path: "/api/v1/customers"}
					r.body = someCustomer()
					return p.forward(r)
				}
				return a
			}
		},
	},
}

package server_test

import (
	"fmt"
	"net/http"
	"slices"
	"strings"
	"testing"

	"pgregory.net/rapid"
)

// model is what the customers and invoices of one company must look like.
type model struct {
	t         *testing.T
	a         *api
	key       string
	steps     *int
	customers map[string]*modelCustomer // by id, deactivated ones included
	invoices  map[string]string         // live drafts: id to customer
}

type modelCustomer struct {
	body   string
	active bool
	gone   bool
}

// bodies are the few identifiers that customers are made with.
var modelBodies = []string{newPersonCustomer, newCompanyCustomer, foreignCustomer}

func (m *model) call(rt *rapid.T, method, path, body string, want int) answer {
	rt.Helper()
	*m.steps++
	got := m.a.call(m.t, m.key, method, path, body)
	if got.status != want {
		rt.Fatalf("%s %s: status %d, want %d\n%s", method, path, got.status, want, got.body)
	}
	return got
}

// holder is the live customer that has the identifier of the body.
func (m *model) holder(body string) string {
	for id, c := range m.customers {
		if c.body == body && !c.gone {
			return id
		}
	}
	return ""
}

func (m *model) blocked(customer string) bool {
	for _, c := range m.invoices {
		if c == customer {
			return true
		}
	}
	return false
}

// someCustomer is a customer's id, often a live one's, sometimes of nobody.
func (m *model) someCustomer(rt *rapid.T) (id string, c *modelCustomer) {
	ids := []string{unknownID("")}
	for id := range m.customers {
		ids = append(ids, id)
	}
	slices.Sort(ids)
	id = rapid.SampledFrom(ids).Draw(rt, "customer")
	if c = m.customers[id]; c == nil {
		c = &modelCustomer{gone: true}
	}
	return id, c
}

func (m *model) create(rt *rapid.T) {
	body := rapid.SampledFrom(modelBodies).Draw(rt, "body")
	if holder := m.holder(body); holder != "" {
		got := m.call(rt, post, customersPath, body, http.StatusConflict)
		if got.Error.Details["existing_resource_id"] != holder {
			rt.Fatalf("the conflict is with %v, want %s", got.Error.Details["existing_resource_id"], holder)
		}
		return
	}
	got := m.call(rt, post, customersPath, body, http.StatusCreated)
	m.customers[fmt.Sprint(mustData(m.t, got)["id"])] = &modelCustomer{body: body, active: true}
}

func (m *model) deactivate(rt *rapid.T) {
	id, c := m.someCustomer(rt)
	switch {
	case c.gone:
		m.call(rt, del, customersPath+"/"+id, "", http.StatusNotFound)
	case m.blocked(id):
		got := m.call(rt, del, customersPath+"/"+id, "", http.StatusBadRequest)
		count := 0
		for _, customer := range m.invoices {
			if customer == id {
				count++
			}
		}
		if got.Error.Code != "CLIENT_HAS_INVOICES" || got.Error.Details["invoice_count"] != float64(count) {
			rt.Fatalf("%d invoices: %s", count, got.body)
		}
	default:
		m.call(rt, del, customersPath+"/"+id, "", http.StatusOK)
		c.gone = true
	}
}

func (m *model) setActive(rt *rapid.T) {
	id, c := m.someCustomer(rt)
	active := rapid.Bool().Draw(rt, "active")
	body := fmt.Sprintf(`{"active":%t}`, active)
	if c.gone {
		m.call(rt, put, customersPath+"/"+id, body, http.StatusNotFound)
		return
	}
	m.call(rt, put, customersPath+"/"+id, body, http.StatusOK)
	c.active = active
}

func (m *model) invoice(rt *rapid.T) {
	id, c := m.someCustomer(rt)
	if c.gone || !c.active {
		m.call(rt, post, invoicesPath, newDraft(id), http.StatusUnprocessableEntity)
		return
	}
	got := m.call(rt, post, invoicesPath, newDraft(id), http.StatusCreated)
	m.invoices[fmt.Sprint(mustData(m.t, got)["id"])] = id
}

func (m *model) deleteInvoice(rt *rapid.T) {
	ids := []string{unknownID("")}
	for id := range m.invoices {
		ids = append(ids, id)
	}
	slices.Sort(ids)
	id := rapid.SampledFrom(ids).Draw(rt, "invoice")
	want := http.StatusNoContent
	if _, ok := m.invoices[id]; !ok {
		want = http.StatusNotFound
	}
	m.call(rt, del, invoicesPath+"/"+id, "", want)
	delete(m.invoices, id)
}

// agrees holds what can be read against the model.
func (m *model) agrees(rt *rapid.T) {
	for query, listed := range map[string]func(c *modelCustomer) bool{
		"":              func(c *modelCustomer) bool { return !c.gone },
		"?active=true":  func(c *modelCustomer) bool { return !c.gone && c.active },
		"?active=false": func(c *modelCustomer) bool { return !c.gone && !c.active },
	} {
		var want []string
		for id, c := range m.customers {
			if listed(c) {
				want = append(want, id)
			}
		}
		*m.steps++
		l := m.a.mustList(m.t, m.key, query)
		got := l.ids()
		slices.Sort(want)
		slices.Sort(got)
		if !slices.Equal(want, got) || l.Pagination.TotalItems != int64(len(want)) {
			rt.Fatalf("GET %s: %v and a total of %d, want %v", query, got, l.Pagination.TotalItems, want)
		}
	}
	id, c := m.someCustomer(rt)
	want := http.StatusOK
	if c.gone {
		want = http.StatusNotFound
	}
	m.call(rt, get, customersPath+"/"+id, "", want)
}

// In whatever order customers and drafts are made, changed and removed, the
// answers are those of the model.
func TestAnyOrderOfOperationsAgreesWithTheModel(t *testing.T) {
	eachDialect(t, func(t *testing.T, a *api) {
		steps, companies := 0, 0
		rapid.Check(t, func(rt *rapid.T) {
			companies++
			company := mustCompany(t, a.store, fmt.Sprintf("Casa %d S.L.", companies))
			m := &model{
				t: t, a: a, steps: &steps, key: a.mustKey(t, company.ID, allScopes...),
				customers: map[string]*modelCustomer{}, invoices: map[string]string{},
			}
			rt.Repeat(map[string]func(*rapid.T){
				"create": m.create, "deactivate": m.deactivate, "setActive": m.setActive,
				"invoice": m.invoice, "deleteInvoice": m.deleteInvoice, "": m.agrees,
			})
		})
		if steps < 300 {
			t.Errorf("only %d steps", steps)
		}
		if logged := a.mustLogged(t, "ERROR", ""); len(logged) > 0 {
			t.Errorf("server errors: %s", strings.Join(logged, "\n"))
		}
	})
}

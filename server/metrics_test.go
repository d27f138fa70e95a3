package server_test

import (
	"context"
	"fmt"
	"io"
	"net/http"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
	"github.com/prometheus/client_golang/prometheus"

	"github.com/panal/panal/server"
)

// counted is the same company behind a server that counts.
func (a *api) counted(tb testing.TB, o server.Options) (*api, *prometheus.Registry) {
	tb.Helper()
	registry := prometheus.NewRegistry()
	o.Metrics = server.NewMetrics(registry)
	return a.with(tb, o), registry
}

// mustGather returns the values of a metric by its labels, of a histogram the count.
func mustGather(tb testing.TB, registry *prometheus.Registry, name string) map[string]float64 {
	tb.Helper()
	families, err := registry.Gather()
	if err != nil {
		tb.Fatal(err)
	}
	values := map[string]float64{}
	for _, family := range families {
		if family.GetName() != name {
			continue
		}
		for _, m := range family.GetMetric() {
			var labels []string
			for _, l := range m.GetLabel() {
				labels = append(labels, l.GetName()+"="+l.GetValue())
			}
			values[strings.Join(labels, " ")] = m.GetCounter().GetValue() + m.GetGauge().GetValue() + float64(m.GetHistogram().GetSampleCount())
		}
	}
	return values
}

func mustCount(tb testing.TB, registry *prometheus.Registry, name string, want map[string]float64) {
	tb.Helper()
	if diff := cmp.Diff(want, mustGather(tb, registry, name)); diff != "" {
		tb.Errorf("%s (-want +got):\n%s", name, diff)
	}
}

func TestMetrics(t *testing.T) {
	eachDialect(t, func(t *testing.T, a *api) {
		t.Run("requests are counted and timed by route, method and status", func(t *testing.T) {
			a, registry := a.counted(t, server.Options{})
			id := a.create(t, a.key, customersPath, newPersonCustomer)
			a.call(t, a.key, get, customersPath+"/"+id, "")
			a.call(t, a.key, get, "/api"+customersPath+"/"+id, "")
			a.call(t, "", get, customersPath+"/"+id, "")
			mustCount(t, registry, "panal_http_requests_total", map[string]float64{
				"method=POST route=/v1/customers status=201":             1,
				"method=GET route=/v1/customers/:customer_id status=200": 2,
				"method=GET route=/v1/customers/:customer_id status=401": 1,
			})
			mustCount(t, registry, "panal_http_request_duration_seconds", map[string]float64{
				"method=POST route=/v1/customers":             1,
				"method=GET route=/v1/customers/:customer_id": 3,
			})
			mustCount(t, registry, "panal_http_requests_in_flight", map[string]float64{"": 0})
		})

		t.Run("callers cannot make new labels", func(t *testing.T) {
			a, registry := a.counted(t, server.Options{})
			for i := range 100 {
				for _, path := range []string{"/%d", "/v1/%d", "/v1/customers/%d", "/v1/customers/1/%d", "/api/%d/v1", "/docs/%d"} {
					a.call(t, "", get, fmt.Sprintf(path, i), "")
				}
				a.call(t, "", fmt.Sprintf("BREW%d", i), customersPath, "")
			}
			mustCount(t, registry, "panal_http_requests_total", map[string]float64{
				"method=GET route=none status=404":                       400,
				"method=GET route=/v1/customers/:customer_id status=401": 100,
				"method=GET route=/v1/customers/:customer_id status=404": 100,
				"method=none route=/v1/customers status=405":             100,
			})
		})

		t.Run("replays are counted, first answers are not", func(t *testing.T) {
			a, registry := a.counted(t, server.Options{})
			for range 3 {
				a.postOnce(t, a.key, customersPath, "k-counted", newCompanyCustomer)
			}
			mustCount(t, registry, "panal_idempotency_replays_total", map[string]float64{"": 2})
		})

		t.Run("each customer who stays because of an invoice is counted", func(t *testing.T) {
			a, registry := a.counted(t, server.Options{})
			id := a.create(t, a.key, customersPath, foreignCustomer)
			a.create(t, a.key, invoicesPath, newDraft(id))
			a.call(t, a.key, del, customersPath+"/"+id, "")
			a.call(t, a.key, del, bulkPath+"?ids="+id+"%2C"+unknownID(""), "")
			mustCount(t, registry, "panal_deactivations_refused_total", map[string]float64{"": 2})
		})

		t.Run("requests are counted by the limit that refuses them", func(t *testing.T) {
			a, registry := a.counted(t, server.Options{KeyRate: 103, GlobalRate: 105})
			for range 101 { // the last is refused by the operation's limit
				a.call(t, a.key, http.MethodPost, validatePath, `{"nif":"B12345674"}`)
			}
			for range 3 { // the last by the key's
				a.call(t, a.key, get, customersPath, "")
			}
			for range 2 { // the last by everybody's
				a.call(t, a.theirs, get, customersPath, "")
			}
			mustCount(t, registry, "panal_rate_limited_total", map[string]float64{"limit=operation": 1, "limit=key": 1, "limit=global": 1})
		})

		t.Run("a caller who leaves is no failure, whatever was asked", func(t *testing.T) {
			ctx, leave := context.WithCancel(t.Context())
			leave()
			for _, op := range mustOperations(t) {
				a, registry := a.counted(t, server.Options{}) // with no key in its cache
				send(t, a, op.newRequest(a.key, op.target(unknownID), op.body(t)).WithContext(ctx))
				for labels, n := range mustGather(t, registry, "panal_http_requests_total") {
					if !strings.HasSuffix(labels, "status=499") || n != 1 {
						t.Errorf("%s: %s is %v", op.OperationID, labels, n)
					}
				}
			}
			if strings.Contains(a.log.String(), "request failed") {
				t.Errorf("failures were logged:\n%s", a.log)
			}
		})
	})
}

func TestRequestsInFlightAreCounted(t *testing.T) {
	a, registry := mustSQLiteAPI(t).counted(t, server.Options{})
	body, sent := io.Pipe()
	req := newRequest(a.key, http.MethodPost, customersPath, "{}")
	req.Body, req.ContentLength = body, -1
	done := make(chan struct{})
	go func() {
		defer close(done)
		send(t, a, req)
	}()
	if _, err := sent.Write([]byte("{")); err != nil { // returns when the server reads
		t.Fatal(err)
	}
	mustCount(t, registry, "panal_http_requests_in_flight", map[string]float64{"": 1})
	if err := sent.Close(); err != nil {
		t.Fatal(err)
	}
	<-done
	mustCount(t, registry, "panal_http_requests_in_flight", map[string]float64{"": 0})
}

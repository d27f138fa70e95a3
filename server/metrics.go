package server

import (
	"net/http"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/labstack/echo/v4"
	"github.com/prometheus/client_golang/prometheus"
	"github.com/prometheus/client_golang/prometheus/promauto"

	"github.com/panal/panal/gen"
)

// Metrics count what servers do. Every label has few values, whatever callers
// send: each combination is kept for as long as the process lives. Nil counts
// nothing.
type Metrics struct {
	requests             *prometheus.CounterVec
	duration             *prometheus.HistogramVec
	inFlight             prometheus.Gauge
	replays              prometheus.Counter
	refusedDeactivations prometheus.Counter
	rateLimited          *prometheus.CounterVec
}

// The limits that a request can meet, by what they count for.
const (
	limitGlobal    = "global"
	limitKey       = "key"
	limitOperation = "operation"
)

// NewMetrics returns the metrics of the servers of a process, registered.
func NewMetrics(registry prometheus.Registerer) *Metrics {
	register := promauto.With(registry)
	m := &Metrics{
		requests: register.NewCounterVec(prometheus.CounterOpts{
			Name: "panal_http_requests_total", Help: "Requests answered, by route, method and status; 499 where the caller had gone.",
		}, []string{"route", "method", "status"}),
		duration: register.NewHistogramVec(prometheus.HistogramOpts{
			Name: "panal_http_request_duration_seconds", Help: "Time that a request took, by route and method.",
			Buckets: []float64{.001, .0025, .005, .01, .025, .05, .1, .25, .5, 1, 2.5, 5, 10, 30},
		}, []string{"route", "method"}),
		inFlight: register.NewGauge(prometheus.GaugeOpts{
			Name: "panal_http_requests_in_flight", Help: "Requests that are being answered.",
		}),
		replays: register.NewCounter(prometheus.CounterOpts{
			Name: "panal_idempotency_replays_total", Help: "Requests that were answered with what an earlier one got under the same idempotency key.",
		}),
		refusedDeactivations: register.NewCounter(prometheus.CounterOpts{
			Name: "panal_deactivations_refused_total", Help: "Customers that were not deactivated because they have invoices.",
		}),
		rateLimited: register.NewCounterVec(prometheus.CounterOpts{
			Name: "panal_rate_limited_total", Help: "Requests refused by a rate limit: that of all keys (global), of one key, or of an operation.",
		}, []string{"limit"}),
	}
	// A counter that appears with its first event hides that event from rate().
	for _, limit := range []string{limitGlobal, limitKey, limitOperation} {
		m.rateLimited.WithLabelValues(limit)
	}
	return m
}

func (m *Metrics) begin() {
	if m != nil {
		m.inFlight.Inc()
	}
}

func (m *Metrics) end(c echo.Context, status int, took time.Duration) {
	if m != nil {
		route, method := routeOf(c), methodOf(c.Request())
		m.inFlight.Dec()
		m.requests.WithLabelValues(route, method, strconv.Itoa(status)).Inc()
		m.duration.WithLabelValues(route, method).Observe(took.Seconds())
	}
}

// refusedBefore counts a request that net/http has refused before any handler.
func (m *Metrics) refusedBefore(status int) {
	if m != nil {
		m.requests.WithLabelValues(unknown, unknown, strconv.Itoa(status)).Inc()
	}
}

func (m *Metrics) replayed() {
	if m != nil {
		m.replays.Inc()
	}
}

// refused counts an error in the answer to a request, or to one row of it.
func (m *Metrics) refused(code gen.ErrorCode) {
	if m != nil && code == gen.ErrorCodeClientHasInvoices {
		m.refusedDeactivations.Inc()
	}
}

func (m *Metrics) limited(limit string) {
	if m != nil {
		m.rateLimited.WithLabelValues(limit).Inc()
	}
}

// unknown is the route of a path that no route has, the method of a request that
// has none of HTTP's.
const unknown = "none"

// routeOf is the template of a request's route, without the prefix that may be
// left out. The path itself may carry what a caller mistook for an id.
func routeOf(c echo.Context) string {
	route := strings.TrimPrefix(c.Path(), apiPrefix)
	if route == "" {
		return unknown
	}
	return route
}

var knownMethods = []string{
	http.MethodGet, http.MethodHead, http.MethodPost, http.MethodPut, http.MethodPatch,
	http.MethodDelete, http.MethodOptions, http.MethodConnect, http.MethodTrace,
}

// methodOf is a request's method, which could be any word of the caller's.
func methodOf(r *http.Request) string {
	if slices.Contains(knownMethods, r.Method) {
		return r.Method
	}
	return unknown
}

package main

import (
	"context"
	"log/slog"
	"net"
	"net/http"
	"net/http/pprof" // it adds itself to a mux that nobody serves; handler does so on purpose
	"runtime"
	"time"

	"github.com/prometheus/client_golang/prometheus"
	"github.com/prometheus/client_golang/prometheus/collectors"
	"github.com/prometheus/client_golang/prometheus/promhttp"

	"github.com/panal/panal/server"
	"github.com/panal/panal/store"
)

// metrics are what the second address shows.
type metrics struct {
	listener net.Listener
	registry *prometheus.Registry
	server   *server.Metrics
}

// openMetrics takes the port for the metrics; nil if they are not wanted.
func (a *app) openMetrics(ctx context.Context) (*metrics, error) {
	if a.MetricsAddr == "" {
		return nil, nil //nolint:nilnil // there are none
	}
	listener, err := listen(ctx, a.MetricsAddr, "--metrics-addr")
	if err != nil {
		return nil, err
	}
	registry := prometheus.NewRegistry()
	build := prometheus.NewGauge(prometheus.GaugeOpts{
		Name: "panal_build_info", Help: "The version of the program, as labels of a 1.",
		ConstLabels: prometheus.Labels{"version": version, "goversion": runtime.Version()},
	})
	build.Set(1)
	registry.MustRegister(build, collectors.NewGoCollector(), collectors.NewProcessCollector(collectors.ProcessCollectorOpts{}))
	return &metrics{listener, registry, server.NewMetrics(registry)}, nil
}

// measure adds what the store knows of itself.
func (m *metrics) measure(st *store.Store) error {
	if m == nil {
		return nil
	}
	measured, err := st.Collectors()
	if err != nil {
		return err
	}
	m.registry.MustRegister(measured...)
	return nil
}

// counters are the server's part of them.
func (m *metrics) counters() *server.Metrics {
	if m == nil {
		return nil
	}
	return m.server
}

// close gives the port back if nobody came to serve it.
func (m *metrics) close() {
	if m != nil {
		_ = m.listener.Close()
	}
}

// serveMetrics answers until stop, which is called when the last request has ended:
// how a server stops is worth watching, too.
func (a *app) serveMetrics(ctx context.Context, api http.Handler) (stop func()) {
	if a.metrics == nil {
		return func() {}
	}
	srv := &http.Server{
		Handler:           a.metrics.handler(api, bool(a.Pprof)),
		ReadHeaderTimeout: 10 * time.Second,
		WriteTimeout:      5 * time.Minute, // profiles take as long as they are asked to
		IdleTimeout:       2 * time.Minute,
		ErrorLog:          slog.NewLogLogger(a.log.Handler(), slog.LevelWarn),
	}
	go func() { _ = srv.Serve(a.metrics.listener) }() // ends with Close, and with the listener
	a.log.InfoContext(ctx, "serving metrics", slog.String("address", a.metrics.listener.Addr().String()))
	return func() { _ = srv.Close() } // nobody waits for a scrape
}

func (m *metrics) handler(api http.Handler, profiles bool) http.Handler {
	mux := http.NewServeMux()
	mux.Handle("GET /metrics", promhttp.HandlerFor(m.registry, promhttp.HandlerOpts{}))
	mux.Handle("GET /healthz", api)
	mux.Handle("GET /readyz", api)
	if profiles {
		mux.HandleFunc("/debug/pprof/", pprof.Index)
		mux.HandleFunc("/debug/pprof/cmdline", pprof.Cmdline)
		mux.HandleFunc("/debug/pprof/profile", pprof.Profile)
		mux.HandleFunc("/debug/pprof/symbol", pprof.Symbol)
		mux.HandleFunc("/debug/pprof/trace", pprof.Trace)
	}
	return mux
}

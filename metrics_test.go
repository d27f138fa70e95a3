package main

import (
	"bufio"
	"net/http"
	"slices"
	"strings"
	"testing"

	dto "github.com/prometheus/client_model/go"
	"github.com/prometheus/common/expfmt"
	"github.com/prometheus/common/model"
)

// mustServeMetrics starts a server with metrics and returns their URL as well.
func mustServeMetrics(tb testing.TB, environ []string, flags ...string) (s *serving, metrics string) {
	tb.Helper()
	s = mustServe(tb, environ, append([]string{"--metrics-addr=127.0.0.1:0"}, flags...)...)
	address, _ := s.log.mustWaitFor(tb, "serving metrics")["address"].(string)
	return s, "http://" + address
}

// mustScrape reads the metrics as Prometheus does.
func mustScrape(tb testing.TB, metrics string) map[string]*dto.MetricFamily {
	tb.Helper()
	status, text := call(tb, "", http.MethodGet, metrics+"/metrics", "")
	if status != http.StatusOK {
		tb.Fatalf("got %d: %s", status, text)
	}
	parser := expfmt.NewTextParser(model.UTF8Validation)
	families, err := parser.TextToMetricFamilies(strings.NewReader(text))
	if err != nil {
		tb.Fatalf("%v:\n%s", err, text)
	}
	return families
}

// mustKeepBusy makes a company and requests of every kind that has a metric.
func mustKeepBusy(tb testing.TB, environ []string, url string) {
	tb.Helper()
	_, key := mustKey(tb, environ, mustCompany(tb, environ))
	for range 2 {
		if status, err := create(tb, url, key, 1); err != nil || status != http.StatusCreated {
			tb.Fatalf("got %d, %v", status, err)
		}
	}
	call(tb, "", http.MethodGet, url+"/v1/customers", "")
}

func TestMetrics(t *testing.T) {
	eachDatabase(t, func(t *testing.T, environ []string) {
		t.Parallel()

		t.Run("stand at an address of their own, for Prometheus to read", func(t *testing.T) {
			s, metrics := mustServeMetrics(t, environ)
			mustKeepBusy(t, environ, s.url)
			families := mustScrape(t, metrics)
			for name, labels := range map[string]map[string]string{
				"panal_build_info":                {"version": version},
				"panal_database_up":               {},
				"panal_schema_version":            {"of": "database"},
				"panal_http_requests_total":       {"route": "/v1/customers", "method": "POST", "status": "201"},
				"panal_idempotency_replays_total": {},
				"go_sql_open_connections":         {},
				"go_goroutines":                   {},
				"process_resident_memory_bytes":   {},
			} {
				found := slices.ContainsFunc(families[name].GetMetric(), func(m *dto.Metric) bool {
					return hasLabels(m, labels) && m.GetCounter().GetValue()+m.GetGauge().GetValue() > 0
				})
				if !found {
					t.Errorf("no %s with %v: %v", name, labels, families[name])
				}
			}
			if status, _ := call(t, "", http.MethodGet, s.url+"/metrics", ""); status != http.StatusNotFound {
				t.Errorf("the API's address answers %d", status)
			}
		})

		t.Run("are served until the last request has ended", func(t *testing.T) {
			s, metrics := mustServeMetrics(t, environ)
			_, key := mustKey(t, environ, mustCompany(t, environ))
			r := mustBegin(t, s.url, key, customer(2))
			s.stop()
			s.log.mustWaitFor(t, "stopping")
			if n := mustScrape(t, metrics)["panal_http_requests_in_flight"].GetMetric()[0].GetGauge().GetValue(); n != 1 {
				t.Errorf("%v in flight, want 1", n)
			}
			if status, body := call(t, "", http.MethodGet, metrics+"/readyz", ""); status != http.StatusServiceUnavailable {
				t.Errorf("readyz: got %d: %s", status, body)
			}
			if status, body := call(t, "", http.MethodGet, metrics+"/healthz", ""); status != http.StatusOK {
				t.Errorf("healthz: got %d: %s", status, body)
			}
			if status := r.mustFinish(t); status != http.StatusCreated {
				t.Errorf("the request in flight got %d", status)
			}
			if code := s.mustEnd(t); code != 0 {
				t.Errorf("exit code %d:\n%s", code, s.log)
			}
			mustRefuse(t, metrics)
		})
	})

	t.Run("are there in a sandbox, through a reset", func(t *testing.T) {
		s, metrics := mustServeMetrics(t, nil, "--sandbox")
		call(t, "", http.MethodGet, s.url+"/v1/customers", "")
		if status, body := call(t, "", http.MethodPost, s.url+"/_sandbox/reset", ""); status != http.StatusOK {
			t.Fatalf("got %d: %s", status, body)
		}
		call(t, "", http.MethodGet, s.url+"/v1/customers", "")
		found := slices.ContainsFunc(mustScrape(t, metrics)["panal_http_requests_total"].GetMetric(), func(m *dto.Metric) bool {
			return hasLabels(m, map[string]string{"route": "/v1/customers", "status": "401"}) && m.GetCounter().GetValue() == 2
		})
		if !found {
			t.Error("the two requests are not counted")
		}
	})

	t.Run("what is not HTTP is counted, too", func(t *testing.T) {
		s, metrics := mustServeMetrics(t, sqliteEnviron(t))
		conn := mustDial(t, s.url)
		r := &request{conn: conn, from: bufio.NewReader(conn)}
		if _, err := conn.Write([]byte("hello\r\n\r\n")); err != nil {
			t.Fatal(err)
		}
		if status := r.mustRead(t); status != http.StatusBadRequest {
			t.Errorf("got %d", status)
		}
		found := slices.ContainsFunc(mustScrape(t, metrics)["panal_http_requests_total"].GetMetric(), func(m *dto.Metric) bool {
			return hasLabels(m, map[string]string{"route": "none", "method": "none", "status": "400"})
		})
		if !found {
			t.Error("it is not counted")
		}
	})

	t.Run("profiles are served where they are wanted", func(t *testing.T) {
		for flag, want := range map[string]int{"--pprof=true": http.StatusOK, "--pprof=false": http.StatusNotFound} {
			s, metrics := mustServeMetrics(t, sqliteEnviron(t), flag)
			for _, path := range []string{"/debug/pprof/", "/debug/pprof/goroutine?debug=1", "/debug/pprof/cmdline"} {
				if status, _ := call(t, "", http.MethodGet, metrics+path, ""); status != want {
					t.Errorf("%s with %s: got %d, want %d", path, flag, status, want)
				}
			}
			if status, _ := call(t, "", http.MethodGet, s.url+"/debug/pprof/", ""); status != http.StatusNotFound {
				t.Errorf("the API's address answers %d", status)
			}
		}
		r := runPanal(t, nil, "serve", "--pprof")
		if r.code != exitUsage || !strings.Contains(r.stderr, "needs --metrics-addr") {
			t.Errorf("without an address: exit code %d: %s", r.code, r.stderr)
		}
	})

	t.Run("a taken address ends the program before it touches the database", func(t *testing.T) {
		_, metrics := mustServeMetrics(t, sqliteEnviron(t))
		taken := strings.TrimPrefix(metrics, "http://")
		r := runPanal(t, []string{"PANAL_DATA_DIR=/dev/null/nowhere"}, "serve", "--addr=127.0.0.1:0", "--metrics-addr="+taken)
		if r.code != exitFailure || !strings.Contains(r.stderr, taken+" is taken") || !strings.Contains(r.stderr, "--metrics-addr") {
			t.Errorf("exit code %d: %s", r.code, r.stderr)
		}
	})
}

func hasLabels(m *dto.Metric, want map[string]string) bool {
	has := map[string]string{}
	for _, l := range m.GetLabel() {
		has[l.GetName()] = l.GetValue()
	}
	for name, value := range want {
		if has[name] != value {
			return false
		}
	}
	return true
}

package main

import (
	"bytes"
	"encoding/hex"
	"fmt"
	"io"
	"net/http"
	"net/http/httptest"
	"strings"
	"sync"
	"syscall"
	"testing"

	tracepb "go.opentelemetry.io/proto/otlp/trace/v1"
	"google.golang.org/protobuf/proto"
)

// collector receives OTLP as a real one does.
type collector struct {
	url     string
	mu      sync.Mutex
	headers []http.Header
	batches []*tracepb.ResourceSpans
}

func newCollector(tb testing.TB, status int) *collector {
	tb.Helper()
	c := &collector{}
	srv := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		body, err := io.ReadAll(r.Body)
		var data tracepb.TracesData
		if err != nil || proto.Unmarshal(body, &data) != nil || r.Method != http.MethodPost || r.URL.Path != "/v1/traces" ||
			r.Header.Get("Content-Type") != "application/x-protobuf" {
			tb.Errorf("%s %s of %s is no OTLP: %v", r.Method, r.URL, r.Header.Get("Content-Type"), err)
		}
		c.mu.Lock()
		defer c.mu.Unlock()
		c.headers = append(c.headers, r.Header)
		c.batches = append(c.batches, data.GetResourceSpans()...)
		w.WriteHeader(status)
	}))
	tb.Cleanup(srv.Close)
	c.url = srv.URL
	return c
}

// spans are what has come, by name; resource is what they say they come from.
func (c *collector) spans() (spans map[string]*tracepb.Span, resource map[string]string) {
	c.mu.Lock()
	defer c.mu.Unlock()
	spans, resource = map[string]*tracepb.Span{}, map[string]string{}
	for _, batch := range c.batches {
		for _, a := range batch.GetResource().GetAttributes() {
			resource[a.GetKey()] = a.GetValue().GetStringValue()
		}
		for _, scope := range batch.GetScopeSpans() {
			for _, s := range scope.GetSpans() {
				spans[s.GetName()] = s
			}
		}
	}
	return spans, resource
}

const (
	callersTrace = "0af7651916cd43dd8448eb211c80319c"
	callersSpan  = "b7ad6b7169203331"
)

// mustCreateIn creates a customer as a part of the caller's trace.
func mustCreateIn(tb testing.TB, url, key, flags string) {
	tb.Helper()
	r, err := http.NewRequestWithContext(tb.Context(), http.MethodPost, url+"/api/v1/customers", strings.NewReader(customer(1)))
	if err != nil {
		tb.Fatal(err)
	}
	r.Header.Set("Authorization", "Bearer "+key)
	r.Header.Set("Content-Type", "application/json")
	r.Header.Set("Traceparent", fmt.Sprintf("00-%s-%s-%s", callersTrace, callersSpan, flags))
	resp, err := http.DefaultClient.Do(r)
	if err != nil {
		tb.Fatal(err)
	}
	defer resp.Body.Close()
	if resp.StatusCode != http.StatusCreated || resp.Header.Get("X-Request-Id") != callersTrace {
		tb.Fatalf("got %d, request id %s", resp.StatusCode, resp.Header.Get("X-Request-Id"))
	}
}

func TestTraces(t *testing.T) {
	eachDatabase(t, func(t *testing.T, environ []string) {
		t.Parallel()
		_, key := mustKey(t, environ, mustCompany(t, environ))

		t.Run("reach the collector that the standard variables name, the last when the server has stopped", func(t *testing.T) {
			c := newCollector(t, http.StatusOK)
			p := mustStart(t, append([]string{
				"OTEL_EXPORTER_OTLP_ENDPOINT=" + c.url, "OTEL_EXPORTER_OTLP_HEADERS=x-token=a%20b",
				"OTEL_SERVICE_NAME=shop", "OTEL_RESOURCE_ATTRIBUTES=deployment.environment.name=here",
			}, environ...))
			mustCreateIn(t, p.url, key, "01")
			p.mustSignal(t, syscall.SIGTERM)
			if code := p.mustEnd(t); code != 0 {
				t.Fatalf("exit code %d:\n%s", code, p.log)
			}
			spans, resource := c.spans()
			if resource["service.name"] != "shop" || resource["service.version"] != version || resource["deployment.environment.name"] != "here" {
				t.Errorf("resource %v", resource)
			}
			if got := c.headers[0].Get("X-Token"); got != "a b" {
				t.Errorf("the header is %q", got)
			}
			request, statement := spans["POST /v1/customers"], spans["INSERT customers"]
			if request == nil || statement == nil {
				t.Fatalf("got %v", spans)
			}
			if got := hex.EncodeToString(request.GetTraceId()); got != callersTrace {
				t.Errorf("the request is in trace %s", got)
			}
			if got := hex.EncodeToString(request.GetParentSpanId()); got != callersSpan {
				t.Errorf("the request's parent is %s", got)
			}
			if request.GetKind() != tracepb.Span_SPAN_KIND_SERVER || statement.GetKind() != tracepb.Span_SPAN_KIND_CLIENT {
				t.Errorf("kinds %s and %s", request.GetKind(), statement.GetKind())
			}
			if hex.EncodeToString(statement.GetTraceId()) != callersTrace || !bytes.Equal(statement.GetParentSpanId(), request.GetSpanId()) {
				t.Errorf("the statement does not belong to the request: %v", statement)
			}
			if statement.GetEndTimeUnixNano() <= statement.GetStartTimeUnixNano() || statement.GetEndTimeUnixNano() > request.GetEndTimeUnixNano() {
				t.Errorf("times of %v and %v", statement, request)
			}
			if text := fmt.Sprint(spans); strings.Contains(text, "Lucía") || strings.Contains(text, "P00000001") || strings.Contains(text, key) {
				t.Errorf("a span has values: %s", text)
			}
		})

		t.Run("a caller who does not want to be traced is not", func(t *testing.T) {
			c := newCollector(t, http.StatusOK)
			s := mustServe(t, environ, "--otel-exporter-otlp-traces-endpoint="+c.url+"/v1/traces")
			call(t, key, http.MethodGet, s.url+"/v1/customers", "")
			call(t, key, http.MethodGet, s.url+"/healthz", "")
			r, err := http.NewRequestWithContext(t.Context(), http.MethodGet, s.url+"/v1/nif", http.NoBody)
			if err != nil {
				t.Fatal(err)
			}
			r.Header.Set("Traceparent", fmt.Sprintf("00-%s-%s-00", callersTrace, callersSpan))
			resp, err := http.DefaultClient.Do(r)
			if err != nil {
				t.Fatal(err)
			}
			if err := resp.Body.Close(); err != nil {
				t.Fatal(err)
			}
			if code := s.mustEnd(t); code != 0 {
				t.Fatalf("exit code %d:\n%s", code, s.log)
			}
			spans, resource := c.spans()
			if spans["GET /v1/customers"] == nil || spans["GET none"] != nil || spans["GET /healthz"] != nil || resource["service.name"] != "panal" {
				t.Errorf("got %v from %v", spans, resource)
			}
		})

		t.Run("a collector that refuses them costs a warning and nothing else", func(t *testing.T) {
			c := newCollector(t, http.StatusUnauthorized)
			// OpenTelemetry has one place for errors in a process.
			p := mustStart(t, environ, "--otel-exporter-otlp-endpoint="+c.url+"?key=s3cret", "--otel-exporter-otlp-headers=x-token=s3cret")
			if status, body := call(t, key, http.MethodGet, p.url+"/v1/customers", ""); status != http.StatusOK {
				t.Errorf("got %d: %s", status, body)
			}
			p.mustSignal(t, syscall.SIGTERM)
			if code := p.mustEnd(t); code != 0 {
				t.Errorf("exit code %d", code)
			}
			if log := p.log.String(); !strings.Contains(log, "traces were lost") || !strings.Contains(log, "401 Unauthorized") || strings.Contains(log, "s3cret") {
				t.Errorf("the log:\n%s", log)
			}
		})
	})
}

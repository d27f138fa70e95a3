package server_test

import (
	"fmt"
	"net/http"
	"net/http/httptest"
	"slices"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
	"go.opentelemetry.io/otel/codes"
	sdktrace "go.opentelemetry.io/otel/sdk/trace"
	"go.opentelemetry.io/otel/sdk/trace/tracetest"
	"go.opentelemetry.io/otel/trace"

	"github.com/panal/panal/server"
	"github.com/panal/panal/store"
)

// traced is the same company behind a process that traces.
func (a *api) traced(tb testing.TB) (*api, *tracetest.InMemoryExporter) {
	tb.Helper()
	spans := tracetest.NewInMemoryExporter()
	tracer := sdktrace.NewTracerProvider(sdktrace.WithSyncer(spans)).Tracer("test")
	o := a.database
	o.Tracer = tracer
	st, err := store.Open(tb.Context(), o)
	if err != nil {
		tb.Fatal(err)
	}
	tb.Cleanup(func() { _ = st.Close() })
	other := *a
	other.store = st
	other.Server = other.mustServer(tb, server.Options{Tracer: tracer})
	return &other, spans
}

// tree is the spans as lines, each below its parent and indented.
func tree(spans tracetest.SpanStubs, parent trace.SpanID, indent string) []string {
	var lines []string
	for _, s := range spans {
		if s.Parent.SpanID() == parent {
			lines = append(lines, indent+s.Name)
			lines = append(lines, tree(spans, s.SpanContext.SpanID(), indent+"  ")...)
		}
	}
	return lines
}

func attributes(s tracetest.SpanStub) map[string]string {
	values := map[string]string{}
	for _, a := range s.Attributes {
		values[string(a.Key)] = a.Value.String()
	}
	return values
}

func TestTraces(t *testing.T) {
	eachDialect(t, func(t *testing.T, a *api) {
		a, spans := a.traced(t)
		take := func() tracetest.SpanStubs {
			defer spans.Reset()
			return spans.GetSpans()
		}

		t.Run("a request, its transaction and its statements are one trace, that of the request id", func(t *testing.T) {
			got := a.postOnce(t, a.key, "/api"+customersPath, "k-traced", newPersonCustomer)
			all := take()
			lines := tree(all, trace.SpanID{}, "")
			for _, want := range []string{"POST /v1/customers", "  SELECT api_keys", "  transaction", "    INSERT customers", "    INSERT idempotency_keys"} {
				if !slices.Contains(lines, want) {
					t.Errorf("no %q in\n%s", want, strings.Join(lines, "\n"))
				}
			}
			if len(lines) != len(all) {
				t.Errorf("%d of %d spans hang together", len(lines), len(all))
			}
			for _, s := range all {
				if id := s.SpanContext.TraceID().String(); id != got.Meta.RequestID {
					t.Errorf("%s is in trace %s, the request id is %s", s.Name, id, got.Meta.RequestID)
				}
			}
			root := all[len(all)-1]
			want := map[string]string{
				"http.request.method": "POST", "http.route": customersPath, "http.response.status_code": "201",
				"panal.company_id": a.company.ID.String(), "panal.key_id": attributes(root)["panal.key_id"],
			}
			if diff := cmp.Diff(want, attributes(root)); diff != "" || len(want["panal.key_id"]) != 36 || root.SpanKind != trace.SpanKindServer {
				t.Errorf("kind %s (-want +got):\n%s", root.SpanKind, diff)
			}
		})

		t.Run("statements have placeholders, and nothing of the caller's is in any span", func(t *testing.T) {
			id := a.create(t, a.key, customersPath, newCompanyCustomer)
			a.create(t, a.key, invoicesPath, newDraft(id))
			a.call(t, a.key, get, customersPath+"?search=Panader&nif=B12345674&limit=97", "")
			a.call(t, a.key, http.MethodPut, customersPath+"/"+id, `{"notes":"s3cret"}`)
			a.call(t, a.key, del, customersPath+"/"+id, "")
			texts := 0
			for _, s := range take() {
				text := attributes(s)["db.query.text"]
				if text != "" {
					texts++
				}
				shown := attributes(s)
				delete(shown, "panal.company_id")
				delete(shown, "panal.key_id")
				everything := fmt.Sprint(s.Name, s.Status.Description, shown)
				for _, value := range []string{"Panader", "B12345674", "s3cret", "97", id, a.company.ID.String(), "beel_sk_", "Gran"} {
					if strings.Contains(everything, value) {
						t.Errorf("%s has %q: %s", s.Name, value, everything)
					}
				}
				if len(s.Events) > 0 {
					t.Errorf("%s has events: %v", s.Name, s.Events)
				}
			}
			if texts < 8 {
				t.Errorf("only %d statements", texts)
			}
		})

		t.Run("refusals are no errors, failures are, down to the statement", func(t *testing.T) {
			for _, status := range []int{http.StatusNotFound, http.StatusConflict} {
				path, method, body := customersPath+"/"+unknownID(""), get, ""
				if status == http.StatusConflict {
					path, method, body = customersPath, http.MethodPost, newPersonCustomer
				}
				if got := a.call(t, a.key, method, path, body); got.status != status {
					t.Fatalf("status %d, want %d", got.status, status)
				}
				for _, s := range take() {
					if s.Status.Code != codes.Unset {
						t.Errorf("%d: %s is %s", status, s.Name, s.Status.Code)
					}
				}
			}
			a.mustExec(t, "ALTER TABLE invoices RENAME TO invoices_gone")
			a.call(t, a.key, get, invoicesPath+"/"+unknownID(""), "")
			a.mustExec(t, "ALTER TABLE invoices_gone RENAME TO invoices")
			failed := map[string]codes.Code{}
			for _, s := range take() {
				failed[s.Name] = s.Status.Code
			}
			want := map[string]codes.Code{"GET /v1/invoices/:invoice_id": codes.Error, "SELECT invoices": codes.Error}
			if diff := cmp.Diff(want, failed); diff != "" {
				t.Errorf("(-want +got):\n%s", diff)
			}
		})

		t.Run("the census has a span, probes have none", func(t *testing.T) {
			a.call(t, a.key, http.MethodPost, validatePath, `{"nif":"B12345674"}`)
			if lines := tree(take(), trace.SpanID{}, ""); !slices.Contains(lines, "  census") {
				t.Errorf("got %q", lines)
			}
			send(t, a, newRequest("", get, "/healthz", ""))
			send(t, a, newRequest("", get, "/readyz", ""))
			if all := take(); len(all) != 0 {
				t.Errorf("got %v", tree(all, trace.SpanID{}, ""))
			}
		})
	})
}

// The request id is the same with traces and without, whatever the caller sends.
func TestTheCallersTraceIsContinued(t *testing.T) {
	plain := mustSQLiteAPI(t)
	a, spans := plain.traced(t)
	const id, parent = "0af7651916cd43dd8448eb211c80319c", "b7ad6b7169203331"
	for _, tt := range []struct {
		name    string
		headers []string
		parent  string
		sampled bool
	}{
		{"a sampled one is", []string{"00-" + id + "-" + parent + "-01"}, parent, true},
		{"so is one with other flags", []string{"00-" + id + "-" + parent + "-ff"}, parent, true},
		{"so is one of a later version", []string{"cc-" + id + "-" + parent + "-01-later"}, parent, true},
		{"one that is not sampled keeps its id and leaves no spans", []string{"00-" + id + "-" + parent + "-00"}, parent, false},
		{"none begins a new one", nil, "0000000000000000", true},
		{"so does a broken one", []string{"00-" + id + "-" + parent + "-1"}, "0000000000000000", true},
		{"so do two", []string{"00-" + id + "-" + parent + "-01", "00-" + id + "-" + parent + "-01"}, "0000000000000000", true},
	} {
		t.Run(tt.name, func(t *testing.T) {
			ids := make([]string, 2)
			for i, to := range []http.Handler{plain, a} {
				req := newRequest("", get, customersPath, "")
				req.Header["Traceparent"] = tt.headers
				req.Header["Tracestate"] = []string{"vendor=1", "other=2"}
				rec := httptest.NewRecorder()
				to.ServeHTTP(rec, req)
				ids[i] = rec.Header().Get("X-Request-Id")
			}
			continued := !strings.Contains(tt.parent, "0000")
			if continued && (ids[0] != id || ids[1] != id) || !continued && (len(ids[1]) != 32 || ids[1] == id) {
				t.Errorf("request ids %q", ids)
			}
			all := spans.GetSpans()
			spans.Reset()
			if len(all) == 0 && !tt.sampled {
				return
			}
			if len(all) != 1 || !tt.sampled {
				t.Fatalf("%d spans", len(all))
			}
			s := all[0]
			state := ""
			if continued {
				state = "vendor=1,other=2"
			}
			if s.SpanContext.TraceID().String() != ids[1] || s.Parent.SpanID().String() != tt.parent || s.SpanContext.TraceState().String() != state || s.SpanContext.TraceFlags() != trace.FlagsSampled {
				t.Errorf("request id %s, parent %s, context %v", ids[1], s.Parent.SpanID(), s.SpanContext)
			}
		})
	}
}

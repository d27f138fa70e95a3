package server

import (
	"context"
	"net/http"
	"strconv"
	"strings"

	"github.com/labstack/echo/v4"
	"go.opentelemetry.io/otel/attribute"
	"go.opentelemetry.io/otel/codes"
	"go.opentelemetry.io/otel/trace"
)

// noSpan takes everything and does nothing with it.
var noSpan = trace.SpanFromContext(context.Background())

// span begins a part of a request.
func (s *Server) span(ctx context.Context, name string) (context.Context, trace.Span) {
	if s.tracer == nil {
		return ctx, noSpan
	}
	return s.tracer.Start(ctx, name)
}

// startSpan begins the span of a request. Its trace has the request's id, so that
// a caller who quotes the one has named the other.
func (s *Server) startSpan(c echo.Context) trace.Span {
	if s.tracer == nil {
		return noSpan
	}
	route := routeOf(c)
	if route == "/healthz" || route == "/readyz" {
		return noSpan // every other second, and nobody wonders what it did
	}
	r := c.Request()
	ctx, span := s.tracer.Start(
		trace.ContextWithRemoteSpanContext(r.Context(), parentSpan(r)),
		methodOf(r)+" "+route, trace.WithSpanKind(trace.SpanKindServer))
	c.SetRequest(r.WithContext(ctx))
	return span
}

// parentSpan is the span in the caller's trace that a request belongs to. Of a
// request without one only the trace is known: identify has chosen its id.
func parentSpan(r *http.Request) trace.SpanContext {
	parent := trace.SpanContextConfig{Remote: true}
	parent.TraceID, _ = trace.TraceIDFromHex(requestID(r.Context()))
	headers := r.Header.Values("Traceparent")
	if _, ok := traceID(headers); ok {
		parent.SpanID, _ = trace.SpanIDFromHex(headers[0][36:52])
		flags, _ := strconv.ParseUint(headers[0][53:55], 16, 8)
		parent.TraceFlags = trace.TraceFlags(flags) & trace.FlagsSampled
		parent.TraceState, _ = trace.ParseTraceState(strings.Join(r.Header.Values("Tracestate"), ","))
	}
	return trace.NewSpanContext(parent)
}

// endSpan says what became of the request; no part of path, query and bodies.
func endSpan(c echo.Context, span trace.Span, status int) {
	if span.IsRecording() {
		span.SetAttributes(
			attribute.String("http.request.method", methodOf(c.Request())),
			attribute.String("http.route", routeOf(c)),
			attribute.Int("http.response.status_code", status),
		)
		if caller, ok := callerOf(c); ok {
			span.SetAttributes(
				attribute.String("panal.key_id", caller.ID.String()),
				attribute.String("panal.company_id", caller.CompanyID.String()),
			)
		}
		if status >= http.StatusInternalServerError {
			span.SetStatus(codes.Error, "")
		}
	}
	span.End()
}

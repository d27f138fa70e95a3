package main

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"net/http"
	"net/url"
	"time"

	"github.com/go-logr/logr"
	"go.opentelemetry.io/otel"
	"go.opentelemetry.io/otel/attribute"
	"go.opentelemetry.io/otel/exporters/otlp/otlptrace/otlptracehttp"
	"go.opentelemetry.io/otel/sdk/resource"
	sdktrace "go.opentelemetry.io/otel/sdk/trace"
	"go.opentelemetry.io/otel/trace"
)

// lastBatch is how long the collector has to take the spans of the last moments.
const lastBatch = 5 * time.Second

// startTraces returns what makes spans, and what sends the last of them. Without a
// collector there is no tracer: not even one that makes nothing, which would cost
// each request a little.
func (a *app) startTraces(ctx context.Context) (tracer trace.Tracer, stop func(), err error) {
	collector := string(a.OTLPTraces)
	if collector == "" && a.OTLPEndpoint != "" {
		base, err := url.Parse(string(a.OTLPEndpoint))
		if err != nil {
			return nil, nil, errors.New("traces: the collector's address is not valid")
		}
		collector = base.JoinPath("v1/traces").String()
	}
	if collector == "" {
		return nil, func() {}, nil
	}
	exporter, err := otlptracehttp.New(ctx,
		otlptracehttp.WithEndpointURL(collector), otlptracehttp.WithHeaders(a.OTLPHeaders),
		// The headers may have a token, for the collector that was named and no other.
		otlptracehttp.WithHTTPClient(&http.Client{
			CheckRedirect: func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse },
		}))
	if err != nil {
		return nil, nil, fmt.Errorf("traces: %w", err)
	}
	// OpenTelemetry reads its other variables itself, here and for the sampler.
	described, err := resource.Merge(resource.NewSchemaless(
		attribute.String("service.name", "panal"), attribute.String("service.version", version)), resource.Environment())
	if err != nil {
		return nil, nil, fmt.Errorf("traces: %w", err)
	}
	otel.SetLogger(logr.Discard()) // its notes quote the settings they are about
	otel.SetErrorHandler(otel.ErrorHandlerFunc(func(err error) {
		a.log.WarnContext(ctx, "traces were lost", slog.Any("error", err))
	}))
	provider := sdktrace.NewTracerProvider(sdktrace.WithBatcher(exporter), sdktrace.WithResource(described))
	stop = func() {
		ctx, cancel := context.WithTimeout(context.WithoutCancel(ctx), lastBatch)
		defer cancel()
		if err := provider.Shutdown(ctx); err != nil {
			a.log.WarnContext(ctx, "traces were lost", slog.Any("error", err))
		}
	}
	return provider.Tracer("github.com/panal/panal"), stop, nil
}

package store

import (
	"context"
	"errors"
	"fmt"
	"strings"

	"go.opentelemetry.io/otel/attribute"
	"go.opentelemetry.io/otel/codes"
	"go.opentelemetry.io/otel/trace"
	"gorm.io/gorm"
)

// longestText is how much of a statement a span shows.
const longestText = 4096

// traceStatements puts a span around every statement that goes through GORM; query
// does so for its own. Where nothing traces, GORM is left as it is.
func (s *Store) traceStatements() error {
	pools := []*gorm.DB{s.write}
	if s.read != s.write {
		pools = append(pools, s.read)
	}
	for _, pool := range pools {
		on := pool.Callback()
		for name, kind := range map[string]interface {
			Get(string) func(*gorm.DB)
			Replace(string, func(*gorm.DB)) error
		}{
			"gorm:create": on.Create(), "gorm:query": on.Query(), "gorm:update": on.Update(),
			"gorm:delete": on.Delete(), "gorm:row": on.Row(), "gorm:raw": on.Raw(),
		} {
			if err := kind.Replace(name, s.traced(kind.Get(name))); err != nil {
				return fmt.Errorf("trace %s: %w", name, err)
			}
		}
	}
	return nil
}

// noSpan takes everything and does nothing with it.
var noSpan = trace.SpanFromContext(context.Background())

// span begins a part of the span in ctx. Without one, as for a probe or a scrape,
// nobody has asked for a trace.
func (s *Store) span(ctx context.Context, name string, kind trace.SpanKind) (context.Context, trace.Span) {
	if s.tracer == nil || !trace.SpanContextFromContext(ctx).IsValid() {
		return ctx, noSpan
	}
	return s.tracer.Start(ctx, name, trace.WithSpanKind(kind))
}

func (s *Store) traced(run func(*gorm.DB)) func(*gorm.DB) {
	return func(db *gorm.DB) {
		_, span := s.span(db.Statement.Context, "statement", trace.SpanKindClient)
		defer span.End()
		run(db)
		s.describe(span, db.Statement.SQL.String(), db.Statement.Table, db.Error)
	}
}

// describe says in a span which statement was run and what became of it.
func (s *Store) describe(span trace.Span, text, table string, err error) {
	if !span.IsRecording() {
		return
	}
	span.SetName(strings.TrimSpace(firstWord(text) + " " + table))
	// Placeholders stand where the values were: they are not the operator's to read.
	span.SetAttributes(
		attribute.String("db.system.name", map[dialect]string{dialectPostgres: "postgresql", dialectSQLite: "sqlite"}[s.dialect]),
		attribute.String("db.query.text", strings.ToValidUTF8(text[:min(len(text), longestText)], "")),
	)
	if s.failed(err) {
		span.SetStatus(codes.Error, "") // the words are in the log, under the trace's id
	}
}

func firstWord(text string) string {
	words := strings.Fields(text[:min(len(text), 64)])
	if len(words) == 0 {
		return "statement"
	}
	return strings.ToUpper(words[0])
}

// failed tells a failure of the database from an answer that it is meant to give.
func (s *Store) failed(err error) bool {
	err = s.errors.Translate(err)
	var refused *violation
	return err != nil && !errors.Is(err, ErrNotFound) && !errors.As(err, &refused)
}

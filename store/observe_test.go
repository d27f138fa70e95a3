package store

import (
	"reflect"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"github.com/prometheus/client_golang/prometheus"
	"go.opentelemetry.io/otel/trace"
	"gorm.io/gorm"
	"gorm.io/gorm/callbacks"
)

func mustCollectors(tb testing.TB, s *Store) (schema prometheus.Collector, pools []prometheus.Collector) {
	tb.Helper()
	measured, err := s.Collectors()
	if err != nil {
		tb.Fatal(err)
	}
	return measured[0], measured[1:]
}

// mustMeasure returns gauges by name and labels.
func mustMeasure(tb testing.TB, measured ...prometheus.Collector) map[string]float64 {
	tb.Helper()
	registry := prometheus.NewPedanticRegistry()
	registry.MustRegister(measured...)
	families, err := registry.Gather()
	if err != nil {
		tb.Fatal(err)
	}
	values := map[string]float64{}
	for _, family := range families {
		for _, m := range family.GetMetric() {
			name := []string{family.GetName()}
			for _, l := range m.GetLabel() {
				name = append(name, l.GetValue())
			}
			values[strings.Join(name, " ")] = m.GetGauge().GetValue()
		}
	}
	return values
}

func TestCollectors(t *testing.T) {
	t.Parallel()
	eachDialect(t, func(t *testing.T, s *Store) {
		schema, measured := mustCollectors(t, s)
		pools := []string{"read", "write"}
		if s.read == s.write {
			pools = []string{"all"}
		}

		t.Run("every pool is measured", func(t *testing.T) {
			values := mustMeasure(t, measured...)
			for _, pool := range pools {
				if values["go_sql_max_open_connections "+pool] < 1 {
					t.Errorf("%s: %v", pool, values)
				}
			}
		})

		t.Run("a connection in use is seen", func(t *testing.T) {
			err := s.tx(t.Context(), func(*gorm.DB, time.Time) error {
				if n := mustMeasure(t, measured...)["go_sql_in_use_connections "+pools[len(pools)-1]]; n != 1 {
					t.Errorf("%v in use, want 1", n)
				}
				return nil
			})
			if err != nil {
				t.Fatal(err)
			}
		})

		t.Run("the schema is the database's own, and that of another program is told apart", func(t *testing.T) {
			want := map[string]float64{"panal_database_up": 1, "panal_schema_version program": schemaVersion, "panal_schema_version database": schemaVersion}
			if diff := cmp.Diff(want, mustMeasure(t, schema)); diff != "" {
				t.Errorf("(-want +got):\n%s", diff)
			}
			if err := s.write.Exec("INSERT INTO goose_db_version (version_id, is_applied) VALUES (?, true)", schemaVersion+1).Error; err != nil {
				t.Fatal(err)
			}
			want["panal_schema_version database"]++
			if diff := cmp.Diff(want, mustMeasure(t, schema)); diff != "" {
				t.Errorf("migrated by another (-want +got):\n%s", diff)
			}
			if err := s.write.Exec("ALTER TABLE goose_db_version RENAME TO elsewhere").Error; err != nil {
				t.Fatal(err)
			}
			want = map[string]float64{"panal_database_up": 0, "panal_schema_version program": schemaVersion}
			if diff := cmp.Diff(want, mustMeasure(t, schema)); diff != "" {
				t.Errorf("out of reach (-want +got):\n%s", diff)
			}
		})
	})
}

func TestWithoutATracerStatementsAreAsTheyWere(t *testing.T) {
	s := mustOpen(t, migratedOptions(t, dialectSQLite))
	on := s.write.Callback()
	for name, is := range map[string][2]any{
		"gorm:query": {on.Query().Get("gorm:query"), callbacks.Query},
		"gorm:row":   {on.Row().Get("gorm:row"), callbacks.RowQuery},
		"gorm:raw":   {on.Raw().Get("gorm:raw"), callbacks.RawExec},
	} {
		if reflect.ValueOf(is[0]).Pointer() != reflect.ValueOf(is[1]).Pointer() {
			t.Errorf("%s was replaced", name)
		}
	}
	ctx := t.Context()
	if n := testing.AllocsPerRun(1000, func() {
		_, span := s.span(ctx, "transaction", trace.SpanKindInternal)
		span.End()
	}); n != 0 {
		t.Errorf("a transaction has %v allocations for its span", n)
	}
}

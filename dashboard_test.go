package main

import (
	"encoding/json"
	"os"
	"regexp"
	"slices"
	"testing"

	dto "github.com/prometheus/client_model/go"
	"go.yaml.in/yaml/v3"
)

var (
	// What is left of a query when this is gone, is functions, words and metrics.
	aside      = regexp.MustCompile(`"[^"]*"|\{[^}]*\}|\[[^\]]*\]|(by|without|on|ignoring) *\([^)]*\)`)
	called     = regexp.MustCompile(`[a-zA-Z_][a-zA-Z0-9_:]* *\(`)
	identifier = regexp.MustCompile(`[a-zA-Z_][a-zA-Z0-9_:]*`)
	matched    = regexp.MustCompile(`([a-z_]+) *(=|!=|=~|!~) *"`)
	grouped    = regexp.MustCompile(`(?:by|without|on|ignoring) *\(([^)]*)\)`)
)

// metricsOf finds the metrics of a query in PromQL.
func metricsOf(query string) []string {
	query = aside.ReplaceAllString(query, " ")
	return identifier.FindAllString(called.ReplaceAllString(query, " ( "), -1)
}

// labelsOf finds the labels of a query.
func labelsOf(query string) []string {
	var labels []string
	for _, m := range matched.FindAllStringSubmatch(query, -1) {
		labels = append(labels, m[1])
	}
	for _, m := range grouped.FindAllStringSubmatch(query, -1) {
		labels = append(labels, identifier.FindAllString(m[1], -1)...)
	}
	return labels
}

// A query for what does not exist is not an error to anybody: it shows nothing, and
// never alarms.
func TestMetricsAndLabelsInDashboardAndAlertsExist(t *testing.T) {
	t.Parallel()
	queries := append(dashboardQueries(t), alertQueries(t)...)
	if len(queries) < 30 {
		t.Fatalf("only %d queries were found", len(queries))
	}
	environ := sqliteEnviron(t)
	s, metrics := mustServeMetrics(t, environ)
	mustKeepBusy(t, environ, s.url)
	known, labels := scraped(mustScrape(t, metrics))
	// Prometheus adds these itself.
	known, labels = append(known, "up"), append(labels, "job", "instance", "le")
	for _, query := range queries {
		used := metricsOf(query)
		if len(used) == 0 {
			t.Errorf("no metric in %s", query)
		}
		for _, metric := range used {
			if !slices.Contains(known, metric) {
				t.Errorf("no metric %s, which is in %s", metric, query)
			}
		}
		for _, label := range labelsOf(query) {
			if !slices.Contains(labels, label) {
				t.Errorf("no label %s, which is in %s", label, query)
			}
		}
	}
}

// scraped are the names that queries can use of a scrape.
func scraped(families map[string]*dto.MetricFamily) (metrics, labels []string) {
	for name, family := range families {
		metrics = append(metrics, name)
		if family.GetType() == dto.MetricType_HISTOGRAM {
			metrics = append(metrics, name+"_bucket", name+"_count", name+"_sum")
		}
		for _, m := range family.GetMetric() {
			for _, l := range m.GetLabel() {
				labels = append(labels, l.GetName())
			}
		}
	}
	return metrics, labels
}

func dashboardQueries(tb testing.TB) []string {
	tb.Helper()
	content, err := os.ReadFile("deploy/grafana/dashboard.json")
	if err != nil {
		tb.Fatal(err)
	}
	var dashboard struct {
		Panels []struct {
			Targets []struct{ Expr string }
		}
	}
	if err := json.Unmarshal(content, &dashboard); err != nil {
		tb.Fatal(err)
	}
	var queries []string
	for _, panel := range dashboard.Panels {
		for _, target := range panel.Targets {
			queries = append(queries, target.Expr)
		}
	}
	return queries
}

func alertQueries(tb testing.TB) []string {
	tb.Helper()
	content, err := os.ReadFile("deploy/prometheus/alerts.yaml")
	if err != nil {
		tb.Fatal(err)
	}
	var rules struct {
		Groups []struct {
			Rules []struct{ Alert, Expr string }
		}
	}
	if err := yaml.Unmarshal(content, &rules); err != nil {
		tb.Fatal(err)
	}
	var queries []string
	for _, group := range rules.Groups {
		for _, rule := range group.Rules {
			queries = append(queries, rule.Expr)
		}
	}
	return queries
}

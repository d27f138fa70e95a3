package store

import (
	"context"
	"fmt"
	"time"

	"github.com/prometheus/client_golang/prometheus"
	"github.com/prometheus/client_golang/prometheus/collectors"
	"gorm.io/gorm"
)

// Collectors measure the connection pools, and the schema whenever they are asked.
func (s *Store) Collectors() ([]prometheus.Collector, error) {
	names := map[*gorm.DB]string{s.read: "read", s.write: "write"}
	if s.read == s.write {
		names[s.write] = "all"
	}
	measured := []prometheus.Collector{schemaCollector{s}}
	for db, name := range names {
		pool, err := db.DB()
		if err != nil {
			return nil, fmt.Errorf("store: pool: %w", err)
		}
		measured = append(measured, collectors.NewDBStatsCollector(pool, name))
	}
	return measured, nil
}

var (
	databaseUp = prometheus.NewDesc("panal_database_up",
		"Whether the database answered within a second, just now.", nil, nil)
	schemaVersions = prometheus.NewDesc("panal_schema_version",
		"Number of the last migration, of the program and of the database; they differ while versions are exchanged.", []string{"of"}, nil)
)

// schemaCollector asks the database at every scrape: another process may migrate it
// under this one.
type schemaCollector struct{ store *Store }

// Describe implements prometheus.Collector.
func (schemaCollector) Describe(descs chan<- *prometheus.Desc) {
	descs <- databaseUp
	descs <- schemaVersions
}

// Collect implements prometheus.Collector.
func (c schemaCollector) Collect(metrics chan<- prometheus.Metric) {
	gauge := func(desc *prometheus.Desc, value float64, labels ...string) {
		metrics <- prometheus.MustNewConstMetric(desc, prometheus.GaugeValue, value, labels...)
	}
	gauge(schemaVersions, schemaVersion, "program")
	// A scrape has no context of its own, and must not wait for a database that is gone.
	ctx, cancel := context.WithTimeout(context.Background(), time.Second)
	defer cancel()
	var version float64
	if err := c.store.read.WithContext(ctx).Raw(appliedVersion).Scan(&version).Error; err != nil {
		gauge(databaseUp, 0)
		return
	}
	gauge(databaseUp, 1)
	gauge(schemaVersions, version, "database")
}

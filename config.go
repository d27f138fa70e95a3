package main

import (
	"fmt"
	"io"
	"log/slog"
	"time"

	"github.com/panal/panal/internal/census"
	"github.com/panal/panal/server"
	"github.com/panal/panal/store"
)

// settings can each be given as a flag of any command or as the environment
// variable in its setting tag; the flag wins.
type settings struct {
	DatabaseURL    databaseURL   `name:"database-url" setting:"DATABASE_URL" placeholder:"URL" help:"PostgreSQL database, postgres://user:password@host:5432/name. Without one, SQLite in the data directory."`
	DataDir        directory     `setting:"PANAL_DATA_DIR" default:"./data" placeholder:"./data" help:"Directory of the SQLite database."`
	Addr           address       `setting:"PANAL_ADDR" default:"127.0.0.1:8080" placeholder:"127.0.0.1:8080" help:"Address to serve on; port 0 takes a free one."`
	LogLevel       choice        `setting:"PANAL_LOG_LEVEL" default:"info" placeholder:"info" oneof:"debug,info,warn,error" help:"Least level that is logged: debug, info, warn or error."`
	LogFormat      choice        `setting:"PANAL_LOG_FORMAT" default:"json" placeholder:"json" oneof:"json,text" help:"Format of the log on stderr: json or text."`
	BodyLimit      byteSize      `setting:"PANAL_BODY_LIMIT" default:"2MiB" help:"Largest request body, in bytes, KiB or MiB."`
	ShutdownGrace  time.Duration `setting:"PANAL_SHUTDOWN_GRACE" default:"20s" help:"How long running requests may take after the signal to stop."`
	DrainDelay     time.Duration `setting:"PANAL_DRAIN_DELAY" default:"0s" help:"How long to go on accepting requests after the signal to stop, for load balancers to notice that /readyz fails."`
	RequestTimeout timeout       `setting:"PANAL_REQUEST_TIMEOUT" default:"30s" help:"How long one request may take."`
	RateLimit      rate          `setting:"PANAL_RATE_LIMIT" default:"6000" help:"Requests a minute for each key, or off for no limits at all."`
	GlobalRate     rate          `name:"global-rate-limit" setting:"PANAL_GLOBAL_RATE_LIMIT" default:"60000" help:"Requests a minute for all keys together, or off."`
	NIFCheck       choice        `name:"nif-check" setting:"PANAL_NIF_CHECK" default:"control" placeholder:"control" oneof:"control,shape" help:"How Spanish tax numbers are checked: control (the control character, too) or shape."`
	CensusURL      webAddress    `name:"census-url" setting:"PANAL_CENSUS_URL" placeholder:"URL" help:"Where to ask whether a tax number is registered, https://host/path; the README has the protocol. Without one, nobody is asked."`
	CensusToken    secret        `name:"census-token" setting:"PANAL_CENSUS_TOKEN" placeholder:"TOKEN" help:"What to send there as a bearer token; better given as a variable, since others see command lines."`
	CensusTimeout  timeout       `name:"census-timeout" setting:"PANAL_CENSUS_TIMEOUT" default:"5s" help:"How long to wait for its answer."`
	DBMaxConns     connections   `name:"db-max-conns" setting:"PANAL_DB_MAX_CONNS" placeholder:"N" help:"Most connections to PostgreSQL; twice the cores and at least 8 if not set."`
	SQLiteSync     choice        `name:"sqlite-sync" setting:"PANAL_SQLITE_SYNC" default:"normal" placeholder:"normal" oneof:"normal,full" help:"What a power loss can take from SQLite: the last moments (normal) or nothing (full, slower)."`
	MetricsAddr    address       `setting:"PANAL_METRICS_ADDR" placeholder:"127.0.0.1:9090" help:"Address to serve /metrics on, which is for the operator and not for the world. Without one, there are none."`
	Pprof          onOff         `setting:"PANAL_PPROF" default:"false" placeholder:"false" help:"Whether the same address has profiles below /debug/pprof/: true or false."`
	OTLPEndpoint   webAddress    `name:"otel-exporter-otlp-endpoint" setting:"OTEL_EXPORTER_OTLP_ENDPOINT" placeholder:"URL" help:"Collector to send traces to, by OTLP over HTTP; /v1/traces is added. Without one, there are no traces."`
	OTLPTraces     webAddress    `name:"otel-exporter-otlp-traces-endpoint" setting:"OTEL_EXPORTER_OTLP_TRACES_ENDPOINT" placeholder:"URL" help:"The same as a whole address, to which nothing is added."`
	OTLPHeaders    headers       `name:"otel-exporter-otlp-headers" setting:"OTEL_EXPORTER_OTLP_HEADERS" placeholder:"NAME=VALUE,..." help:"Headers for the collector; better given as a variable, since others see command lines."`
	Demo           demoMode      `setting:"PANAL_DEMO" default:"auto" negatable:"" help:"Whether serve makes a demo company and prints a key for it when the database has no company: true, false or auto (only on SQLite)."`
	Sandbox        onOff         `setting:"PANAL_SANDBOX" default:"false" placeholder:"false" help:"Whether serve keeps everything in memory, with fixed keys, a settable clock and errors on demand, for other people's tests: true or false."`
}

func (s *settings) logger(w io.Writer) (*slog.Logger, error) {
	var options slog.HandlerOptions
	var level slog.Level
	if err := level.UnmarshalText([]byte(s.LogLevel)); err != nil {
		return nil, fmt.Errorf("log level: %w", err)
	}
	options.Level = level
	if s.LogFormat == "text" {
		return slog.New(slog.NewTextHandler(w, &options)), nil
	}
	return slog.New(slog.NewJSONHandler(w, &options)), nil
}

func (s *settings) storeOptions(log *slog.Logger) store.Options {
	return store.Options{
		DatabaseURL: string(s.DatabaseURL),
		DataDir:     string(s.DataDir),
		FullSync:    s.SQLiteSync == "full",
		MaxConns:    int(s.DBMaxConns),
		Logger:      log,
	}
}

func (s *settings) serverOptions(log *slog.Logger) server.Options {
	o := server.Options{
		BodyLimit:    int64(s.BodyLimit),
		Timeout:      time.Duration(s.RequestTimeout),
		KeyRate:      int(s.RateLimit),
		GlobalRate:   int(s.GlobalRate),
		ShapeOnlyNIF: s.NIFCheck == "shape",
		Document:     contract,
		Log:          log,
	}
	if o.KeyRate == 0 {
		o.GlobalRate = 0
	}
	if s.CensusURL != "" {
		o.Census = census.NewClient(census.Options{
			URL: string(s.CensusURL), Token: string(s.CensusToken), Timeout: time.Duration(s.CensusTimeout),
		})
	}
	return o
}

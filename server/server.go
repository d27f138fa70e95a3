// Package server is the HTTP side of Panal: it fills in the handlers that the
// contract generates and puts every answer into the envelope.
//
// A request walks down the list in New: routed by Echo, authenticated (auth.go),
// held against the contract (contract.go), bound by the generated code, checked
// for the rules that a schema cannot state (rules.go) and handled in the file of
// its resource by one call of the store. Errors walk back up untouched to
// errors.go, the only place that chooses a status.
package server

import (
	"fmt"
	"log/slog"
	"net/http"
	"sync/atomic"
	"time"

	"github.com/labstack/echo/v4"
	"github.com/shopspring/decimal"
	"go.opentelemetry.io/otel/trace"

	"github.com/panal/panal/gen"
	"github.com/panal/panal/internal/census"
	"github.com/panal/panal/store"
)

// Options are the settings of a server; the zero value serves with the defaults.
type Options struct {
	// BodyLimit is the largest request body in bytes; 0 means 2 MiB.
	BodyLimit int64
	// Timeout bounds the work on one request; 0 means 30 seconds.
	Timeout time.Duration
	// KeyRate and GlobalRate are the requests allowed in a window of a minute to
	// one key and to all callers together; 0 means no limit. Without one for keys,
	// those that the contract sets for an operation do not count either.
	KeyRate, GlobalRate int
	// ShapeOnlyNIF accepts a NIF whose control character is wrong.
	ShapeOnlyNIF bool
	// Census is asked about the numbers that live keys validate; nil means nobody.
	Census census.Provider
	// Document is openapi.yaml, which is served if it is given, with reference pages
	// that show it, and must be the one that this program was generated from.
	Document []byte
	// Now is the clock; nil means the system's.
	Now func() time.Time
	// Log receives one line a request; nil discards.
	Log *slog.Logger
	// Metrics count requests; nil counts nothing.
	Metrics *Metrics
	// Tracer gets a span for each request; nil makes none, at no cost.
	Tracer trace.Tracer

	// sandbox is nil but in one.
	sandbox *world
}

// Server implements the contract's operations on a store. It is an http.Handler.
type Server struct {
	echo         *echo.Echo
	draining     atomic.Bool
	store        *store.Store
	contract     *contract
	keys         *keyCache
	keyRate      *rateLimit
	globalRate   *rateLimit
	bodyLimit    int64
	timeout      time.Duration
	shapeOnlyNIF bool
	census       census.Provider
	now          func() time.Time
	log          *slog.Logger
	metrics      *Metrics
	tracer       trace.Tracer
}

var _ gen.StrictServerInterface = (*Server)(nil)

func init() {
	// The contract's amounts are JSON numbers. The library can only be told so
	// for the whole process.
	decimal.MarshalJSONWithoutQuotes = true
}

// New returns the server of the whole API, below / and below /api, and of
// /healthz and /readyz. It fails only if the contract itself is broken or is not
// the one that this program was made from.
func New(st *store.Store, o Options) (*Server, error) {
	p, err := loadParts(o.Document)
	if err != nil {
		return nil, err
	}
	return newServer(st, o, p)
}

// parts are what servers can share, because it never changes.
type parts struct {
	contract *contract
	document *document // nil: none is served
}

func loadParts(openapi []byte) (p parts, err error) {
	if openapi != nil {
		p.document, err = newDocument(openapi)
	}
	if err == nil {
		p.contract, err = loadContract()
	}
	if err != nil {
		return parts{}, fmt.Errorf("contract: %w", err)
	}
	return p, nil
}

func newServer(st *store.Store, o Options, p parts) (*Server, error) {
	s := &Server{
		store:        st,
		contract:     p.contract,
		bodyLimit:    o.BodyLimit,
		timeout:      o.Timeout,
		shapeOnlyNIF: o.ShapeOnlyNIF,
		census:       o.Census,
		now:          o.Now,
		log:          o.Log,
		metrics:      o.Metrics,
		tracer:       o.Tracer,
	}
	if s.bodyLimit == 0 {
		s.bodyLimit = 2 << 20
	}
	if s.timeout == 0 {
		s.timeout = 30 * time.Second
	}
	if s.now == nil {
		s.now = time.Now
	}
	if s.log == nil {
		s.log = slog.New(slog.DiscardHandler)
	}
	s.keys = newKeyCache(st)
	s.keyRate = newRateLimit(o.KeyRate, s.now)
	s.globalRate = newRateLimit(o.GlobalRate, s.now)

	e := echo.New()
	e.HideBanner, e.HidePort = true, true
	e.HTTPErrorHandler = s.renderError
	// Use and not a group: a group's middleware turns 405 into 404 and loses Allow.
	e.Use(
		s.identify,
		s.observe,
		s.recoverPanics,
		s.contract.preferLiterals,
		refuseDeeperPaths,
		s.setDeadline,
		s.limitGlobalRate,
		s.authenticate,
	)
	if o.sandbox != nil {
		o.sandbox.install(s, e)
	}
	e.Use(
		s.limitKeyRate,
		s.limitOperationRate,
		s.negotiate,
		s.checkContract,
	)
	handlers := gen.NewStrictHandler(s, []gen.StrictMiddlewareFunc{s.checkRules, s.replay})
	gen.RegisterHandlers(e, handlers)
	gen.RegisterHandlersWithBaseURL(e, handlers, apiPrefix)
	if err := compareRoutes(s.contract.document, e.Routes()); err != nil {
		return nil, fmt.Errorf("contract: %w", err)
	}
	e.GET("/healthz", s.health)
	e.GET("/readyz", s.ready)
	if p.document != nil {
		p.document.serve(e)
		serveDocs(e)
	}
	s.echo = e
	return s, nil
}

// ServeHTTP answers a request.
func (s *Server) ServeHTTP(w http.ResponseWriter, r *http.Request) { s.echo.ServeHTTP(w, r) }

// Drain makes /readyz answer 503 from now on; requests are still served.
func (s *Server) Drain() { s.draining.Store(true) }

package server

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"net/http"
	"sync"
	"sync/atomic"

	"github.com/labstack/echo/v4"

	"github.com/panal/panal/store"
)

// Sandbox serves the API from memory for other people's tests: with companies, keys
// and customers that are known beforehand, a clock that can be set, errors on demand
// and a way back to the beginning. It is an http.Handler.
type Sandbox struct {
	options  Options
	parts    parts
	refusals examples
	fixtures *store.Snapshot
	draining atomic.Bool

	mu      sync.RWMutex // guards which world is the current one
	current *world
}

// world is everything that a reset replaces. A request stays in the one that it
// came into, so no request sees half of a reset, and no reset waits for one.
type world struct {
	sandbox *Sandbox
	server  *Server
	clock   sandboxClock
	// guests are the requests inside, and the sandbox as long as it sends more.
	guests atomic.Int64
}

// NewSandbox returns a sandbox at its beginning. It writes no file. Of the options,
// the clock is its own.
func NewSandbox(ctx context.Context, o Options) (*Sandbox, error) {
	sb := &Sandbox{options: o}
	if err := sb.begin(ctx); err != nil {
		return nil, fmt.Errorf("sandbox: %w", err)
	}
	return sb, nil
}

func (sb *Sandbox) begin(ctx context.Context) error {
	// Making the schema takes longer than reading the contract.
	var (
		blank  *store.Store
		schema error
		both   sync.WaitGroup
	)
	both.Go(func() { blank, schema = openBlank(ctx) })
	var err error
	sb.parts, err = loadParts(sb.options.Document)
	both.Wait()
	if err := errors.Join(err, schema); err != nil {
		return err
	}
	ct := sb.parts.contract
	sb.fixtures, err = plant(ctx, blank, ct.scopes())
	if err := errors.Join(err, blank.Close()); err != nil {
		return err
	}
	if sb.refusals, err = newExamples(ct.document); err != nil {
		return err
	}
	sb.current, err = sb.newWorld(ctx)
	return err
}

// openBlank returns a database in memory with nothing but the schema.
func openBlank(ctx context.Context) (*store.Store, error) {
	st, err := store.Open(ctx, store.Options{InMemory: true})
	if err != nil {
		return nil, err
	}
	if _, err := st.Migrate(ctx); err != nil {
		return nil, errors.Join(err, st.Close())
	}
	return st, nil
}

// ServeHTTP answers a request.
func (sb *Sandbox) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	world := sb.enter()
	defer world.leave()
	world.server.ServeHTTP(w, r)
}

// Drain makes /readyz answer 503 from now on; requests are still served.
func (sb *Sandbox) Drain() {
	sb.draining.Store(true)
	world := sb.enter()
	defer world.leave()
	world.server.Drain()
}

// Close ends the sandbox when the last request has left it.
func (sb *Sandbox) Close() { sb.current.leave() }

func (sb *Sandbox) enter() *world {
	sb.mu.RLock()
	defer sb.mu.RUnlock()
	sb.current.guests.Add(1)
	return sb.current
}

// leave closes the database behind the last one who can use it.
func (w *world) leave() {
	if w.guests.Add(-1) > 0 {
		return
	}
	if err := w.server.store.Close(); err != nil {
		w.server.log.Warn("a sandbox's database was not closed", slog.Any("error", err))
	}
}

func (sb *Sandbox) newWorld(ctx context.Context) (*world, error) {
	w := &world{sandbox: sb}
	st, err := store.Open(ctx, store.Options{InMemory: true, Content: sb.fixtures, Now: w.clock.now, Logger: sb.options.Log})
	if err != nil {
		return nil, err
	}
	o := sb.options
	o.Now, o.sandbox = w.clock.now, w
	if w.server, err = newServer(st, o, sb.parts); err != nil {
		return nil, errors.Join(err, st.Close())
	}
	w.guests.Add(1)
	return w, nil
}

// reset makes a new world the current one. Requests that are inside of the old one
// finish there.
func (sb *Sandbox) reset(ctx context.Context) (*world, error) {
	begun, err := sb.newWorld(ctx)
	if err != nil {
		return nil, err
	}
	sb.mu.Lock()
	old := sb.current
	sb.current = begun
	if sb.draining.Load() {
		begun.server.Drain()
	}
	sb.mu.Unlock()
	old.leave()
	return begun, nil
}

// install adds to a server what only a sandbox has. It is called where a limit would
// refuse a request: behind the key and its scopes, before everything else.
func (w *world) install(s *Server, e *echo.Echo) {
	// A key that expires by the sandbox's clock is not to be believed for a moment
	// of the system's.
	s.keys.ttl = 0
	e.Use(w.provoke(s.contract))
	e.GET("/_sandbox", w.describe)
	e.POST("/_sandbox/reset", w.startOver)
	e.GET("/_sandbox/clock", w.tellTime)
	e.PUT("/_sandbox/clock", w.setClock)
	e.DELETE("/_sandbox/clock", w.followClock)
}

func (w *world) answer(c echo.Context, data any) error {
	return c.JSON(http.StatusOK, envelope[any]{Success: true, Data: data, Meta: w.server.meta(c.Request().Context())})
}

// describe answers GET /_sandbox.
func (w *world) describe(c echo.Context) error { return w.answer(c, describeSandbox()) }

// startOver answers POST /_sandbox/reset, as the new world does.
func (w *world) startOver(c echo.Context) error {
	begun, err := w.sandbox.reset(c.Request().Context())
	if err != nil {
		return err
	}
	return begun.tellTime(c)
}

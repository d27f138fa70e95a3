package main

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"net"
	"net/http"
	"os"
	"os/signal"
	"runtime"
	"runtime/debug"
	"syscall"
	"time"

	"github.com/panal/panal/server"
	"github.com/panal/panal/store"
)

type serveCmd struct{}

// Run implements the command. It takes the port before it touches the database:
// a second server started by mistake must not migrate it.
func (serveCmd) Run(ctx context.Context, a *app) error {
	listener, err := listen(ctx, a.Addr, "--addr")
	if err != nil {
		return err
	}
	defer func() { _ = listener.Close() }() // a second time after Shutdown, which is no news
	if a.metrics, err = a.openMetrics(ctx); err != nil {
		return err
	}
	defer a.metrics.close()
	tracer, stop, err := a.startTraces(ctx)
	if err != nil {
		return err
	}
	defer stop()
	a.tracer = tracer
	if a.Sandbox {
		return a.serveSandbox(ctx, listener)
	}
	return a.withStore(ctx, func(st *store.Store) error {
		if err := a.metrics.measure(st); err != nil {
			return err
		}
		handler, err := server.New(st, a.observed(a.serverOptions(a.log)))
		if err != nil {
			return err
		}
		if err := a.makeDemo(ctx, st, listener.Addr()); err != nil {
			return err
		}
		a.log.InfoContext(ctx, "listening", slog.String("address", listener.Addr().String()),
			slog.String("database", st.Dialect()), slog.String("version", version))
		return a.serve(ctx, handler, listener)
	})
}

// listen takes an address, which the flag has named.
func listen(ctx context.Context, at address, flag string) (net.Listener, error) {
	var config net.ListenConfig
	listener, err := config.Listen(ctx, "tcp", string(at))
	if errors.Is(err, syscall.EADDRINUSE) {
		return nil, fmt.Errorf("the address %s is taken by another program: stop that one or choose another with %s", at, flag)
	}
	if err != nil {
		return nil, fmt.Errorf("serve: %w", err)
	}
	return listener, nil
}

// observed adds who counts and traces what the server does.
func (a *app) observed(o server.Options) server.Options {
	o.Metrics, o.Tracer = a.metrics.counters(), a.tracer
	return o
}

// drainer is a server or a sandbox.
type drainer interface {
	http.Handler
	Drain()
}

// serve answers requests until ctx is cancelled, and then lets those that run
// end. A second signal, or the end of the grace, cuts them off.
func (a *app) serve(ctx context.Context, handler drainer, listener net.Listener) error {
	srv := a.httpServer(handler)
	failed := make(chan error, 1)
	go func() { failed <- srv.Serve(server.NewListener(listener, a.log, a.metrics.counters())) }()
	defer a.serveMetrics(ctx, handler)()
	defer runtime.KeepAlive(slack())
	// What only starting needed would otherwise stay until the first collections
	// under load, and where there is none, for good.
	go debug.FreeOSMemory()
	select {
	case err := <-failed:
		return fmt.Errorf("serve: %w", err)
	case <-ctx.Done():
	}
	handler.Drain()
	a.log.InfoContext(ctx, "stopping", slog.String("drain_delay", a.DrainDelay.String()), slog.String("grace", a.ShutdownGrace.String()))
	patience, stop := signal.NotifyContext(context.WithoutCancel(ctx), os.Interrupt, syscall.SIGTERM)
	defer stop()
	select {
	case <-time.After(a.DrainDelay):
	case <-patience.Done():
	}
	patience, cancel := context.WithTimeout(patience, a.ShutdownGrace)
	defer cancel()
	if err := srv.Shutdown(patience); err != nil {
		return errors.Join(fmt.Errorf("stopped before every request had ended: %w", err), srv.Close())
	}
	a.log.InfoContext(ctx, "stopped")
	return nil
}

// slack is memory that nobody touches, so that it takes none, and that the garbage
// collector takes for used. It collects when as much again was allocated as is in use,
// which with the few megabytes that a server holds under load is dozens of times a
// second, a fifth of the CPU of a list. A GOGC several times as high would spare the
// same, and multiply what a large import holds, too.
func slack() []byte {
	if os.Getenv("GOGC") != "" || os.Getenv("GOMEMLIMIT") != "" {
		return nil // the operator has decided
	}
	return make([]byte, 24<<20)
}

// httpServer bounds what a slow or idle client can hold. Reading and writing have
// to outlast the request itself: when they end, so does its context.
func (a *app) httpServer(handler http.Handler) *http.Server {
	request := time.Duration(a.RequestTimeout)
	return &http.Server{
		Handler:                      handler,
		ReadHeaderTimeout:            10 * time.Second,
		ReadTimeout:                  request + 30*time.Second,
		WriteTimeout:                 request + 60*time.Second,
		IdleTimeout:                  2 * time.Minute,
		MaxHeaderBytes:               64 << 10,
		DisableGeneralOptionsHandler: true,
		ErrorLog:                     slog.NewLogLogger(a.log.Handler(), slog.LevelWarn),
	}
}

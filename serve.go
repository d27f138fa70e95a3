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
	"syscall"
	"time"

	"github.com/panal/panal/server"
	"github.com/panal/panal/store"
)

type serveCmd struct{}

// Run implements the command. It takes the port before it touches the database:
// a second server started by mistake must not migrate it.
func (serveCmd) Run(ctx context.Context, a *app) error {
	var config net.ListenConfig
	listener, err := config.Listen(ctx, "tcp", string(a.Addr))
	if errors.Is(err, syscall.EADDRINUSE) {
		return fmt.Errorf("the address %s is taken by another program: stop that one or choose another with --addr", a.Addr)
	}
	if err != nil {
		return fmt.Errorf("serve: %w", err)
	}
	defer func() { _ = listener.Close() }() // a second time after Shutdown, which is no news
	return a.withStore(ctx, func(st *store.Store) error {
		handler, err := server.New(st, a.serverOptions(a.log))
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

// serve answers requests until ctx is cancelled, and then lets those that run
// end. A second signal, or the end of the grace, cuts them off.
func (a *app) serve(ctx context.Context, handler *server.Server, listener net.Listener) error {
	srv := a.httpServer(handler)
	failed := make(chan error, 1)
	go func() { failed <- srv.Serve(server.NewListener(listener)) }()
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

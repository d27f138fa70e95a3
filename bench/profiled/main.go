// Command profiled is Panal's server with a CPU profile of all that it does, which
// is written when it is told to stop. The program itself cannot be profiled from
// outside, and is not to be.
package main

import (
	"context"
	"errors"
	"flag"
	"fmt"
	"log/slog"
	"net/http"
	"os"
	"os/signal"
	"runtime/pprof"

	"github.com/panal/panal/server"
	"github.com/panal/panal/store"
)

func main() {
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt)
	address := flag.String("address", "127.0.0.1:8080", "where to listen")
	dir := flag.String("dir", "", "directory of the SQLite database")
	profile := flag.String("profile", "cpu.pprof", "where the profile goes")
	flag.Parse()
	err := run(ctx, *address, *dir, *profile)
	stop()
	if err != nil {
		fmt.Fprintln(os.Stderr, "profiled:", err)
		os.Exit(1)
	}
}

func run(ctx context.Context, address, dir, profile string) error {
	log := slog.New(slog.NewJSONHandler(os.Stderr, nil))
	st, err := store.Open(ctx, store.Options{DatabaseURL: os.Getenv("DATABASE_URL"), DataDir: dir, Logger: log})
	if err != nil {
		return err
	}
	handler, err := server.New(st, server.Options{Log: log})
	if err != nil {
		return errors.Join(err, st.Close())
	}
	out, err := os.Create(profile) //nolint:gosec // where we are told
	if err != nil {
		return errors.Join(fmt.Errorf("profile: %w", err), st.Close())
	}
	if err := pprof.StartCPUProfile(out); err != nil {
		return errors.Join(fmt.Errorf("profile: %w", err), out.Close(), st.Close())
	}
	srv := &http.Server{Addr: address, Handler: handler} //nolint:gosec // for one load generator on this machine
	go func() {
		<-ctx.Done()
		_ = srv.Shutdown(context.WithoutCancel(ctx))
	}()
	err = srv.ListenAndServe()
	if errors.Is(err, http.ErrServerClosed) {
		err = nil
	}
	pprof.StopCPUProfile()
	return errors.Join(err, out.Close(), st.Close())
}

package main

import (
	"context"
	"fmt"
	"log/slog"
	"net"
	"runtime/debug"
	"slices"

	"github.com/alecthomas/kong"

	"github.com/panal/panal/server"
)

const sandboxWelcome = `A sandbox: everything is in memory, everybody knows the keys, and it ends with the program.
This key may do everything:

  %[1]s

A first request:

  curl -sS http://%[2]s/api/v1/customers -H 'Authorization: Bearer %[1]s'

Back to the beginning, for example before each test:

  curl -sS -X POST http://%[2]s/_sandbox/reset

What else there is, such as errors on demand: http://%[2]s/_sandbox and docs/sandbox.md

`

// serveSandbox serves from memory until ctx is cancelled.
func (a *app) serveSandbox(ctx context.Context, listener net.Listener) error {
	// Collecting garbage would take a tenth of the start, and serve does it anyway.
	percent := debug.SetGCPercent(-1)
	sandbox, err := server.NewSandbox(ctx, a.observed(a.serverOptions(a.log)))
	debug.SetGCPercent(percent)
	if err != nil {
		return err
	}
	defer sandbox.Close()
	if _, err := fmt.Fprintf(a.stdout, sandboxWelcome, server.SandboxKey(), reachable(listener.Addr())); err != nil {
		return fmt.Errorf("print: %w", err)
	}
	a.log.WarnContext(ctx, "this is a sandbox: nothing is kept, and its keys are public")
	a.log.InfoContext(ctx, "listening", slog.String("address", listener.Addr().String()),
		slog.String("database", "memory"), slog.String("version", version))
	return a.serve(ctx, sandbox, listener)
}

// checkSandbox refuses to take a sandbox for a database, and to have commands work
// on another one than was meant.
func checkSandbox(kctx *kong.Context, faults *usageError) {
	command := kctx.Selected()
	if command != nil && command.Leaf() && !slices.Contains([]string{"serve", "openapi", "version"}, command.Name) {
		faults.add("--sandbox or PANAL_SANDBOX", "only serve has a sandbox")
	}
	for _, p := range kctx.Path {
		if p.Flag != nil && (p.Flag.Name == "database-url" || p.Flag.Name == "data-dir") {
			faults.add(label(p.Flag.Value), "must not be given with --sandbox, which keeps everything in memory")
		}
	}
}

// Command panal serves customers and invoices over HTTP, and sets up the companies
// and keys that may use it.
//
// main.go names the commands and runs one; config.go has the settings, values.go
// the rules of their values. parse.go reads the command line and the environment,
// with the values through decode.go, so that whatever is wrong is said at once.
// serve.go is the server's life from the port to the last request, metrics.go and
// traces.go what is seen of it from outside, demo.go its welcome on an empty
// database. companies.go, keys.go and admin.go are the other
// commands, and doctor.go, backup.go and selftest.go the operator's; limits.go
// holds them to the contract.
package main

import (
	"context"
	_ "embed"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"os"
	"os/signal"
	"syscall"
	_ "time/tzdata" // the day in Madrid, on machines without time zones

	"go.opentelemetry.io/otel/trace"
)

// version is set by the linker.
var version = "dev"

//go:embed openapi.yaml
var contract []byte

const (
	exitFailure = 1
	exitUsage   = 2
)

func main() {
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt, syscall.SIGTERM)
	defer stop()
	os.Exit(run(ctx, os.Args[1:], os.Environ(), os.Stdout, os.Stderr)) //nolint:gocritic // the process ends here, and its signals with it
}

// cli is the grammar of the command line.
type cli struct {
	settings

	Serve   serveCmd   `cmd:"" help:"Serve the API until SIGTERM or Ctrl-C."`
	Migrate migrateCmd `cmd:"" help:"Bring the database's schema up to date; the other commands do so as well."`
	Company struct {
		Create companyCreateCmd `cmd:"" help:"Add a company, which invoices and whose data everything else is."`
		List   companyListCmd   `cmd:"" help:"List the companies."`
	} `cmd:"" help:"Companies."`
	Key struct {
		Create keyCreateCmd `cmd:"" help:"Make an API key for a company and print it, this once."`
		List   keyListCmd   `cmd:"" help:"List a company's keys, without the keys themselves."`
		Revoke keyRevokeCmd `cmd:"" help:"End a key for good; every server refuses it within a second."`
	} `cmd:"" help:"API keys."`
	Doctor   doctorCmd  `cmd:"" help:"Check the settings, the database and the address, and say what to do."`
	Backup   backupCmd  `cmd:"" help:"Copy the SQLite database into a file, also while the server runs."`
	Restore  restoreCmd `cmd:"" help:"Put such a file in the place of the SQLite database, while no server runs."`
	Selftest struct {
		Race selftestRaceCmd `cmd:"" help:"Race deactivations against invoices, and count what breaks the rule: nothing."`
	} `cmd:"" help:"Proofs on your own database, which leave nothing there."`
	OpenAPI openapiCmd `cmd:"" name:"openapi" help:"Print the API's contract (OpenAPI, YAML)."`
	Version versionCmd `cmd:"" help:"Print the version."`
}

const description = `Customers and invoicing for businesses in Spain, on a server of your own.

To look around, run "panal serve": it makes a database in ./data, a company and a key to try things with, and prints a first request. For work of your own: "panal company create", "panal key create", "panal serve".`

// app is what every command is given.
type app struct {
	*settings
	stdout, stderr io.Writer
	log            *slog.Logger
	metrics        *metrics     // nil: there are none
	tracer         trace.Tracer // nil: there are no traces
}

// run is the whole program. Cancelling ctx is the signal to stop.
func run(ctx context.Context, args, environ []string, stdout, stderr io.Writer) int {
	command, err := parse(args, environ, stdout)
	if err == nil && command != nil {
		err = command(ctx, stderr)
	}
	if err == nil {
		return 0
	}
	text, code := fmt.Sprintf("panal: %v", err), exitFailure
	if _, ok := errors.AsType[*usageError](err); ok {
		text, code = text+"\n"+`Run "panal --help" for help.`, exitUsage
	}
	_ = say(stderr, text) // there is nowhere else to say that this failed
	return code
}

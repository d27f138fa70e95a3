package main

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"runtime"
	"runtime/debug"
	"strings"
	"text/tabwriter"

	"github.com/panal/panal/store"
)

// openStore opens the database and brings its schema up to date, and says in how
// many steps.
func (a *app) openStore(ctx context.Context) (st *store.Store, applied int, err error) {
	o := a.storeOptions(a.log)
	o.Tracer = a.tracer
	st, err = store.Open(ctx, o)
	if err != nil {
		return nil, 0, err
	}
	if applied, err = st.Migrate(ctx); err != nil {
		return nil, 0, errors.Join(err, st.Close())
	}
	return st, applied, nil
}

// withStore lends an up-to-date store to use.
func (a *app) withStore(ctx context.Context, use func(*store.Store) error) error {
	st, _, err := a.openStore(ctx)
	if err != nil {
		return err
	}
	return errors.Join(use(st), st.Close())
}

type migrateCmd struct{}

// Run implements the command.
func (migrateCmd) Run(ctx context.Context, a *app) error {
	st, applied, err := a.openStore(ctx)
	if err != nil {
		return err
	}
	if err := st.Close(); err != nil {
		return err
	}
	text := fmt.Sprintf("%d migrations applied", applied)
	switch applied {
	case 0:
		text = "the schema was up to date"
	case 1:
		text = "1 migration applied"
	}
	return say(a.stdout, text)
}

type openapiCmd struct{}

// Run implements the command.
func (openapiCmd) Run(a *app) error {
	if _, err := a.stdout.Write(contract); err != nil {
		return fmt.Errorf("print: %w", err)
	}
	return nil
}

type versionCmd struct{}

// Run implements the command.
func (versionCmd) Run(a *app) error {
	return say(a.stdout, "panal "+programVersion())
}

func programVersion() string {
	commit := "unknown commit"
	if info, ok := debug.ReadBuildInfo(); ok {
		for _, s := range info.Settings {
			if s.Key == "vcs.revision" {
				commit = "commit " + s.Value
			}
		}
	}
	return fmt.Sprintf("%s, %s, %s %s/%s", version, commit, runtime.Version(), runtime.GOOS, runtime.GOARCH)
}

// say prints a line of text for people.
func say(w io.Writer, text string) error {
	if _, err := fmt.Fprintln(w, text); err != nil {
		return fmt.Errorf("print: %w", err)
	}
	return nil
}

// sayJSON prints one JSON document.
func sayJSON(w io.Writer, document any) error {
	e := json.NewEncoder(w)
	e.SetIndent("", "  ")
	e.SetEscapeHTML(false)
	if err := e.Encode(document); err != nil {
		return fmt.Errorf("print: %w", err)
	}
	return nil
}

// sayTable prints rows of cells in aligned columns.
func sayTable(w io.Writer, rows ...[]string) error {
	table := tabwriter.NewWriter(w, 0, 0, 2, ' ', 0)
	for _, row := range rows {
		if err := say(table, strings.Join(row, "\t")); err != nil {
			return err
		}
	}
	if err := table.Flush(); err != nil {
		return fmt.Errorf("print: %w", err)
	}
	return nil
}

func orDash(s string) string {
	if s == "" {
		return "-"
	}
	return s
}

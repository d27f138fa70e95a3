package main

import (
	"context"
	"errors"
	"fmt"

	"github.com/panal/panal/store"
)

type backupCmd struct {
	File  string `arg:"" help:"The file to write."`
	Force bool   `help:"Overwrite a file that is there."`
}

// Run implements the command.
func (c *backupCmd) Run(ctx context.Context, a *app) error {
	err := store.Backup(ctx, a.storeOptions(a.log), c.File, c.Force)
	switch {
	case errors.Is(err, store.ErrNotSQLite):
		return errDump
	case errors.Is(err, store.ErrExists):
		return fmt.Errorf("%w: choose another name, or say --force", err)
	case err != nil:
		return err
	}
	return say(a.stdout, "the database is in "+c.File)
}

type restoreCmd struct {
	File  string `arg:"" help:"A file that \"panal backup\" wrote."`
	Force bool   `help:"Put it in the place of the database that is there, which is then gone."`
}

// Run implements the command.
func (c *restoreCmd) Run(ctx context.Context, a *app) error {
	err := store.Restore(ctx, a.storeOptions(a.log), c.File, c.Force)
	switch {
	case errors.Is(err, store.ErrNotSQLite):
		return errRestoreDump
	case errors.Is(err, store.ErrInUse):
		return fmt.Errorf("%w: stop Panal first", err)
	case errors.Is(err, store.ErrExists):
		return fmt.Errorf("%w: to lose what is in it, say --force", err)
	case err != nil:
		return err
	}
	return say(a.stdout, "the database is that of "+c.File)
}

var (
	errDump = errors.New(`this database is PostgreSQL's, and so are the tools: pg_dump --format=custom --file=panal.dump "$DATABASE_URL"`)

	errRestoreDump = errors.New(`this database is PostgreSQL's, and so are the tools: stop every Panal, then pg_restore --clean --if-exists --no-owner --single-transaction --dbname="$DATABASE_URL" panal.dump`)
)

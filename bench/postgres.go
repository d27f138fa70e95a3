package main

import (
	"context"
	"errors"
	"fmt"
	"net/url"
	"os"
	"os/exec"
	"os/user"
	"path/filepath"
	"slices"
	"strconv"
	"syscall"
	"time"

	"github.com/jackc/pgx/v5"
)

// postgresSettings are those of a small server of one's own: commits reach the disk
// before they are answered. Autovacuum would start in one program's round and not
// in another's, so the rounds are vacuumed for.
var postgresSettings = []string{
	"listen_addresses=", "max_connections=100", "shared_buffers=2GB", "effective_cache_size=6GB", "work_mem=16MB",
	"maintenance_work_mem=512MB", "random_page_cost=1.1", "max_wal_size=8GB", "checkpoint_timeout=30min",
	"autovacuum=off", "fsync=on", "synchronous_commit=on", "full_page_writes=on",
}

// cluster is a PostgreSQL of our own, whose databases stay from run to run.
type cluster struct {
	*process
	sockets string
}

func (b *bench) startPostgres(ctx context.Context) (*cluster, error) {
	binaries, err := postgresBinaries()
	if err != nil {
		return nil, err
	}
	account, err := postgresAccount()
	if err != nil {
		return nil, err
	}
	data := filepath.Join(b.cache, "postgres-"+filepath.Base(filepath.Dir(binaries)))
	// A socket's path may have 107 characters, which a clone's may exceed.
	sockets, err := os.MkdirTemp("", "panal-bench-")
	if err != nil {
		return nil, fmt.Errorf("postgres: %w", err)
	}
	if err := own(account, sockets); err != nil {
		return nil, err
	}
	if _, err := os.Stat(data); err != nil {
		b.say("making a PostgreSQL cluster")
		if err := errors.Join(os.Mkdir(data, 0o700), own(account, data)); err != nil {
			return nil, fmt.Errorf("postgres: %w", err)
		}
		initdb := exec.CommandContext(ctx, filepath.Join(binaries, "initdb"), "-D", data, "-U", "postgres", "--auth=trust", "--encoding=UTF8", "--locale=C") //nolint:gosec // found above
		initdb.SysProcAttr, initdb.Dir = &syscall.SysProcAttr{Credential: account}, sockets
		if out, err := initdb.CombinedOutput(); err != nil {
			return nil, errors.Join(fmt.Errorf("initdb: %w\n%s", err, out), os.RemoveAll(data))
		}
	}
	command := []string{filepath.Join(binaries, "postgres"), "-D", data, "-k", sockets}
	for _, setting := range postgresSettings {
		command = append(command, "-c", setting)
	}
	p, err := b.start(ctx, program{name: "postgres", command: command, cpus: b.loadCPUs, user: account, stop: os.Interrupt})
	if err != nil {
		return nil, err
	}
	c := &cluster{process: p, sockets: sockets}
	for deadline := time.Now().Add(patience); ; time.Sleep(20 * time.Millisecond) {
		if err = c.do(ctx, "postgres", "SELECT 1"); err == nil {
			return c, nil
		}
		if time.Now().After(deadline) {
			return nil, errors.Join(fmt.Errorf("postgres does not answer: %w\n%s", err, c.output()), c.stop())
		}
	}
}

func (c *cluster) stop() error {
	return errors.Join(c.process.stop(), os.RemoveAll(c.sockets))
}

// url is the address of a database.
func (c *cluster) url(database string) string {
	u := url.URL{
		Scheme: "postgres", User: url.User("postgres"), Path: "/" + database,
		RawQuery: url.Values{"host": {c.sockets}, "sslmode": {"disable"}}.Encode(),
	}
	return u.String()
}

// do runs statements, each in a transaction of its own.
func (c *cluster) do(ctx context.Context, database string, statements ...string) error {
	return c.with(ctx, database, func(conn *pgx.Conn) error {
		for _, statement := range statements {
			if _, err := conn.Exec(ctx, statement); err != nil {
				return fmt.Errorf("%s: %w", statement, err)
			}
		}
		return nil
	})
}

func (c *cluster) with(ctx context.Context, database string, fn func(*pgx.Conn) error) error {
	conn, err := pgx.Connect(ctx, c.url(database))
	if err != nil {
		return fmt.Errorf("connect to %s: %w", database, err)
	}
	defer func() { _ = conn.Close(context.WithoutCancel(ctx)) }()
	return fn(conn)
}

func postgresBinaries() (string, error) {
	if initdb, err := exec.LookPath("initdb"); err == nil {
		if initdb, err = filepath.EvalSymlinks(initdb); err == nil {
			return filepath.Dir(initdb), nil
		}
	}
	found, err := filepath.Glob("/usr/lib/postgresql/[1-9][0-9]/bin/initdb")
	if err != nil || len(found) == 0 {
		return "", errors.New("no PostgreSQL programs: apt-get install postgresql")
	}
	return filepath.Dir(slices.Max(found)), nil
}

// postgresAccount is whom PostgreSQL runs as if we are root, which it refuses to.
func postgresAccount() (*syscall.Credential, error) {
	if os.Getuid() != 0 {
		return nil, nil //nolint:nilnil // as we are
	}
	account, err := user.Lookup("postgres")
	if err != nil {
		return nil, fmt.Errorf("find a user other than root for PostgreSQL: %w", err)
	}
	uid, err := strconv.ParseUint(account.Uid, 10, 32)
	if err != nil {
		return nil, fmt.Errorf("user %s: %w", account.Username, err)
	}
	gid, err := strconv.ParseUint(account.Gid, 10, 32)
	if err != nil {
		return nil, fmt.Errorf("user %s: %w", account.Username, err)
	}
	return &syscall.Credential{Uid: uint32(uid), Gid: uint32(gid)}, nil
}

func own(account *syscall.Credential, dir string) error {
	if account == nil {
		return nil
	}
	if err := os.Chown(dir, int(account.Uid), int(account.Gid)); err != nil {
		return fmt.Errorf("give a directory to PostgreSQL: %w", err)
	}
	return nil
}

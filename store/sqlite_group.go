package store

import (
	"context"
	"database/sql"
	"errors"
	"runtime"
	"slices"
	"sync"

	"modernc.org/sqlite"
	sqlite3 "modernc.org/sqlite/lib"
)

// groupedPool is SQLite's one writing connection. Statements outside of
// transactions that wait for it at the same time share one transaction: two thirds of
// what a write costs is its commit, most of whose pages the next would write again.
//
// Nobody can tell but by the clock. SQLite undoes a statement that a constraint
// refuses and nothing else, and whoever was in the group is answered, refused or
// not, when all of it is committed. After any other failure nothing of the group
// remains, and each of its statements is run by itself.
type groupedPool struct {
	*sql.DB

	mu      sync.Mutex
	waiting []*groupedExec
	running bool // a goroutine works off who waits
}

type groupedExec struct {
	ctx    context.Context
	query  string
	args   []any
	result sql.Result
	err    error
	done   chan struct{} // closed when result and err are there
}

// largestGroup bounds how long the first of a group waits for the last.
const largestGroup = 64

// GetDBConn implements gorm.GetDBConnector.
func (p *groupedPool) GetDBConn() (*sql.DB, error) { return p.DB, nil }

// ExecContext takes no statement that cannot be run in a transaction.
func (p *groupedPool) ExecContext(ctx context.Context, query string, args ...any) (sql.Result, error) {
	e := &groupedExec{ctx: ctx, query: query, args: args, done: make(chan struct{})}
	p.mu.Lock()
	p.waiting = append(p.waiting, e)
	first := !p.running
	p.running = true
	p.mu.Unlock()
	if first {
		go p.run() //nolint:contextcheck // works for others, too
	}
	select {
	case <-e.done:
		return e.result, e.err
	case <-ctx.Done():
	}
	if p.withdraw(e) {
		return nil, ctx.Err() //nolint:wrapcheck // as database/sql does
	}
	<-e.done
	return e.result, e.err
}

// withdraw reports whether e was still waiting, and so will never be run.
func (p *groupedPool) withdraw(e *groupedExec) bool {
	p.mu.Lock()
	defer p.mu.Unlock()
	i := slices.Index(p.waiting, e)
	if i < 0 {
		return false
	}
	p.waiting = slices.Delete(p.waiting, i, i+1)
	return true
}

// take removes those who have waited longest.
func (p *groupedPool) take(most int) []*groupedExec {
	p.mu.Lock()
	defer p.mu.Unlock()
	group := slices.Clone(p.waiting[:min(most, len(p.waiting))])
	p.waiting = slices.Delete(p.waiting, 0, len(group))
	return group
}

// run works off who waits. It holds the connection for one group at a time, so that
// transactions get their turn.
func (p *groupedPool) run() {
	for {
		// Requests that have been read and are about to write would each be a
		// group of one on a machine with one core.
		runtime.Gosched()
		p.mu.Lock()
		waiting := len(p.waiting)
		p.running = waiting > 0
		p.mu.Unlock()
		if waiting == 0 {
			return
		}
		for _, e := range p.runNext() {
			close(e.done)
		}
	}
}

// runNext runs one group, or fails all of it. No context ends it half way: each of
// those in the group has another. Until it begins, they can leave.
func (p *groupedPool) runNext() []*groupedExec {
	ctx := context.Background()
	conn, err := p.Conn(ctx)
	if err != nil {
		return failed(p.take(largestGroup), err)
	}
	defer func() { _ = conn.Close() }() // gives it back
	p.mu.Lock()
	alone := len(p.waiting) == 1
	p.mu.Unlock()
	if alone {
		return runAlone(conn, p.take(1))
	}
	if _, err := conn.ExecContext(ctx, "BEGIN IMMEDIATE"); err != nil {
		return failed(p.take(largestGroup), err)
	}
	group := p.take(largestGroup)
	// What refused statements had changed and took back would be written, too.
	end := "ROLLBACK"
	for _, e := range group {
		e.result, e.err = conn.ExecContext(ctx, e.query, e.args...)
		if err = e.err; err == nil {
			end = "COMMIT"
		} else if !sqliteRefused(err) {
			break
		}
		err = nil
	}
	if err == nil {
		_, err = conn.ExecContext(ctx, end)
	}
	if err == nil {
		return group
	}
	// SQLite may have rolled back by itself, which is the only failure of this.
	_, _ = conn.ExecContext(ctx, "ROLLBACK")
	return runAlone(conn, group)
}

func runAlone(conn *sql.Conn, group []*groupedExec) []*groupedExec {
	for _, e := range group {
		e.result, e.err = conn.ExecContext(e.ctx, e.query, e.args...)
	}
	return group
}

func failed(group []*groupedExec, err error) []*groupedExec {
	for _, e := range group {
		e.err = err
	}
	return group
}

// sqliteRefused reports whether a constraint refused the statement, which leaves the
// transaction as it was before.
func sqliteRefused(err error) bool {
	var e *sqlite.Error
	return errors.As(err, &e) && e.Code()&0xff == sqlite3.SQLITE_CONSTRAINT
}

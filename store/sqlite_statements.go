package store

import (
	"context"
	"database/sql/driver"
	"fmt"

	"modernc.org/sqlite"
)

// maxIdleStatements is well above the number of different statements here.
const maxIdleStatements = 256

// sqliteConnector opens connections that keep their compiled statements.
// Compiling one costs more than running it: with them a read takes a quarter
// of the time. GORM's own PrepareStmt must stay off: it waits for a connection
// while it holds up the transaction that has the only one, forever.
type sqliteConnector struct{ driver.Connector }

func newSQLiteConnector(dsn string) (driver.Connector, error) {
	connector, err := sqlite.NewConnector(dsn)
	if err != nil {
		return nil, fmt.Errorf("sqlite: %w", err)
	}
	return sqliteConnector{connector}, nil
}

// Connect implements driver.Connector.
func (c sqliteConnector) Connect(ctx context.Context) (driver.Conn, error) {
	opened, err := c.Connector.Connect(ctx)
	if err != nil {
		return nil, fmt.Errorf("sqlite: %w", err)
	}
	conn, ok := opened.(driverConn)
	if !ok {
		return nil, fmt.Errorf("the driver's %T lacks a method", opened)
	}
	return &sqliteConn{driverConn: conn, idle: map[string]driverStmt{}}, nil
}

// driverConn leaves Exec and Query out, so that database/sql prepares every
// statement and comes through PrepareContext below.
type driverConn interface {
	driver.Conn
	driver.ConnBeginTx
	driver.ConnPrepareContext
	driver.Pinger
	driver.SessionResetter
	driver.Validator
}

type driverStmt interface {
	driver.Stmt
	driver.StmtExecContext
	driver.StmtQueryContext
}

// sqliteConn is used by one goroutine at a time, as database/sql promises.
type sqliteConn struct {
	driverConn
	idle map[string]driverStmt
}

// Unwrap gives the driver its own connection back.
func (c *sqliteConn) Unwrap() driver.Conn { return c.driverConn }

// PrepareContext hands an idle statement out, and no statement twice.
func (c *sqliteConn) PrepareContext(ctx context.Context, query string) (driver.Stmt, error) {
	if statement, ok := c.idle[query]; ok {
		delete(c.idle, query)
		return &sqliteStmt{driverStmt: statement, conn: c, query: query}, nil
	}
	prepared, err := c.driverConn.PrepareContext(ctx, query)
	if err != nil {
		return nil, err //nolint:wrapcheck // between driver and database/sql
	}
	statement, ok := prepared.(driverStmt)
	if !ok {
		return prepared, nil
	}
	return &sqliteStmt{driverStmt: statement, conn: c, query: query}, nil
}

// Close frees the idle statements, too: they belong to the connection.
func (c *sqliteConn) Close() error {
	for _, statement := range c.idle {
		_ = statement.Close()
	}
	clear(c.idle)
	return c.driverConn.Close() //nolint:wrapcheck // between driver and database/sql
}

type sqliteStmt struct {
	driverStmt
	conn  *sqliteConn
	query string
}

// Close puts the statement back for the next use on this connection.
func (s *sqliteStmt) Close() error {
	if _, taken := s.conn.idle[s.query]; taken || len(s.conn.idle) >= maxIdleStatements {
		return s.driverStmt.Close() //nolint:wrapcheck // between driver and database/sql
	}
	s.conn.idle[s.query] = s.driverStmt
	return nil
}

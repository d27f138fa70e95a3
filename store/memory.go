package store

import (
	"context"
	"database/sql"
	"database/sql/driver"
	"errors"
	"fmt"
)

// Snapshot is the whole content of a database in memory at one moment.
type Snapshot struct{ pages []byte }

// openMemory opens a database that nobody else sees and that goes with its one
// connection. SQLite's in-memory file would let several connections share it, but
// locks it for as long as one writes: readers that poll for the lock were seen to
// wait for seconds behind writers, while here everybody queues in Go.
//
// The driver keeps the connection of such a database whatever becomes of a
// statement on it; the pool must not close it for being idle or old either.
func (s *Store) openMemory(ctx context.Context, from *Snapshot) error {
	s.dialect, s.errors = dialectSQLite, sqliteDialector{}
	// What a large sort cannot hold would otherwise go to a file.
	connector, err := newSQLiteConnector("file::memory:?" + sqliteSettings("temp_store(2)"))
	if err != nil {
		return err
	}
	pool := sql.OpenDB(connector)
	pool.SetMaxOpenConns(1)
	pool.SetMaxIdleConns(1)
	if s.write, err = connect(ctx, pool, sqliteDialector{pool}); err != nil {
		return err
	}
	s.read = s.write
	if from == nil {
		return nil
	}
	return s.rawMemory(ctx, func(conn memoryConn) error { return conn.Deserialize(from.pages) })
}

// Snapshot copies a database in memory, for Options.Content of another one.
func (s *Store) Snapshot(ctx context.Context) (*Snapshot, error) {
	var snapshot Snapshot
	err := s.rawMemory(ctx, func(conn memoryConn) (err error) {
		snapshot.pages, err = conn.Serialize()
		return err
	})
	if err != nil {
		return nil, fmt.Errorf("store: snapshot: %w", err)
	}
	return &snapshot, nil
}

// memoryConn is what the driver's connection can do besides.
type memoryConn interface {
	Serialize() ([]byte, error)
	Deserialize(pages []byte) error
}

func (s *Store) rawMemory(ctx context.Context, use func(memoryConn) error) error {
	pool, err := s.write.DB()
	if err != nil {
		return fmt.Errorf("pool: %w", err)
	}
	conn, err := pool.Conn(ctx)
	if err != nil {
		return fmt.Errorf("connection: %w", err)
	}
	err = conn.Raw(func(ours any) error {
		wrapped, ok := ours.(interface{ Unwrap() driver.Conn })
		if !ok {
			return errors.New("not a connection to SQLite")
		}
		own, ok := wrapped.Unwrap().(memoryConn)
		if !ok {
			return errors.New("the driver cannot copy databases")
		}
		return use(own)
	})
	return errors.Join(err, conn.Close())
}

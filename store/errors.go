package store

import (
	"context"
	"database/sql"
	"database/sql/driver"
	"errors"
	"fmt"
	"io"
	"net"

	"gorm.io/gorm"
)

var (
	// ErrNotFound says that no live row of this company has the id.
	ErrNotFound = errors.New("not found")
	// ErrUnavailable says that the database could not be asked, or not in
	// time: the same call may succeed later.
	ErrUnavailable = errors.New("database unavailable")
)

// violation is a constraint for whose sake the database refused a statement.
type violation struct {
	kind  error  // gorm.ErrDuplicatedKey or gorm.ErrForeignKeyViolated
	index string // the unique index; both databases use the same names
}

func (v *violation) Error() string {
	if v.index == "" {
		return v.kind.Error()
	}
	return v.kind.Error() + ": " + v.index
}

func (v *violation) Unwrap() error { return v.kind }

// duplicated returns the unique index that refused a row, or "".
func duplicated(err error) string {
	var v *violation
	if errors.As(err, &v) && errors.Is(v.kind, gorm.ErrDuplicatedKey) {
		return v.index
	}
	return ""
}

// translate handles the errors that look alike on every database. The two
// dialects call it after their own, from GORM's Translate, through which every
// error of every query passes.
func translate(err error) error {
	var network net.Error
	switch {
	case err == nil, errors.Is(err, ErrUnavailable):
		return err
	case errors.Is(err, gorm.ErrRecordNotFound):
		return ErrNotFound
	case errors.Is(err, context.Canceled):
		return err
	case errors.Is(err, context.DeadlineExceeded),
		errors.Is(err, driver.ErrBadConn),
		errors.Is(err, sql.ErrConnDone),
		err.Error() == closed,
		errors.Is(err, io.EOF),
		errors.Is(err, io.ErrUnexpectedEOF),
		errors.As(err, &network):
		return unavailable(err)
	}
	return err
}

// closed is what database/sql says of a closed pool, with an error that it does
// not export. A request that outlives the grace of a stop meets it.
const closed = "sql: database is closed"

func unavailable(err error) error { return fmt.Errorf("%w: %w", ErrUnavailable, err) }

// retryable reports whether the database undid the transaction only because of
// what other transactions were doing at the time.
func retryable(err error) bool { return postgresRetryable(err) || sqliteRetryable(err) }

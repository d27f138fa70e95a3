package store

import (
	"context"
	"database/sql"
	"errors"
	"math/rand/v2"
	"time"

	"go.opentelemetry.io/otel/trace"
	"gorm.io/gorm"
)

// attempts bounds every loop that may find the world changed between two
// statements.
const attempts = 3

// byID is the condition for one row of a company. GORM adds, for a type with
// DeletedAt, that the row is live.
const byID = "company_id = ? AND id = ?"

// tx runs fn in a transaction and supplies the one time that everything in it
// bears. It is the only place that begins a transaction; transactions never
// nest and never travel in a context.
//
// fn may run up to three times, when the database asks for another try, so it
// must have no effect outside the transaction. What fn returns is returned as
// it is. A connection lost during COMMIT is not tried again: nobody knows
// whether the commit happened.
func (s *Store) tx(ctx context.Context, fn func(tx *gorm.DB, now time.Time) error) error {
	ctx, span := s.span(ctx, "transaction", trace.SpanKindInternal) // the commit is what is left of it behind the last statement
	defer span.End()
	now := s.timestamp()
	for try := 1; ; try++ {
		err := s.write.WithContext(ctx).Transaction(func(tx *gorm.DB) error {
			return fn(tx, now)
		})
		// Who meets a transaction that database/sql has rolled back behind its back
		// is not told why: the context that it was begun with has ended.
		if errors.Is(err, sql.ErrTxDone) && ctx.Err() != nil {
			err = translate(ctx.Err())
		}
		if try == attempts || !retryable(err) {
			return err
		}
		if pause(ctx, time.Duration(try)*20*time.Millisecond) != nil {
			return err
		}
	}
}

// pause waits for a random part of most, so that those who met do not meet again.
func pause(ctx context.Context, most time.Duration) error {
	select {
	case <-ctx.Done():
		return ctx.Err() //nolint:wrapcheck // read by callers here only
	case <-time.After(rand.N(most)): //nolint:gosec // spreads tries, hides nothing
		return nil
	}
}

package store

import (
	"context"
	"fmt"
	"time"

	"github.com/google/uuid"
)

// RateWindow is a stretch of time in which a key may call an operation so many
// times.
type RateWindow struct {
	KeyID     uuid.UUID
	Operation string
	// Start is in whole seconds.
	Start time.Time
	Limit int
}

// TakeRequest counts one request of a company's key and reports whether the
// window still had room for it. All processes on the database share the count.
//
// It is one statement, because two would let requests through in between. A
// request that is refused writes nothing. A process whose clock is behind
// counts in the window that the others are in already: the start never goes
// back, or each of the two would empty the other's window.
func (s *Store) TakeRequest(ctx context.Context, companyID uuid.UUID, w RateWindow) (bool, error) {
	const query = `
		INSERT INTO rate_windows AS w (company_id, key_id, operation, window_start, requests)
		VALUES (?, ?, ?, ?, 1)
		ON CONFLICT (company_id, key_id, operation) DO UPDATE SET
			requests     = CASE WHEN w.window_start < excluded.window_start THEN 1 ELSE w.requests + 1 END,
			window_start = CASE WHEN w.window_start < excluded.window_start THEN excluded.window_start ELSE w.window_start END
		WHERE w.window_start < excluded.window_start OR w.requests < ?
		RETURNING requests`
	var counted []int
	err := s.write.WithContext(ctx).Raw(query, companyID, w.KeyID, w.Operation, w.Start.UTC(), w.Limit).Find(&counted).Error
	if err != nil {
		return false, fmt.Errorf("store: take request: %w", err)
	}
	return len(counted) == 1, nil
}

package server

import (
	"net/http"
	"strconv"
	"sync"
	"time"

	"github.com/google/uuid"
	"github.com/labstack/echo/v4"

	"github.com/panal/panal/gen"
)

const rateWindow = time.Minute

// rateLimit counts requests in fixed windows of a minute, in this process.
type rateLimit struct {
	limit  int
	now    func() time.Time
	mu     sync.Mutex
	window int64
	counts map[uuid.UUID]int
}

func newRateLimit(limit int, now func() time.Time) *rateLimit {
	return &rateLimit{limit: limit, now: now, counts: map[uuid.UUID]int{}}
}

// take counts one request of id and refuses it if the window is used up.
func (l *rateLimit) take(id uuid.UUID) error {
	if l.limit == 0 {
		return nil
	}
	now := l.now().UnixNano()
	window := now / int64(rateWindow)
	l.mu.Lock()
	defer l.mu.Unlock()
	if window != l.window {
		l.window = window
		clear(l.counts)
	}
	if l.counts[id] < l.limit {
		l.counts[id]++
		return nil
	}
	left := time.Duration((window+1)*int64(rateWindow) - now)
	seconds := strconv.Itoa(int((left + time.Second - 1) / time.Second))
	return &refusal{
		status: http.StatusTooManyRequests, code: gen.ErrorCodeRateLimitExceeded, message: "Too many requests",
		header: http.Header{
			"Retry-After":         {seconds},
			"Ratelimit-Limit":     {strconv.Itoa(l.limit)},
			"Ratelimit-Remaining": {"0"},
			"Ratelimit-Reset":     {seconds},
		},
	}
}

// limitGlobalRate stands before the key is looked up, so that a flood of unknown
// keys does not reach the database.
func (s *Server) limitGlobalRate(next echo.HandlerFunc) echo.HandlerFunc {
	return func(c echo.Context) error {
		if s.contract.operation(c) != nil {
			if err := s.globalRate.take(uuid.Nil); err != nil {
				return err
			}
		}
		return next(c)
	}
}

func (s *Server) limitKeyRate(next echo.HandlerFunc) echo.HandlerFunc {
	return func(c echo.Context) error {
		if key, ok := callerOf(c); ok {
			if err := s.keyRate.take(key.ID); err != nil {
				return err
			}
		}
		return next(c)
	}
}

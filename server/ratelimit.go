package server

import (
	"fmt"
	"math"
	"net/http"
	"strconv"
	"sync"
	"time"

	"github.com/google/uuid"
	"github.com/labstack/echo/v4"

	"github.com/panal/panal/gen"
	"github.com/panal/panal/store"
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
	return tooManyRequests(l.limit, time.Duration((window+1)*int64(rateWindow)-now))
}

// tooManyRequests refuses a request in a window that ends after left.
func tooManyRequests(limit int, left time.Duration) *refusal {
	seconds := strconv.Itoa(int((left + time.Second - 1) / time.Second))
	return &refusal{
		status: http.StatusTooManyRequests, code: gen.ErrorCodeRateLimitExceeded, message: "Too many requests",
		header: http.Header{
			"Retry-After":         {seconds},
			"Ratelimit-Limit":     {strconv.Itoa(limit)},
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
				s.metrics.limited(limitGlobal)
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
				s.metrics.limited(limitKey)
				return err
			}
		}
		return next(c)
	}
}

// extensionRateLimit is how the contract gives an operation a limit of its own.
const extensionRateLimit = "x-rate-limit"

// operationLimit is what one key may ask of an operation in a fixed window. Such
// limits are small and their windows long, so the database counts: all processes
// share the count and a restart does not forget it.
type operationLimit struct {
	requests int
	window   time.Duration
}

func newOperationLimit(extension any) (*operationLimit, error) {
	if extension == nil {
		return nil, nil //nolint:nilnil // most operations have none
	}
	values, _ := extension.(map[string]any)
	requests, _ := values["requests"].(float64)
	seconds, _ := values["seconds"].(float64)
	limit := &operationLimit{requests: int(requests), window: time.Duration(seconds) * time.Second}
	if requests < 1 || seconds < 1 || requests != math.Trunc(requests) || seconds != math.Trunc(seconds) || len(values) != 2 {
		return nil, fmt.Errorf("%s: needs requests and seconds, whole numbers of at least 1", extensionRateLimit)
	}
	return limit, nil
}

// limitOperationRate counts what the key's own limit has let through, dry runs and
// requests that are refused later included: they cost the same.
func (s *Server) limitOperationRate(next echo.HandlerFunc) echo.HandlerFunc {
	return func(c echo.Context) error {
		op := s.contract.operation(c)
		if op == nil || op.limit == nil || s.keyRate.limit == 0 {
			return next(c)
		}
		ctx, now := c.Request().Context(), s.now()
		key, start := caller(ctx), now.Truncate(op.limit.window)
		ok, err := s.store.TakeRequest(ctx, key.CompanyID, store.RateWindow{
			KeyID: key.ID, Operation: op.id, Start: start, Limit: op.limit.requests,
		})
		if err != nil {
			return err
		}
		if !ok {
			s.metrics.limited(limitOperation)
			return tooManyRequests(op.limit.requests, start.Add(op.limit.window).Sub(now))
		}
		return next(c)
	}
}

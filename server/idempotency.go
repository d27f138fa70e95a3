package server

import (
	"context"
	"crypto/sha256"
	"encoding/json"
	"errors"
	"fmt"
	"net/http"
	"strings"
	"time"

	"github.com/labstack/echo/v4"

	"github.com/panal/panal/gen"
	"github.com/panal/panal/store"
)

// idempotency is the caller's key for the request and what the key is bound to.
type idempotency struct {
	key     string
	request [sha256.Size]byte
}

// bindIdempotencyKey puts the Idempotency-Key of a request into its context,
// bound to method, path, query and body. The two prefixes are one path.
func bindIdempotencyKey(c echo.Context, body []byte) {
	r := c.Request()
	key := r.Header.Get("Idempotency-Key")
	if key == "" || r.Method != http.MethodPost {
		return
	}
	h := sha256.New()
	target := strings.TrimPrefix(r.URL.Path, apiPrefix) + "?" + r.URL.RawQuery
	h.Write([]byte(r.Method + " " + target + "\n"))
	h.Write(body)
	i := idempotency{key: key}
	h.Sum(i.request[:0])
	c.SetRequest(r.WithContext(context.WithValue(r.Context(), idempotencyKey, i)))
}

// once makes an operation of the store safe to repeat under the caller's key; nil
// if the caller sent none. data makes the data of the answer. A form's content is
// not part of what the key is bound to yet: it comes as content, since the form
// around it may differ from one try to the next.
func once[T, D any](ctx context.Context, status int, data func(T) D, content ...[]byte) *store.Once[T] {
	i, ok := ctx.Value(idempotencyKey).(idempotency)
	if !ok {
		return nil
	}
	if content != nil {
		h := sha256.New()
		h.Write(i.request[:])
		for _, part := range content {
			sum := sha256.Sum256(part)
			h.Write(sum[:])
		}
		h.Sum(i.request[:0])
	}
	return &store.Once[T]{
		Key: i.key, Request: i.request, Status: status,
		Answer: func(result T) ([]byte, error) { return json.Marshal(data(result)) },
	}
}

// replay answers a repeated request with what the first one got, ETag included. The
// meta block is the new request's own: its id is the one in the header.
func (s *Server) replay(next gen.StrictHandlerFunc, operation string) gen.StrictHandlerFunc {
	return func(c echo.Context, request any) (any, error) {
		response, err := next(c, request)
		var earlier *store.ReplayError
		if !errors.As(err, &earlier) {
			return response, err
		}
		if operation == "CreateCustomer" {
			var shown struct {
				UpdatedAt time.Time `json:"updated_at"`
			}
			if err := json.Unmarshal(earlier.Data, &shown); err != nil {
				return nil, fmt.Errorf("replay: %w", err)
			}
			c.Response().Header().Set("ETag", *etag(store.Customer{UpdatedAt: shown.UpdatedAt}))
		}
		s.metrics.replayed()
		c.Response().Header().Set("Idempotency-Replay", "true")
		return nil, c.JSON(earlier.Status, struct {
			Success bool             `json:"success"`
			Data    json.RawMessage  `json:"data"`
			Meta    gen.ResponseMeta `json:"meta"`
		}{true, earlier.Data, s.meta(c.Request().Context())})
	}
}

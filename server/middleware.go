package server

import (
	"context"
	"crypto/rand"
	"encoding/hex"
	"errors"
	"fmt"
	"mime"
	"net/http"
	"runtime/debug"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/labstack/echo/v4"

	"github.com/panal/panal/gen"
)

const headerRequestID = "X-Request-Id"

type contextKey int

const (
	requestIDKey contextKey = iota
	callerKey
	idempotencyKey
	customerRowsKey
)

// identify gives the request its id: the trace-id of a valid traceparent header
// (W3C Trace Context), or a new one.
func (s *Server) identify(next echo.HandlerFunc) echo.HandlerFunc {
	return func(c echo.Context) error {
		r := c.Request()
		id, ok := traceID(r.Header.Values("Traceparent"))
		if !ok {
			id = newRequestID()
		}
		c.SetRequest(r.WithContext(context.WithValue(r.Context(), requestIDKey, id)))
		c.Response().Header().Set(headerRequestID, id)
		return next(c)
	}
}

func newRequestID() string {
	var b [16]byte
	rand.Read(b[:]) // never fails: it would crash the program instead
	return hex.EncodeToString(b[:])
}

func requestID(ctx context.Context) string {
	id, _ := ctx.Value(requestIDKey).(string)
	return id
}

func traceID(headers []string) (string, bool) {
	if len(headers) != 1 {
		return "", false
	}
	h := headers[0]
	if len(h) < 55 || h[2] != '-' || h[35] != '-' || h[52] != '-' {
		return "", false
	}
	version, trace, parent, flags := h[:2], h[3:35], h[36:52], h[53:55]
	for _, part := range []string{version, trace, parent, flags} {
		if strings.Trim(part, "0123456789abcdef") != "" {
			return "", false
		}
	}
	switch {
	case version == "ff",
		version == "00" && len(h) != 55,
		len(h) > 55 && h[55] != '-',
		strings.Trim(trace, "0") == "",
		strings.Trim(parent, "0") == "":
		return "", false
	}
	return trace, true
}

// meta is the meta block of an answer to the request of ctx.
func (s *Server) meta(ctx context.Context) gen.ResponseMeta {
	return gen.ResponseMeta{Timestamp: s.now().UTC().Truncate(time.Microsecond), RequestID: requestID(ctx)}
}

// recoverPanics turns a panic into an error that is logged with its stack and
// answered as any other unexpected one.
func (s *Server) recoverPanics(next echo.HandlerFunc) echo.HandlerFunc {
	return func(c echo.Context) (err error) {
		defer func() {
			r := recover()
			if r == nil {
				return
			}
			if cause, ok := r.(error); ok && errors.Is(cause, http.ErrAbortHandler) {
				panic(r)
			}
			err = fmt.Errorf("panic: %v\n%s", r, debug.Stack())
		}()
		return next(c)
	}
}

// refuseDeeperPaths answers 404 where the last parameter of a route has taken
// several segments: Echo lets it have the rest of the path.
func refuseDeeperPaths(next echo.HandlerFunc) echo.HandlerFunc {
	return func(c echo.Context) error {
		if slices.ContainsFunc(c.ParamValues(), func(v string) bool { return strings.Contains(v, "/") }) {
			return echo.ErrNotFound
		}
		return next(c)
	}
}

// setDeadline ends the context of a request that takes too long, so that the
// database gives up and the answer is 503.
func (s *Server) setDeadline(next echo.HandlerFunc) echo.HandlerFunc {
	return func(c echo.Context) error {
		r := c.Request()
		ctx, cancel := context.WithTimeout(r.Context(), s.timeout)
		defer cancel()
		c.SetRequest(r.WithContext(ctx))
		return next(c)
	}
}

// negotiate refuses a caller that does not take what the operation gives, and a
// body of another media type than the one it takes.
func (s *Server) negotiate(next echo.HandlerFunc) echo.HandlerFunc {
	return func(c echo.Context) error {
		op := s.contract.operation(c)
		if op == nil {
			return next(c)
		}
		r := c.Request()
		if !accepts(r.Header.Values("Accept"), op.gives) {
			return &refusal{status: http.StatusNotAcceptable, code: gen.ErrorCodeNotAcceptable, message: "This resource is available as " + op.gives + " only"}
		}
		if op.takes != "" && !isMediaType(r.Header.Values("Content-Type"), op.takes) {
			return unsupportedMediaType(op.takes)
		}
		return next(c)
	}
}

func unsupportedMediaType(want string) *refusal {
	return &refusal{status: http.StatusUnsupportedMediaType, code: gen.ErrorCodeUnsupportedMediaType, message: "The request body must be sent as " + want}
}

// accepts follows RFC 9110, section 12.5.1: the most specific range that matches
// decides, and a quality of 0 excludes.
func accepts(headers []string, mediaType string) bool {
	kind, _, _ := strings.Cut(mediaType, "/")
	ranges := []string{"*/*", kind + "/*", mediaType}
	best, quality, seen := -1, 0.0, false
	for item := range strings.SplitSeq(strings.Join(headers, ","), ",") {
		item = strings.TrimSpace(item)
		if item == "" {
			continue
		}
		seen = true
		name, params, err := mime.ParseMediaType(item)
		if err != nil {
			continue
		}
		rank := slices.Index(ranges, name)
		if rank < 0 || rank < best {
			continue
		}
		q := 1.0
		if v, ok := params["q"]; ok {
			if q, err = strconv.ParseFloat(v, 64); err != nil {
				continue
			}
		}
		best, quality = rank, q
	}
	return !seen || quality > 0
}

func isMediaType(headers []string, want string) bool {
	if len(headers) != 1 {
		return false
	}
	mediaType, params, err := mime.ParseMediaType(headers[0])
	if err != nil || mediaType != want {
		return false
	}
	if want == mediaForm {
		return params["boundary"] != ""
	}
	charset, ok := params["charset"]
	return !ok || strings.EqualFold(charset, "utf-8")
}

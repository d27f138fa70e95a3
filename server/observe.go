package server

import (
	"context"
	"errors"
	"log/slog"
	"net/http"
	"time"

	"github.com/labstack/echo/v4"
)

// statusGone stands for the answer to a caller who did not wait for it: nobody has
// seen one, and neither side failed.
const statusGone = 499

// observe tells log, metrics and traces of a request. It renders an error right
// away, so that they have the status that was sent.
func (s *Server) observe(next echo.HandlerFunc) echo.HandlerFunc {
	return func(c echo.Context) error {
		start := time.Now()
		s.metrics.begin()
		span := s.startSpan(c)
		// This context ends with the connection; that of setDeadline ends earlier.
		connected := c.Request().Context()
		// Whatever panics past here, as http.ErrAbortHandler does, cuts the connection.
		status := http.StatusInternalServerError
		defer func() {
			took := time.Since(start)
			s.metrics.end(c, status, took)
			s.logAccess(c, status, took)
			endSpan(c, span, status)
		}()
		err := next(c)
		sent, gone := c.Response().Committed, connected.Err() != nil
		if err != nil && (!sent || !gone) { // else the rest of an answer could not be sent
			c.Error(err)
		}
		status = c.Response().Status
		if gone && !sent && errors.Is(err, context.Canceled) {
			status = statusGone
		}
		return nil
	}
}

// logAccess writes the one line of a request. Path, query, bodies and keys are not
// in it: they may hold anything about anybody.
func (s *Server) logAccess(c echo.Context, status int, took time.Duration) {
	ctx := c.Request().Context()
	attrs := []slog.Attr{
		slog.String("request_id", requestID(ctx)),
		slog.String("method", methodOf(c.Request())),
		slog.String("route", routeOf(c)),
		slog.Int("status", status),
		slog.Duration("duration", took),
		slog.Int64("bytes", c.Response().Size),
	}
	if caller, ok := callerOf(c); ok {
		attrs = append(attrs, slog.String("key_id", caller.ID.String()), slog.String("company_id", caller.CompanyID.String()))
	}
	s.log.LogAttrs(ctx, slog.LevelInfo, "request", attrs...)
}

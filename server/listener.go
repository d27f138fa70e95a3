package server

import (
	"bytes"
	"encoding/json"
	"fmt"
	"log/slog"
	"net"
	"net/http"
	"strconv"
	"time"

	"github.com/panal/panal/gen"
)

// NewListener wraps l for a http.Server: what net/http refuses by itself, before
// any handler, it answers in plain text. On these connections such an answer
// becomes an envelope, is logged, and counted if metrics are given.
func NewListener(l net.Listener, log *slog.Logger, m *Metrics) net.Listener {
	return listener{l, log, m}
}

type listener struct {
	net.Listener
	log     *slog.Logger
	metrics *Metrics
}

func (l listener) Accept() (net.Conn, error) {
	c, err := l.Listener.Accept()
	if err != nil {
		return nil, err
	}
	return conn{c, l}, nil
}

type conn struct {
	net.Conn
	from listener
}

// plainRefusal stands in what net/http writes by itself, in one Write, right
// behind the status line. Handlers here never send text/plain.
var plainRefusal = []byte("\r\nContent-Type: text/plain; charset=utf-8\r\nConnection: close\r\n\r\n")

func (c conn) Write(p []byte) (int, error) {
	status, ok := refusedByNetHTTP(p)
	if !ok {
		return c.Conn.Write(p)
	}
	id := newRequestID()
	head, body := plainRefusalEnvelope(status, id)
	// Neither method nor route: what came has none, or was not looked at.
	c.from.log.Info("request", slog.String("request_id", id), slog.String("method", unknown), slog.String("route", unknown),
		slog.Int("status", status), slog.Int("bytes", len(body)))
	c.from.metrics.refusedBefore(status)
	if _, err := c.Conn.Write(append(head, body...)); err != nil {
		return 0, err
	}
	return len(p), nil
}

// CloseWrite lets net/http half-close the connection behind a refusal, so that
// the caller can read it before the reset.
func (c conn) CloseWrite() error {
	if half, ok := c.Conn.(interface{ CloseWrite() error }); ok {
		return half.CloseWrite()
	}
	return nil
}

func refusedByNetHTTP(p []byte) (status int, ok bool) {
	line, _, _ := bytes.Cut(p, []byte("\r\n"))
	if !bytes.HasPrefix(line, []byte("HTTP/1.1 ")) || len(line) < 12 {
		return 0, false
	}
	status, err := strconv.Atoi(string(line[9:12]))
	if err != nil {
		return 0, false
	}
	// An unknown Expect header is refused with headers alone.
	return status, status == http.StatusExpectationFailed || bytes.HasPrefix(p[len(line):], plainRefusal)
}

func plainRefusalEnvelope(status int, id string) (head, body []byte) {
	code, message := gen.ErrorCodeBadRequest, "The request is not valid HTTP"
	switch status {
	case http.StatusExpectationFailed:
		code, message = gen.ErrorCodeExpectationFailed, "The Expect header can only be 100-continue"
	case http.StatusRequestHeaderFieldsTooLarge:
		code, message = gen.ErrorCodeRequestHeadersTooLarge, "The request headers are too large"
	case http.StatusNotImplemented:
		code, message = gen.ErrorCodeNotImplemented, "This transfer encoding is not supported"
	case http.StatusHTTPVersionNotSupported:
		code, message = gen.ErrorCodeHTTPVersionNotSupported, "This version of HTTP is not supported"
	}
	body, err := json.Marshal(gen.ErrorEnvelope{
		Error: gen.ErrorDetail{Code: code, Message: message},
		Meta:  gen.ResponseMeta{Timestamp: time.Now().UTC().Truncate(time.Microsecond), RequestID: id},
	})
	if err != nil {
		body = nil
	}
	head = fmt.Appendf(nil, "HTTP/1.1 %d %s\r\n%s: %s\r\nContent-Type: application/json\r\nContent-Length: %d\r\nConnection: close\r\n\r\n",
		status, http.StatusText(status), headerRequestID, id, len(body))
	return head, body
}

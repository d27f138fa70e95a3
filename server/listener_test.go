package server

import (
	"bufio"
	"context"
	"encoding/json"
	"io"
	"net"
	"net/http"
	"strings"
	"testing"
)

// What net/http refuses by itself never reaches a handler, so these go over a
// real connection.
func TestWhatTheHTTPLibraryRefusesIsAnEnvelopeToo(t *testing.T) {
	s := mustServer(t, Options{})
	l, err := (&net.ListenConfig{}).Listen(t.Context(), "tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	srv := &http.Server{Handler: s, MaxHeaderBytes: 4 << 10, DisableGeneralOptionsHandler: true} //nolint:gosec // a test's own requests need no timeouts
	go func() { _ = srv.Serve(NewListener(l, s.log, nil)) }()
	t.Cleanup(func() { _ = srv.Shutdown(context.Background()) })

	for _, tt := range []struct {
		name, request string
		status        int
		code          string
	}{
		{"not HTTP at all", "hello\r\n\r\n", 400, "BAD_REQUEST"},
		{"no Host", "GET /v1/customers HTTP/1.1\r\n\r\n", 400, "BAD_REQUEST"},
		{"a bad escape in the path", "GET /v1/customers/%zz HTTP/1.1\r\nHost: x\r\n\r\n", 400, "BAD_REQUEST"},
		{"a NUL in a header", "GET /v1/customers HTTP/1.1\r\nHost: x\r\nX-A: a\x00b\r\n\r\n", 400, "BAD_REQUEST"},
		{"a space in a header name", "GET /v1/customers HTTP/1.1\r\nHost: x\r\nX A: b\r\n\r\n", 400, "BAD_REQUEST"},
		{"two lengths", "POST /v1/customers HTTP/1.1\r\nHost: x\r\nContent-Length: 1\r\nContent-Length: 2\r\n\r\n", 400, "BAD_REQUEST"},
		{"headers without end", "GET / HTTP/1.1\r\nHost: x\r\nX-A: " + strings.Repeat("a", 16<<10) + "\r\n\r\n", 431, "REQUEST_HEADERS_TOO_LARGE"},
		{"an unknown transfer encoding", "POST / HTTP/1.1\r\nHost: x\r\nTransfer-Encoding: gzip\r\n\r\n", 501, "NOT_IMPLEMENTED"},
		{"an unknown version", "GET / HTTP/3.0\r\nHost: x\r\n\r\n", 505, "HTTP_VERSION_NOT_SUPPORTED"},
		{"an unknown expectation", "POST /v1/customers HTTP/1.1\r\nHost: x\r\nExpect: miracles\r\nContent-Length: 1\r\n\r\n", 417, "EXPECTATION_FAILED"},
		{"an unknown path", "GET /nowhere HTTP/1.1\r\nHost: x\r\n\r\n", 404, "ENDPOINT_NOT_FOUND"},
		{"options of the server", "OPTIONS * HTTP/1.1\r\nHost: x\r\n\r\n", 404, "ENDPOINT_NOT_FOUND"},
		{"a tunnel", "CONNECT example.org:443 HTTP/1.1\r\nHost: example.org:443\r\n\r\n", 404, "ENDPOINT_NOT_FOUND"},
		{"an absolute target", "GET http://elsewhere.example/v1/customers HTTP/1.1\r\nHost: x\r\n\r\n", 401, "UNAUTHORIZED"},
		{"an unknown method", "BREW /v1/customers HTTP/1.1\r\nHost: x\r\n\r\n", 405, "METHOD_NOT_ALLOWED"},
	} {
		t.Run(tt.name, func(t *testing.T) {
			c, err := net.Dial("tcp", l.Addr().String())
			if err != nil {
				t.Fatal(err)
			}
			defer c.Close()
			if _, err := io.WriteString(c, tt.request); err != nil {
				t.Fatal(err)
			}
			resp, err := http.ReadResponse(bufio.NewReader(c), nil)
			if err != nil {
				t.Fatal(err)
			}
			defer resp.Body.Close()
			raw, err := io.ReadAll(resp.Body)
			if err != nil {
				t.Fatal(err)
			}
			var body struct {
				Success *bool
				Error   struct{ Code, Message string }
				Meta    struct {
					Timestamp string
					RequestID string `json:"request_id"`
				}
			}
			if err := json.Unmarshal(raw, &body); err != nil {
				t.Fatalf("answer %d is not JSON: %v\n%s", resp.StatusCode, err, raw)
			}
			if resp.StatusCode != tt.status || body.Error.Code != tt.code {
				t.Errorf("status %d, code %s; want %d, %s", resp.StatusCode, body.Error.Code, tt.status, tt.code)
			}
			if body.Success == nil || *body.Success || body.Error.Message == "" || body.Meta.Timestamp == "" || len(body.Meta.RequestID) != 32 {
				t.Errorf("not the whole envelope: %s", raw)
			}
			if got := resp.Header.Get("X-Request-Id"); got != body.Meta.RequestID {
				t.Errorf("X-Request-Id is %q, meta.request_id is %q", got, body.Meta.RequestID)
			}
		})
	}
}

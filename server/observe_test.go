package server

import (
	"bufio"
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"io"
	"log/slog"
	"maps"
	"net"
	"net/http"
	"net/http/httptest"
	"slices"
	"strings"
	"sync"
	"testing"

	"github.com/google/go-cmp/cmp"
	"github.com/labstack/echo/v4"
)

// secrets stand in every part of a request that the caller chooses.
const secrets = "s3cret"

// watched is a server on a real port with routes that misbehave.
type watched struct {
	address string
	secret  string // of a key that may read customers
	key     map[string]any
	ended   chan struct{} // a value for each request that has left the handler

	mu  sync.Mutex
	log bytes.Buffer
}

func (w *watched) Write(p []byte) (int, error) {
	w.mu.Lock()
	defer w.mu.Unlock()
	return w.log.Write(p)
}

func watch(tb testing.TB) *watched {
	tb.Helper()
	w := &watched{ended: make(chan struct{}, 100)}
	log := slog.New(slog.NewJSONHandler(w, nil))
	s := mustServer(tb, Options{Log: log, BodyLimit: 64})
	key, secret := mustKey(tb, s)
	w.secret, w.key = secret, map[string]any{"key_id": key.ID.String(), "company_id": key.CompanyID.String()}
	s.echo.GET("/panic", func(echo.Context) error { panic("the cause") })
	s.echo.GET("/abort", func(echo.Context) error { panic(http.ErrAbortHandler) })
	s.echo.GET("/fail", func(echo.Context) error { return errors.New("the cause") })
	s.echo.GET("/wait", func(c echo.Context) error {
		<-c.Request().Context().Done()
		return c.Request().Context().Err()
	})
	s.echo.GET("/endless", func(c echo.Context) error {
		for {
			if _, err := c.Response().Write(make([]byte, 1<<10)); err != nil {
				return err
			}
		}
	})
	l, err := (&net.ListenConfig{}).Listen(tb.Context(), "tcp", "127.0.0.1:0")
	if err != nil {
		tb.Fatal(err)
	}
	w.address = l.Addr().String()
	srv := &http.Server{ //nolint:gosec // a test's own requests need no timeouts
		Handler: http.HandlerFunc(func(rw http.ResponseWriter, r *http.Request) {
			defer func() { w.ended <- struct{}{} }()
			s.ServeHTTP(rw, r)
		}),
		MaxHeaderBytes: 4 << 10, DisableGeneralOptionsHandler: true, ErrorLog: slog.NewLogLogger(log.Handler(), slog.LevelWarn),
	}
	go func() { _ = srv.Serve(NewListener(l, log, nil)) }()
	tb.Cleanup(func() { _ = srv.Close() })
	return w
}

// lines takes what was logged, by the message. Times are left out.
func (w *watched) lines(tb testing.TB) map[string][]map[string]any {
	tb.Helper()
	w.mu.Lock()
	defer w.mu.Unlock()
	if strings.Contains(w.log.String(), secrets) || strings.Contains(w.log.String(), "beel_sk_") {
		tb.Errorf("the log has what the caller sent:\n%s", w.log.String())
	}
	lines := map[string][]map[string]any{}
	for line := range strings.Lines(w.log.String()) {
		var attrs map[string]any
		if err := json.Unmarshal([]byte(line), &attrs); err != nil {
			tb.Fatal(err)
		}
		delete(attrs, "time")
		message, _ := attrs["msg"].(string)
		lines[message] = append(lines[message], attrs)
	}
	w.log.Reset()
	return lines
}

func TestEveryRequestIsLoggedOnce(t *testing.T) {
	w := watch(t)
	head := " HTTP/1.1\r\nHost: x\r\nX-Note: " + secrets + "\r\nConnection: close\r\n"
	withKey := "Authorization: Bearer " + w.secret + "\r\n"
	body := func(text string) string {
		return "Content-Type: application/json\r\nContent-Length: 100\r\n\r\n" + text
	}
	for _, tt := range []struct {
		name, request string
		status        int // 0: the connection is cut
		method, route string
		logged        int // if it is not the status
		keyed         bool
		cause         string
	}{
		{"an answer", "GET /v1/customers?search=" + secrets + head + withKey + "\r\n", 200, "GET", "/v1/customers", 0, true, ""},
		{"the other prefix is the same route", "GET /api/v1/customers" + head + withKey + "\r\n", 200, "GET", "/v1/customers", 0, true, ""},
		{"a probe", "GET /healthz" + head + "\r\n", 200, "GET", "/healthz", 0, false, ""},
		{"no key", "GET /v1/customers/" + secrets + head + "\r\n", 401, "GET", "/v1/customers/:customer_id", 0, false, ""},
		{"an unknown key", "GET /v1/customers" + head + "Authorization: Bearer beel_sk_test_" + secrets + "\r\n\r\n", 401, "GET", "/v1/customers", 0, false, ""},
		{"a key without the scope", "POST /v1/customers" + head + withKey + "\r\n", 403, "POST", "/v1/customers", 0, true, ""},
		{"a bad parameter", "GET /v1/customers/" + secrets + head + withKey + "\r\n", 400, "GET", "/v1/customers/:customer_id", 0, true, ""},
		{"nothing there", "GET /v1/customers/00000000-0000-7000-8000-000000000000" + head + withKey + "\r\n", 404, "GET", "/v1/customers/:customer_id", 0, true, ""},
		{"an unknown path", "GET /" + secrets + "/x" + head + withKey + "\r\n", 404, "GET", "none", 0, false, ""},
		{"a path below a route", "GET /v1/customers/a/" + secrets + head + withKey + "\r\n", 404, "GET", "/v1/customers/:customer_id", 0, false, ""},
		{"a wrong method", "PATCH /v1/customers" + head + withKey + "\r\n", 405, "PATCH", "/v1/customers", 0, false, ""},
		{"an invented method", "S3CRET-s3cret /v1/customers" + head + withKey + "\r\n", 405, "none", "/v1/customers", 0, false, ""},
		{"options of the server", "OPTIONS *" + head + "\r\n", 404, "OPTIONS", "none", 0, false, ""},
		{"a tunnel", "CONNECT " + secrets + ".example:443" + head + "\r\n", 404, "CONNECT", "none", 0, false, ""},
		{"a failure", "GET /fail" + head + "\r\n", 500, "GET", "/fail", 0, false, "the cause"},
		{"a panic", "GET /panic" + head + "\r\n", 500, "GET", "/panic", 0, false, "the cause"},
		{"an aborted handler", "GET /abort" + head + "\r\n", 0, "GET", "/abort", 500, false, ""},
		{"not HTTP", secrets + "\r\n\r\n", 400, "none", "none", 0, false, ""},
		{"a bad header", "GET /v1/customers" + head + "X " + secrets + ": x\r\n\r\n", 400, "none", "none", 0, false, ""},
		{"headers without end", "GET /" + head + "X-A: " + strings.Repeat(secrets, 2<<10) + "\r\n\r\n", 431, "none", "none", 0, false, ""},
		{"an unknown transfer encoding", "POST /" + head + "Transfer-Encoding: gzip\r\n\r\n", 501, "none", "none", 0, false, ""},
		{"an unknown version", "GET / HTTP/3.0\r\nHost: x\r\n\r\n", 505, "none", "none", 0, false, ""},
		{"an unknown expectation", "GET /" + head + "Expect: " + secrets + "\r\n\r\n", 417, "none", "none", 0, false, ""},
		{"a body for nobody", "POST /v1/customers" + head + body(`{"legal_name":"`+secrets+`"}`), 401, "POST", "/v1/customers", 0, false, ""},
	} {
		t.Run(tt.name, func(t *testing.T) {
			conn := w.mustSend(t, tt.request)
			id, size := "", 0
			resp, err := http.ReadResponse(bufio.NewReader(conn), nil)
			switch {
			case err == nil:
				defer resp.Body.Close()
				content, err := io.ReadAll(resp.Body)
				if err != nil {
					t.Fatal(err)
				}
				id, size = resp.Header.Get("X-Request-Id"), len(content)
				if resp.StatusCode != tt.status {
					t.Errorf("status %d, want %d: %s", resp.StatusCode, tt.status, content)
				}
			case tt.status != 0:
				t.Fatal(err)
			}
			lines := w.lines(t)
			if len(lines["request"]) != 1 {
				t.Fatalf("%d lines: %v", len(lines["request"]), lines)
			}
			line := lines["request"][0]
			want := map[string]any{
				"level": "INFO", "msg": "request", "request_id": id, "method": tt.method, "route": tt.route,
				"status": float64(max(tt.status, tt.logged)), "bytes": float64(size),
			}
			if tt.keyed {
				maps.Copy(want, w.key)
			}
			if tt.status == 0 {
				want["request_id"] = line["request_id"]
			}
			if _, timed := line["duration"].(float64); timed == (tt.method == "none" && tt.route == "none") {
				t.Errorf("duration %v", line["duration"])
			}
			delete(line, "duration")
			if diff := cmp.Diff(want, line); diff != "" {
				t.Errorf("(-want +got):\n%s", diff)
			}
			failures := lines["request failed"]
			if (tt.cause != "") != (len(failures) == 1) {
				t.Fatalf("%d lines with a cause: %v", len(failures), failures)
			}
			if cause := slices.Sorted(maps.Keys(lines)); tt.cause == "" && len(cause) != 1 {
				t.Errorf("there is more: %v", lines)
			}
			if tt.cause != "" {
				cause, _ := failures[0]["error"].(string)
				if failures[0]["request_id"] != id || failures[0]["level"] != "ERROR" || !strings.Contains(cause, tt.cause) {
					t.Errorf("got %v", failures[0])
				}
			}
		})
	}
}

func (w *watched) mustSend(tb testing.TB, request string) net.Conn {
	tb.Helper()
	conn, err := (&net.Dialer{}).DialContext(tb.Context(), "tcp", w.address)
	if err != nil {
		tb.Fatal(err)
	}
	tb.Cleanup(func() { _ = conn.Close() })
	if _, err := io.WriteString(conn, request); err != nil {
		tb.Fatal(err)
	}
	return conn
}

// A caller who leaves is nobody's failure: no 5xx, no line with a cause.
func TestACallerWhoLeavesIsLoggedAsSuch(t *testing.T) {
	for _, tt := range []struct {
		name, path string
		read       int
		status     float64
	}{
		{"before the answer", "/wait", 0, statusGone},
		{"in the middle of it", "/endless", 100, http.StatusOK},
	} {
		t.Run(tt.name, func(t *testing.T) {
			w := watch(t)
			conn := w.mustSend(t, "GET "+tt.path+" HTTP/1.1\r\nHost: x\r\n\r\n")
			if _, err := io.ReadFull(conn, make([]byte, tt.read)); err != nil {
				t.Fatal(err)
			}
			if err := conn.Close(); err != nil {
				t.Fatal(err)
			}
			<-w.ended
			lines := w.lines(t)
			if len(lines) != 1 || len(lines["request"]) != 1 || lines["request"][0]["status"] != tt.status {
				t.Errorf("got %v", lines)
			}
		})
	}

	t.Run("whatever the database was doing for them", func(t *testing.T) {
		w := watch(t)
		s := mustServer(t, Options{Log: slog.New(slog.NewJSONHandler(w, nil))})
		_, secret := mustKey(t, s)
		ctx, leave := context.WithCancel(t.Context())
		leave()
		for _, path := range []string{"/v1/customers", "/v1/customers/00000000-0000-7000-8000-000000000000", "/readyz"} {
			_ = getIn(ctx, s, path, secret)
			lines := w.lines(t)
			if len(lines) != 1 || len(lines["request"]) != 1 || lines["request"][0]["status"] != float64(statusGone) {
				t.Errorf("%s: got %v", path, lines)
			}
		}
	})
}

func TestWhatNobodyWatchesCostsNoAllocation(t *testing.T) {
	s := mustServer(t, Options{})
	r := httptest.NewRequest(http.MethodGet, "/v1/customers", http.NoBody)
	c := s.echo.NewContext(r, httptest.NewRecorder())
	c.SetPath("/v1/customers")
	ctx := r.Context()
	for name, watch := range map[string]func(){
		"the span of a request": func() { endSpan(c, s.startSpan(c), http.StatusOK) },
		"the span of a part": func() {
			_, span := s.span(ctx, "census")
			span.End()
		},
		"metrics": func() {
			s.metrics.begin()
			s.metrics.replayed()
			s.metrics.limited(limitKey)
			s.metrics.refused("")
			s.metrics.end(c, http.StatusOK, 0)
		},
	} {
		if n := testing.AllocsPerRun(1000, watch); n != 0 {
			t.Errorf("%s: %v allocations", name, n)
		}
	}
	if c.Request() != r {
		t.Error("the request was replaced")
	}
}

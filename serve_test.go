package main

import (
	"bufio"
	"fmt"
	"net"
	"net/http"
	"strings"
	"testing"
	"time"
)

func TestServe(t *testing.T) {
	eachDatabase(t, func(t *testing.T, environ []string) {
		t.Parallel()
		_, key := mustKey(t, environ, mustCompany(t, environ))

		t.Run("a request in flight ends after the signal to stop, and no new one begins", func(t *testing.T) {
			s := mustServe(t, environ)
			if status, body := call(t, "", http.MethodGet, s.url+"/readyz", ""); status != http.StatusOK {
				t.Fatalf("readyz: got %d: %s", status, body)
			}
			r := mustBegin(t, s.url, key, customer(1))
			s.stop()
			s.log.mustWaitFor(t, "stopping")
			mustRefuse(t, s.url)
			if status := r.mustFinish(t); status != http.StatusCreated {
				t.Errorf("the request in flight got %d, want 201", status)
			}
			if code := s.mustEnd(t); code != 0 {
				t.Errorf("exit code %d:\n%s", code, s.log)
			}
		})

		t.Run("the end of the grace cuts off what still runs", func(t *testing.T) {
			s := mustServe(t, environ, "--shutdown-grace=1ms")
			mustBegin(t, s.url, key, customer(2))
			if code := s.mustEnd(t); code != exitFailure {
				t.Errorf("exit code %d, want %d", code, exitFailure)
			}
		})

		t.Run("a taken port is an error", func(t *testing.T) {
			s := mustServe(t, environ)
			addr := strings.TrimPrefix(s.url, "http://")
			r := runPanal(t, environ, "serve", "--addr", addr)
			if r.code != exitFailure || !strings.Contains(r.stderr, addr+" is taken") {
				t.Errorf("exit code %d: %s", r.code, r.stderr)
			}
		})

		t.Run("the settings reach the server", func(t *testing.T) {
			s := mustServe(t, environ, "--body-limit=64", "--rate-limit=2")
			// The third is one too many, or the sixth if a new minute begins in between.
			for range 6 {
				status, body := call(t, key, http.MethodPost, s.url+"/api/v1/customers", customer(3))
				if status == http.StatusTooManyRequests {
					return
				}
				if status != http.StatusRequestEntityTooLarge {
					t.Errorf("got %d, want 413: %s", status, body)
				}
			}
			t.Error("six requests were let through, the limit is two a minute")
		})

		t.Run("what is not HTTP is answered with an envelope", func(t *testing.T) {
			s := mustServe(t, environ)
			conn := mustDial(t, s.url)
			if _, err := fmt.Fprint(conn, "GET / HTTP/9.9\r\n\r\n"); err != nil {
				t.Fatal(err)
			}
			resp, err := http.ReadResponse(bufio.NewReader(conn), nil)
			if err != nil {
				t.Fatal(err)
			}
			defer resp.Body.Close()
			if got := resp.Header.Get("Content-Type"); got != "application/json" || resp.StatusCode != http.StatusHTTPVersionNotSupported {
				t.Errorf("got %d with %s", resp.StatusCode, got)
			}
		})
	})
}

// request is one that the server is waiting for the body of.
type request struct {
	conn net.Conn
	from *bufio.Reader
	body string
}

// mustBegin returns when the server asks for the body, so that it surely has the
// request in hand.
func mustBegin(tb testing.TB, url, key, body string) *request {
	tb.Helper()
	conn := mustDial(tb, url)
	_, err := fmt.Fprintf(conn, "POST /v1/customers HTTP/1.1\r\nHost: panal\r\nAuthorization: Bearer %s\r\n"+
		"Content-Type: application/json\r\nContent-Length: %d\r\nExpect: 100-continue\r\n\r\n", key, len(body))
	if err != nil {
		tb.Fatal(err)
	}
	r := &request{conn, bufio.NewReader(conn), body}
	if status := r.mustRead(tb); status != http.StatusContinue {
		tb.Fatalf("got %d, want 100", status)
	}
	return r
}

// mustFinish sends the body and returns the status of the answer.
func (r *request) mustFinish(tb testing.TB) int {
	tb.Helper()
	if _, err := r.conn.Write([]byte(r.body)); err != nil {
		tb.Fatal(err)
	}
	return r.mustRead(tb)
}

func (r *request) mustRead(tb testing.TB) int {
	tb.Helper()
	resp, err := http.ReadResponse(r.from, nil)
	if err != nil {
		tb.Fatal(err)
	}
	defer resp.Body.Close()
	return resp.StatusCode
}

func mustDial(tb testing.TB, url string) net.Conn {
	tb.Helper()
	var d net.Dialer
	conn, err := d.DialContext(tb.Context(), "tcp", strings.TrimPrefix(url, "http://"))
	if err != nil {
		tb.Fatal(err)
	}
	tb.Cleanup(func() { _ = conn.Close() })
	return conn
}

// mustRefuse waits until nobody listens any more.
func mustRefuse(tb testing.TB, url string) {
	tb.Helper()
	var d net.Dialer
	for end := time.Now().Add(time.Minute); time.Now().Before(end); {
		conn, err := d.DialContext(tb.Context(), "tcp", strings.TrimPrefix(url, "http://"))
		if err != nil {
			return
		}
		_ = conn.Close()
	}
	tb.Fatal("new connections are still accepted")
}

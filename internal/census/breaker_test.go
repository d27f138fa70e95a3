package census

import (
	"context"
	"errors"
	"io"
	"net"
	"net/http"
	"testing"
	"testing/synctest"
	"time"
)

// pipes is a network inside of the process, where synctest's clock goes on by
// itself as soon as everybody waits.
type pipes struct {
	conns  chan net.Conn
	closed chan struct{}
}

func (p pipes) Accept() (net.Conn, error) {
	select {
	case conn := <-p.conns:
		return conn, nil
	case <-p.closed:
		return nil, net.ErrClosed
	}
}

func (p pipes) Close() error   { close(p.closed); return nil }
func (p pipes) Addr() net.Addr { return &net.UnixAddr{Name: "pipe"} }

func (p pipes) dial(ctx context.Context, _, _ string) (net.Conn, error) {
	ours, theirs := net.Pipe()
	select {
	case p.conns <- theirs:
		return ours, nil
	case <-ctx.Done():
		return nil, ctx.Err()
	case <-p.closed:
		return nil, net.ErrClosed
	}
}

// inBubble runs test with a client whose census answers with handler, and whose
// clock is the bubble's. The client gives up after 5 seconds.
func inBubble(t *testing.T, handler http.HandlerFunc, test func(t *testing.T, c *Client)) {
	t.Helper()
	synctest.Test(t, func(t *testing.T) {
		network := pipes{conns: make(chan net.Conn), closed: make(chan struct{})}
		server := &http.Server{Handler: handler, ReadHeaderTimeout: time.Hour}
		go func() { _ = server.Serve(network) }()
		client := NewClient(Options{URL: "http://census.test/", Timeout: 5 * time.Second})
		transport := &http.Transport{DialContext: network.dial}
		client.http.Transport = transport
		test(t, client)
		transport.CloseIdleConnections()
		if err := server.Close(); err != nil {
			t.Error(err)
		}
	})
}

func TestClientDoesNotWaitForASlowCensus(t *testing.T) {
	for name, handler := range map[string]http.HandlerFunc{
		"that never answers": func(_ http.ResponseWriter, r *http.Request) {
			_, _ = io.Copy(io.Discard, r.Body)
			<-r.Context().Done()
		},
		"that stops in the middle": func(w http.ResponseWriter, r *http.Request) {
			_, _ = io.Copy(io.Discard, r.Body)
			_, _ = io.WriteString(w, `{"status":`)
			_ = http.NewResponseController(w).Flush()
			<-r.Context().Done()
		},
	} {
		t.Run(name, func(t *testing.T) {
			inBubble(t, handler, func(t *testing.T, c *Client) {
				begin := time.Now()
				_, err := c.Validate(t.Context(), "12345678Z", "")
				if err == nil || errors.Is(err, ErrUnreachable) {
					t.Errorf("got %v; want a failure: it was reached", err)
				}
				if waited := time.Since(begin); waited != c.options.Timeout {
					t.Errorf("waited %v, want %v", waited, c.options.Timeout)
				}
			})
		})
	}
}

func TestClientCannotReachACensusThatTakesNoConnection(t *testing.T) {
	inBubble(t, nil, func(t *testing.T, c *Client) {
		nobody := pipes{conns: make(chan net.Conn), closed: make(chan struct{})}
		defer close(nobody.closed)
		c.http.Transport = &http.Transport{DialContext: nobody.dial}
		begin := time.Now()
		if _, err := c.Validate(t.Context(), "12345678Z", ""); !errors.Is(err, ErrUnreachable) {
			t.Errorf("got %v, want ErrUnreachable", err)
		}
		if waited := time.Since(begin); waited != c.options.Timeout {
			t.Errorf("waited %v, want %v", waited, c.options.Timeout)
		}
	})
}

func TestClientLeavesAFailingCensusAlone(t *testing.T) {
	var asked int
	var works bool
	handler := func(w http.ResponseWriter, _ *http.Request) {
		asked++
		if !works {
			w.WriteHeader(http.StatusInternalServerError)
		}
		_, _ = io.WriteString(w, `{"status":"IDENTIFIED"}`)
	}
	inBubble(t, handler, func(t *testing.T, c *Client) {
		ask := func(wantAsked int, want func(error) bool) {
			t.Helper()
			if _, err := c.Validate(t.Context(), "12345678Z", ""); !want(err) {
				t.Errorf("got %v", err)
			}
			if asked != wantAsked {
				t.Errorf("asked %d times, want %d", asked, wantAsked)
			}
		}
		answered := func(err error) bool { return err == nil }
		leftAlone := func(err error) bool { return errors.Is(err, ErrUnreachable) }
		failed := func(err error) bool { return !answered(err) && !leftAlone(err) }
		for i := range tolerance - 1 {
			ask(i+1, failed)
		}
		works = true
		ask(5, answered) // what failed before is forgiven
		works = false
		for i := range tolerance {
			ask(6+i, failed)
		}
		ask(10, leftAlone)
		time.Sleep(pause)
		ask(10, leftAlone) // the last moment of the pause
		time.Sleep(time.Nanosecond)
		ask(11, failed) // lets one through, which fails
		ask(11, leftAlone)
		works = true
		time.Sleep(pause + 1)
		ask(12, answered)
		ask(13, answered)
	})
}

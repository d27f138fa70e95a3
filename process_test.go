package main

import (
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net/http"
	"os"
	"os/exec"
	"strings"
	"syscall"
	"testing"
)

// process is a "panal serve" of its own process, for signals.
type process struct {
	cmd *exec.Cmd
	url string
	log *logLines
}

func mustStart(tb testing.TB, environ []string, flags ...string) *process {
	tb.Helper()
	args := append([]string{"serve", "--addr=127.0.0.1:0"}, flags...)
	p := &process{cmd: exec.CommandContext(tb.Context(), os.Args[0], args...)}
	p.cmd.Env = append([]string{asPanal + "=1"}, environ...)
	stderr, err := p.cmd.StderrPipe()
	if err != nil {
		tb.Fatal(err)
	}
	if err := p.cmd.Start(); err != nil {
		tb.Fatal(err)
	}
	p.log = followLog(stderr)
	tb.Cleanup(func() { _ = p.cmd.Process.Kill() })
	p.url = p.log.mustListen(tb)
	return p
}

func (p *process) mustSignal(tb testing.TB, s os.Signal) {
	tb.Helper()
	if err := p.cmd.Process.Signal(s); err != nil {
		tb.Fatal(err)
	}
}

// mustEnd returns the exit code of a process that ends by itself, -1 if a signal
// ended it.
func (p *process) mustEnd(tb testing.TB) int {
	tb.Helper()
	p.log.drain()
	var exit *exec.ExitError
	if err := p.cmd.Wait(); err != nil && !errors.As(err, &exit) {
		tb.Fatal(err)
	}
	return p.cmd.ProcessState.ExitCode()
}

func TestSignals(t *testing.T) {
	t.Parallel()

	t.Run("one signal ends an idle server", func(t *testing.T) {
		t.Parallel()
		for _, signal := range []os.Signal{os.Interrupt, syscall.SIGTERM} {
			p := mustStart(t, sqliteEnviron(t))
			p.mustSignal(t, signal)
			if code := p.mustEnd(t); code != 0 {
				t.Errorf("%v: exit code %d:\n%s", signal, code, p.log)
			}
		}
	})

	t.Run("a draining server says so, still answers, and is cut off by a second signal", func(t *testing.T) {
		t.Parallel()
		environ := sqliteEnviron(t)
		_, key := mustKey(t, environ, mustCompany(t, environ))
		p := mustStart(t, environ, "--drain-delay=1h")
		mustBegin(t, p.url, key, customer(1))
		p.mustSignal(t, syscall.SIGTERM)
		p.log.mustWaitFor(t, "stopping")
		if status, body := call(t, "", http.MethodGet, p.url+"/readyz", ""); status != http.StatusServiceUnavailable {
			t.Errorf("readyz: got %d, want 503: %s", status, body)
		}
		if status, body := call(t, key, http.MethodGet, p.url+"/v1/customers", ""); status != http.StatusOK {
			t.Errorf("another request: got %d, want 200: %s", status, body)
		}
		p.mustSignal(t, syscall.SIGTERM)
		if code := p.mustEnd(t); code != exitFailure {
			t.Errorf("exit code %d, want %d:\n%s", code, exitFailure, p.log)
		}
	})
}

// Whoever gets no answer sends the request again under its idempotency key: it has
// had its effect or it has not, but never half of it, and never twice.
func TestKill(t *testing.T) {
	eachDatabase(t, func(t *testing.T, environ []string) {
		t.Parallel()
		_, key := mustKey(t, environ, mustCompany(t, environ))
		acknowledged := 0
		for range 3 {
			p := mustStart(t, environ)
			for killed := false; ; {
				if status, err := create(t, p.url, key, acknowledged+1); err != nil {
					if !killed {
						t.Fatal(err)
					}
					break
				} else if status != http.StatusCreated {
					t.Fatalf("got %d, want 201", status)
				}
				acknowledged++
				if acknowledged%20 == 0 && !killed {
					p.mustSignal(t, syscall.SIGKILL) // the loop goes on writing into its last moment
					killed = true
				}
			}
			if code := p.mustEnd(t); code != -1 {
				t.Fatalf("exit code %d of a killed process:\n%s", code, p.log)
			}
		}
		s := mustServe(t, environ)
		if status, err := create(t, s.url, key, acknowledged+1); err != nil || status != http.StatusCreated {
			t.Errorf("after the kills: got %d, %v, want 201", status, err)
		}
		_, body := call(t, key, http.MethodGet, s.url+"/v1/customers?limit=1", "")
		var list struct {
			Data struct {
				Pagination struct {
					TotalItems int `json:"total_items"`
				}
			}
		}
		if err := json.Unmarshal([]byte(body), &list); err != nil {
			t.Fatal(err)
		}
		if got := list.Data.Pagination.TotalItems; got != acknowledged+1 {
			t.Errorf("%d customers are there, want the %d acknowledged", got, acknowledged+1)
		}
	})
}

// create is a call that may fail, because the server may die under it. It has the
// number of the customer as idempotency key.
func create(tb testing.TB, url, key string, n int) (int, error) {
	tb.Helper()
	r, err := http.NewRequestWithContext(tb.Context(), http.MethodPost, url+"/v1/customers", strings.NewReader(customer(n)))
	if err != nil {
		return 0, fmt.Errorf("request: %w", err)
	}
	r.Header.Set("Authorization", "Bearer "+key)
	r.Header.Set("Content-Type", "application/json")
	r.Header.Set("Idempotency-Key", fmt.Sprint("customer-", n))
	resp, err := http.DefaultClient.Do(r)
	if err != nil {
		return 0, fmt.Errorf("send: %w", err)
	}
	defer resp.Body.Close()
	_, err = io.Copy(io.Discard, resp.Body)
	return resp.StatusCode, err
}

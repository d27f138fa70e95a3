package main

import (
	"io"
	"net"
	"net/http"
	"net/http/httptest"
	"os"
	"regexp"
	"strings"
	"testing"
)

// examination is what "panal doctor --json" prints.
type examination struct {
	OK     bool
	Checks []struct{ Name, Verdict, Detail, Advice string }
}

func (e examination) verdict(tb testing.TB, name string) (verdict, detail string) {
	tb.Helper()
	for _, c := range e.Checks {
		if c.Name == name {
			return c.Verdict, c.Detail
		}
	}
	tb.Fatalf("nothing is said about the %s: %+v", name, e)
	return "", ""
}

func TestDoctor(t *testing.T) {
	t.Parallel()

	t.Run("a database that was set up is fine, in text and in JSON", func(t *testing.T) {
		t.Parallel()
		eachDatabase(t, func(t *testing.T, environ []string) {
			environ = append(environ, "PANAL_ADDR=127.0.0.1:0")
			mustRun(t, environ, "migrate")
			if out := mustRun(t, environ, "doctor"); !regexp.MustCompile(`(?m)^ok +database`).MatchString(out) || strings.Contains(out, "fail") {
				t.Errorf("it prints\n%s", out)
			}
			var e examination
			mustRunJSON(t, &e, environ, "doctor")
			if !e.OK {
				t.Errorf("%+v", e)
			}
			for _, name := range []string{"panal", "settings", "address", "database", "schema"} {
				if verdict, detail := e.verdict(t, name); verdict != "ok" || detail == "" {
					t.Errorf("%s: %s, %s", name, verdict, detail)
				}
			}
		})
	})

	t.Run("what does not work fails it, with what to do and without the password", func(t *testing.T) {
		t.Parallel()
		r := runPanal(t, []string{"DATABASE_URL=postgres://panal:s3cret@127.0.0.1:1/panal?connect_timeout=1", "PANAL_ADDR=127.0.0.1:0"}, "doctor")
		if r.code != exitFailure || !strings.Contains(r.stdout, "fail  database") || !strings.Contains(r.stdout, "→ check DATABASE_URL") {
			t.Errorf("exit code %d:\n%s%s", r.code, r.stdout, r.stderr)
		}
		if strings.Contains(r.stdout+r.stderr, "s3cret") {
			t.Errorf("it tells the password:\n%s%s", r.stdout, r.stderr)
		}
	})

	t.Run("it makes no database", func(t *testing.T) {
		t.Parallel()
		dir := t.TempDir()
		mustRun(t, []string{"PANAL_DATA_DIR=" + dir, "PANAL_ADDR=127.0.0.1:0"}, "doctor")
		if entries, err := os.ReadDir(dir); err != nil || len(entries) > 0 {
			t.Errorf("%v, %v", entries, err)
		}
	})

	t.Run("it tells a Panal from another program on the address", func(t *testing.T) {
		t.Parallel()
		environ := sqliteEnviron(t)
		other := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) { _, _ = io.WriteString(w, "{}") }))
		t.Cleanup(other.Close)
		running := mustServe(t, environ)
		for _, test := range []struct{ addr, verdict, detail string }{
			{strings.TrimPrefix(running.url, "http://"), "ok", "a Panal listens"},
			{other.Listener.Addr().String(), "fail", "another program"},
			{net.JoinHostPort("192.0.2.1", "8080"), "fail", "cannot listen"}, // set aside for examples
		} {
			r := runPanal(t, environ, "doctor", "--addr", test.addr)
			if !strings.Contains(r.stdout, test.detail) || (r.code == 0) != (test.verdict == "ok") {
				t.Errorf("%s: exit code %d:\n%s", test.addr, r.code, r.stdout)
			}
		}
	})

	t.Run("a Panal that is stopping is not ready", func(t *testing.T) {
		t.Parallel()
		environ := sqliteEnviron(t)
		p := mustStart(t, environ, "--drain-delay=1h")
		p.mustSignal(t, os.Interrupt)
		p.log.mustWaitFor(t, "stopping")
		if out := mustRun(t, environ, "doctor", "--addr", strings.TrimPrefix(p.url, "http://")); !strings.Contains(out, "is not ready") {
			t.Errorf("it prints\n%s", out)
		}
	})
}

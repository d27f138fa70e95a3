package main

import (
	"bufio"
	"bytes"
	"context"
	"encoding/json"
	"fmt"
	"io"
	"os"
	"strings"
	"sync"
	"testing"

	"github.com/panal/panal/internal/testpg"
)

// asPanal makes the test binary be panal, for the tests that need a process of
// their own to send signals to.
const asPanal = "TEST_BINARY_IS_PANAL"

func TestMain(m *testing.M) {
	if os.Getenv(asPanal) != "" {
		main()
		return
	}
	os.Exit(testpg.Main(m))
}

// eachDatabase runs test on SQLite and on PostgreSQL, with the environment that
// names an empty database.
func eachDatabase(t *testing.T, test func(t *testing.T, environ []string)) {
	t.Helper()
	t.Run("sqlite", func(t *testing.T) { test(t, sqliteEnviron(t)) })
	t.Run("postgres", func(t *testing.T) { test(t, []string{"DATABASE_URL=" + testpg.URL(t)}) })
}

func sqliteEnviron(tb testing.TB) []string {
	tb.Helper()
	return []string{"PANAL_DATA_DIR=" + tb.TempDir()}
}

// result is what a command left behind.
type result struct {
	code           int
	stdout, stderr string
}

func runPanal(tb testing.TB, environ []string, args ...string) result {
	tb.Helper()
	var stdout, stderr bytes.Buffer
	code := run(tb.Context(), args, environ, &stdout, &stderr)
	return result{code, stdout.String(), stderr.String()}
}

func mustRun(tb testing.TB, environ []string, args ...string) string {
	tb.Helper()
	r := runPanal(tb, environ, args...)
	if r.code != 0 {
		tb.Fatalf("panal %s: exit code %d\n%s", strings.Join(args, " "), r.code, r.stderr)
	}
	return r.stdout
}

func mustRunJSON(tb testing.TB, into any, environ []string, args ...string) {
	tb.Helper()
	out := mustRun(tb, environ, append(args, "--json")...)
	d := json.NewDecoder(strings.NewReader(out))
	if err := d.Decode(into); err != nil {
		tb.Fatalf("%v is not JSON: %v\n%s", args, err, out)
	}
	if _, err := d.Token(); err != io.EOF {
		tb.Fatalf("%v printed more than one JSON document:\n%s", args, out)
	}
}

// mustCompany makes a company and returns its id.
func mustCompany(tb testing.TB, environ []string) string {
	tb.Helper()
	var company struct{ ID string }
	mustRunJSON(tb, &company, environ, "company", "create", "--legal-name=Estudio Colmena S.L.", "--nif=B12345674", "--environment=test")
	return company.ID
}

// mustKey makes a key and returns its id and the key itself.
func mustKey(tb testing.TB, environ []string, company string, flags ...string) (id, secret string) {
	tb.Helper()
	var key struct{ ID, Key string }
	mustRunJSON(tb, &key, environ, append([]string{"key", "create", "--company", company, "--name=Tests", "--scopes=all"}, flags...)...)
	return key.ID, key.Key
}

// serving is a "panal serve" inside of the test process.
type serving struct {
	url    string
	stop   context.CancelFunc
	stdout bytes.Buffer // to be read when it listens or has ended
	log    *logLines
	code   chan int
}

// mustServe starts the server on a free port and returns when it listens.
func mustServe(tb testing.TB, environ []string, flags ...string) *serving {
	tb.Helper()
	ctx, cancel := context.WithCancel(context.Background())
	s := &serving{stop: cancel, code: make(chan int, 1)}
	logs, stderr := io.Pipe()
	args := append([]string{"serve", "--addr=127.0.0.1:0"}, flags...)
	go func() {
		code := run(ctx, args, environ, &s.stdout, stderr)
		_ = stderr.Close() // a pipe's end never fails to close
		s.code <- code
	}()
	s.log = followLog(logs)
	tb.Cleanup(func() {
		s.stop()
		s.log.drain()
	})
	s.url = s.log.mustListen(tb)
	return s
}

// mustEnd stops the server and returns its exit code.
func (s *serving) mustEnd(tb testing.TB) int {
	tb.Helper()
	s.stop()
	s.log.drain()
	return <-s.code
}

// logLines reads a log of JSON lines as it is written.
type logLines struct {
	lines chan string
	mu    sync.Mutex
	all   strings.Builder
}

func followLog(r io.Reader) *logLines {
	l := &logLines{lines: make(chan string, 10_000)}
	go func() {
		defer close(l.lines)
		for s := bufio.NewScanner(r); s.Scan(); {
			l.mu.Lock()
			l.all.WriteString(s.Text() + "\n")
			l.mu.Unlock()
			l.lines <- s.Text()
		}
	}()
	return l
}

// mustWaitFor returns the next line with this message.
func (l *logLines) mustWaitFor(tb testing.TB, message string) map[string]any {
	tb.Helper()
	for line := range l.lines {
		var attrs map[string]any
		if json.Unmarshal([]byte(line), &attrs) == nil && attrs["msg"] == message {
			return attrs
		}
	}
	tb.Fatalf("the log ended without %q:\n%s", message, l)
	return nil
}

// mustListen waits until the server listens and returns its URL.
func (l *logLines) mustListen(tb testing.TB) string {
	tb.Helper()
	address, ok := l.mustWaitFor(tb, "listening")["address"].(string)
	if !ok {
		tb.Fatalf("the log does not say where it listens:\n%s", l)
	}
	return "http://" + address
}

// drain waits for the end of the log.
func (l *logLines) drain() {
	for range l.lines {
	}
}

func (l *logLines) String() string {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.all.String()
}

// call sends a request with a key and returns the status and the body.
func call(tb testing.TB, key, method, url, body string) (int, string) {
	tb.Helper()
	answer := send(tb, key, method, url, body, nil)
	return answer.status, answer.body
}

// customer is the body of a customer of its own for each number.
func customer(n int) string {
	return fmt.Sprintf(`{"legal_name": "Lucía García %d", "alternative_id": {"type": "03", "number": "P%08d", "country_code": "FR"},
		"address": {"street": "Rue de la Paix", "number": "8", "postal_code": "59000", "city": "Lille", "province": "Nord", "country": "Francia", "country_code": "FR"}}`, n, n)
}

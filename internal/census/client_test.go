package census

import (
	"context"
	"errors"
	"io"
	"net/http"
	"net/http/httptest"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
)

var _ = []Provider{Sandbox{}, &Client{}}

func mustServe(tb testing.TB, handler http.HandlerFunc) *httptest.Server {
	tb.Helper()
	server := httptest.NewServer(handler)
	tb.Cleanup(server.Close)
	return server
}

func newClient(server *httptest.Server) *Client {
	return NewClient(Options{URL: server.URL + "/validate?secret=s3cret", Token: "t0ken", Timeout: time.Minute})
}

func says(body string) http.HandlerFunc {
	return func(w http.ResponseWriter, _ *http.Request) { _, _ = io.WriteString(w, body) }
}

func TestClientAsks(t *testing.T) {
	t.Parallel()
	for name, tt := range map[string]struct{ name, want string }{
		"with the name":                  {"Lucía García Peña", `{"nif":"12345678Z","legal_name":"Lucía García Peña"}`},
		"without a name, if it has none": {"", `{"nif":"12345678Z"}`},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			var got *http.Request
			var body []byte
			server := mustServe(t, func(w http.ResponseWriter, r *http.Request) {
				got = r
				body, _ = io.ReadAll(r.Body)
				says(`{"status":"IDENTIFIED"}`)(w, r)
			})
			if _, err := newClient(server).Validate(t.Context(), "12345678Z", tt.name); err != nil {
				t.Fatal(err)
			}
			if string(body) != tt.want || got.Method != http.MethodPost || got.URL.String() != "/validate?secret=s3cret" {
				t.Errorf("%s %s %s", got.Method, got.URL, body)
			}
			want := http.Header{
				"Accept": {"application/json"}, "Authorization": {"Bearer t0ken"}, "Content-Type": {"application/json"},
				"Accept-Encoding": {"gzip"}, "User-Agent": {"Go-http-client/1.1"}, "Content-Length": got.Header["Content-Length"],
			}
			if diff := cmp.Diff(want, got.Header); diff != "" {
				t.Error(diff)
			}
		})
	}
}

func TestClientSendsNoAuthorizationWithoutAToken(t *testing.T) {
	t.Parallel()
	server := mustServe(t, func(w http.ResponseWriter, r *http.Request) {
		if r.Header["Authorization"] != nil {
			t.Error("sent")
		}
		says(`{"status":"IDENTIFIED"}`)(w, r)
	})
	if _, err := NewClient(Options{URL: server.URL, Timeout: time.Minute}).Validate(t.Context(), "12345678Z", ""); err != nil {
		t.Error(err)
	}
}

func TestClientUnderstands(t *testing.T) {
	t.Parallel()
	for body, want := range map[string]Result{
		`{"status":"IDENTIFIED","legal_name":"PANADERIA ÑANDU SL"}`:                   {Identified, "PANADERIA ÑANDU SL"},
		`{"status":"IDENTIFIED"}`:                                                     {Identified, ""},
		`{"status":"IDENTIFIED","legal_name":null}`:                                   {Identified, ""},
		`{"status":"IDENTIFIED","legal_name":" ANA "}`:                                {Identified, "ANA"},
		`{"status":"NOT_IDENTIFIED","later":[1]}`:                                     {NotIdentified, ""},
		`{"status":"NOT_IDENTIFIED_SIMILAR"}`:                                         {Similar, ""},
		`{"status":"IDENTIFIED_DEREGISTERED"}`:                                        {Deregistered, ""},
		`{"status":"IDENTIFIED_REVOKED"}`:                                             {Revoked, ""},
		`{"status":"IDENTIFIED","legal_name":"` + strings.Repeat("Ñ", maxName) + `"}`: {Identified, strings.Repeat("Ñ", maxName)},
		`{"status":"IDENTIFIED"}` + strings.Repeat(" ", maxAnswer-23):                 {Identified, ""},
	} {
		got, err := newClient(mustServe(t, says(body))).Validate(t.Context(), "12345678Z", "")
		if err != nil {
			t.Errorf("%.60s: %v", body, err)
		}
		if diff := cmp.Diff(want, got); diff != "" {
			t.Errorf("%.60s: %s", body, diff)
		}
	}
}

// personal is in every bad answer, and must be in no error.
const personal = "12345678Z Lucia"

func TestClientFailsWithoutRepeatingAnything(t *testing.T) {
	t.Parallel()
	elsewhere := mustServe(t, func(http.ResponseWriter, *http.Request) { t.Error("a redirect was followed") })
	status := func(code int) http.HandlerFunc {
		return func(w http.ResponseWriter, _ *http.Request) {
			w.WriteHeader(code)
			_, _ = io.WriteString(w, `{"status":"IDENTIFIED","legal_name":"`+personal+`"}`)
		}
	}
	redirect := func(code int) http.HandlerFunc {
		return func(w http.ResponseWriter, r *http.Request) { http.Redirect(w, r, elsewhere.URL+"/"+"Lucia", code) }
	}
	raw := func(bytes string) http.HandlerFunc {
		return func(w http.ResponseWriter, _ *http.Request) {
			conn, _, err := http.NewResponseController(w).Hijack()
			if err != nil {
				t.Error(err)
				return
			}
			_, _ = io.WriteString(conn, bytes)
			_ = conn.Close()
		}
	}
	for name, handler := range map[string]http.HandlerFunc{
		"nothing":                      says(""),
		"HTML":                         says("<html>" + personal),
		"a number for a name":          says(`{"status":"IDENTIFIED","legal_name":12345678}`),
		"an unknown status":            says(`{"status":"` + personal + `"}`),
		"no status":                    says(`{"legal_name":"` + personal + `"}`),
		"a list":                       says(`["` + personal + `"]`),
		"null":                         says("null"),
		"two answers":                  says(`{"status":"IDENTIFIED"}{"status":"IDENTIFIED"}`),
		"a name with NUL":              says(`{"status":"IDENTIFIED","legal_name":"Lucia\u0000"}`),
		"a name too long":              says(`{"status":"IDENTIFIED","legal_name":"` + strings.Repeat("N", maxName+1) + `"}`),
		"an answer too long":           says(`{"status":"IDENTIFIED"}` + strings.Repeat(" ", maxAnswer)),
		"an answer without an end":     endless,
		"a header too long":            func(w http.ResponseWriter, _ *http.Request) { w.Header().Set("X", strings.Repeat("Lucia", maxAnswer)) },
		"500":                          status(http.StatusInternalServerError),
		"503":                          status(http.StatusServiceUnavailable),
		"401":                          status(http.StatusUnauthorized),
		"201":                          status(http.StatusCreated),
		"204":                          func(w http.ResponseWriter, _ *http.Request) { w.WriteHeader(http.StatusNoContent) },
		"301":                          redirect(http.StatusMovedPermanently),
		"302":                          redirect(http.StatusFound),
		"307":                          redirect(http.StatusTemporaryRedirect),
		"308":                          redirect(http.StatusPermanentRedirect),
		"what is not HTTP":             raw(personal + "\r\n\r\n"),
		"a header that is none":        raw("HTTP/1.1 200 OK\r\n" + personal + "\r\n\r\n"),
		"a closed connection":          raw(""),
		"half an answer":               raw("HTTP/1.1 200 OK\r\nContent-Length: 100\r\n\r\n{\"status\":\"IDENTIFIED\"}"),
		"a chunk that is none":         raw("HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n" + personal + "\r\n"),
		"a compression that is broken": raw("HTTP/1.1 200 OK\r\nContent-Encoding: gzip\r\nContent-Length: 15\r\n\r\n" + personal),
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			result, err := newClient(mustServe(t, handler)).Validate(t.Context(), "12345678Z", "Lucia")
			if err == nil || errors.Is(err, ErrUnreachable) || result != (Result{}) {
				t.Fatalf("got %v, %v; want a failure of the census", result, err)
			}
			for _, secret := range []string{"12345678", "Lucia", "s3cret", "t0ken", "127.0.0.1"} {
				if strings.Contains(err.Error(), secret) {
					t.Errorf("the error has %q: %v", secret, err)
				}
			}
		})
	}
}

func endless(w http.ResponseWriter, _ *http.Request) {
	for {
		if _, err := io.WriteString(w, `{"legal_name":"Lucia",`); err != nil {
			return
		}
	}
}

func TestClientCannotReachTheCensus(t *testing.T) {
	t.Parallel()
	gone := mustServe(t, says(""))
	gone.Close()
	secure := httptest.NewTLSServer(says(`{"status":"IDENTIFIED"}`))
	secure.Config.ErrorLog = nil
	t.Cleanup(secure.Close)
	for name, server := range map[string]*httptest.Server{
		"that is not there":                    gone,
		"whose certificate nobody vouches for": secure,
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			_, err := newClient(server).Validate(t.Context(), "12345678Z", "Lucia")
			if !errors.Is(err, ErrUnreachable) {
				t.Fatalf("got %v, want ErrUnreachable", err)
			}
			if strings.Contains(err.Error(), "s3cret") || strings.Contains(err.Error(), "12345678Z") {
				t.Errorf("the error says too much: %v", err)
			}
		})
	}
}

func TestClientTakesANewConnectionForOneThatDiedIdle(t *testing.T) {
	t.Parallel()
	var questions atomic.Int32
	server := mustServe(t, func(w http.ResponseWriter, r *http.Request) {
		if questions.Add(1) == 2 {
			panic(http.ErrAbortHandler)
		}
		says(`{"status":"IDENTIFIED"}`)(w, r)
	})
	client := newClient(server)
	for range 2 {
		if _, err := client.Validate(t.Context(), "12345678Z", ""); err != nil {
			t.Error(err)
		}
	}
	if n := questions.Load(); n != 3 {
		t.Errorf("asked %d times, want 3: the second is repeated", n)
	}
}

func TestClientHangsUpWithItsCaller(t *testing.T) {
	t.Parallel()
	ctx, cancel := context.WithCancel(t.Context())
	server := mustServe(t, func(_ http.ResponseWriter, r *http.Request) {
		_, _ = io.Copy(io.Discard, r.Body) // or the server does not see the caller go
		cancel()
		<-r.Context().Done()
	})
	client := newClient(server)
	for range 2 * tolerance {
		if _, err := client.Validate(ctx, "12345678Z", ""); !errors.Is(err, context.Canceled) || errors.Is(err, ErrUnreachable) {
			t.Fatalf("got %v, want the caller's own cancellation: it says nothing about the census", err)
		}
	}
}

package server

import (
	"bytes"
	"context"
	"encoding/json"
	"log/slog"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"
	"time"

	"github.com/labstack/echo/v4"

	"github.com/panal/panal/store"
)

func mustServer(tb testing.TB, o Options) *Server {
	tb.Helper()
	st, err := store.Open(tb.Context(), store.Options{DataDir: tb.TempDir()})
	if err != nil {
		tb.Fatal(err)
	}
	tb.Cleanup(func() { _ = st.Close() })
	if _, err := st.Migrate(tb.Context()); err != nil {
		tb.Fatal(err)
	}
	s, err := New(st, o)
	if err != nil {
		tb.Fatal(err)
	}
	return s
}

func mustKey(tb testing.TB, s *Server) (key store.Key, secret string) {
	tb.Helper()
	c, err := s.store.CreateCompany(tb.Context(), store.NewCompany{Environment: store.Test, LegalName: "Colmena", NIF: "B12345674"})
	if err != nil {
		tb.Fatal(err)
	}
	key, secret, err = s.store.CreateKey(tb.Context(), store.NewKey{CompanyID: c.ID, Name: "test", Scopes: []string{"customers:read"}})
	if err != nil {
		tb.Fatal(err)
	}
	return key, secret
}

func get(s *Server, path, secret string) *httptest.ResponseRecorder {
	return getIn(context.Background(), s, path, secret)
}

func getIn(ctx context.Context, s *Server, path, secret string) *httptest.ResponseRecorder {
	r := httptest.NewRequestWithContext(ctx, http.MethodGet, path, http.NoBody)
	if secret != "" {
		r.Header.Set("Authorization", "Bearer "+secret)
	}
	rec := httptest.NewRecorder()
	s.ServeHTTP(rec, r)
	return rec
}

func TestAPanicIsAnInternalErrorAndLoggedWithItsStack(t *testing.T) {
	var log bytes.Buffer
	s := mustServer(t, Options{Log: slog.New(slog.NewJSONHandler(&log, nil))})
	s.echo.GET("/panic", func(echo.Context) error { panic("the cause") })
	rec := get(s, "/panic", "")
	var body struct {
		Error struct{ Code, Message string }
		Meta  struct {
			RequestID string `json:"request_id"`
		}
	}
	if err := json.Unmarshal(rec.Body.Bytes(), &body); err != nil {
		t.Fatal(err)
	}
	if rec.Code != http.StatusInternalServerError || body.Error.Code != "INTERNAL_ERROR" || body.Error.Message != "Internal server error" {
		t.Errorf("status %d: %s", rec.Code, rec.Body)
	}
	if strings.Contains(rec.Body.String(), "cause") {
		t.Errorf("the answer has the cause: %s", rec.Body)
	}
	for _, want := range []string{"the cause", "server_test.go", body.Meta.RequestID} {
		if !strings.Contains(log.String(), want) {
			t.Errorf("the log has no %q:\n%s", want, log.String())
		}
	}
}

func TestARevokedKeyIsRefusedWithinASecond(t *testing.T) {
	s := mustServer(t, Options{})
	var elapsed time.Duration
	s.keys.elapsed = func() time.Duration { return elapsed }
	key, secret := mustKey(t, s)
	if rec := get(s, "/v1/customers", secret); rec.Code != http.StatusOK {
		t.Fatalf("before: status %d, want 200", rec.Code)
	}
	if err := s.store.RevokeKey(t.Context(), key.ID); err != nil {
		t.Fatal(err)
	}
	elapsed = time.Second
	if rec := get(s, "/v1/customers", secret); rec.Code != http.StatusUnauthorized {
		t.Errorf("a second later: status %d, want 401", rec.Code)
	}
}

func TestTheKeyCacheIsBounded(t *testing.T) {
	s := mustServer(t, Options{})
	_, secret := mustKey(t, s)
	for i := range keyCacheSize {
		s.keys.entries[[32]byte{byte(i), byte(i >> 8)}] = cachedKey{}
	}
	if rec := get(s, "/v1/customers", secret); rec.Code != http.StatusOK {
		t.Fatalf("status %d, want 200", rec.Code)
	}
	if n := len(s.keys.entries); n != 1 {
		t.Errorf("%d entries, want 1: a full cache starts over", n)
	}
}

func TestTraceID(t *testing.T) {
	const trace = "0af7651916cd43dd8448eb211c80319c"
	for header, want := range map[string]bool{
		"00-" + trace + "-b7ad6b7169203331-01":                   true,
		"00-" + trace + "-b7ad6b7169203331-00":                   true,
		"cc-" + trace + "-b7ad6b7169203331-01-later":             true,
		"cc-" + trace + "-b7ad6b7169203331-01":                   true,
		"cc-" + trace + "-b7ad6b7169203331-01later":              false,
		"00-" + trace + "-b7ad6b7169203331-01-later":             false,
		"ff-" + trace + "-b7ad6b7169203331-01":                   false,
		"00-" + strings.ToUpper(trace) + "-b7ad6b7169203331-01":  false,
		"00-" + strings.Repeat("0", 32) + "-b7ad6b7169203331-01": false,
		"00-" + trace + "-0000000000000000-01":                   false,
		"00-" + trace[:31] + "-b7ad6b7169203331-01":              false,
		"00-" + trace + "_b7ad6b7169203331-01":                   false,
		"":                                                       false,
		"00-" + trace + "-b7ad6b7169203331-0g":                   false,
	} {
		got, ok := traceID([]string{header})
		if ok != want || ok && got != trace {
			t.Errorf("traceID(%q) = %q, %v; want %v", header, got, ok, want)
		}
	}
	if _, ok := traceID([]string{"00-" + trace + "-b7ad6b7169203331-01", "00-" + trace + "-b7ad6b7169203331-01"}); ok {
		t.Error("two headers were taken for one")
	}
}

func TestTheRequestIDIsTheCallersTrace(t *testing.T) {
	s := mustServer(t, Options{})
	r := httptest.NewRequest(http.MethodGet, "/v1/customers", http.NoBody)
	r.Header.Set("Traceparent", "00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01")
	rec := httptest.NewRecorder()
	s.ServeHTTP(rec, r)
	if got := rec.Header().Get("X-Request-Id"); got != "0af7651916cd43dd8448eb211c80319c" {
		t.Errorf("X-Request-Id is %q", got)
	}
}

func TestAccepts(t *testing.T) {
	for accept, want := range map[string]bool{
		"":                                  true,
		"*/*":                               true,
		"application/*":                     true,
		"application/json":                  true,
		"application/json; charset=utf-8":   true,
		"text/html, application/json;q=0.1": true,
		"text/html, */*;q=0.1":              true,
		"text/html":                         false,
		"application/json;q=0":              false,
		"*/*, application/json;q=0":         false,
		"application/json;q=0, */*":         false,
		"application/json;q=x":              false,
		"json":                              false,
	} {
		if got := accepts([]string{accept}, mediaJSON); got != want {
			t.Errorf("accepts(%q) = %v, want %v", accept, got, want)
		}
	}
}

func TestHealth(t *testing.T) {
	s := mustServer(t, Options{})
	for _, path := range []string{"/healthz", "/readyz"} {
		if rec := get(s, path, ""); rec.Code != http.StatusOK || !strings.Contains(rec.Body.String(), `"success":true`) {
			t.Errorf("%s: status %d: %s", path, rec.Code, rec.Body)
		}
	}
	s.Drain()
	if rec := get(s, "/readyz", ""); rec.Code != http.StatusServiceUnavailable {
		t.Errorf("/readyz while draining: status %d, want 503", rec.Code)
	}
	if rec := get(s, "/healthz", ""); rec.Code != http.StatusOK {
		t.Errorf("/healthz while draining: status %d, want 200", rec.Code)
	}
}

func TestNotReadyWithoutADatabase(t *testing.T) {
	s := mustServer(t, Options{})
	if err := s.store.Close(); err != nil {
		t.Fatal(err)
	}
	rec := get(s, "/readyz", "")
	if rec.Code != http.StatusServiceUnavailable || rec.Header().Get("Retry-After") == "" {
		t.Errorf("status %d, Retry-After %q: %s", rec.Code, rec.Header().Get("Retry-After"), rec.Body)
	}
}

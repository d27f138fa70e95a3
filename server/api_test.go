package server_test

import (
	"bytes"
	"context"
	"encoding/json"
	"io"
	"log/slog"
	"net/http"
	"net/http/httptest"
	"os"
	"regexp"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/getkin/kin-openapi/openapi3"
	"github.com/getkin/kin-openapi/openapi3filter"
	"github.com/getkin/kin-openapi/routers"
	"github.com/getkin/kin-openapi/routers/legacy"
	"github.com/google/uuid"

	"github.com/panal/panal/gen"
	"github.com/panal/panal/internal/testpg"
	"github.com/panal/panal/server"
	"github.com/panal/panal/store"
)

func TestMain(m *testing.M) {
	code := testpg.Main(m)
	if code == 0 && everyTestRan() {
		code = reportUnreached()
	}
	os.Exit(code)
}

var allScopes = []string{"customers:read", "customers:write", "invoices:read", "invoices:write", "nif:validate"}

// api is a server on a database of its own, with two companies on it.
type api struct {
	*server.Server
	store *store.Store
	// key has every scope of ours; theirs is another company's.
	key, theirs string
	company     store.Company
	database    store.Options
	log         *lockedBuffer
	clock       *clock
}

// eachDialect runs a test on both databases.
func eachDialect(t *testing.T, test func(t *testing.T, a *api)) {
	t.Helper()
	t.Run("sqlite", func(t *testing.T) { test(t, mustAPI(t, store.Options{DataDir: t.TempDir()})) })
	t.Run("postgres", func(t *testing.T) { test(t, mustAPI(t, store.Options{DatabaseURL: migrated.URL(t)})) })
}

// migrated is an empty database with the schema.
var migrated = testpg.NewTemplate(migrate)

func migrate(url string) error {
	st, err := store.Open(context.Background(), store.Options{DatabaseURL: url})
	if err != nil {
		return err
	}
	defer st.Close()
	_, err = st.Migrate(context.Background())
	return err
}

func mustAPI(tb testing.TB, so store.Options) *api {
	tb.Helper()
	a := &api{log: &lockedBuffer{}, clock: &clock{now: time.Date(2026, 3, 2, 9, 30, 0, 0, time.UTC)}}
	so.Now = a.clock.Now
	a.database = so
	st, err := store.Open(tb.Context(), so)
	if err != nil {
		tb.Fatal(err)
	}
	tb.Cleanup(func() { _ = st.Close() })
	if _, err := st.Migrate(tb.Context()); err != nil {
		tb.Fatal(err)
	}
	a.store = st
	a.Server = a.mustServer(tb, server.Options{})
	a.company = mustCompany(tb, st, "Estudio Colmena S.L.")
	a.key = a.mustKey(tb, a.company.ID, allScopes...)
	a.theirs = a.mustKey(tb, mustCompany(tb, st, "Otra Casa S.A.").ID, allScopes...)
	// The guarantee is checked behind every test: whatever was said to the
	// server, its log has no secret and none of what customers are called.
	tb.Cleanup(func() {
		log := regexp.MustCompile(`"time":"[^"]*"`).ReplaceAllString(a.log.String(), "") // one in a hundred million ends as a NIF does
		for _, secret := range []string{"beel_sk_", "Lucía", "Panadería", "12345678Z", "hola@"} {
			if strings.Contains(log, secret) {
				tb.Errorf("the log contains %q:\n%s", secret, log)
			}
		}
	})
	return a
}

// mustServer is another server on the same store.
func (a *api) mustServer(tb testing.TB, o server.Options) *server.Server {
	tb.Helper()
	o.Now, o.Log = a.clock.Now, slog.New(slog.NewJSONHandler(a.log, nil))
	s, err := server.New(a.store, o)
	if err != nil {
		tb.Fatal(err)
	}
	return s
}

// with is the same company on the same store behind other settings.
func (a *api) with(tb testing.TB, o server.Options) *api {
	tb.Helper()
	other := *a
	other.Server = a.mustServer(tb, o)
	return &other
}

func mustCompany(tb testing.TB, st *store.Store, name string) store.Company {
	tb.Helper()
	c, err := st.CreateCompany(tb.Context(), store.NewCompany{
		Environment: store.Test, LegalName: name, NIF: "B12345674",
		Address: store.Address{
			Street: "Gran Vía", Number: "1", PostalCode: "28013", City: "Madrid",
			Province: "Madrid", Country: "España", CountryCode: "ES",
		},
	})
	if err != nil {
		tb.Fatal(err)
	}
	return c
}

func (a *api) mustKey(tb testing.TB, company uuid.UUID, scopes ...string) string {
	tb.Helper()
	_, secret, err := a.store.CreateKey(tb.Context(), store.NewKey{CompanyID: company, Name: "test", Scopes: scopes})
	if err != nil {
		tb.Fatal(err)
	}
	return secret
}

// answer is what came back, with the parts that tests look at.
type answer struct {
	status  int
	header  http.Header
	body    []byte
	Success bool
	Data    json.RawMessage
	Error   errorOf
	Meta    struct {
		Timestamp string
		RequestID string `json:"request_id"`
	}
}

// errorOf is the error of an answer or an example.
type errorOf struct {
	Code    string
	Message string
	Details map[string]any
}

func newRequest(key, method, path, body string) *http.Request {
	var r io.Reader
	if body != "" {
		r = strings.NewReader(body)
	}
	req := httptest.NewRequest(method, path, r)
	if key != "" {
		req.Header.Set("Authorization", "Bearer "+key)
	}
	if body != "" {
		req.Header.Set("Content-Type", "application/json")
	}
	return req
}

// call sends a request and holds the answer against the contract.
func (a *api) call(tb testing.TB, key, method, path, body string) answer {
	tb.Helper()
	return a.do(tb, newRequest(key, method, path, body))
}

func (a *api) do(tb testing.TB, req *http.Request) answer {
	tb.Helper()
	return exchange(tb, a, req)
}

// exchange sends a request and holds the answer against the contract.
func exchange(tb testing.TB, to http.Handler, req *http.Request) answer {
	tb.Helper()
	got := send(tb, to, req)
	mustConform(tb, req, got)
	return got
}

func send(tb testing.TB, to http.Handler, req *http.Request) answer {
	tb.Helper()
	rec := httptest.NewRecorder()
	to.ServeHTTP(rec, req)
	got := answer{status: rec.Code, header: rec.Header(), body: rec.Body.Bytes()}
	if strings.HasPrefix(got.header.Get("Content-Type"), "application/json") {
		if err := json.Unmarshal(got.body, &got); err != nil {
			tb.Fatalf("%s %s: answer is not JSON: %v\n%s", req.Method, req.URL, err, got.body)
		}
		if got.Meta.RequestID != got.header.Get("X-Request-Id") {
			tb.Errorf("%s %s: meta.request_id %q is not the header's %q", req.Method, req.URL, got.Meta.RequestID, got.header.Get("X-Request-Id"))
		}
	}
	return got
}

// create calls an operation that must answer 201, and returns the new id.
func (a *api) create(tb testing.TB, key, path, body string) string {
	tb.Helper()
	got := a.call(tb, key, http.MethodPost, path, body)
	if got.status != http.StatusCreated {
		tb.Fatalf("POST %s: status %d\n%s", path, got.status, got.body)
	}
	return mustIDOf(tb, got)
}

func mustIDOf(tb testing.TB, got answer) string {
	tb.Helper()
	var data struct{ ID string }
	if err := json.Unmarshal(got.Data, &data); err != nil {
		tb.Fatal(err)
	}
	return data.ID
}

// document is the contract.
var document = sync.OnceValues(func() (*openapi3.T, error) {
	doc, err := gen.GetSpec()
	if err == nil {
		// The answers are asked for with the bare paths, too.
		doc.Servers = openapi3.Servers{{URL: "/api"}, {URL: "/"}}
	}
	return doc, err
})

func mustDocument(tb testing.TB) *openapi3.T {
	tb.Helper()
	doc, err := document()
	if err != nil {
		tb.Fatal(err)
	}
	return doc
}

var router = sync.OnceValues(func() (routers.Router, error) {
	doc, err := document()
	if err != nil {
		return nil, err
	}
	return legacy.NewRouter(doc)
})

// mustConform fails unless the answer is one that the contract declares for the
// operation, or the envelope where there is no operation.
func mustConform(tb testing.TB, req *http.Request, got answer) {
	tb.Helper()
	routes, err := router()
	if err != nil {
		tb.Fatal(err)
	}
	route, params, err := routes.FindRoute(&http.Request{Method: req.Method, URL: req.URL, Host: req.Host})
	// To this router a slash at the end is nothing, to ours another path.
	if err != nil || strings.HasSuffix(req.URL.Path, "/") {
		mustBeEnvelope(tb, got)
		return
	}
	input := &openapi3filter.ResponseValidationInput{
		RequestValidationInput: &openapi3filter.RequestValidationInput{Request: req, PathParams: params, Route: route},
		Status:                 got.status,
		Header:                 got.header,
		Options:                &openapi3filter.Options{IncludeResponseStatus: true, MultiError: true},
	}
	input.SetBodyBytes(got.body)
	if err := openapi3filter.ValidateResponse(context.Background(), input); err != nil {
		tb.Errorf("%s %s: answer %d breaks the contract: %v\n%s", req.Method, req.URL, got.status, err, got.body)
	}
	if response := route.Operation.Responses.Status(got.status); response != nil && got.Error.Code != "" {
		if !slices.Contains(errorCodes(response.Value), got.Error.Code) {
			tb.Errorf("%s %s: answer %d has the code %s, which it does not declare", req.Method, req.URL, got.status, got.Error.Code)
		}
		answered.Store(got.Error.shape(), true)
		answered.Store(response.Ref+" "+got.Error.Code, true)
	}
	reached.Store(reach{route.Operation.OperationID, got.status}, true)
}

func mustBeEnvelope(tb testing.TB, got answer) {
	tb.Helper()
	if got.status == http.StatusNoContent && got.header.Get("Allow") != "" && len(got.body) == 0 {
		return // to OPTIONS
	}
	var body any
	if err := json.Unmarshal(got.body, &body); err != nil {
		tb.Fatalf("answer %d is not JSON: %v\n%s", got.status, err, got.body)
	}
	if err := mustDocument(tb).Components.Schemas["ErrorEnvelope"].Value.VisitJSON(body); err != nil {
		tb.Errorf("answer %d is not the envelope: %v\n%s", got.status, err, got.body)
	}
}

// clock stands still until it is moved.
type clock struct {
	mu  sync.Mutex
	now time.Time
}

func (c *clock) Now() time.Time {
	c.mu.Lock()
	defer c.mu.Unlock()
	return c.now
}

func (c *clock) advance(d time.Duration) {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.now = c.now.Add(d)
}

type lockedBuffer struct {
	mu sync.Mutex
	b  bytes.Buffer
}

func (l *lockedBuffer) Write(p []byte) (int, error) {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.b.Write(p)
}

// take returns what was written since the last time.
func (l *lockedBuffer) take() string {
	l.mu.Lock()
	defer l.mu.Unlock()
	defer l.b.Reset()
	return l.b.String()
}

func (l *lockedBuffer) String() string {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.b.String()
}

const (
	newCompanyCustomer = `{"legal_name":"Panadería Ñandú S.L.","nif":"B12345674","address":{"street":"Calle Mayor","number":"12","postal_code":"28013","city":"Madrid","province":"Madrid","country":"España"}}`
	newPersonCustomer  = `{"legal_name":"Lucía García Peña","nif":"12345678Z","address":{"street":"Avenida del Mar","number":"3","postal_code":"46011","city":"Valencia","province":"Valencia","country":"España"}}`
)

func newDraft(customerID string) string {
	return `{"type":"STANDARD","recipient":{"customer_id":"` + customerID + `"},"lines":[{"description":"Pan","quantity":2,"unit_price":1.5}]}`
}

// mustSQLiteAPI is for what does not depend on the database.
func mustSQLiteAPI(tb testing.TB) *api {
	tb.Helper()
	return mustAPI(tb, store.Options{DataDir: tb.TempDir()})
}

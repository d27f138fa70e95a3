package server_test

import (
	"encoding/json"
	"fmt"
	"io"
	"net/http"
	"net/http/httptest"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/panal/panal/internal/census"
	"github.com/panal/panal/server"
	"github.com/panal/panal/store"
)

const validatePath = "/v1/nif/validate"

// verdict is the data of an answer.
type verdict struct {
	Valid       bool
	Status      string
	Message     string
	LegalName   *string `json:"legal_name"`
	ValidatedAt *string `json:"validated_at"`
}

// mustValidate calls the operation, which must answer 200.
func (a *api) mustValidate(tb testing.TB, key, number, name string) verdict {
	tb.Helper()
	got := a.call(tb, key, http.MethodPost, validatePath, nifRequest(tb, number, name))
	if got.status != http.StatusOK {
		tb.Fatalf("%q: status %d\n%s", number, got.status, got.body)
	}
	var v verdict
	if err := json.Unmarshal(got.Data, &v); err != nil {
		tb.Fatal(err)
	}
	return v
}

func nifRequest(tb testing.TB, number, name string) string {
	tb.Helper()
	body := map[string]string{"nif": number}
	if name != "" {
		body["legal_name"] = name
	}
	b, err := json.Marshal(body)
	if err != nil {
		tb.Fatal(err)
	}
	return string(b)
}

func (a *api) mustLiveKey(tb testing.TB) string {
	tb.Helper()
	c, err := a.store.CreateCompany(tb.Context(), store.NewCompany{Environment: store.Live, LegalName: "Viva S.L.", NIF: "B12345674"})
	if err != nil {
		tb.Fatal(err)
	}
	return a.mustKey(tb, c.ID, "nif:validate")
}

// withCensus is the same company behind a server whose census answers with handler.
func (a *api) withCensus(tb testing.TB, handler http.HandlerFunc) *api {
	tb.Helper()
	s := httptest.NewServer(handler)
	tb.Cleanup(s.Close)
	return a.with(tb, server.Options{Census: census.NewClient(census.Options{URL: s.URL, Token: "t0ken", Timeout: time.Minute})})
}

func says(body string) http.HandlerFunc {
	return func(w http.ResponseWriter, _ *http.Request) { _, _ = io.WriteString(w, body) }
}

// moment is the clock's, as it stands in answers.
var moment = new("2026-03-02T09:30:00Z")

func TestValidateNIF(t *testing.T) {
	eachDialect(t, func(t *testing.T, a *api) {
		test, live := a.mustKey(t, a.company.ID, "nif:validate"), a.mustLiveKey(t)

		t.Run("a number that cannot be one is invalid, and nobody is asked", func(t *testing.T) {
			a := a.withCensus(t, func(http.ResponseWriter, *http.Request) { t.Error("asked") })
			const shape = "The NIF must have the shape of a DNI, a NIE or the number of an entity"
			for number, message := range map[string]string{
				"12345678A": "The NIF must end in the control character Z", "B12345670": "The NIF must end in the control character 4",
				"x1234567a": "The NIF must end in the control character L", "F12345675": "The NIF must end in the control character 4 or D",
				"1": shape, "B1234567": shape, "B123456744": shape, "B-1234567": shape, "ESB12345674": shape, " B12345674": shape,
				"Ñ1234567": shape, "ſ12345678": shape, "        ": shape, "12345678": shape,
			} {
				for _, key := range []string{test, live} {
					if diff := cmp.Diff(verdict{Status: "INVALID", Message: message}, a.mustValidate(t, key, number, "")); diff != "" {
						t.Errorf("%q: %s", number, diff)
					}
				}
			}
		})

		t.Run("a natural person is validated with the name only", func(t *testing.T) {
			for _, body := range []string{
				`{"nif":"12345678Z"}`, `{"nif":"12345678z"}`, `{"nif":"12345678Z","legal_name":null}`, `{"nif":"12345678Z","legal_name":" \u00a0"}`,
			} {
				for _, key := range []string{test, live} {
					got := a.call(t, key, http.MethodPost, validatePath, body)
					if got.status != http.StatusUnprocessableEntity || got.Error.Code != "VALIDATION_ERROR" {
						t.Fatalf("%s: status %d\n%s", body, got.status, got.body)
					}
					if diff := cmp.Diff(map[string]any{"legal_name": "is required for natural persons"}, got.Error.Details); diff != "" {
						t.Errorf("%s: %s", body, diff)
					}
				}
			}
			for _, number := range []string{"B12345674", "X1234567L", "K1234567L"} {
				if v := a.mustValidate(t, live, number, ""); v.Status != "PENDING" {
					t.Errorf("%s without a name: %v, want PENDING", number, v)
				}
			}
		})

		t.Run("a body that breaks the contract is refused with its property", func(t *testing.T) {
			for body, want := range map[string]struct {
				status   int
				code     string
				property string
			}{
				`{}`:         {422, "VALIDATION_ERROR", "nif"},
				`{"nif":""}`: {422, "VALIDATION_ERROR", "nif"},
				`{"nif":"` + strings.Repeat("1", 21) + `"}`:                           {422, "VALIDATION_ERROR", "nif"},
				`{"nif":"B12345674","legal_name":""}`:                                 {422, "VALIDATION_ERROR", "legal_name"},
				`{"nif":"B12345674","legal_name":"` + strings.Repeat("ñ", 256) + `"}`: {422, "VALIDATION_ERROR", "legal_name"},
				`{"nif":12345678}`: {400, "INVALID_JSON_FORMAT", ""},
				`{"nif":null}`:     {400, "INVALID_JSON_FORMAT", ""},
				`{"nif":`:          {400, "INVALID_JSON_FORMAT", ""},
			} {
				got := a.call(t, test, http.MethodPost, validatePath, body)
				if got.status != want.status || got.Error.Code != want.code {
					t.Errorf("%.60s: status %d %s, want %d %s", body, got.status, got.Error.Code, want.status, want.code)
				}
				if _, ok := got.Error.Details[want.property]; want.property != "" && (!ok || len(got.Error.Details) != 1) {
					t.Errorf("%.60s: details %v, want %s", body, got.Error.Details, want.property)
				}
			}
		})

		t.Run("without a census a well-formed number is pending", func(t *testing.T) {
			want := verdict{Status: "PENDING", Message: "The NIF is well-formed; this server has no census to ask"}
			if diff := cmp.Diff(want, a.mustValidate(t, live, "b12345674", "")); diff != "" {
				t.Error(diff)
			}
		})

		t.Run("a test key gets the sandbox's answers and never reaches the census", func(t *testing.T) {
			a := a.withCensus(t, func(http.ResponseWriter, *http.Request) { t.Error("asked") })
			registered := verdict{Valid: true, Status: "VALID", Message: "The NIF is registered", ValidatedAt: moment}
			named, unnamed := registered, registered
			named.LegalName, unnamed.LegalName = new("Lucía García Peña"), new("EMPRESA DE PRUEBA SL")
			for _, tt := range []struct {
				number, name string
				want         verdict
			}{
				{"12345678Z", "Lucía García Peña", named},
				{"12345678z", "  Lucía García Peña ", named},
				{"B12345674", "", unnamed},
				{"B00000000", "", verdict{Status: "INVALID", Message: "The NIF is not registered, or not with this name"}},
				{"00000000T", "Ana", verdict{Status: "INVALID", Message: "The NIF is not registered, or not with this name"}},
				{"99999999R", "Ana", verdict{Status: "ERROR", Message: "The census failed to answer"}},
				{"00000098Y", "Ana", verdict{Status: "PENDING", Message: "The NIF is well-formed; the census could not be reached"}},
			} {
				if diff := cmp.Diff(tt.want, a.mustValidate(t, test, tt.number, tt.name)); diff != "" {
					t.Errorf("%s: %s", tt.number, diff)
				}
			}
		})

		t.Run("a live key gets what the census says", func(t *testing.T) {
			for body, want := range map[string]verdict{
				`{"status":"IDENTIFIED","legal_name":"GARCIA PEÑA LUCIA"}`: {Valid: true, Status: "VALID", Message: "The NIF is registered", LegalName: new("GARCIA PEÑA LUCIA"), ValidatedAt: moment},
				`{"status":"IDENTIFIED"}`:                                  {Valid: true, Status: "VALID", Message: "The NIF is registered", ValidatedAt: moment},
				`{"status":"IDENTIFIED_DEREGISTERED"}`:                     {Valid: true, Status: "VALID", Message: "The NIF is registered as struck off: it may receive invoices and not issue any", ValidatedAt: moment},
				`{"status":"IDENTIFIED_REVOKED","legal_name":"X"}`:         {Status: "INVALID", Message: "The NIF has been revoked"},
				`{"status":"NOT_IDENTIFIED","legal_name":"X"}`:             {Status: "INVALID", Message: "The NIF is not registered, or not with this name"},
				`{"status":"NOT_IDENTIFIED_SIMILAR","legal_name":"X"}`:     {Status: "INVALID", Message: "The NIF is registered with a similar name, not with this one"},
				`{"status":"Lucía"}`:                                       {Status: "ERROR", Message: "The census failed to answer"},
				`<html>Lucía 12345678Z`:                                    {Status: "ERROR", Message: "The census failed to answer"},
			} {
				if diff := cmp.Diff(want, a.withCensus(t, says(body)).mustValidate(t, live, "12345678Z", "Lucía García Peña")); diff != "" {
					t.Errorf("%s: %s", body, diff)
				}
			}
		})

		t.Run("the census is asked with capitals and the trimmed name", func(t *testing.T) {
			var asked string
			a := a.withCensus(t, func(w http.ResponseWriter, r *http.Request) {
				b, _ := io.ReadAll(r.Body)
				asked = r.Header.Get("Authorization") + " " + string(b)
				says(`{"status":"IDENTIFIED"}`)(w, r)
			})
			a.mustValidate(t, live, "12345678z", " Lucía ")
			if want := `Bearer t0ken {"nif":"12345678Z","legal_name":"Lucía"}`; asked != want {
				t.Errorf("asked %s, want %s", asked, want)
			}
		})

		t.Run("a census that fails is no failure of ours, and is left alone after five times", func(t *testing.T) {
			var asked atomic.Int32
			a := a.withCensus(t, func(w http.ResponseWriter, _ *http.Request) {
				asked.Add(1)
				http.Error(w, "Lucía 12345678Z", http.StatusInternalServerError)
			})
			for i := range 7 {
				want := verdict{Status: "ERROR", Message: "The census failed to answer"}
				if i >= 5 {
					want = verdict{Status: "PENDING", Message: "The NIF is well-formed; the census could not be reached"}
				}
				if diff := cmp.Diff(want, a.mustValidate(t, live, "12345678Z", "Lucía García Peña")); diff != "" {
					t.Errorf("call %d: %s", i+1, diff)
				}
			}
			if n := asked.Load(); n != 5 {
				t.Errorf("asked %d times, want 5", n)
			}
			// That the log has neither name nor number nor key is checked behind every test.
			if log := a.log.String(); !strings.Contains(log, "no answer from the census") || strings.Contains(log, "t0ken") {
				t.Errorf("the log does not say why, or too much:\n%s", log)
			}
		})

		t.Run("a census that is not there leaves the number pending", func(t *testing.T) {
			gone := httptest.NewServer(nil)
			gone.Close()
			a := a.with(t, server.Options{Census: census.NewClient(census.Options{URL: gone.URL, Timeout: time.Minute})})
			want := verdict{Status: "PENDING", Message: "The NIF is well-formed; the census could not be reached"}
			if diff := cmp.Diff(want, a.mustValidate(t, live, "12345678Z", "Lucía García Peña")); diff != "" {
				t.Error(diff)
			}
		})

		t.Run("a repetition under a key gets the first verdict without asking again", func(t *testing.T) {
			var asked atomic.Int32
			a := a.withCensus(t, func(w http.ResponseWriter, r *http.Request) {
				asked.Add(1)
				says(`{"status":"IDENTIFIED","legal_name":"GARCIA"}`)(w, r)
			})
			var first answer
			for i := range 2 {
				req := newRequest(live, http.MethodPost, validatePath, nifRequest(t, "12345678Z", "Lucía García Peña"))
				req.Header.Set("Idempotency-Key", "verdict-1")
				got := a.do(t, req)
				if i == 0 {
					first = got
				}
				if replay := got.header.Get("Idempotency-Replay") == "true"; got.status != http.StatusOK || string(got.Data) != string(first.Data) || replay != (i == 1) {
					t.Errorf("call %d: status %d, replay %v\n%s", i+1, got.status, replay, got.body)
				}
			}
			if n := asked.Load(); n != 1 {
				t.Errorf("asked %d times, want 1", n)
			}
		})

		t.Run("nothing but the scope of its own opens it", func(t *testing.T) {
			for key, want := range map[string]int{
				"": http.StatusUnauthorized, a.mustKey(t, a.company.ID, "customers:read", "customers:write"): http.StatusForbidden, test: http.StatusOK,
			} {
				if got := a.call(t, key, http.MethodPost, validatePath, `{"nif":"B12345674"}`); got.status != want {
					t.Errorf("status %d, want %d\n%s", got.status, want, got.body)
				}
			}
		})

		t.Run("nothing of what the API keeps changes", func(t *testing.T) {
			before := a.mustDump(t)
			a.mustValidate(t, test, "B12345674", "")
			a.mustValidate(t, live, "B12345674", "")
			if diff := cmp.Diff(before, a.mustDump(t)); diff != "" {
				t.Error(diff)
			}
		})
	})
}

func TestValidateNIFByItsShapeAlone(t *testing.T) {
	a := mustSQLiteAPI(t).with(t, server.Options{ShapeOnlyNIF: true})
	key := a.mustKey(t, a.company.ID, "nif:validate")
	if v := a.mustValidate(t, key, "12345678A", "Ana"); v.Status != "VALID" {
		t.Errorf("a wrong control character: %v, want VALID", v)
	}
	if v := a.mustValidate(t, key, "1234567A", "Ana"); v.Status != "INVALID" {
		t.Errorf("a wrong shape: %v, want INVALID", v)
	}
}

// What internal/altid proves for every country, here for those that stand for a
// rule each: customers and recipients are held to it alike.
func TestAlternativeIdentifiers(t *testing.T) {
	eachDialect(t, func(t *testing.T, a *api) {
		number := 0
		for rule, allowed := range map[string]string{
			"02": "FR EL GR XI", "03": "ES FR GB US", "04": "FR GB US", "05": "FR GB US", "06": "FR GB US", "07": "ES",
		} {
			for country := range strings.FieldsSeq("ES FR EL GR XI GB US") {
				want := http.StatusCreated
				// EL and XI are in no rule but that of 02: elsewhere they are countries as any other.
				if !strings.Contains(allowed, country) && (rule == "02" || rule == "07" || country == "ES") {
					want = http.StatusUnprocessableEntity
				}
				for path, body := range map[string]string{customersPath: foreignCustomer, invoicesPath: foreignInvoice} {
					number++
					prefix := map[string]string{invoicesPath: "recipient."}[path] + "alternative_id."
					body = with(t, with(t, body, prefix+"type", quote(rule)), prefix+"country_code", quote(country))
					body = with(t, body, prefix+"number", quote(fmt.Sprintf("N%d", number)))
					got := a.call(t, a.key, http.MethodPost, path, body)
					if got.status != want {
						t.Errorf("%s of %s at %s: status %d, want %d\n%s", rule, country, path, got.status, want, got.body)
					}
					if want == http.StatusUnprocessableEntity && (got.Error.Code != "ALTERNATIVE_ID_INVALID" || got.Error.Details[prefix+"type"] == nil) {
						t.Errorf("%s of %s at %s: %s", rule, country, path, got.body)
					}
				}
			}
		}
	})
}

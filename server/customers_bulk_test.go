package server_test

import (
	"encoding/json"
	"fmt"
	"net/http"
	"slices"
	"strconv"
	"strings"
	"sync"
	"testing"

	"github.com/google/go-cmp/cmp"
	"pgregory.net/rapid"
)

const bulkPath = customersPath + "/bulk"

func batch(rows ...string) string { return `{"customers":[` + strings.Join(rows, ",") + `]}` }

type rowError struct {
	Index          int
	Field, Message string
}

func mustRowErrors(tb testing.TB, got answer) []rowError {
	tb.Helper()
	var body struct {
		Error struct{ Errors []rowError }
	}
	if err := json.Unmarshal(got.body, &body); err != nil {
		tb.Fatal(err)
	}
	if got.status != http.StatusUnprocessableEntity || got.Error.Code != "BULK_VALIDATION_ERROR" || len(body.Error.Errors) == 0 {
		tb.Fatalf("status %d: %s", got.status, got.body)
	}
	return body.Error.Errors
}

func TestCreateCustomersBulk(t *testing.T) {
	eachDialect(t, func(t *testing.T, a *api) {
		t.Run("all are stored and come back as single ones do", func(t *testing.T) {
			data := mustData(t, a.call(t, a.key, post, bulkPath, batch(fullCustomer, foreignCustomer, newPersonCustomer)))
			if data["total_created"] != json.Number("3") {
				t.Errorf("total_created is %v", data["total_created"])
			}
			created, _ := data["customers"].([]any)
			ids := []string{}
			for i, body := range []string{fullCustomer, foreignCustomer, newPersonCustomer} {
				customer, _ := created[i].(map[string]any)
				if customer["legal_name"] != mustParse(t, body)["legal_name"] {
					t.Errorf("position %d has %v", i, customer["legal_name"])
				}
				if diff := cmp.Diff(a.mustGet(t, fmt.Sprint(customersPath, "/", customer["id"])), customer); diff != "" {
					t.Errorf("position %d (-read +created):\n%s", i, diff)
				}
				ids = append(ids, fmt.Sprint(customer["id"]))
			}
			a.call(t, a.key, del, bulkPath+"?ids="+strings.Join(ids, ","), "")
		})

		t.Run("every fault of every row is named, and nothing is stored", func(t *testing.T) {
			stored := a.create(t, a.key, customersPath, newPersonCustomer)
			taken := a.create(t, a.key, customersPath, foreignCustomer)
			before := a.mustDump(t)
			rows := []string{
				fullCustomer,
				with(t, with(t, fullCustomer, "legal_name", `""`), "email", `"nobody"`),
				with(t, newPersonCustomer, "nif", `"12345678A"`),
				newPersonCustomer,
				foreignCustomer,
				with(t, with(t, newPersonCustomer, "address.city", ""), "preferred_payment_method", `{"payment_term_days":99999999999999999999}`),
			}
			want := []rowError{
				{1, "email", "must be an e-mail address"},
				{1, "legal_name", "must have at least 1 character"},
				{1, "nif", "is the identifier of an earlier row"},
				{2, "nif", "must end in the control character Z"},
				{3, "nif", "is the identifier of another customer"},
				{4, "alternative_id", "is the identifier of another customer"},
				{5, "address.city", "is required"},
				{5, "nif", "is the identifier of an earlier row"},
				{5, "preferred_payment_method.payment_term_days", "must be at most 365"},
			}
			got := mustRowErrors(t, a.call(t, a.key, post, bulkPath, batch(rows...)))
			if diff := cmp.Diff(want, sorted(got)); diff != "" {
				t.Errorf("(-want +got):\n%s", diff)
			}
			v := mustValidation(t, a.call(t, a.key, post, bulkPath+"?dry_run=true", batch(rows...)))
			if diff := cmp.Diff([]string{"VALID", "ERROR", "NIF_INVALID", "DUPLICATE", "DUPLICATE", "ERROR"}, v.statuses()); diff != "" {
				t.Errorf("verdicts (-want +got):\n%s", diff)
			}
			if e := v.CustomersValidation[2].Errors[0]; e.Value != "12345678A" || e.Code != "NIF_INVALID_CONTROL_DIGIT" {
				t.Errorf("the wrong NIF is reported as %+v", e)
			}
			if rate := v.Statistics.SuccessRate; rate != "0.1667" {
				t.Errorf("success_rate is %s", rate)
			}
			if diff := cmp.Diff(before, a.mustDump(t)); diff != "" {
				t.Error("something was written:", diff)
			}
			// To the other company the identifiers are free.
			v = mustValidation(t, a.call(t, a.theirs, post, bulkPath+"?dry_run=true", batch(newPersonCustomer, foreignCustomer)))
			if diff := cmp.Diff([]string{"WARNING", "WARNING"}, v.statuses()); diff != "" {
				t.Errorf("the other company's verdicts (-want +got):\n%s", diff)
			}
			a.call(t, a.key, del, bulkPath+"?ids="+stored+","+taken, "")
		})

		t.Run("of two identifiers that must not be combined neither is a duplicate", func(t *testing.T) {
			both := with(t, newPersonCustomer, "alternative_id", `{"type":"03","number":"P1"}`)
			v := mustValidation(t, a.call(t, a.key, post, bulkPath+"?dry_run=true", batch(both, both)))
			for _, item := range v.CustomersValidation {
				if diff := cmp.Diff([]string{"alternative_id"}, item.fields()); item.Status != "ERROR" || diff != "" {
					t.Errorf("%s (-want +got):\n%s", item.Status, diff)
				}
			}
		})

		t.Run("a dry run says what was understood", func(t *testing.T) {
			v := mustValidation(t, a.call(t, a.key, post, bulkPath+"?dry_run=true", batch(newPersonCustomer, `{"nif":"12345678A","address":{}}`)))
			first := v.CustomersValidation[0]
			want := mustParse(t, with(t, newPersonCustomer, "address.country_code", `"ES"`))
			if diff := cmp.Diff(want, first.Customer); diff != "" || first.RowNumber != nil || first.CustomerID != nil || first.Index != 0 {
				t.Errorf("%+v (-want +got):\n%s", first, diff)
			}
			if len(first.Warnings) != 1 || first.Warnings[0].Field != "email" {
				t.Errorf("warnings %+v", first.Warnings)
			}
			if diff := cmp.Diff(map[string]any{"nif": "12345678A", "address": map[string]any{"country_code": "ES"}}, v.CustomersValidation[1].Customer); diff != "" {
				t.Errorf("the broken row (-want +got):\n%s", diff)
			}
			m := v.Metadata
			if m["source_type"] != "BULK_JSON" || m["is_dry_run"] != true || m["total_customers"] != 2.0 || m["filename"] != nil || m["total_rows"] != nil {
				t.Errorf("metadata %v", m)
			}
		})

		t.Run("what is not about a row refuses the request as everywhere", func(t *testing.T) {
			for body, want := range map[string]string{
				`{}`:                  "422 VALIDATION_ERROR customers",
				`{"customers":[]}`:    "422 VALIDATION_ERROR customers",
				`{"customers":[{}]}x`: "400 INVALID_JSON_FORMAT field",
				`{"customers":{}}`:    "400 INVALID_JSON_FORMAT field",
				`{"customers":[1]}`:   "400 INVALID_JSON_FORMAT field",
				batch(newPersonCustomer, with(t, newPersonCustomer, "nif", `7`)):                                                "400 INVALID_JSON_FORMAT field",
				batch(with(t, foreignCustomer, "alternative_id.type", `"09"`)):                                                  "400 INVALID_JSON_FORMAT field",
				`{"customers":[` + strings.Repeat(newPersonCustomer+",", 500) + newPersonCustomer + `]}`:                        "422 VALIDATION_ERROR customers",
				`{"customers":[` + strings.Repeat(newPersonCustomer+",", 500) + with(t, newPersonCustomer, "nif", `"x"`) + `]}`: "422 VALIDATION_ERROR customers",
			} {
				got := a.call(t, a.key, post, bulkPath, body)
				status, code, _ := strings.Cut(want, " ")
				code, field, _ := strings.Cut(code, " ")
				if strconv.Itoa(got.status) != status || got.Error.Code != code || got.Error.Details[field] == nil {
					t.Errorf("%.80s: status %d: %.300s", body, got.status, got.body)
				}
			}
			if got := a.call(t, a.key, post, bulkPath, batch(newPersonCustomer, with(t, newPersonCustomer, "nif", `7`))); got.Error.Details["field"] != "customers[1].nif" {
				t.Errorf("details %v", got.Error.Details)
			}
		})

		t.Run("as many as the contract allows", func(t *testing.T) {
			rows := make([]string, 500)
			for i := range rows {
				rows[i] = with(t, foreignCustomer, "alternative_id.number", fmt.Sprintf(`"M%d"`, i))
			}
			if data := mustData(t, a.call(t, a.key, post, bulkPath, batch(rows...))); data["total_created"] != json.Number("500") {
				t.Errorf("total_created is %v", data["total_created"])
			}
			if errs := mustRowErrors(t, a.call(t, a.key, post, bulkPath, batch(rows...))); len(errs) != 500 {
				t.Errorf("%d faults, want 500", len(errs))
			}
		})

		t.Run("a repetition under an idempotency key gets the first answer", func(t *testing.T) {
			for _, query := range []string{"?dry_run=true", ""} {
				req := func(rows ...string) *http.Request {
					r := newRequest(a.key, post, bulkPath+query, batch(rows...))
					r.Header.Set("Idempotency-Key", fmt.Sprint("bulk", len(query)))
					return r
				}
				first, second := a.do(t, req(fullCustomer)), a.do(t, req(fullCustomer))
				if string(first.Data) != string(second.Data) || second.status != first.status || first.status >= 300 || second.header.Get("Idempotency-Replay") != "true" {
					t.Errorf("first %d: %s\nsecond %d: %s", first.status, first.body, second.status, second.body)
				}
				if got := a.do(t, req(newPersonCustomer)); got.status != http.StatusConflict || got.Error.Code != "IDEMPOTENCY_KEY_MISMATCH" {
					t.Errorf("another body: status %d: %s", got.status, got.body)
				}
			}
		})
	})
}

func sorted(errs []rowError) []rowError {
	slices.SortFunc(errs, func(x, y rowError) int {
		if x.Index != y.Index {
			return x.Index - y.Index
		}
		return strings.Compare(x.Field, y.Field)
	})
	return errs
}

// Whatever the batch, the dry run foretells what the real run does.
func TestADryRunForetellsTheRealRun(t *testing.T) {
	eachDialect(t, func(t *testing.T, a *api) {
		a.create(t, a.key, customersPath, newPersonCustomer)
		a.create(t, a.key, customersPath, with(t, foreignCustomer, "alternative_id.number", `"TAKEN"`))
		a.create(t, a.theirs, customersPath, fullCustomer)
		generator := rapid.Custom(func(rt *rapid.T) string {
			row := foreignCustomer
			if rapid.Bool().Draw(rt, "spanish") {
				row = with(t, newPersonCustomer, "nif", quote(rapid.SampledFrom([]string{"12345678Z", "00000000T", "B12345674", "X1234567L", "12345678A", "abc"}).Draw(rt, "nif")))
			} else {
				row = with(t, row, "alternative_id.number", quote(rapid.SampledFrom([]string{"TAKEN", "FREE", "OTHER"}).Draw(rt, "number")))
				row = with(t, row, "alternative_id.country_code", rapid.SampledFrom([]string{"", `"FR"`, `"DE"`, `"ES"`}).Draw(rt, "country"))
			}
			row = with(t, row, "email", rapid.SampledFrom([]string{"null", `"ana@panaderia.example"`, `"nobody"`}).Draw(rt, "email"))
			if rapid.IntRange(0, 9).Draw(rt, "nameless") == 0 {
				row = with(t, row, "legal_name", rapid.SampledFrom([]string{"", `" "`, `""`}).Draw(rt, "name"))
			}
			return row
		})
		seen := map[string]int{}
		rapid.Check(t, func(rt *rapid.T) {
			body := batch(rapid.SliceOfN(generator, 1, 4).Draw(rt, "rows")...)
			before := a.mustDump(t)
			v := mustValidation(t, a.call(t, a.key, post, bulkPath+"?dry_run=true", body))
			if diff := cmp.Diff(before, a.mustDump(t)); diff != "" {
				rt.Fatal("the dry run has written:", diff)
			}
			s := v.Statistics
			if s.Valid+s.WithWarnings+s.WithErrors+s.Duplicates+s.InvalidNIFs != len(v.CustomersValidation) || s.Importable+s.NotImportable != s.TotalProcessed || s.Imported != 0 {
				rt.Fatalf("the numbers do not add up: %+v", s)
			}
			var foretold []rowError
			for _, item := range v.CustomersValidation {
				for _, e := range item.Errors {
					foretold = append(foretold, rowError{item.Index, e.Field, e.Message})
				}
				if (item.Status == "VALID" || item.Status == "WARNING") != (len(item.Errors) == 0) {
					rt.Fatalf("%s with %d faults", item.Status, len(item.Errors))
				}
				seen[item.Status]++
			}
			got := a.call(t, a.key, post, bulkPath, body)
			if s.NotImportable > 0 {
				if diff := cmp.Diff(foretold, mustRowErrors(t, got)); diff != "" {
					rt.Fatalf("faults (-foretold +real):\n%s", diff)
				}
				if diff := cmp.Diff(before, a.mustDump(t)); diff != "" {
					rt.Fatal("a refused batch has written:", diff)
				}
				return
			}
			seen["stored"]++
			created, _ := mustData(t, got)["customers"].([]any)
			ids := []string{}
			for _, c := range created {
				customer, _ := c.(map[string]any)
				ids = append(ids, fmt.Sprint(customer["id"]))
			}
			if len(ids) != s.TotalProcessed {
				rt.Fatalf("%d of %d are stored", len(ids), s.TotalProcessed)
			}
			a.call(t, a.key, del, bulkPath+"?ids="+strings.Join(ids, ","), "")
		})
		for _, status := range []string{"VALID", "WARNING", "ERROR", "DUPLICATE", "NIF_INVALID", "stored"} {
			if seen[status] == 0 && !testing.Short() { // then a fifth is drawn, and not always something of each
				t.Errorf("no batch was about %s", status)
			}
		}
	})
}

func TestBatchesAtOnceAreStoredOrRefused(t *testing.T) {
	eachDialect(t, func(t *testing.T, a *api) {
		rows := make([]string, 20)
		for i := range rows {
			rows[i] = with(t, foreignCustomer, "alternative_id.number", fmt.Sprintf(`"R%d"`, i))
		}
		answers := make([]answer, 8)
		var group sync.WaitGroup
		for i := range answers {
			group.Go(func() { answers[i] = a.call(t, a.key, post, bulkPath, batch(rows...)) })
		}
		group.Wait()
		stored := 0
		for _, got := range answers {
			if got.status == http.StatusCreated {
				stored++
				continue
			}
			if errs := mustRowErrors(t, got); len(errs) != len(rows) {
				t.Errorf("%d faults, want %d", len(errs), len(rows))
			}
		}
		if stored != 1 {
			t.Errorf("%d batches were stored, want 1", stored)
		}
	})
}

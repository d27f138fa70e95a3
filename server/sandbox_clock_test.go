package server_test

import (
	"encoding/json"
	"net/http"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
)

func TestSandboxClock(t *testing.T) {
	s := mustSandbox(t)
	now := func(tb testing.TB) time.Time {
		tb.Helper()
		var state struct{ Now time.Time }
		if err := json.Unmarshal(s.must(tb, http.StatusOK, http.MethodGet, clockPath, "").Data, &state); err != nil {
			tb.Fatal(err)
		}
		return state.Now
	}

	t.Run("a time that is set is the time of every answer and row, to the microsecond", func(t *testing.T) {
		s.reset(t)
		s.setClock(t, `{"now":"2026-03-02T10:30:00.123456789+01:00"}`)
		got := s.must(t, http.StatusCreated, http.MethodPost, customersPath, newPersonCustomer)
		const want = "2026-03-02T09:30:00.123456Z"
		if got.Meta.Timestamp != want || !strings.Contains(string(got.Data), `"created_at":"`+want+`"`) {
			t.Errorf("want %s: %s", want, got.body)
		}
	})

	t.Run("it moves as told, frozen or running", func(t *testing.T) {
		s.reset(t)
		s.setClock(t, `{"now":"2026-03-02T09:30:00Z"}`)
		s.setClock(t, `{"advance":"25h"}`)
		if got, want := now(t), time.Date(2026, 3, 3, 10, 30, 0, 0, time.UTC); !got.Equal(want) {
			t.Errorf("frozen and moved: %v, want %v", got, want)
		}
		s.setClock(t, `{"frozen":false}`)
		before := now(t)
		if later := now(t); !later.After(before) || later.Year() != 2026 || later.Month() != time.March {
			t.Errorf("running: %v after %v", later, before)
		}
		s.setClock(t, `{"advance":"-1h"}`)
		if got := now(t); !got.Before(before) {
			t.Errorf("moved back: %v, before it was %v", got, before)
		}
		s.setClock(t, `{"frozen":true}`)
		if first, second := now(t), now(t); !first.Equal(second) {
			t.Errorf("frozen: %v and then %v", first, second)
		}
		s.must(t, http.StatusOK, http.MethodDelete, clockPath, "")
		if away := time.Until(now(t)).Abs(); away > time.Hour {
			t.Errorf("the system's clock is %v away", away)
		}
	})

	t.Run("an idempotency key is kept for 24 hours of it", func(t *testing.T) {
		s.reset(t)
		s.setClock(t, `{"now":"2026-03-02T09:30:00Z"}`)
		replayed := func() bool {
			r := newRequest(sandboxKey, http.MethodPost, invoicesPath, newDraft("00000000-0000-7000-8000-000000000101"))
			r.Header.Set("Idempotency-Key", "one")
			got := exchange(t, s, r)
			if got.status != http.StatusCreated {
				t.Fatalf("status %d: %s", got.status, got.body)
			}
			return got.header.Get("Idempotency-Replay") == "true"
		}
		first := replayed()
		s.setClock(t, `{"advance":"23h59m59s"}`)
		second := replayed()
		s.setClock(t, `{"advance":"2s"}`)
		if diff := cmp.Diff([]bool{false, true, false}, []bool{first, second, replayed()}); diff != "" {
			t.Errorf("replayed (-want +got):\n%s", diff)
		}
	})

	t.Run("limits have windows of it", func(t *testing.T) {
		s.reset(t)
		s.setClock(t, `{"now":"2026-03-02T09:30:00Z"}`)
		took := func() (statuses []int) {
			for range 4 {
				statuses = append(statuses, exchange(t, s, form(t, sandboxKey, csvPath, file(csvHeader+csvRow("Ana", "12345678Z", "")))).status)
			}
			return statuses
		}
		want := []int{200, 200, 200, 429}
		if diff := cmp.Diff(want, took()); diff != "" {
			t.Errorf("-want +got:\n%s", diff)
		}
		s.setClock(t, `{"advance":"30m"}`)
		if diff := cmp.Diff(want, took()); diff != "" {
			t.Errorf("in the next hour, -want +got:\n%s", diff)
		}
	})

	t.Run("a key expires by it, at once", func(t *testing.T) {
		s.reset(t)
		for _, step := range []struct {
			now  string
			want int
		}{{"2025-12-31T23:59:59Z", 200}, {"2026-01-01T00:00:00Z", 401}, {"2025-12-31T23:59:59Z", 200}} {
			s.setClock(t, `{"now":"`+step.now+`"}`)
			if got := exchange(t, s, newRequest(expiredKey, http.MethodGet, customersPath, "")); got.status != step.want {
				t.Errorf("at %s: status %d, want %d", step.now, got.status, step.want)
			}
		}
	})

	t.Run("an invoice is dated by its day in Madrid", func(t *testing.T) {
		s.reset(t)
		s.setClock(t, `{"now":"2026-06-30T22:30:00Z"}`)
		got := s.must(t, http.StatusCreated, http.MethodPost, invoicesPath, newDraft("00000000-0000-7000-8000-000000000101"))
		if !strings.Contains(string(got.Data), `"issue_date":"2026-07-01"`) {
			t.Errorf("%s", got.body)
		}
	})

	t.Run("what it cannot show is refused, and it stays as it was", func(t *testing.T) {
		s.reset(t)
		s.setClock(t, `{"now":"2026-03-02T09:30:00Z"}`)
		for _, test := range []struct {
			body   string
			status int
			detail string
		}{
			{`{"now":"today"}`, 422, "now"},
			{`{"now":"2026-03-02"}`, 422, "now"},
			{`{"now":"1969-12-31T23:59:59Z"}`, 422, "now"},
			{`{"now":"3000-01-01T00:00:00Z"}`, 422, "now"},
			{`{"advance":"1 day"}`, 422, "advance"},
			{`{"advance":"-500000h"}`, 422, "now"},
			{`{"now":"2026-03-02T09:30:00Z","advance":"1h"}`, 422, "advance"},
			{`{}`, 422, "now"},
			{`{"time":"2026-03-02T09:30:00Z"}`, 422, "now"},
			{`{"frozen":"yes"}`, 400, "field"},
			{`{"now":1}`, 400, "field"},
			{`[]`, 400, "field"},
			{`{"now":`, 400, "field"},
		} {
			got := s.call(t, http.MethodPut, clockPath, test.body)
			if got.status != test.status || got.Error.Details[test.detail] == nil {
				t.Errorf("%s: status %d: %s", test.body, got.status, got.body)
			}
		}
		r := newRequest("", http.MethodPut, clockPath, `{"frozen":false}`)
		r.Header.Set("Content-Type", "text/plain")
		if got := exchange(t, s, r); got.status != http.StatusUnsupportedMediaType {
			t.Errorf("as text: status %d: %s", got.status, got.body)
		}
		if got, want := now(t), time.Date(2026, 3, 2, 9, 30, 0, 0, time.UTC); !got.Equal(want) {
			t.Errorf("it shows %v, want %v", got, want)
		}
	})
}

package store

import (
	"testing"
	"time"
)

func TestDate(t *testing.T) {
	t.Run("days are counted by the calendar", func(t *testing.T) {
		for _, test := range []struct {
			from Date
			days int
			want Date
		}{
			{"2025-12-31", 1, "2026-01-01"},
			{"2024-02-28", 1, "2024-02-29"},
			{"2025-02-28", 1, "2025-03-01"},
			{"2025-03-30", 30, "2025-04-29"},
			{"2025-01-01", -1, "2024-12-31"},
			{"2025-01-01", 0, "2025-01-01"},
		} {
			if got := test.from.AddDays(test.days); got != test.want {
				t.Errorf("%s and %d days is %s, want %s", test.from, test.days, got, test.want)
			}
		}
	})
	t.Run("only a day that exists is read", func(t *testing.T) {
		if d, err := ParseDate("2024-02-29"); err != nil || d != "2024-02-29" {
			t.Errorf("%s, %v", d, err)
		}
		for _, text := range []string{"", "2025-02-29", "2025-13-01", "2025-1-1", "01/02/2025", "2025-01-01T00:00:00Z"} {
			if d, err := ParseDate(text); err == nil {
				t.Errorf("%q was read as %s", text, d)
			}
		}
	})
	t.Run("both databases' forms are scanned, and nothing else", func(t *testing.T) {
		for _, src := range []any{"2025-08-01", time.Date(2025, 8, 1, 0, 0, 0, 0, time.UTC)} {
			var d Date
			if err := d.Scan(src); err != nil || d != "2025-08-01" {
				t.Errorf("%v: %s, %v", src, d, err)
			}
		}
		if err := new(Date).Scan(int64(1)); err == nil {
			t.Error("a number was scanned")
		}
	})
}

func TestTodayIsTheDayInMadrid(t *testing.T) {
	for utc, want := range map[string]Date{
		"2025-07-31T21:59:59Z": "2025-07-31", "2025-07-31T22:00:00Z": "2025-08-01", // summer time
		"2025-12-31T22:59:59Z": "2025-12-31", "2025-12-31T23:00:00Z": "2026-01-01", // winter time
	} {
		now, err := time.Parse(time.RFC3339, utc)
		if err != nil {
			t.Fatal(err)
		}
		s := mustOpen(t, Options{DataDir: t.TempDir(), Now: func() time.Time { return now }})
		if got := s.Today(); got != want {
			t.Errorf("at %s it is %s, want %s", utc, got, want)
		}
	}
}

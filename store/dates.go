package store

import (
	"database/sql/driver"
	"fmt"
	"time"
)

// Date is a day of the calendar, "2006-01-02": no time of day and no zone. It
// compares as text does.
type Date string

// DateOf is the day that t shows in its own zone.
func DateOf(t time.Time) Date { return Date(t.Format(time.DateOnly)) }

// ParseDate reads a day as it is written in JSON.
func ParseDate(s string) (Date, error) {
	t, err := time.Parse(time.DateOnly, s)
	if err != nil {
		return "", fmt.Errorf("date: want YYYY-MM-DD: %w", err)
	}
	return DateOf(t), nil
}

// Time is midnight UTC of the day; the zero time for an invalid Date.
func (d Date) Time() time.Time {
	t, err := time.Parse(time.DateOnly, string(d))
	if err != nil {
		return time.Time{}
	}
	return t
}

// AddDays is the day n days later.
func (d Date) AddDays(n int) Date { return DateOf(d.Time().AddDate(0, 0, n)) }

// Value implements driver.Valuer.
func (d Date) Value() (driver.Value, error) { return string(d), nil }

// Scan implements sql.Scanner for both databases: PostgreSQL's date arrives as
// a time, SQLite's as text.
func (d *Date) Scan(src any) error {
	switch v := src.(type) {
	case time.Time:
		*d = DateOf(v)
	case string:
		*d = Date(v)
	default:
		return fmt.Errorf("date: cannot scan %T", src)
	}
	return nil
}

// Today is the current day in Europe/Madrid, which is the day that the law
// means for an invoice, wherever the server runs.
func (s *Store) Today() Date { return s.today(s.now()) }

func (s *Store) today(now time.Time) Date { return DateOf(now.In(s.madrid)) }

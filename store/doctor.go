package store

import (
	"context"
	"errors"
	"fmt"
	"strings"
)

// Verdict says how bad a finding is.
type Verdict string

// The verdicts: nothing to do; works, but look at it; does not work.
const (
	OK   Verdict = "ok"
	Warn Verdict = "warn"
	Fail Verdict = "fail"
)

// Finding is what an examination found out about one thing.
type Finding struct {
	Name    string  `json:"name"`
	Verdict Verdict `json:"verdict"`
	Detail  string  `json:"detail"`
	Advice  string  `json:"advice,omitempty"` // what to do
}

// Examine looks at the database that o leads to, and neither changes nor makes it.
// What it says never has the password.
func Examine(ctx context.Context, o Options) []Finding {
	if o.DatabaseURL == "" {
		return examineSQLite(ctx, o)
	}
	s, err := Open(ctx, o)
	if err != nil {
		detail := strings.Join(strings.Fields(err.Error()), " ") // the driver's has a line for each address
		return []Finding{{"database", Fail, detail, "check DATABASE_URL, that PostgreSQL runs, and what its log says"}}
	}
	findings := s.examinePostgres(ctx)
	if err := s.Close(); err != nil {
		findings = append(findings, Finding{"database", Fail, err.Error(), ""})
	}
	return findings
}

// examineSchema compares the schema's version with this program's.
func (s *Store) examineSchema(ctx context.Context) Finding {
	err := s.Ready(ctx)
	switch {
	case err == nil:
		return Finding{"schema", OK, fmt.Sprintf("version %d, as this program needs it", schemaVersion), ""}
	case errors.Is(err, ErrSchemaTooNew):
		return Finding{"schema", Fail, err.Error(), "install the version of Panal that migrated it, or a later one"}
	case errors.Is(err, ErrSchemaTooOld):
		return Finding{
			"schema", Warn, fmt.Sprintf("older than version %d, which this program needs", schemaVersion),
			`make a backup; "panal migrate" and "panal serve" bring it up to date`,
		}
	case errors.Is(err, ErrUnavailable):
		return Finding{"schema", Fail, err.Error(), "see whether the database is overloaded or locked"}
	}
	return Finding{"schema", Warn, "the database is empty", `"panal migrate" and "panal serve" set it up`}
}

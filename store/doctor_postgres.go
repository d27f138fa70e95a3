package store

import (
	"context"
	"fmt"
	"slices"
	"strings"
	"time"
)

const (
	oldestPostgres = 150000
	// Answers carry times of this machine, limits of an hour are counted by it.
	clockWarn = 2 * time.Second
	clockFail = time.Minute
)

func (s *Store) examinePostgres(ctx context.Context) []Finding {
	var facts struct {
		Version, Encoding   string
		VersionNumber       int
		ReadOnly, CanCreate bool
		Now                 time.Time
		Most, Used          int
	}
	asked := time.Now()
	err := s.read.WithContext(ctx).Raw(`SELECT
		current_setting('server_version') AS version,
		current_setting('server_version_num')::int AS version_number,
		current_setting('server_encoding') AS encoding,
		pg_is_in_recovery() OR current_setting('transaction_read_only')::bool AS read_only,
		has_database_privilege(current_database(), 'CREATE') AS can_create,
		clock_timestamp() AS now,
		least(
			current_setting('max_connections')::int - current_setting('superuser_reserved_connections')::int,
			(SELECT nullif(datconnlimit, -1) FROM pg_database WHERE datname = current_database()),
			(SELECT nullif(rolconnlimit, -1) FROM pg_roles WHERE rolname = current_user)) AS most,
		(SELECT sum(numbackends) FROM pg_stat_database) AS used`).Scan(&facts).Error
	if err != nil {
		return []Finding{{"database", Fail, err.Error(), "Panal needs PostgreSQL 15 or newer"}}
	}
	elapsed := time.Since(asked)

	database := Finding{"database", OK, "PostgreSQL " + facts.Version, ""}
	switch {
	case facts.VersionNumber < oldestPostgres:
		database.Verdict, database.Advice = Fail, "Panal needs PostgreSQL 15 or newer"
	case facts.Encoding != "UTF8":
		database.Verdict, database.Detail = Fail, "its encoding is "+facts.Encoding
		database.Advice = "create the database with ENCODING 'UTF8' TEMPLATE template0"
	case facts.ReadOnly:
		database.Verdict, database.Detail, database.Advice = Fail, "it is read-only", "name the primary server, not a standby"
	}
	return []Finding{
		database,
		s.examinePooler(ctx),
		s.examineExtensions(ctx, facts.CanCreate),
		s.examineSchema(ctx),
		examineClock(asked.Add(elapsed/2), facts.Now, elapsed),
		s.examineConnections(facts.Used, facts.Most),
	}
}

// examinePooler also says whether a pooler's sessions have our settings, for which
// we can do nothing.
func (s *Store) examinePooler(ctx context.Context) Finding {
	if !s.pooled {
		return Finding{"pooler", OK, "none, the connections are direct", ""}
	}
	var wrong, statements []string
	for name, want := range sessionSettings {
		var got string
		if err := s.read.WithContext(ctx).Raw("SELECT current_setting(?)", name).Scan(&got).Error; err != nil {
			return Finding{"pooler", Fail, err.Error(), "see the pooler's log"}
		}
		if got != want {
			wrong = append(wrong, fmt.Sprintf("%s is %s", name, got))
			statements = append(statements, fmt.Sprintf("ALTER ROLE CURRENT_USER SET %s = '%s';", name, want))
		}
	}
	if wrong == nil {
		return Finding{"pooler", OK, "there is one, and its sessions have our settings", ""}
	}
	slices.Sort(wrong)
	slices.Sort(statements)
	return Finding{
		"pooler", Warn, "there is one, and in its sessions " + strings.Join(wrong, ", "),
		"run " + strings.Join(statements, " ") + " and restart the pooler",
	}
}

func (s *Store) examineExtensions(ctx context.Context, canCreate bool) Finding {
	var found []struct {
		Name      string
		Installed bool
	}
	err := s.read.WithContext(ctx).Raw(`SELECT name, installed_version IS NOT NULL AS installed
		FROM pg_available_extensions WHERE name IN ('pg_trgm', 'btree_gin')`).Scan(&found).Error
	if err != nil {
		return Finding{"extensions", Fail, err.Error(), ""}
	}
	installed := 0
	for _, extension := range found {
		if extension.Installed {
			installed++
		}
	}
	switch {
	case len(found) < 2:
		return Finding{"extensions", Fail, "the server lacks pg_trgm or btree_gin", "install PostgreSQL's contrib package on its machine"}
	case installed == 2:
		return Finding{"extensions", OK, "pg_trgm and btree_gin are installed", ""}
	case canCreate:
		return Finding{"extensions", OK, "pg_trgm and btree_gin are there to be installed by the first migration", ""}
	}
	return Finding{
		"extensions", Fail, "the role may not install pg_trgm and btree_gin in this database",
		"as the database's owner, run CREATE EXTENSION pg_trgm; CREATE EXTENSION btree_gin; or GRANT CREATE ON DATABASE to the role",
	}
}

// examineClock allows for the time that the question and the answer took.
func examineClock(ours, theirs time.Time, elapsed time.Duration) Finding {
	apart := theirs.Sub(ours).Abs()
	certain := apart - elapsed/2
	f := Finding{"clock", OK, fmt.Sprintf("%v apart from the database's", apart.Round(time.Millisecond)), ""}
	switch {
	case certain >= clockFail:
		f.Verdict = Fail
	case certain >= clockWarn:
		f.Verdict = Warn
	}
	if f.Verdict != OK {
		f.Advice = "let both machines take the time from NTP"
	}
	return f
}

// examineConnections compares the most that one process opens with what there is.
func (s *Store) examineConnections(used, most int) Finding {
	pool, err := s.write.DB()
	if err != nil {
		return Finding{"connections", Fail, err.Error(), ""}
	}
	conns := pool.Stats().MaxOpenConnections
	f := Finding{"connections", OK, fmt.Sprintf("up to %d for each process; the server allows %d, and %d are open now", conns, most, used), ""}
	switch {
	case s.pooled:
		f.Detail = fmt.Sprintf("up to %d for each process, to the pooler; its own are up to its configuration", conns)
	case conns > most:
		f.Verdict, f.Advice = Fail, "lower PANAL_DB_MAX_CONNS, or raise max_connections or the limit of the role or the database"
	case conns > most-used:
		f.Verdict, f.Advice = Warn, "this process may find none left: lower PANAL_DB_MAX_CONNS, raise max_connections, or put PgBouncer in between"
	}
	return f
}

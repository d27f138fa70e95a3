package store

import (
	"context"
	"database/sql"
	"errors"
	"fmt"
	"runtime"
	"strings"
	"time"

	"github.com/google/uuid"
	"github.com/jackc/pgx/v5"
	"github.com/jackc/pgx/v5/pgconn"
	"github.com/jackc/pgx/v5/pgtype"
	"github.com/jackc/pgx/v5/stdlib"
	"github.com/shopspring/decimal"
	"gorm.io/driver/postgres"
	"gorm.io/gorm"
)

type dialect string

const (
	dialectPostgres dialect = "postgres"
	dialectSQLite   dialect = "sqlite"
)

// pgDialector is GORM's own with our translation of errors.
type pgDialector struct{ *postgres.Dialector }

func (s *Store) openPostgres(ctx context.Context, o Options) error {
	s.dialect, s.errors = dialectPostgres, pgDialector{}
	config, err := pgx.ParseConfig(o.DatabaseURL)
	if err != nil {
		// The parser's message repeats the URL, and can only guess where a
		// password stands in one that it does not understand.
		return errors.New("the database URL is not valid, it should look like postgres://user:password@host:5432/name")
	}
	if _, set := config.RuntimeParams["application_name"]; !set {
		config.RuntimeParams["application_name"] = "panal"
	}
	if s.pooled, err = pooled(ctx, config); err != nil {
		return s.errors.Translate(err) //nolint:wrapcheck // Open does
	}
	if s.pooled {
		// The next statement may go to another connection, which knows nothing
		// of those that were prepared or set on the one before.
		config.DefaultQueryExecMode = pgx.QueryExecModeCacheDescribe
	} else {
		for name, value := range sessionSettings {
			if _, set := config.RuntimeParams[name]; !set {
				config.RuntimeParams[name] = value
			}
		}
	}
	s.pgConfig = config
	pool := stdlib.OpenDB(*config, stdlib.OptionAfterConnect(setTypes))
	conns := o.MaxConns
	if conns <= 0 {
		conns = max(8, 2*runtime.NumCPU())
	}
	pool.SetMaxOpenConns(conns)
	pool.SetMaxIdleConns(conns)
	pool.SetConnMaxIdleTime(5 * time.Minute)
	s.write, err = connect(ctx, pool, newPGDialector(pool))
	s.read = s.write
	return err
}

// sessionSettings are what our sessions are to have. Behind a pooler it is for
// the role to have them, because the pooler's sessions are not ours.
var sessionSettings = map[string]string{
	// Compiling a plan takes longer than any of ours takes to run, and it is an
	// estimate that decides.
	"jit":                                 "off",
	"lock_timeout":                        "5s",
	"idle_in_transaction_session_timeout": "1min",
}

// pooled reports whether PgBouncer or the like stands in between. It introduces
// itself with a process id of its own, not with that of the server's process.
func pooled(ctx context.Context, config *pgx.ConnConfig) (bool, error) {
	conn, err := pgx.ConnectConfig(ctx, config)
	if err != nil {
		return false, fmt.Errorf("connect: %w", err)
	}
	var pid uint32
	err = conn.QueryRow(ctx, "SELECT pg_backend_pid()", pgx.QueryExecModeExec).Scan(&pid)
	return pid != conn.PgConn().PID(), errors.Join(err, conn.Close(ctx))
}

func newPGDialector(pool *sql.DB) pgDialector {
	return pgDialector{&postgres.Dialector{Config: &postgres.Config{Conn: pool}}}
}

// planForValues has a query planned for its values each time. From the sixth
// time on a prepared one may be planned for any values instead, and for any
// word and any page it seems cheapest to read the whole table.
func planForValues(q fragment) fragment {
	q.args = append([]any{pgx.QueryExecModeCacheDescribe}, q.args...)
	return q
}

// setTypes has times read in UTC, and ids sent and read as the 16 bytes that they are.
func setTypes(_ context.Context, conn *pgx.Conn) error {
	types := conn.TypeMap()
	types.RegisterType(&pgtype.Type{
		Name:  "timestamptz",
		OID:   pgtype.TimestamptzOID,
		Codec: &pgtype.TimestamptzCodec{ScanLocation: time.UTC},
	})
	types.RegisterType(&pgtype.Type{Name: "uuid", OID: pgtype.UUIDOID, Codec: uuidCodec{}})
	types.RegisterType(&pgtype.Type{Name: "numeric", OID: pgtype.NumericOID, Codec: numericCodec{}})
	types.TryWrapEncodePlanFuncs = append([]pgtype.TryWrapEncodePlanFunc{wrapUUID}, types.TryWrapEncodePlanFuncs...)
	return nil
}

// wrapUUID tells pgx what a uuid.UUID is. It would find out that this has a Value
// to send as text, but for each value only after failing to send that in binary.
func wrapUUID(value any) (pgtype.WrappedEncodePlanNextSetter, any, bool) {
	id, ok := value.(uuid.UUID)
	return &uuidPlan{}, pgtype.UUID{Bytes: id, Valid: true}, ok
}

type uuidPlan struct{ pgtype.EncodePlan }

// SetNext implements pgtype.WrappedEncodePlanNextSetter.
func (p *uuidPlan) SetNext(next pgtype.EncodePlan) { p.EncodePlan = next }

// Encode implements pgtype.EncodePlan.
func (p *uuidPlan) Encode(value any, buf []byte) ([]byte, error) {
	_, id, _ := wrapUUID(value)
	return p.EncodePlan.Encode(id, buf) //nolint:wrapcheck // between pgx and pgx
}

// uuidCodec reads a uuid.UUID. pgx would hand it text, since it has a Scan.
type uuidCodec struct{ pgtype.UUIDCodec }

// PlanScan implements pgtype.Codec.
func (c uuidCodec) PlanScan(types *pgtype.Map, oid uint32, format int16, target any) pgtype.ScanPlan {
	if _, ok := target.(*uuid.UUID); ok && format == pgtype.BinaryFormatCode {
		return scanUUID{}
	}
	return c.UUIDCodec.PlanScan(types, oid, format, target)
}

type scanUUID struct{}

// Scan implements pgtype.ScanPlan.
func (scanUUID) Scan(src []byte, target any) error {
	id, ok := target.(*uuid.UUID)
	if !ok || len(src) != len(id) {
		return fmt.Errorf("%d bytes for %T", len(src), target)
	}
	copy(id[:], src)
	return nil
}

// numericCodec reads a decimal.Decimal, which pgx would hand text, too.
type numericCodec struct{ pgtype.NumericCodec }

// PlanScan implements pgtype.Codec.
func (c numericCodec) PlanScan(types *pgtype.Map, oid uint32, format int16, target any) pgtype.ScanPlan {
	if _, ok := target.(*decimal.Decimal); ok && format == pgtype.BinaryFormatCode {
		return scanDecimal{c.NumericCodec.PlanScan(types, oid, format, &pgtype.Numeric{})}
	}
	return c.NumericCodec.PlanScan(types, oid, format, target)
}

type scanDecimal struct{ numeric pgtype.ScanPlan }

// Scan implements pgtype.ScanPlan.
func (s scanDecimal) Scan(src []byte, target any) error {
	var n pgtype.Numeric
	if err := s.numeric.Scan(src, &n); err != nil {
		return err //nolint:wrapcheck // between pgx and pgx
	}
	d, ok := target.(*decimal.Decimal)
	if !ok || n.Int == nil { // null, infinite, or not a number
		return fmt.Errorf("no number for %T", target)
	}
	*d = decimal.NewFromBigInt(n.Int, n.Exp)
	return nil
}

// Translate turns what PostgreSQL and its driver report into this package's
// errors. SQLSTATE names the kind; see the manual's appendix of error codes.
func (pgDialector) Translate(err error) error {
	var pg *pgconn.PgError
	switch {
	case !errors.As(err, &pg):
		// What never left this machine, on a connection found dead.
		if err = translate(err); pgconn.SafeToRetry(err) && !errors.Is(err, context.Canceled) && !errors.Is(err, ErrUnavailable) {
			return unavailable(err)
		}
		return err
	case pg.Code == "23505":
		return &violation{kind: gorm.ErrDuplicatedKey, index: pg.ConstraintName}
	case pg.Code == "23503":
		return &violation{kind: gorm.ErrForeignKeyViolated}
	case strings.HasPrefix(pg.Code, "22"):
		// The message of a data exception quotes the value.
		return fmt.Errorf("postgres refused a value (SQLSTATE %s)", pg.Code)
	case postgresRetryable(err), postgresUnavailable(pg.Code):
		return unavailable(err)
	}
	return translate(err)
}

func postgresRetryable(err error) bool {
	var pg *pgconn.PgError
	return errors.As(err, &pg) && (pg.Code == "40001" || pg.Code == "40P01")
}

func postgresUnavailable(code string) bool {
	switch code {
	case "55P03", // lock_not_available
		"57014",                            // query_canceled, by statement_timeout
		"57P01", "57P02", "57P03", "57P05", // the server ends connections or is starting
		"25P03": // idle_in_transaction_session_timeout
		return true
	}
	// Class 08: connection exception; class 53: insufficient resources.
	return strings.HasPrefix(code, "08") || strings.HasPrefix(code, "53")
}

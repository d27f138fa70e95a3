package store

import (
	"errors"
	"testing"

	"github.com/google/uuid"
	"github.com/jackc/pgx/v5/pgtype"
	"github.com/jackc/pgx/v5/stdlib"
	"github.com/shopspring/decimal"
)

// What goes around GORM does not pass through its translation of errors.
func TestReadingFromAClosedDatabaseFindsItUnavailable(t *testing.T) {
	t.Parallel()
	for _, d := range dialects {
		t.Run(string(d), func(t *testing.T) {
			t.Parallel()
			s, err := Open(t.Context(), migratedOptions(t, d))
			if err != nil {
				t.Fatal(err)
			}
			c := mustCreateCustomer(t, s, mustCreateCompany(t, s).ID, customer())
			if err := s.Close(); err != nil {
				t.Fatal(err)
			}
			if _, err := s.GetCustomer(t.Context(), c.CompanyID, c.ID); !errors.Is(err, ErrUnavailable) {
				t.Errorf("GetCustomer: %v", err)
			}
			if _, _, err := s.ListCustomers(t.Context(), c.CompanyID, CustomerFilter{Limit: 1}); !errors.Is(err, ErrUnavailable) {
				t.Errorf("ListCustomers: %v", err)
			}
			if _, err := s.UpdateCustomer(t.Context(), c.CompanyID, c.ID, CustomerUpdate{}); !errors.Is(err, ErrUnavailable) {
				t.Errorf("UpdateCustomer: %v", err)
			}
		})
	}
}

func TestIDsForPostgres(t *testing.T) {
	s := mustOpen(t, migratedOptions(t, dialectPostgres))
	pool, err := s.write.DB()
	if err != nil {
		t.Fatal(err)
	}
	conn, err := pool.Conn(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	defer conn.Close()
	var types *pgtype.Map
	err = conn.Raw(func(driver any) error {
		types = driver.(*stdlib.Conn).Conn().TypeMap() //nolint:forcetypeassert,errcheck // this package opens no other
		return nil
	})
	if err != nil {
		t.Fatal(err)
	}
	id := uuid.New()
	t.Run("are the same in each form that it takes", func(t *testing.T) {
		for _, as := range []struct {
			oid    uint32
			format int16
			want   string
		}{
			{pgtype.UUIDOID, pgtype.BinaryFormatCode, string(id[:])},
			{pgtype.UUIDOID, pgtype.TextFormatCode, id.String()},
			{pgtype.TextOID, pgtype.TextFormatCode, id.String()},
		} {
			for _, value := range []any{id, &id} {
				got, err := types.Encode(as.oid, as.format, value, nil)
				if err != nil || string(got) != as.want {
					t.Errorf("%T becomes %q, want %q: %v", value, got, as.want, err)
				}
			}
			if got, err := types.Encode(as.oid, as.format, (*uuid.UUID)(nil), nil); err != nil || got != nil {
				t.Errorf("nil becomes %q: %v", got, err)
			}
		}
	})
	t.Run("are sent without making text of them first", func(t *testing.T) {
		buf := make([]byte, 0, 64)
		n := testing.AllocsPerRun(1000, func() { _, err = types.Encode(pgtype.UUIDOID, pgtype.BinaryFormatCode, id, buf) })
		if err != nil || n > 3 {
			t.Errorf("%v allocations: %v", n, err)
		}
	})
}

func TestDecimalsOfPostgres(t *testing.T) {
	t.Parallel()
	s := mustOpen(t, migratedOptions(t, dialectPostgres))
	read := func(text string) (d decimal.Decimal, err error) {
		err = s.query(t.Context(), s.read, "none", fragment{text: "SELECT CAST(" + text + " AS numeric)"}, func(r row) error {
			return r.Scan(&d)
		})
		return d, err
	}
	for _, number := range []string{"0", "0.00", "100", "21.50", "-0.0001", "12345678901234567890.123456789", "1e20"} {
		if got, err := read("'" + number + "'"); err != nil || !got.Equal(decimal.RequireFromString(number)) {
			t.Errorf("%s is read as %s: %v", number, got, err)
		}
	}
	for _, none := range []string{"'NaN'", "NULL"} {
		if got, err := read(none); err == nil {
			t.Errorf("%s is read as %s", none, got)
		}
	}
}

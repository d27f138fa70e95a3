package store

import (
	"context"
	"fmt"
	"os"
	"sync/atomic"
	"testing"
	"time"

	"github.com/google/uuid"
	"github.com/shopspring/decimal"

	"github.com/panal/panal/internal/testpg"
)

var dialects = []dialect{dialectSQLite, dialectPostgres}

func TestMain(m *testing.M) { os.Exit(testpg.Main(m)) }

// migrated is the PostgreSQL database that tests copy.
var migrated = testpg.NewTemplate(func(url string) error {
	ctx := context.Background()
	s, err := Open(ctx, Options{DatabaseURL: url})
	if err != nil {
		return err
	}
	if _, err := s.Migrate(ctx); err != nil {
		return err
	}
	return s.Close()
})

// clock starts on a summer evening on which Madrid is already in the next day
// and moves only when a test moves it.
type clock struct{ offset atomic.Int64 }

var start = time.Date(2025, 7, 31, 22, 30, 0, 123456789, time.UTC)

func (c *clock) Now() time.Time          { return start.Add(time.Duration(c.offset.Load())) }
func (c *clock) Advance(d time.Duration) { c.offset.Add(int64(d)) }

// eachDialect runs a test on a new, migrated database of each kind.
func eachDialect(t *testing.T, test func(t *testing.T, s *Store)) {
	t.Helper()
	for _, d := range dialects {
		t.Run(string(d), func(t *testing.T) {
			t.Parallel()
			test(t, mustOpen(t, migratedOptions(t, d)))
		})
	}
}

// migratedOptions leads to a new, migrated database with a clock of its own.
func migratedOptions(tb testing.TB, d dialect) Options {
	tb.Helper()
	o := emptyOptions(tb, d)
	if d == dialectPostgres {
		o.DatabaseURL = migrated.URL(tb)
		return o
	}
	s := mustOpen(tb, o)
	if _, err := s.Migrate(tb.Context()); err != nil {
		tb.Fatal(err)
	}
	return o
}

func emptyOptions(tb testing.TB, d dialect) Options {
	tb.Helper()
	o := Options{Now: new(clock).Now}
	if d == dialectPostgres {
		o.DatabaseURL = testpg.URL(tb)
	} else {
		o.DataDir = tb.TempDir()
	}
	return o
}

func mustOpen(tb testing.TB, o Options) *Store {
	tb.Helper()
	s, err := Open(tb.Context(), o)
	if err != nil {
		tb.Fatal(err)
	}
	tb.Cleanup(func() {
		if err := s.Close(); err != nil {
			tb.Error(err)
		}
	})
	return s
}

func mustCreateCompany(tb testing.TB, s *Store) Company {
	tb.Helper()
	c, err := s.CreateCompany(tb.Context(), NewCompany{
		Environment: Test, LegalName: "Panadería Núñez, S.L.", NIF: "B12345674", Address: address("Sevilla"),
	})
	if err != nil {
		tb.Fatal(err)
	}
	return c
}

func mustCreateCustomer(tb testing.TB, s *Store, companyID uuid.UUID, n NewCustomer) Customer {
	tb.Helper()
	c, err := s.CreateCustomer(tb.Context(), companyID, n)
	if err != nil {
		tb.Fatal(err)
	}
	return c
}

func mustCreateInvoice(tb testing.TB, s *Store, companyID uuid.UUID, n NewInvoice) Invoice {
	tb.Helper()
	i, err := s.CreateInvoice(tb.Context(), companyID, n)
	if err != nil {
		tb.Fatal(err)
	}
	return i
}

func mustDeactivate(tb testing.TB, s *Store, c Customer) {
	tb.Helper()
	if err := s.DeactivateCustomer(tb.Context(), c.CompanyID, c.ID); err != nil {
		tb.Fatal(err)
	}
}

func mustExec(tb testing.TB, s *Store, query string, args ...any) {
	tb.Helper()
	if err := s.write.Exec(query, args...).Error; err != nil {
		tb.Fatalf("%s: %v", query, err)
	}
}

func mustCount(tb testing.TB, s *Store, query string, args ...any) int {
	tb.Helper()
	var n int
	if err := s.read.Raw(query, args...).Scan(&n).Error; err != nil {
		tb.Fatalf("%s: %v", query, err)
	}
	return n
}

func address(city string) Address {
	return Address{
		Street: "Calle Mayor", Number: "1", PostalCode: "41001", City: city,
		Province: city, Country: "España", CountryCode: "ES",
	}
}

var customers atomic.Int64

// customer is a customer with a name and an identifier of its own.
func customer() NewCustomer {
	nif := fmt.Sprintf("%08dZ", customers.Add(1))
	return NewCustomer{LegalName: "Cliente " + uuid.NewString(), NIF: &nif, Address: address("Madrid")}
}

func invoiceFor(c Customer) NewInvoice {
	n := invoice()
	n.CustomerID = &c.ID
	return n
}

// invoice is for a recipient who is no customer.
func invoice() NewInvoice {
	hundred := decimal.NewFromInt(100)
	return NewInvoice{
		Type:      InvoiceStandard,
		Recipient: &Recipient{LegalName: "Paso, S.L.", NIF: new("B12345674")},
		Lines: []InvoiceLine{{
			Description: "Pan", Quantity: decimal.NewFromInt(1), Unit: "hours", UnitPrice: hundred,
			MainTax: Tax{Type: "IVA", RegimeKey: "01"}, TaxableBase: hundred, LineTotal: hundred,
		}},
		Totals: InvoiceTotals{TaxableBase: hundred, InvoiceTotal: hundred},
	}
}

// mustFill adds n customers, every tenth inactive.
func mustFill(tb testing.TB, s *Store, companyID uuid.UUID, n int) []Customer {
	tb.Helper()
	rows := make([]Customer, n)
	for i := range rows {
		rows[i] = newCustomerRow(companyID, customer(), s.timestamp())
		rows[i].Active = i%10 != 0
	}
	if err := s.write.CreateInBatches(&rows, 500).Error; err != nil {
		tb.Fatal(err)
	}
	return rows
}

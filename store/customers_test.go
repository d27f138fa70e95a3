package store

import (
	"errors"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"github.com/google/uuid"
	"github.com/shopspring/decimal"
)

// fullCustomer has a value everywhere.
func fullCustomer() NewCustomer {
	n := customer()
	n.TradeName, n.Phone, n.Email, n.Web = new("El Horno"), new("+34 600 000 000"), new("Ana@Example.com"), new("https://example.com")
	n.Address.Floor, n.Address.Door = new("3"), new("izq")
	n.BillingEmails = []string{"a@example.com", "b@example.com"}
	n.ContactPerson, n.Notes = new("Ana"), new("línea 1\nlínea \"2\"")
	n.PreferredPaymentMethod = &PaymentInfo{
		Method: new("BANK_TRANSFER"), IBAN: new("ES9121000418450200051332"), SWIFT: new("CAIXESBB"), TermDays: new(15),
	}
	n.GeneralDiscount = decimal.RequireFromString("12.3456")
	return n
}

// mustTakeCustomer reads all of c that is stored, what lists sort by included.
func mustTakeCustomer(tb testing.TB, s *Store, c Customer) Customer {
	tb.Helper()
	var stored Customer
	if err := s.read.WithContext(tb.Context()).Take(&stored, "company_id = ? AND id = ?", c.CompanyID, c.ID).Error; err != nil {
		tb.Fatal(err)
	}
	return stored
}

func TestCreateCustomer(t *testing.T) {
	t.Parallel()
	eachDialect(t, func(t *testing.T, s *Store) {
		company := mustCreateCompany(t, s)
		t.Run("what was created is what is read, times and decimals to the last digit", func(t *testing.T) {
			for name, n := range map[string]NewCustomer{"full": fullCustomer(), "bare": customer()} {
				c := mustCreateCustomer(t, s, company.ID, n)
				got, err := s.GetCustomer(t.Context(), company.ID, c.ID)
				if err != nil {
					t.Fatal(err)
				}
				if diff := cmp.Diff(asShown(c), got); diff != "" {
					t.Errorf("%s: %s", name, diff)
				}
				if got.CreatedAt.Location() != time.UTC || !got.CreatedAt.Equal(start.Truncate(time.Microsecond)) {
					t.Errorf("%s: created at %v", name, got.CreatedAt)
				}
				if !got.GeneralDiscount.Equal(n.GeneralDiscount) {
					t.Errorf("%s: discount %s", name, got.GeneralDiscount)
				}
			}
		})
		t.Run("the company must exist", func(t *testing.T) {
			if _, err := s.CreateCustomer(t.Context(), uuid.New(), customer()); !errors.Is(err, ErrNotFound) {
				t.Errorf("got %v", err)
			}
		})
		t.Run("exactly one identifier is stored", func(t *testing.T) {
			both, none := customer(), customer()
			both.AlternativeID = &AlternativeID{Type: "03", Number: "X1"}
			none.NIF = nil
			for _, n := range []NewCustomer{both, none} {
				if _, err := s.CreateCustomer(t.Context(), company.ID, n); err == nil {
					t.Error("accepted")
				}
			}
		})
	})
}

func TestTheIdentifierOfACustomer(t *testing.T) {
	t.Parallel()
	kinds := map[string]struct {
		n    NewCustomer
		want DuplicateError
	}{
		"NIF": {
			n:    NewCustomer{LegalName: "A", NIF: new("12345678Z"), Address: address("Lugo")},
			want: DuplicateError{Type: DuplicateNIF, Field: "nif", Value: "12345678Z"},
		},
		"passport": {
			n:    NewCustomer{LegalName: "A", AlternativeID: &AlternativeID{Type: "03", Number: "X1", CountryCode: new("PT")}, Address: address("Lugo")},
			want: DuplicateError{Type: DuplicateAlternativeID, Field: "alternative_id", Value: "X1"},
		},
		"document without country": {
			n:    NewCustomer{LegalName: "A", AlternativeID: &AlternativeID{Type: "06", Number: "X1"}, Address: address("Lugo")},
			want: DuplicateError{Type: DuplicateAlternativeID, Field: "alternative_id", Value: "X1"},
		},
	}
	eachDialect(t, func(t *testing.T, s *Store) {
		for name, kind := range kinds {
			t.Run(name, func(t *testing.T) {
				company, other := mustCreateCompany(t, s), mustCreateCompany(t, s)
				refused := func(t *testing.T, holder Customer) {
					t.Helper()
					want := kind.want
					want.ExistingID = holder.ID
					_, err := s.CreateCustomer(t.Context(), company.ID, kind.n)
					var got *DuplicateError
					if !errors.As(err, &got) {
						t.Fatalf("got %v", err)
					}
					if diff := cmp.Diff(want, *got); diff != "" {
						t.Error(diff)
					}
					if strings.Contains(err.Error(), want.Value) {
						t.Errorf("the error text, which is logged, tells the identifier: %v", err)
					}
				}
				mustCreateCustomer(t, s, other.ID, kind.n) // another company's does not matter
				for range 3 {
					holder := mustCreateCustomer(t, s, company.ID, kind.n)
					refused(t, holder)
					// An inactive customer keeps its identifier, a deactivated one does not.
					if _, err := s.UpdateCustomer(t.Context(), company.ID, holder.ID, CustomerUpdate{Active: new(false)}); err != nil {
						t.Fatal(err)
					}
					refused(t, holder)
					mustDeactivate(t, s, holder)
				}
			})
		}
		t.Run("another type, number or country is another identifier", func(t *testing.T) {
			company := mustCreateCompany(t, s)
			for _, a := range []AlternativeID{
				{Type: "03", Number: "X1"},
				{Type: "04", Number: "X1"},
				{Type: "03", Number: "X2"},
				{Type: "03", Number: "X1", CountryCode: new("FR")},
				{Type: "03", Number: "X1", CountryCode: new("IT")},
			} {
				mustCreateCustomer(t, s, company.ID, NewCustomer{LegalName: "A", AlternativeID: &a, Address: address("Lugo")})
			}
		})
	})
}

func TestUpdateCustomer(t *testing.T) {
	t.Parallel()
	eachDialectWithClock(t, func(t *testing.T, s *Store, c *clock) {
		company := mustCreateCompany(t, s)
		everything := CustomerUpdate{
			LegalName: new("Ñandú, S.A."), Address: &Address{
				Street: "Rúa Nova", Number: "2", PostalCode: "27001", City: "LUGO", Province: "Lugo", Country: "España", CountryCode: "ES",
			},
			GeneralDiscount: new(decimal.NewFromInt(5)), Active: new(false), TradeName: SetTo("T"), Phone: SetTo("600 111 222"),
			Email: SetTo("É@example.com"), Web: SetTo("https://example.org"), BillingEmails: SetTo([]string{"c@example.com"}),
			ContactPerson: SetTo("Eva"), Notes: SetTo("n"), PreferredPaymentMethod: SetTo(PaymentInfo{Method: new("CASH")}),
		}
		clearing := CustomerUpdate{
			TradeName: Clear[string](), Phone: Clear[string](), Email: Clear[string](), Web: Clear[string](),
			BillingEmails: Clear[[]string](), ContactPerson: Clear[string](), Notes: Clear[string](),
			PreferredPaymentMethod: Clear[PaymentInfo](),
		}
		tests := map[string]struct {
			update CustomerUpdate
			change func(*Customer)
		}{
			"an empty update keeps everything":           {CustomerUpdate{}, func(*Customer) {}},
			"the stored identifier is no change":         {CustomerUpdate{NIF: new("12345678Z")}, func(*Customer) {}},
			"one property changes and the others remain": {CustomerUpdate{Phone: SetTo("911")}, func(c *Customer) { c.Phone = new("911") }},
			"false and zero are values": {
				CustomerUpdate{Active: new(false), GeneralDiscount: &decimal.Zero},
				func(c *Customer) { c.Active, c.GeneralDiscount = false, decimal.Zero },
			},
			"every nullable property can be cleared": {clearing, func(c *Customer) {
				c.TradeName, c.Phone, c.Email, c.Web, c.BillingEmails, c.ContactPerson, c.Notes = nil, nil, nil, nil, nil, nil, nil
				c.PreferredPaymentMethod, c.EmailFold = nil, ""
			}},
			"every property can change, and what lists sort by changes with it": {everything, func(c *Customer) {
				c.LegalName, c.LegalNameFold = "Ñandú, S.A.", "nandu, s.a."
				c.Address, c.CityFold, c.ProvinceFold = *everything.Address, "lugo", "lugo"
				c.GeneralDiscount, c.Active, c.TradeName, c.Phone = decimal.NewFromInt(5), false, new("T"), new("600 111 222")
				c.Email, c.EmailFold, c.Web = new("É@example.com"), "e@example.com", new("https://example.org")
				c.BillingEmails, c.ContactPerson, c.Notes = []string{"c@example.com"}, new("Eva"), new("n")
				c.PreferredPaymentMethod = &PaymentInfo{Method: new("CASH")}
			}},
		}
		for name, test := range tests {
			t.Run(name, func(t *testing.T) {
				n := fullCustomer()
				n.NIF = new("12345678Z")
				want := mustCreateCustomer(t, s, company.ID, n)
				defer mustDeactivate(t, s, want)
				c.Advance(time.Minute)
				got, err := s.UpdateCustomer(t.Context(), company.ID, want.ID, test.update)
				if err != nil {
					t.Fatal(err)
				}
				test.change(&want)
				want.UpdatedAt = s.timestamp()
				if diff := cmp.Diff(want, got); diff != "" {
					t.Errorf("returned: %s", diff)
				}
				if diff := cmp.Diff(want, mustTakeCustomer(t, s, want)); diff != "" {
					t.Errorf("stored: %s", diff)
				}
			})
		}
		t.Run("an identifier cannot change, appear or turn into the other kind", func(t *testing.T) {
			spanish := mustCreateCustomer(t, s, company.ID, customer())
			passport := &AlternativeID{Type: "03", Number: "X1", CountryCode: new("PT")}
			foreign := mustCreateCustomer(t, s, company.ID, NewCustomer{LegalName: "A", AlternativeID: passport, Address: address("Lugo")})
			for _, test := range []struct {
				customer Customer
				update   CustomerUpdate
				field    string
			}{
				{spanish, CustomerUpdate{NIF: new("00000000T")}, "nif"},
				{spanish, CustomerUpdate{AlternativeID: SetTo(*passport)}, "alternative_id"},
				{foreign, CustomerUpdate{AlternativeID: Clear[AlternativeID]()}, "alternative_id"},
				{foreign, CustomerUpdate{NIF: spanish.NIF}, "nif"},
				{foreign, CustomerUpdate{AlternativeID: SetTo(AlternativeID{Type: "03", Number: "X2", CountryCode: new("PT")})}, "alternative_id"},
				{foreign, CustomerUpdate{AlternativeID: SetTo(AlternativeID{Type: "04", Number: "X1", CountryCode: new("PT")})}, "alternative_id"},
				{foreign, CustomerUpdate{AlternativeID: SetTo(AlternativeID{Type: "03", Number: "X1"})}, "alternative_id"},
			} {
				test.update.LegalName = new("changed all the same")
				_, err := s.UpdateCustomer(t.Context(), company.ID, test.customer.ID, test.update)
				var got *IdentifierError
				if !errors.As(err, &got) || got.Field != test.field || !errors.Is(err, ErrIdentifierImmutable) {
					t.Errorf("%+v: got %v", test.update, err)
				}
				if diff := cmp.Diff(test.customer, mustTakeCustomer(t, s, test.customer)); diff != "" {
					t.Error(diff)
				}
			}
			if _, err := s.UpdateCustomer(t.Context(), company.ID, foreign.ID, CustomerUpdate{AlternativeID: SetTo(*passport)}); err != nil {
				t.Errorf("the stored identifier was refused: %v", err)
			}
		})
		t.Run("a deactivated customer is not brought back", func(t *testing.T) {
			gone := mustCreateCustomer(t, s, company.ID, customer())
			mustDeactivate(t, s, gone)
			_, err := s.UpdateCustomer(t.Context(), company.ID, gone.ID, CustomerUpdate{Active: new(true)})
			if !errors.Is(err, ErrNotFound) {
				t.Errorf("got %v", err)
			}
			if n := mustCount(t, s, "SELECT count(*) FROM customers WHERE id = ? AND deleted_at IS NOT NULL AND NOT active", gone.ID); n != 1 {
				t.Error("the row has changed")
			}
		})
	})
}

// Each of two updates at once changes another property, and none is lost.
func TestUpdatesAtOnceDoNotUndoEachOther(t *testing.T) {
	t.Parallel()
	eachDialect(t, func(t *testing.T, s *Store) {
		company := mustCreateCompany(t, s)
		for range 50 {
			c := mustCreateCustomer(t, s, company.ID, customer())
			updates := []CustomerUpdate{{Phone: SetTo("911")}, {Notes: SetTo("n")}, {Web: SetTo("w")}, {ContactPerson: SetTo("Ana")}}
			done := make(chan error)
			for _, u := range updates {
				go func() {
					_, err := s.UpdateCustomer(t.Context(), company.ID, c.ID, u)
					done <- err
				}()
			}
			for range updates {
				if err := <-done; err != nil {
					t.Fatal(err)
				}
			}
			c.Phone, c.Notes, c.Web, c.ContactPerson = new("911"), new("n"), new("w"), new("Ana")
			// The clock stands still, and every update is a later version all the same.
			c.UpdatedAt = c.UpdatedAt.Add(time.Duration(len(updates)) * time.Microsecond)
			if diff := cmp.Diff(c, mustTakeCustomer(t, s, c)); diff != "" {
				t.Fatal(diff)
			}
		}
	})
}

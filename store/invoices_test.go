package store

import (
	"encoding/json"
	"errors"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"github.com/google/uuid"
	"github.com/shopspring/decimal"
)

func TestCreateInvoice(t *testing.T) {
	t.Parallel()
	eachDialect(t, func(t *testing.T, s *Store) {
		company := mustCreateCompany(t, s)
		t.Run("what was created is what is read, amounts to the last digit", func(t *testing.T) {
			c := mustCreateCustomer(t, s, company.ID, fullCustomer())
			n := invoiceFor(c)
			exact := decimal.RequireFromString("123456789012345678.90")
			n.Lines[0].UnitPrice, n.Totals.InvoiceTotal = decimal.RequireFromString("0.0001"), exact
			n.Totals.VATBreakdown = []RateAmount{{TaxType: "IVA", RegimeKey: "01", Rate: decimal.NewFromInt(21), Base: exact, Amount: exact}}
			n.OperationDate, n.DueDate, n.Notes = new(Date("2025-07-01")), new(Date("2025-09-30")), new("gracias")
			n.PaymentInfo = &PaymentInfo{Method: new("CARD")}
			n.Metadata = json.RawMessage(`{"order":1.10,"big":12345678901234567890.123456789,"e":1E+2,"text":"\u0000ñ"}`)
			i := mustCreateInvoice(t, s, company.ID, n)
			got, err := s.GetInvoice(t.Context(), company.ID, i.ID)
			if err != nil {
				t.Fatal(err)
			}
			if diff := cmp.Diff(i, got); diff != "" {
				t.Error(diff)
			}
			if string(got.Metadata) != string(n.Metadata) {
				t.Errorf("metadata %s", got.Metadata)
			}
		})
		t.Run("it carries copies, which later changes leave alone", func(t *testing.T) {
			c := mustCreateCustomer(t, s, company.ID, fullCustomer())
			i := mustCreateInvoice(t, s, company.ID, invoiceFor(c))
			if _, err := s.UpdateCustomer(t.Context(), company.ID, c.ID, CustomerUpdate{LegalName: new("Otra"), Email: Clear[string]()}); err != nil {
				t.Fatal(err)
			}
			got, err := s.GetInvoice(t.Context(), company.ID, i.ID)
			if err != nil {
				t.Fatal(err)
			}
			want := Recipient{
				CustomerID: &c.ID, LegalName: c.LegalName, TradeName: c.TradeName, NIF: c.NIF,
				Address: &c.Address, Phone: c.Phone, Email: c.Email,
			}
			if diff := cmp.Diff(want, got.Recipient); diff != "" {
				t.Error(diff)
			}
			issuer := Issuer{LegalName: company.LegalName, NIF: company.NIF, Address: company.Address}
			if diff := cmp.Diff(issuer, got.Issuer); diff != "" {
				t.Error(diff)
			}
		})
		t.Run("a customer without NIF is copied with its other identifier", func(t *testing.T) {
			a := &AlternativeID{Type: "02", Number: "PT123456789", CountryCode: new("PT")}
			c := mustCreateCustomer(t, s, company.ID, NewCustomer{LegalName: "A", AlternativeID: a, Address: address("Lisboa")})
			if diff := cmp.Diff(a, mustCreateInvoice(t, s, company.ID, invoiceFor(c)).Recipient.AlternativeID); diff != "" {
				t.Error(diff)
			}
		})
		t.Run("it is a draft of the day in Madrid, without number, in the default series", func(t *testing.T) {
			i := mustCreateInvoice(t, s, company.ID, invoice())
			if i.IssueDate != "2025-08-01" || i.Status != InvoiceDraft || i.Number != nil || i.InvoiceNumber != nil || i.SeriesCode != "F" {
				t.Errorf("%+v", i)
			}
			if i.ID.Version() != 7 {
				t.Errorf("id %s is not of version 7", i.ID)
			}
		})
		t.Run("a recipient who is no customer is taken as given", func(t *testing.T) {
			n := invoice()
			n.Recipient.CustomerID = new(uuid.New())
			want := *n.Recipient
			want.CustomerID = nil
			i := mustCreateInvoice(t, s, company.ID, n)
			if diff := cmp.Diff(want, i.Recipient); diff != "" || i.CustomerID != nil {
				t.Error(diff, i.CustomerID)
			}
		})
	})
}

func TestWhenAnInvoiceIsDue(t *testing.T) {
	t.Parallel()
	eachDialect(t, func(t *testing.T, s *Store) {
		company := mustCreateCompany(t, s)
		prefers := customer()
		prefers.PreferredPaymentMethod = &PaymentInfo{Method: new("CASH"), TermDays: new(15)}
		patient := mustCreateCustomer(t, s, company.ID, prefers)
		plain := mustCreateCustomer(t, s, company.ID, customer())
		card := &PaymentInfo{Method: new("CARD")}
		for name, test := range map[string]struct {
			customer *Customer
			payment  *PaymentInfo
			given    *Date
			due      Date
			want     *PaymentInfo
		}{
			"the given day wins":                        {&patient, &PaymentInfo{TermDays: new(1)}, new(Date("2025-12-24")), "2025-12-24", &PaymentInfo{TermDays: new(1)}},
			"then the invoice's own term":               {&patient, &PaymentInfo{TermDays: new(0)}, nil, "2025-08-01", &PaymentInfo{TermDays: new(0)}},
			"then the customer's, with its method":      {&patient, nil, nil, "2025-08-16", prefers.PreferredPaymentMethod},
			"the term even beside a method without one": {&patient, card, nil, "2025-08-16", card},
			"then thirty days":                          {&plain, card, nil, "2025-08-31", card},
			"thirty days for who is no customer, too":   {nil, nil, nil, "2025-08-31", nil},
		} {
			t.Run(name, func(t *testing.T) {
				n := invoice()
				if test.customer != nil {
					n.CustomerID = &test.customer.ID
				}
				n.PaymentInfo, n.DueDate = test.payment, test.given
				i := mustCreateInvoice(t, s, company.ID, n)
				if *i.DueDate != test.due {
					t.Errorf("due %s, want %s", *i.DueDate, test.due)
				}
				if diff := cmp.Diff(test.want, i.PaymentInfo); diff != "" {
					t.Error(diff)
				}
			})
		}
	})
}

func TestInvoicesThatAreRefused(t *testing.T) {
	t.Parallel()
	eachDialect(t, func(t *testing.T, s *Store) {
		company, other := mustCreateCompany(t, s), mustCreateCompany(t, s)
		gone, idle := mustCreateCustomer(t, s, company.ID, customer()), mustCreateCustomer(t, s, company.ID, customer())
		mustDeactivate(t, s, gone)
		if _, err := s.UpdateCustomer(t.Context(), company.ID, idle.ID, CustomerUpdate{Active: new(false)}); err != nil {
			t.Fatal(err)
		}
		closed, deleted := mustAddSeries(t, s, company.ID, "CLOSED"), mustAddSeries(t, s, company.ID, "DELETED")
		mustExec(t, s, "UPDATE invoice_series SET active = ? WHERE id = ?", false, closed.ID)
		mustExec(t, s, "UPDATE invoice_series SET active = ?, deleted_at = updated_at WHERE id = ?", false, deleted.ID)
		theirs := mustAddSeries(t, s, other.ID, "THEIRS")
		unwelcome := errors.New("unwelcome")
		for name, test := range map[string]struct {
			company uuid.UUID
			change  func(*NewInvoice)
			want    error
		}{
			"an unknown company":         {uuid.New(), func(*NewInvoice) {}, ErrNotFound},
			"an unknown customer":        {company.ID, func(n *NewInvoice) { n.CustomerID = new(uuid.New()) }, ErrCustomerNotFound},
			"a deactivated customer":     {company.ID, func(n *NewInvoice) { n.CustomerID = &gone.ID }, ErrCustomerNotFound},
			"another company's customer": {other.ID, func(n *NewInvoice) { n.CustomerID = &idle.ID }, ErrCustomerNotFound},
			"an inactive customer":       {company.ID, func(n *NewInvoice) { n.CustomerID = &idle.ID }, ErrCustomerInactive},
			"an unknown series":          {company.ID, func(n *NewInvoice) { n.SeriesID = new(uuid.New()) }, ErrSeriesNotFound},
			"an inactive series":         {company.ID, func(n *NewInvoice) { n.SeriesID = &closed.ID }, ErrSeriesNotFound},
			"a deleted series":           {company.ID, func(n *NewInvoice) { n.SeriesID = &deleted.ID }, ErrSeriesNotFound},
			"another company's series":   {company.ID, func(n *NewInvoice) { n.SeriesID = &theirs.ID }, ErrSeriesNotFound},
			"what the check refuses": {company.ID, func(n *NewInvoice) {
				n.Check = func(r Recipient) error {
					if r.LegalName != "Paso, S.L." {
						t.Errorf("checked %q", r.LegalName)
					}
					return unwelcome
				}
			}, unwelcome},
		} {
			t.Run(name, func(t *testing.T) {
				n := invoice()
				test.change(&n)
				if _, err := s.CreateInvoice(t.Context(), test.company, n); !errors.Is(err, test.want) {
					t.Errorf("got %v", err)
				} else if test.want == unwelcome && err != unwelcome { //nolint:errorlint // untouched is what is promised
					t.Errorf("the error of the check was wrapped: %v", err)
				}
				if n := mustCount(t, s, "SELECT count(*) FROM invoices"); n != 0 {
					t.Errorf("%d invoices written", n)
				}
			})
		}
		t.Run("nothing but these: a named series is used", func(t *testing.T) {
			n := invoice()
			n.SeriesID = &theirs.ID
			if i := mustCreateInvoice(t, s, other.ID, n); i.SeriesID != theirs.ID || i.SeriesCode != "THEIRS" {
				t.Errorf("series %s", i.SeriesCode)
			}
		})
	})
}

func mustAddSeries(tb testing.TB, s *Store, companyID uuid.UUID, code string) Series {
	tb.Helper()
	series := Series{
		CompanyID: companyID, ID: uuid.New(), Code: code, Name: code, Format: "{NUM}", CounterReset: "NEVER",
		InitialNumber: 1, Active: true, CreatedAt: s.timestamp(), UpdatedAt: s.timestamp(),
	}
	if err := s.write.Create(&series).Error; err != nil {
		tb.Fatal(err)
	}
	return series
}

func TestDeleteInvoice(t *testing.T) {
	t.Parallel()
	eachDialectWithClock(t, func(t *testing.T, s *Store, c *clock) {
		company := mustCreateCompany(t, s)
		t.Run("a deleted draft is gone but its row stays", func(t *testing.T) {
			i := mustCreateInvoice(t, s, company.ID, invoice())
			c.Advance(time.Hour)
			if err := s.DeleteInvoice(t.Context(), company.ID, i.ID); err != nil {
				t.Fatal(err)
			}
			if _, err := s.GetInvoice(t.Context(), company.ID, i.ID); !errors.Is(err, ErrNotFound) {
				t.Errorf("read: %v", err)
			}
			if err := s.DeleteInvoice(t.Context(), company.ID, i.ID); !errors.Is(err, ErrNotFound) {
				t.Errorf("again: %v", err)
			}
			var got Invoice
			if err := s.read.Unscoped().Where(byID, company.ID, i.ID).Take(&got).Error; err != nil {
				t.Fatal(err)
			}
			if now := s.timestamp(); !got.DeletedAt.Time.Equal(now) || !got.UpdatedAt.Equal(now) {
				t.Errorf("deleted at %v, updated at %v", got.DeletedAt, got.UpdatedAt)
			}
		})
		t.Run("an issued invoice is not deleted", func(t *testing.T) {
			i := mustCreateInvoice(t, s, company.ID, invoice())
			mustIssue(t, s, i, "F-2025-0001")
			err := s.DeleteInvoice(t.Context(), company.ID, i.ID)
			var got *StatusError
			if !errors.As(err, &got) || got.Status != "ISSUED" || !errors.Is(err, ErrNotDraft) {
				t.Errorf("got %v", err)
			}
			if _, err := s.GetInvoice(t.Context(), company.ID, i.ID); err != nil {
				t.Error(err)
			}
		})
		t.Run("an unknown one is not found", func(t *testing.T) {
			if err := s.DeleteInvoice(t.Context(), company.ID, uuid.New()); !errors.Is(err, ErrNotFound) {
				t.Errorf("got %v", err)
			}
		})
	})
}

// Whatever the code does, the schema refuses these.
func TestTheSchemaRefuses(t *testing.T) {
	t.Parallel()
	eachDialect(t, func(t *testing.T, s *Store) {
		company := mustCreateCompany(t, s)
		i := mustCreateInvoice(t, s, company.ID, invoice())
		first := mustCreateInvoice(t, s, company.ID, invoice())
		mustIssue(t, s, first, "F-2025-0001")
		mustCreateCustomer(t, s, company.ID, customer())
		for name, statement := range map[string]string{
			"an issued invoice without number":  "UPDATE invoices SET status = 'ISSUED' WHERE id = '" + i.ID.String() + "'",
			"a draft with a number":             "UPDATE invoices SET status = 'DRAFT'",
			"a deleted invoice with a number":   "UPDATE invoices SET deleted_at = updated_at",
			"an invoice due before it is dated": "UPDATE invoices SET due_date = '2025-07-31'",
			"an unknown status":                 "UPDATE invoices SET status = 'LOST'",
			"an unknown type":                   "UPDATE invoices SET type = 'LOST'",
			"one number twice":                  "UPDATE invoices SET status = 'ISSUED', number = 1, invoice_number = 'F-2025-0001'",
			"a deleted customer that is active": "UPDATE customers SET deleted_at = updated_at",
			"a discount above 100":              "UPDATE customers SET general_discount = '100.01'",
			"a discount below 0":                "UPDATE customers SET general_discount = '-1'",
			"half an alternative identifier":    "UPDATE customers SET nif = NULL, alternative_id_type = '03'",
			"a second default series":           "INSERT INTO invoice_series SELECT company_id, '" + uuid.NewString() + "', 'G', name, description, format, counter_reset, initial_number, active, default_series, created_at, updated_at, deleted_at FROM invoice_series",
			"a default series that is inactive": "UPDATE invoice_series SET active = (1 = 0)",
		} {
			t.Run(name, func(t *testing.T) {
				if s.dialect == dialectPostgres && name == "a second default series" {
					statement = "INSERT INTO invoice_series SELECT company_id, gen_random_uuid(), 'G', name, description, format, counter_reset, initial_number, active, default_series, created_at, updated_at, deleted_at FROM invoice_series"
				}
				if err := s.write.Exec(statement).Error; err == nil {
					t.Error("accepted")
				}
			})
		}
	})
}

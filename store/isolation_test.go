package store

import (
	"errors"
	"testing"

	"github.com/google/go-cmp/cmp"
)

// The other company tries everything with ids that are not its own.
func TestNothingCrossesBetweenCompanies(t *testing.T) {
	t.Parallel()
	eachDialect(t, func(t *testing.T, s *Store) {
		ours, other := mustCreateCompany(t, s).ID, mustCreateCompany(t, s).ID
		c := mustCreateCustomer(t, s, ours, customer())
		i := mustCreateInvoice(t, s, ours, invoiceFor(c))
		mustCreateKey(t, s, NewKey{CompanyID: ours, Name: "CI"})
		mustCreateCustomer(t, s, other, customer())
		before := mustDump(t, s)
		for name, attempt := range map[string]struct {
			try  func() error
			want error
		}{
			"GetCustomer": {func() error { _, err := s.GetCustomer(t.Context(), other, c.ID); return err }, ErrNotFound},
			"UpdateCustomer": {func() error {
				_, err := s.UpdateCustomer(t.Context(), other, c.ID, CustomerUpdate{LegalName: new("x")})
				return err
			}, ErrNotFound},
			"DeactivateCustomer": {func() error { return s.DeactivateCustomer(t.Context(), other, c.ID) }, ErrNotFound},
			"ListCustomers": {func() error {
				customers, total, err := s.ListCustomers(t.Context(), other, CustomerFilter{Limit: 10})
				if len(customers) != 1 || total != 1 || customers[0].ID == c.ID {
					t.Errorf("%d of %d customers", len(customers), total)
				}
				return err
			}, nil},
			"CreateInvoice": {func() error { _, err := s.CreateInvoice(t.Context(), other, invoiceFor(c)); return err }, ErrCustomerNotFound},
			"CreateInvoice in a series": {func() error {
				n := invoice()
				n.SeriesID = &i.SeriesID
				_, err := s.CreateInvoice(t.Context(), other, n)
				return err
			}, ErrSeriesNotFound},
			"GetInvoice":    {func() error { _, err := s.GetInvoice(t.Context(), other, i.ID); return err }, ErrNotFound},
			"DeleteInvoice": {func() error { return s.DeleteInvoice(t.Context(), other, i.ID) }, ErrNotFound},
			"ListKeys": {func() error {
				keys, err := s.ListKeys(t.Context(), other)
				if len(keys) != 0 {
					t.Errorf("%d keys", len(keys))
				}
				return err
			}, nil},
		} {
			t.Run(name, func(t *testing.T) {
				if err := attempt.try(); !errors.Is(err, attempt.want) {
					t.Errorf("got %v, want %v", err, attempt.want)
				}
				if diff := cmp.Diff(before, mustDump(t, s)); diff != "" {
					t.Error("the data has changed:", diff)
				}
			})
		}
	})
}

package store

import (
	"errors"
	"testing"

	"github.com/google/go-cmp/cmp"
	"github.com/google/uuid"
)

func TestCompanies(t *testing.T) {
	t.Parallel()
	eachDialect(t, func(t *testing.T, s *Store) {
		t.Run("what was created is what is read", func(t *testing.T) {
			c, err := s.CreateCompany(t.Context(), NewCompany{
				Environment: Live, LegalName: "Núñez e Hijos, S.L.", TradeName: new("El Obrador"), NIF: "B12345674",
				Address: Address{
					Street: "Gran Vía", Number: "7", Floor: new("2"), Door: new("B"), PostalCode: "28013",
					City: "Madrid", Province: "Madrid", Country: "España", CountryCode: "ES",
				},
				Phone: new("+34 911 234 567"), Email: new("hola@example.com"), Web: new("https://example.com"),
			})
			if err != nil {
				t.Fatal(err)
			}
			got, err := s.GetCompany(t.Context(), c.ID)
			if err != nil {
				t.Fatal(err)
			}
			if diff := cmp.Diff(c, got); diff != "" {
				t.Error(diff)
			}
			if c.ID.Version() != 7 {
				t.Errorf("id %s is not of version 7", c.ID)
			}
		})
		t.Run("a company is born with its default series", func(t *testing.T) {
			c := mustCreateCompany(t, s)
			series, err := usableSeries(s.read, c.ID, nil)
			if err != nil {
				t.Fatal(err)
			}
			want := Series{
				CompanyID: c.ID, ID: series.ID, Code: "F", Name: "Facturas", Format: "{CODIGO}-{YYYY}-{NUM:4}",
				CounterReset: "ANNUAL", InitialNumber: 1, Active: true, DefaultSeries: true,
				CreatedAt: c.CreatedAt, UpdatedAt: c.CreatedAt,
			}
			if diff := cmp.Diff(want, series); diff != "" {
				t.Error(diff)
			}
		})
		t.Run("companies are listed oldest first, and two may have one NIF", func(t *testing.T) {
			a, b := mustCreateCompany(t, s), mustCreateCompany(t, s)
			companies, err := s.ListCompanies(t.Context())
			if err != nil {
				t.Fatal(err)
			}
			if diff := cmp.Diff([]Company{a, b}, companies[len(companies)-2:]); diff != "" {
				t.Error(diff)
			}
		})
		t.Run("an unknown company is not found", func(t *testing.T) {
			if _, err := s.GetCompany(t.Context(), uuid.New()); !errors.Is(err, ErrNotFound) {
				t.Errorf("got %v", err)
			}
		})
		t.Run("an unknown environment is refused", func(t *testing.T) {
			if _, err := s.CreateCompany(t.Context(), NewCompany{Environment: "staging", NIF: "B12345674"}); err == nil {
				t.Error("accepted")
			}
		})
	})
}

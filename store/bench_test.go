package store

import (
	"fmt"
	"testing"
)

func BenchmarkGetCustomer(b *testing.B) {
	for _, d := range dialects {
		b.Run(string(d), func(b *testing.B) {
			s := mustOpen(b, migratedOptions(b, d))
			c := mustCreateCustomer(b, s, mustCreateCompany(b, s).ID, customer())
			b.ReportAllocs()
			b.ResetTimer()
			b.RunParallel(func(pb *testing.PB) {
				for pb.Next() {
					if _, err := s.GetCustomer(b.Context(), c.CompanyID, c.ID); err != nil {
						b.Error(err)
						return
					}
				}
			})
		})
	}
}

func BenchmarkCreateCustomer(b *testing.B) {
	for _, d := range dialects {
		b.Run(string(d), func(b *testing.B) {
			s := mustOpen(b, migratedOptions(b, d))
			company := mustCreateCompany(b, s)
			b.ReportAllocs()
			b.ResetTimer()
			b.RunParallel(func(pb *testing.PB) {
				for pb.Next() {
					if _, err := s.CreateCustomer(b.Context(), company.ID, customer()); err != nil {
						b.Error(err)
						return
					}
				}
			})
		})
	}
}

func BenchmarkDeactivateCustomer(b *testing.B) {
	for _, d := range dialects {
		b.Run(string(d), func(b *testing.B) {
			s := mustOpen(b, migratedOptions(b, d))
			customers := mustFill(b, s, mustCreateCompany(b, s).ID, b.N)
			b.ReportAllocs()
			b.ResetTimer()
			for _, c := range customers {
				mustDeactivate(b, s, c)
			}
		})
	}
}

// A page has to cost the same whatever the size of the company.
func BenchmarkListCustomers(b *testing.B) {
	for _, d := range dialects {
		for _, size := range []int{1_000, 100_000} {
			s := mustOpen(b, migratedOptions(b, d))
			company := mustCreateCompany(b, s)
			mustFill(b, s, company.ID, size)
			mustExec(b, s, "ANALYZE") // as the server does by itself, a minute after so many rows
			for name, f := range map[string]CustomerFilter{
				"by name":              {},
				"active ones by name":  {Active: new(true)},
				"inactive by name":     {Active: new(false)},
				"newest first":         {SortBy: SortByCreatedAt, Descending: true},
				"newest inactive ones": {SortBy: SortByCreatedAt, Descending: true, Active: new(false)},
				"newest active ones":   {SortBy: SortByCreatedAt, Descending: true, Active: new(true)},
			} {
				f.Limit = 20
				b.Run(fmt.Sprintf("%s/%s of %d", d, name, size), func(b *testing.B) {
					b.ReportAllocs()
					for b.Loop() {
						if _, _, err := s.ListCustomers(b.Context(), company.ID, f); err != nil {
							b.Fatal(err)
						}
					}
				})
			}
		}
	}
}

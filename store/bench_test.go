package store

import "testing"

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

package server_test

import (
	"fmt"
	"net/http"
	"net/http/httptest"
	"testing"

	"github.com/panal/panal/store"
)

// BenchmarkServer is what a request costs the process without the network: key,
// contract, handler, store and envelope.
func BenchmarkServer(b *testing.B) {
	for name, options := range map[string]func() store.Options{
		"sqlite":   func() store.Options { return store.Options{DataDir: b.TempDir()} },
		"postgres": func() store.Options { return store.Options{DatabaseURL: migrated.URL(b)} },
	} {
		a := mustAPI(b, options())
		customer := "/v1/customers/" + a.create(b, a.key, "/v1/customers", newPersonCustomer)
		for i := range 19 {
			a.create(b, a.key, "/v1/customers", with(b, foreignCustomer, "alternative_id.number", fmt.Sprintf(`"F%d"`, i)))
		}
		for _, bench := range []struct{ name, method, path, body string }{
			{"GetCustomer", http.MethodGet, customer, ""},
			{"UpdateCustomer", http.MethodPut, customer, `{"notes":"n"}`},
			{"ListCustomers", http.MethodGet, "/v1/customers", ""},
			{"UnknownPath", http.MethodGet, "/v1/nowhere", ""},
		} {
			b.Run(bench.name+"/"+name, func(b *testing.B) {
				b.ReportAllocs()
				for b.Loop() {
					a.ServeHTTP(httptest.NewRecorder(), newRequest(a.key, bench.method, bench.path, bench.body))
				}
			})
		}
	}
}

package store

import (
	"fmt"
	"testing"

	"github.com/google/uuid"
)

// mustFillFast adds n customers in one statement. A fortieth is called García, one
// in ten thousand Zapatero, half are Hermanos, each has a number that no other
// has, and every hundredth is inactive.
func mustFillFast(tb testing.TB, s *Store, companyID uuid.UUID, n int) {
	tb.Helper()
	model := mustCreateCustomer(tb, s, companyID, customer())
	if s.dialect == dialectPostgres {
		// As the server does by itself, a minute after so many rows. SQLite does not,
		// so there no plan may need to know how many rows there are.
		defer mustExec(tb, s, "VACUUM ANALYZE")
		// Within one transaction every change of the counter has to step over
		// all that it made before: a million of them would take hours.
		mustExec(tb, s, "ALTER TABLE customers DISABLE TRIGGER customers_count_insert")
		var index string // made at once it takes a tenth of the time
		mustScan(tb, s, &index, "SELECT pg_get_indexdef('customers_search_idx'::regclass)")
		mustExec(tb, s, "DROP INDEX customers_search_idx")
		defer func() {
			mustExec(tb, s, index)
			mustExec(tb, s, "ALTER TABLE customers ENABLE TRIGGER customers_count_insert")
			mustExec(tb, s, "DELETE FROM customer_counts WHERE company_id = ?", companyID)
			mustExec(tb, s, `INSERT INTO customer_counts SELECT company_id, 0, count(*) FILTER (WHERE active), count(*) FILTER (WHERE NOT active)
				FROM customers WHERE company_id = ? GROUP BY 1`, companyID)
		}()
	}
	mustExec(tb, s, `INSERT INTO customers (company_id, id, legal_name, legal_name_fold, nif, phone, email, email_fold,
			address_street, address_number, address_postal_code, address_city, city_fold, address_province, province_fold,
			address_country, address_country_code, general_discount, active, created_at, updated_at)
		WITH RECURSIVE numbers (i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM numbers WHERE i < ?),
		-- A prime apart: neighbours in one order are not neighbours in another.
		scattered AS (SELECT i, CAST(i AS bigint) * 7919 % 1000003 AS k FROM numbers),
		named AS (SELECT i, k, CASE i % 4 WHEN 0 THEN 'Bar ' WHEN 1 THEN 'Taller ' WHEN 2 THEN 'Librería ' ELSE 'Academia ' END
			|| CASE WHEN k % 9973 = 17 THEN 'Zapatero' WHEN k % 40 = 0 THEN 'García' WHEN k % 40 = 1 THEN 'Núñez' ELSE 'Ortega' END
			|| ' n' || CAST(1000000 + k AS text) || CASE i / 4 % 2 WHEN 0 THEN ' Hermanos' ELSE ', S.L.' END AS name FROM scattered)
		SELECT company_id, CAST(substr(CAST(id AS text), 1, 24) || substr(CAST(1000000000000 + i AS text), 2) AS `+
		map[dialect]string{dialectPostgres: "uuid", dialectSQLite: "text"}[s.dialect]+`),
			name, replace(replace(replace(lower(name), 'í', 'i'), 'ú', 'u'), 'ñ', 'n'),
			substr(CAST(100000000 + i AS text), 2) || 'X', '+34 6' || CAST(10000000 + k AS text),
			'info@' || CAST(k AS text) || '.example', 'info@' || CAST(k AS text) || '.example',
			address_street, address_number, address_postal_code,
			address_city, CASE i % 50 WHEN 0 THEN 'avila' WHEN 1 THEN 'teruel' ELSE 'madrid' END, address_province,
			CASE i % 50 WHEN 0 THEN 'avila' WHEN 1 THEN 'teruel' ELSE 'madrid' END,
			address_country, address_country_code, general_discount, k % 100 <> 7, created_at, updated_at
		FROM customers CROSS JOIN named WHERE company_id = ? AND id = ?`, n-1, companyID, model.ID)
}

// An unfiltered page has to cost the same whatever the size of the company.
func BenchmarkListCustomers(b *testing.B) {
	sizes := []int{1_000, 100_000, 1_000_000}
	if testing.Short() {
		sizes = sizes[:1]
	}
	for _, d := range dialects {
		for _, size := range sizes {
			b.Run(fmt.Sprintf("%s/%d", d, size), func(b *testing.B) {
				s := mustOpen(b, migratedOptions(b, d))
				company := mustCreateCompany(b, s)
				mustFillFast(b, s, company.ID, size)
				for _, list := range []struct {
					name   string
					filter CustomerFilter
				}{
					{"page 1", CustomerFilter{}},
					{"page 50", CustomerFilter{Page: 50}},
					{"middle page", CustomerFilter{Page: size / 20 / 2}},
					{"last page", CustomerFilter{Page: size / 20}},
					{"last page by nif", CustomerFilter{Page: size / 20, SortBy: SortByNIF}},
					{"active ones", CustomerFilter{Active: new(true)}},
					{"inactive ones", CustomerFilter{Active: new(false)}},
					{"rare word", CustomerFilter{Search: "zapatero"}},
					{"number of one", CustomerFilter{Search: "n1000777"}},
					{"no such word", CustomerFilter{Search: "ferretería"}},
					{"word of a fortieth", CustomerFilter{Search: "garcía"}},
					{"word of a half", CustomerFilter{Search: "hermanos"}},
					{"word of a half, page 50", CustomerFilter{Search: "hermanos", Page: 50}},
					{"two letters of many", CustomerFilter{Search: "ga"}},
					{"two letters of none", CustomerFilter{Search: "zq"}},
					{"city of a fiftieth", CustomerFilter{City: "Ávila"}},
					{"city of nearly all", CustomerFilter{City: "Madrid"}},
				} {
					list.filter.Limit = 20
					b.Run(list.name, func(b *testing.B) {
						b.ReportAllocs()
						for b.Loop() {
							if _, _, err := s.ListCustomers(b.Context(), company.ID, list.filter); err != nil {
								b.Fatal(err)
							}
						}
					})
				}
			})
		}
	}
}

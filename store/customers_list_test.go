package store

import (
	"errors"
	"math"
	"slices"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"github.com/google/uuid"
	"gorm.io/gorm"
	"pgregory.net/rapid"
)

var allSorts = []CustomerSort{
	"", SortByLegalName, SortByNIF, SortByEmail, SortByPhone, SortByCity, SortByProvince, SortByActive, SortByCreatedAt,
}

func mustList(tb testing.TB, s *Store, companyID uuid.UUID, f CustomerFilter) ([]Customer, int) {
	tb.Helper()
	customers, total, err := s.ListCustomers(tb.Context(), companyID, f)
	if err != nil {
		tb.Fatal(err)
	}
	return customers, total
}

// asShown leaves out what lists are sorted by, which nothing shows.
func asShown(c Customer) Customer {
	c.LegalNameFold, c.EmailFold, c.CityFold, c.ProvinceFold = "", "", "", ""
	return c
}

func names(customers []Customer) []string {
	out := []string{}
	for _, c := range customers {
		out = append(out, c.LegalName)
	}
	return out
}

func TestListCustomers(t *testing.T) {
	t.Parallel()
	eachDialect(t, func(t *testing.T, s *Store) {
		company, empty := mustCreateCompany(t, s), mustCreateCompany(t, s)
		for i, name := range []string{"Zoe", "ÁLVARO", "alba", "Ñu", "Nube", "alba", "gone", "Óscar"} {
			n := customer()
			n.LegalName = name
			c := mustCreateCustomer(t, s, company.ID, n)
			if i%4 == 3 {
				if _, err := s.UpdateCustomer(t.Context(), company.ID, c.ID, CustomerUpdate{Active: new(false)}); err != nil {
					t.Fatal(err)
				}
			}
			if name == "gone" {
				mustDeactivate(t, s, c)
			}
		}
		all := []string{"alba", "alba", "ÁLVARO", "Ñu", "Nube", "Óscar", "Zoe"}
		backwards := slices.Clone(all)
		slices.Reverse(backwards)
		tests := map[string]struct {
			filter CustomerFilter
			want   []string
			total  int
		}{
			"names sort without case or accents":      {CustomerFilter{Limit: 10}, all, 7},
			"and the other way round":                 {CustomerFilter{Limit: 10, Descending: true}, backwards, 7},
			"only active ones":                        {CustomerFilter{Limit: 10, Active: new(true)}, []string{"alba", "alba", "ÁLVARO", "Nube", "Zoe"}, 5},
			"only inactive ones":                      {CustomerFilter{Limit: 10, Active: new(false)}, []string{"Ñu", "Óscar"}, 2},
			"the second page":                         {CustomerFilter{Limit: 3, Page: 2}, []string{"Ñu", "Nube", "Óscar"}, 7},
			"the last page is short":                  {CustomerFilter{Limit: 3, Page: 3}, []string{"Zoe"}, 7},
			"past the last page the total is told":    {CustomerFilter{Limit: 3, Page: 4}, []string{}, 7},
			"and past every number there is":          {CustomerFilter{Limit: 20, Page: math.MaxInt}, []string{}, 7},
			"the same of inactive ones":               {CustomerFilter{Limit: 3, Page: 2, Active: new(false)}, []string{}, 2},
			"pages count from one":                    {CustomerFilter{Limit: 1, Page: 1}, []string{"alba"}, 7},
			"a missing page is the first":             {CustomerFilter{Limit: 1}, []string{"alba"}, 7},
			"inactive ones come first when ascending": {CustomerFilter{Limit: 3, SortBy: SortByActive}, []string{"Ñu", "Óscar", "Zoe"}, 7},
			"by time of creation":                     {CustomerFilter{Limit: 3, SortBy: SortByCreatedAt}, []string{"Zoe", "ÁLVARO", "alba"}, 7},
		}
		for name, test := range tests {
			t.Run(name, func(t *testing.T) {
				customers, total := mustList(t, s, company.ID, test.filter)
				if diff := cmp.Diff(test.want, names(customers)); diff != "" || total != test.total {
					t.Errorf("total %d, want %d; %s", total, test.total, diff)
				}
			})
		}
		t.Run("what is listed is what is read", func(t *testing.T) {
			full := mustCreateCustomer(t, s, empty.ID, fullCustomer())
			customers, _ := mustList(t, s, empty.ID, CustomerFilter{Limit: 1})
			if diff := cmp.Diff([]Customer{asShown(full)}, customers); diff != "" {
				t.Error(diff)
			}
			mustDeactivate(t, s, full)
		})
		t.Run("a company without customers has none in every order", func(t *testing.T) {
			for _, sort := range allSorts {
				if customers, total := mustList(t, s, empty.ID, CustomerFilter{Limit: 5, SortBy: sort}); len(customers) != 0 || total != 0 {
					t.Errorf("%s: %d of %d", sort, len(customers), total)
				}
			}
		})
		t.Run("an unknown order is refused", func(t *testing.T) {
			if _, _, err := s.ListCustomers(t.Context(), company.ID, CustomerFilter{Limit: 5, SortBy: "id; DROP TABLE customers"}); err == nil {
				t.Error("accepted")
			}
		})
	})
}

// Values with accents, of different length, missing, and many equal.
func TestBothDatabasesSortAlike(t *testing.T) {
	lite, pg := mustOpen(t, migratedOptions(t, dialectSQLite)), mustOpen(t, migratedOptions(t, dialectPostgres))
	text := rapid.OneOf(
		rapid.SampledFrom([]string{"", " ", "a", "A", "á", "Ä", "ab", "a b", "a-b", "ñ", "n", "nz", "o", "Z", "z", "ß", "ss", "日本", "İ", "i", "🍞", "_", "~"}),
		rapid.StringOfN(rapid.RuneFrom([]rune("aAáÁbBñÑ -.'ç")), 0, 4, -1),
	)
	rapid.Check(t, func(t *rapid.T) {
		ctx := t.Context()
		var companies []Company
		for _, s := range []*Store{lite, pg} {
			c, err := s.CreateCompany(ctx, NewCompany{Environment: Test})
			if err != nil {
				t.Fatal(err)
			}
			companies = append(companies, c)
		}
		for range rapid.IntRange(1, 12).Draw(t, "customers") {
			n := customer()
			n.LegalName, n.Email, n.Phone = text.Draw(t, "name"), optional(t, text), optional(t, text)
			n.Address.City, n.Address.Province = text.Draw(t, "city"), text.Draw(t, "province")
			if rapid.Bool().Draw(t, "foreign") {
				n.AlternativeID, n.NIF = &AlternativeID{Type: "03", Number: *n.NIF}, nil
			}
			row := newCustomerRow(uuid.Nil, n, start.Add(time.Duration(rapid.IntRange(0, 2).Draw(t, "age"))*time.Second))
			row.Active = rapid.Bool().Draw(t, "active")
			for i, s := range []*Store{lite, pg} {
				row := row
				row.CompanyID = companies[i].ID
				if err := s.write.Create(&row).Error; err != nil {
					t.Fatal(err)
				}
			}
		}
		for _, sort := range allSorts {
			for _, descending := range []bool{false, true} {
				var ids [2][]uuid.UUID
				for i, s := range []*Store{lite, pg} {
					f := CustomerFilter{SortBy: sort, Descending: descending, Limit: 100}
					customers, _, err := s.ListCustomers(ctx, companies[i].ID, f)
					if err != nil {
						t.Fatal(err)
					}
					for _, c := range customers {
						ids[i] = append(ids[i], c.ID)
					}
				}
				if diff := cmp.Diff(ids[0], ids[1]); diff != "" {
					t.Fatalf("by %s, descending %t: %s", sort, descending, diff)
				}
			}
		}
	})
}

func optional(t *rapid.T, of *rapid.Generator[string]) *string {
	if rapid.Bool().Draw(t, "missing") {
		return nil
	}
	return new(of.Draw(t, "value"))
}

// The counters are compared with a count of the rows after every step of a
// random history, transactions that are given up included.
func TestTotalsAreExact(t *testing.T) {
	t.Parallel()
	eachDialect(t, func(t *testing.T, s *Store) {
		rapid.Check(t, func(t *rapid.T) {
			ctx := t.Context()
			company, err := s.CreateCompany(ctx, NewCompany{Environment: Test})
			if err != nil {
				t.Fatal(err)
			}
			var created []Customer
			one := func() Customer {
				if len(created) == 0 {
					t.Skip("no customer yet")
				}
				return rapid.SampledFrom(created).Draw(t, "customer")
			}
			tolerate := func(err error) {
				if err != nil && !errors.Is(err, ErrNotFound) {
					t.Fatal(err)
				}
			}
			givenUp := errors.New("given up")
			t.Repeat(map[string]func(*rapid.T){
				"create": func(*rapid.T) {
					c, err := s.CreateCustomer(ctx, company.ID, customer())
					tolerate(err)
					created = append(created, c)
				},
				"deactivate": func(*rapid.T) { tolerate(s.DeactivateCustomer(ctx, company.ID, one().ID)) },
				"set active": func(t *rapid.T) {
					u := CustomerUpdate{Active: new(rapid.Bool().Draw(t, "active"))}
					_, err := s.UpdateCustomer(ctx, company.ID, one().ID, u)
					tolerate(err)
				},
				"rename": func(*rapid.T) {
					_, err := s.UpdateCustomer(ctx, company.ID, one().ID, CustomerUpdate{LegalName: new("x")})
					tolerate(err)
				},
				"give up": func(*rapid.T) {
					id := one().ID
					err := s.tx(ctx, func(tx *gorm.DB, now time.Time) error {
						row := newCustomerRow(company.ID, customer(), now)
						tolerate(tx.Create(&row).Error)
						tolerate(tx.Exec("UPDATE customers SET active = ?, deleted_at = ? WHERE id = ?", false, now, id).Error)
						return givenUp
					})
					if !errors.Is(err, givenUp) {
						t.Fatal(err)
					}
				},
				"remove and revive rows": func(*rapid.T) {
					id := one().ID
					tolerate(s.write.Exec("UPDATE customers SET deleted_at = NULL WHERE id = ?", id).Error)
					tolerate(s.write.Exec("DELETE FROM customers WHERE id = ?", id).Error)
				},
				"": func(t *rapid.T) {
					for query, active := range map[string]*bool{"": nil, " AND active": new(true), " AND NOT active": new(false)} {
						var want int
						tolerate(s.read.Raw("SELECT count(*) FROM customers WHERE company_id = ? AND deleted_at IS NULL"+query, company.ID).Scan(&want).Error)
						for _, page := range []int{1, 50} {
							_, total, err := s.ListCustomers(ctx, company.ID, CustomerFilter{Active: active, Limit: 1, Page: page})
							if err != nil || total != want {
								t.Fatalf("total%s %d, want %d: %v", query, total, want, err)
							}
						}
					}
				},
			})
		})
	})
}

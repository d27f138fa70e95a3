package store

import (
	"cmp"
	"slices"
	"strings"
	"testing"
	"time"

	gocmp "github.com/google/go-cmp/cmp"
	"github.com/google/uuid"
	"pgregory.net/rapid"
)

func TestFilters(t *testing.T) {
	t.Parallel()
	eachDialect(t, func(t *testing.T, s *Store) {
		company, other := mustCreateCompany(t, s).ID, mustCreateCompany(t, s).ID
		for _, n := range []NewCustomer{
			{LegalName: "José García", NIF: new("12345678Z"), Email: new("Pepe@Example.com"), Phone: new("+34 600 111 222"), Address: address("Ávila")},
			{LegalName: "MUÑOZ & Hijos, S.L.", NIF: new("B12345674"), Email: new("info@munoz.es"), Address: address("Madrid")},
			{LegalName: `100% "puro_zumo" \ O'Hara`, NIF: new("B00000000"), Phone: new("911234567"), Address: address("A Coruña")},
			{LegalName: "日本株式会社", AlternativeID: &AlternativeID{Type: "03", Number: "GARCIA1"}, Address: address("Tokyo")},
			{LegalName: "García que se fue", NIF: new("87654321X"), Email: new("Pepe@Example.com"), Phone: new("+34 600 111 222"), Address: address("Ávila")},
		} {
			c := mustCreateCustomer(t, s, company, n)
			if strings.HasSuffix(n.LegalName, "se fue") {
				mustDeactivate(t, s, c)
			}
			mustCreateCustomer(t, s, other, n)
		}
		jose, munoz, puro, nihon := "José García", "MUÑOZ & Hijos, S.L.", `100% "puro_zumo" \ O'Hara`, "日本株式会社"
		all := []string{puro, jose, munoz, nihon}
		for name, test := range map[string]struct {
			filter CustomerFilter
			want   []string
		}{
			"a part of the name, without case and accents": {CustomerFilter{Search: "GARCIA"}, []string{jose}},
			"with accents just as well":                    {CustomerFilter{LegalName: "garcía"}, []string{jose}},
			"Ñ is found as ñ":                              {CustomerFilter{Search: "muñoz"}, []string{munoz}},
			"and as n":                                     {CustomerFilter{LegalName: "munoz"}, []string{munoz}},
			"and with the tilde apart":                     {CustomerFilter{LegalName: "mun\u0303oz"}, []string{munoz}},
			"a part of the NIF":                            {CustomerFilter{Search: "12345674"}, []string{munoz}},
			"in small letters, too":                        {CustomerFilter{NIF: "678z"}, []string{jose}},
			"a part of the e-mail address":                 {CustomerFilter{Search: "pepe@ex"}, []string{jose}},
			"which the NIF does not have":                  {CustomerFilter{NIF: "pepe"}, []string{}},
			"nor the name":                                 {CustomerFilter{LegalName: "pepe"}, []string{}},
			"a part of the telephone number":               {CustomerFilter{Phone: "600 111"}, []string{jose}},
			"which a search does not look into":            {CustomerFilter{Search: "600 111"}, []string{}},
			"nor into the alternative identifier":          {CustomerFilter{Search: "garcia1"}, []string{}},
			"the end of one column and the next":           {CustomerFilter{Search: "z +34"}, []string{}},
			"one letter":                                   {CustomerFilter{Search: "z"}, []string{puro, jose, munoz}},
			"two letters":                                  {CustomerFilter{LegalName: "ar"}, []string{puro, jose}},
			"letters that are not Latin":                   {CustomerFilter{Search: "本株式"}, []string{nihon}},
			"a percent sign is one":                        {CustomerFilter{Search: "0% \"p"}, []string{puro}},
			"and nothing else":                             {CustomerFilter{Search: "j%a"}, []string{}},
			"an underscore is one":                         {CustomerFilter{Search: "puro_zumo"}, []string{puro}},
			"and not any letter":                           {CustomerFilter{Search: "mu_oz"}, []string{}},
			"a backslash is one":                           {CustomerFilter{Search: `\ o'h`}, []string{puro}},
			"quotes are quotes":                            {CustomerFilter{Search: `"puro`}, []string{puro}},
			"operators of full-text search are words":      {CustomerFilter{Search: "garcia OR munoz"}, []string{}},
			"so are its columns":                           {CustomerFilter{Search: "text:garcia"}, []string{}},
			"and its stars":                                {CustomerFilter{Search: "garc*"}, []string{}},
			"what folds to nothing is in everything":       {CustomerFilter{Search: "\u0301"}, all},
			"even where there is no value":                 {CustomerFilter{Phone: "\u0301\u0303\u0308"}, all},
			"a city is compared as a whole":                {CustomerFilter{City: "avila"}, []string{jose}},
			"so a part of it is not enough":                {CustomerFilter{City: "avil"}, []string{}},
			"nor too much":                                 {CustomerFilter{City: "avila "}, []string{}},
			"a province likewise":                          {CustomerFilter{Province: "A CORUNA"}, []string{puro}},
			"and its part":                                 {CustomerFilter{Province: "coruna"}, []string{}},
			"no city is called nothing":                    {CustomerFilter{City: "\u0301"}, []string{}},
			"filters add up":                               {CustomerFilter{Search: "es", Email: "munoz", City: "madrid", Active: new(true)}, []string{munoz}},
			"to nothing, if they exclude each other":       {CustomerFilter{Search: "garcia", LegalName: "munoz"}, []string{}},
			"or because of activity":                       {CustomerFilter{Search: "garcia", Active: new(false)}, []string{}},
			"a term as long as the contract allows":        {CustomerFilter{Search: strings.Repeat("garcia ", 36)}, []string{}},
			"a term longer than that":                      {CustomerFilter{Search: strings.Repeat("lorem ipsum ", 400)}, []string{}},
			"an invisible hyphen is a letter, too":         {CustomerFilter{Search: "garc\u00ada"}, []string{}},
		} {
			t.Run(name, func(t *testing.T) {
				test.filter.Limit = 10
				customers, total := mustList(t, s, company, test.filter)
				if diff := gocmp.Diff(test.want, names(customers)); diff != "" || total != len(test.want) {
					t.Errorf("%d in all; %s", total, diff)
				}
			})
		}
		t.Run("past the last page the total is told", func(t *testing.T) {
			if customers, total := mustList(t, s, company, CustomerFilter{Search: "garcia", Limit: 10, Page: 7}); len(customers) != 0 || total != 1 {
				t.Errorf("%d of %d", len(customers), total)
			}
		})
		t.Run("what is found is what is read", func(t *testing.T) {
			full := mustCreateCustomer(t, s, company, fullCustomer())
			customers, _ := mustList(t, s, company, CustomerFilter{NIF: *full.NIF, Limit: 2})
			if diff := gocmp.Diff([]Customer{asShown(full)}, customers); diff != "" {
				t.Error(diff)
			}
		})
	})
}

// meets is the filter's meaning, without an index.
func (f CustomerFilter) meets(c Customer) bool {
	part := func(term string, values ...*string) bool {
		return term == "" || slices.ContainsFunc(values, func(v *string) bool { return strings.Contains(foldOptional(v), fold(term)) })
	}
	whole := func(term, value string) bool { return term == "" || fold(term) == fold(value) }
	return !c.DeletedAt.Valid && (f.Active == nil || *f.Active == c.Active) &&
		part(f.Search, &c.LegalName, c.NIF, c.Email) && part(f.LegalName, &c.LegalName) && part(f.NIF, c.NIF) &&
		part(f.Email, c.Email) && part(f.Phone, c.Phone) && whole(f.City, c.Address.City) && whole(f.Province, c.Address.Province)
}

func (f CustomerFilter) less(a, b Customer) int {
	order := map[CustomerSort]int{
		SortByLegalName: strings.Compare(fold(a.LegalName), fold(b.LegalName)),
		SortByNIF:       strings.Compare(orEmpty(a.NIF), orEmpty(b.NIF)),
		SortByEmail:     strings.Compare(foldOptional(a.Email), foldOptional(b.Email)),
		SortByPhone:     strings.Compare(orEmpty(a.Phone), orEmpty(b.Phone)),
		SortByCity:      strings.Compare(fold(a.Address.City), fold(b.Address.City)),
		SortByProvince:  strings.Compare(fold(a.Address.Province), fold(b.Address.Province)),
		SortByCreatedAt: a.CreatedAt.Compare(b.CreatedAt),
	}[cmp.Or(f.SortBy, SortByLegalName)]
	if f.SortBy == SortByActive && a.Active != b.Active {
		order = 1
		if b.Active {
			order = -1
		}
	}
	order = cmp.Or(order, strings.Compare(a.ID.String(), b.ID.String()))
	if f.Descending {
		return -order
	}
	return order
}

// A random history of rows, and after it random filters, orders and pages, each
// compared with what Go makes of the same rows: as they are listed, and in the
// ways that only long lists are read.
func TestFiltersMeanTheSameEverywhere(t *testing.T) {
	t.Parallel()
	stores := []*Store{mustOpen(t, migratedOptions(t, dialectSQLite)), mustOpen(t, migratedOptions(t, dialectPostgres))}
	text := rapid.OneOf(
		rapid.SampledFrom([]string{"García", "MUÑOZ", "munoz", "garcía muñoz", "a", "%", "100%", "_", `\`, `"`, "'", "a\"b", "日本", "日本株", "ß", "OR", "NEAR(a b)", "*", "-", "\u0301", "é", "@", "x@y.es", ".es"}),
		rapid.StringOfN(rapid.RuneFrom([]rune("abñ%_\\\"' .@")), 1, 6, -1),
	)
	phone := rapid.StringMatching("[+]?[0-9 ()a-z%_-]{1,6}") // the contract has digits only
	rapid.Check(t, func(t *rapid.T) {
		companies := make([]uuid.UUID, len(stores))
		for i, s := range stores {
			c, err := s.CreateCompany(t.Context(), NewCompany{Environment: Test})
			if err != nil {
				t.Fatal(err)
			}
			companies[i] = c.ID
		}
		var rows []Customer
		draw := func(n *NewCustomer) {
			n.LegalName, n.Email, n.Phone = text.Draw(t, "name"), optional(t, text), optional(t, phone)
			n.Address.City, n.Address.Province = text.Draw(t, "city"), text.Draw(t, "province")
		}
		for range rapid.IntRange(0, 10).Draw(t, "customers") {
			n := customer()
			draw(&n)
			if rapid.Bool().Draw(t, "foreign") {
				n.AlternativeID, n.NIF = &AlternativeID{Type: "03", Number: *n.NIF}, nil
			}
			row := newCustomerRow(uuid.Nil, n, start.Add(time.Duration(rapid.IntRange(0, 2).Draw(t, "age"))*time.Second))
			row.Active = rapid.Bool().Draw(t, "active")
			deleted, changed, revived := rapid.Bool().Draw(t, "deleted"), rapid.Bool().Draw(t, "changed"), rapid.Bool().Draw(t, "revived")
			draw(&n)
			for i, s := range stores {
				row.CompanyID = companies[i]
				mustDo := func(err error) {
					if err != nil {
						t.Fatal(err)
					}
				}
				stored := row
				mustDo(s.write.Create(&stored).Error)
				if changed {
					u := CustomerUpdate{LegalName: &n.LegalName, Email: Field[string]{Set: true, Value: n.Email}, Phone: Field[string]{Set: true, Value: n.Phone}, Address: &n.Address}
					_, err := s.UpdateCustomer(t.Context(), companies[i], row.ID, u)
					mustDo(err)
				}
				if deleted {
					mustDo(s.DeactivateCustomer(t.Context(), companies[i], row.ID))
				}
				if deleted && revived {
					mustDo(s.write.Exec("UPDATE customers SET deleted_at = NULL WHERE company_id = ? AND id = ?", companies[i], row.ID).Error)
				}
			}
			if changed {
				row.LegalName, row.Email, row.Phone, row.Address = n.LegalName, n.Email, n.Phone, n.Address
			}
			row.Active = row.Active && !deleted
			if !deleted || revived {
				rows = append(rows, row)
			}
		}
		for range 5 {
			f := CustomerFilter{
				SortBy: rapid.SampledFrom(allSorts).Draw(t, "sort"), Descending: rapid.Bool().Draw(t, "descending"),
				Limit: rapid.IntRange(1, 4).Draw(t, "limit"), Page: rapid.IntRange(0, 4).Draw(t, "page"),
			}
			if rapid.Bool().Draw(t, "by activity") {
				f.Active = new(rapid.Bool().Draw(t, "active"))
			}
			for _, field := range []*string{&f.Search, &f.LegalName, &f.NIF, &f.Email, &f.Phone, &f.City, &f.Province} {
				if rapid.IntRange(0, 3).Draw(t, "filter") == 0 {
					*field = rapid.OneOf(text, rapid.StringMatching("[0-9]{1,4}Z?")).Draw(t, "term")
				}
			}
			var want []uuid.UUID
			total := 0
			slices.SortFunc(rows, f.less)
			for _, row := range rows {
				if !f.meets(row) {
					continue
				}
				if before := max(0, f.Page-1) * f.Limit; total >= before && total < before+f.Limit {
					want = append(want, row.ID)
				}
				total++
			}
			for i, s := range stores {
				q, err := s.customerQuery(companies[i], f)
				if err != nil {
					t.Fatal(err)
				}
				after := max(0, total-q.offset-q.limit)
				for way, read := range map[string]func() ([]Customer, int, error){
					"list": func() ([]Customer, int, error) { return s.ListCustomers(t.Context(), companies[i], f) },
					"walk": func() ([]Customer, int, error) {
						return q.fetch(t.Context(), q.walk(q.count(), false, q.limit, q.offset), true)
					},
					"walk from end": func() ([]Customer, int, error) {
						return q.fetch(t.Context(), q.walk(q.count(), true, total-q.offset-after, after), false)
					},
				} {
					got, n, err := read()
					if err != nil {
						t.Fatal(err)
					}
					var ids []uuid.UUID
					for _, c := range got {
						ids = append(ids, c.ID)
					}
					if diff := gocmp.Diff(want, ids); diff != "" || n != total {
						t.Fatalf("%s, %s, %+v: %d in all, want %d; %s", s.Dialect(), way, f, n, total, diff)
					}
				}
			}
		}
	})
}

package server_test

import (
	"fmt"
	"net/http"
	"net/url"
	"slices"
	"strings"
	"testing"
)

func TestFilterCustomers(t *testing.T) {
	eachDialect(t, func(t *testing.T, a *api) {
		create := func(name, nif, email, phone, city, province string) string {
			body := with(t, with(t, with(t, with(t, fullCustomer, "legal_name", quote(name)), "nif", quote(nif)), "email", quote(email)), "phone", quote(phone))
			return a.create(t, a.key, customersPath, with(t, with(t, body, "address.city", quote(city)), "address.province", quote(province)))
		}
		garcia := create("Lucía García", "12345678Z", "lucia@uno.example", "+34 910 000 001", "Ávila", "Ávila")
		munoz := create("Muñoz 100% Zumo, S.L.", "B12345674", "hola@munoz.example", "+34 910 000 002", "Arévalo", "Ávila")
		gone := create("García Muñoz", "X1234567L", "gone@uno.example", "+34 910 000 001", "Ávila", "Ávila")
		a.call(t, a.key, del, customersPath+"/"+gone, "")
		a.call(t, a.key, put, customersPath+"/"+munoz, `{"active":false}`)

		for _, tt := range []struct {
			query string
			want  []string
		}{
			{"search=garcia", []string{garcia}},
			{"search=GARC%C3%8DA", []string{garcia}},
			{"search=munoz", []string{munoz}},
			{"search=mu%C3%B1oz", []string{munoz}},
			{"search=45674", []string{munoz}},
			{"search=uno.example", []string{garcia}},
			{"search=910", nil},
			{"search=100%25", []string{munoz}},
			{"search=%25", []string{munoz}},
			{"search=u_oz", nil},
			{"search=%22garcia%22", nil},
			{"search=a", []string{garcia, munoz}},
			{"legal_name=luc", []string{garcia}},
			{"nif=b1234", []string{munoz}},
			{"email=MUNOZ", []string{munoz}},
			{"phone=000+002", []string{munoz}},
			{"city=avila", []string{garcia}},
			{"city=avil", nil},
			{"province=AVILA", []string{garcia, munoz}},
			{"province=%C3%A1vila&sort_by=nif&sort_order=desc", []string{munoz, garcia}},
			{"province=avila&active=true", []string{garcia}},
			{"province=avila&limit=1&page=2", []string{munoz}},
			{"search=z&city=arevalo&email=hola&active=false", []string{munoz}},
			{"search=garcia&legal_name=munoz", nil},
		} {
			t.Run(tt.query, func(t *testing.T) {
				l := a.mustList(t, a.key, "?"+tt.query)
				total := len(tt.want)
				if strings.Contains(tt.query, "page=2") {
					total = 2
				}
				if !slices.Equal(l.ids(), tt.want) || l.Pagination.TotalItems != int64(total) {
					t.Errorf("got %v, %+v, want %v", l.ids(), l.Pagination, tt.want)
				}
			})
		}
		t.Run("a company finds nobody else's customers", func(t *testing.T) {
			for _, query := range []string{"search=garcia", "legal_name=l", "nif=12345678Z", "email=uno.example", "phone=910", "city=avila", "province=avila"} {
				if l := a.mustList(t, a.theirs, "?"+query); len(l.Customers) != 0 || l.Pagination.TotalItems != 0 {
					t.Errorf("GET ?%s: %+v", query, l)
				}
			}
		})
		t.Run("a text is of one to 255 characters", func(t *testing.T) {
			for _, parameter := range []string{"search", "legal_name", "nif", "email", "phone", "city", "province"} {
				for value, want := range map[string]int{
					"": http.StatusBadRequest, strings.Repeat("ñ", 256): http.StatusBadRequest, strings.Repeat("ñ", 255): http.StatusOK, "\u0301": http.StatusOK,
				} {
					query := fmt.Sprintf("%s?%s=%s", customersPath, parameter, url.QueryEscape(value))
					if got := a.call(t, a.key, get, query, ""); got.status != want {
						t.Errorf("GET %.60s: %d, want %d", query, got.status, want)
					}
				}
			}
		})
	})
}

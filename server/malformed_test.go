package server_test

import (
	"fmt"
	"maps"
	"net/http"
	"slices"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/panal/panal/server"
)

// malformed is a request that must be refused.
type malformed struct {
	name, method, path string
	header             http.Header // replaces the usual ones where it has them
	body               string
	status             int
	code               string
	details            []string // names that the details must have
	field              string   // what details.field must be, if anything
	says               string   // what the message must have in it
}

// check sends the request and expects the refusal.
func (m malformed) check(t *testing.T, a *api) {
	req := newRequest(a.key, m.method, m.path, m.body)
	if m.method == post || m.method == put {
		req.Header.Set("Content-Type", "application/json")
	}
	for name, values := range m.header {
		delete(req.Header, name)
		if len(values) > 0 {
			req.Header[name] = values
		}
	}
	got := a.do(t, req)
	if got.status != m.status || got.Error.Code != m.code || got.Success {
		t.Errorf("status %d, code %q, want %d, %q\n%.300q\n%.500s", got.status, got.Error.Code, m.status, m.code, m.body, got.body)
	}
	for _, name := range m.details {
		if text, ok := got.Error.Details[name].(string); !ok || text == "" {
			t.Errorf("details have no %q\n%.500s", name, got.body)
		}
	}
	if !strings.Contains(got.Error.Message, m.says) {
		t.Errorf("message %q does not say %q", got.Error.Message, m.says)
	}
	if m.field == "" {
		return
	}
	expected, allowed := got.Error.Details["expected_format"], got.Error.Details["allowed_values"]
	if got.Error.Details["field"] != m.field || got.Error.Details["invalid_value"] == nil || (expected == nil) == (allowed == nil) {
		t.Errorf("want field %q, invalid_value, and expected_format or allowed_values\n%.500s", m.field, got.body)
	}
}

// row is a refused request without a body.
func row(method, path string, status int, code string, details ...string) malformed {
	return malformed{name: method + " " + path, method: method, path: path, status: status, code: code, details: details}
}

// withHeader is a GET that its headers condemn.
func withHeader(header http.Header, status int, code string, details ...string) malformed {
	return malformed{name: fmt.Sprintf("%.60q", header), method: get, path: customersPath, header: header, status: status, code: code, details: details}
}

const (
	get, put, post, del = http.MethodGet, http.MethodPut, http.MethodPost, http.MethodDelete

	customersPath = "/v1/customers"
	invoicesPath  = "/v1/invoices"
	aCustomer     = "/v1/customers/01981f5e-ffff-7b3e-9a51-0d5f6a7b8c9d"
	anInvoice     = "/v1/invoices/01981f5e-ffff-7b3e-9a51-0d5f6a7b8c9d"
)

func malformedPaths() []malformed {
	var rows []malformed
	for _, path := range []string{
		"/", "/v1", "/v2/customers", "/v1/customer", "/v1/Customers", "/V1/customers", "/v1/customers/", "/v1//customers", "//v1/customers",
		"/api", "/api/", "/api/v1", "/api/api/v1/customers", "/API/v1/customers", "/v1/customers/%2e%2e/x/y", "/v1/customers/../invoices/a/b",
		"/v1%2Fcustomers", "/v1/customers%00", "/v1/customers%20", "/v1/customers;a=b", "/v1/%63ustomers/a/b", "/v1/customers/a/b", aCustomer + "/", aCustomer + "/invoices",
		"/v1/customers%3Fpage=1", "/v1/%ff", "/v1/\xff", "/v1/invoices/\u202e/x", "/openapi.yaml%00", "/" + strings.Repeat("a/", 2000),
	} {
		rows = append(rows, row(get, path, 404, "ENDPOINT_NOT_FOUND"))
	}
	for _, id := range []string{
		"nope", "1", "0", "-1", "null", "undefined", ".", "...", "%2e%2e", "..%2f..%2fetc%2fpasswd", "%252e%252e", "%00", "%2500", "%ff", "%c0%af", "%ed%a0%80", "\xff",
		"a%2Fb", "%2F", "%20", "%0d%0aX:1", "01981f5e-ffff-7b3e-9a51-0d5f6a7b8c9", "01981f5e-ffff-7b3e-9a51-0d5f6a7b8c9dd", "01981f5effff7b3e9a510d5f6a7b8c9d",
		"{01981f5e-ffff-7b3e-9a51-0d5f6a7b8c9d}", "%7B01981f5e-ffff-7b3e-9a51-0d5f6a7b8c9d%7D", "urn:uuid:01981f5e-ffff-7b3e-9a51-0d5f6a7b8c9d",
		"g1981f5e-ffff-7b3e-9a51-0d5f6a7b8c9d", "01981f5e_ffff_7b3e_9a51_0d5f6a7b8c9d", "01981f5e-ffff-7b3e-9a51-0d5f6a7b8c9d%00", "%2001981f5e-ffff-7b3e-9a51-0d5f6a7b8c9d",
		"0198%2D1f5e-ffff-7b3e-9a51-0d5f6a7b8c9d", "0١981f5e-ffff-7b3e-9a51-0d5f6a7b8c9", "'%20OR%201=1--", "1;DROP%20TABLE%20customers", "%F0%9F%90%9D", "*", ":customer_id", "%7Bcustomer_id%7D",
		strings.Repeat("0", 5000), "01981f5e-ffff-7b3e-9a51-0d5f6a7b8c9d%2F", "01981f5e-ffff-7b3e-9a51-0d5f6a7b8c9d;x=1", "01981f5e-ffff-7b3e-9a51-0d5f6a7b8c9d+", "Ｆ1981f5e-ffff-7b3e-9a51-0d5f6a7b",
	} {
		rows = append(rows, row(del, "/v1/customers/"+id, 400, "VALIDATION_ERROR", "customer_id"), row(get, "/api/v1/invoices/"+id, 400, "VALIDATION_ERROR", "invoice_id"))
	}
	return rows
}

func malformedQueries() []malformed {
	var rows []malformed
	for name, values := range map[string][]string{
		"page": {
			"", "0", "-1", "1.0", "1e3", "9999999999999999999999", "9223372036854775808", "1000000001", "%201", "1%20", "0x1", "1_000", "1,5", "one", "NaN", "Infinity", "null", "true", "%D9%A1", "1%00", "%ff", "[1]", "%271%27",
		},
		"limit":      {"", "0", "-1", "101", "1000000", "2147483648", "20.5", "ten", "1%0a", "1;2"},
		"active":     {"", "TRUE", "True", "1", "0", "yes", "no", "on", "null", "truefalse", "%00true", "true%20"},
		"sort_by":    {"", "name", "LEGAL_NAME", "Legal_Name", "legal_name,nif", "legal_name%20DESC", "id", "deleted_at", "company_id", "1", "legal_name--", "%27", "legal_name%00"},
		"sort_order": {"", "ASC", "Desc", "ascending", "down", "asc,desc", "1", "desc%3B%20DROP%20TABLE%20customers"},
	} {
		for _, value := range values {
			if strings.Contains(value, ";") {
				rows = append(rows, row(get, customersPath+"?"+name+"="+value, 400, "VALIDATION_ERROR", "query"))
				continue
			}
			rows = append(rows, row(get, customersPath+"?"+name+"="+value, 400, "VALIDATION_ERROR", name))
		}
		rows = append(rows, row(get, customersPath+"?"+name+"=1&"+name+"=1", 400, "VALIDATION_ERROR", name), row(get, customersPath+"?"+name, 400, "VALIDATION_ERROR", name))
	}
	return append(rows,
		row(get, customersPath+"?page=0&limit=0&active=2&sort_by=x&sort_order=y&z=1", 400, "VALIDATION_ERROR", "page", "limit", "active", "sort_by", "sort_order", "z"),
		row(get, customersPath+"?Page=1", 400, "VALIDATION_ERROR", "Page"),
		row(get, customersPath+"?LIMIT=1", 400, "VALIDATION_ERROR", "LIMIT"),
		row(get, customersPath+"?page[]=1", 400, "VALIDATION_ERROR", "page[]"),
		row(get, customersPath+"?%70age=1&page=1", 400, "VALIDATION_ERROR", "page"),
		row(get, customersPath+"?company_id=01981f5e-ffff-7b3e-9a51-0d5f6a7b8c9d", 400, "VALIDATION_ERROR", "company_id"),
		row(get, customersPath+"?=1", 400, "VALIDATION_ERROR", ""),
		row(get, customersPath+"?page=1;limit=2", 400, "VALIDATION_ERROR", "query"),
		row(get, customersPath+"?;", 400, "VALIDATION_ERROR", "query"),
		row(get, customersPath+"?page=%", 400, "VALIDATION_ERROR", "query"),
		row(get, customersPath+"?page=%zz", 400, "VALIDATION_ERROR", "query"),
		row(get, customersPath+"?%ff=1", 400, "VALIDATION_ERROR", "query"),
		row(get, customersPath+"?a%00b=1", 400, "VALIDATION_ERROR", "query"),
		row(get, customersPath+"?page=\xff", 400, "VALIDATION_ERROR", "page"),
		row(get, aCustomer+"?customer_id=1", 400, "VALIDATION_ERROR", "customer_id"),
		row(get, "/v1/customers/nope?customer_id=1", 400, "VALIDATION_ERROR", "customer_id"),
		row(del, aCustomer+"?force=true", 400, "VALIDATION_ERROR", "force"),
		row(del, anInvoice+"?page=1", 400, "VALIDATION_ERROR", "page"),
		row(get, "/v1/customers/nope?a=1&b=2", 400, "VALIDATION_ERROR", "customer_id", "a", "b"),
		row(get, customersPath+"?"+strings.Repeat("a=1&", 5000), 400, "VALIDATION_ERROR", "a"),
	)
}

func malformedHeaders(a *api) []malformed {
	var rows []malformed
	upper := strings.ToUpper(a.key)
	for _, values := range [][]string{
		{},
		{""},
		{" "},
		{"Bearer"},
		{"Bearer "},
		{a.key},
		{"Basic " + a.key},
		{"Basic dXNlcjpwYXNz"},
		{"Digest x"},
		{"Token " + a.key},
		{"Bearer\t" + a.key},
		{"BearerX " + a.key},
		{"Bearer " + a.key + " "},
		{"Bearer " + a.key + ","},
		{"Bearer " + a.key + " extra"},
		{"Bearer \"" + a.key + "\""},
		{"Bearer " + upper},
		{"Bearer " + strings.ToLower(a.key) + "x"},
		{"Bearer " + a.key[:len(a.key)-1]},
		{"Bearer x" + a.key},
		{"Bearer " + strings.Replace(a.key, "_test_", "_live_", 1)},
		{"Bearer " + a.key + "\x00"},
		{"Bearer \xff\xfe"},
		{"Bearer " + a.key, "Bearer " + a.key},
		{"Bearer " + a.key, "Basic x"},
		{"Bearer " + a.key + ", Bearer " + a.key},
		{"Bearer beel_sk_test_"},
		{"Bearer beel_sk_test_000000000000000000000000000000000000"},
		{"Bearer null"},
		{"Bearer " + strings.Repeat("a", 1<<20)},
		{"Bearer beel_sk_test_" + strings.Repeat("0", 1<<20)},
		{"Bearer ' OR '1'='1"},
	} {
		rows = append(rows, withHeader(http.Header{"Authorization": values}, 401, "UNAUTHORIZED"))
	}
	for _, values := range [][]string{
		{},
		{""},
		{"text/plain"},
		{"text/json"},
		{"application/x-www-form-urlencoded"},
		{"multipart/form-data; boundary=x"},
		{"application/json; charset=latin1"},
		{"application/json; charset=utf-16"},
		{"application/json; charset="},
		{"application/json-patch+json"},
		{"application/ld+json"},
		{"application/xml"},
		{"application/json, text/plain"},
		{"application"},
		{"/"},
		{"*/*"},
		{"application/*"},
		{"application/json;charset"},
		{"application/json; charset=utf-8; charset=utf-16"},
		{"application/json", "application/json"},
		{"application/json", "text/plain"},
		{"\xff"},
		{strings.Repeat("a", 100_000)},
	} {
		rows = append(rows, malformed{
			name: fmt.Sprintf("POST a customer as %.60q", values), method: post, path: customersPath, body: newCompanyCustomer,
			header: http.Header{"Content-Type": values}, status: 415, code: "UNSUPPORTED_MEDIA_TYPE",
		})
	}
	for _, value := range []string{"text/html", "application/xml", "application/json;q=0", "application/json;q=0.0, text/html", "*/*;q=0", "text/*", "application/vnd.api+json", "garbage", ";;;", "application/json;q=zero", "\xff"} {
		rows = append(rows, withHeader(http.Header{"Accept": {value}}, 406, "NOT_ACCEPTABLE"))
	}
	for name, value := range map[string]string{"X-Anything": "\xff", "User-Agent": "a\x00b", "Traceparent": "00-\xff", "Accept-Language": "es\xc3"} {
		rows = append(rows, withHeader(http.Header{name: {value}}, 400, "VALIDATION_ERROR", strings.ToLower(name)))
	}
	return append(rows, withHeader(http.Header{"X-Long": {strings.Repeat("\xff", 1<<20)}}, 400, "VALIDATION_ERROR", "x-long"))
}

func TestMalformedRequestsAreRefusedAndWriteNothing(t *testing.T) {
	eachDialect(t, func(t *testing.T, a *api) {
		a.Server = a.mustServer(t, server.Options{BodyLimit: 1 << 20})
		rows := slices.Concat(malformedPaths(), malformedQueries(), malformedHeaders(a), malformedBodies(t, a.mustID(t, a.key, "customer_id")))
		before := a.mustDump(t)
		for _, m := range rows {
			t.Run(m.name, func(t *testing.T) { m.check(t, a) })
		}
		if diff := cmp.Diff(before, a.mustDump(t)); diff != "" {
			t.Errorf("something was written (-before +after):\n%s", diff)
		}
		if logged := a.mustLogged(t, "ERROR", ""); len(logged) > 0 {
			t.Errorf("errors were logged: %q", logged)
		}
	})
}

func TestOddRequestsThatAreRightAreAccepted(t *testing.T) {
	eachDialect(t, func(t *testing.T, a *api) {
		id := a.create(t, a.key, customersPath, fullCustomer)
		path := customersPath + "/" + id
		unknown := strings.Repeat("[", 9_990) + strings.Repeat("]", 9_990)
		for _, tt := range []struct {
			name, method, path, body string
			header                   http.Header
		}{
			{"a scheme in lower case", get, path, "", http.Header{"Authorization": {"bearer " + a.key}}},
			{"a scheme in capitals", get, path, "", http.Header{"Authorization": {"BEARER " + a.key}}},
			{"several spaces behind the scheme", get, path, "", http.Header{"Authorization": {"Bearer   " + a.key}}},
			{"an id in capitals", get, customersPath + "/" + strings.ToUpper(id), "", nil},
			{"an id percent-encoded", get, customersPath + "/" + strings.ReplaceAll(id, "-", "%2d"), "", nil},
			{"an empty query", get, path + "?", "", nil},
			{"separators alone", get, path + "?&&", "", nil},
			{"a parameter's name percent-encoded", get, customersPath + "?%70age=1", "", nil},
			{"a body for an operation without one", get, path, "{", http.Header{"Content-Type": {"text/plain"}}},
			{"a character set in capitals", put, path, "{}", http.Header{"Content-Type": {"application/json; charset=UTF-8"}}},
			{"a media type in capitals", put, path, "{}", http.Header{"Content-Type": {"Application/JSON"}}},
			{"another parameter of the media type", put, path, "{}", http.Header{"Content-Type": {"application/json; version=1"}}},
			{"several Accept headers", get, path, "", http.Header{"Accept": {"text/html", "application/json"}}},
			{"an empty Accept", get, path, "", http.Header{"Accept": {""}}},
			{"space around the body", put, path, "\r\n\t {} \n", nil},
			{"unknown properties of any kind", put, path, `{"x":` + unknown + `,"y":1e999999999,"":null,"z":{"":[1e-999]}}`, nil},
			{"a whole number with decimals", put, path, `{"preferred_payment_method":{"payment_term_days":30.0}}`, nil},
			{"a whole number with an exponent", put, path, `{"preferred_payment_method":{"payment_term_days":3e1}}`, nil},
			{"a discount with an exponent", put, path, `{"general_discount":1.25E+1}`, nil},
			{"a discount with idle zeros", put, path, `{"general_discount":5.500000000000}`, nil},
			{"characters beyond the first plane", put, path, `{"notes":"\ud83d\udc1d🐝\uffff"}`, nil},
			{"a property escaped", put, path, `{"\u0061ctive":true}`, nil},
			{"headers in UTF-8", get, path, "", http.Header{"X-Name": {"Ñandú"}}},
		} {
			t.Run(tt.name, func(t *testing.T) {
				req := newRequest(a.key, tt.method, tt.path, tt.body)
				maps.Copy(req.Header, tt.header)
				if got := a.do(t, req); got.status != http.StatusOK {
					t.Errorf("status %d: %.500s", got.status, got.body)
				}
			})
		}
	})
}

// Some details have types of their own, which a parameter's name must not take.
func TestAnUnknownParameterMayHaveTheNameOfADetail(t *testing.T) {
	a := mustSQLiteAPI(t)
	for name := range mustDocument(t).Components.Schemas["ErrorDetails"].Value.Properties {
		got := a.call(t, a.key, http.MethodGet, "/v1/customers?"+name+"=1", "")
		_, plain := got.Error.Details[name].(string)
		if _, prefixed := got.Error.Details["query."+name].(string); got.status != http.StatusBadRequest || plain == prefixed {
			t.Errorf("%s: status %d: %s", name, got.status, got.body)
		}
	}
}

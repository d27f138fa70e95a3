package server_test

import (
	"encoding/binary"
	"encoding/json"
	"fmt"
	"maps"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"testing"
	"unicode/utf16"

	"github.com/getkin/kin-openapi/openapi3"
)

// Bodies that have every property of theirs, all valid.
const (
	fullAddress  = `{"street":"Calle Mayor","number":"12","floor":"2","door":"B","postal_code":"28013","city":"Madrid","province":"Madrid","country":"España","country_code":"ES"}`
	fullPayment  = `{"method":"BANK_TRANSFER","iban":"ES9121000418450200051332","swift":"CAIXESBBXXX","payment_term_days":15}`
	fullCustomer = `{"legal_name":"Panadería Ñandú S.L.","trade_name":"La Ñandú","nif":"B12345674","address":` + fullAddress + `,"phone":"+34 910 000 000",` +
		`"email":"hola@panaderia.example","web":"https://panaderia.example","billing_emails":["a@panaderia.example","b@panaderia.example"],"contact_person":"Marta Ruiz",` +
		`"notes":"Prefiere el correo.","preferred_payment_method":` + fullPayment + `,"general_discount":5.25}`
	foreignCustomer = `{"legal_name":"Boulangerie du Nord SARL","alternative_id":{"type":"02","number":"FR40303265045","country_code":"FR"},"address":` + fullAddress + `}`
	fullLine        = `{"description":"Consultoría","quantity":40,"unit":"hours","unit_price":37.5,"discount_percentage":10,"main_tax":{"type":"IVA","percentage":21,"regime_key":"18"},"equivalence_surcharge_rate":5.2,"irpf_rate":15}`
	fullInvoice     = `{"type":"STANDARD","operation_date":"2026-02-27","due_date":"2026-12-31","recipient":{"legal_name":"Lucía García Peña","trade_name":"Lucía","nif":"12345678Z","address":` + fullAddress +
		`,"phone":"+34 910 000 000","email":"lucia@panaderia.example"},"lines":[` + fullLine + `],"payment_info":` + fullPayment + `,"notes":"Gracias.","metadata":{"order":"A-1001"},` +
		`"options":{"verifactu_enabled":false,"issue_directly":false,"wait_for_pdf":false,"send_automatically":false}}`
	foreignInvoice = `{"type":"STANDARD","recipient":{"legal_name":"Boulangerie du Nord SARL","alternative_id":{"type":"02","number":"FR40303265045","country_code":"FR"}},"lines":[` + fullLine + `]}`
)

// with is the body with the property at path, such as lines[0].unit, set to raw
// JSON, or without it where raw is empty.
func with(tb testing.TB, body, path, raw string) string {
	tb.Helper()
	root := mustParse(tb, body)
	parent, name := parentOf(root, path)
	name, isItem := strings.CutSuffix(name, "[0]")
	switch {
	case raw == "":
		delete(parent, name)
	case isItem:
		parent[name] = []any{json.RawMessage(raw)}
	default:
		parent[name] = json.RawMessage(raw)
	}
	b, err := json.Marshal(root)
	if err != nil {
		tb.Fatalf("%s = %s: %v", path, raw, err)
	}
	return string(b)
}

// has reports whether the body has the property at path.
func has(tb testing.TB, body, path string) bool {
	tb.Helper()
	parent, name := parentOf(mustParse(tb, body), path)
	_, ok := parent[name]
	return ok
}

func mustParse(tb testing.TB, body string) map[string]any {
	tb.Helper()
	d := json.NewDecoder(strings.NewReader(body))
	d.UseNumber()
	var root map[string]any
	if err := d.Decode(&root); err != nil {
		tb.Fatal(err)
	}
	return root
}

// parentOf is the object that has or would have the property at path, and the
// property's name there.
func parentOf(root map[string]any, path string) (parent map[string]any, name string) {
	parts := strings.Split(path, ".")
	for _, part := range parts[:len(parts)-1] {
		part, isItem := strings.CutSuffix(part, "[0]")
		child := root[part]
		if items, ok := child.([]any); ok && isItem {
			child = items[0]
		}
		next, ok := child.(map[string]any)
		if !ok {
			next = map[string]any{}
			root[part] = next
		}
		root = next
	}
	return root, parts[len(parts)-1]
}

// target is an operation with a body that it accepts.
type target struct{ method, path, schema, body string }

func malformedBodies(tb testing.TB, customer string) []malformed {
	tb.Helper()
	schemas := mustDocument(tb).Components.Schemas
	var rows []malformed
	for _, tt := range []target{
		{post, customersPath, "CreateCustomerRequest", fullCustomer},
		{put, customersPath + "/" + customer, "UpdateCustomerRequest", fullCustomer},
		{post, invoicesPath, "CreateInvoiceRequest", fullInvoice},
	} {
		rows = append(rows, tt.syntax()...)
		rows = append(rows, tt.properties(tb, "", schemas[tt.schema].Value)...)
	}
	for prefix, tt := range map[string]target{
		"alternative_id.":           {post, customersPath, "CreateCustomerRequest", foreignCustomer},
		"recipient.alternative_id.": {post, invoicesPath, "CreateInvoiceRequest", foreignInvoice},
	} {
		rows = append(rows, tt.properties(tb, prefix, schemas["AlternativeIdentifier"].Value)...)
	}
	return append(rows, brokenRules(tb, customer)...)
}

func (tt target) row(name, body string) malformed {
	return malformed{name: tt.method + " " + tt.schema + " " + name, method: tt.method, path: tt.path, body: body, status: 400, code: "INVALID_JSON_FORMAT"}
}

func (tt target) shape(path, raw, body string) malformed {
	m := tt.row(fmt.Sprintf("%s = %.40s", path, raw), body)
	m.field = path
	return m
}

func (tt target) rule(code, path, raw, body string) malformed {
	m := tt.row(fmt.Sprintf("%s = %.40s", path, raw), body)
	m.status, m.code, m.details = 422, code, []string{path}
	return m
}

// syntax are bodies that are not one JSON object.
func (tt target) syntax() []malformed {
	object := strings.TrimSuffix(tt.body, "}")
	var rows []malformed
	for i, body := range []string{
		"", " ", "\n\t\r ", "null", "[]", "[" + tt.body + "]", `"x"`, `""`, "1", "0", "true", "false", "nil", "undefined", "{", "}", "{}}", `{"a"`, `{"a":`, `{"a":1`, `{"a":1,`, `{"a":1,}`, `{,}`, `{a:1}`, `{'a':1}`, `{"a" 1}`, `{"a":1 "b":2}`, `{1:1}`, `{null:1}`,
		tt.body + "x", tt.body + "]", tt.body + ",", tt.body + tt.body, tt.body + "\n" + tt.body, tt.body + " null", tt.body + "\x00", "\x00" + tt.body, tt.body + "//", "// one\n" + tt.body, "/* one */" + tt.body, tt.body[:len(tt.body)/2], tt.body[:len(tt.body)-1],
		object + `,"a":1,"a":2}`, object + `,"legal_name":"A","legal_name":"B"}`, object + `,"type":"A","t\u0079pe":"B"}`, object + `,"x":{"a":[{"b":1,"b":1}]}}`,
		object + `,"x":NaN}`, object + `,"x":Infinity}`, object + `,"x":-Infinity}`, object + `,"x":01}`, object + `,"x":+1}`, object + `,"x":.5}`, object + `,"x":5.}`, object + `,"x":0x10}`, object + `,"x":1e}`, object + `,"x":--1}`, object + `,"x":1_000}`, object + `,"x":tru}`, object + `,"x":True}`, object + `,"x":}`,
		object + `,"x":` + strings.Repeat("[", 10_001) + strings.Repeat("]", 10_001) + "}", object + `,"x":` + strings.Repeat(`{"a":`, 10_001) + "1" + strings.Repeat("}", 10_001) + "}", strings.Repeat("[", 500_000), strings.Repeat(`{"a":`, 100_000),
		object + `,"x":"\u0000"}`, object + `,"x":"a` + "\x00" + `b"}`, object + `,"a\u0000b":1}`, object + `,"a` + "\x00" + `b":1}`, object + `,"legal_name\u0000":"x"}`, object + `,"x":[{"y":"a\u0000"}]}`,
		object + `,"x":"\ud800"}`, object + `,"x":"\udc00"}`, object + `,"x":"\ud800\u0041"}`, object + `,"x":"\ud83d\ud83d"}`, object + `,"\ud800":1}`, object + `,"x":"` + "\xff" + `"}`, object + `,"x":"` + "\xc0\x80" + `"}`, object + `,"x":"` + "\xed\xa0\x80" + `"}`, object + `,"` + "\xfe" + `":1}`, object + `,"x":"` + "\xf4\x90\x80\x80" + `"}`,
		"\ufeff" + tt.body, inUTF16(tt.body), "\x1f\x8b\x08\x00" + tt.body,
		object + `,"x":"` + "\x01" + `"}`, object + `,"x":"a` + "\n" + `b"}`, object + `,"x":"a` + "\t" + `b"}`, object + `,"x":"\x41"}`, object + `,"x":"\u12"}`, object + `,"x":"\'"}`, object + `,"x":"\U00000041"}`, object + "," + "\u00a0" + `"x":1}`,
		"legal_name=Ana&nif=B12345674", "<customer/>", "--x\r\nContent-Disposition: form-data\r\n\r\n1\r\n--x--", "!!binary", "legal_name: Ana",
	} {
		m := tt.row(fmt.Sprintf("syntax %d: %.30q", i, strings.TrimPrefix(strings.TrimPrefix(body, tt.body), object)), body)
		m.details = []string{"field"}
		rows = append(rows, m)
	}
	return rows
}

// inUTF16 is the body in another encoding of Unicode.
func inUTF16(body string) string {
	b := []byte{0xff, 0xfe}
	for _, unit := range utf16.Encode([]rune(body)) {
		b = binary.LittleEndian.AppendUint16(b, unit)
	}
	return string(b)
}

// wrongTypes are, for each type of JSON Schema, values of other types.
var wrongTypes = map[string][]string{
	"string":  {"1", "true", "{}", "[]", `["x"]`},
	"number":  {`"1"`, "true", "{}", "[]", "1e400", "1e-400", "1e999999999", "-1e999999999", "1e99999999999999999999"},
	"integer": {`"1"`, "true", "{}", "[]", "1.5", "1e400", "1e-1"},
	"boolean": {`"true"`, "1", "0", "{}", "[]", `"yes"`},
	"array":   {"{}", `"x"`, "1", "true"},
	"object":  {"[]", `"x"`, "1", "true", "[{}]"},
}

// properties break each property of a schema in every way that it forbids.
func (tt target) properties(tb testing.TB, prefix string, schema *openapi3.Schema) []malformed {
	tb.Helper()
	var rows []malformed
	for _, name := range slices.Sorted(maps.Keys(schema.Properties)) {
		s, path := schema.Properties[name].Value, prefix+name
		for _, raw := range malshapen(s) {
			rows = append(rows, tt.shape(path, raw, with(tb, tt.body, path, raw)))
		}
		if !has(tb, tt.body, path) {
			continue
		}
		if slices.Contains(schema.Required, name) {
			rows = append(rows, tt.rule("VALIDATION_ERROR", path, "absent", with(tb, tt.body, path, "")))
		}
		code, ok := s.Extensions["x-error-code"].(string)
		if !ok {
			code = "VALIDATION_ERROR"
		}
		for _, raw := range beyondLimits(s) {
			rows = append(rows, tt.rule(code, path, raw, with(tb, tt.body, path, raw)))
		}
		switch {
		case s.Type.Is("object"):
			rows = append(rows, tt.properties(tb, path+".", s)...)
		case s.Type.Is("array") && s.Items.Value.Type.Is("object"):
			rows = append(rows, tt.properties(tb, path+"[0].", s.Items.Value)...)
		case s.Type.Is("array"):
			for _, raw := range malshapen(s.Items.Value) {
				rows = append(rows, tt.shape(path+"[0]", raw, with(tb, tt.body, path+"[0]", raw)))
			}
			for _, raw := range beyondLimits(s.Items.Value) {
				rows = append(rows, tt.rule("VALIDATION_ERROR", path+"[0]", raw, with(tb, tt.body, path+"[0]", raw)))
			}
		}
	}
	return rows
}

// malshapen are values that do not have the shape of a property.
func malshapen(s *openapi3.Schema) []string {
	raws := slices.Clone(wrongTypes[(*s.Type)[0]])
	if !s.Nullable {
		raws = append(raws, "null")
	}
	switch {
	case len(s.Enum) > 0 && s.Type.Is("string"):
		first := fmt.Sprint(s.Enum[0])
		raws = append(raws, `""`, `"nope"`, quote(first+" "), quote(" "+first), quote(first+","+first))
		if lower := strings.ToLower(first); lower != first {
			raws = append(raws, quote(lower))
		}
	case len(s.Enum) > 0:
		raws = append(raws, "-1", "1", "1000")
	case s.Format == "uuid":
		raws = append(raws, `""`, `"nope"`, `"{01981f5e-ffff-7b3e-9a51-0d5f6a7b8c9d}"`, `"urn:uuid:01981f5e-ffff-7b3e-9a51-0d5f6a7b8c9d"`, `"01981f5effff7b3e9a510d5f6a7b8c9d"`, `"01981f5e-ffff-7b3e-9a51-0d5f6a7b8c9g"`, `"01981f5e-ffff-7b3e-9a51-0d5f6a7b8c9d "`)
	case s.Format == "date":
		raws = append(raws, `""`, `"nope"`, `"2026-02-30"`, `"2026-13-01"`, `"2026-00-10"`, `"2026-2-3"`, `"02/03/2026"`, `"20260302"`, `"2026-03-02T00:00:00Z"`, `"2026-03-02 "`, `" 2026-03-02"`, `"12026-03-02"`, `"-026-03-02"`, `"２０２６-03-02"`, `"2026-W10-1"`, `"1700000000"`)
	}
	return raws
}

func quote(text string) string {
	b, err := json.Marshal(text)
	if err != nil {
		panic(err) // no text is refused
	}
	return string(b)
}

// beyondLimits are values of the right shape, each a step beyond a limit.
func beyondLimits(s *openapi3.Schema) []string {
	var raws []string
	if s.Type.Is("string") && len(s.Enum) == 0 && s.Format != "uuid" && s.Format != "date" {
		if s.MinLength > 0 {
			raws = append(raws, quote(strings.Repeat("a", int(s.MinLength)-1))) //nolint:gosec // limits are small
		}
		if s.MaxLength != nil {
			tooLong := int(*s.MaxLength) + 1 //nolint:gosec // limits are small
			raws = append(raws, quote(strings.Repeat("a", tooLong)), quote(strings.Repeat("ñ", tooLong)))
		}
		if s.Pattern != "" {
			pattern := regexp.MustCompile(s.Pattern)
			for _, odd := range []string{"<", " ", "\n", "a\n", "💣", "\u202e"} {
				if odd = strings.Repeat(odd, max(1, int(s.MinLength))); !pattern.MatchString(odd) { //nolint:gosec // limits are small
					raws = append(raws, quote(odd))
				}
			}
		}
		if s.Format == "email" {
			raws = append(raws, `"nobody"`, `"@a.example"`, `"a@ b.example"`, `"Ana <a@b.example>"`, `"a@b.example, c@d.example"`, `"a@b"`, `"<a@b.example>"`, `"a@b.example\n"`, `"a@b.example\r\nBcc: x@y.example"`)
		}
	}
	decimal := func(f float64) string { return strconv.FormatFloat(f, 'f', -1, 64) }
	if s.Min != nil && len(s.Enum) == 0 {
		raws = append(raws, decimal(*s.Min-1))
		if s.ExclusiveMin.IsTrue() {
			raws = append(raws, decimal(*s.Min), "0.0", "-0", "0e5")
		}
	}
	if s.Max != nil && len(s.Enum) == 0 {
		raws = append(raws, decimal(*s.Max+1), "1e20")
	}
	if s.MinItems > 0 {
		raws = append(raws, "[]")
	}
	if s.MaxItems != nil {
		item := `"a@panaderia.example"`
		if s.Items.Value.Type.Is("object") {
			item = `{"description":"x","quantity":1,"unit_price":1}`
		}
		raws = append(raws, "["+strings.Repeat(item+",", int(*s.MaxItems))+item+"]") //nolint:gosec // limits are small
	}
	return raws
}

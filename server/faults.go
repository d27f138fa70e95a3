package server

import (
	"encoding/json"
	"errors"
	"fmt"
	"math"
	"math/big"
	"net/http"
	"net/mail"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/getkin/kin-openapi/openapi3"
	"github.com/google/uuid"

	"github.com/panal/panal/gen"
)

const messageInvalid = "The provided data is not valid"

// fault is a property whose value breaks a rule.
type fault struct {
	// path is the property, such as lines[0].unit_price.
	path    string
	problem string
	// code is the rule's own, empty for most.
	code gen.ErrorCode
}

type faults []fault

func (f *faults) add(path, problem string) { *f = append(*f, fault{path: path, problem: problem}) }

// addCoded adds a fault with the code that the contract gives to those of schema.
func (f *faults) addCoded(path, problem string, schema *openapi3.Schema) {
	code, _ := schema.Extensions["x-error-code"].(string)
	*f = append(*f, fault{path: path, problem: problem, code: gen.ErrorCode(code)})
}

// refusal says all faults in one answer. A rule's own code is used if no other
// rule is broken.
func (f faults) refusal() *refusal {
	r := &refusal{status: http.StatusUnprocessableEntity, code: f[0].code, message: messageInvalid, details: map[string]any{}}
	for _, one := range f {
		if one.code != f[0].code {
			r.code = ""
		}
		if _, ok := r.details[one.path]; !ok {
			r.details[one.path] = one.problem
		}
	}
	switch r.code {
	case "":
		r.code = gen.ErrorCodeValidationError
	case gen.ErrorCodeValidationError:
	default:
		// The sentence for people says what the map says.
		r.message = f[0].path + " " + f[0].problem
	}
	return r
}

// badRequest is the refusal of parameters: of the same form, but 400.
func (f faults) badRequest() *refusal {
	r := f.refusal()
	r.status = http.StatusBadRequest
	return r
}

// malformed is the refusal of a body that does not have the declared shape.
func malformed(field, value, expected string) *refusal {
	return &refusal{
		status: http.StatusBadRequest, code: gen.ErrorCodeInvalidJSONFormat,
		message: "The request body is not valid JSON of the expected format",
		// The path may have names that the caller has thought up.
		details: map[string]any{"field": shorten(field), "invalid_value": value, "expected_format": expected},
	}
}

// checkBody validates value, sets defaults and removes the properties that the
// contract does not know, so that no later decoder can take one for another in a different case.
// A value of the wrong shape is an error; one that breaks a rule is a fault.
func checkBody(schema *openapi3.Schema, value any) (faults, error) {
	value = prune(schema, value)
	var found faults
	for _, e := range visit(schema, value) {
		path := bodyPath(value, e.JSONPointer())
		switch e.SchemaField {
		case "enum":
			r := malformed(path, shorten(at(value, e.JSONPointer())), "")
			delete(r.details, "expected_format")
			r.details["allowed_values"] = joinValues(e.Schema.Enum)
			return nil, r
		case "type", "nullable", "format":
			if e.Schema.Format == "email" && e.SchemaField == "format" {
				break
			}
			return nil, malformed(path, shorten(at(value, e.JSONPointer())), expectedFormat(e.Schema))
		}
		if e.SchemaField == "required" {
			found.add(path, describe(e))
			continue
		}
		found.addCoded(path, describe(e), e.Schema)
	}
	return found, nil
}

// visit returns every way in which value does not match schema.
func visit(schema *openapi3.Schema, value any) []*openapi3.SchemaError {
	err := schema.VisitJSON(value,
		openapi3.VisitAsRequest(),
		openapi3.MultiErrors(),
		openapi3.WithStringFormatValidators(stringFormats),
	)
	return flatten(schema, err, nil)
}

func flatten(schema *openapi3.Schema, err error, into []*openapi3.SchemaError) []*openapi3.SchemaError {
	switch e := err.(type) { //nolint:errorlint // VisitJSON returns these very types; errors.As would look inside of a MultiError
	case nil:
	case openapi3.MultiError:
		for _, one := range e {
			into = flatten(schema, one, into)
		}
	case *openapi3.SchemaError:
		// The bounds of an integer say what its format does, and the bound itself.
		if e.SchemaField != "format" || !e.Schema.Type.Is(openapi3.TypeInteger) {
			into = append(into, e)
		}
	default:
		into = append(into, &openapi3.SchemaError{Schema: schema, Reason: err.Error()})
	}
	return into
}

// stringFormats are the formats of the contract; the library lets unknown ones
// pass without a word.
var stringFormats = map[string]openapi3.StringFormatValidator{
	"uuid": openapi3.NewCallbackValidator(func(s string) error {
		if len(s) != 36 {
			return errors.New("length")
		}
		return uuid.Validate(s)
	}),
	"date": openapi3.NewCallbackValidator(func(s string) error {
		// There was no year 0, and PostgreSQL knows.
		if day, err := time.Parse(time.DateOnly, s); err != nil || day.Year() == 0 {
			return errors.New("not a day")
		}
		return nil
	}),
	"email": openapi3.NewCallbackValidator(func(s string) error {
		a, err := mail.ParseAddress(s)
		if err != nil || a.Address != s || !strings.Contains(s[strings.LastIndexByte(s, '@'):], ".") {
			return errors.New("not an address alone")
		}
		return nil
	}),
}

// describe says what a value must be, never what it is.
func describe(e *openapi3.SchemaError) string {
	s := e.Schema
	switch e.SchemaField {
	case "required":
		return "is required"
	case "nullable":
		return "must not be null"
	case "enum":
		return "must be one of " + joinValues(s.Enum)
	case "type", "format":
		return "must be " + article(expectedFormat(s))
	case "minLength":
		return "must have at least " + count(s.MinLength, "character")
	case "maxLength":
		return "must have at most " + count(*s.MaxLength, "character")
	case "minItems":
		return "must have at least " + count(s.MinItems, "item")
	case "maxItems":
		return "must have at most " + count(*s.MaxItems, "item")
	case "minimum":
		return "must be at least " + number(*s.Min)
	case "exclusiveMinimum":
		return "must be more than " + number(*s.Min)
	case "maximum":
		return "must be at most " + number(*s.Max)
	case "pattern":
		return "must match " + s.Pattern
	}
	return "is not valid"
}

func expectedFormat(s *openapi3.Schema) string {
	switch {
	case s.Format == "date":
		return "YYYY-MM-DD"
	case s.Format == "uuid":
		return "UUID"
	case s.Format == "email":
		return "e-mail address"
	case s.Type != nil && len(*s.Type) == 1:
		return (*s.Type)[0]
	}
	return "JSON"
}

func article(noun string) string {
	if strings.ContainsRune("aeio", rune(noun[0])) {
		return "an " + noun
	}
	return "a " + noun
}

func count(n uint64, noun string) string {
	if n == 1 {
		return "1 " + noun
	}
	return strconv.FormatUint(n, 10) + " " + noun + "s"
}

func number(f float64) string { return strconv.FormatFloat(f, 'f', -1, 64) }

func joinValues(values []any) string {
	words := make([]string, len(values))
	for i, v := range values {
		words[i] = fmt.Sprint(v)
	}
	return strings.Join(words, ", ")
}

// at is the value that a pointer points to, nil if there is none.
func at(value any, pointer []string) any {
	for _, key := range pointer {
		switch v := value.(type) {
		case map[string]any:
			value = v[key]
		case []any:
			i, err := strconv.Atoi(key)
			if err != nil || i >= len(v) {
				return nil
			}
			value = v[i]
		default:
			return nil
		}
	}
	return value
}

// bodyPath writes a pointer into value the way details name a property.
func bodyPath(value any, pointer []string) string {
	var path strings.Builder
	for i, key := range pointer {
		if _, ok := at(value, pointer[:i]).([]any); ok {
			path.WriteString("[" + key + "]")
			continue
		}
		if path.Len() > 0 {
			path.WriteByte('.')
		}
		path.WriteString(key)
	}
	if path.Len() == 0 {
		return "body"
	}
	return path.String()
}

// shorten writes a value for the caller who sent it.
func shorten(value any) string {
	text, ok := value.(string)
	if !ok {
		b, err := json.Marshal(value)
		if err != nil {
			return ""
		}
		text = string(b)
	}
	return cut(text, 100)
}

// cut ends a text that is longer than most characters there, with an ellipsis.
func cut(text string, most int) string {
	if runes := []rune(text); len(runes) > most {
		return string(runes[:most]) + "…"
	}
	return text
}

// prune returns value without the properties that schema does not declare, with
// the defaults of those that are absent, and with integers written as such: 30.0
// is one by JSON Schema, not by Go. The validator could set the defaults, but
// would take an explicit null for an absent value.
func prune(schema *openapi3.Schema, value any) any {
	switch v := value.(type) {
	case map[string]any:
		if len(schema.Properties) == 0 {
			return v
		}
		for name := range v {
			if _, ok := schema.Properties[name]; !ok {
				delete(v, name)
			}
		}
		for name, property := range schema.Properties {
			if given, ok := v[name]; ok {
				v[name] = prune(property.Value, given)
			} else if property.Value.Default != nil {
				v[name] = property.Value.Default
			}
		}
	case []any:
		if schema.Items == nil {
			return v
		}
		for i := range v {
			v[i] = prune(schema.Items.Value, v[i])
		}
	case json.Number:
		return plainNumber(schema, v)
	}
	return value
}

func extreme(sign int) int64 {
	if sign < 0 {
		return math.MinInt64
	}
	return math.MaxInt64
}

// plainNumber writes a number without an exponent, which a decimal would expand
// to as many digits as it says. What is too long to be a number of ours becomes
// text, and so has the wrong type.
func plainNumber(schema *openapi3.Schema, n json.Number) any {
	const mostDigits = 40
	if _, exponent, ok := strings.Cut(strings.ToLower(n.String()), "e"); ok {
		if e, err := strconv.Atoi(exponent); err != nil || e > mostDigits || e < -mostDigits {
			return n.String()
		}
	}
	if len(n) > mostDigits {
		return n.String()
	}
	r, ok := new(big.Rat).SetString(n.String())
	if !ok {
		return n.String()
	}
	if r.IsInt() {
		// Beyond every bound of the contract as well, and a Go integer can be
		// bound, so that the fault is reported like any other.
		if !r.Num().IsInt64() && schema.Type.Is(openapi3.TypeInteger) {
			return json.Number(strconv.FormatInt(extreme(r.Sign()), 10))
		}
		return json.Number(r.Num().String())
	}
	if slices.Contains(schema.Type.Slice(), openapi3.TypeInteger) || !strings.ContainsAny(n.String(), "eE") {
		return n
	}
	digits, _ := r.FloatPrec()
	return json.Number(r.FloatString(digits))
}

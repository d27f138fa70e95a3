package server

import (
	"encoding/json"
	"errors"
	"fmt"
	"net/http"
	"net/url"
	"slices"
	"strconv"
	"strings"
	"unicode/utf8"

	"github.com/getkin/kin-openapi/openapi3"
	"github.com/labstack/echo/v4"

	"github.com/panal/panal/gen"
)

const (
	mediaJSON = "application/json"
	mediaForm = "multipart/form-data"
)

// apiPrefix is where the reference has its API; the bare paths answer, too.
const apiPrefix = "/api"

// contract is the embedded document, prepared for looking operations up.
type contract struct {
	document *openapi3.T
	// operations by method and Echo's route template without apiPrefix.
	operations map[string]*operation
	// literals has the methods of the paths without parameters.
	literals map[string][]string
	// typed has the details that are not text, whose names an unknown parameter
	// may have by chance.
	typed []string
}

type operation struct {
	id     string
	scopes []string
	params []*openapi3.Parameter
	// query has the names of the query parameters.
	query []string
	// body is the schema of the JSON body; nil where the operation takes none or
	// takes a form, which its handler reads.
	body *openapi3.Schema
	// takes is the media type of the body, empty where there is none. gives is
	// that of the success, JSON where there is none: errors are JSON anyway.
	takes, gives string
	// limit is the operation's own rate limit, nil for none.
	limit *operationLimit
}

func loadContract() (*contract, error) {
	doc, err := gen.Spec()
	if err != nil {
		return nil, err
	}
	ct := &contract{document: doc, operations: map[string]*operation{}, literals: map[string][]string{}}
	for name, detail := range doc.Components.Schemas["ErrorDetails"].Value.Properties {
		if !detail.Value.Type.Is(openapi3.TypeString) {
			ct.typed = append(ct.typed, name)
		}
	}
	for path, item := range doc.Paths.Map() {
		route := echoRoute(path)
		for method, op := range item.Operations() {
			o, err := newOperation(doc, item, op)
			if err != nil {
				return nil, fmt.Errorf("%s %s: %w", method, path, err)
			}
			ct.operations[method+" "+route] = o
			if path == route {
				ct.literals[path] = append(ct.literals[path], method)
			}
		}
	}
	return ct, nil
}

// echoRoute writes a path of the contract the way Echo writes routes.
func echoRoute(path string) string { return strings.NewReplacer("{", ":", "}", "").Replace(path) }

func newOperation(doc *openapi3.T, item *openapi3.PathItem, op *openapi3.Operation) (*operation, error) {
	o := &operation{id: op.OperationID, gives: mediaJSON}
	for _, p := range slices.Concat(item.Parameters, op.Parameters) {
		o.params = append(o.params, p.Value)
		switch p.Value.In {
		case openapi3.ParameterInQuery:
			o.query = append(o.query, p.Value.Name)
		case openapi3.ParameterInPath, openapi3.ParameterInHeader:
		default:
			return nil, fmt.Errorf("parameter %s: no code for parameters in %s", p.Value.Name, p.Value.In)
		}
	}
	if op.RequestBody != nil {
		content := op.RequestBody.Value.Content
		if len(content) != 1 || !op.RequestBody.Value.Required {
			return nil, errors.New("no code for optional bodies and for a choice of media types")
		}
		for mediaType, media := range content {
			o.takes = mediaType
			if mediaType == mediaJSON {
				o.body = media.Schema.Value
			} else if mediaType != mediaForm {
				return nil, fmt.Errorf("no code for bodies of %s", mediaType)
			}
		}
	}
	for status, response := range op.Responses.Map() {
		if strings.HasPrefix(status, "2") {
			for mediaType := range response.Value.Content {
				o.gives = mediaType
			}
		}
	}
	var err error
	if o.limit, err = newOperationLimit(op.Extensions[extensionRateLimit]); err != nil {
		return nil, err
	}
	if op.Security == nil {
		return nil, errors.New("has no security")
	}
	for _, requirement := range *op.Security {
		for name, scopes := range requirement {
			if doc.Components.SecuritySchemes[name].Value.Type == "oauth2" {
				o.scopes = append(o.scopes, scopes...)
			}
		}
	}
	if len(o.scopes) == 0 {
		return nil, errors.New("names no scope")
	}
	return o, nil
}

// operation returns the contract's operation that Echo has routed c to; nil for
// an unknown path, a wrong method and the routes that are not of the contract.
func (ct *contract) operation(c echo.Context) *operation {
	return ct.operations[c.Request().Method+" "+strings.TrimPrefix(c.Path(), apiPrefix)]
}

// scopes are those of all operations.
func (ct *contract) scopes() []string {
	var all []string
	for _, op := range ct.operations {
		all = append(all, op.scopes...)
	}
	slices.Sort(all)
	return slices.Compact(all)
}

// preferLiterals refuses a method that a path of the contract lacks although Echo
// has found it for a path with a parameter: /v1/customers/bulk is no customer.
func (ct *contract) preferLiterals(next echo.HandlerFunc) echo.HandlerFunc {
	return func(c echo.Context) error {
		r := c.Request()
		methods, literal := ct.literals[strings.TrimPrefix(r.URL.Path, apiPrefix)]
		if !literal || len(c.ParamNames()) == 0 || r.Method == http.MethodOptions {
			return next(c)
		}
		allow := slices.Sorted(slices.Values(append([]string{http.MethodOptions}, methods...)))
		c.Response().Header().Set(echo.HeaderAllow, strings.Join(allow, ", "))
		return echo.ErrMethodNotAllowed
	}
}

const faultsKey = "faults"

// formLimit bounds forms of any kind; their handlers have closer limits for the
// files inside.
const formLimit = 12 << 20

// checkContract holds parameters and body against the contract. Faults of the
// body's content do not end the request here: checkRules adds those that a schema
// cannot state, so that the caller learns of all of them at once.
func (s *Server) checkContract(next echo.HandlerFunc) echo.HandlerFunc {
	return func(c echo.Context) error {
		op := s.contract.operation(c)
		if op == nil {
			return next(c)
		}
		if err := s.contract.checkParameters(c, op); err != nil {
			return err
		}
		if op.takes == mediaForm {
			c.Request().Body = http.MaxBytesReader(c.Response(), c.Request().Body, formLimit)
		}
		if op.body == nil {
			bindIdempotencyKey(c, nil)
			return next(c)
		}
		body, err := readBody(c.Request(), s.bodyLimit)
		if err != nil {
			return err
		}
		value, err := decodeBody(body)
		if err != nil {
			return err
		}
		faults, err := checkBody(op.body, value)
		if err != nil {
			return err
		}
		bindIdempotencyKey(c, body)
		c.Set(faultsKey, faults)
		c.Request().Body = validatedBody{value}
		return next(c)
	}
}

// checkParameters finds every fault of path, query and headers at once.
func (ct *contract) checkParameters(c echo.Context, op *operation) error {
	r := c.Request()
	var found faults
	for name, values := range r.Header {
		if slices.ContainsFunc(values, func(v string) bool { return !clean(v) }) {
			found.add(strings.ToLower(name), "must be UTF-8 without NUL")
		}
	}
	query, err := url.ParseQuery(r.URL.RawQuery)
	if err != nil {
		found.add("query", "must be percent-encoded")
	}
	for name := range query {
		switch {
		case !clean(name):
			found.add("query", "must be UTF-8 without NUL")
		case slices.Contains(op.query, name):
		case slices.Contains(ct.typed, name):
			found.add("query."+name, unknownParameter)
		default:
			found.add(name, unknownParameter)
		}
	}
	for _, p := range op.params {
		var values []string
		switch p.In {
		case openapi3.ParameterInPath:
			// Echo leaves what is percent-encoded as it is where the path has
			// an encoded slash, and the generated code unescapes it once.
			value, err := url.PathUnescape(c.Param(p.Name))
			if err != nil {
				value = "\x00"
			}
			values = []string{value}
		case openapi3.ParameterInHeader:
			values = r.Header.Values(p.Name)
		default:
			values = query[p.Name]
		}
		switch {
		case len(values) == 0 && p.Required:
			found.add(p.Name, "is required")
		case len(values) > 1:
			found.addCoded(p.Name, "must be given once", p.Schema.Value)
		case len(values) == 1:
			if problem := checkParameter(p.Schema.Value, values[0]); problem != "" {
				found.addCoded(p.Name, problem, p.Schema.Value)
			}
		}
	}
	if len(found) > 0 {
		return found.badRequest()
	}
	return nil
}

const unknownParameter = "is not a parameter of this operation"

func clean(s string) bool { return utf8.ValidString(s) && !strings.ContainsRune(s, 0) }

func checkParameter(schema *openapi3.Schema, text string) string {
	if !clean(text) {
		if schema.Format == "uuid" {
			return "must be a UUID"
		}
		return "must be UTF-8 without NUL"
	}
	var value any = text
	switch {
	case schema.Type.Is(openapi3.TypeInteger):
		n, err := strconv.ParseInt(text, 10, 64)
		if err != nil {
			return "must be an integer"
		}
		value = json.Number(strconv.FormatInt(n, 10))
	case schema.Type.Is(openapi3.TypeBoolean):
		if text != "true" && text != "false" {
			return "must be true or false"
		}
		value = text == "true"
	}
	errs := visit(schema, value)
	if len(errs) == 0 {
		return ""
	}
	// Of an id that is no UUID the length is the lesser fault.
	if i := slices.IndexFunc(errs, func(e *openapi3.SchemaError) bool { return e.SchemaField == "format" }); i >= 0 {
		return describe(errs[i])
	}
	return describe(errs[0])
}

package server

import (
	"encoding/json"
	"errors"
	"fmt"
	"maps"
	"net/http"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/getkin/kin-openapi/openapi3"
	"github.com/labstack/echo/v4"

	"github.com/panal/panal/gen"
)

// headerError names the code that a request of a sandbox is to be refused with.
const headerError = "Panal-Sandbox-Error"

// provoke refuses what asks to be refused, by the header or by a key that is there
// for that, with the contract's example of the answer.
func (w *world) provoke(ct *contract) echo.MiddlewareFunc {
	return func(next echo.HandlerFunc) echo.HandlerFunc {
		return func(c echo.Context) error {
			op := ct.operation(c)
			if op == nil {
				return next(c)
			}
			declared := w.sandbox.refusals[op.id]
			code, err := declared.wanted(c)
			if err != nil {
				return err
			}
			if code == "" {
				return next(c)
			}
			r := *declared[code]
			r.cause = errAsked
			return &r
		}
	}
}

var errAsked = errors.New("asked for in the sandbox")

// examples are refusals of operations by their codes. Of two with the same code the
// one of the lower status is kept.
type examples map[string]declaredErrors

type declaredErrors map[gen.ErrorCode]*refusal

// wanted is the code that a request asks for, one that its operation declares, or
// empty.
func (d declaredErrors) wanted(c echo.Context) (gen.ErrorCode, error) {
	h := c.Request().Header
	values := h.Values(headerError)
	switch {
	case len(values) == 1 && d.has(gen.ErrorCode(values[0])):
		return gen.ErrorCode(values[0]), nil
	case len(values) > 0:
		codes := slices.Sorted(maps.Keys(d))
		return "", faults{{path: strings.ToLower(headerError), problem: "must be one of " + joinCodes(codes)}}.badRequest()
	case h.Get("Idempotency-Key") == processingKey && d.has(gen.ErrorCodeIdempotencyKeyProcessing):
		return gen.ErrorCodeIdempotencyKeyProcessing, nil
	}
	key, _ := callerOf(c)
	return failure(key), nil
}

func (d declaredErrors) has(code gen.ErrorCode) bool {
	_, ok := d[code]
	return ok
}

func joinCodes(codes []gen.ErrorCode) string {
	words := make([]string, len(codes))
	for i, code := range codes {
		words[i] = string(code)
	}
	return strings.Join(words, ", ")
}

// newExamples reads the examples of every operation's errors.
func newExamples(doc *openapi3.T) (examples, error) {
	all := examples{}
	for path, item := range doc.Paths.Map() {
		for method, op := range item.Operations() {
			declared := declaredErrors{}
			for _, status := range slices.Sorted(maps.Keys(op.Responses.Map())) {
				if err := declared.add(status, op.Responses.Value(status).Value); err != nil {
					return nil, fmt.Errorf("%s %s: example of %s: %w", method, path, status, err)
				}
			}
			all[op.OperationID] = declared
		}
	}
	return all, nil
}

func (d declaredErrors) add(status string, response *openapi3.Response) error {
	number, err := strconv.Atoi(status)
	media := response.Content.Get(mediaJSON)
	if err != nil || number < http.StatusBadRequest || media == nil {
		return nil //nolint:nilerr // "default" is no status, and no error of an operation
	}
	values := []any{media.Example}
	for _, name := range slices.Sorted(maps.Keys(media.Examples)) {
		values = append(values, media.Examples[name].Value.Value)
	}
	for _, value := range values {
		r, err := exampleRefusal(number, value)
		if err != nil {
			return err
		}
		if r != nil && d[r.code] == nil {
			r.header = headersOf(r.code, response)
			d[r.code] = r
		}
	}
	return nil
}

func exampleRefusal(status int, value any) (*refusal, error) {
	if value == nil {
		return nil, nil //nolint:nilnil // the contract has examples, or has one
	}
	text, err := json.Marshal(value)
	if err != nil {
		return nil, fmt.Errorf("marshal: %w", err)
	}
	var body struct {
		Error struct {
			Code    gen.ErrorCode
			Message string
			Details map[string]any
			Errors  []gen.BulkRowError
		}
	}
	if err := json.Unmarshal(text, &body); err != nil {
		return nil, fmt.Errorf("unmarshal: %w", err)
	}
	e := body.Error
	return &refusal{status: status, code: e.Code, message: e.Message, details: e.Details, rows: e.Errors}, nil
}

// headersOf are those that the server sends with a code. A caller who waits as told
// waits a second.
func headersOf(code gen.ErrorCode, response *openapi3.Response) http.Header {
	switch code {
	case gen.ErrorCodeUnauthorized:
		return errUnauthorized.header
	case gen.ErrorCodeRateLimitExceeded:
		return tooManyRequests(1, time.Second).header
	case gen.ErrorCodeServiceUnavailable, gen.ErrorCodeIdempotencyKeyProcessing:
		return errBusy.header
	case gen.ErrorCodeMethodNotAllowed:
		return http.Header{echo.HeaderAllow: {fmt.Sprint(response.Headers[echo.HeaderAllow].Value.Example)}}
	default:
		return nil
	}
}

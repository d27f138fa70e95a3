package server

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net/http"
	"strconv"
	"strings"

	"github.com/go-json-experiment/json/jsontext"

	"github.com/panal/panal/gen"
)

// readBody reads what the limit allows.
func readBody(r *http.Request, limit int64) ([]byte, error) {
	if r.ContentLength > limit {
		refused := bodyTooLarge(limit)
		refused.details["request_size_bytes"] = strconv.FormatInt(r.ContentLength, 10)
		return nil, refused
	}
	body, err := io.ReadAll(io.LimitReader(r.Body, limit+1))
	if err != nil {
		// The caller broke off or sent a broken encoding: there is nobody to
		// blame on this side.
		return nil, &refusal{status: http.StatusBadRequest, code: gen.ErrorCodeBadRequest, message: "The request body could not be read", cause: err}
	}
	if int64(len(body)) > limit {
		return nil, bodyTooLarge(limit)
	}
	return body, nil
}

func bodyTooLarge(limit int64) *refusal {
	return tooLarge(gen.ErrorCodeRequestBodyTooLarge, "The request body is too large", limit)
}

func fileTooLarge(limit int64) *refusal {
	return tooLarge(gen.ErrorCodeFileTooLarge, "The file is too large", limit)
}

func tooLarge(code gen.ErrorCode, message string, limit int64) *refusal {
	return &refusal{
		status: http.StatusRequestEntityTooLarge, code: code, message: message,
		details: map[string]any{"max_size_bytes": strconv.FormatInt(limit, 10), "max_size_formatted": formatSize(limit)},
	}
}

func formatSize(n int64) string {
	switch {
	case n >= 1<<20 && n%(1<<20) == 0:
		return fmt.Sprintf("%d MiB", n>>20)
	case n >= 1<<10 && n%(1<<10) == 0:
		return fmt.Sprintf("%d KiB", n>>10)
	}
	return fmt.Sprintf("%d bytes", n)
}

// decodeBody parses JSON strictly: one value, UTF-8 without lone surrogates, no
// name twice in an object, no NUL. Numbers keep their digits.
func decodeBody(body []byte) (any, error) {
	if err := checkSyntax(body); err != nil {
		return nil, err
	}
	d := json.NewDecoder(bytes.NewReader(body))
	d.UseNumber()
	var value any
	if err := d.Decode(&value); err != nil {
		return nil, malformed("body", "", "JSON")
	}
	return value, nil
}

func checkSyntax(body []byte) error {
	if len(bytes.TrimSpace(body)) == 0 {
		return malformed("body", "", "a JSON object")
	}
	d := jsontext.NewDecoder(bytes.NewReader(body))
	for complete := false; ; complete = d.StackDepth() == 0 {
		token, err := d.ReadToken()
		if complete && errors.Is(err, io.EOF) {
			return nil
		}
		if complete && err == nil {
			return malformed("body", "", "one JSON object")
		}
		if err != nil {
			expected := "JSON"
			if errors.Is(err, jsontext.ErrDuplicateName) {
				expected = "an object with each property once"
			}
			return malformed(pointerPath(string(d.StackPointer())), "", expected)
		}
		if token.Kind() == '"' && strings.ContainsRune(token.String(), 0) {
			return malformed(pointerPath(string(d.StackPointer())), "", "text without NUL")
		}
	}
}

// pointerPath writes a JSON pointer (RFC 6901) the way details name a property.
func pointerPath(pointer string) string {
	if pointer == "" {
		return "body"
	}
	var path strings.Builder
	unescape := strings.NewReplacer("~1", "/", "~0", "~")
	for part := range strings.SplitSeq(pointer[1:], "/") {
		part = unescape.Replace(part)
		if _, err := strconv.Atoi(part); err == nil {
			path.WriteString("[" + part + "]")
			continue
		}
		if path.Len() > 0 {
			path.WriteByte('.')
		}
		path.WriteString(strings.ReplaceAll(part, "\x00", ""))
	}
	return path.String()
}

// validatedBody hands the decoded value to the generated code, which binds it by
// exact property names. encoding/json would match them in any case, and so let
// a value past the validation.
type validatedBody struct{ value any }

func (b validatedBody) ValidatedValue() any    { return b.value }
func (validatedBody) Read([]byte) (int, error) { return 0, io.EOF }
func (validatedBody) Close() error             { return nil }

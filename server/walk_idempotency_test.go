package server_test

import (
	"errors"
	"io"
	"net/http"
	"testing"
	"testing/iotest"

	"github.com/panal/panal/store"
)

func TestEveryOperationWithAnIdempotencyKey(t *testing.T) {
	eachDialect(t, func(t *testing.T, a *api) {
		for _, op := range mustOperations(t) {
			if op.Parameters.GetByInAndName("header", "Idempotency-Key") == nil {
				continue
			}
			send := func(key string) answer {
				req := op.newRequest(a.key, op.target(unknownID), op.body(t))
				req.Header.Set("Idempotency-Key", key)
				return a.do(t, req)
			}
			t.Run(op.OperationID+" is 400 for a key of the wrong form", func(t *testing.T) {
				if got := send("a b"); got.status != http.StatusBadRequest || got.Error.Code != "INVALID_IDEMPOTENCY_KEY" {
					t.Errorf("status %d: %s", got.status, got.body)
				}
			})
			// To count a request takes SQLite's one writer, which the other one has.
			if op.Responses.Value("409") == nil || op.Extensions["x-rate-limit"] != nil {
				continue
			}
			t.Run(op.OperationID+" is 409 while another request with the key is running", func(t *testing.T) {
				_, err := a.store.CreateCustomersBulk(t.Context(), a.company.ID, nil, &store.Once[[]store.Customer]{
					Key: "running",
					Answer: func([]store.Customer) ([]byte, error) {
						got := send("running")
						if got.status != http.StatusConflict || got.Error.Code != "IDEMPOTENCY_KEY_PROCESSING" || got.header.Get("Retry-After") == "" {
							t.Errorf("status %d: %s", got.status, got.body)
						}
						return nil, errRolledBack
					},
				})
				if !errors.Is(err, errRolledBack) {
					t.Error(err)
				}
			})
		}
	})
}

var errRolledBack = errors.New("rolled back by the test")

func TestABodyThatBreaksOffIs400(t *testing.T) {
	a := mustSQLiteAPI(t)
	for _, op := range mustOperations(t) {
		if op.RequestBody == nil {
			continue
		}
		t.Run(op.OperationID, func(t *testing.T) {
			req := op.newRequest(a.key, op.target(unknownID), op.body(t))
			req.Body, req.ContentLength = io.NopCloser(iotest.ErrReader(io.ErrUnexpectedEOF)), -1
			if got := a.do(t, req); got.status != http.StatusBadRequest || got.Error.Code != "BAD_REQUEST" {
				t.Errorf("status %d: %s", got.status, got.body)
			}
		})
	}
}

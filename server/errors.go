package server

import (
	"context"
	"errors"
	"log/slog"
	"maps"
	"net/http"

	"github.com/labstack/echo/v4"

	"github.com/panal/panal/gen"
	"github.com/panal/panal/store"
)

// refusal is an error that already knows its answer. Everything that is refused
// before the store is asked is one.
type refusal struct {
	status  int
	code    gen.ErrorCode
	message string
	details map[string]any
	header  http.Header
	// rows are the faults of many customers, beside the details.
	rows []gen.BulkRowError
	// cause is for the log alone.
	cause error
}

func (r *refusal) Error() string {
	if r.cause != nil {
		return string(r.code) + ": " + r.cause.Error()
	}
	return string(r.code) + ": " + r.message
}

func (r *refusal) Unwrap() error { return r.cause }

var (
	errInternal = &refusal{status: http.StatusInternalServerError, code: gen.ErrorCodeInternalError, message: "Internal server error"}
	errBusy     = &refusal{
		status: http.StatusServiceUnavailable, code: gen.ErrorCodeServiceUnavailable,
		message: "The service is temporarily unavailable", header: http.Header{"Retry-After": {"2"}},
	}
)

// answer is the one table from errors to answers. The first row that fits counts.
func answer(ctx context.Context, err error) *refusal {
	var (
		refused     *refusal
		hasInvoices *store.HasInvoicesError
		duplicate   *store.DuplicateError
		immutable   *store.IdentifierError
		status      *store.StatusError
		routing     *echo.HTTPError
		oversized   *http.MaxBytesError
	)
	switch {
	case errors.As(err, &refused):
		return refused
	case errors.Is(err, store.ErrNotFound):
		return &refusal{status: http.StatusNotFound, code: gen.ErrorCodeNotFound, message: "Resource not found"}
	case errors.As(err, &hasInvoices):
		return &refusal{
			status: http.StatusBadRequest, code: gen.ErrorCodeClientHasInvoices,
			message: "Cannot deactivate customer because it has associated invoices",
			details: hasInvoicesDetails(ctx, hasInvoices),
		}
	case errors.As(err, &duplicate):
		return &refusal{
			status: http.StatusConflict, code: gen.ErrorCodeConflict,
			message: "A resource with the same identifier already exists",
			details: map[string]any{
				"conflict_type": duplicate.Type, "field": duplicate.Field, "value": duplicate.Value,
				"existing_resource_id": duplicate.ExistingID.String(),
				"message":              "A customer with this " + duplicate.Field + " already exists",
			},
		}
	case errors.As(err, &immutable):
		return faults{{path: immutable.Field, problem: "cannot be changed"}}.refusal()
	case errors.Is(err, store.ErrCustomerNotFound):
		return faults{{path: "recipient.customer_id", problem: "is not a customer"}}.refusal()
	case errors.Is(err, store.ErrCustomerInactive):
		return faults{{path: "recipient.customer_id", problem: "is an inactive customer"}}.refusal()
	case errors.Is(err, store.ErrSeriesNotFound):
		return faults{{path: "series_id", problem: "is not an active series"}}.refusal()
	case errors.As(err, &status):
		return &refusal{
			status: http.StatusBadRequest, code: gen.ErrorCodeStatusNotModifiable,
			message: "Only draft invoices can be deleted", details: map[string]any{"status": status.Status},
		}
	case errors.Is(err, store.ErrVersion):
		return &refusal{status: http.StatusPreconditionFailed, code: gen.ErrorCodePreconditionFailed, message: "The resource has changed in the meantime"}
	case errors.Is(err, store.ErrKeyProcessing):
		return &refusal{
			status: http.StatusConflict, code: gen.ErrorCodeIdempotencyKeyProcessing,
			message: "A request with this idempotency key is still being processed", header: http.Header{"Retry-After": {"2"}},
		}
	case errors.Is(err, store.ErrKeyMismatch):
		return &refusal{status: http.StatusConflict, code: gen.ErrorCodeIdempotencyKeyMismatch, message: "This idempotency key was used for another request"}
	case errors.As(err, &oversized):
		return fileTooLarge(oversized.Limit)
	case errors.Is(err, store.ErrUnavailable), errors.Is(err, context.DeadlineExceeded), errors.Is(err, context.Canceled):
		return errBusy
	case errors.Is(err, echo.ErrNotFound):
		return &refusal{status: http.StatusNotFound, code: gen.ErrorCodeEndpointNotFound, message: "There is no such endpoint"}
	case errors.Is(err, echo.ErrMethodNotAllowed):
		return &refusal{status: http.StatusMethodNotAllowed, code: gen.ErrorCodeMethodNotAllowed, message: "This method is not allowed here"}
	case errors.As(err, &routing) && routing.Code < http.StatusInternalServerError:
		// The binder's own words carry the parser's internals.
		return &refusal{status: http.StatusBadRequest, code: gen.ErrorCodeBadRequest, message: "The request is not valid", cause: err}
	}
	return errInternal
}

// renderError puts an error into the envelope. It is Echo's only error handler.
func (s *Server) renderError(err error, c echo.Context) {
	r := c.Request()
	ctx := r.Context()
	a := answer(ctx, err)
	s.logFailure(ctx, a, err)
	s.metrics.refused(a.code)
	if c.Response().Committed {
		return
	}
	maps.Copy(c.Response().Header(), a.header)
	if err := c.JSON(a.status, s.errorEnvelope(ctx, a)); err != nil {
		s.log.LogAttrs(ctx, slog.LevelWarn, "answer not sent", slog.String("request_id", requestID(ctx)), slog.Any("error", err))
	}
}

// logFailure writes down what is this side's fault.
func (s *Server) logFailure(ctx context.Context, a *refusal, err error) {
	if a.status >= http.StatusInternalServerError && !errors.Is(err, context.Canceled) {
		s.log.LogAttrs(ctx, slog.LevelError, "request failed",
			slog.String("request_id", requestID(ctx)), slog.Int("status", a.status), slog.Any("error", err))
	}
}

// errorEnvelope is any refusal's: without rows the bulk envelope is the plain one.
func (s *Server) errorEnvelope(ctx context.Context, a *refusal) gen.BulkErrorEnvelope {
	e := errorBody(a)
	return gen.BulkErrorEnvelope{
		Error: gen.BulkErrorDetail{Code: e.Code, Message: e.Message, Details: e.Details, Errors: a.rows},
		Meta:  s.meta(ctx),
	}
}

func errorBody(a *refusal) gen.ErrorDetail {
	body := gen.ErrorDetail{Code: a.code, Message: a.message}
	if a.details != nil {
		body.Details = &gen.ErrorDetails{AdditionalProperties: a.details}
	}
	return body
}

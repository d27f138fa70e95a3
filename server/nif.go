package server

import (
	"context"
	"errors"
	"log/slog"
	"net/http"
	"strings"
	"time"

	"github.com/oapi-codegen/nullable"

	"github.com/panal/panal/gen"
	"github.com/panal/panal/internal/census"
	"github.com/panal/panal/internal/nif"
	"github.com/panal/panal/store"
)

// ValidateNIF answers POST /v1/nif/validate.
func (s *Server) ValidateNIF(ctx context.Context, r gen.ValidateNIFRequestObject) (gen.ValidateNIFResponseObject, error) {
	key := caller(ctx)
	itself := func(v gen.NIFValidation) gen.NIFValidation { return v }
	data, err := store.Remember(ctx, s.store, key.CompanyID, once(ctx, http.StatusOK, itself), func() (gen.NIFValidation, error) {
		return s.validateNIF(ctx, key.Environment, r.Body)
	})
	if err != nil {
		return nil, err
	}
	return gen.ValidateNIF200JSONResponse{Body: gen.NIFValidationEnvelope{Success: true, Data: data, Meta: s.meta(ctx)}}, nil
}

// validateNIF asks the census if the number could be one of its own. Whatever
// becomes of the question is a verdict; only a caller who hung up gets an error.
func (s *Server) validateNIF(ctx context.Context, environment store.Environment, b *gen.ValidateNIFRequest) (gen.NIFValidation, error) {
	number := strings.Map(upper, b.NIF)
	if _, err := s.parseNIF(number); err != nil {
		problem, _ := nifProblem(err)
		return verdict(gen.NIFValidationStatusInvalid, "The NIF "+problem), nil
	}
	provider := s.census
	if environment == store.Test {
		provider = census.Sandbox{}
	}
	if provider == nil {
		return verdict(gen.NIFValidationStatusPending, "The NIF is well-formed; this server has no census to ask"), nil
	}
	ctx, span := s.span(ctx, "census")
	result, err := provider.Validate(ctx, number, nameOf(b))
	span.End()
	if err != nil {
		return s.noVerdict(ctx, err)
	}
	return s.nifVerdict(result), nil
}

// noVerdict is the verdict while the census has none.
func (s *Server) noVerdict(ctx context.Context, err error) (gen.NIFValidation, error) {
	if errors.Is(err, context.Canceled) {
		return gen.NIFValidation{}, err
	}
	s.log.LogAttrs(ctx, slog.LevelWarn, "no answer from the census", slog.String("request_id", requestID(ctx)), slog.Any("error", err))
	if errors.Is(err, census.ErrUnreachable) {
		return verdict(gen.NIFValidationStatusPending, "The NIF is well-formed; the census could not be reached"), nil
	}
	return verdict(gen.NIFValidationStatusError, "The census failed to answer"), nil
}

// nifVerdict is the conversion of the census's answer. Whoever is struck off may
// still be invoiced, which is what callers want to know.
func (s *Server) nifVerdict(r census.Result) gen.NIFValidation {
	message := "The NIF is registered"
	switch r.Status {
	case census.Identified:
	case census.Deregistered:
		message = "The NIF is registered as struck off: it may receive invoices and not issue any"
	case census.Revoked:
		return verdict(gen.NIFValidationStatusInvalid, "The NIF has been revoked")
	case census.Similar:
		return verdict(gen.NIFValidationStatusInvalid, "The NIF is registered with a similar name, not with this one")
	default:
		return verdict(gen.NIFValidationStatusInvalid, "The NIF is not registered, or not with this name")
	}
	v := verdict(gen.NIFValidationStatusValid, message)
	v.Valid = true
	v.ValidatedAt = nullable.NewNullableWithValue(s.now().UTC().Truncate(time.Microsecond))
	if r.LegalName != "" {
		v.LegalName = nullable.NewNullableWithValue(r.LegalName)
	}
	return v
}

func verdict(status gen.NIFValidationStatus, message string) gen.NIFValidation {
	return gen.NIFValidation{
		Status: status, Message: message,
		LegalName: nullable.NewNullNullable[string](), ValidatedAt: nullable.NewNullNullable[time.Time](),
	}
}

// checkValidateNIF asks for the name that the census compares. A number that is
// wrong by itself is told so without one.
func (s *Server) checkValidateNIF(b *gen.ValidateNIFRequest, found *faults) {
	if kind, err := s.parseNIF(strings.Map(upper, b.NIF)); err == nil && kind == nif.DNI && nameOf(b) == "" {
		found.add("legal_name", "is required for natural persons")
	}
}

func nameOf(b *gen.ValidateNIFRequest) string {
	if name := orNil(b.LegalName); name != nil {
		return strings.TrimSpace(*name)
	}
	return ""
}

// upper knows ASCII only: to strings.ToUpper, ſ is a small S.
func upper(r rune) rune {
	if 'a' <= r && r <= 'z' {
		return r - 'a' + 'A'
	}
	return r
}

// parseNIF checks as much of a number as the operator wants checked.
func (s *Server) parseNIF(number string) (nif.Kind, error) {
	if s.shapeOnlyNIF {
		return nif.CheckShape(number)
	}
	return nif.Parse(number)
}

// nifProblem words an error of parseNIF.
func nifProblem(err error) (string, gen.ErrorCode) {
	if control, ok := errors.AsType[*nif.ControlError](err); ok {
		return "must end in the control character " + control.Want, gen.ErrorCodeNIFInvalidControlDigit
	}
	return "must have the shape of a DNI, a NIE or the number of an entity", gen.ErrorCodeNIFInvalidFormat
}

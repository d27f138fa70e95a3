package server

import (
	"context"
	"errors"
	"fmt"
	"net/http"
	"strconv"
	"strings"
	"time"

	"github.com/google/uuid"
	"github.com/labstack/echo/v4"

	"github.com/panal/panal/gen"
	"github.com/panal/panal/store"
)

// checkCreateCustomersBulk checks every row as createCustomer does and leaves the
// rows, with their faults, to the handler, which reports on them. It returns the
// faults that are not of a row.
func (s *Server) checkCreateCustomersBulk(c echo.Context, b *gen.CreateCustomersBulkRequest, found faults) faults {
	var rest faults
	rows := make([]customerRow, len(b.Customers))
	ofRow := make([]faults, len(rows))
	for _, f := range found {
		i, path, ok := rowPath(f.path)
		if !ok || i >= len(rows) {
			rest = append(rest, f)
			continue
		}
		f.path = path
		ofRow[i] = append(ofRow[i], f)
	}
	if len(rest) > 0 {
		return rest
	}
	sent, _ := c.Request().Body.(validatedBody)
	for i := range rows {
		rows[i] = customerRow{value: at(sent.value, []string{"customers", strconv.Itoa(i)}), body: b.Customers[i]}
		s.checkCreateCustomer(&rows[i].body, &ofRow[i])
		rows[i].add(ofRow[i])
	}
	markRepeated(rows)
	r := c.Request()
	c.SetRequest(r.WithContext(context.WithValue(r.Context(), customerRowsKey, rows)))
	return nil
}

// rowPath splits customers[3].nif into 3 and nif.
func rowPath(path string) (row int, property string, ok bool) {
	index, ok := strings.CutPrefix(path, "customers[")
	if !ok {
		return 0, "", false
	}
	index, property, ok = strings.Cut(index, "].")
	if !ok {
		return 0, "", false
	}
	row, err := strconv.Atoi(index)
	return row, property, err == nil
}

// CreateCustomersBulk answers POST /v1/customers/bulk.
func (s *Server) CreateCustomersBulk(ctx context.Context, r gen.CreateCustomersBulkRequestObject) (gen.CreateCustomersBulkResponseObject, error) {
	start := time.Now()
	rows, _ := ctx.Value(customerRowsKey).([]customerRow)
	if r.Params.DryRun != nil && *r.Params.DryRun {
		data, err := store.Remember(ctx, s.store, caller(ctx).CompanyID, once(ctx, http.StatusOK, itself[gen.CustomerValidation]), func() (gen.CustomerValidation, error) {
			err := s.markTaken(ctx, rows, anyRow)
			return report(rows, gen.ValidationSourceTypeBulkJSON, true, time.Since(start)), err
		})
		if err != nil {
			return nil, err
		}
		return gen.CreateCustomersBulk200JSONResponse{Body: gen.CustomerValidationEnvelope{Success: true, Data: data, Meta: s.meta(ctx)}}, nil
	}
	created, err := s.createCustomersBulk(ctx, rows)
	if err != nil {
		return nil, err
	}
	return gen.CreateCustomersBulk201JSONResponse{Body: gen.CustomersCreatedEnvelope{Success: true, Data: customersCreated(created), Meta: s.meta(ctx)}}, nil
}

// createCustomersBulk stores all rows or refuses them with every fault of every
// row. Of rows without a fault only storing them tells whether identifiers are
// taken: a look before would refuse a repetition under an idempotency key.
func (s *Server) createCustomersBulk(ctx context.Context, rows []customerRow) ([]store.Customer, error) {
	customers, faulty := make([]store.NewCustomer, len(rows)), false
	for i := range rows {
		if rows[i].faulty() {
			faulty = true
			continue
		}
		customers[i] = newCustomer(rows[i].body)
	}
	if faulty {
		if err := s.markTaken(ctx, rows, anyRow); err != nil {
			return nil, err
		}
		return nil, bulkRefusal(rows)
	}
	created, err := s.store.CreateCustomersBulk(ctx, caller(ctx).CompanyID, customers, once(ctx, http.StatusCreated, customersCreated))
	if duplicates, ok := errors.AsType[*store.DuplicatesError](err); ok {
		for _, i := range duplicates.Positions {
			rows[i].addDuplicate(isTaken)
		}
		return nil, bulkRefusal(rows)
	}
	return created, err
}

func bulkRefusal(rows []customerRow) *refusal {
	r := &refusal{status: http.StatusUnprocessableEntity, code: gen.ErrorCodeBulkValidationError, message: "Some customers cannot be stored; none was"}
	for i := range rows {
		for _, f := range rows[i].faults {
			r.rows = append(r.rows, gen.BulkRowError{Index: i, Field: f.path, Message: f.problem})
		}
	}
	return r
}

func customersCreated(customers []store.Customer) gen.CustomersCreated {
	data := gen.CustomersCreated{Customers: make([]gen.Customer, len(customers)), TotalCreated: len(customers)}
	for i := range customers {
		data.Customers[i] = customerBody(&customers[i])
	}
	return data
}

func itself[T any](v T) T { return v }

const maxDeactivations = 200

// DeactivateCustomersBulk answers DELETE /v1/customers/bulk.
func (s *Server) DeactivateCustomersBulk(ctx context.Context, r gen.DeactivateCustomersBulkRequestObject) (gen.DeactivateCustomersBulkResponseObject, error) {
	ids, err := customerIDs(r.Params.Ids)
	if err != nil {
		return nil, err
	}
	data := gen.CustomersDeactivation{Total: len(ids), DeactivatedIds: []uuid.UUID{}, Errors: []gen.CustomerDeactivationError{}}
	for _, id := range ids {
		err := s.store.DeactivateCustomer(ctx, caller(ctx).CompanyID, id)
		if err == nil {
			data.DeactivatedIds = append(data.DeactivatedIds, id)
			continue
		}
		a := answer(ctx, err)
		if a.status >= http.StatusInternalServerError {
			if len(data.DeactivatedIds) == 0 {
				return nil, err
			}
			// The request has had an effect, and the caller must learn which.
			s.logFailure(ctx, a, err)
		}
		s.metrics.refused(a.code)
		data.Errors = append(data.Errors, gen.CustomerDeactivationError{CustomerID: id, Error: errorBody(a)})
	}
	data.Successful, data.Failed = len(data.DeactivatedIds), len(data.Errors)
	return gen.DeactivateCustomersBulk200JSONResponse{Body: gen.CustomersDeactivationEnvelope{Success: true, Data: data, Meta: s.meta(ctx)}}, nil
}

// customerIDs reads ids that are separated by commas.
func customerIDs(text string) ([]uuid.UUID, error) {
	var (
		ids   []uuid.UUID
		found faults
		first = map[uuid.UUID]int{}
	)
	for item := range strings.SplitSeq(text, ",") {
		position := len(ids) + 1
		id, err := uuid.Parse(item)
		switch {
		case err != nil || len(item) != 36:
			found.add("ids", fmt.Sprintf("item %d must be a UUID", position))
		case first[id] > 0:
			found.add("ids", fmt.Sprintf("item %d must not be that of item %d", position, first[id]))
		default:
			first[id] = position
		}
		ids = append(ids, id)
	}
	if len(ids) > maxDeactivations {
		found = faults{{path: "ids", problem: fmt.Sprintf("must have at most %d items", maxDeactivations)}}
	}
	if len(found) > 0 {
		return nil, found.badRequest()
	}
	return ids, nil
}

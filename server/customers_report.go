package server

import (
	"context"
	"slices"
	"strings"
	"time"

	"github.com/google/uuid"
	"github.com/shopspring/decimal"

	"github.com/panal/panal/gen"
	"github.com/panal/panal/store"
)

// customerRow is one of many customers: what was sent, what was understood, and
// what is wrong with it.
type customerRow struct {
	// value is the row as JSON, from which faulty values are quoted.
	value  any
	body   gen.CreateCustomerRequest
	faults faults
	// line is where the row starts in its file, 0 for JSON.
	line int
	// id is the stored customer's.
	id uuid.UUID
}

// maxRowFaults is how many faults of a row are reported; a property is reported
// once.
const maxRowFaults = 100

func (r *customerRow) add(found faults) {
	for _, one := range found {
		if len(r.faults) < maxRowFaults && !slices.ContainsFunc(r.faults, func(f fault) bool { return f.path == one.path }) {
			r.faults = append(r.faults, one)
		}
	}
}

func (r *customerRow) identifier() store.Identifier {
	return store.NewCustomer{NIF: r.body.NIF, AlternativeID: alternativeID(orNil(r.body.AlternativeID))}.Identifier()
}

// addDuplicate reports an identifier that is taken, unless it is at fault itself.
func (r *customerRow) addDuplicate(problem string) {
	path := "alternative_id"
	if r.identifier().NIF != "" {
		path = "nif"
	}
	if !slices.ContainsFunc(r.faults, func(f fault) bool { return strings.HasPrefix(f.path, path) }) {
		r.add(faults{{path: path, problem: problem, code: gen.ErrorCodeConflict}})
	}
}

const (
	isTaken    = "is the identifier of another customer"
	isRepeated = "is the identifier of an earlier row"
)

// markRepeated reports the rows whose identifiers an earlier row has. The earlier
// row counts whatever else is wrong with it: which of the two is meant, only the
// caller knows.
func markRepeated(rows []customerRow) {
	seen := map[store.Identifier]bool{}
	for i := range rows {
		identifier := rows[i].identifier()
		switch {
		case identifier == store.Identifier{}:
		case seen[identifier]:
			rows[i].addDuplicate(isRepeated)
		default:
			seen[identifier] = true
		}
	}
}

// markTaken reports the rows whose identifiers stored customers have.
func (s *Server) markTaken(ctx context.Context, rows []customerRow, which func(*customerRow) bool) error {
	var identifiers []store.Identifier
	for i := range rows {
		if which(&rows[i]) {
			identifiers = append(identifiers, rows[i].identifier())
		}
	}
	if identifiers == nil {
		return nil
	}
	taken, err := s.store.TakenIdentifiers(ctx, caller(ctx).CompanyID, identifiers)
	if err != nil {
		return err
	}
	for i := range rows {
		if which(&rows[i]) && taken[rows[i].identifier()] {
			rows[i].addDuplicate(isTaken)
		}
	}
	return nil
}

func anyRow(*customerRow) bool { return true }

func (r *customerRow) faulty() bool { return len(r.faults) > 0 }

// status is the verdict on the row.
func (r *customerRow) status() gen.ValidationStatus {
	only := func(codes ...gen.ErrorCode) bool {
		return !slices.ContainsFunc(r.faults, func(f fault) bool { return !slices.Contains(codes, f.code) })
	}
	switch {
	case !r.faulty() && orNil(r.body.Email) != nil:
		return gen.ValidationStatusValid
	case !r.faulty():
		return gen.ValidationStatusWarning
	case only(gen.ErrorCodeNIFInvalidFormat, gen.ErrorCodeNIFInvalidControlDigit):
		return gen.ValidationStatusNIFInvalid
	case only(gen.ErrorCodeConflict):
		return gen.ValidationStatusDuplicate
	}
	return gen.ValidationStatusError
}

// report is what the caller learns of all rows; its metadata comes without the
// facts about a file.
func report(rows []customerRow, source gen.ValidationSourceType, dryRun bool, took time.Duration) gen.CustomerValidation {
	v := gen.CustomerValidation{
		CustomersValidation: make([]gen.CustomerValidationItem, len(rows)),
		Metadata: gen.CustomerValidationMetadata{
			TotalCustomers:   len(rows),
			IsDryRun:         dryRun,
			ProcessingTimeMs: int(took.Milliseconds()),
			SourceType:       source,
			Filename:         orNull[string](nil),
			FileSizeBytes:    orNull[int](nil),
			TotalRows:        orNull[int](nil),
		},
	}
	count := &v.Statistics
	count.TotalProcessed = len(rows)
	for i := range rows {
		r := &rows[i]
		status := r.status()
		switch status {
		case gen.ValidationStatusValid:
			count.Valid++
		case gen.ValidationStatusWarning:
			count.WithWarnings++
		case gen.ValidationStatusDuplicate:
			count.Duplicates++
		case gen.ValidationStatusNIFInvalid:
			count.InvalidNifs++
		default:
			count.WithErrors++
		}
		item := r.item(i)
		item.Status = status
		if r.id != uuid.Nil {
			count.Imported++
		}
		v.CustomersValidation[i] = item
	}
	importable := count.Valid + count.WithWarnings
	rest := len(rows) - importable
	count.Importable, count.NotImportable = &importable, &rest
	if len(rows) > 0 {
		count.SuccessRate = decimal.NewFromInt(int64(importable)).DivRound(decimal.NewFromInt(int64(len(rows))), 4)
	}
	return v
}

func (r *customerRow) item(index int) gen.CustomerValidationItem {
	item := gen.CustomerValidationItem{
		Index:      index,
		RowNumber:  orNull[int](nil),
		CustomerID: orNull[uuid.UUID](nil),
		Customer:   customerRowBody(r.body),
		Errors:     make([]gen.CustomerRowError, len(r.faults)),
		Warnings:   []gen.CustomerRowWarning{},
	}
	if r.line > 0 {
		item.Index++ // the rows of files count from 1
		item.RowNumber.Set(r.line)
	}
	if r.id != uuid.Nil {
		item.CustomerID.Set(r.id)
	}
	for i, f := range r.faults {
		item.Errors[i] = gen.CustomerRowError{Field: f.path, Value: valueAt(r.value, f.path), Message: f.problem, Code: f.code}
		if f.code == "" {
			item.Errors[i].Code = gen.ErrorCodeValidationError
		}
	}
	if orNil(r.body.Email) == nil {
		item.Warnings = append(item.Warnings, gen.CustomerRowWarning{Field: "email", Message: "without an e-mail address invoices cannot be sent"})
	}
	return item
}

// valueAt quotes the value at a path such as billing_emails[0].
func valueAt(value any, path string) string {
	found := at(value, strings.Split(strings.NewReplacer("[", ".", "]", "").Replace(path), "."))
	if found == nil {
		return ""
	}
	return shorten(found)
}

func customerRowBody(b gen.CreateCustomerRequest) gen.CustomerRow {
	row := gen.CustomerRow{
		TradeName: echoed(orNil(b.TradeName)),
		NIF:       echoed(b.NIF),
		Phone:     echoed(orNil(b.Phone)),
		Email:     echoed(orNil(b.Email)),
		Notes:     echoed(orNil(b.Notes)),
		LegalName: given(b.LegalName),
	}
	if a := orNil(b.AlternativeID); a != nil {
		row.AlternativeID = &gen.CustomerRowIdentifier{Type: given(string(a.Type)), Number: given(a.Number), CountryCode: echoed(a.CountryCode)}
	}
	a := b.Address
	address := gen.CustomerRowAddress{
		Street: given(a.Street), Number: given(a.Number), Floor: echoed(a.Floor), Door: echoed(a.Door), PostalCode: given(a.PostalCode),
		City: given(a.City), Province: given(a.Province), Country: given(a.Country), CountryCode: echoed(a.CountryCode),
	}
	if address != (gen.CustomerRowAddress{}) {
		row.Address = &address
	}
	return row
}

// given is nil for text that is empty or was never sent.
func given(text string) *string {
	if text == "" {
		return nil
	}
	return echoed(&text)
}

// echoed is a text of a row as the report repeats it: whole up to the length of
// the longest that can be stored, the notes.
func echoed(text *string) *string {
	if text == nil {
		return nil
	}
	short := cut(*text, 1000)
	return &short
}

package server

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"net/http"
	"slices"
	"strconv"
	"sync"
	"time"

	"github.com/google/uuid"
	"github.com/oapi-codegen/runtime"

	"github.com/panal/panal/gen"
	"github.com/panal/panal/internal/contactfile"
	"github.com/panal/panal/store"
)

// The limits of the files.
const (
	maxCSVSize    = 5 << 20
	maxCSVRows    = 1000
	maxHoldedSize = 10 << 20
	maxHoldedRows = 5000
)

// ImportCustomersCsvPreview answers POST /v1/customers/import-csv-preview.
func (s *Server) ImportCustomersCsvPreview(ctx context.Context, r gen.ImportCustomersCsvPreviewRequestObject) (gen.ImportCustomersCsvPreviewResponseObject, error) {
	start := time.Now()
	u, err := readUpload(r.Body, maxCSVSize, "dry_run")
	if err != nil {
		return nil, err
	}
	contacts, err := contactfile.ReadCSV(u.content, maxCSVRows)
	if err != nil {
		return nil, fileRefusal(err)
	}
	data, err := s.importCustomers(ctx, u, contacts, gen.ValidationSourceTypeCsvImport, start)
	if err != nil {
		return nil, err
	}
	return gen.ImportCustomersCsvPreview200JSONResponse{Body: gen.CustomerValidationEnvelope{Success: true, Data: data, Meta: s.meta(ctx)}}, nil
}

// ImportHoldedContacts answers POST /v1/customers/import-holded-contacts.
func (s *Server) ImportHoldedContacts(ctx context.Context, r gen.ImportHoldedContactsRequestObject) (gen.ImportHoldedContactsResponseObject, error) {
	start := time.Now()
	u, err := readUpload(r.Body, maxHoldedSize, "preview")
	if err != nil {
		return nil, err
	}
	contacts, err := contactfile.ReadHolded(u.content, maxHoldedRows)
	if err != nil {
		return nil, fileRefusal(err)
	}
	data, err := s.importCustomers(ctx, u, contacts, gen.ValidationSourceTypeHoldedExcel, start)
	if err != nil {
		return nil, err
	}
	return gen.ImportHoldedContacts200JSONResponse{Body: gen.CustomerValidationEnvelope{Success: true, Data: data, Meta: s.meta(ctx)}}, nil
}

// importCustomers reports on every contact and stores those without a fault,
// unless it is a dry run. Which identifiers are taken the dry run looks up and the
// real run learns by storing: rows that others have stored at the same time are
// duplicates and nothing worse.
func (s *Server) importCustomers(ctx context.Context, u upload, contacts []contactfile.Contact, source gen.ValidationSourceType, start time.Time) (gen.CustomerValidation, error) {
	rows := make([]customerRow, len(contacts))
	for i, c := range contacts {
		var err error
		if rows[i], err = s.contactRow(c); err != nil {
			return gen.CustomerValidation{}, err
		}
	}
	markRepeated(rows)
	company, boundTo := caller(ctx).CompanyID, [][]byte{u.content, strconv.AppendBool(nil, u.dryRun)}
	if u.dryRun {
		return store.Remember(ctx, s.store, company, once(ctx, http.StatusOK, itself[gen.CustomerValidation], boundTo...), func() (gen.CustomerValidation, error) {
			err := s.markTaken(ctx, rows, anyRow)
			return u.report(rows, source, time.Since(start)), err
		})
	}
	if err := s.markTaken(ctx, rows, (*customerRow).faulty); err != nil {
		return gen.CustomerValidation{}, err
	}
	var (
		customers []store.NewCustomer
		positions []int
	)
	for i := range rows {
		if !rows[i].faulty() {
			customers, positions = append(customers, newCustomer(rows[i].body)), append(positions, i)
		}
	}
	// Once, for a repetition gets the answer to the letter.
	took := sync.OnceValue(func() time.Duration { return time.Since(start) })
	data := func(ids []uuid.UUID) gen.CustomerValidation {
		// A copy, for another try of the transaction starts from the same rows.
		done := slices.Clone(rows)
		for i, id := range ids {
			row := &done[positions[i]]
			if row.id = id; id == uuid.Nil {
				row.addDuplicate(isTaken)
			}
		}
		return u.report(done, source, took())
	}
	ids, err := s.store.ImportCustomers(ctx, company, customers, once(ctx, http.StatusOK, data, boundTo...))
	if err != nil {
		return gen.CustomerValidation{}, err
	}
	return data(ids), nil
}

// report adds the facts about the file.
func (u *upload) report(rows []customerRow, source gen.ValidationSourceType, took time.Duration) gen.CustomerValidation {
	v := report(rows, source, u.dryRun, took)
	if u.name != "" {
		v.Metadata.Filename.Set(u.name)
	}
	v.Metadata.FileSizeBytes.Set(len(u.content))
	v.Metadata.TotalRows.Set(len(rows))
	return v
}

// contactRow makes the request to create a customer from a contact and holds it
// against the same schema and rules as one that was sent.
func (s *Server) contactRow(c contactfile.Contact) (customerRow, error) {
	address := filled(map[string]string{
		"street": c.Street, "number": c.Number, "postal_code": c.PostalCode, "city": c.City, "province": c.Province,
		"country": c.Country, "country_code": c.CountryCode,
	})
	value := filled(map[string]string{"legal_name": c.LegalName, "nif": c.NIF, "email": c.Email, "phone": c.Phone, "notes": c.Notes})
	value["address"] = address
	row := customerRow{value: value, line: c.Line}
	found, err := checkBody(s.contract.operations["POST /v1/customers"].body, value)
	if err != nil {
		return customerRow{}, err
	}
	if err := runtime.BindJSONValue(value, &row.body); err != nil {
		return customerRow{}, fmt.Errorf("bind a contact: %w", err)
	}
	s.checkCreateCustomer(&row.body, &found)
	if c.CountryCode == "" {
		// The contract's default would make it Spain.
		found.add("address.country", "is not a country that is known here")
	}
	row.add(found)
	return row, nil
}

func filled(texts map[string]string) map[string]any {
	value := map[string]any{}
	for name, text := range texts {
		if text != "" {
			value[name] = text
		}
	}
	return value
}

// fileRefusal answers for a file that cannot be imported.
func fileRefusal(err error) error {
	var (
		encoding *contactfile.EncodingError
		syntax   *contactfile.SyntaxError
		headers  *contactfile.HeadersError
		tooMany  *contactfile.TooManyError
	)
	r := &refusal{status: http.StatusBadRequest, cause: err}
	switch {
	case errors.Is(err, contactfile.ErrEmpty):
		r.code, r.message = gen.ErrorCodeEmptyFile, "The file has no rows"
	case errors.Is(err, contactfile.ErrFormat):
		r.code, r.message = gen.ErrorCodeInvalidFormat, "The file is not one that can be imported here"
	case errors.As(err, &encoding):
		r.code, r.message = gen.ErrorCodeEncodingError, "The file is not in UTF-8"
		r.details = map[string]any{"line": encoding.Line}
	case errors.As(err, &headers):
		r.code, r.message = gen.ErrorCodeMissingHeaders, "The file lacks required headers"
		r.details = map[string]any{"missing_headers": headers.Missing}
	case errors.As(err, &tooMany):
		r.code, r.message = gen.ErrorCodeTooManyRecords, "The file has too many rows"
		r.details = map[string]any{"record_count": tooMany.Count, "max_records": tooMany.Most}
	case errors.As(err, &syntax):
		r.status, r.code, r.message = http.StatusUnprocessableEntity, gen.ErrorCodeParsingError, "The file is broken"
		r.details = map[string]any{"line": syntax.Line}
	default:
		return err
	}
	return r
}

const templateName = "template_clientes_beel.csv" //nolint:misspell // Spanish

// csvFile is the answer of downloadCustomerTemplateCsv. The generated one does not
// say in which charset the file is.
type csvFile struct {
	name    string
	content []byte
}

// VisitDownloadCustomerTemplateCsvResponse implements the generated interface.
func (f csvFile) VisitDownloadCustomerTemplateCsvResponse(w http.ResponseWriter) error {
	w.Header().Set("Content-Type", "text/csv; charset=utf-8")
	w.Header().Set("Content-Disposition", `attachment; filename="`+f.name+`"`)
	_, err := w.Write(f.content)
	if err != nil {
		return fmt.Errorf("write %s: %w", f.name, err)
	}
	return nil
}

// DownloadCustomerTemplateCsv answers POST /v1/customers/templates/csv.
func (s *Server) DownloadCustomerTemplateCsv(context.Context, gen.DownloadCustomerTemplateCsvRequestObject) (gen.DownloadCustomerTemplateCsvResponseObject, error) {
	var file bytes.Buffer
	if err := contactfile.WriteTemplate(&file); err != nil {
		return nil, fmt.Errorf("template: %w", err)
	}
	return csvFile{name: templateName, content: file.Bytes()}, nil
}

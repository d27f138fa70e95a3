package server_test

import (
	"bytes"
	"io"
	"mime/multipart"
	"net/http"
	"net/http/httptest"
	"strings"
	"sync"
	"testing"

	"github.com/google/go-cmp/cmp"
)

const (
	csvPath      = customersPath + "/import-csv-preview"
	holdedPath   = customersPath + "/import-holded-contacts"
	templatePath = customersPath + "/templates/csv"
	templateName = "template_clientes_beel.csv" //nolint:misspell // Spanish
	csvHeader    = "nombre_fiscal;nif;email;telefono;direccion_calle;direccion_numero;direccion_codigo_postal;direccion_poblacion;direccion_provincia\n"
)

func csvRow(name, nif, email string) string {
	return name + ";" + nif + ";" + email + ";910000000;Calle Mayor;12;28013;Madrid;Madrid\n"
}

// part of a form; one with a filename is a file.
type part struct{ name, filename, content string }

func file(content string) part { return part{"file", "clientes.csv", content} }

// form is a request with these parts.
func form(tb testing.TB, key, path string, parts ...part) *http.Request {
	tb.Helper()
	var body bytes.Buffer
	w := multipart.NewWriter(&body)
	for _, p := range parts {
		var (
			to  io.Writer
			err error
		)
		if p.filename != "" {
			to, err = w.CreateFormFile(p.name, p.filename)
		} else {
			to, err = w.CreateFormField(p.name)
		}
		if err == nil {
			_, err = io.WriteString(to, p.content)
		}
		if err != nil {
			tb.Fatal(err)
		}
	}
	if err := w.Close(); err != nil {
		tb.Fatal(err)
	}
	return formRequest(key, path, w.Boundary(), body.String())
}

func formRequest(key, path, boundary, body string) *http.Request {
	r := newRequest(key, post, path, body)
	r.Header.Set("Content-Type", `multipart/form-data; boundary="`+boundary+`"`)
	return r
}

func TestImportCustomersCsv(t *testing.T) {
	eachDialect(t, func(t *testing.T, a *api) {
		stored := a.create(t, a.key, customersPath, newPersonCustomer)
		a.create(t, a.theirs, customersPath, fullCustomer)
		content := csvHeader +
			csvRow("Panadería S.L.", "B12345674", "hola@panaderia.example") +
			csvRow(`"=cmd|'/C calc'!A0"`, "X1234567L", "") +
			"\n" +
			csvRow("Ana", "12345678Z", "") +
			csvRow("Eva", "12345678A", "eva@panaderia.example") +
			csvRow("Otra panadería", "B12345674", "") +
			csvRow("", "00000000T", "nobody")
		verdicts := []string{"VALID", "WARNING", "DUPLICATE", "NIF_INVALID", "DUPLICATE", "ERROR"}

		t.Run("a dry run is the default, and stores nothing", func(t *testing.T) {
			before := a.mustDump(t)
			for _, parts := range [][]part{{file(content)}, {{"dry_run", "", "true"}, file(content)}, {file(content), {"x", "", "y"}, {"dry_run", "", "true"}}} {
				v := mustValidation(t, a.do(t, form(t, a.key, csvPath, parts...)))
				if diff := cmp.Diff(verdicts, v.statuses()); diff != "" {
					t.Errorf("(-want +got):\n%s", diff)
				}
				m := v.Metadata
				if m["is_dry_run"] != true || m["source_type"] != "CSV_IMPORT" || m["filename"] != "clientes.csv" || m["file_size_bytes"] != float64(len(content)) || m["total_rows"] != 6.0 {
					t.Errorf("metadata %v", m)
				}
				if v.Statistics.Imported != 0 || v.Statistics.SuccessRate != "0.3333" {
					t.Errorf("statistics %+v", v.Statistics)
				}
			}
			if diff := cmp.Diff(before, a.mustDump(t)); diff != "" {
				t.Error("something was written:", diff)
			}
		})

		t.Run("rows are named by their place and line", func(t *testing.T) {
			v := mustValidation(t, a.do(t, form(t, a.key, csvPath, file(content))))
			for i, line := range []int{2, 3, 5, 6, 7, 8} {
				if item := v.CustomersValidation[i]; item.Index != i+1 || item.RowNumber == nil || *item.RowNumber != line {
					t.Errorf("row %d: %+v", i, item)
				}
			}
			last := v.CustomersValidation[5]
			if diff := cmp.Diff([]string{"legal_name", "email"}, last.fields()); diff != "" && len(last.Errors) != 2 {
				t.Errorf("faults (-want +got):\n%s", diff)
			}
		})

		t.Run("the other company's identifiers are free", func(t *testing.T) {
			v := mustValidation(t, a.do(t, form(t, a.theirs, csvPath, file(csvHeader+csvRow("Ana", "12345678Z", "")+csvRow("Pan", "B12345674", "")))))
			if diff := cmp.Diff([]string{"WARNING", "DUPLICATE"}, v.statuses()); diff != "" {
				t.Errorf("(-want +got):\n%s", diff)
			}
		})

		t.Run("a real run stores the valid rows, once for an idempotency key", func(t *testing.T) {
			send := func() answer {
				r := form(t, a.key, csvPath, part{"dry_run", "", "false"}, file(content))
				r.Header.Set("Idempotency-Key", "import-1")
				return a.do(t, r)
			}
			got := send()
			v := mustValidation(t, got)
			if diff := cmp.Diff(verdicts, v.statuses()); diff != "" || v.Statistics.Imported != 2 {
				t.Errorf("%+v (-want +got):\n%s", v.Statistics, diff)
			}
			for i, item := range v.CustomersValidation {
				if (item.CustomerID != nil) != (i < 2) {
					t.Errorf("row %d: customer_id %v", i, item.CustomerID)
				}
			}
			customer := a.mustGet(t, customersPath+"/"+*v.CustomersValidation[1].CustomerID)
			if customer["legal_name"] != "=cmd|'/C calc'!A0" || customer["nif"] != "X1234567L" {
				t.Errorf("stored: %v", customer)
			}
			before := a.mustDump(t)
			if again := send(); string(again.Data) != string(got.Data) || again.header.Get("Idempotency-Replay") != "true" {
				t.Errorf("again: status %d: %s", again.status, again.body)
			}
			v = mustValidation(t, a.do(t, form(t, a.key, csvPath, part{"dry_run", "", "false"}, file(content))))
			if diff := cmp.Diff([]string{"DUPLICATE", "DUPLICATE", "DUPLICATE", "NIF_INVALID", "DUPLICATE", "ERROR"}, v.statuses()); diff != "" || v.Statistics.Imported != 0 {
				t.Errorf("without the key (-want +got):\n%s", diff)
			}
			if diff := cmp.Diff(before, a.mustDump(t)); diff != "" {
				t.Error("a repetition has written:", diff)
			}
		})

		t.Run("imports at once share the rows and none fails", func(t *testing.T) {
			for _, nif := range []string{"B12345674", "X1234567L"} {
				a.mustExec(t, "UPDATE customers SET deleted_at = created_at, active = false WHERE nif = '"+nif+"'")
			}
			answers := make([]answer, 6)
			var group sync.WaitGroup
			for i := range answers {
				group.Go(func() { answers[i] = a.do(t, form(t, a.key, csvPath, part{"dry_run", "", "false"}, file(content))) })
			}
			group.Wait()
			imported := 0
			for _, got := range answers {
				imported += mustValidation(t, got).Statistics.Imported
			}
			if imported != 2 {
				t.Errorf("%d rows were stored, want 2", imported)
			}
		})
		a.call(t, a.key, del, customersPath+"/"+stored, "")
	})
}

func TestFilesThatCannotBeImported(t *testing.T) {
	eachDialect(t, func(t *testing.T, a *api) {
		before := a.mustDump(t)
		good := csvHeader + csvRow("Ana", "12345678Z", "")
		holded := mustHolded(t, []any{"Ana", "12345678Z"})
		for name, tt := range map[string]struct {
			request *http.Request
			status  int
			code    string
			details map[string]any
		}{
			"no file":              {form(t, a.key, csvPath, part{"dry_run", "", "false"}), 422, "VALIDATION_ERROR", map[string]any{"file": "is required"}},
			"two files":            {form(t, a.key, csvPath, file(good), file(good)), 422, "VALIDATION_ERROR", map[string]any{"file": "must be given once"}},
			"no boolean":           {form(t, a.key, csvPath, file(good), part{"dry_run", "", "no"}), 400, "VALIDATION_ERROR", map[string]any{"dry_run": "must be true or false"}},
			"a very long boolean":  {form(t, a.key, csvPath, file(good), part{"dry_run", "", strings.Repeat("false", 99)}), 400, "VALIDATION_ERROR", map[string]any{"dry_run": "must be true or false"}},
			"two booleans":         {form(t, a.key, csvPath, file(good), part{"dry_run", "", "true"}, part{"dry_run", "", "false"}), 400, "VALIDATION_ERROR", map[string]any{"dry_run": "must be given once"}},
			"two long booleans":    {form(t, a.key, csvPath, file(good), part{"dry_run", "", "true"}, part{"dry_run", "", strings.Repeat("false", 99)}), 400, "VALIDATION_ERROR", map[string]any{"dry_run": "must be given once"}},
			"a name of bytes":      {form(t, a.key, csvPath, part{"file", "a\xff.csv", good}), 400, "VALIDATION_ERROR", map[string]any{"file": "must have a name in UTF-8 of at most 255 characters"}},
			"a form cut off":       {formRequest(a.key, csvPath, "b", "--b\r\nContent-Disposition: form-data; name=\"file\"\r\n\r\nnif;"), 400, "BAD_REQUEST", nil},
			"no form at all":       {formRequest(a.key, csvPath, "b", "nif;"), 400, "BAD_REQUEST", nil},
			"too many parts":       {form(t, a.key, csvPath, make([]part, 60)...), 400, "BAD_REQUEST", nil},
			"too large":            {form(t, a.key, csvPath, file(strings.Repeat(good, 60_000))), 413, "FILE_TOO_LARGE", map[string]any{"max_size_bytes": "5242880", "max_size_formatted": "5 MiB"}},
			"empty":                {form(t, a.key, csvPath, file("")), 400, "EMPTY_FILE", nil},
			"a header alone":       {form(t, a.key, csvPath, file(csvHeader)), 400, "EMPTY_FILE", nil},
			"not UTF-8":            {form(t, a.key, csvPath, file(good+"Panader\xeda")), 400, "ENCODING_ERROR", map[string]any{"line": 3.0}},
			"missing headers":      {form(t, a.key, csvPath, file("nombre_fiscal;email\nAna;")), 400, "MISSING_HEADERS", map[string]any{"missing_headers": []any{"nif", "direccion_calle", "direccion_numero", "direccion_codigo_postal", "direccion_poblacion", "direccion_provincia"}}},
			"too many rows":        {form(t, a.key, csvPath, file(csvHeader+strings.Repeat(csvRow("Ana", "12345678Z", ""), 1001))), 400, "TOO_MANY_RECORDS", map[string]any{"record_count": 1001.0, "max_records": 1000.0}},
			"a broken line":        {form(t, a.key, csvPath, file(good+`"Ana;`)), 422, "PARSING_ERROR", map[string]any{"line": 3.0}},
			"a workbook as CSV":    {form(t, a.key, csvPath, file(holded)), 400, "INVALID_FORMAT", nil},
			"a CSV as workbook":    {form(t, a.key, holdedPath, file(good)), 400, "INVALID_FORMAT", nil},
			"an empty workbook":    {form(t, a.key, holdedPath, file("")), 400, "EMPTY_FILE", nil},
			"a workbook cut off":   {form(t, a.key, holdedPath, file(holded[:len(holded)/2])), 400, "INVALID_FORMAT", nil},
			"no workbook":          {form(t, a.key, holdedPath, part{"preview", "", "false"}), 422, "VALIDATION_ERROR", map[string]any{"file": "is required"}},
			"no boolean, Holded":   {form(t, a.key, holdedPath, file(holded), part{"preview", "", "0"}), 400, "VALIDATION_ERROR", map[string]any{"preview": "must be true or false"}},
			"too large, Holded":    {form(t, a.key, holdedPath, file(strings.Repeat("x", 10<<20+1))), 413, "FILE_TOO_LARGE", map[string]any{"max_size_bytes": "10485760", "max_size_formatted": "10 MiB"}},
			"a form beyond all":    {form(t, a.key, holdedPath, part{"x", "", strings.Repeat("x", 13<<20)}), 413, "FILE_TOO_LARGE", nil},
			"no Name, no ID":       {form(t, a.key, holdedPath, file(mustSheet(t, "Holded", []any{}, []any{}, []any{"Email"}, []any{"a"}))), 400, "MISSING_HEADERS", map[string]any{"missing_headers": []any{"ID", "Name"}}},
			"another sheet":        {form(t, a.key, holdedPath, file(mustSheet(t, "Sheet1", []any{"x"}))), 400, "INVALID_FORMAT", nil},
			"not sent as a form":   {newRequest(a.key, post, csvPath, good), 415, "UNSUPPORTED_MEDIA_TYPE", nil},
			"a parameter too many": {form(t, a.key, csvPath+"?dry_run=false", file(good)), 400, "VALIDATION_ERROR", map[string]any{"dry_run": "is not a parameter of this operation"}},
		} {
			t.Run(name, func(t *testing.T) {
				got := a.do(t, tt.request)
				if got.status != tt.status || got.Error.Code != tt.code {
					t.Errorf("status %d: %s", got.status, got.body)
				}
				if diff := cmp.Diff(tt.details, got.Error.Details); tt.details != nil && diff != "" {
					t.Errorf("details (-want +got):\n%s", diff)
				}
			})
		}
		t.Run("rows too many of Holded", func(t *testing.T) {
			rows := make([][]any, 5001)
			for i := range rows {
				rows[i] = []any{"Ana", "12345678Z"}
			}
			got := a.do(t, form(t, a.key, holdedPath, file(mustHolded(t, rows...))))
			if got.status != http.StatusBadRequest || got.Error.Code != "TOO_MANY_RECORDS" || got.Error.Details["record_count"] != 5001.0 {
				t.Errorf("status %d: %s", got.status, got.body)
			}
			v := mustValidation(t, a.do(t, form(t, a.key, holdedPath, file(mustHolded(t, rows[1:]...)))))
			if v.Statistics.TotalProcessed != 5000 {
				t.Errorf("of 5,000 rows %+v", v.Statistics)
			}
		})
		if diff := cmp.Diff(before, a.mustDump(t)); diff != "" {
			t.Error("something was written:", diff)
		}
	})
}

// endless is a form whose file never ends.
type endless struct{ left int64 }

func (e *endless) Read(p []byte) (int, error) {
	if e.left -= int64(len(p)); e.left < 0 {
		return 0, io.EOF
	}
	for i := range p {
		p[i] = "a;\n"[i%3]
	}
	return len(p), nil
}

func TestAnUploadIsReadNoFurtherThanItsLimit(t *testing.T) {
	a := mustSQLiteAPI(t)
	const size = 1 << 30
	for path, limit := range map[string]int64{csvPath: 5 << 20, holdedPath: 10 << 20} {
		for _, field := range []string{"file", "x"} {
			body := &endless{left: size}
			r := httptest.NewRequest(post, path, io.MultiReader(strings.NewReader("--b\r\nContent-Disposition: form-data; name=\""+field+"\"\r\n\r\n"), body))
			r.ContentLength = -1
			r.Header.Set("Authorization", "Bearer "+a.key)
			r.Header.Set("Content-Type", "multipart/form-data; boundary=b")
			got := a.do(t, r)
			if got.status != http.StatusRequestEntityTooLarge || got.Error.Code != "FILE_TOO_LARGE" {
				t.Errorf("status %d: %s", got.status, got.body)
			}
			if read := size - body.left; field == "file" && read > limit+1<<20 || read > 13<<20 {
				t.Errorf("%s %s: %d bytes were read", path, field, read)
			}
		}
	}
}

func TestAnIdempotencyKeyIsBoundToTheFileAndTheSwitch(t *testing.T) {
	eachDialect(t, func(t *testing.T, a *api) {
		for path, tt := range map[string]struct{ flag, content, other string }{
			csvPath:    {"dry_run", csvHeader + csvRow("Ana", "12345678Z", ""), csvHeader + csvRow("Eva", "00000000T", "")},
			holdedPath: {"preview", mustHolded(t, []any{"Ana", "12345678Z"}), mustHolded(t, []any{"Eva", "00000000T"})},
		} {
			send := func(content, value string) answer {
				r := form(t, a.key, path, file(content), part{tt.flag, "", value})
				r.Header.Set("Idempotency-Key", "k"+tt.flag)
				return a.do(t, r)
			}
			first := mustValidation(t, send(tt.content, "true"))
			// The boundary is another one at every try, and the same file all the same.
			if diff := cmp.Diff(first, mustValidation(t, send(tt.content, "true"))); diff != "" {
				t.Errorf("%s, again (-first +second):\n%s", path, diff)
			}
			for _, got := range []answer{send(tt.other, "true"), send(tt.content, "false")} {
				if got.status != http.StatusConflict || got.Error.Code != "IDEMPOTENCY_KEY_MISMATCH" {
					t.Errorf("%s: status %d: %s", path, got.status, got.body)
				}
			}
		}
	})
}

func TestDownloadCustomerTemplateCsv(t *testing.T) {
	a := mustSQLiteAPI(t)
	for _, accept := range []string{"", "text/csv", "*/*"} {
		r := newRequest(a.mustKey(t, a.company.ID, "customers:read"), post, templatePath, "")
		if accept != "" {
			r.Header.Set("Accept", accept)
		}
		rec := httptest.NewRecorder()
		a.ServeHTTP(rec, r)
		mustConform(t, r, answer{status: rec.Code, header: rec.Header(), body: rec.Body.Bytes()})
		if rec.Code != http.StatusOK || rec.Header().Get("Content-Type") != "text/csv; charset=utf-8" ||
			rec.Header().Get("Content-Disposition") != `attachment; filename="`+templateName+`"` || rec.Header().Get("X-Request-Id") == "" {
			t.Errorf("status %d, header %v", rec.Code, rec.Header())
		}
		if !strings.HasPrefix(rec.Body.String(), "\uFEFF"+strings.TrimSpace(csvHeader)+"\r\n") {
			t.Errorf("it begins %q", rec.Body.String()[:80])
		}
		v := mustValidation(t, a.do(t, form(t, a.key, csvPath, part{"file", templateName, rec.Body.String()})))
		if diff := cmp.Diff([]string{"VALID", "VALID"}, v.statuses()); diff != "" {
			t.Errorf("its own import (-want +got):\n%s", diff)
		}
	}
	r := newRequest(a.key, post, templatePath, "")
	r.Header.Set("Accept", "application/json")
	if got := a.do(t, r); got.status != http.StatusNotAcceptable {
		t.Errorf("asked for JSON: status %d", got.status)
	}
}

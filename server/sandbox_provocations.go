package server

const sampleHeaders = `nombre_fiscal;nif;email;direccion_calle;direccion_numero;direccion_codigo_postal;direccion_poblacion;direccion_provincia\n`

var goodRequests = []goodRequest{
	{Operation: "listCustomers", Method: "GET", Path: "/v1/customers"},
	{
		Operation: "createCustomer", Method: "POST", Path: "/v1/customers",
		Body: `{"legal_name":"Panadería Ñandú S.L.","nif":"B12345674","address":{"street":"Calle Mayor","number":"12","postal_code":"28013","city":"Madrid","province":"Madrid","country":"España"}}`,
	},
	{
		Operation: "createCustomersBulk", Method: "POST", Path: "/v1/customers/bulk",
		Body: `{"customers":[{"legal_name":"Panadería Ñandú S.L.","nif":"B12345674","address":{"street":"Calle Mayor","number":"12","postal_code":"28013","city":"Madrid","province":"Madrid","country":"España"}}]}`,
	},
	{Operation: "deactivateCustomersBulk", Method: "DELETE", Path: "/v1/customers/bulk?ids=00000000-0000-7000-8000-000000000101"},
	{
		Operation: "importCustomersCsvPreview", Method: "POST", Path: "/v1/customers/import-csv-preview",
		File: sampleHeaders + `Panadería Ñandú S.L.;B12345674;hola@panaderia.example;Calle Mayor;12;28013;Madrid;Madrid\n`,
	},
	{Operation: "importHoldedContacts", Method: "POST", Path: "/v1/customers/import-holded-contacts", File: `an .xlsx file of your own`},
	{Operation: "downloadCustomerTemplateCsv", Method: "POST", Path: "/v1/customers/templates/csv"},
	{Operation: "getCustomer", Method: "GET", Path: "/v1/customers/00000000-0000-7000-8000-000000000101"},
	{
		Operation: "updateCustomer", Method: "PUT", Path: "/v1/customers/00000000-0000-7000-8000-000000000101",
		Body: `{"email":"marta@ruiz.example"}`,
	},
	{Operation: "deactivateCustomer", Method: "DELETE", Path: "/v1/customers/00000000-0000-7000-8000-000000000101"},
	{
		Operation: "createInvoice", Method: "POST", Path: "/v1/invoices",
		Body: `{"type":"STANDARD","recipient":{"customer_id":"00000000-0000-7000-8000-000000000101"},"lines":[{"description":"Consultoría","quantity":2,"unit_price":50}]}`,
	},
	{Operation: "getInvoice", Method: "GET", Path: "/v1/invoices/00000000-0000-7000-8000-000000001001"},
	{Operation: "deleteInvoice", Method: "DELETE", Path: "/v1/invoices/00000000-0000-7000-8000-000000001001"},
	{
		Operation: "validateNif", Method: "POST", Path: "/v1/nif/validate",
		Body: `{"nif":"12345678Z","legal_name":"Lucía García Peña"}`,
	},
}

// The operations that many provocations are for.
var (
	every = []string{"every operation"}
	jsons = []string{"createCustomer", "createCustomersBulk", "updateCustomer", "createInvoice", "validateNif"}
	files = []string{"importCustomersCsvPreview", "importHoldedContacts"}
	posts = []string{"createCustomer", "createCustomersBulk", "createInvoice", "validateNif", "importCustomersCsvPreview"}
)

func only(operation string) []string { return []string{operation} }

var provocations = []provocation{
	{every, "header", "Authorization:", 401, "UNAUTHORIZED"},
	{every, "header", "Authorization: Bearer beel_sk_test_sandboxExpired00000000000000000uMdaG", 401, "UNAUTHORIZED"},
	{every, "header", "Authorization: Bearer beel_sk_test_sandboxRevoked00000000000000002yHI1L", 401, "UNAUTHORIZED"},
	{every, "header", "Authorization: Bearer beel_sk_test_sandboxNoScopes0000000000000001ixt8M", 403, "INSUFFICIENT_SCOPE"},
	{every, "header", "Authorization: Bearer beel_sk_test_sandboxRateLimited0000000000001pUrjH", 429, "RATE_LIMIT_EXCEEDED"},
	{every, "header", "Authorization: Bearer beel_sk_test_sandboxInternalError00000000003cN1ss", 500, "INTERNAL_ERROR"},
	{every, "header", "Authorization: Bearer beel_sk_test_sandboxUnavailable0000000000003E6wsm", 503, "SERVICE_UNAVAILABLE"},
	{every, "header", "Accept: text/html", 406, "NOT_ACCEPTABLE"},
	{every, "method", "PATCH", 405, "METHOD_NOT_ALLOWED"},
	{every, "query", "unknown=1", 400, "VALIDATION_ERROR"},
	{jsons, "header", "Content-Type: text/plain", 415, "UNSUPPORTED_MEDIA_TYPE"},
	{jsons, "body", `{`, 400, "INVALID_JSON_FORMAT"},
	{jsons, "header", "Panal-Sandbox-Error: REQUEST_BODY_TOO_LARGE", 413, "REQUEST_BODY_TOO_LARGE"},
	{append(posts, "importHoldedContacts", "downloadCustomerTemplateCsv"), "header", "Idempotency-Key: two words", 400, "INVALID_IDEMPOTENCY_KEY"},
	{append(posts, "importHoldedContacts"), "header", "Idempotency-Key: sandbox-processing", 409, "IDEMPOTENCY_KEY_PROCESSING"},
	{posts, "header", "Idempotency-Key: sandbox-used", 409, "IDEMPOTENCY_KEY_MISMATCH"},

	{only("listCustomers"), "query", "page=0", 400, "VALIDATION_ERROR"},

	{only("createCustomer"), "body", `{"legal_name":"Otra Marta","nif":"00000000T","address":{"street":"Calle Mayor","number":"1","postal_code":"28013","city":"Madrid","province":"Madrid","country":"España"}}`, 409, "CONFLICT"},
	{only("createCustomer"), "body", `{"legal_name":"Panadería Ñandú S.L.","nif":"B12345674"}`, 422, "VALIDATION_ERROR"},
	{only("createCustomer"), "body", `{"legal_name":"Panadería Ñandú S.L.","nif":"1234","address":{"street":"Calle Mayor","number":"12","postal_code":"28013","city":"Madrid","province":"Madrid","country":"España"}}`, 422, "NIF_INVALID_FORMAT"},
	{only("createCustomer"), "body", `{"legal_name":"Panadería Ñandú S.L.","nif":"B12345678","address":{"street":"Calle Mayor","number":"12","postal_code":"28013","city":"Madrid","province":"Madrid","country":"España"}}`, 422, "NIF_INVALID_CONTROL_DIGIT"},
	{only("createCustomer"), "body", `{"legal_name":"Bakery Ltd","alternative_id":{"type":"02","number":"123","country_code":"US"},"address":{"street":"Main Street","number":"1","postal_code":"10001","city":"New York","province":"New York","country":"Estados Unidos","country_code":"US"}}`, 422, "ALTERNATIVE_ID_INVALID"},

	{only("createCustomersBulk"), "body", `{"customers":[{"legal_name":"Otra Marta","nif":"00000000T","address":{"street":"Calle Mayor","number":"1","postal_code":"28013","city":"Madrid","province":"Madrid","country":"España"}}]}`, 422, "BULK_VALIDATION_ERROR"},
	{only("deactivateCustomersBulk"), "path", "/v1/customers/bulk?ids=first,second", 400, "VALIDATION_ERROR"},

	{files, "header", "Content-Type: application/json", 415, "UNSUPPORTED_MEDIA_TYPE"},
	{files, "form", "unrelated=1", 422, "VALIDATION_ERROR"},
	{files, "header", "Panal-Sandbox-Error: FILE_TOO_LARGE", 413, "FILE_TOO_LARGE"},
	{files, "header", "Panal-Sandbox-Error: TOO_MANY_RECORDS", 400, "TOO_MANY_RECORDS"},
	{only("importCustomersCsvPreview"), "form", "dry_run=maybe", 400, "VALIDATION_ERROR"},
	{only("importCustomersCsvPreview"), "file", ``, 400, "EMPTY_FILE"},
	{only("importCustomersCsvPreview"), "file", `nombre_fiscal;nif\n`, 400, "MISSING_HEADERS"},
	{only("importCustomersCsvPreview"), "file", sampleHeaders + `"Panadería\n`, 422, "PARSING_ERROR"},
	{only("importCustomersCsvPreview"), "file", sampleHeaders + `Panader\xff\n`, 400, "ENCODING_ERROR"},
	{only("importHoldedContacts"), "file", `no workbook`, 400, "INVALID_FORMAT"},
	{only("importHoldedContacts"), "header", "Panal-Sandbox-Error: MISSING_HEADERS", 400, "MISSING_HEADERS"},
	{only("importHoldedContacts"), "header", "Panal-Sandbox-Error: PARSING_ERROR", 422, "PARSING_ERROR"},
	{only("importHoldedContacts"), "header", "Panal-Sandbox-Error: IDEMPOTENCY_KEY_MISMATCH", 409, "IDEMPOTENCY_KEY_MISMATCH"},

	{only("getCustomer"), "path", "/v1/customers/first", 400, "VALIDATION_ERROR"},
	{only("getCustomer"), "path", "/v1/customers/00000000-0000-7000-8000-000000000199", 404, "NOT_FOUND"},
	{only("getCustomer"), "path", "/v1/customers/00000000-0000-7000-8000-000000000105", 404, "NOT_FOUND"},
	{only("getCustomer"), "path", "/v1/customers/00000000-0000-7000-8000-000000000201", 404, "NOT_FOUND"},

	{only("updateCustomer"), "path", "/v1/customers/first", 400, "VALIDATION_ERROR"},
	{only("updateCustomer"), "path", "/v1/customers/00000000-0000-7000-8000-000000000105", 404, "NOT_FOUND"},
	{only("updateCustomer"), "header", `If-Match: "0"`, 412, "PRECONDITION_FAILED"},
	{only("updateCustomer"), "body", `{"nif":"B12345674"}`, 422, "VALIDATION_ERROR"},
	{only("updateCustomer"), "body", `{"nif":"1234"}`, 422, "NIF_INVALID_FORMAT"},
	{only("updateCustomer"), "header", "Panal-Sandbox-Error: NIF_INVALID_CONTROL_DIGIT", 422, "NIF_INVALID_CONTROL_DIGIT"},

	{only("deactivateCustomer"), "path", "/v1/customers/first", 400, "VALIDATION_ERROR"},
	{only("deactivateCustomer"), "path", "/v1/customers/00000000-0000-7000-8000-000000000103", 400, "CLIENT_HAS_INVOICES"},
	{only("deactivateCustomer"), "path", "/v1/customers/00000000-0000-7000-8000-000000000104", 400, "CLIENT_HAS_INVOICES"},
	{only("deactivateCustomer"), "path", "/v1/customers/00000000-0000-7000-8000-000000000105", 404, "NOT_FOUND"},
	{only("deactivateCustomer"), "header", `If-Match: "0"`, 412, "PRECONDITION_FAILED"},

	{only("createInvoice"), "body", `{"type":"STANDARD","recipient":{"customer_id":"00000000-0000-7000-8000-000000000102"},"lines":[{"description":"Consultoría","quantity":2,"unit_price":50}]}`, 422, "VALIDATION_ERROR"},
	{only("createInvoice"), "body", `{"type":"STANDARD","recipient":{"customer_id":"00000000-0000-7000-8000-000000000201"},"lines":[{"description":"Consultoría","quantity":2,"unit_price":50}]}`, 422, "VALIDATION_ERROR"},
	{only("createInvoice"), "body", `{"type":"STANDARD","recipient":{"legal_name":"Lucía García Peña","nif":"1234"},"lines":[{"description":"Consultoría","quantity":2,"unit_price":50}]}`, 422, "NIF_INVALID_FORMAT"},
	{only("createInvoice"), "body", `{"type":"STANDARD","recipient":{"legal_name":"Lucía García Peña","nif":"12345678A"},"lines":[{"description":"Consultoría","quantity":2,"unit_price":50}]}`, 422, "NIF_INVALID_CONTROL_DIGIT"},
	{only("createInvoice"), "body", `{"type":"SIMPLIFIED","recipient":{},"lines":[{"description":"Consultoría","quantity":1,"unit_price":4000}]}`, 422, "SIMPLIFIED_INVOICE_EXCEEDS_LEGAL_LIMIT"},

	{only("getInvoice"), "path", "/v1/invoices/first", 400, "VALIDATION_ERROR"},
	{only("getInvoice"), "path", "/v1/invoices/00000000-0000-7000-8000-000000001999", 404, "NOT_FOUND"},
	{only("getInvoice"), "path", "/v1/invoices/00000000-0000-7000-8000-000000002001", 404, "NOT_FOUND"},

	{only("deleteInvoice"), "path", "/v1/invoices/first", 400, "VALIDATION_ERROR"},
	{only("deleteInvoice"), "path", "/v1/invoices/00000000-0000-7000-8000-000000001101", 400, "STATUS_NOT_MODIFIABLE"},
	{only("deleteInvoice"), "path", "/v1/invoices/00000000-0000-7000-8000-000000002001", 404, "NOT_FOUND"},

	{only("validateNif"), "body", `{"nif":"12345678Z"}`, 422, "VALIDATION_ERROR"},
	{only("validateNif"), "header", "Panal-Sandbox-Error: NIF_INVALID_CONTROL_DIGIT", 422, "NIF_INVALID_CONTROL_DIGIT"},
}

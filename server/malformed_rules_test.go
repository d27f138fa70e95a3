package server_test

import (
	"strings"
	"testing"
)

// change is made to a body: a path and raw JSON, empty to remove the property.
type change struct{ path, raw string }

// brokenRules are bodies of the right shape that break a rule which no schema
// states.
func brokenRules(tb testing.TB, customer string) []malformed {
	tb.Helper()
	var (
		create      = target{post, customersPath, "", fullCustomer}
		createOther = target{post, customersPath, "", foreignCustomer}
		update      = target{put, customersPath + "/" + customer, "", `{}`}
		draft       = target{post, invoicesPath, "", fullInvoice}
		draftOther  = target{post, invoicesPath, "", foreignInvoice}
		ticket      = target{post, invoicesPath, "", `{"type":"SIMPLIFIED","recipient":{},"lines":[` + fullLine + `]}`}
	)
	var rows []malformed
	refuse := func(tt target, code string, details string, says string, changes ...change) {
		body, words := tt.body, []string{}
		for _, c := range changes {
			body = with(tb, body, c.path, c.raw)
			words = append(words, c.path+"="+c.raw)
		}
		m := tt.row(strings.Join(words, " "), body)
		m.status, m.code, m.details, m.says = 422, code, strings.Fields(details), says
		rows = append(rows, m)
	}
	const invalid, control, format = "VALIDATION_ERROR", "NIF_INVALID_CONTROL_DIGIT", "NIF_INVALID_FORMAT"

	for number, want := range map[string]string{
		"12345678A": "Z", "00000000A": "T", "X1234567A": "L", "Y1234567A": "X", "Z1234567A": "R", "B12345670": "4", "B1234567D": "4", "A12345675": "4", "Q12345674": "D", "P1234567A": "D",
		"F12345675": "4 or D", "K1234567A": "L or D", "L1234567A": "L or D", "M1234567A": "L or D",
	} {
		refuse(create, control, "nif", " "+want, change{"nif", quote(number)})
		refuse(draft, control, "recipient.nif", " "+want, change{"recipient.nif", quote(number)})
		refuse(draft, control, "recipient.nif", " "+want, change{"recipient.nif", quote(strings.ToLower(number))})
	}
	for _, number := range []string{"123456789", "BB2345674", "I12345674", "O12345674", "T12345674", "000000000", "ABCDEFGHI", "1234567Z8", "Ñ1234567", "B1234567", "B123456744", "B-1234567", "ES1234567", "B1234567 "} {
		refuse(create, format, "nif", "", change{"nif", quote(number)})
		refuse(draft, format, "recipient.nif", "", change{"recipient.nif", quote(number)})
	}
	refuse(create, format, "nif", "", change{"nif", `"b12345674"`})

	refuse(create, invalid, "alternative_id", "", change{"alternative_id", `{"type":"03","number":"P1"}`})
	refuse(create, invalid, "nif", "", change{"nif", ""})
	refuse(create, invalid, "nif", "", change{"nif", ""}, change{"alternative_id", "null"})
	refuse(draft, invalid, "recipient.alternative_id", "", change{"recipient.alternative_id", `{"type":"03","number":"P1"}`})
	for prefix, tt := range map[string]target{"": createOther, "recipient.": draftOther} {
		for _, kind := range []string{"02", "04", "05", "06"} {
			refuse(tt, "ALTERNATIVE_ID_INVALID", prefix+"alternative_id.type", "", change{prefix + "alternative_id.type", quote(kind)}, change{prefix + "alternative_id.country_code", `"ES"`})
			// Without a country of its own, that of the address counts: Spain, if it says none.
			refuse(tt, "ALTERNATIVE_ID_INVALID", prefix+"alternative_id.type", "", change{prefix + "alternative_id.type", quote(kind)}, change{prefix + "alternative_id.country_code", ""}, change{prefix + "address", fullAddress})
			refuse(tt, "ALTERNATIVE_ID_INVALID", prefix+"alternative_id.type", "", change{prefix + "alternative_id.type", quote(kind)}, change{prefix + "alternative_id.country_code", ""}, change{prefix + "address", fullAddress}, change{prefix + "address.country_code", ""})
		}
		refuse(tt, "ALTERNATIVE_ID_INVALID", prefix+"alternative_id.type", "", change{prefix + "alternative_id.type", `"07"`})
		refuse(tt, "ALTERNATIVE_ID_INVALID", prefix+"alternative_id.type", "", change{prefix + "alternative_id.type", `"07"`}, change{prefix + "alternative_id.country_code", ""}, change{prefix + "address", strings.Replace(fullAddress, `"ES"`, `"FR"`, 1)})
	}

	for path, tt := range map[string]target{"preferred_payment_method": create, "payment_info": draft} {
		refuse(tt, invalid, path+".iban", "", change{path + ".iban", ""})
		refuse(tt, invalid, path+".iban", "", change{path, `{"method":"BANK_TRANSFER"}`})
	}
	refuse(update, invalid, "preferred_payment_method.iban", "", change{"preferred_payment_method", `{"method":"BANK_TRANSFER"}`})
	for _, tt := range []target{create, update} {
		for _, raw := range []string{"1.12345", "0.00001", "1e-5", "99.99999", "1.000000000000000000000000001"} {
			refuse(tt, invalid, "general_discount", "", change{"general_discount", raw})
		}
		refuse(tt, invalid, "legal_name", "", change{"legal_name", `" "`})
		refuse(tt, invalid, "legal_name", "", change{"legal_name", `"\t\n"`})
		refuse(tt, invalid, "legal_name", "", change{"legal_name", `"\u00a0"`})
	}

	// The customer has an alternative identifier, and it cannot change.
	refuse(update, invalid, "nif", "", change{"nif", `"12345678Z"`})
	refuse(update, invalid, "alternative_id", "", change{"alternative_id", `{"type":"03","number":"OTHER"}`})
	refuse(update, invalid, "alternative_id", "", change{"alternative_id", "null"})

	// A name in another case is another name.
	refuse(create, invalid, "legal_name", "", change{"legal_name", ""}, change{"LEGAL_NAME", `"Ana"`})
	refuse(create, invalid, "legal_name", "", change{"legal_name", ""}, change{"Legal_Name", `"Ana"`}, change{"legalName", `"Ana"`}, change{"legal_name ", `"Ana"`})
	refuse(create, invalid, "nif", "", change{"nif", ""}, change{"NIF", `"B12345674"`}, change{"Nif", `"B12345674"`})
	refuse(create, invalid, "address.street", "", change{"address.street", ""}, change{"address.STREET", `"Calle"`})
	refuse(create, invalid, "legal_name", "", change{"legal_name", `""`}, change{"LEGAL_NAME", `"Ana"`})
	refuse(draft, invalid, "type", "", change{"type", ""}, change{"TYPE", `"STANDARD"`})
	refuse(draft, invalid, "lines[0].unit_price", "", change{"lines[0].unit_price", ""}, change{"lines[0].Unit_Price", "1"}, change{"lines[0].unitPrice", "1"})

	// Schema faults and rule faults together, all named.
	refuse(create, invalid, "legal_name nif email preferred_payment_method.iban general_discount address.city billing_emails[0]", "",
		change{"legal_name", `""`}, change{"nif", `"12345678A"`}, change{"email", `"nobody"`}, change{"preferred_payment_method.iban", ""}, change{"general_discount", "1.12345"}, change{"address.city", ""}, change{"billing_emails[0]", `"nobody"`})
	refuse(draft, invalid, "type operation_date due_date recipient.legal_name recipient.nif lines[0].quantity lines[0].unit_price lines[0].main_tax.percentage lines[0].equivalence_surcharge_rate payment_info.iban options.issue_directly notes", "",
		change{"type", `"CORRECTIVE"`}, change{"operation_date", `"2026-03-03"`}, change{"due_date", `"2026-03-01"`}, change{"recipient", "{}"}, change{"lines[0].quantity", "1.0000001"}, change{"lines[0].unit_price", "0"},
		change{"lines[0].main_tax.percentage", "20"}, change{"lines[0].equivalence_surcharge_rate", "1.4"}, change{"payment_info.iban", ""}, change{"options.issue_directly", "true"}, change{"notes", quote(strings.Repeat("x", 1001))})
	refuse(draft, invalid, "lines[1].description lines[2].unit_price lines[2].quantity", "", change{"lines", `[` + fullLine + `,{"quantity":1,"unit_price":1},{"description":"x","quantity":1.0000001,"unit_price":1.00001}]`})
	// Two faults with the same code of their own have that code, others the general one.
	refuse(create, invalid, "nif legal_name", "", change{"nif", `"12345678A"`}, change{"legal_name", `""`})

	refuse(draft, invalid, "type", "", change{"type", `"CORRECTIVE"`})
	refuse(draft, invalid, "operation_date", "", change{"operation_date", `"2026-03-03"`})
	refuse(draft, invalid, "operation_date", "", change{"operation_date", `"9999-12-31"`})
	refuse(draft, invalid, "due_date", "", change{"due_date", `"2026-03-01"`})
	refuse(draft, invalid, "due_date", "", change{"due_date", `"0001-01-01"`})
	refuse(draft, invalid, "recipient.legal_name recipient.nif", "", change{"recipient", `{}`})
	refuse(draft, invalid, "recipient.legal_name recipient.nif", "", change{"recipient", `{"CUSTOMER_ID":"` + customer + `"}`})
	refuse(draft, invalid, "recipient.nif", "", change{"recipient.nif", ""})
	refuse(draft, invalid, "recipient.nif", "", change{"recipient.nif", ""}, change{"recipient.alternative_id", "null"})
	refuse(draft, invalid, "recipient.legal_name", "", change{"recipient.legal_name", ""})
	refuse(draft, invalid, "recipient.customer_id", "", change{"recipient.customer_id", quote(unknownID(""))})
	refuse(draft, invalid, "series_id", "", change{"series_id", quote(unknownID(""))})
	for _, option := range []string{"verifactu_enabled", "issue_directly", "wait_for_pdf", "send_automatically"} {
		refuse(draft, invalid, "options."+option, "", change{"options." + option, "true"})
	}
	for _, raw := range []string{
		`{"type":"IVA","percentage":20}`, `{"type":"IVA","percentage":21.0001}`, `{"type":"IVA","percentage":5.2}`, `{"type":"IVA","percentage":7}`, `{"type":"IGIC","percentage":21}`, `{"type":"IGIC","percentage":9.49}`,
		`{"type":"IPSI","percentage":0}`, `{"type":"IPSI","percentage":21}`, `{"type":"OTHER","percentage":1.00001}`,
	} {
		refuse(draft, invalid, "lines[0].main_tax.percentage", "", change{"lines[0].equivalence_surcharge_rate", "0"}, change{"lines[0].main_tax", raw})
	}
	for _, pair := range []struct{ tax, rate string }{
		{`{"type":"IVA","percentage":21}`, "1.4"},
		{`{"type":"IVA","percentage":21}`, "0.5"},
		{`{"type":"IVA","percentage":10}`, "5.2"},
		{`{"type":"IVA","percentage":4}`, "1.4"},
		{`{"type":"IVA","percentage":0}`, "5.2"},
		{`{"type":"IGIC","percentage":7}`, "5.2"},
		{`{"type":"IPSI","percentage":10}`, "1.4"},
		{`{"type":"OTHER","percentage":21}`, "5.2"},
		{`{"type":"IVA","percentage":21}`, "3.3"},
		{`{"type":"IVA","percentage":21}`, "5.19999"},
	} {
		refuse(draft, invalid, "lines[0].equivalence_surcharge_rate", "", change{"lines[0].main_tax", pair.tax}, change{"lines[0].equivalence_surcharge_rate", pair.rate})
	}
	refuse(draft, invalid, "lines[0].equivalence_surcharge_rate", "", change{"lines[0].main_tax", ""}, change{"lines[0].equivalence_surcharge_rate", "1.4"})
	for path, raw := range map[string]string{"quantity": "1.0000001", "unit_price": "1.00001", "discount_percentage": "1.00001"} {
		refuse(draft, invalid, "lines[0]."+path, "", change{"lines[0]." + path, raw})
	}

	const exceeds = "SIMPLIFIED_INVOICE_EXCEEDS_LEGAL_LIMIT"
	lines := func(price, rate string) change {
		return change{"lines", `[{"description":"x","quantity":1,"unit_price":` + price + `,"main_tax":{"type":"IVA","percentage":` + rate + `}}]`}
	}
	refuse(ticket, exceeds, "lines", "400", lines("400.01", "0"))
	refuse(ticket, exceeds, "lines", "400", lines("330.59", "21"))
	refuse(ticket, exceeds, "lines", "400", lines("400.01", "0"), change{"recipient.legal_name", `"Ana"`})
	refuse(ticket, exceeds, "lines", "3000", lines("3000.01", "0"), change{"recipient.nif", `"12345678Z"`})
	refuse(ticket, exceeds, "lines", "3000", lines("2479.35", "21"), change{"recipient.nif", `"12345678Z"`})
	refuse(ticket, exceeds, "lines", "3000", lines("3000.01", "0"), change{"recipient.customer_id", quote(customer)})
	return rows
}

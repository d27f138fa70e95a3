package server

import (
	"fmt"
	"strings"

	"github.com/labstack/echo/v4"
	"github.com/shopspring/decimal"

	"github.com/panal/panal/gen"
	"github.com/panal/panal/internal/altid"
	"github.com/panal/panal/internal/invoice"
)

// checkRules adds what a schema cannot state to the faults that checkContract has
// found, and refuses them all at once. Behind it a handler has valid input only.
func (s *Server) checkRules(next gen.StrictHandlerFunc, _ string) gen.StrictHandlerFunc {
	return func(c echo.Context, request any) (any, error) {
		found, _ := c.Get(faultsKey).(faults)
		switch r := request.(type) {
		case gen.CreateCustomerRequestObject:
			s.checkCreateCustomer(r.Body, &found)
		case gen.UpdateCustomerRequestObject:
			checkUpdateCustomer(r.Body, &found)
		case gen.CreateCustomersBulkRequestObject:
			found = s.checkCreateCustomersBulk(c, r.Body, found)
		case gen.CreateInvoiceRequestObject:
			s.checkCreateInvoice(r.Body, &found)
		case gen.ValidateNIFRequestObject:
			s.checkValidateNIF(r.Body, &found)
		}
		if len(found) > 0 {
			return nil, found.refusal()
		}
		return next(c, request)
	}
}

func (s *Server) checkCreateCustomer(b *gen.CreateCustomerRequest, found *faults) {
	checkName(&b.LegalName, found)
	s.checkIdentifier("", b.NIF, orNil(b.AlternativeID), &b.Address, found)
	if b.NIF == nil && orNil(b.AlternativeID) == nil {
		found.add("nif", "is required unless alternative_id is given")
	}
	checkPayment("preferred_payment_method", orNil(b.PreferredPaymentMethod), found)
	checkDecimals("general_discount", orNil(b.GeneralDiscount), found)
}

func checkUpdateCustomer(b *gen.UpdateCustomerRequest, found *faults) {
	checkName(b.LegalName, found)
	checkPayment("preferred_payment_method", orNil(b.PreferredPaymentMethod), found)
	checkDecimals("general_discount", orNil(b.GeneralDiscount), found)
}

// checkName knows more blanks than the contract's pattern can tell.
func checkName(name *string, found *faults) {
	if name != nil && strings.TrimSpace(*name) == "" {
		found.add("legal_name", "must not be blank")
	}
}

// checkIdentifier holds for customers and for recipients; prefix is the property
// that has them, with its dot.
func (s *Server) checkIdentifier(prefix string, number *string, alternative *gen.AlternativeIdentifier, address *gen.Address, found *faults) {
	if number != nil {
		s.checkNIF(prefix+"nif", *number, found)
	}
	if alternative == nil {
		return
	}
	if number != nil {
		found.add(prefix+"alternative_id", "must not be combined with nif")
	}
	country := ""
	switch {
	case alternative.CountryCode != nil:
		country = *alternative.CountryCode
	case address != nil && address.CountryCode != nil:
		country = *address.CountryCode
	}
	if err := altid.Check(altid.Kind(alternative.Type), country); err != nil {
		*found = append(*found, fault{path: prefix + "alternative_id.type", problem: err.Error(), code: gen.ErrorCodeAlternativeIDInvalid})
	}
}

func (s *Server) checkNIF(path, number string, found *faults) {
	if _, err := s.parseNIF(strings.ToUpper(number)); err != nil {
		problem, code := nifProblem(err)
		*found = append(*found, fault{path: path, problem: problem, code: code})
	}
}

func checkPayment(path string, p *gen.PaymentInfo, found *faults) {
	if p != nil && p.Method != nil && *p.Method == gen.PaymentMethodBankTransfer && p.IBAN == nil {
		found.add(path+".iban", "is required for BANK_TRANSFER")
	}
}

// maxDecimals is how many decimals prices and percentages may have.
const maxDecimals = 4

func checkDecimals(path string, d *decimal.Decimal, found *faults) {
	if d != nil && !invoice.Fits(*d, 9, maxDecimals) {
		found.add(path, fmt.Sprintf("must have at most %d decimals", maxDecimals))
	}
}

func (s *Server) checkCreateInvoice(b *gen.CreateInvoiceRequest, found *faults) {
	if b.Type == gen.InvoiceTypeCorrective {
		found.add("type", "cannot be CORRECTIVE here: a corrective invoice is made from the invoice that it corrects")
	}
	today := s.store.Today()
	if day := date(b.OperationDate); day != nil && *day > today {
		found.add("operation_date", "must not be in the future")
	}
	if day := date(b.DueDate); day != nil && *day < today {
		found.add("due_date", "must not be in the past")
	}
	if b.Recipient.CustomerID == nil {
		s.checkRecipient(&b.Recipient, b.Type, found)
	}
	checkPayment("payment_info", orNil(b.PaymentInfo), found)
	for i := range b.Lines {
		checkLine(fmt.Sprintf("lines[%d].", i), &b.Lines[i], found)
	}
	if o := b.Options; o != nil {
		for _, option := range []struct {
			name string
			set  *bool
		}{
			{"verifactu_enabled", o.VerifactuEnabled},
			{"issue_directly", o.IssueDirectly},
			{"wait_for_pdf", o.WaitForPDF},
			{"send_automatically", o.SendAutomatically},
		} {
			if option.set != nil && *option.set {
				found.add("options."+option.name, "must be false: this server keeps drafts only")
			}
		}
	}
}

// checkRecipient checks a recipient that is not a stored customer. A simplified
// invoice may leave its recipient unnamed.
func (s *Server) checkRecipient(r *gen.Recipient, kind gen.InvoiceType, found *faults) {
	s.checkIdentifier("recipient.", r.NIF, orNil(r.AlternativeID), r.Address, found)
	if kind == gen.InvoiceTypeSimplified {
		return
	}
	if r.LegalName == nil {
		found.add("recipient.legal_name", "is required unless customer_id is given")
	}
	if r.NIF == nil && orNil(r.AlternativeID) == nil {
		found.add("recipient.nif", "is required unless customer_id or alternative_id is given")
	}
}

func checkLine(path string, l *gen.InvoiceLineRequest, found *faults) {
	if !invoice.Fits(l.Quantity, 9, 6) {
		found.add(path+"quantity", "must have at most 6 decimals")
	}
	checkDecimals(path+"unit_price", &l.UnitPrice, found)
	checkDecimals(path+"discount_percentage", l.DiscountPercentage, found)
	tax := amountsOf(l)
	if !invoice.ValidTaxRate(tax.TaxType, tax.TaxRate) {
		found.add(path+"main_tax.percentage", fmt.Sprintf("must be a rate of %s: %s", tax.TaxType, strings.Join(invoice.AllowedTaxRates(tax.TaxType), ", ")))
	}
	if !tax.SurchargeRate.IsZero() && !invoice.ValidSurcharge(tax.TaxType, tax.TaxRate, tax.SurchargeRate) {
		problem := "must be 0 for this tax"
		if rate, ok := invoice.SurchargeFor(tax.TaxType, tax.TaxRate); ok {
			problem = "must be 0 or " + rate.String() + " for this tax"
		}
		found.add(path+"equivalence_surcharge_rate", problem)
	}
}

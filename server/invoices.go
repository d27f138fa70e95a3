package server

import (
	"context"
	"net/http"
	"strings"

	"github.com/oapi-codegen/nullable"
	openapi_types "github.com/oapi-codegen/runtime/types"
	"github.com/shopspring/decimal"

	"github.com/panal/panal/gen"
	"github.com/panal/panal/internal/invoice"
	"github.com/panal/panal/store"
)

// unnamedRecipient is whom a simplified invoice without a name is made out to.
const unnamedRecipient = "Consumidor final"

// CreateInvoice answers POST /v1/invoices.
func (s *Server) CreateInvoice(ctx context.Context, r gen.CreateInvoiceRequestObject) (gen.CreateInvoiceResponseObject, error) {
	n := newInvoice(r.Body)
	n.Once = once(ctx, http.StatusCreated, invoiceBody)
	i, err := s.store.CreateInvoice(ctx, caller(ctx).CompanyID, n)
	if err != nil {
		return nil, err
	}
	return gen.CreateInvoice201JSONResponse{Body: s.invoiceEnvelope(ctx, i)}, nil
}

// GetInvoice answers GET /v1/invoices/{invoice_id}.
func (s *Server) GetInvoice(ctx context.Context, r gen.GetInvoiceRequestObject) (gen.GetInvoiceResponseObject, error) {
	i, err := s.store.GetInvoice(ctx, caller(ctx).CompanyID, r.InvoiceID)
	if err != nil {
		return nil, err
	}
	return gen.GetInvoice200JSONResponse{Body: s.invoiceEnvelope(ctx, i)}, nil
}

// DeleteInvoice answers DELETE /v1/invoices/{invoice_id}.
func (s *Server) DeleteInvoice(ctx context.Context, r gen.DeleteInvoiceRequestObject) (gen.DeleteInvoiceResponseObject, error) {
	if err := s.store.DeleteInvoice(ctx, caller(ctx).CompanyID, r.InvoiceID); err != nil {
		return nil, err
	}
	return gen.DeleteInvoice204Response{}, nil
}

// newInvoice takes a validated body and computes its amounts.
func newInvoice(b *gen.CreateInvoiceRequest) store.NewInvoice {
	lines := make([]invoice.Line, len(b.Lines))
	for i := range b.Lines {
		lines[i] = amountsOf(&b.Lines[i])
	}
	amounts, totals := invoice.Compute(lines)
	n := store.NewInvoice{
		Type:          string(b.Type),
		SeriesID:      b.SeriesID,
		OperationDate: date(b.OperationDate),
		DueDate:       date(b.DueDate),
		CustomerID:    b.Recipient.CustomerID,
		Lines:         make([]store.InvoiceLine, len(b.Lines)),
		Totals:        invoiceTotals(totals),
		PaymentInfo:   paymentInfo(orNil(b.PaymentInfo)),
		Notes:         b.Notes,
	}
	if b.Metadata != nil {
		n.Metadata = *b.Metadata
	}
	for i := range lines {
		n.Lines[i] = invoiceLine(&b.Lines[i], lines[i], amounts[i])
	}
	if n.CustomerID == nil {
		n.Recipient = recipient(&b.Recipient)
	}
	if b.Type == gen.InvoiceTypeSimplified {
		n.Check = func(r store.Recipient) error { return checkSimplified(r, totals) }
	}
	return n
}

// checkSimplified holds a simplified invoice to its legal limit, which depends on
// who the recipient turns out to be.
func checkSimplified(r store.Recipient, totals invoice.Totals) error {
	identified := r.NIF != nil || r.AlternativeID != nil
	if totals.FitsSimplified(identified) {
		return nil
	}
	return &refusal{
		status: http.StatusUnprocessableEntity, code: gen.ErrorCodeSimplifiedInvoiceExceedsLegalLimit,
		message: "A simplified invoice cannot come to more than " + invoice.SimplifiedLimit(identified).String() + " EUR with tax here",
		details: map[string]any{"lines": "must not come to more than " + invoice.SimplifiedLimit(identified).String() + " with tax"},
	}
}

// amountsOf is the line as the arithmetic takes it: IVA of 21 % where it names no
// tax, no surcharge and no income tax where it names none.
func amountsOf(l *gen.InvoiceLineRequest) invoice.Line {
	line := invoice.Line{
		Quantity: l.Quantity, UnitPrice: l.UnitPrice,
		TaxType: invoice.IVA, TaxRate: decimal.NewFromInt(21), RegimeKey: string(gen.RegimeKeyGeneral),
	}
	if l.DiscountPercentage != nil {
		line.DiscountPercentage = *l.DiscountPercentage
	}
	if l.MainTax != nil {
		line.TaxType, line.TaxRate = invoice.TaxType(l.MainTax.Type), l.MainTax.Percentage
		if l.MainTax.RegimeKey != nil {
			line.RegimeKey = string(*l.MainTax.RegimeKey)
		}
	}
	if l.EquivalenceSurchargeRate != nil {
		line.SurchargeRate = *l.EquivalenceSurchargeRate
	}
	if l.IRPFRate != nil {
		line.IRPFRate = decimal.NewFromInt(int64(*l.IRPFRate))
	}
	return line
}

func invoiceLine(b *gen.InvoiceLineRequest, l invoice.Line, a invoice.LineAmounts) store.InvoiceLine {
	return store.InvoiceLine{
		Description:              b.Description,
		Quantity:                 l.Quantity,
		Unit:                     *b.Unit, // the contract's default, at least
		UnitPrice:                l.UnitPrice,
		DiscountPercentage:       l.DiscountPercentage,
		MainTax:                  store.Tax{Type: string(l.TaxType), Percentage: l.TaxRate, RegimeKey: l.RegimeKey},
		EquivalenceSurchargeRate: l.SurchargeRate,
		IRPFRate:                 l.IRPFRate,
		TaxableBase:              a.TaxableBase,
		LineTotal:                a.Total,
	}
}

func invoiceTotals(t invoice.Totals) store.InvoiceTotals {
	rows := func(in []invoice.RateAmount) []store.RateAmount {
		out := make([]store.RateAmount, len(in))
		for i, r := range in {
			out[i] = store.RateAmount{TaxType: string(r.TaxType), RegimeKey: r.RegimeKey, Rate: r.Rate, Base: r.Base, Amount: r.Amount}
		}
		return out
	}
	return store.InvoiceTotals{
		TaxableBase: t.TaxableBase, TotalDiscounts: t.TotalDiscounts,
		VATBreakdown: rows(t.VAT), TotalVAT: t.TotalVAT,
		SurchargeBreakdown: rows(t.Surcharge), TotalEquivalenceSurcharge: t.TotalSurcharge,
		IRPFBreakdown: rows(t.IRPF), TotalIRPF: t.TotalIRPF,
		InvoiceTotal: t.InvoiceTotal,
	}
}

func recipient(b *gen.Recipient) *store.Recipient {
	r := &store.Recipient{
		LegalName:     unnamedRecipient,
		TradeName:     orNil(b.TradeName),
		AlternativeID: alternativeID(orNil(b.AlternativeID)),
		Phone:         b.Phone,
		Email:         b.Email,
	}
	if b.LegalName != nil {
		r.LegalName = *b.LegalName
	}
	if b.NIF != nil {
		number := strings.ToUpper(*b.NIF)
		r.NIF = &number
	}
	if b.Address != nil {
		a := address(*b.Address)
		r.Address = &a
	}
	return r
}

func (s *Server) invoiceEnvelope(ctx context.Context, i store.Invoice) gen.InvoiceEnvelope {
	return gen.InvoiceEnvelope{Success: true, Data: invoiceBody(i), Meta: s.meta(ctx)}
}

func invoiceBody(i store.Invoice) gen.Invoice {
	b := gen.Invoice{
		ID:            i.ID,
		InvoiceNumber: orNull(i.InvoiceNumber),
		Number:        orNull(i.Number),
		Series:        gen.SeriesReference{ID: i.SeriesID, Code: i.SeriesCode},
		Type:          gen.InvoiceType(i.Type),
		Status:        gen.InvoiceStatus(i.Status),
		IssueDate:     openapi_types.Date{Time: i.IssueDate.Time()},
		OperationDate: nullable.NewNullNullable[openapi_types.Date](),
		Issuer: gen.IssuerData{
			LegalName: i.Issuer.LegalName, TradeName: i.Issuer.TradeName, NIF: i.Issuer.NIF,
			Address: addressBody(i.Issuer.Address), Phone: i.Issuer.Phone, Email: i.Issuer.Email, Web: i.Issuer.Web,
		},
		Recipient:   recipientBody(i.Recipient),
		Lines:       make([]gen.InvoiceLine, len(i.Lines)),
		Totals:      totalsBody(i.Totals),
		PaymentInfo: orNull(paymentInfoBody(i.PaymentInfo)),
		Notes:       i.Notes,
		CreatedAt:   i.CreatedAt.UTC(),
		UpdatedAt:   i.UpdatedAt.UTC(),
	}
	if i.DueDate != nil {
		b.DueDate = openapi_types.Date{Time: i.DueDate.Time()}
	}
	if i.OperationDate != nil {
		b.OperationDate.Set(openapi_types.Date{Time: i.OperationDate.Time()})
	}
	if i.Metadata != nil {
		b.Metadata = &i.Metadata
	}
	for n, l := range i.Lines {
		regime := gen.RegimeKey(l.MainTax.RegimeKey)
		b.Lines[n] = gen.InvoiceLine{
			Description:              l.Description,
			Quantity:                 l.Quantity,
			Unit:                     l.Unit,
			UnitPrice:                l.UnitPrice,
			DiscountPercentage:       l.DiscountPercentage,
			MainTax:                  gen.TaxInfo{Type: gen.TaxType(l.MainTax.Type), Percentage: l.MainTax.Percentage, RegimeKey: &regime},
			EquivalenceSurchargeRate: l.EquivalenceSurchargeRate,
			IRPFRate:                 gen.IRPFRate(l.IRPFRate.IntPart()),
			TaxableBase:              l.TaxableBase,
			LineTotal:                l.LineTotal,
		}
	}
	return b
}

func recipientBody(r store.Recipient) gen.RecipientData {
	b := gen.RecipientData{
		CustomerID: r.CustomerID, LegalName: r.LegalName, TradeName: r.TradeName, NIF: r.NIF,
		AlternativeID: orNull(alternativeIDBody(r.AlternativeID)), Phone: r.Phone, Email: r.Email,
	}
	if r.Address != nil {
		a := addressBody(*r.Address)
		b.Address = &a
	}
	return b
}

func totalsBody(t store.InvoiceTotals) gen.InvoiceTotals {
	rows := func(in []store.RateAmount) []gen.TaxBreakdown {
		out := make([]gen.TaxBreakdown, len(in))
		for i, r := range in {
			out[i] = gen.TaxBreakdown{Type: r.Rate, Base: r.Base, Amount: r.Amount}
		}
		return out
	}
	return gen.InvoiceTotals{
		TaxableBase: t.TaxableBase, TotalDiscounts: t.TotalDiscounts,
		VATBreakdown: rows(t.VATBreakdown), TotalVAT: t.TotalVAT,
		SurchargeBreakdown: rows(t.SurchargeBreakdown), TotalEquivalenceSurcharge: t.TotalEquivalenceSurcharge,
		IRPFBreakdown: rows(t.IRPFBreakdown), TotalIRPF: t.TotalIRPF,
		InvoiceTotal: t.InvoiceTotal,
	}
}

func date(d *openapi_types.Date) *store.Date {
	if d == nil {
		return nil
	}
	day := store.DateOf(d.Time)
	return &day
}

package store

import (
	"github.com/google/uuid"
	"github.com/shopspring/decimal"
)

// The types here are the documents inside an invoice's row. Their JSON is what
// is stored, so a name that changes makes older invoices unreadable. Decimals
// are read as strings and as numbers, both exactly: which of the two is written
// is a setting of the decimal library for the whole process.

// Issuer is the company as it was when the invoice was written.
type Issuer struct {
	LegalName string  `json:"legal_name"`
	TradeName *string `json:"trade_name,omitempty"`
	NIF       string  `json:"nif"`
	Address   Address `json:"address"`
	Phone     *string `json:"phone,omitempty"`
	Email     *string `json:"email,omitempty"`
	Web       *string `json:"web,omitempty"`
}

// Recipient is the customer as it was when the invoice was written.
type Recipient struct {
	CustomerID    *uuid.UUID     `json:"customer_id,omitempty"`
	LegalName     string         `json:"legal_name"`
	TradeName     *string        `json:"trade_name,omitempty"`
	NIF           *string        `json:"nif,omitempty"`
	AlternativeID *AlternativeID `json:"alternative_id,omitempty"`
	Address       *Address       `json:"address,omitempty"`
	Phone         *string        `json:"phone,omitempty"`
	Email         *string        `json:"email,omitempty"`
}

// Tax is the tax that a line bears.
type Tax struct {
	Type       string          `json:"type"` // IVA, IGIC, IPSI or OTHER
	Percentage decimal.Decimal `json:"percentage"`
	RegimeKey  string          `json:"regime_key"`
}

// InvoiceLine is one line with its amounts.
type InvoiceLine struct {
	Description              string          `json:"description"`
	Quantity                 decimal.Decimal `json:"quantity"`
	Unit                     string          `json:"unit"`
	UnitPrice                decimal.Decimal `json:"unit_price"`
	DiscountPercentage       decimal.Decimal `json:"discount_percentage"`
	MainTax                  Tax             `json:"main_tax"`
	EquivalenceSurchargeRate decimal.Decimal `json:"equivalence_surcharge_rate"`
	IRPFRate                 decimal.Decimal `json:"irpf_rate"`
	TaxableBase              decimal.Decimal `json:"taxable_base"`
	LineTotal                decimal.Decimal `json:"line_total"`
}

// RateAmount is one row of a breakdown: the rate, what it applies to, and what
// that comes to. TaxType and RegimeKey are empty for surcharge and IRPF.
type RateAmount struct {
	TaxType   string          `json:"tax_type,omitempty"`
	RegimeKey string          `json:"regime_key,omitempty"`
	Rate      decimal.Decimal `json:"rate"`
	Base      decimal.Decimal `json:"base"`
	Amount    decimal.Decimal `json:"amount"`
}

// InvoiceTotals are the amounts of a whole invoice.
type InvoiceTotals struct {
	TaxableBase               decimal.Decimal `json:"taxable_base"`
	TotalDiscounts            decimal.Decimal `json:"total_discounts"`
	VATBreakdown              []RateAmount    `json:"vat_breakdown,omitempty"`
	TotalVAT                  decimal.Decimal `json:"total_vat"`
	SurchargeBreakdown        []RateAmount    `json:"surcharge_breakdown,omitempty"`
	TotalEquivalenceSurcharge decimal.Decimal `json:"total_equivalence_surcharge"`
	IRPFBreakdown             []RateAmount    `json:"irpf_breakdown,omitempty"`
	TotalIRPF                 decimal.Decimal `json:"total_irpf"`
	InvoiceTotal              decimal.Decimal `json:"invoice_total"`
}

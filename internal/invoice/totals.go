// Package invoice computes what an invoice amounts to, in exact decimals.
//
// totals.go turns lines into amounts, breakdowns and totals; taxes.go knows
// which rates exist; simplified.go the limits of a simplified invoice; and
// bounds.go keeps numbers from outside small enough to compute with.
//
// Every rounding is to cents, half away from zero, and there are only four:
// a line's gross amount, its base, its total, and the tax of a group of lines.
// Everything else is a sum of rounded amounts and therefore exact.
package invoice

import (
	"cmp"
	"slices"

	"github.com/shopspring/decimal"
)

// Line is what the arithmetic needs of an invoice line. Percentages are whole:
// 21 stands for 21 %.
type Line struct {
	Quantity           decimal.Decimal
	UnitPrice          decimal.Decimal
	DiscountPercentage decimal.Decimal
	TaxType            TaxType
	TaxRate            decimal.Decimal
	RegimeKey          string
	SurchargeRate      decimal.Decimal
	IRPFRate           decimal.Decimal
}

// LineAmounts are the amounts shown beside one line. The line totals of an
// invoice may differ from its own total by some cents, since each is rounded
// on its own.
type LineAmounts struct {
	TaxableBase decimal.Decimal // after the discount
	Total       decimal.Decimal // base plus tax plus surcharge less withholding
}

// RateAmount is one row of a breakdown. TaxType and RegimeKey are empty in the
// rows of surcharge and IRPF, which are grouped by rate alone.
type RateAmount struct {
	TaxType   TaxType
	RegimeKey string
	Rate      decimal.Decimal
	Base      decimal.Decimal
	Amount    decimal.Decimal
}

// Totals are the amounts of a whole invoice. Any of them is negative when
// credited lines outweigh the others.
//
// Breakdowns run by tax type in alphabetical order, then from the highest rate
// to the lowest, then by regime key, whatever the order of the lines. VAT,
// which covers IVA, IGIC, IPSI and OTHER alike, keeps its rows at 0 % because
// an exempt base has to be declared; a rate of zero in the other two means
// that the line is not subject to them, and leaves no row.
type Totals struct {
	TaxableBase    decimal.Decimal
	TotalDiscounts decimal.Decimal
	VAT            []RateAmount
	Surcharge      []RateAmount
	IRPF           []RateAmount
	TotalVAT       decimal.Decimal
	TotalSurcharge decimal.Decimal
	TotalIRPF      decimal.Decimal
	InvoiceTotal   decimal.Decimal
}

// hundred turns a percentage into a remainder: what a discount leaves, what a
// tax adds up to.
var hundred = decimal.New(100, 0)

// Compute returns the amounts of each line, in order, and those of the whole
// invoice. It accepts any numbers and its cost grows with their exponents, so
// callers hold numbers from outside to Fits first.
func Compute(lines []Line) ([]LineAmounts, Totals) {
	var totals Totals
	amounts := make([]LineAmounts, len(lines))
	vat := make([]RateAmount, len(lines))
	var surcharge, irpf []RateAmount
	for i := range lines {
		line := &lines[i]
		gross := line.Quantity.Mul(line.UnitPrice)
		base := percent(gross, hundred.Sub(line.DiscountPercentage))
		rate := hundred.Add(line.TaxRate).Add(line.SurchargeRate).Sub(line.IRPFRate)
		amounts[i] = LineAmounts{TaxableBase: base, Total: percent(base, rate)}

		totals.TaxableBase = totals.TaxableBase.Add(base)
		totals.TotalDiscounts = totals.TotalDiscounts.Add(gross.Round(2)).Sub(base)
		vat[i] = RateAmount{TaxType: line.TaxType, RegimeKey: line.RegimeKey, Rate: line.TaxRate, Base: base}
		if !line.SurchargeRate.IsZero() {
			surcharge = append(surcharge, RateAmount{Rate: line.SurchargeRate, Base: base})
		}
		if !line.IRPFRate.IsZero() {
			irpf = append(irpf, RateAmount{Rate: line.IRPFRate, Base: base})
		}
	}
	totals.VAT, totals.TotalVAT = breakdown(vat)
	totals.Surcharge, totals.TotalSurcharge = breakdown(surcharge)
	totals.IRPF, totals.TotalIRPF = breakdown(irpf)
	totals.InvoiceTotal = totals.TaxableBase.Add(totals.TotalVAT).Add(totals.TotalSurcharge).Sub(totals.TotalIRPF)
	return amounts, totals
}

// breakdown merges the rows of one group each, in place, and adds up their
// amounts. Tax is rounded here, once a group: whoever audits the invoice
// multiplies the printed base by the printed rate and expects that very cent.
func breakdown(rows []RateAmount) (groups []RateAmount, total decimal.Decimal) {
	slices.SortStableFunc(rows, compareGroups)
	groups = rows[:0]
	for _, row := range rows {
		last := len(groups) - 1
		if last < 0 || compareGroups(groups[last], row) != 0 {
			groups = append(groups, row)
			continue
		}
		groups[last].Base = groups[last].Base.Add(row.Base)
	}
	for i := range groups {
		groups[i].Amount = percent(groups[i].Base, groups[i].Rate)
		total = total.Add(groups[i].Amount)
	}
	return groups, total
}

// compareGroups orders rows as Totals promises. It compares rates by value, so
// that 21 and 21.00 are one group.
func compareGroups(a, b RateAmount) int {
	return cmp.Or(
		cmp.Compare(a.TaxType, b.TaxType),
		b.Rate.Cmp(a.Rate),
		cmp.Compare(a.RegimeKey, b.RegimeKey),
	)
}

// percent returns rate per cent of the amount, in cents. Shifting the point
// instead of dividing by a hundred keeps every digit until the rounding.
func percent(amount, rate decimal.Decimal) decimal.Decimal {
	return amount.Mul(rate).Shift(-2).Round(2)
}

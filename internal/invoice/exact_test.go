package invoice

import (
	"slices"
	"testing"

	"github.com/google/go-cmp/cmp"
	"github.com/shopspring/decimal"
	"pgregory.net/rapid"
)

// scaled draws a decimal with this many places from a range of units in the
// last one.
func scaled(lowest, highest int64, places int32) *rapid.Generator[decimal.Decimal] {
	return rapid.Map(rapid.Int64Range(lowest, highest), func(units int64) decimal.Decimal {
		return decimal.New(units, -places)
	})
}

func oneOf(rates ...string) *rapid.Generator[decimal.Decimal] {
	return rapid.Map(rapid.SampledFrom(rates), dec)
}

var anyLine = rapid.Custom(func(t *rapid.T) Line {
	return Line{
		Quantity:           rapid.OneOf(scaled(-1e12, 1e12, 6), scaled(-9, 9, 0)).Draw(t, "quantity"),
		UnitPrice:          rapid.OneOf(scaled(-9_999_999_999, 9_999_999_999, 4), scaled(0, 2000, 3)).Draw(t, "price"),
		DiscountPercentage: rapid.OneOf(scaled(0, 10_000, 2), oneOf("0", "10", "50", "100")).Draw(t, "discount"),
		TaxType:            rapid.SampledFrom([]TaxType{IVA, IGIC, IPSI, Other}).Draw(t, "tax"),
		TaxRate:            oneOf("0", "0.5", "4", "9.5", "10", "10.0", "21", "33.3333").Draw(t, "rate"),
		RegimeKey:          rapid.SampledFrom([]string{"01", "18"}).Draw(t, "regime"),
		SurchargeRate:      oneOf("0", "0.5", "1.4", "5.2").Draw(t, "surcharge"),
		IRPFRate:           oneOf("0", "2", "7", "15", "24").Draw(t, "irpf"),
	}
})

var anyLines = rapid.SliceOfN(anyLine, 0, 12)

func TestComputeIsExact(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		lines := anyLines.Draw(t, "lines")
		amounts, totals := Compute(lines)
		want, lineTotals := inFractions(lines)
		got := sums{totals.TaxableBase.Rat(), totals.TotalDiscounts.Rat(), totals.TotalVAT.Rat(), totals.TotalSurcharge.Rat(), totals.TotalIRPF.Rat()}
		if diff := cmp.Diff(want, got, cmp.AllowUnexported(sums{}), cmp.Comparer(sameFraction)); diff != "" {
			t.Fatalf("totals (-in fractions +got):\n%s", diff)
		}
		for i, a := range amounts {
			if !sameFraction(lineTotals[i], a.Total.Rat()) {
				t.Fatalf("total of line %d = %s, in fractions %s", i, a.Total, lineTotals[i].FloatString(2))
			}
		}
	})
}

func TestTotals(t *testing.T) {
	t.Run("are base plus tax plus surcharge less IRPF", rapid.MakeCheck(func(t *rapid.T) {
		_, totals := Compute(anyLines.Draw(t, "lines"))
		want := totals.TaxableBase.Add(totals.TotalVAT).Add(totals.TotalSurcharge).Sub(totals.TotalIRPF)
		if !totals.InvoiceTotal.Equal(want) {
			t.Fatalf("invoice total %s, want %s", totals.InvoiceTotal, want)
		}
	}))

	t.Run("spread every line's base over the VAT rows", rapid.MakeCheck(func(t *rapid.T) {
		amounts, totals := Compute(anyLines.Draw(t, "lines"))
		var rows, lines decimal.Decimal
		for _, row := range totals.VAT {
			rows = rows.Add(row.Base)
		}
		for _, a := range amounts {
			lines = lines.Add(a.TaxableBase)
		}
		if !rows.Equal(lines) || !totals.TaxableBase.Equal(lines) {
			t.Fatalf("rows %s, lines %s, taxable base %s", rows, lines, totals.TaxableBase)
		}
	}))

	t.Run("do not depend on the order of the lines", rapid.MakeCheck(func(t *rapid.T) {
		lines := anyLines.Draw(t, "lines")
		shuffled := rapid.Permutation(lines).Draw(t, "shuffled")
		_, totals := Compute(lines)
		_, again := Compute(shuffled)
		if diff := cmp.Diff(totals, again, sameRows); diff != "" {
			t.Fatalf("totals (-in order +shuffled):\n%s", diff)
		}
	}))

	t.Run("turn negative, to the cent, with the quantities", rapid.MakeCheck(func(t *rapid.T) {
		lines := anyLines.Draw(t, "lines")
		credit := slices.Clone(lines)
		for i := range credit {
			credit[i].Quantity = credit[i].Quantity.Neg()
		}
		amounts, totals := Compute(lines)
		credited, credits := Compute(credit)
		negated := everyAmount(amounts, totals)
		for i := range negated {
			negated[i] = negated[i].Neg()
		}
		if diff := cmp.Diff(negated, everyAmount(credited, credits)); diff != "" {
			t.Fatalf("amounts (-negated +credited):\n%s", diff)
		}
	}))

	t.Run("never carry more than two decimals", rapid.MakeCheck(func(t *rapid.T) {
		for i, amount := range everyAmount(Compute(anyLines.Draw(t, "lines"))) {
			if !amount.Truncate(2).Equal(amount) {
				t.Fatalf("amount %d = %s", i, amount)
			}
		}
	}))
}

// everyAmount lists each amount an invoice shows.
func everyAmount(lines []LineAmounts, totals Totals) []decimal.Decimal {
	all := []decimal.Decimal{
		totals.TaxableBase, totals.TotalDiscounts, totals.TotalVAT, totals.TotalSurcharge, totals.TotalIRPF, totals.InvoiceTotal,
	}
	for _, l := range lines {
		all = append(all, l.TaxableBase, l.Total)
	}
	for _, row := range slices.Concat(totals.VAT, totals.Surcharge, totals.IRPF) {
		all = append(all, row.Base, row.Amount)
	}
	return all
}

package invoice

import (
	"fmt"
	"testing"

	"github.com/google/go-cmp/cmp"
	"github.com/shopspring/decimal"
)

func dec(s string) decimal.Decimal { return decimal.RequireFromString(s) }

// line is quantity × price under IVA in the general regime.
func line(quantity, price, discount, vat, surcharge, irpf string) Line {
	return Line{
		Quantity: dec(quantity), UnitPrice: dec(price), DiscountPercentage: dec(discount),
		TaxType: IVA, TaxRate: dec(vat), RegimeKey: "01", SurchargeRate: dec(surcharge), IRPFRate: dec(irpf),
	}
}

func TestComputeOneLine(t *testing.T) {
	tests := []struct {
		name                                  string
		line                                  Line
		base, lineTotal, discounts            string
		vat, surcharge, irpf, total           string
		vatRows, surchargeRows, withheldInRow int
	}{
		{
			name: "a discount comes off before the tax", line: line("40", "50", "10", "21", "0", "0"),
			base: "1800", lineTotal: "2178", discounts: "200", vat: "378", surcharge: "0", irpf: "0", total: "2178", vatRows: 1,
		},
		{
			name: "tax goes on top of the base", line: line("40", "37.5", "0", "21", "0", "0"),
			base: "1500", lineTotal: "1815", discounts: "0", vat: "315", surcharge: "0", irpf: "0", total: "1815", vatRows: 1,
		},
		{
			name: "IRPF comes off the total and the line total", line: line("40", "37.5", "0", "21", "0", "15"),
			base: "1500", lineTotal: "1590", discounts: "0", vat: "315", surcharge: "0", irpf: "225", total: "1590", vatRows: 1, withheldInRow: 1,
		},
		{
			name: "IRPF is taken from the base, not from base and tax", line: line("1", "2000", "0", "21", "0", "15"),
			base: "2000", lineTotal: "2120", discounts: "0", vat: "420", surcharge: "0", irpf: "300", total: "2120", vatRows: 1, withheldInRow: 1,
		},
		{
			name: "the surcharge adds to the tax", line: line("10", "12.34", "0", "21", "5.2", "0"),
			base: "123.40", lineTotal: "155.73", discounts: "0", vat: "25.91", surcharge: "6.42", irpf: "0", total: "155.73", vatRows: 1, surchargeRows: 1,
		},
		{
			name: "an exempt base keeps its row", line: line("1", "99.99", "0", "0", "0", "0"),
			base: "99.99", lineTotal: "99.99", discounts: "0", vat: "0", surcharge: "0", irpf: "0", total: "99.99", vatRows: 1,
		},
		{
			name: "a full discount leaves nothing to tax", line: line("3", "9.99", "100", "21", "0", "0"),
			base: "0", lineTotal: "0", discounts: "29.97", vat: "0", surcharge: "0", irpf: "0", total: "0", vatRows: 1,
		},
		{
			name: "a credited line is negative throughout", line: line("-40", "50", "10", "21", "0", "15"),
			base: "-1800", lineTotal: "-1908", discounts: "-200", vat: "-378", surcharge: "0", irpf: "-270", total: "-1908", vatRows: 1, withheldInRow: 1,
		},
		{
			name: "every digit of a large line counts", line: line("999999.999999", "999999.9999", "0", "21", "0", "0"),
			base: "999999999899.00", lineTotal: "1209999999877.79", discounts: "0", vat: "209999999978.79", surcharge: "0", irpf: "0", total: "1209999999877.79", vatRows: 1,
		},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			amounts, got := Compute([]Line{tt.line})
			want := Totals{
				TaxableBase: dec(tt.base), TotalDiscounts: dec(tt.discounts), TotalVAT: dec(tt.vat),
				TotalSurcharge: dec(tt.surcharge), TotalIRPF: dec(tt.irpf), InvoiceTotal: dec(tt.total),
				VAT:       []RateAmount{{IVA, "01", tt.line.TaxRate, dec(tt.base), dec(tt.vat)}}[:tt.vatRows],
				Surcharge: []RateAmount{{"", "", tt.line.SurchargeRate, dec(tt.base), dec(tt.surcharge)}}[:tt.surchargeRows],
				IRPF:      []RateAmount{{"", "", tt.line.IRPFRate, dec(tt.base), dec(tt.irpf)}}[:tt.withheldInRow],
			}
			if diff := cmp.Diff([]LineAmounts{{dec(tt.base), dec(tt.lineTotal)}}, amounts); diff != "" {
				t.Errorf("line (-want +got):\n%s", diff)
			}
			if diff := cmp.Diff(want, got, sameRows); diff != "" {
				t.Errorf("totals (-want +got):\n%s", diff)
			}
		})
	}
}

// sameRows takes a missing breakdown and an empty one for the same.
var sameRows = cmp.FilterValues(
	func(a, b []RateAmount) bool { return len(a) == 0 && len(b) == 0 },
	cmp.Comparer(func(_, _ []RateAmount) bool { return true }),
)

func TestHalfACentGoesAwayFromZero(t *testing.T) {
	tests := []struct{ quantity, price, discount, vat, base, amount, lineTotal string }{
		{"1", "0.005", "0", "0", "0.01", "0", "0.01"},
		{"-1", "0.005", "0", "0", "-0.01", "0", "-0.01"},
		{"1", "0.0049", "0", "0", "0", "0", "0"},
		{"-1", "0.0049", "0", "0", "0", "0", "0"},
		{"1", "1.005", "0", "0", "1.01", "0", "1.01"},
		{"-1", "1.005", "0", "0", "-1.01", "0", "-1.01"},
		{"1", "2.675", "0", "0", "2.68", "0", "2.68"},
		{"0.000001", "4999.9999", "0", "0", "0", "0", "0"},
		{"0.000001", "5000", "0", "0", "0.01", "0", "0.01"},
		{"1", "0.99", "50", "0", "0.50", "0", "0.50"},
		{"-1", "0.99", "50", "0", "-0.50", "0", "-0.50"},
		{"1", "0.50", "0", "21", "0.50", "0.11", "0.61"},
		{"-1", "0.50", "0", "21", "-0.50", "-0.11", "-0.61"},
		{"1", "0.10", "0", "9.5", "0.10", "0.01", "0.11"},
		{"1", "1.50", "0", "21", "1.50", "0.32", "1.82"},
	}
	for _, tt := range tests {
		t.Run(fmt.Sprintf("%s × %s − %s %% at %s %%", tt.quantity, tt.price, tt.discount, tt.vat), func(t *testing.T) {
			amounts, totals := Compute([]Line{line(tt.quantity, tt.price, tt.discount, tt.vat, "0", "0")})
			got := []decimal.Decimal{amounts[0].TaxableBase, totals.TotalVAT, amounts[0].Total}
			if diff := cmp.Diff([]decimal.Decimal{dec(tt.base), dec(tt.amount), dec(tt.lineTotal)}, got); diff != "" {
				t.Errorf("base, tax, line total (-want +got):\n%s", diff)
			}
		})
	}
}

func BenchmarkCompute(b *testing.B) {
	for _, n := range []int{1, 10, 1000} {
		b.Run(fmt.Sprintf("%d lines", n), func(b *testing.B) {
			lines := make([]Line, n)
			for i := range lines {
				lines[i] = line("12.5", "37.1234", "5", []string{"21", "10", "4"}[i%3], "0", "15")
			}
			b.ReportAllocs()
			for b.Loop() {
				Compute(lines)
			}
		})
	}
}

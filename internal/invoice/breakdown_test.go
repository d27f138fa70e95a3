package invoice

import (
	"testing"

	"github.com/google/go-cmp/cmp"
)

func TestBreakdown(t *testing.T) {
	taxed := func(t TaxType, rate, regime, price string) Line {
		return Line{Quantity: dec("1"), UnitPrice: dec(price), TaxType: t, TaxRate: dec(rate), RegimeKey: regime}
	}

	t.Run("rounds once a group, not once a line", func(t *testing.T) {
		amounts, totals := Compute([]Line{taxed(IVA, "21", "01", "0.50"), taxed(IVA, "21", "01", "0.50")})
		want := []RateAmount{{IVA, "01", dec("21"), dec("1"), dec("0.21")}}
		if diff := cmp.Diff(want, totals.VAT); diff != "" {
			t.Errorf("VAT (-want +got):\n%s", diff)
		}
		if lines := amounts[0].Total.Add(amounts[1].Total); !lines.Equal(dec("1.22")) || !totals.InvoiceTotal.Equal(dec("1.21")) {
			t.Errorf("line totals add up to %s and the invoice to %s; want 1.22 and 1.21", lines, totals.InvoiceTotal)
		}
	})

	t.Run("runs by tax type, then rate downwards, then regime", func(t *testing.T) {
		_, totals := Compute([]Line{
			taxed(Other, "3", "01", "1"), taxed(IVA, "4", "01", "2"), taxed(IVA, "21", "03", "3"), taxed(IVA, "0", "02", "4"),
			taxed(IGIC, "9.5", "01", "5"), taxed(IVA, "21", "01", "6"), taxed(IPSI, "0.5", "08", "7"), taxed(IGIC, "15", "01", "8"),
		})
		want := []RateAmount{
			{IGIC, "01", dec("15"), dec("8"), dec("1.2")},
			{IGIC, "01", dec("9.5"), dec("5"), dec("0.48")},
			{IPSI, "08", dec("0.5"), dec("7"), dec("0.04")},
			{IVA, "01", dec("21"), dec("6"), dec("1.26")},
			{IVA, "03", dec("21"), dec("3"), dec("0.63")},
			{IVA, "01", dec("4"), dec("2"), dec("0.08")},
			{IVA, "02", dec("0"), dec("4"), dec("0")},
			{Other, "01", dec("3"), dec("1"), dec("0.03")},
		}
		if diff := cmp.Diff(want, totals.VAT); diff != "" {
			t.Errorf("VAT (-want +got):\n%s", diff)
		}
		if !totals.TotalVAT.Equal(dec("3.72")) {
			t.Errorf("total VAT = %s, want all four taxes in it: 3.72", totals.TotalVAT)
		}
	})

	t.Run("groups rates by value, however they are written", func(t *testing.T) {
		_, totals := Compute([]Line{taxed(IVA, "21", "01", "1"), taxed(IVA, "21.00", "01", "2"), taxed(IVA, "2.1e1", "01", "3")})
		want := []RateAmount{{IVA, "01", dec("21"), dec("6"), dec("1.26")}}
		if diff := cmp.Diff(want, totals.VAT); diff != "" {
			t.Errorf("VAT (-want +got):\n%s", diff)
		}
	})

	t.Run("groups surcharge and IRPF by rate alone and leaves zero out", func(t *testing.T) {
		_, totals := Compute([]Line{
			line("1", "100", "0", "21", "5.2", "15"), line("1", "100", "0", "10", "1.4", "15"),
			line("1", "100", "0", "4", "0", "7"), line("1", "100", "0", "21", "5.2", "0"),
		})
		wantSurcharge := []RateAmount{
			{Rate: dec("5.2"), Base: dec("200"), Amount: dec("10.4")},
			{Rate: dec("1.4"), Base: dec("100"), Amount: dec("1.4")},
		}
		wantIRPF := []RateAmount{
			{Rate: dec("15"), Base: dec("200"), Amount: dec("30")},
			{Rate: dec("7"), Base: dec("100"), Amount: dec("7")},
		}
		if diff := cmp.Diff([][]RateAmount{wantSurcharge, wantIRPF}, [][]RateAmount{totals.Surcharge, totals.IRPF}); diff != "" {
			t.Errorf("surcharge and IRPF (-want +got):\n%s", diff)
		}
	})

	t.Run("of no lines is empty and comes to zero", func(t *testing.T) {
		amounts, totals := Compute(nil)
		if diff := cmp.Diff(Totals{}, totals, sameRows); diff != "" || len(amounts) != 0 {
			t.Errorf("%d lines, totals (-want +got):\n%s", len(amounts), diff)
		}
	})

	t.Run("leaves the lines as they were", func(t *testing.T) {
		lines := []Line{taxed(IVA, "4", "01", "1"), taxed(IVA, "21", "01", "2")}
		before := append([]Line(nil), lines...)
		Compute(lines)
		if diff := cmp.Diff(before, lines); diff != "" {
			t.Errorf("lines changed (-before +after):\n%s", diff)
		}
	})
}

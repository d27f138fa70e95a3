package invoice

import (
	"slices"
	"strings"
	"testing"
)

// anomalies are no rate of anything. The exponents are the largest a decimal is
// read with.
const anomalies = "-1 -0.5 100.01 101 0.00001 1e10000 1e-10000 0e-10000"

func TestTaxRates(t *testing.T) {
	tests := []struct {
		tax            TaxType
		valid, invalid string
	}{
		{IVA, "0 0.00 4 10 10.0 1e1 21 21.00", "0.5 1 3 5 7 9.5 20 21.01 100"},
		{IGIC, "0 3 5 7 9.5 9.50 15 20", "4 9 10 21"},
		{IPSI, "0.5 1 2 4 8 10", "0 0.50001 3 21"},
		{Other, "0 0.0001 7.25 21 99.9999 100 1e2", "100.0001"},
		{"", "", "0 21"},
		{"iva", "", "0 21"},
	}
	for _, tt := range tests {
		t.Run(string(tt.tax)+" takes its own rates and no others", func(t *testing.T) {
			for rate := range strings.FieldsSeq(tt.valid) {
				if !ValidTaxRate(tt.tax, dec(rate)) {
					t.Errorf("%s refused", rate)
				}
			}
			for rate := range strings.FieldsSeq(tt.invalid + " " + anomalies) {
				if ValidTaxRate(tt.tax, dec(rate)) {
					t.Errorf("%s accepted", rate)
				}
			}
		})
	}

	t.Run("listed for a message are the ones accepted", func(t *testing.T) {
		for _, tax := range []TaxType{IVA, IGIC, IPSI} {
			for _, rate := range AllowedTaxRates(tax) {
				if !ValidTaxRate(tax, dec(rate)) {
					t.Errorf("%s lists %s and refuses it", tax, rate)
				}
			}
		}
		if got := AllowedTaxRates(Other); !slices.Equal(got, []string{"0..100"}) {
			t.Errorf("OTHER lists %q", got)
		}
		if got := AllowedTaxRates("iva"); len(got) != 0 {
			t.Errorf("an unknown tax lists %q", got)
		}
	})
}

func TestSurcharge(t *testing.T) {
	t.Run("has four rates, zero among them", func(t *testing.T) {
		for rate := range strings.FieldsSeq("0 0.0 0.5 0.50 1.4 5.2 5.20") {
			if !ValidSurchargeRate(dec(rate)) {
				t.Errorf("%s refused", rate)
			}
		}
		for rate := range strings.FieldsSeq("0.625 1.75 21 " + anomalies) {
			if ValidSurchargeRate(dec(rate)) {
				t.Errorf("%s accepted", rate)
			}
		}
	})

	t.Run("goes with its own IVA rate only", func(t *testing.T) {
		pairs := map[string]string{"21": "5.2", "10": "1.4", "4": "0.5"}
		for _, tax := range []TaxType{IVA, IGIC, IPSI, Other} {
			for rate := range strings.FieldsSeq("0 4 5 10 10.00 15 21") {
				for surcharge := range strings.FieldsSeq("0.5 1.4 5.2 " + anomalies) {
					want := tax == IVA && pairs[dec(rate).String()] == surcharge
					if got := ValidSurcharge(tax, dec(rate), dec(surcharge)); got != want {
						t.Errorf("%s %s with %s: %v, want %v", tax, rate, surcharge, got, want)
					}
				}
				paired, ok := SurchargeFor(tax, dec(rate))
				if want := pairs[dec(rate).String()]; ok != (tax == IVA && want != "") || ok && paired.String() != want {
					t.Errorf("SurchargeFor(%s, %s) = %s, %v", tax, rate, paired, ok)
				}
				if !ValidSurcharge(tax, dec(rate), dec("0")) {
					t.Errorf("%s %s without surcharge refused", tax, rate)
				}
			}
		}
	})

	t.Run("for a rate out of all bounds is none", func(t *testing.T) {
		for rate := range strings.FieldsSeq(anomalies) {
			if got, ok := SurchargeFor(IVA, dec(rate)); ok || !got.IsZero() {
				t.Errorf("SurchargeFor(IVA, %s) = %s, %v", rate, got, ok)
			}
		}
	})
}

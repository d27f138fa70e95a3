package invoice

import (
	"slices"

	"github.com/shopspring/decimal"
)

// TaxType names an indirect tax.
type TaxType string

// The indirect taxes: of the mainland and the Balearics, of the Canaries, of
// Ceuta and Melilla, and any from elsewhere.
const (
	IVA   TaxType = "IVA"
	IGIC  TaxType = "IGIC"
	IPSI  TaxType = "IPSI"
	Other TaxType = "OTHER"
)

var (
	taxRates = map[TaxType][]decimal.Decimal{
		IVA:  percentages("0", "4", "10", "21"),
		IGIC: percentages("0", "3", "5", "7", "9.5", "15", "20"),
		IPSI: percentages("0.5", "1", "2", "4", "8", "10"),
	}
	// The equivalence surcharge beside the IVA rate it belongs to, by article
	// 161 of Ley 37/1992.
	surchargedRates = percentages("21", "10", "4")
	surchargeRates  = percentages("5.2", "1.4", "0.5")
)

func percentages(rates ...string) []decimal.Decimal {
	list := make([]decimal.Decimal, len(rates))
	for i, rate := range rates {
		list[i] = decimal.RequireFromString(rate)
	}
	return list
}

// AllowedTaxRates lists the rates of a tax for a person to read, and nothing
// for an unknown tax.
func AllowedTaxRates(t TaxType) []string {
	if t == Other {
		return []string{"0..100"}
	}
	var list []string
	for _, rate := range taxRates[t] {
		list = append(list, rate.String())
	}
	return list
}

// ValidTaxRate reports whether the tax has this rate. Only Other takes any from
// 0 to 100, with up to four decimals.
func ValidTaxRate(t TaxType, rate decimal.Decimal) bool {
	if !fitsRate(rate) {
		return false
	}
	if t == Other {
		return !rate.IsNegative() && rate.LessThanOrEqual(hundred)
	}
	return slices.ContainsFunc(taxRates[t], rate.Equal)
}

// ValidSurchargeRate reports whether this is a rate of the equivalence
// surcharge, zero for none included.
func ValidSurchargeRate(rate decimal.Decimal) bool {
	return fitsRate(rate) && (rate.IsZero() || slices.ContainsFunc(surchargeRates, rate.Equal))
}

// SurchargeFor returns the equivalence surcharge that goes with a tax rate.
// Only IVA above zero has one.
func SurchargeFor(t TaxType, taxRate decimal.Decimal) (rate decimal.Decimal, ok bool) {
	if t != IVA {
		return decimal.Zero, false
	}
	i := slices.IndexFunc(surchargedRates, taxRate.Equal)
	if i < 0 {
		return decimal.Zero, false
	}
	return surchargeRates[i], true
}

// ValidSurcharge reports whether a line taxed like this may carry the
// surcharge: none at all, or the one that belongs to its rate.
func ValidSurcharge(t TaxType, taxRate, surcharge decimal.Decimal) bool {
	paired, _ := SurchargeFor(t, taxRate) // zero when there is none
	return fitsRate(surcharge) && (surcharge.IsZero() || surcharge.Equal(paired))
}

func fitsRate(rate decimal.Decimal) bool { return Fits(rate, 3, 4) }

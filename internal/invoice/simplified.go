package invoice

import "github.com/shopspring/decimal"

// SimplifiedLimit is the most a simplified invoice may come to, tax included.
// Both figures are those of article 4 of Real Decreto 1619/2012, which grants
// the higher one to certain trades. A trade is nothing an invoice knows, so the
// recipient's tax number decides.
func SimplifiedLimit(hasNIF bool) decimal.Decimal {
	if hasNIF {
		return decimal.New(3000, 0)
	}
	return decimal.New(400, 0)
}

// FitsSimplified reports whether an invoice of these totals may be a simplified
// one. It weighs base plus tax, as the decree does, and not the invoice total:
// IRPF is withheld from the payment and does not make the sale smaller.
func (t Totals) FitsSimplified(hasNIF bool) bool {
	return t.TaxableBase.Add(t.TotalVAT).LessThanOrEqual(SimplifiedLimit(hasNIF))
}

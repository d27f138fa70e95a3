package invoice

import "github.com/shopspring/decimal"

// Fits reports whether d can be written with at most this many digits before
// the decimal point and after it. Ask here before computing with a number from
// outside or storing it: a few thousand lines with exponents as large as a
// decimal is read with keep Compute busy for seconds.
func Fits(d decimal.Decimal, whole, places int32) bool {
	const reach = 64 // far beyond money, and still cheap to compare
	if d.Exponent() < -reach || d.Exponent() > reach || d.NumDigits() > 2*reach {
		return false
	}
	return d.Abs().LessThan(decimal.New(1, whole)) && d.Truncate(places).Equal(d)
}

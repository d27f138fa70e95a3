package invoice

import (
	"fmt"
	"math/big"
)

// cents rounds a fraction to whole cents, half away from zero, by integer
// division on twice its size plus one half.
func cents(r *big.Rat) *big.Rat {
	twice := new(big.Int).Mul(r.Num(), big.NewInt(200))
	half := new(big.Int).Set(r.Denom())
	if r.Sign() < 0 {
		half.Neg(half)
	}
	n := twice.Add(twice, half).Quo(twice, new(big.Int).Lsh(r.Denom(), 1))
	return new(big.Rat).SetFrac(n, big.NewInt(100))
}

func mul(factors ...*big.Rat) *big.Rat {
	product := big.NewRat(1, 1)
	for _, f := range factors {
		product.Mul(product, f)
	}
	return product
}

func add(r *big.Rat, terms ...*big.Rat) *big.Rat {
	sum := new(big.Rat).Set(r)
	for _, t := range terms {
		sum.Add(sum, t)
	}
	return sum
}

// sums are the amounts of an invoice computed a second time, in fractions.
type sums struct{ base, discounts, vat, surcharge, irpf *big.Rat }

func inFractions(lines []Line) (want sums, lineTotals []*big.Rat) {
	percent := big.NewRat(1, 100)
	want = sums{new(big.Rat), new(big.Rat), new(big.Rat), new(big.Rat), new(big.Rat)}
	vat, surcharge, irpf := map[string]*big.Rat{}, map[string]*big.Rat{}, map[string]*big.Rat{}
	rates := map[string]*big.Rat{}
	collect := func(groups map[string]*big.Rat, key string, rate, base *big.Rat) {
		rates[key] = rate
		if groups[key] == nil {
			groups[key] = new(big.Rat)
		}
		groups[key].Add(groups[key], base)
	}
	for _, l := range lines {
		gross := mul(l.Quantity.Rat(), l.UnitPrice.Rat())
		base := cents(add(gross, mul(big.NewRat(-1, 100), gross, l.DiscountPercentage.Rat())))
		want.base.Add(want.base, base)
		want.discounts.Add(want.discounts, cents(gross)).Sub(want.discounts, base)
		rate := add(l.TaxRate.Rat(), l.SurchargeRate.Rat(), l.IRPFRate.Neg().Rat())
		lineTotals = append(lineTotals, cents(add(base, mul(base, rate, percent))))
		collect(vat, fmt.Sprint("vat ", l.TaxType, l.TaxRate.Rat(), l.RegimeKey), l.TaxRate.Rat(), base)
		collect(surcharge, fmt.Sprint("surcharge ", l.SurchargeRate), l.SurchargeRate.Rat(), base)
		collect(irpf, fmt.Sprint("irpf ", l.IRPFRate), l.IRPFRate.Rat(), base)
	}
	for total, groups := range map[*big.Rat]map[string]*big.Rat{want.vat: vat, want.surcharge: surcharge, want.irpf: irpf} {
		for key, base := range groups {
			total.Add(total, cents(mul(base, rates[key], percent)))
		}
	}
	return want, lineTotals
}

func sameFraction(a, b *big.Rat) bool { return a.Cmp(b) == 0 }

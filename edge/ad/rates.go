package ad

import (
	"bytes"
	"cmp"
	"maps"
	"math/bits"
	"slices"
)

// Jump is a rate that moved by more than RateJumpMax from one table to the next.
type Jump struct {
	Currency Currency
	From, To Rate
}

// Jumps lists the rates that differ by more than RateJumpMax from those of the table that was used before, by currency.
// Currencies that are accepted, or that previous does not know, are not among them. A nil previous knows none.
func (x *ExchangeRates) Jumps(previous *ExchangeRates, accepted []Currency) []Jump {
	if previous == nil {
		return nil
	}
	var jumps []Jump
	for currency, to := range x.Rates {
		from := previous.Rates[currency]
		if from > 0 && jumped(from, to) && !slices.Contains(accepted, currency) {
			jumps = append(jumps, Jump{Currency: currency, From: from, To: to})
		}
	}
	slices.SortFunc(jumps, func(a, b Jump) int { return bytes.Compare(a.Currency[:], b.Currency[:]) })
	return jumps
}

// jumped says whether to is more than RateJumpMax of from away from it.
func jumped(from, to Rate) bool {
	far := max(from, to) - min(from, to)
	hi, lo := bits.Mul64(uint64(far), uint64(ShareOne))
	limitHi, limitLo := bits.Mul64(uint64(from), uint64(RateJumpMax))
	return cmp.Or(cmp.Compare(hi, limitHi), cmp.Compare(lo, limitLo)) > 0
}

// Without is the table without the currencies that jumped: nothing is bought or sold in them.
func (x *ExchangeRates) Without(jumps []Jump) ExchangeRates {
	left := *x
	left.Rates = maps.Clone(x.Rates)
	for _, j := range jumps {
		delete(left.Rates, j.Currency)
	}
	return left
}

// Baseline is what the table after this one is compared with: this one's rates, but for those that jumped, and for
// currencies that it lacks, the rates of previous. So a jump stays a jump until it is accepted, also if the currency is
// left out for a day.
func (x *ExchangeRates) Baseline(previous *ExchangeRates, jumps []Jump) ExchangeRates {
	base := ExchangeRates{AsOf: x.AsOf, Rates: map[Currency]Rate{}}
	if previous != nil {
		maps.Copy(base.Rates, previous.Rates)
	}
	maps.Copy(base.Rates, x.Rates)
	for _, j := range jumps {
		base.Rates[j.Currency] = j.From
	}
	return base
}

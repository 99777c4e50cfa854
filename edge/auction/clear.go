package auction

import "curb/edge/ad"

// Basis says what fixed the clear price.
type Basis uint8

// What may fix a price.
const (
	NoPrice    Basis = iota // no sale
	OwnBid                  // the winner's own bid, not reduced
	FixedAsk                // the ask of a fixed-price deal
	RunnerUp                // the next bid plus one cent
	AtFloor                 // the floor: nobody else came near
	AtSoft                  // the soft floor
	AtEstimate              // the estimated clear price of the contest the price is passed on to
	AtMinimum               // the least that the winner said it may be reduced to
)

var bases = [...]string{"none", "own_bid", "fixed_ask", "runner_up", "floor", "soft_floor", "estimate", "min_price"}

// String is the basis' word in records.
func (b Basis) String() string { return bases[min(int(b), len(bases)-1)] }

// clear is the net price the winner pays, where second is the highest price set by anybody else, or -1, and least is the
// net price that the winner may not be reduced below.
func clear(s *Setting, e *entry, second, least ad.CPM) (ad.CPM, Basis) {
	if e.fixed {
		return e.value, FixedAsk
	}
	if s.PriceRule != ad.SecondPrice || (s.PassedOn && s.NextSecondPrice) {
		return e.net, OwnBid
	}
	soft, estimate := s.Floor.Soft, ad.CPM(0)
	if e.class == openDeal || e.class == privateDeal {
		soft = 0
	}
	if s.PassedOn {
		estimate = s.Estimate
	}
	// Below a soft floor, or up to the estimate, a reduced price would lose money or the next contest.
	if e.net < soft || e.net <= estimate {
		return e.net, OwnBid
	}
	price, basis := e.floor, AtFloor
	if second >= 0 && second+ad.Cent > price {
		price, basis = second+ad.Cent, RunnerUp
	}
	if soft > price {
		price, basis = soft, AtSoft
	}
	if estimate > price {
		price, basis = estimate, AtEstimate
	}
	if least > price {
		price, basis = least, AtMinimum
	}
	if price >= e.net {
		return e.net, OwnBid
	}
	return price, basis
}

// least is the bid's minimum as a net price in USD; 0: it has none. Every step rounds up, against those that add the fees
// back, so that a bid reduced to it pays no less than it said.
func least(b *ad.Bid) ad.CPM {
	price := b.Goal.CPM(b.MinPrice)
	if price <= 0 {
		return 0
	}
	if !b.Currency.IsUSD() {
		price = b.Rate.ToUSDUp(price)
	}
	return lessUp(b.PlatformFee, lessUp(b.BidderFee, min(price, ad.CPMMax)))
}

// lessUp takes a fee of a winner off, rounding the rest up.
func lessUp(fee ad.Share, price ad.CPM) ad.CPM {
	if fee == 0 {
		return price
	}
	return price - (ad.ShareOne - fee).Less(price)
}

// settle turns a net clear price into what the buyer's side pays. A winner that pays its own bid, below the cap, pays
// exactly what it submitted; any other amount is grossed up fee by fee, rounding up, and converted back at the bid's own
// rate, rounding down. Neither amount ever exceeds the bid.
func settle(b *ad.Bid, e *entry, price ad.CPM) (buyerPays, paid ad.CPM) {
	most := less(b.BidderFee, e.usd)
	submitted := b.Goal.CPM(b.Price)
	if price == e.net {
		if b.Capped {
			return most, min(backFromUSD(b, e.usd), submitted)
		}
		return most, submitted
	}
	buyerPays = min(gross(b.PlatformFee, price), most)
	total := min(gross(b.BidderFee, buyerPays), e.usd)
	return buyerPays, min(backFromUSD(b, total), submitted)
}

// gross adds a fee back, rounding up. The winner's fees are in range: others leave nothing net and were refused.
func gross(fee ad.Share, price ad.CPM) ad.CPM {
	if fee == 0 {
		return price
	}
	return fee.Gross(price)
}

func backFromUSD(b *ad.Bid, usd ad.CPM) ad.CPM {
	if b.Currency.IsUSD() {
		return usd
	}
	return b.Rate.FromUSD(usd)
}

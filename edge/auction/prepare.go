package auction

import "curb/edge/ad"

// class is what a bid is to the stages.
type class uint8

const (
	rtb class = iota
	managed
	openDeal
	privateDeal
)

// entry is what the auction works out about one bid. It lies in the Scratch, at the bid's index.
type entry struct {
	usd    ad.CPM // eCPM in USD, capped, before fees
	net    ad.CPM // after fees: what the seller would get
	value  ad.CPM // what it competes with and sets prices with: net, or the ask of a fixed deal
	rank   ad.CPM // value with the bias
	floor  ad.CPM // the floor that applies to it
	ticket uint64 // drawn when a tie asks for it

	source   FloorSource
	class    class
	priority uint8 // of a managed bid or private deal, 1 to 20
	fixed    bool
	drawn    bool
	eligible bool // passed every check of its own
	entered  bool // competes for the win
}

// priceLeast is the least a bid can be worth, net: a floor of 0 still wants a micro-dollar.
const priceLeast ad.CPM = 1

// prepare judges every bid by itself and sums up the eligible ones. Bids past ad.AuctionBidsMax are not looked at.
func prepare(s *Setting, bids []ad.Bid, entries []entry) field {
	var f field
	for i := range bids {
		b, e := &bids[i], &entries[i]
		*e = entry{}
		if b.Reason != ad.Undecided {
			continue
		}
		if i >= ad.AuctionBidsMax {
			b.Reason = ad.TooManyBids
			continue
		}
		if reason := judge(s, b, e); reason != ad.Undecided {
			b.Reason = reason
			continue
		}
		e.eligible = true
		f.add(e)
	}
	return f
}

// judge fills the entry and gives the first reason why the bid is not eligible, or Undecided if it is. The order is part
// of the contract: malformed, currency, deal, not resellable, floor.
func judge(s *Setting, b *ad.Bid, e *entry) ad.Reason {
	// A price of zero was given and is none to sell at. That a price is missing only the bid's reader can know.
	if b.Price <= 0 {
		return ad.PriceInvalid
	}
	gross, ok := dollars(b)
	if !ok {
		return ad.CurrencyInvalid
	}
	b.Capped = gross > ad.CPMMax
	e.usd = min(gross, ad.CPMMax)
	e.net = less(b.PlatformFee, less(b.BidderFee, e.usd))
	floor := s.floorOf(b)
	e.value, e.floor, e.source = e.net, floor.Price, floor.Source
	if reason := classify(b, e); reason != ad.Undecided {
		return reason
	}
	if s.NoResale && e.class == rtb {
		return ad.NotResellable
	}
	// The floor sees the bid without its bias: ranking favours may not sell under the reserve.
	if e.net < max(e.floor, priceLeast) {
		if e.source == FloorDealAsk {
			return ad.BelowDealFloor
		}
		return ad.BelowFloor
	}
	e.rank = b.Bias.Rank(e.value)
	if e.fixed {
		e.value, e.rank = b.Deal.Ask, b.Deal.Ask
	}
	return ad.Undecided
}

// classify sorts the bid into its class and, for deals, replaces the floor by the ask.
func classify(b *ad.Bid, e *entry) ad.Reason {
	switch b.Kind {
	case ad.Managed:
		e.class, e.priority = managed, ad.DealPriorityDefault
		if b.LineItem != nil && b.LineItem.Priority > 0 {
			e.priority = b.LineItem.Priority
		}
	case ad.DealBid:
		if b.Deal == nil {
			return ad.DealUnknown
		}
		e.class = openDeal
		if b.Deal.Type == ad.DealPrivate {
			e.class, e.priority = privateDeal, ad.DealPriorityDefault
			if b.Deal.Priority > 0 {
				e.priority = b.Deal.Priority
			}
		}
		if b.Deal.HasAsk {
			e.floor, e.source, e.fixed = b.Deal.Ask, FloorDealAsk, b.Deal.Fixed
		}
	}
	return ad.Undecided
}

// dollars is the bid's eCPM in USD, rounded down; ok is false when its currency has no rate.
func dollars(b *ad.Bid) (usd ad.CPM, ok bool) {
	price := b.Goal.CPM(b.Price)
	if b.Currency.IsUSD() {
		return price, true
	}
	if b.Rate <= 0 {
		return 0, false
	}
	return b.Rate.ToUSD(price), true
}

// less takes a fee off, rounding the rest down. A fee out of range leaves nothing: better no sale than an invented price.
func less(fee ad.Share, price ad.CPM) ad.CPM {
	if fee == 0 {
		return price
	}
	if fee < 0 || fee >= ad.ShareOne {
		return 0
	}
	return fee.Less(price)
}

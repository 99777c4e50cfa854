package auction

import (
	"fmt"
	"math/big"
	"slices"
	"testing"

	"curb/edge/ad"
)

// oracle is the auction written again, for reading and not for speed: filters, sorted lists and exact fractions, sharing
// nothing with Run but the tickets and the last order within a seat.
type oracle struct {
	*sale
	candidates []candidate
	reasons    []ad.Reason
}

type candidate struct {
	index             int
	bid               *ad.Bid
	net, ask, floor   ad.CPM
	fixed             bool
	rank              ad.CPM
	priority          int
	isManaged, isPriv bool
}

// floorOf is the fraction rounded down, bounded like money.
func floorOf(x *big.Rat) ad.CPM {
	n := new(big.Int).Quo(x.Num(), x.Denom())
	if !n.IsInt64() {
		return ad.CPMHuge
	}
	return ad.CPM(n.Int64())
}

func times(c ad.CPM, num, den int64) ad.CPM {
	return floorOf(new(big.Rat).Mul(new(big.Rat).SetInt64(int64(c)), big.NewRat(num, den)))
}

func (o *oracle) judge(i int) ad.Reason {
	b := &o.Bids[i]
	if b.Reason != ad.Undecided {
		return b.Reason
	}
	if b.Price == 0 {
		return ad.PriceInvalid
	}
	price := b.Price
	if b.Goal.Kind != ad.PerMille {
		price = times(price, int64(b.Goal.Chance), 1_000_000)
	}
	if !b.Currency.IsUSD() {
		if b.Rate == 0 {
			return ad.CurrencyInvalid
		}
		price = times(price, int64(b.Rate), 1_000_000_000_000)
	}
	price = min(price, 999_000_000)
	net := times(times(price, int64(1_000_000-b.BidderFee), 1_000_000), int64(1_000_000-b.PlatformFee), 1_000_000)
	c := candidate{index: i, bid: b, net: net, floor: o.Floor.Price, ask: net}
	under := ad.BelowFloor
	if b.Kind == ad.DealBid && b.Deal.HasAsk {
		c.floor, under = b.Deal.Ask, ad.BelowDealFloor
	}
	if b.Kind == ad.RTB && o.NoResale {
		return ad.NotResellable
	}
	if net < c.floor || net == 0 {
		return under
	}
	c.isManaged = b.Kind == ad.Managed
	c.isPriv = b.Kind == ad.DealBid && b.Deal.Type == ad.DealPrivate
	if c.isManaged {
		c.priority = int(b.LineItem.Priority)
	} else if c.isPriv {
		c.priority = int(b.Deal.Priority)
	}
	if c.priority == 0 {
		c.priority = 5
	}
	biased := new(big.Rat).Mul(new(big.Rat).SetInt64(int64(net)), big.NewRat(int64(b.Bias.Share), 1_000_000))
	c.rank = net + floorOf(biased) + b.Bias.CPM // big.Int.Quo rounds towards zero, as biases do
	if b.Kind == ad.DealBid && b.Deal.HasAsk && b.Deal.Fixed {
		c.fixed, c.ask, c.rank = true, b.Deal.Ask, b.Deal.Ask
	}
	o.candidates = append(o.candidates, c)
	return ad.Undecided
}

// pool is who competes, who sets prices beside them, and at which stage.
func (o *oracle) pool() (stage Stage, pool, setters []candidate) {
	tier, best := 0, 0
	for _, c := range o.candidates {
		if c.isManaged {
			tier = max(tier, c.priority)
		}
		if c.isPriv {
			best = max(best, c.priority)
		}
	}
	where := func(keep func(candidate) bool) (list []candidate) {
		for _, c := range o.candidates {
			if keep(c) {
				list = append(list, c)
			}
		}
		return list
	}
	ours := func(c candidate) bool { return c.isManaged && (o.BelowThreshold == ad.ByPrice || c.priority == tier) }
	switch {
	case len(o.candidates) == 0:
		return NoStage, nil, nil
	case o.ResellingPriority > 0 && tier >= int(o.ResellingPriority):
		pool = where(func(c candidate) bool { return c.isManaged && c.priority == tier })
		return Gate, pool, pool
	case best > 0:
		pool = where(func(c candidate) bool { return ours(c) || c.isPriv && c.priority == best })
		return Private, pool, where(func(c candidate) bool { return ours(c) || c.isPriv })
	}
	pool = where(func(c candidate) bool { return ours(c) || !c.isManaged })
	return Open, pool, pool
}

func (o *oracle) less(a, b candidate) int {
	bucketOf := func(r ad.CPM) int64 { return new(big.Int).Div(big.NewInt(int64(r)+1<<40*500), big.NewInt(500)).Int64() }
	if x, y := bucketOf(a.rank), bucketOf(b.rank); x != y {
		return int(y - x)
	}
	if a.bid.Member != b.bid.Member {
		x := Ticket(o.Salt, o.Auction, o.Impression, a.bid.Member)
		y := Ticket(o.Salt, o.Auction, o.Impression, b.bid.Member)
		if x > y {
			return -1
		}
		return 1
	}
	c := contest{setting: &o.Setting, bids: o.Bids, entries: make([]entry, len(o.Bids))}
	c.entries[a.index].rank, c.entries[b.index].rank = a.rank, b.rank
	if c.beforeInSeat(a.index, b.index) {
		return -1
	}
	return 1
}

func (o *oracle) price(w candidate, setters []candidate) ad.CPM {
	switch {
	case w.fixed:
		return w.ask
	case o.PriceRule == ad.FirstPrice, o.PassedOn && o.NextSecondPrice:
		return w.net
	case o.PassedOn && w.net <= o.Estimate:
		return w.net
	case w.bid.Kind != ad.DealBid && w.net < o.Floor.Soft:
		return w.net
	}
	price := w.floor
	for _, s := range setters {
		if s.index != w.index {
			price = max(price, s.ask+10_000)
		}
	}
	if w.bid.Kind != ad.DealBid {
		price = max(price, o.Floor.Soft)
	}
	if o.PassedOn {
		price = max(price, o.Estimate)
	}
	return min(max(price, minimum(w.bid)), w.net)
}

// minimum is what the bid may not be reduced below, net: in exact fractions, rounded up where money is.
func minimum(b *ad.Bid) ad.CPM {
	up := func(c ad.CPM, num, den int64) ad.CPM {
		exact := new(big.Rat).Mul(new(big.Rat).SetInt64(int64(c)), big.NewRat(num, den))
		rounded := floorOf(exact)
		if new(big.Rat).SetInt64(int64(rounded)).Cmp(exact) < 0 {
			rounded++
		}
		return rounded
	}
	price := b.MinPrice
	if b.Goal.Kind != ad.PerMille {
		price = times(price, int64(b.Goal.Chance), 1_000_000)
	}
	if !b.Currency.IsUSD() {
		price = up(price, int64(b.Rate), 1_000_000_000_000)
	}
	return up(up(min(price, 999_000_000), int64(1_000_000-b.BidderFee), 1_000_000), int64(1_000_000-b.PlatformFee), 1_000_000)
}

func TestRunAgreesWithTheOracle(t *testing.T) {
	each(t, func(_ dice, s *sale) error {
		got := s.hold()
		o := &oracle{sale: s}
		for i := range s.Bids {
			o.reasons = append(o.reasons, o.judge(i))
		}
		stage, pool, setters := o.pool()
		if got.Stage != stage || got.Eligible != len(o.candidates) || got.Entered != len(pool) {
			return fmt.Errorf("stage %v with %d of %d, want %v with %d of %d", got.Stage, got.Entered, got.Eligible, stage, len(pool), len(o.candidates))
		}
		for i, want := range o.reasons {
			if want != ad.Undecided && got.Bids[i].Reason != want {
				return fmt.Errorf("%s: %v, want %v", s.Bids[i].ID, got.Bids[i].Reason, want)
			}
		}
		if len(pool) == 0 {
			if got.Winner >= 0 {
				return fmt.Errorf("%s won, want nobody", got.winner())
			}
			return nil
		}
		slices.SortFunc(pool, o.less)
		winner := pool[0]
		if got.Winner != winner.index {
			return fmt.Errorf("%s won, want %s", got.winner(), winner.bid.ID)
		}
		if want := o.price(winner, setters); got.ClearPrice != want {
			return fmt.Errorf("clear price %v, want %v", got.ClearPrice, want)
		}
		second := ad.CPM(0)
		for _, c := range setters {
			if c.index != winner.index {
				second = max(second, c.ask)
			}
		}
		if got.Second != second {
			return fmt.Errorf("second %v, want %v", got.Second, second)
		}
		shielded := ad.CPM(0)
		for _, c := range o.candidates {
			if !slices.ContainsFunc(pool, func(p candidate) bool { return p.index == c.index }) {
				shielded = max(shielded, c.ask-got.ClearPrice)
			}
		}
		if got.Shielded != shielded {
			return fmt.Errorf("shielded %v, want %v", got.Shielded, shielded)
		}
		return nil
	})
}

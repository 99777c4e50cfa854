package auction

import (
	"fmt"
	"math/rand/v2"
	"slices"
	"testing"

	"curb/edge/ad"
)

// rounds is how many random auctions each property is tried on.
const rounds = 20_000

// sale is one auction to hold: setting and bids as they arrive.
type sale struct {
	Setting
	Bids []ad.Bid
}

// held is what came of it.
type held struct {
	Result
	Bids   []ad.Bid
	Judged []Judged
}

// hold runs the sale on copies.
func (s *sale) hold() held {
	setting, bids := s.Setting, slices.Clone(s.Bids)
	var scratch Scratch
	h := held{Result: Run(&setting, bids, &scratch), Bids: bids}
	for i := range bids {
		h.Judged = append(h.Judged, scratch.Judged(i))
	}
	return h
}

func (h held) winner() string {
	if h.Winner < 0 {
		return ""
	}
	return h.Bids[h.Winner].ID
}

func (h held) reasons() map[string]ad.Reason {
	reasons := map[string]ad.Reason{}
	for i := range h.Bids {
		reasons[h.Bids[i].ID] = h.Bids[i].Reason
	}
	return reasons
}

// clone makes an independent sale: line items and deals too, since tests change them.
func (s *sale) clone() *sale {
	c := &sale{Setting: s.Setting, Bids: slices.Clone(s.Bids)}
	for i := range c.Bids {
		b := &c.Bids[i]
		if b.LineItem != nil {
			item := *b.LineItem
			b.LineItem = &item
		}
		if b.Deal != nil {
			deal := *b.Deal
			b.Deal = &deal
		}
	}
	return c
}

// without is the sale with one bid taken out.
func (s *sale) without(i int) *sale {
	c := s.clone()
	c.Bids = slices.Delete(c.Bids, i, i+1)
	return c
}

// with is the sale with one bid more.
func (s *sale) with(b ad.Bid) *sale {
	c := s.clone()
	c.Bids = append(c.Bids, b)
	return c
}

func (s *sale) String() string {
	c := s.clone()
	trace := &Trace{}
	c.Setting.Trace = trace
	Run(&c.Setting, c.Bids, &Scratch{})
	return trace.String()
}

// dice draws random sales. Prices lie on a coarse grid with some jitter, so that ties, floors and caps are all met often.
type dice struct{ *rand.Rand }

func (d dice) in(percent int) bool { return d.IntN(100) < percent }

func (d dice) price() ad.CPM {
	price := ad.CPM(1+d.IntN(24)) * ad.Dollar / 4
	switch {
	case d.in(25):
		price += ad.CPM(d.IntN(1200))
	case d.in(5):
		price *= 200 // to the cap and past it
	case d.in(2):
		price = ad.CPM(d.IntN(3))
	}
	return price
}

func (d dice) floor() Applied {
	var f Applied
	if d.in(60) {
		f = Applied{Price: ad.CPM(d.IntN(12)) * ad.Dollar / 4, Source: FloorPlacement}
	}
	if d.in(40) {
		f.Soft = f.Price + ad.CPM(d.IntN(12))*ad.Dollar/4
	}
	return f
}

func (d dice) setting() Setting {
	s := Setting{Floor: d.floor(), Salt: Salt{byte(d.IntN(256))}, NoResale: d.in(5)}
	for i := range s.Auction {
		s.Auction[i] = byte(d.IntN(256))
	}
	if d.in(50) {
		s.PriceRule = ad.SecondPrice
	}
	if d.in(60) {
		s.ResellingPriority = uint8(1 + d.IntN(10))
	}
	if d.in(30) {
		s.BelowThreshold = ad.ByPrice
	}
	if d.in(25) {
		s.PassedOn, s.Estimate, s.NextSecondPrice = true, d.price(), d.in(20)
	}
	return s
}

// sale draws anything there is, up to ten bids of five seats. Half the sales are in dollars without fees, on a grid of a
// dozen prices: ties are their point.
func (d dice) sale() *sale {
	s := &sale{Setting: d.setting()}
	bid := d.bid
	if d.in(50) {
		bid = d.plainBid
	}
	for i := range d.IntN(11) {
		s.Bids = append(s.Bids, bid(fmt.Sprintf("B%d", i)))
	}
	return s
}

func (d dice) plainBid(id string) ad.Bid {
	b := d.kind(ad.Bid{ID: id, Member: ad.MemberID(1 + d.IntN(5)), Price: ad.CPM(1+d.IntN(12)) * ad.Dollar / 4})
	if d.in(12) {
		b.Reason = ad.FrequencyCapped
	}
	return b
}

func (d dice) kind(b ad.Bid) ad.Bid {
	switch d.IntN(4) {
	case 0:
		b.Kind, b.LineItem = ad.Managed, &ad.LineItem{ID: ad.LineItemID(d.Uint32()), Priority: uint8(d.IntN(11))}
	case 1:
		b.Kind, b.Deal = ad.DealBid, d.deal()
	}
	return b
}

func (d dice) bid(id string) ad.Bid {
	b := d.kind(ad.Bid{ID: id, Member: ad.MemberID(1 + d.IntN(5)), Price: d.price()})
	if d.in(30) {
		b.BidderFee, b.PlatformFee = ad.Share(d.IntN(300_000)), ad.Share(d.IntN(300_000))
	}
	if d.in(20) {
		b.Currency = ad.Currency{'V', 'N', 'D'}
		b.Rate = ad.Rate(39_400_000)
		b.Price = min(b.Price*25_000, ad.CPMHuge)
		if d.in(10) {
			b.Rate = 0
		}
	}
	if d.in(15) {
		b.Goal = ad.Goal{Kind: ad.PerClick, Chance: ad.Chance(d.IntN(5_000_000))}
	}
	if d.in(15) {
		b.Bias = ad.Bias{Share: ad.Share(d.IntN(800_000) - 400_000), CPM: ad.CPM(d.IntN(5)-2) * ad.Dollar / 4}
	}
	if d.in(12) {
		b.Reason = ad.FrequencyCapped
	}
	if d.in(25) {
		b.MinPrice = ad.CPM(d.Int64N(int64(b.Price)/4*5 + 2)) // sometimes above the bid
	}
	return b
}

func (d dice) deal() *ad.Deal {
	deal := &ad.Deal{ID: fmt.Sprint("D", d.IntN(9)), Priority: uint8(d.IntN(8))}
	if d.in(40) {
		deal.Type = ad.DealPrivate
	}
	if d.in(75) {
		deal.HasAsk, deal.Ask = true, ad.CPM(d.IntN(10))*ad.Dollar/4
	}
	deal.Fixed = d.in(25)
	return deal
}

// each holds a property against many random sales. A failure names the seed that shows it again.
func each(t *testing.T, property func(d dice, s *sale) error) {
	t.Helper()
	for seed := range uint64(rounds) {
		d := dice{rand.New(rand.NewPCG(seed, 1))}
		s := d.sale()
		if err := property(d, s); err != nil {
			t.Fatalf("seed %d: %v\n%s", seed, err, s)
		}
	}
}

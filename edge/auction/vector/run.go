package vector

import (
	"encoding/binary"
	"fmt"
	"slices"

	"curb/edge/ad"
	"curb/edge/auction"
)

// FairAuctions is how many auctions a case is held in to see whether its ties are fair.
const FairAuctions = 10_000

// Outcome is what a case came to.
type Outcome struct {
	Case   string
	Winner string // id; "" for no sale
	Result auction.Result
	// Reasons of all bids, in the order of the file.
	Reasons []Named[ad.Reason]
	// Shares counts, for a case that must be fair, the auctions each candidate won of FairAuctions.
	Shares []Named[int]
	// Problems are the differences from what was expected, in words; none: the case passed, or was not checked.
	Problems []string
	// Unchecked: the case expects nothing, so it neither passed nor failed.
	Unchecked bool
	Trace     *auction.Trace
}

// Pass reports whether something was expected, and everything was as expected.
func (o *Outcome) Pass() bool { return !o.Unchecked && !o.Failed() }

// Failed reports whether something was not as expected.
func (o *Outcome) Failed() bool { return len(o.Problems) > 0 }

func (o *Outcome) differ(format string, args ...any) {
	o.Problems = append(o.Problems, fmt.Sprintf(format, args...))
}

// Run holds the case's auction and compares.
func (c *Case) Run() *Outcome {
	o := &Outcome{Case: c.Name, Unchecked: !c.Expect.Checks(), Trace: &auction.Trace{}}
	setting, bids := c.Setting, slices.Clone(c.Bids)
	setting.Trace = o.Trace
	var scratch auction.Scratch
	o.Result = auction.Run(&setting, bids, &scratch)
	o.Winner = winnerID(&o.Result, bids)
	for i := range bids {
		o.Reasons = append(o.Reasons, Named[ad.Reason]{bids[i].ID, bids[i].Reason})
	}
	c.compareWinner(o)
	c.compareMoney(o)
	c.compareReasons(o)
	for _, want := range c.Expect.Net {
		i := slices.IndexFunc(bids, func(b ad.Bid) bool { return b.ID == want.Bid })
		if got := scratch.Judged(i).Net; !c.same(got, want.Value) {
			o.differ("net of %s is %s, expected %s", want.Bid, got, want.Value)
		}
	}
	if c.Expect.Fair {
		c.compareShares(o)
	}
	return o
}

func winnerID(r *auction.Result, bids []ad.Bid) string {
	if r.Winner < 0 {
		return ""
	}
	return bids[r.Winner].ID
}

// called is how messages name a winner.
func called(id string) string {
	if id == "" {
		return "nobody"
	}
	return id
}

func (c *Case) compareWinner(o *Outcome) {
	e := &c.Expect
	if e.Winner != nil && *e.Winner != o.Winner {
		o.differ("%s won, expected %s", called(o.Winner), called(*e.Winner))
	}
	if len(e.OneOf) > 0 && !slices.Contains(e.OneOf, o.Winner) {
		o.differ("%s won, expected one of %v", called(o.Winner), e.OneOf)
	}
	if e.Stage != nil && *e.Stage != o.Result.Stage {
		o.differ("decided at stage %s, expected %s", o.Result.Stage, *e.Stage)
	}
	if e.Basis != nil && *e.Basis != o.Result.Basis {
		o.differ("price fixed by %s, expected %s", o.Result.Basis, *e.Basis)
	}
}

func (c *Case) compareMoney(o *Outcome) {
	r, e := &o.Result, &c.Expect
	check := func(name string, want *ad.CPM, amounts ...ad.CPM) {
		if want != nil && !slices.ContainsFunc(amounts, func(got ad.CPM) bool { return c.same(got, *want) }) {
			o.differ("%s is %s, expected %s", name, amounts[0], *want)
		}
	}
	check("price", e.Price, r.ClearPrice)
	check("shielded_revenue", e.Shielded, r.Shielded)
	check("paid", e.Paid, r.Paid)
	seller, buyer, fee := r.ClearPrice, r.BuyerPays, r.PlatformFee()
	if !c.Cents {
		check("seller_gets", e.SellerGets, seller)
		check("buyer_pays", e.BuyerPays, buyer)
		check("platform_fee", e.PlatformFee, fee)
		return
	}
	seller, buyer = cents(seller), cents(buyer)
	check("seller_gets", e.SellerGets, seller)
	check("buyer_pays", e.BuyerPays, buyer)
	// The fee to the cent is the difference of the two amounts in cents, or of the exact ones: files do either.
	check("platform_fee", e.PlatformFee, buyer-seller, cents(fee))
}

// cents rounds to the cent, halves up.
func cents(amount ad.CPM) ad.CPM { return (amount + ad.Cent/2) / ad.Cent * ad.Cent }

// same compares amounts: exactly, or where something divides to a micro-dollar either way.
func (c *Case) same(got, want ad.CPM) bool {
	if c.Inexact {
		return max(got-want, want-got) <= 1
	}
	return got == want
}

func (c *Case) compareReasons(o *Outcome) {
	for _, want := range c.Expect.Reasons {
		i := slices.IndexFunc(o.Reasons, func(r Named[ad.Reason]) bool { return r.Bid == want.Bid })
		got := o.Reasons[i].Value
		switch ok, known := answers(want.Value, got); {
		case !known:
			o.differ("reason of %s is %s, expected %q, which is no reason we know", want.Bid, got, want.Value)
		case !ok:
			o.differ("reason of %s is %s, expected %s", want.Bid, got, want.Value)
		}
	}
}

// compareShares holds the case under many auction ids. Seats must win equally often, within five standard deviations: one
// fair case in two million would fail, and none does by chance here, since the ids are always the same.
func (c *Case) compareShares(o *Outcome) {
	wins := map[string]int{}
	var scratch auction.Scratch
	setting, bids := c.Setting, make([]ad.Bid, len(c.Bids))
	for n := range FairAuctions {
		binary.BigEndian.PutUint64(setting.Auction[:8], uint64(n))
		copy(bids, c.Bids)
		r := auction.Run(&setting, bids, &scratch)
		winner := winnerID(&r, bids)
		wins[winner]++
		if !slices.Contains(c.Expect.OneOf, winner) {
			o.differ("%s won auction %s, expected one of %v", called(winner), setting.Auction, c.Expect.OneOf)
			return
		}
		if want := c.Expect.Price; want != nil && !c.same(r.ClearPrice, *want) {
			o.differ("price is %s in auction %s, expected %s", r.ClearPrice, setting.Auction, *want)
			return
		}
	}
	seats := map[ad.MemberID]int{}
	for i := range c.Bids {
		if id := c.Bids[i].ID; slices.Contains(c.Expect.OneOf, id) {
			o.Shares = append(o.Shares, Named[int]{id, wins[id]})
			seats[c.Bids[i].Member] += wins[id]
		}
	}
	// (share − 1/k) within 5 × √(1/k × (1 − 1/k) / n), in whole numbers.
	k := len(seats)
	for _, won := range seats {
		if off := k*won - FairAuctions; off*off > 25*FairAuctions*(k-1) {
			o.differ("ties are not fair: of %d auctions won %v", FairAuctions, o.Shares)
			return
		}
	}
}

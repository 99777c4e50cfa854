package adcall

import (
	"encoding/binary"

	"curb/edge/ad"
	"curb/edge/auction"
)

// gate collects the owner's line items for every impression and lets them compete among themselves. Where the highest
// tier that can serve stands at or above the owner's reselling priority, the impression is theirs: it is decided here,
// and no bidder hears of it.
func (s *Service) gate(a *Answer) {
	st := &a.state
	for i := range a.Slots {
		st.seats[i].from = len(st.managed)
		s.collect(a, i)
		st.seats[i].to = len(st.managed)
		if st.seats[i].from == st.seats[i].to {
			continue
		}
		from := len(st.bids)
		s.contest(a, i, a.ownersOnly, auction.Gate)
		if a.Slots[i].Result.Stage == auction.Gate {
			st.seats[i].closed = true
			continue
		}
		// No tier that closes the gate is there, or none has room left; what is below meets the bidders.
		st.bids = st.bids[:from]
		a.Slots[i].Bids, a.Slots[i].Result = nil, auction.Result{Winner: -1}
	}
}

// ownersOnly appends the owner's line items for an impression.
func (a *Answer) ownersOnly(i int, bids []ad.Bid) []ad.Bid {
	return append(bids, a.state.managed[a.state.seats[i].from:a.state.seats[i].to]...)
}

// collect appends a bid for every live line item of the owner that has a creative for the impression. A line item whose
// creatives are all of other sizes or media is not present; one whose fitting creatives may not serve bids in vain, with
// the reason, so that its owner can be told.
func (s *Service) collect(a *Answer, i int) {
	st, imp := &a.state, &a.Call.Impressions[i]
	for _, li := range st.snapshot.LineItemsFor(imp.Placement.ID) {
		if !ad.Live(li.Start, li.End, a.Call.Received) {
			continue
		}
		creative, reason := a.pick(li, imp)
		if creative == nil {
			continue
		}
		if reason == ad.Undecided {
			reason = s.ledger.MayServe(li, a.Call.User, a.Call.Received)
		}
		st.managed = append(st.managed, ad.Bid{
			ID: li.Name, Impression: i, Kind: ad.Managed, Member: li.Member, LineItem: li, Creative: creative,
			Size: creative.Size, Price: li.Price, Goal: li.Goal, Currency: ad.USD, Rate: ad.RateOne, Reason: reason,
		})
	}
}

// pick rotates among the line item's creatives that fit the impression and may serve, by the auction's id. If some fit
// but none may serve, it gives one of those with the reason.
func (a *Answer) pick(li *ad.LineItem, imp *ad.Impression) (*ad.Creative, ad.Reason) {
	var banned *ad.Creative
	why := ad.Undecided
	serving := 0
	for _, id := range li.Creatives {
		c := a.state.snapshot.Creative(id)
		if c == nil || !fits(c, imp) {
			continue
		}
		if r := a.mayServe(c, imp); r != ad.Undecided {
			banned, why = c, r
			continue
		}
		serving++
	}
	if serving == 0 {
		return banned, why
	}
	turn := int((binary.LittleEndian.Uint64(a.Call.ID[:8]) + uint64(li.ID)) % uint64(serving))
	for _, id := range li.Creatives {
		c := a.state.snapshot.Creative(id)
		if c == nil || !fits(c, imp) || a.mayServe(c, imp) != ad.Undecided {
			continue
		}
		if turn == 0 {
			return c, ad.Undecided
		}
		turn--
	}
	return nil, ad.Undecided
}

// mayServe holds a creative that fits against everything that could keep it from serving. What the publisher and the
// caller block holds for the owner's demand too.
func (a *Answer) mayServe(c *ad.Creative, imp *ad.Impression) ad.Reason {
	if !a.Call.SeatMayBuy(c.Member) {
		return ad.SeatForbidden
	}
	if reason := c.ServesOn(a.Call.Publisher.ID); reason != ad.Undecided {
		return reason
	}
	if a.Call.Secure && !c.Secure {
		return ad.CreativeInsecure
	}
	return a.Call.Blocks.Creative(c, imp.BlockedAttributes)
}

// fits reports whether the impression takes a creative of this medium and size. An impression without sizes takes all.
func fits(c *ad.Creative, imp *ad.Impression) bool {
	if imp.Media != 0 && c.Media&imp.Media == 0 {
		return false
	}
	if len(imp.Sizes) == 0 || c.Media&ad.Banner == 0 {
		return true
	}
	for _, size := range imp.Sizes {
		if size == c.Size {
			return true
		}
	}
	return false
}

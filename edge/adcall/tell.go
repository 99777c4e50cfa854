package adcall

import (
	"slices"

	"curb/edge/ad"
	"curb/edge/openrtb"
)

// account gathers what became of asking, in the order in which it happened, and the bids for nothing that was on offer.
func (a *Answer) account() {
	st := &a.state
	st.answers.Asked = slices.Insert(st.answers.Asked, 0, st.first.Asked...)
	st.answers.Asked = append(st.answers.Asked, st.passed...)
	a.Asked = st.answers.Asked
	for _, from := range [...]*ad.Answers{&st.first, &st.answers} {
		for i := range from.Bids {
			b := &from.Bids[i]
			if b.Impression < 0 || b.Impression >= len(a.Slots) || st.seats[b.Impression].closed && !a.taken(from, b.Impression) {
				a.Unplaced = append(a.Unplaced, *b)
			}
		}
	}
}

// taken reports whether an impression is closed because the owner's bidder took it with these answers.
func (a *Answer) taken(from *ad.Answers, i int) bool {
	return from == &a.state.first && a.takes(i)
}

// settle tells the recorders and the bidders. Nothing here waits. What was sold and then neither booked nor promised was
// never shown: its reservation is given back.
func (s *Service) settle(a *Answer) {
	for i := range a.Slots {
		if slot := &a.Slots[i]; slot.Outcome == Sold && slot.settled == open && !a.silent() && slot.Bid.LineItem != nil {
			s.ledger.Release(&slot.Sale)
		}
	}
	if a.silent() {
		return
	}
	for _, r := range s.recorders {
		r.Record(a)
	}
	if s.notifier != nil {
		s.tell(a)
	}
}

// tell tells every bidder what became of its bids, and of asking it. What nobody wants to hear costs next to nothing.
func (s *Service) tell(a *Answer) {
	for i := range a.Slots {
		slot := &a.Slots[i]
		for b := range slot.Bids {
			bid := &slot.Bids[b]
			kind, reason := ad.NoticeLost, bid.Reason
			if b == slot.Result.Winner {
				kind, reason = slot.settled.news()
			}
			if bid.Bidder != nil && wanted(bid, kind, reason) {
				a.inform(i, bid, kind, reason)
			}
		}
		if slot.settled != promised { // what was passed on is told when it comes back
			a.informOwner(i)
		}
	}
	for i := range a.Unplaced {
		if bid := &a.Unplaced[i]; bid.Bidder != nil && bid.Reason != ad.Undecided && wanted(bid, ad.NoticeLost, bid.Reason) {
			a.inform(min(max(bid.Impression, 0), len(a.Slots)-1), bid, ad.NoticeLost, bid.Reason)
		}
	}
	for i := range a.Asked {
		a.informAsked(&a.Asked[i])
	}
}

// wanted reports whether anybody hears of a bid: its bidder at one address for all, or those that the bid itself brought.
// The notifier decides what goes where; here is only what would go nowhere.
func wanted(b *ad.Bid, kind ad.NoticeKind, reason ad.Reason) bool {
	switch {
	case kind == ad.NoticeWon && (b.NURL != "" || b.BURL != ""), kind == ad.NoticeLost && b.LURL != "":
		return true
	}
	return b.Bidder.Hears(kind, reason)
}

// news is what a sale has come to for its winner: booked, passed on, or never shown because the caller had left.
func (s settled) news() (ad.NoticeKind, ad.Reason) {
	switch s {
	case billed:
		return ad.NoticeWon, ad.Won
	case promised:
		return ad.NoticePending, ad.Won
	}
	return ad.NoticeLost, ad.Cancelled
}

// inform tells of a bid.
func (a *Answer) inform(i int, b *ad.Bid, kind ad.NoticeKind, reason ad.Reason) {
	n := &a.state.notice
	sale := a.sale(i, b)
	*n = Won(&sale)
	if n.Kind, n.Reason = kind, reason; kind == ad.NoticeLost {
		n.Price = 0
	}
	for k := range a.Asked {
		if a.Asked[k].Bidder == b.Bidder {
			n.Micros = a.Asked[k].Micros
		}
	}
	a.send(b.Bidder)
}

// informOwner tells the owner's bidder what became of the owner's impression: used by the owner itself, sold, or not sold.
func (a *Answer) informOwner(i int) {
	slot, n := &a.Slots[i], &a.state.notice
	owner := a.state.snapshot.OwnerBidder(slot.Impression.Placement.ID)
	if owner == nil {
		return
	}
	if slot.Outcome == Sold && slot.settled == billed {
		*n = toOwner(&slot.Sale, owner)
	} else {
		*n = ad.Notice{Kind: ad.NoticeDefault, SaleKey: ad.SaleKey{Auction: a.Call.ID, Impression: uint8(i)}, At: a.Call.Received, Bidder: owner.ID,
			Publisher: a.Call.Publisher.ID, Placement: slot.Impression.Placement.ID, Terms: ad.BidTerms{ImpressionID: slot.Impression.ID}}
	}
	if owner.Hears(n.Kind, n.Reason) {
		a.send(owner)
	}
}

// informAsked tells a bidder that it had nothing to say, or that asking it failed.
func (a *Answer) informAsked(asked *ad.Asked) {
	kind := ad.NoticeError
	switch asked.Reason {
	case ad.Undecided, ad.NotAsked:
		return
	case ad.NoBid:
		kind = ad.NoticeNoBid
	}
	if !asked.Bidder.Hears(kind, asked.Reason) {
		return
	}
	a.state.notice = ad.Notice{Kind: kind, SaleKey: ad.SaleKey{Auction: a.Call.ID}, At: a.Call.Received, Bidder: asked.Bidder.ID,
		Publisher: a.Call.Publisher.ID, Placement: a.Slots[0].Impression.Placement.ID, Reason: asked.Reason, Micros: asked.Micros}
	a.send(asked.Bidder)
}

// send hands the notice on, with the bid request for those who asked for it and were sent one.
func (a *Answer) send(to *ad.Bidder) {
	if to.NotifyFull && a.sent(to) {
		a.state.notice.Full = a.full()
	}
	a.service.notifier.Notify(&a.state.notice)
}

// sent reports whether a bid request went out to a bidder.
func (a *Answer) sent(to *ad.Bidder) bool {
	for i := range a.Asked {
		if a.Asked[i].Bidder != to {
			continue
		}
		switch a.Asked[i].Reason {
		case ad.NotAsked, ad.Throttled, ad.QPSLimited, ad.BreakerOpen, ad.NotReady, ad.ConnectFailed, ad.TLSFailed, ad.EgressDenied:
			return false
		}
		return true
	}
	return false
}

// full is the bid request for bidders that want it with their notices, encoded for the first of them; nil if none was sent.
// It goes without floors: they are net here, and each bidder was told its own.
func (a *Answer) full() []byte {
	st := &a.state
	if len(st.full) == 0 && st.outgoing.Request != nil {
		for i := range st.outgoing.Request.Imp {
			st.outgoing.Request.Imp[i].BidFloor, st.outgoing.Request.Imp[i].BidFloorCur = 0, ""
		}
		st.full = openrtb.AppendRequest(st.full, st.outgoing.Request)
	}
	return st.full
}

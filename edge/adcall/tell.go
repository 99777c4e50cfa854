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

// tell tells every bidder what became of its bids, and of asking it.
func (s *Service) tell(a *Answer) {
	full := a.full()
	for i := range a.Slots {
		slot := &a.Slots[i]
		for b := range slot.Bids {
			if bid := &slot.Bids[b]; bid.Bidder != nil {
				n := a.notice(i, bid)
				if b == slot.Result.Winner {
					a.sold(&n, slot)
				}
				a.send(s, &n, bid.Bidder, full)
			}
		}
		if owner := a.state.owner; owner != nil && slot.settled != promised { // what was passed on is told when it comes back
			n := a.toOwner(i, owner)
			a.send(s, &n, owner, full)
		}
	}
	for i := range a.Unplaced {
		if bid := &a.Unplaced[i]; bid.Bidder != nil && bid.Reason != ad.Undecided {
			n := a.notice(min(max(bid.Impression, 0), len(a.Slots)-1), bid)
			a.send(s, &n, bid.Bidder, full)
		}
	}
	for i := range a.Asked {
		asked := &a.Asked[i]
		if asked.Reason == ad.Undecided || asked.Reason == ad.NotAsked {
			continue
		}
		n := ad.Notice{Kind: ad.NoticeError, SaleKey: ad.SaleKey{Auction: a.Call.ID}, At: a.Call.Received, Bidder: asked.Bidder.ID,
			Publisher: a.Call.Publisher.ID, Placement: a.Slots[0].Impression.Placement.ID, Reason: asked.Reason, Micros: asked.Micros}
		if asked.Reason == ad.NoBid {
			n.Kind = ad.NoticeNoBid
		}
		a.send(s, &n, asked.Bidder, full)
	}
}

// send hands a notice on, with the bid request for those who asked for it.
func (a *Answer) send(s *Service, n *ad.Notice, to *ad.Bidder, full []byte) {
	if to.NotifyFull {
		n.Full = full
	}
	s.notifier.Notify(n)
}

// full is the bid request for bidders that want it with their notices; nil if none does, or none was sent.
func (a *Answer) full() []byte {
	for i := range a.Asked {
		if a.Asked[i].Bidder.NotifyFull && a.state.outgoing.Request != nil {
			return openrtb.AppendRequest(nil, a.state.outgoing.Request)
		}
	}
	return nil
}

// notice is that a bid lost.
func (a *Answer) notice(i int, b *ad.Bid) ad.Notice {
	sale := a.sale(i, b)
	n := Won(&sale)
	n.Kind, n.Price, n.Reason = ad.NoticeLost, 0, b.Reason
	for k := range a.Asked {
		if a.Asked[k].Bidder == b.Bidder {
			n.Micros = a.Asked[k].Micros
		}
	}
	return n
}

// sold turns the notice of the winning bid into what it has come to: booked, passed on, or never shown because the
// caller had left.
func (a *Answer) sold(n *ad.Notice, slot *Slot) {
	switch slot.settled {
	case billed:
		n.Kind, n.Price, n.Reason = ad.NoticeWon, slot.Sale.Paid, ad.Won
	case promised:
		n.Kind, n.Price, n.Reason = ad.NoticePending, slot.Sale.Paid, ad.Won
	default:
		n.Reason = ad.Cancelled
	}
}

// toOwner tells the owner's bidder what became of the owner's impression: used by the owner itself, sold, or not sold.
func (a *Answer) toOwner(i int, owner *ad.Bidder) ad.Notice {
	slot := &a.Slots[i]
	n := ad.Notice{Kind: ad.NoticeDefault, SaleKey: ad.SaleKey{Auction: a.Call.ID, Impression: uint8(i)}, At: a.Call.Received, Bidder: owner.ID,
		Publisher: a.Call.Publisher.ID, Placement: slot.Impression.Placement.ID, Terms: ad.BidTerms{ImpressionID: slot.Impression.ID}}
	switch {
	case slot.Outcome != Sold || slot.settled == open:
	case slot.Sale.Buyer == slot.Sale.Owner:
		n.Kind, n.Creative = ad.NoticeKept, slot.Sale.Creative
	default:
		n.Kind, n.Price, n.Currency = ad.NoticeSold, slot.Sale.Net, ad.USD
	}
	return n
}

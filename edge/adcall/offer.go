package adcall

import (
	"context"
	"time"

	"curb/edge/ad"
	"curb/edge/auction"
)

// consult asks the data providers, if anybody is going to hear what they say. They have ad.ProviderTimeout from now on,
// since what the call waited for before is not their doing, and no longer than the call itself.
func (s *Service) consult(ctx context.Context, a *Answer) {
	if s.providers == nil || len(a.state.snapshot.ActiveProviders()) == 0 || !a.forSale() {
		return
	}
	deadline := time.Now().Add(ad.ProviderTimeout)
	if deadline.After(a.state.deadline) {
		deadline = a.state.deadline
	}
	a.state.provided = s.providers.Ask(ctx, a.state.snapshot, ad.Inquiry{Call: a.Call, Personal: a.state.personal, Deadline: deadline}, a.state.provided)
	a.Provided = a.state.provided
}

// ownerShare is the part of a call's time that the owner's bidder has to itself.
const ownerShare = 3

// ownerPhase tells the owner's bidder that it is asked alone, and may take the impression without an auction; debugPhase
// the same in an auction that is held to be looked at.
var (
	ownerPhase = []byte(`{"curb":{"owner_phase":1}}`)
	debugPhase = []byte(`{"curb":{"owner_phase":1,"debug":1}}`)
)

// offer asks the owner's bidder before anybody else, where the owner has one. What it takes exclusively is its own; for
// the rest it may set a reserve and a default creative, and its bids compete with everybody's.
func (s *Service) offer(ctx context.Context, a *Answer) {
	st := &a.state
	owner := st.snapshot.OwnerBidder(a.Call.Impressions[0].Placement.ID) // all impressions of a call have one owner
	if owner == nil || !a.forSale() {
		return
	}
	st.owner = owner
	out := &st.outgoing
	out.Targets = append(out.Targets, ad.Target{Bidder: owner, Deals: a.dealsFor(owner)})
	a.share()
	out.Call = a.Call
	out.Deadline = a.Call.Received.Add(st.deadline.Sub(a.Call.Received) / ownerShare)
	out.Request = s.request(a)
	out.Request.Ext = ownerPhase
	if a.Call.Debug {
		out.Request.Ext = debugPhase
	}
	s.asker.Ask(ctx, st.snapshot, out, &st.first)
	for _, terms := range st.first.Owner {
		if i := terms.Impression; i >= 0 && i < len(st.seats) {
			st.seats[i].terms = terms
		}
	}
	for i := range st.seats {
		if !st.seats[i].closed && a.takes(i) {
			s.take(a, i)
		}
	}
}

// take lets the owner's bidder have an impression, unless what it bids cannot win there after all (a bid without a deal
// where only deals may buy): then everybody is asked.
func (s *Service) take(a *Answer, i int) {
	from := len(a.state.bids)
	s.contest(a, i, a.exclusive, anyStage)
	slot := &a.Slots[i]
	if a.state.seats[i].closed = slot.Result.Winner >= 0; !a.state.seats[i].closed {
		a.state.bids = a.state.bids[:from]
		slot.Bids, slot.Result = nil, auction.Result{Winner: -1}
	}
}

// takes reports whether the owner's bidder takes an impression exclusively, with a bid that nothing speaks against.
func (a *Answer) takes(i int) bool {
	for b := range a.state.first.Bids {
		if bid := &a.state.first.Bids[b]; bid.Impression == i && bid.Reason == ad.Undecided && a.mayTake(bid) {
			return true
		}
	}
	return false
}

// mayTake reports whether a bid is one for the owner's own seat that wants the impression without an auction.
func (a *Answer) mayTake(b *ad.Bid) bool { return b.Exclusive && b.Member == a.Call.Publisher.Member }

// exclusive appends the bids of the owner's bidder for an impression that it took: those that may not take it stay out.
func (a *Answer) exclusive(i int, bids []ad.Bid) []ad.Bid {
	from := len(bids)
	bids = a.bidsFor(i, bids, &a.state.first)
	for b := range bids[from:] {
		if bid := &bids[from+b]; !a.mayTake(bid) && bid.Reason == ad.Undecided {
			bid.Reason = ad.LowerPriority
		}
	}
	return bids
}

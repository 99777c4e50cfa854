package adcall

import (
	"context"

	"curb/edge/ad"
)

// consult asks the data providers, if anybody is going to hear what they say. They have ad.ProviderTimeout, inside the
// call's own deadline.
func (s *Service) consult(ctx context.Context, a *Answer) {
	if s.providers == nil || len(a.state.snapshot.DataProviders()) == 0 || !a.forSale() {
		return
	}
	deadline := a.Call.Received.Add(ad.ProviderTimeout)
	if deadline.After(a.state.deadline) {
		deadline = a.state.deadline
	}
	a.state.provided = s.providers.Ask(ctx, a.state.snapshot, ad.Inquiry{Call: a.Call, Personal: a.state.personal, Deadline: deadline}, a.state.provided)
	a.Provided = a.state.provided
}

// ownerShare is the part of a call's time that the owner's bidder has to itself.
const ownerShare = 3

// ownerPhase tells the owner's bidder that it is asked alone, and may take the impression without an auction.
var ownerPhase = []byte(`{"curb":{"owner_phase":1}}`)

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
	s.asker.Ask(ctx, st.snapshot, out, &st.first)
	for _, terms := range st.first.Owner {
		if i := terms.Impression; i >= 0 && i < len(st.seats) {
			st.seats[i].terms = terms
		}
	}
	for i := range st.seats {
		if !st.seats[i].closed && a.takes(i) {
			st.seats[i].closed = true
			s.contest(a, i, a.exclusive)
		}
	}
}

// takes reports whether the owner's bidder takes an impression exclusively, with a bid that nothing speaks against.
func (a *Answer) takes(i int) bool {
	for b := range a.state.first.Bids {
		if bid := &a.state.first.Bids[b]; bid.Impression == i && bid.Exclusive && bid.Reason == ad.Undecided && bid.Member == a.Call.Publisher.Member {
			return true
		}
	}
	return false
}

// exclusive appends the owner's bids of an impression that it took: those that are not exclusive stay out.
func (a *Answer) exclusive(i int, bids []ad.Bid) []ad.Bid {
	from := len(bids)
	bids = a.bidsFor(i, bids, &a.state.first)
	for b := range bids[from:] {
		if bid := &bids[from+b]; !bid.Exclusive && bid.Reason == ad.Undecided {
			bid.Reason = ad.LowerPriority
		}
	}
	return bids
}

package adcall

import (
	"context"
	"encoding/binary"
	"slices"

	"curb/edge/ad"
	"curb/edge/openrtb"
)

// ask sends the call to the bidders that may compete and collects their bids until the deadline. Nobody is asked when
// the owner's demand has closed every impression, or when neither RTB nor deals are wanted.
func (s *Service) ask(ctx context.Context, a *Answer) {
	if !a.forSale() {
		return
	}
	st := &a.state
	out := &st.outgoing
	clear(out.Targets)
	out.Targets = out.Targets[:0]
	for _, b := range st.snapshot.ActiveBidders() {
		if b == st.owner { // it has had its say
			continue
		}
		deals := a.dealsFor(b)
		if deals != nil || a.openToRTB() {
			out.Targets = append(out.Targets, ad.Target{Bidder: b, Deals: deals})
		}
	}
	if len(out.Targets) == 0 {
		return
	}
	a.limit()
	a.share()
	out.Call, out.Deadline = a.Call, st.deadline
	out.Request = s.request(a)
	s.asker.Ask(ctx, st.snapshot, out, &st.answers)
}

// forSale reports whether some impression is still open to somebody.
func (a *Answer) forSale() bool {
	if a.Call.PreventRTB && a.Call.PreventDeals {
		return false
	}
	return slices.ContainsFunc(a.state.seats, func(s seat) bool { return !s.closed })
}

// share gives each target what data providers said that it is under contract to see.
func (a *Answer) share() {
	for t := range a.state.outgoing.Targets {
		target := &a.state.outgoing.Targets[t]
		for i := range a.state.provided {
			if p := &a.state.provided[i]; slices.Contains(p.Provider.Bidders, target.Bidder.ID) {
				target.Data = append(target.Data, *p)
			}
		}
	}
}

// limit keeps the call-out within ad.BiddersMax. Which bidders are passed over goes by the auction's id, so that it is
// each one's turn as often as another's, and a replay asks the same.
func (a *Answer) limit() {
	out := &a.state.outgoing
	n := len(out.Targets)
	if n <= ad.BiddersMax {
		return
	}
	first := int(binary.LittleEndian.Uint64(a.Call.ID[8:]) % uint64(n))
	turned := append(append(make([]ad.Target, 0, n), out.Targets[first:]...), out.Targets[:first]...)
	for _, t := range turned[ad.BiddersMax:] {
		a.state.passed = append(a.state.passed, ad.Asked{Bidder: t.Bidder, Reason: ad.NotAsked})
	}
	out.Targets = append(out.Targets[:0], turned[:ad.BiddersMax]...)
}

// openToRTB reports whether some impression that is still open takes bids without a deal.
func (a *Answer) openToRTB() bool {
	for i := range a.state.seats {
		if !a.state.seats[i].closed && !a.dealsOnly(i) {
			return true
		}
	}
	return false
}

// dealsFor lists, per impression, the deals a bidder may use on it; nil if there are none at all.
func (a *Answer) dealsFor(b *ad.Bidder) [][]*ad.Deal {
	if a.Call.PreventDeals {
		return nil
	}
	st := &a.state
	first, none := len(st.dealRows), true
	for i := range st.seats {
		from := len(st.deals)
		if !st.seats[i].closed {
			for _, d := range st.snapshot.DealsFor(a.Call.Impressions[i].Placement.ID) {
				if ad.Live(d.Start, d.End, a.Call.Received) && offered(d, b) && a.callerTakes(i, d) {
					st.deals, none = append(st.deals, d), false
				}
			}
		}
		st.dealRows = append(st.dealRows, st.deals[from:len(st.deals):len(st.deals)])
	}
	if none {
		st.dealRows = st.dealRows[:first]
		return nil
	}
	return st.dealRows[first:len(st.dealRows):len(st.dealRows)]
}

// offered reports whether a seat of the bidder may use the deal.
func offered(d *ad.Deal, b *ad.Bidder) bool {
	return len(d.Members) == 0 || slices.ContainsFunc(b.Members, func(m ad.MemberID) bool {
		return slices.Contains(d.Members, m)
	})
}

// callerTakes reports whether the caller's own private auction, if it holds one on the impression, lists the deal.
func (a *Answer) callerTakes(i int, d *ad.Deal) bool {
	in := a.state.received
	if !a.Call.Impressions[i].PrivateAuction || in == nil || i >= len(in.Imp) || in.Imp[i].PMP == nil {
		return true
	}
	return slices.ContainsFunc(in.Imp[i].PMP.Deals, func(listed openrtb.Deal) bool { return listed.ID == d.ID })
}

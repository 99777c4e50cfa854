package adcall

import (
	"context"
	"sync"

	"curb/edge/ad"
	"curb/edge/auction"
)

// Options are what a Service needs. Asker is required.
type Options struct {
	Asker Asker
	// Providers are the data providers; nil: there are none.
	Providers Providers
	// Ledger books sales. Nil is for replays and tests: then nothing is capped, held or billed.
	Ledger Ledger
	// Notifier tells bidders what became of their bids; nil: nobody is told.
	Notifier Notifier
	// Recorders are told of every answered call, in order.
	Recorders []Recorder
	// Salt keys the tickets that break ties. Nodes that must agree share it; a replay needs it.
	Salt auction.Salt
	// Seller is the exchange's canonical domain for the supply chain object (OpenRTB 2.6 §3.2.25, asi). Empty: no node of
	// ours is added and the chain is passed on as incomplete.
	Seller string
}

// Service answers ad calls. It holds no state of its own between calls and is safe for concurrent use.
type Service struct {
	asker     Asker
	providers Providers
	ledger    Ledger
	notifier  Notifier
	recorders []Recorder
	salt      auction.Salt
	seller    string
	answers   sync.Pool // *Answer, with their buffers
	waits     sync.Pool // *patience
}

// New makes a service.
func New(o Options) *Service {
	s := &Service{asker: o.Asker, providers: o.Providers, ledger: o.Ledger, notifier: o.Notifier, recorders: o.Recorders,
		salt: o.Salt, seller: o.Seller}
	if s.ledger == nil {
		s.ledger = unbooked{}
	}
	return s
}

// Serve answers one ad call. It is the only function that knows the order of things. It returns by the deadline of the
// call, whatever bidders do. Then the caller books what it can show (Answer.Sell, Answer.Promise), writes it, and
// releases the answer, which settles the call.
func (s *Service) Serve(ctx context.Context, in Incoming) *Answer {
	a := s.begin(in)
	s.enrich(a)       // what may be said of the user, and until when the call can wait
	s.gate(a)         // the owner's demand; impressions that it closes are offered to nobody else
	s.consult(ctx, a) // what data providers know, for the bidders under contract
	s.offer(ctx, a)   // the owner's own bidder, alone: it may take an impression or change what it costs
	s.ask(ctx, a)     // bid requests to the bidders that are left, until the deadline
	s.decide(a)       // one auction per impression
	return a
}

// begin takes an answer with warm buffers and points it at the call.
func (s *Service) begin(in Incoming) *Answer {
	a, _ := s.answers.Get().(*Answer)
	if a == nil {
		a = &Answer{service: s}
	}
	a.Call, a.Version = in.Call, in.Snapshot.Version()
	a.state.snapshot, a.state.received = in.Snapshot, in.Received
	for i := range in.Call.Impressions {
		imp := &in.Call.Impressions[i]
		slot := Slot{Impression: imp, Outcome: Blank, Result: auction.Result{Winner: -1}}
		if len(imp.Sizes) > 0 {
			slot.Size = imp.Sizes[0]
		}
		a.Slots = append(a.Slots, slot)
		a.state.seats = append(a.state.seats, seat{})
	}
	return a
}

// recycle gives the bidders' buffers back and keeps ours for the next call.
func (s *Service) recycle(a *Answer) {
	for _, free := range []func(){a.state.first.Free, a.state.answers.Free} {
		if free != nil {
			free()
		}
	}
	clear(a.Slots)
	clear(a.Unplaced)
	a.Call, a.Version, a.Slots, a.Asked, a.Unplaced, a.Provided = nil, "", a.Slots[:0], nil, a.Unplaced[:0], nil
	a.state.reset()
	s.answers.Put(a)
}

// decide holds one auction per impression over the owner's demand and what the bidders sent, and draws up the account of
// the call.
func (s *Service) decide(a *Answer) {
	for i := range a.Slots {
		slot := &a.Slots[i]
		if !a.state.seats[i].closed {
			s.contest(a, i, a.everybody, anyStage)
		}
		a.conclude(slot)
		if slot.Outcome == Sold {
			a.draw(i)
		}
	}
	a.account()
}

// anyStage is every stage of an auction.
const anyStage = auction.NoStage

// contest holds the auction of an impression over the bids that gather appends. A line item that wins must have room in
// its budget and under its caps at this very moment; one that has not loses that way, and the auction is held again. Nothing
// is set aside for a winner of another stage than the one that counts.
func (s *Service) contest(a *Answer, i int, gather func(i int, bids []ad.Bid) []ad.Bid, counts auction.Stage) {
	st, slot := &a.state, &a.Slots[i]
	from := len(st.bids)
	for {
		st.bids = gather(i, st.bids[:from])
		slot.Bids = st.bids[from:len(st.bids):len(st.bids)]
		slot.Result = s.run(a, i, slot.Bids)
		w := slot.Result.Winner
		if w < 0 || slot.Bids[w].LineItem == nil || counts != anyStage && slot.Result.Stage != counts {
			return
		}
		reason := s.reserve(a, i, &slot.Bids[w])
		if reason == ad.Undecided {
			return
		}
		st.managed[st.seats[i].from+w].Reason = reason // managed bids come first, in their order
	}
}

// everybody appends all bids for an impression: the owner's line items first, then the owner's bidder, then the rest.
func (a *Answer) everybody(i int, bids []ad.Bid) []ad.Bid {
	bids = a.ownersOnly(i, bids)
	bids = a.bidsFor(i, bids, &a.state.first)
	return a.bidsFor(i, bids, &a.state.answers)
}

// bidsFor appends the bids for an impression that came with an answer.
func (a *Answer) bidsFor(i int, bids []ad.Bid, from *ad.Answers) []ad.Bid {
	for b := range from.Bids {
		if from.Bids[b].Impression == i {
			bids = append(bids, from.Bids[b])
			approved(&bids[len(bids)-1])
		}
	}
	return bids
}

// approved drops markup that a bid brought along for a creative that was audited with content of its own: what the
// publisher approved is what serves.
func approved(b *ad.Bid) {
	if c := b.Creative; c != nil && !c.Dynamic && c.Content != "" {
		b.Markup = ""
	}
}

// run holds the auction of one impression.
func (s *Service) run(a *Answer, i int, bids []ad.Bid) auction.Result {
	imp := &a.Call.Impressions[i]
	p := imp.Placement
	setting := &a.state.setting
	*setting = auction.Setting{
		Auction: a.Call.ID, Impression: i, Salt: s.salt,
		PriceRule:      a.Call.Publisher.PriceRule,
		BelowThreshold: a.Call.Publisher.BelowThreshold,
		NoResale:       a.dealsOnly(i),
		Owner:          p.Member,
		Floor:          a.floor(i, a.Slots[i].Size),
		SizeFloors:     a.sizeFloors(i),
	}
	if owner := a.state.snapshot.Member(p.Member); owner != nil {
		setting.ResellingPriority = owner.ResellingPriority
	}
	if a.Call.Format.PassedOn() {
		setting.PassedOn = true
		setting.NextSecondPrice = a.Call.AdServer != nil && a.Call.AdServer.SecondPrice
		setting.Estimate = s.Estimate(p, a.Slots[i].Size).Clear
	}
	if a.Call.Debug {
		a.Slots[i].Trace = new(auction.Trace)
		setting.Trace = a.Slots[i].Trace
	}
	result := auction.Run(setting, bids, &a.state.scratch)
	a.Slots[i].average = average(&a.state.scratch, bids)
	return result
}

// Estimate is what clears on a placement for a size: what its owner set by hand, else what was learnt, if that is
// verified. The zero value is that nothing is known.
func (s *Service) Estimate(p *ad.Placement, size ad.Size) ad.EstimatedClear {
	if e, ok := p.Estimate(size); ok {
		return e
	}
	if e, ok := s.ledger.Estimate(p.ID, size); ok && e.Verified {
		return e
	}
	return ad.EstimatedClear{}
}

// average is the mean of the net bids that were worth something.
func average(scratch *auction.Scratch, bids []ad.Bid) ad.CPM {
	var sum ad.CPM
	n := ad.CPM(0)
	for i := range min(len(bids), ad.AuctionBidsMax) {
		if net := scratch.Judged(i).Net; net > 0 {
			sum += net
			n++
		}
	}
	if n == 0 {
		return 0
	}
	return sum / n
}

// dealsOnly reports whether bids without a deal are kept out of an impression.
func (a *Answer) dealsOnly(i int) bool {
	imp := &a.Call.Impressions[i]
	return imp.Placement.NoResale || a.Call.PreventRTB || imp.PrivateAuction
}

// floor is the reserve that bids of a size without a deal ask must reach. The price of a default creative counts only
// where that creative would serve instead.
func (a *Answer) floor(i int, size ad.Size) auction.Applied {
	imp := &a.Call.Impressions[i]
	if terms := a.state.seats[i].terms; terms.HasReserve {
		reserves := auction.Reserves{Placement: terms.Reserve, ByOwner: true, Soft: imp.Placement.SoftFloor}
		if a.Call.Format == ad.TagOpenRTB { // the caller's own floor is not the owner's to lower
			reserves.Call, reserves.RaiseOnly = imp.Reserve, true
		}
		return auction.Floor(&reserves)
	}
	reserves := auction.Reserves{Placement: imp.Placement.Reserve, Soft: imp.Placement.SoftFloor, Call: imp.Reserve,
		RaiseOnly: a.Call.Format == ad.TagOpenRTB}
	if price, c := a.fallback(i, size); c != nil {
		reserves.Default = price
	}
	return auction.Floor(&reserves)
}

// sizeFloors are the floors of the impression's further sizes, where their default creatives have prices of their own.
func (a *Answer) sizeFloors(i int) []auction.SizeFloor {
	imp := &a.Call.Impressions[i]
	st := &a.state
	from := len(st.floors)
	if len(imp.Sizes) > 1 && len(imp.Placement.Defaults) > 0 && !a.Call.Format.PassedOn() {
		for _, size := range imp.Sizes[1:] {
			st.floors = append(st.floors, auction.SizeFloor{Size: size, Floor: a.floor(i, size)})
		}
	}
	return st.floors[from:]
}

// fallback is the default creative that would serve at a size, and its price; nil if none would. Callers that the price is
// passed on to have demand of their own to fall back to, and are served none.
func (a *Answer) fallback(i int, size ad.Size) (ad.CPM, *ad.Creative) {
	if a.Call.Format.PassedOn() {
		return 0, nil
	}
	if c := a.state.seats[i].terms.Default; c != nil && (size == ad.Size{} || c.Size == size) && a.serves(c) {
		return 0, c
	}
	d, ok := a.Call.Impressions[i].Placement.Default(size)
	if !ok {
		return 0, nil
	}
	c := a.state.snapshot.Creative(d.Creative)
	if c == nil || !a.serves(c) {
		return 0, nil
	}
	return d.Price, c
}

// serves reports whether a default creative may be shown on this call.
func (a *Answer) serves(c *ad.Creative) bool {
	return c.Active && !c.Banned && (c.Secure || !a.Call.Secure)
}

// conclude says what a slot is answered with: the winner, else what the placement falls back to.
func (a *Answer) conclude(slot *Slot) {
	slot.Outcome, slot.Bid, slot.Creative = Blank, nil, nil
	if w := slot.Result.Winner; w >= 0 {
		slot.Outcome, slot.Bid, slot.Creative = Sold, &slot.Bids[w], slot.Bids[w].Creative
		if slot.Size = slot.Bid.Size; slot.Size == (ad.Size{}) && slot.Creative != nil {
			slot.Size = slot.Creative.Size
		}
		return
	}
	if a.Call.Format.PassedOn() {
		return
	}
	i := a.index(slot)
	p := slot.Impression.Placement
	if _, c := a.fallback(i, slot.Size); c != nil {
		slot.Outcome, slot.Creative = Default, c
		if slot.Size == (ad.Size{}) {
			slot.Size = c.Size
		}
		return
	}
	switch {
	case p.DaisyChain != "":
		slot.Outcome = Chain
	case !p.NoPSA && !a.Call.NoPSA:
		slot.Outcome = PSA
	}
}

// index is where a slot stands in its answer, and its impression in the call.
func (a *Answer) index(slot *Slot) int {
	for i := range a.Slots {
		if &a.Slots[i] == slot {
			return i
		}
	}
	panic("adcall: a slot of another answer")
}

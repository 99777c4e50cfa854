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
	recorders []Recorder
	salt      auction.Salt
	seller    string
	answers   sync.Pool // *Answer, with their buffers
}

// New makes a service.
func New(o Options) *Service {
	return &Service{asker: o.Asker, recorders: o.Recorders, salt: o.Salt, seller: o.Seller}
}

// Serve answers one ad call. It is the only function that knows the order of things. It returns by the deadline of the
// call, whatever bidders do; the caller releases the answer once it is written.
func (s *Service) Serve(ctx context.Context, in Incoming) *Answer {
	a := s.begin(in)
	s.enrich(a)   // what may be said of the user, and until when the call can wait
	s.gate(a)     // the owner's demand; impressions that it closes are offered to nobody else
	s.ask(ctx, a) // bid requests to the bidders that are left, until the deadline
	s.decide(a)   // one auction per impression
	s.settle(a)   // what was decided is recorded
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
	if a.state.answers.Free != nil {
		a.state.answers.Free()
	}
	clear(a.Slots)
	clear(a.Unplaced)
	a.Call, a.Version, a.Slots, a.Asked, a.Unplaced = nil, "", a.Slots[:0], nil, a.Unplaced[:0]
	a.state.reset()
	s.answers.Put(a)
}

// decide holds one auction per impression over the owner's demand and what the bidders sent.
func (s *Service) decide(a *Answer) {
	st := &a.state
	for i := range a.Slots {
		slot := &a.Slots[i]
		if !st.seats[i].closed {
			from := len(st.bids)
			st.bids = append(st.bids, st.managed[st.seats[i].from:st.seats[i].to]...)
			for b := range st.answers.Bids {
				if st.answers.Bids[b].Impression == i {
					st.bids = append(st.bids, st.answers.Bids[b])
					approved(&st.bids[len(st.bids)-1])
				}
			}
			slot.Bids = st.bids[from:len(st.bids):len(st.bids)]
			slot.Result = s.run(a, i, slot.Bids)
		}
		a.conclude(slot)
	}
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
		Floor:          a.floor(i, a.Slots[i].Size),
		SizeFloors:     a.sizeFloors(i),
	}
	if owner := a.state.snapshot.Member(p.Member); owner != nil {
		setting.ResellingPriority = owner.ResellingPriority
	}
	return auction.Run(setting, bids, &a.state.scratch)
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
	reserves := auction.Reserves{Placement: imp.Placement.Reserve, Soft: imp.Placement.SoftFloor, Call: imp.Reserve,
		RaiseOnly: a.Call.Format == ad.TagOpenRTB}
	if price, c := a.fallback(imp.Placement, size); c != nil {
		reserves.Default = price
	}
	return auction.Floor(&reserves)
}

// sizeFloors are the floors of the impression's further sizes, where their default creatives have prices of their own.
func (a *Answer) sizeFloors(i int) []auction.SizeFloor {
	imp := &a.Call.Impressions[i]
	st := &a.state
	from := len(st.floors)
	if len(imp.Sizes) > 1 && len(imp.Placement.Defaults) > 0 && a.Call.Format != ad.TagOpenRTB {
		for _, size := range imp.Sizes[1:] {
			st.floors = append(st.floors, auction.SizeFloor{Size: size, Floor: a.floor(i, size)})
		}
	}
	return st.floors[from:]
}

// fallback is the default creative that would serve at a size, and its price; nil if none would. Callers over OpenRTB have
// demand of their own to fall back to, and are served none.
func (a *Answer) fallback(p *ad.Placement, size ad.Size) (ad.CPM, *ad.Creative) {
	if a.Call.Format == ad.TagOpenRTB {
		return 0, nil
	}
	d, ok := p.Default(size)
	if !ok {
		return 0, nil
	}
	c := a.state.snapshot.Creative(d.Creative)
	if c == nil || !c.Active || (a.Call.Secure && !c.Secure) {
		return 0, nil
	}
	return d.Price, c
}

// conclude says what a slot is answered with: the winner, else what the placement falls back to.
func (a *Answer) conclude(slot *Slot) {
	if w := slot.Result.Winner; w >= 0 {
		slot.Outcome, slot.Bid, slot.Creative = Sold, &slot.Bids[w], slot.Bids[w].Creative
		if slot.Size = slot.Bid.Size; slot.Size == (ad.Size{}) && slot.Creative != nil {
			slot.Size = slot.Creative.Size
		}
		return
	}
	if a.Call.Format == ad.TagOpenRTB {
		return
	}
	p := slot.Impression.Placement
	if _, c := a.fallback(p, slot.Size); c != nil {
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

// settle tells the recorders. Nothing here waits.
func (s *Service) settle(a *Answer) {
	a.state.answers.Asked = append(a.state.answers.Asked, a.state.passed...)
	a.Asked = a.state.answers.Asked
	for i := range a.state.answers.Bids {
		if b := &a.state.answers.Bids[i]; b.Impression < 0 || b.Impression >= len(a.Slots) || a.state.seats[b.Impression].closed {
			a.Unplaced = append(a.Unplaced, *b)
		}
	}
	for _, r := range s.recorders {
		r.Record(a)
	}
}

package adcall

import (
	"slices"
	"testing"
	"time"

	"curb/edge/ad"
	"curb/edge/auction"
	"curb/edge/openrtb"
)

// owned is a market whose member 100 has bidder 3 of its own.
func owned(t *testing.T, prices map[ad.BidderID]ad.CPM, first func(*openrtb.Outgoing, *ad.Answers)) (*shop, *ad.Bidder) {
	contents := inventory()
	contents.Members[0].Bidder = 3
	contents.Bidders = append(contents.Bidders, curious(ad.Bidder{ID: 3, Name: "own", Active: true, Endpoint: "https://own.example/", Members: []ad.MemberID{100}}))
	s := newShop(newFixtureOf(t, contents, prices))
	m := &ownersMarket{s.market, func(out *openrtb.Outgoing, answers *ad.Answers) {
		answers.Asked = append(answers.Asked, ad.Asked{Bidder: out.Targets[0].Bidder})
		first(out, answers)
	}}
	s.service = New(Options{Asker: m, Ledger: s.till, Notifier: s.ear, Salt: auction.Salt{1}, Seller: "curb.example"})
	return s, s.snap.Bidder(3)
}

func ownBid(s *ad.Bidder, c *ad.Creative, price ad.CPM, exclusive bool) ad.Bid {
	return ad.Bid{ID: "own", Bidder: s, Member: 100, Price: price, Creative: c, Size: c.Size, Rate: ad.RateOne, Exclusive: exclusive}
}

func TestOwnersBidderTakesExclusively(t *testing.T) {
	var s *shop
	var own *ad.Bidder
	s, own = owned(t, map[ad.BidderID]ad.CPM{1: 50 * ad.Dollar}, func(out *openrtb.Outgoing, answers *ad.Answers) {
		if len(out.Targets) != 1 || string(out.Request.Ext) != `{"curb":{"owner_phase":1}}` {
			t.Errorf("the owner phase asks %d bidders with %s", len(out.Targets), out.Request.Ext)
		}
		if left := out.Deadline.Sub(out.Call.Received); left > 50*time.Millisecond {
			t.Errorf("the owner's bidder has %v of 150 ms to itself", left)
		}
		answers.Bids = append(answers.Bids, ownBid(own, s.snap.Creative(50), ad.Dollar/10, true), ownBid(own, s.snap.Creative(51), 9*ad.Dollar, false))
	})
	a := s.serve(s.call(1001))
	slot := &a.Slots[0]
	if slot.Outcome != Sold || slot.Creative.ID != 50 || slot.Result.ClearPrice != ad.Dollar/10 || len(s.market.requests) != 0 {
		t.Fatalf("%v creative %v at %v, %d others asked", slot.Outcome, slot.Creative, slot.Result.ClearPrice, len(s.market.requests))
	}
	if len(a.Unplaced) != 0 || slot.Bids[1].Reason != ad.LowerPriority {
		t.Errorf("the owner's other bid: %v, unplaced %v", slot.Bids[1].Reason, a.Unplaced)
	}
	if err := a.Sell(t.Context(), slot); err != nil {
		t.Fatal(err)
	}
	a.Release()
	if got := s.ear.of(3); !slices.Equal(got, []string{"won", "lost/lower_priority", "kept"}) {
		t.Errorf("the owner's bidder heard %v", got)
	}
}

func TestExclusiveOfSomebodyElseMeansNothing(t *testing.T) {
	s, own := owned(t, map[ad.BidderID]ad.CPM{1: 5 * ad.Dollar}, nil)
	s.service.asker.(*ownersMarket).first = func(_ *openrtb.Outgoing, answers *ad.Answers) {
		bid := ownBid(own, s.snap.Creative(50), 2*ad.Dollar, true)
		bid.Member = 201
		refused := ownBid(own, s.snap.Creative(50), 2*ad.Dollar, true)
		refused.Reason = ad.CreativeUnapproved
		answers.Bids = append(answers.Bids, bid, refused)
	}
	a := s.serve(s.call(1001))
	if len(s.market.requests) != 1 || a.Slots[0].Result.ClearPrice != 5*ad.Dollar {
		t.Errorf("closed by a bid that may not: %+v", a.Slots[0].Result)
	}
}

func TestForeignSeatDoesNotRideAlong(t *testing.T) {
	s, own := owned(t, map[ad.BidderID]ad.CPM{1: 50 * ad.Dollar}, nil)
	s.service.asker.(*ownersMarket).first = func(_ *openrtb.Outgoing, answers *ad.Answers) {
		foreign := ownBid(own, s.snap.Creative(51), 9*ad.Dollar, true)
		foreign.Member = 201
		answers.Bids = append(answers.Bids, ownBid(own, s.snap.Creative(50), ad.Dollar/10, true), foreign)
	}
	slot := s.serve(s.call(1001)).Slots[0]
	if slot.Outcome != Sold || slot.Sale.Buyer != 100 || slot.Bids[1].Reason != ad.LowerPriority {
		t.Errorf("seat %d took the owner's impression; the other lost as %v", slot.Sale.Buyer, slot.Bids[1].Reason)
	}
}

func TestTakingInVainAsksEverybody(t *testing.T) {
	s, own := owned(t, nil, nil)
	s.market.prices, s.market.deal[2] = map[ad.BidderID]ad.CPM{2: ad.Dollar}, "D-1"
	s.service.asker.(*ownersMarket).first = func(_ *openrtb.Outgoing, answers *ad.Answers) {
		answers.Bids = append(answers.Bids, ownBid(own, s.snap.Creative(50), 9*ad.Dollar, true))
	}
	slot := s.serve(s.call(1004)).Slots[0] // not for resale without a deal
	if slot.Outcome != Sold || slot.Sale.Bidder != 2 {
		t.Errorf("%v to bidder %d", slot.Outcome, slot.Sale.Bidder)
	}
}

func TestOwnersReserveDoesNotLowerTheCallersFloor(t *testing.T) {
	s, _ := owned(t, map[ad.BidderID]ad.CPM{1: ad.Dollar}, func(_ *openrtb.Outgoing, answers *ad.Answers) {
		answers.Owner = append(answers.Owner, ad.OwnerTerms{HasReserve: true, Reserve: ad.Dollar / 2})
	})
	call := s.call(1001)
	call.Format, call.Impressions[0].Reserve = ad.TagOpenRTB, 2*ad.Dollar
	if slot := s.serve(call).Slots[0]; slot.Outcome == Sold {
		t.Errorf("sold at %v under the caller's 2", slot.Result.ClearPrice)
	}
}

func TestDebugAuctionsSaySo(t *testing.T) {
	var first *openrtb.Request
	s, _ := owned(t, nil, func(out *openrtb.Outgoing, _ *ad.Answers) {
		kept := *out.Request
		first = &kept
	})
	call := s.call(1001)
	call.Debug = true
	s.serve(call)
	var d openrtb.Decoder
	r, err := d.DecodeRequest(s.market.requests[0])
	if err != nil || r.Test != openrtb.Yes || string(r.Ext) != `{"curb":{"debug":1}}` {
		t.Errorf("bidders are told test %v, ext %s (%v)", r.Test, r.Ext, err)
	}
	if first.Test != openrtb.Yes || string(first.Ext) != `{"curb":{"owner_phase":1,"debug":1}}` {
		t.Errorf("the owner's bidder is told test %v, ext %s", first.Test, first.Ext)
	}
}

func TestOwnersBidderSetsReserveAndDefault(t *testing.T) {
	s, own := owned(t, map[ad.BidderID]ad.CPM{1: 3 * ad.Dollar}, nil)
	terms := ad.OwnerTerms{HasReserve: true, Reserve: 4 * ad.Dollar, Default: s.snap.Creative(51)}
	bids := []ad.Bid{}
	s.service.asker.(*ownersMarket).first = func(_ *openrtb.Outgoing, answers *ad.Answers) {
		answers.Owner, answers.Bids = append(answers.Owner, terms), append(answers.Bids, bids...)
	}
	a := s.serve(s.call(1001))
	if slot := a.Slots[0]; slot.Outcome != Default || slot.Creative.ID != 51 || slot.Bids[0].Reason != ad.BelowFloor || slot.Result.FloorSource != auction.FloorOwner {
		t.Errorf("under the owner's reserve: %v with %+v", slot.Outcome, slot.Bids)
	}
	for _, target := range s.market.targets {
		if target.Bidder == own {
			t.Error("the owner's bidder was asked twice")
		}
	}
	a.Release()
	if got := s.ear.of(3); !slices.Equal(got, []string{"default"}) {
		t.Errorf("the owner's bidder heard %v", got)
	}
	terms.Reserve = 0 // lowers the placement's own
	s.market.prices = map[ad.BidderID]ad.CPM{1: ad.Dollar / 5}
	a = s.serve(s.call(1001))
	if slot := a.Slots[0]; slot.Outcome != Sold {
		t.Errorf("a reserve of 0 keeps bids out: %+v", slot.Bids)
	}
	if err := a.Sell(t.Context(), &a.Slots[0]); err != nil {
		t.Fatal(err)
	}
	s.ear.heard = nil
	a.Release()
	if got := s.ear.of(3); !slices.Equal(got, []string{"sold"}) || s.ear.heard[1].Price != ad.Dollar/5 {
		t.Errorf("the owner's bidder heard %v", s.ear.heard)
	}
	// Right of first refusal: the owner's own bid is not held against the reserve.
	terms.Reserve, s.market.prices = 9*ad.Dollar, nil
	bids = append(bids, ownBid(own, s.snap.Creative(50), ad.Dollar/100, false))
	if slot := s.serve(s.call(1001)).Slots[0]; slot.Outcome != Sold || slot.Bid.Bidder != own {
		t.Errorf("the owner's own bid met its reserve: %v", slot.Outcome)
	}
}

func TestClosedGateAsksNobodyAtAll(t *testing.T) {
	s, _ := owned(t, nil, func(*openrtb.Outgoing, *ad.Answers) { t.Error("the owner's bidder was asked behind a closed gate") })
	w := &weather{}
	s.service.providers = w
	a := s.serve(s.call(1003))
	if w.asked != 0 {
		t.Error("data providers were asked for nobody")
	}
	if err := a.Sell(t.Context(), &a.Slots[0]); err != nil {
		t.Fatal(err)
	}
	a.Release()
	if got := s.ear.of(3); !slices.Equal(got, []string{"kept"}) {
		t.Errorf("the owner's bidder heard %v", got)
	}
}

func TestOwnersBidderHearsOfWhatWasPassedOn(t *testing.T) {
	for name, c := range map[string]struct {
		placement ad.PlacementID
		end       func(*shop, ad.SaleKey, *ad.Call)
		want      []string
	}{
		"sold": {1001, func(s *shop, key ad.SaleKey, call *ad.Call) {
			s.service.Accept(t.Context(), Acceptance{Key: key, Snapshot: s.snap, Now: call.Received})
		}, []string{"sold/post_pending"}},
		"kept": {1003, func(s *shop, key ad.SaleKey, call *ad.Call) {
			s.service.Accept(t.Context(), Acceptance{Key: key, Snapshot: s.snap, Now: call.Received})
		}, []string{"kept/post_pending"}},
		"declined": {1001, func(s *shop, key ad.SaleKey, _ *ad.Call) {
			p := s.till.pendings[key]
			s.service.Expired(s.snap, &p, ad.Declined)
		}, []string{"default/post_pending"}},
	} {
		s, _ := owned(t, map[ad.BidderID]ad.CPM{1: 3 * ad.Dollar}, func(*openrtb.Outgoing, *ad.Answers) {})
		call := s.call(c.placement)
		call.Format = ad.TagRedirect
		a := s.serve(call)
		if err := a.Promise(t.Context(), &a.Slots[0], []byte("<p>"), false); err != nil {
			t.Fatal(err)
		}
		key := a.Slots[0].Sale.SaleKey
		a.Release()
		c.end(s, key, call)
		if got := s.ear.of(3); !slices.Equal(got, c.want) {
			t.Errorf("%s: the owner's bidder heard %v", name, got)
		}
	}
}

func TestProvidersSpeakToThoseUnderContract(t *testing.T) {
	contents := inventory()
	contents.DataProviders = []ad.DataProvider{{Name: "weather", Endpoint: "https://weather.example/", Active: true, Bidders: []ad.BidderID{2}}}
	f := newFixtureOf(t, contents, nil)
	w := &weather{}
	f.service = New(Options{Asker: f.market, Providers: w})
	call := f.call(1001)
	a := f.serve(call)
	if w.asked != 1 || !w.personal || w.deadline.Before(call.Received.Add(ad.ProviderTimeout)) || w.deadline.After(time.Now().Add(ad.ProviderTimeout)) || len(a.Provided) != 1 {
		t.Errorf("%+v, provided %v", w, a.Provided)
	}
	for _, target := range f.market.targets {
		if got, want := len(target.Data), map[ad.BidderID]int{2: 1}[target.Bidder.ID]; got != want {
			t.Errorf("bidder %d sees %d providers, want %d", target.Bidder.ID, got, want)
		}
	}
	a.Release()
	call = f.call(1001)
	call.GPC = true
	if f.serve(call); w.personal {
		t.Error("providers may ask about a user who objects")
	}
}

package adcall

import (
	"context"
	"slices"
	"strings"
	"testing"
	"time"

	"curb/edge/ad"
	"curb/edge/openrtb"

	"github.com/google/go-cmp/cmp"
)

func TestNothingIsShownBeforeItsBillIsWritten(t *testing.T) {
	s := newShop(newFixture(t, map[ad.BidderID]ad.CPM{1: 3 * ad.Dollar, 2: 4 * ad.Dollar}))
	a := s.serve(s.call(1001))
	slot := &a.Slots[0]
	if len(s.till.bills) != 0 || slot.Sale.Net != 4*ad.Dollar || slot.Sale.Buyer != 202 || slot.Sale.Owner != 100 {
		t.Fatalf("before Sell: %d bills, sale %+v", len(s.till.bills), slot.Sale)
	}
	if err := a.Sell(t.Context(), slot); err != nil {
		t.Fatal(err)
	}
	if bill := s.till.bills[slot.Sale.SaleKey]; bill.Net != 4*ad.Dollar || bill.Terms.BidID != "b-1" {
		t.Errorf("the bill says %+v", bill)
	}
	if err := a.Sell(t.Context(), slot); err != nil || len(s.till.bills) != 1 {
		t.Errorf("sold twice: %v, %d bills", err, len(s.till.bills))
	}
	a.Release()
	if got := s.ear.of(2); !slices.Equal(got, []string{"won"}) {
		t.Errorf("the winner heard %v", got)
	}
	if got := s.ear.of(1); !slices.Equal(got, []string{"lost/outbid"}) {
		t.Errorf("the loser heard %v", got)
	}
}

func TestWhatCannotBeBilledIsNotSold(t *testing.T) {
	for name, book := range map[string]func(*Answer, *Slot) error{
		"sell":    func(a *Answer, s *Slot) error { return a.Sell(t.Context(), s) },
		"promise": func(a *Answer, s *Slot) error { return a.Promise(t.Context(), s, []byte("<p>"), false) },
	} {
		s := newShop(newFixture(t, map[ad.BidderID]ad.CPM{1: 3 * ad.Dollar}))
		s.till.fails = true
		a := s.serve(s.call(1001))
		slot := &a.Slots[0]
		if err := book(a, slot); err == nil {
			t.Errorf("%s: no error", name)
		}
		if slot.Outcome != Default || slot.Creative.ID != 99 || slot.Sale.Net != 0 || slot.Bids[0].Reason != ad.Unbillable {
			t.Errorf("%s: answered with %v, %+v", name, slot.Outcome, slot.Bids[0].Reason)
		}
		a.Release()
		if got := s.ear.of(1); !slices.Equal(got, []string{"lost/unbillable"}) {
			t.Errorf("%s: the bidder heard %v", name, got)
		}
	}
}

func TestCallsThatCountForNothing(t *testing.T) {
	for name, mark := range map[string]func(*ad.Call){"debug": func(c *ad.Call) { c.Debug = true }, "test": func(c *ad.Call) { c.Test = true }} {
		s := newShop(newFixture(t, map[ad.BidderID]ad.CPM{1: 3 * ad.Dollar}))
		s.till.room[1] = 1
		call := s.call(1003, 1001)
		mark(call)
		a := s.serve(call)
		for i := range a.Slots {
			if err := a.Sell(t.Context(), &a.Slots[i]); err != nil || a.Slots[i].Outcome != Sold {
				t.Errorf("%s: impression %d: %v, %v", name, i, a.Slots[i].Outcome, err)
			}
		}
		if traced := a.Slots[1].Trace != nil; traced != call.Debug {
			t.Errorf("%s: an account: %v", name, traced)
		}
		a.Release()
		if len(s.till.bills)+len(s.till.reserved)+len(s.ear.heard) != 0 || s.till.room[1] != 1 {
			t.Errorf("%s left traces: %+v, heard %v", name, s.till, s.ear.heard)
		}
	}
}

func TestPassedOnPricesComeBackOnce(t *testing.T) {
	s := newShop(newFixture(t, map[ad.BidderID]ad.CPM{1: 3 * ad.Dollar, 2: 4 * ad.Dollar}))
	call := s.call(1001)
	call.Format = ad.TagRedirect
	a := s.serve(call)
	slot := &a.Slots[0]
	if err := a.Promise(t.Context(), slot, []byte("<b>ad</b>"), false); err != nil {
		t.Fatal(err)
	}
	key := slot.Sale.SaleKey
	a.Release()
	if got := s.ear.of(2); !slices.Equal(got, []string{"pending"}) {
		t.Errorf("the winner heard %v", got)
	}
	p := s.till.pendings[key]
	if want := call.Received.Add(5 * time.Minute); !p.Expires.Equal(want) || p.Average != 3_500_000 {
		t.Errorf("pending until %v with average %v", p.Expires, p.Average)
	}
	for i := range 3 {
		got, err := s.service.Accept(t.Context(), Acceptance{Key: key, Snapshot: s.snap, Now: call.Received.Add(time.Minute)})
		if err != nil || got.Outcome != Served || string(got.Pending.Document) != "<b>ad</b>" || got.First != (i == 0) {
			t.Errorf("accept %d: %+v, %v", i, got, err)
		}
	}
	s.snap.Creative(2).BannedBy = []ad.PublisherID{1}
	if got, _ := s.service.Accept(t.Context(), Acceptance{Key: key, Snapshot: s.snap, Now: call.Received}); got.Outcome != Refused {
		t.Error("a creative that the publisher banned since is shown again")
	}
	if got := s.ear.of(2); !slices.Equal(got, []string{"pending", "won/post_pending"}) || s.ear.heard[len(s.ear.heard)-1].Price != 4*ad.Dollar {
		t.Errorf("the winner heard %v", got)
	}
}

func TestAcceptRefusesWhatIsOver(t *testing.T) {
	held := func() (*shop, ad.SaleKey, time.Time) {
		s := newShop(newFixture(t, map[ad.BidderID]ad.CPM{1: 3 * ad.Dollar}))
		call := s.call(1001)
		call.Format = ad.TagRedirect
		a := s.serve(call)
		if err := a.Promise(t.Context(), &a.Slots[0], []byte("<p>"), false); err != nil {
			t.Fatal(err)
		}
		return s, a.Slots[0].Sale.SaleKey, call.Received
	}
	for name, c := range map[string]struct {
		change func(*shop)
		after  time.Duration
		want   AcceptOutcome
	}{
		"expired":            {nil, 6 * time.Minute, Gone},
		"unknown":            {func(s *shop) { clear(s.till.pendings) }, 0, Gone},
		"banned since":       {func(s *shop) { s.snap.Creative(1).Banned = true }, 0, Refused},
		"rejected since":     {func(s *shop) { s.snap.Creative(1).Audit = ad.AuditRejected }, 0, Refused},
		"the disk is full":   {func(s *shop) { s.till.fails = true }, 0, Unbillable},
		"nothing in the way": {nil, time.Second, Served},
	} {
		s, key, at := held()
		if c.change != nil {
			c.change(s)
		}
		got, err := s.service.Accept(t.Context(), Acceptance{Key: key, Snapshot: s.snap, Now: at.Add(c.after)})
		if got.Outcome != c.want || (err != nil) != (c.want == Unbillable) || (got.Pending != nil) != (c.want == Served) {
			t.Errorf("%s: %+v, %v", name, got, err)
		}
	}
	s, key, _ := held()
	p := s.till.pendings[key]
	s.service.Expired(s.snap, &p, ad.Declined)
	if got := s.ear.of(1); !slices.Equal(got, []string{"lost/declined/post_pending"}) {
		t.Errorf("the bidder of an expired promise heard %v", got)
	}
}

func TestARefusedSaleIsClosedAndTold(t *testing.T) {
	s := newShop(newFixture(t, map[ad.BidderID]ad.CPM{1: 3 * ad.Dollar}))
	call := s.call(1001)
	call.Format = ad.TagRedirect
	a := s.serve(call)
	if err := a.Promise(t.Context(), &a.Slots[0], []byte("<p>"), false); err != nil {
		t.Fatal(err)
	}
	key := a.Slots[0].Sale.SaleKey
	a.Release()
	s.snap.Creative(1).Audit = ad.AuditRejected
	for _, want := range []AcceptOutcome{Refused, Gone} {
		if got, err := s.service.Accept(t.Context(), Acceptance{Key: key, Snapshot: s.snap, Now: call.Received}); err != nil || got.Outcome != want {
			t.Errorf("%+v, %v; want %v", got, err, want)
		}
	}
	if got := s.ear.of(1); !slices.Equal(got, []string{"pending", "lost/creative_invalid_unapproved/post_pending"}) {
		t.Errorf("the bidder heard %v", got)
	}
}

func TestAClientThatHasGoneIsNotBilled(t *testing.T) {
	for name, book := range map[string]func(context.Context, *Answer, *Slot) error{
		"sell":    func(ctx context.Context, a *Answer, s *Slot) error { return a.Sell(ctx, s) },
		"promise": func(ctx context.Context, a *Answer, s *Slot) error { return a.Promise(ctx, s, nil, false) },
	} {
		s := newShop(newFixture(t, nil))
		s.till.room[1] = 1
		a := s.serve(s.call(1003))
		ctx, cancel := context.WithCancel(t.Context())
		cancel()
		if err := book(ctx, a, &a.Slots[0]); err == nil || a.Slots[0].Outcome == Sold || a.Slots[0].Bids[0].Reason != ad.Cancelled {
			t.Errorf("%s: %v, %v", name, err, a.Slots[0].Outcome)
		}
		a.Release()
		if s.till.room[1] != 1 || len(s.till.bills)+len(s.till.pendings) != 0 {
			t.Errorf("%s: it took budget: %+v", name, s.till)
		}
	}
}

func TestWithdrawnWinnersLeaveTheFallback(t *testing.T) {
	s := newShop(newFixture(t, nil))
	s.till.room[1] = 1
	a := s.serve(s.call(1003))
	slot := &a.Slots[0]
	if slot.Outcome != Sold || s.till.room[1] != 0 {
		t.Fatalf("%v, room %d", slot.Outcome, s.till.room[1])
	}
	a.Withdraw(slot, ad.CreativeFormat)
	if slot.Outcome != PSA || slot.Bid != nil || s.till.room[1] != 1 || slot.Bids[0].Reason != ad.CreativeFormat {
		t.Errorf("%v, room %d", slot.Outcome, s.till.room[1])
	}
	forgotten := s.serve(s.call(1003)) // a client that left before its ad was booked
	forgotten.Release()
	if s.till.room[1] != 1 {
		t.Errorf("what was never booked holds its place: room %d", s.till.room[1])
	}
}

// TestBiddingPriority is the worked example of priorities: reselling priority 6, every line item may serve once.
func TestBiddingPriority(t *testing.T) {
	contents := inventory()
	contents.LineItems = nil
	for i, c := range []struct {
		priority uint8
		price    ad.CPM
	}{{10, 5 * ad.Dollar}, {10, ad.Dollar}, {4, 4 * ad.Dollar}, {5, 2 * ad.Dollar}} {
		contents.LineItems = append(contents.LineItems, ad.LineItem{ID: ad.LineItemID(i + 1), Name: "C" + string(rune('1'+i)), Member: 100, Active: true,
			Priority: c.priority, Price: c.price, Creatives: []ad.CreativeID{50}, Placements: []ad.PlacementID{1003}})
	}
	s := newShop(newFixtureOf(t, contents, nil))
	for id := range ad.LineItemID(4) {
		s.till.room[id+1] = 1
	}
	var order []string
	for range 6 {
		if len(order) == 2 { // C5 bids 10 for the third impression and has no budget for more
			s.market.prices = map[ad.BidderID]ad.CPM{1: 10 * ad.Dollar}
		} else {
			s.market.prices = nil
		}
		call := s.call(1003)
		call.ID[0] = byte(len(order))
		a := s.serve(call)
		slot := &a.Slots[0]
		if slot.Outcome != Sold {
			break
		}
		if err := a.Sell(t.Context(), slot); err != nil {
			t.Fatal(err)
		}
		name := "C5"
		if slot.Bid.LineItem != nil {
			name = slot.Bid.LineItem.Name
		}
		order = append(order, name)
		a.Release()
	}
	if want := []string{"C1", "C2", "C5", "C4", "C3"}; !slices.Equal(order, want) {
		t.Errorf("order %v, want %v", order, want)
	}
}

func TestALineItemThatLosesItsRoomLosesTheAuction(t *testing.T) {
	contents := inventory()
	contents.LineItems[0].Priority = 5
	contents.LineItems = append(contents.LineItems, ad.LineItem{ID: 3, Name: "next", Member: 100, Active: true, Priority: 9, Price: ad.Dollar,
		Creatives: []ad.CreativeID{51}, Placements: []ad.PlacementID{1003}})
	s := newShop(newFixtureOf(t, contents, map[ad.BidderID]ad.CPM{1: 50 * ad.Dollar}))
	s.till.room[3], s.till.raced[3] = 0, true
	a := s.serve(s.call(1003))
	slot := &a.Slots[0]
	if slot.Outcome != Sold || slot.Bid.Bidder == nil || len(s.market.requests) != 1 {
		t.Errorf("the gate stayed closed for a line item without room: %+v", slot.Result)
	}
	for _, b := range slot.Bids {
		if b.LineItem != nil && b.LineItem.ID == 3 && b.Reason != ad.BudgetExhausted {
			t.Errorf("it lost as %v", b.Reason)
		}
	}
	if len(s.till.reserved) != 0 {
		t.Errorf("left reserved: %v", s.till.reserved)
	}
}

func TestEstimateByHandOutranksTheLearnt(t *testing.T) {
	s := newShop(newFixture(t, nil))
	p, size := *s.snap.Placement(1001), ad.Size{W: 300, H: 250}
	s.till.learnt = ad.EstimatedClear{Clear: 2 * ad.Dollar}
	if got := s.service.Estimate(&p, size); got.Clear != 0 {
		t.Errorf("an estimate without data counts: %v", got)
	}
	s.till.learnt.Verified = true
	if got := s.service.Estimate(&p, size); got.Clear != 2*ad.Dollar {
		t.Errorf("learnt: %v", got)
	}
	p.Estimates = []ad.EstimatedClear{{Clear: 4 * ad.Dollar}}
	if got := s.service.Estimate(&p, size); got.Clear != 4*ad.Dollar {
		t.Errorf("by hand: %v", got)
	}
}

func TestUsersAreKnownByKeysOnly(t *testing.T) {
	s := newShop(newFixture(t, nil))
	key := func(change func(*ad.Call), received *openrtb.Request) ad.UserKey {
		call := s.call(1001)
		change(call)
		s.service.Serve(t.Context(), Incoming{Call: call, Received: received, Snapshot: s.snap}).Release()
		return call.User
	}
	reader := key(func(c *ad.Call) { c.ExternalUID = "reader-7" }, nil)
	if reader == (ad.UserKey{}) || strings.Contains(string(reader[:]), "reader") {
		t.Errorf("key %x", reader)
	}
	same := key(func(*ad.Call) {}, &openrtb.Request{Imp: []openrtb.Imp{{ID: "1"}}, User: &openrtb.User{ID: "reader-7"}})
	if same != reader {
		t.Error("one id of one publisher gives two keys")
	}
	for name, change := range map[string]func(*ad.Call){
		"use_cookies=0": func(c *ad.Call) { c.NoUser = true }, "gpc": func(c *ad.Call) { c.GPC = true }, "gdpr": func(c *ad.Call) { c.GDPR = 1 },
	} {
		if got := key(func(c *ad.Call) { c.ExternalUID = "reader-7"; change(c) }, nil); got != (ad.UserKey{}) {
			t.Errorf("%s: the user is known", name)
		}
	}
	if diff := cmp.Diff(ad.UserKey{}, key(func(*ad.Call) {}, nil)); diff != "" {
		t.Error(diff)
	}
}

package adcall

import (
	"context"
	"fmt"
	"testing"

	"curb/edge/ad"
	"curb/edge/catalog"
	"curb/edge/openrtb"
)

func TestBlocksHoldForTheOwnersDemandToo(t *testing.T) {
	contents := inventory()
	contents.Publishers[0].BlockedCategories = []string{"IAB25"}
	contents.Creatives[2].Categories = []string{"IAB25-3"} // of line item "house"
	contents.Creatives[3].Attributes = []uint8{13}
	f := newFixtureOf(t, contents, map[ad.BidderID]ad.CPM{1: ad.Dollar})
	call := f.call(1003)
	received := &openrtb.Request{ID: "r", Imp: []openrtb.Imp{{ID: "1", Banner: &openrtb.Banner{BAttr: []int{13}}}}}
	a := f.service.Serve(t.Context(), Incoming{Call: call, Received: received, Snapshot: f.snap})
	if s := a.Slots[0]; s.Bid == nil || s.Bid.Kind != ad.RTB {
		t.Errorf("a line item without an allowed creative kept the impression: %+v", s.Result)
	}
	for _, b := range a.Slots[0].Bids {
		if b.Kind == ad.Managed && b.Reason != ad.AttributeBlocked && b.Reason != ad.CategoryBlocked {
			t.Errorf("the line item's reason is %v", b.Reason)
		}
	}
	var d openrtb.Decoder
	r, err := d.DecodeRequest(f.market.requests[0])
	if err != nil || len(r.Imp[0].Banner.BAttr) != 1 || r.Imp[0].Banner.BAttr[0] != 13 || r.BCat[0] != "IAB25" {
		t.Errorf("bidders are told %+v, %v", r, err)
	}
}

func TestLongBlockListsAreCutOnTheWireOnly(t *testing.T) {
	contents := inventory()
	for i := range 70 {
		contents.Publishers[0].BlockedAdvertisers = append(contents.Publishers[0].BlockedAdvertisers, fmt.Sprintf("p%d.example", i))
	}
	f := newFixtureOf(t, contents, nil)
	call := f.call(1001)
	received := &openrtb.Request{ID: "r", Imp: []openrtb.Imp{{ID: "1"}}, BAdv: []string{"callers.example"}}
	f.service.Serve(t.Context(), Incoming{Call: call, Received: received, Snapshot: f.snap})
	if !call.Blocks.Advertiser("www.callers.example") || len(call.Blocks.Advertisers) != 71 {
		t.Errorf("the caller's block is lost among %d", len(call.Blocks.Advertisers))
	}
	var d openrtb.Decoder
	if r, err := d.DecodeRequest(f.market.requests[0]); err != nil || len(r.BAdv) != advertisersSent {
		t.Errorf("%d blocks went out, %v", len(r.BAdv), err)
	}
}

func TestDefaultCreativeSetsTheReserveOfItsSizeWhereItWouldServe(t *testing.T) {
	big, small := ad.Size{W: 300, H: 600}, ad.Size{W: 300, H: 250}
	contents := inventory()
	p := &contents.Placements[0]
	p.Reserve, p.Sizes = 0, []ad.Size{big, small}
	p.Defaults = []ad.DefaultCreative{{Size: big, Creative: 98, Price: 9 * ad.Dollar}, {Size: small, Creative: 99, Price: 2 * ad.Dollar}}
	house := contents.Creatives[4]
	house.ID, house.Size = 98, big
	contents.Creatives = append(contents.Creatives, house)
	f := newFixtureOf(t, contents, map[ad.BidderID]ad.CPM{1: 3 * ad.Dollar}) // bids 300x250
	if s := f.serve(f.call(1001)).Slots[0]; s.Outcome != Sold || s.Result.Floor != 2*ad.Dollar {
		t.Errorf("a bid of 3.00 against the 300x250 default at 2.00 ends %v, floor %v", s.Outcome, s.Result.Floor)
	}
	f.market.prices[1] = ad.Dollar
	if s := f.serve(f.call(1001)).Slots[0]; s.Outcome != Default {
		t.Errorf("a bid under its size's default ends %v", s.Outcome)
	}
	f.snap.Creative(99).Secure = false
	if s := f.serve(f.call(1001)).Slots[0]; s.Outcome != Sold {
		t.Errorf("a default that cannot serve still sets the reserve: %v", s.Outcome)
	}
	call := f.call(1001)
	call.Format = ad.TagOpenRTB
	if s := f.serve(call).Slots[0]; s.Outcome != Sold || s.Result.Floor != 0 {
		t.Errorf("over OpenRTB the default sets the reserve: %v, %v", s.Outcome, s.Result.Floor)
	}
}

func TestNobodyIsAlwaysPassedOver(t *testing.T) {
	contents := inventory()
	for id := ad.BidderID(10); id < 10+ad.BiddersMax; id++ {
		contents.Bidders = append(contents.Bidders, ad.Bidder{ID: id, Name: fmt.Sprint("b", id), Active: true, Endpoint: "https://b.example/", Members: []ad.MemberID{201}})
	}
	f := newFixtureOf(t, contents, nil)
	seen := map[ad.BidderID]bool{}
	for turn := range byte(70) {
		call := f.call(1001)
		call.ID = ad.AuctionID{8: turn}
		a := f.serve(call)
		passed := 0
		for _, asked := range a.Asked {
			if asked.Reason == ad.NotAsked {
				passed++
			}
		}
		if len(f.market.targets) != ad.BiddersMax || passed != len(contents.Bidders)-ad.BiddersMax || len(a.Asked) != len(contents.Bidders) {
			t.Fatalf("asked %d, passed over %d of %d", len(f.market.targets), passed, len(contents.Bidders))
		}
		for _, target := range f.market.targets {
			seen[target.Bidder.ID] = true
		}
		a.Release()
	}
	if len(seen) != len(contents.Bidders) {
		t.Errorf("%d of %d bidders had a turn", len(seen), len(contents.Bidders))
	}
}

func TestPrivateAuctionAndSeats(t *testing.T) {
	f := newFixture(t, map[ad.BidderID]ad.CPM{1: 3 * ad.Dollar})
	call := f.call(1001)
	call.Impressions[0].PrivateAuction = true
	if a := f.serve(call); len(f.market.requests) != 0 || a.Slots[0].Outcome != Default {
		t.Errorf("a private auction without deals ends %v after %d requests", a.Slots[0].Outcome, len(f.market.requests))
	}
	call = f.call(1003)
	call.SeatsBlocked = []ad.MemberID{100}
	if s := f.serve(call).Slots[0]; s.Bid == nil || s.Bid.Kind != ad.RTB {
		t.Errorf("a blocked seat's line item took the impression: %+v", s.Bid)
	}
}

// stray bids for an impression that was not on offer.
type stray struct{}

func (stray) Ask(_ context.Context, snap *catalog.Snapshot, _ *openrtb.Outgoing, answers *ad.Answers) {
	answers.Bids = append(answers.Bids, ad.Bid{ID: "x", Impression: -1, Bidder: snap.Bidder(1), Reason: ad.ImpUnknown})
}

func TestStrayBidsAreKeptWithTheirReason(t *testing.T) {
	f := newFixture(t, nil)
	f.service = New(Options{Asker: stray{}})
	a := f.serve(f.call(1001))
	if len(a.Unplaced) != 1 || a.Unplaced[0].Reason != ad.ImpUnknown || len(a.Slots[0].Bids) != 0 {
		t.Errorf("unplaced %+v", a.Unplaced)
	}
	a.Release()
	if a = f.serve(f.call(1001)); len(a.Unplaced) != 1 {
		t.Errorf("%d unplaced bids in the second call", len(a.Unplaced))
	}
}

func TestPageFallsBackToTheSites(t *testing.T) {
	contents := inventory()
	contents.Sites[0].Page = "https://news.example/"
	f := newFixtureOf(t, contents, nil)
	call := f.call(1001)
	call.Page = ""
	f.serve(call)
	var d openrtb.Decoder
	if r, err := d.DecodeRequest(f.market.requests[0]); err != nil || r.Site.Page != "https://news.example/" {
		t.Errorf("site %+v, %v", r.Site, err)
	}
}

func TestAuditedContentServesUnlessTheCreativeIsDynamic(t *testing.T) {
	for _, dynamic := range []bool{false, true} {
		b := ad.Bid{Markup: "<p>mine", Creative: &ad.Creative{Content: "<p>audited", Dynamic: dynamic}}
		if approved(&b); (b.Markup != "") != dynamic {
			t.Errorf("dynamic %v: markup %q", dynamic, b.Markup)
		}
	}
}

func TestCallersPrivateAuctionListsItsDeals(t *testing.T) {
	for _, listed := range []string{"D-1", "D-other"} {
		f := newFixture(t, nil)
		call := f.call(1004)
		call.Impressions[0].PrivateAuction = true
		received := &openrtb.Request{ID: "r", Imp: []openrtb.Imp{{ID: "1", PMP: &openrtb.PMP{Deals: []openrtb.Deal{{ID: listed}}}}}}
		f.service.Serve(t.Context(), Incoming{Call: call, Received: received, Snapshot: f.snap})
		if asked := len(f.market.requests) == 1; asked != (listed == "D-1") {
			t.Errorf("with %s listed, a bidder was asked: %v", listed, asked)
		}
	}
}

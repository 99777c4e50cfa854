package bidder

import (
	"math/rand/v2"
	"slices"
	"testing"

	"github.com/google/go-cmp/cmp"

	"curb/edge/ad"
	seller "curb/edge/auction"
	"curb/edge/catalog"
	"curb/edge/openrtb"
)

// told is the request that a market of one bidder receives.
func told(t *testing.T, change func(*catalog.Contents), ask func(*catalog.Snapshot, *openrtb.Outgoing)) *openrtb.Request {
	t.Helper()
	_, _, body := sentTo(t, change, ask)
	var decoder openrtb.Decoder
	r, err := decoder.DecodeRequest(body)
	if err != nil {
		t.Fatal(err)
	}
	return r
}

// TestFloorsAreWhatTheBuyerMustBid: with the bidder's fee, and the largest among the seats that can use them.
func TestFloorsAreWhatTheBuyerMustBid(t *testing.T) {
	r := told(t, func(c *catalog.Contents) {
		c.Bidders[0].BidderFee = 100_000
		c.Members[1].PlatformFee = 50_000
		c.Members = append(c.Members, ad.Member{ID: 301, Active: true, PlatformFee: 200_000}, ad.Member{ID: 302, PlatformFee: 900_000})
		c.Bidders[0].Members = append(c.Bidders[0].Members, 301, 302)
		c.Deals = []ad.Deal{{ID: "all", Active: true, HasAsk: true, Ask: 3_600_000}, {ID: "one", Active: true, HasAsk: true, Ask: 1_710_000, Fixed: true, Members: []ad.MemberID{firstMember, 302}},
			{ID: "usual", Active: true}, {ID: "nobody", Active: true, Members: []ad.MemberID{302}}}
	}, func(s *catalog.Snapshot, out *openrtb.Outgoing) {
		out.Request.Imp[0].BidFloor = 720_000
		out.Targets[0].Deals = [][]*ad.Deal{{s.Deal("all"), s.Deal("one"), s.Deal("usual"), s.Deal("nobody")}}
	})
	if imp := &r.Imp[0]; imp.BidFloor != ad.Dollar || imp.BidFloorCur != "USD" || !slices.Equal(r.WSeat, []string{"201", "301"}) {
		t.Errorf("floor %v %s, seats %v", imp.BidFloor, imp.BidFloorCur, r.WSeat)
	}
	want := []openrtb.Deal{
		{ID: "all", BidFloor: 5 * ad.Dollar, BidFloorCur: "USD", AT: 1},
		{ID: "one", BidFloor: 2 * ad.Dollar, BidFloorCur: "USD", AT: 3, WSeat: []string{"201"}},
		{ID: "usual", BidFloor: ad.Dollar, BidFloorCur: "USD", AT: 1},
	}
	if diff := cmp.Diff(want, r.Imp[0].PMP.Deals); diff != "" {
		t.Error(diff)
	}
}

// TestABidOfTheFloorPasses: whatever the fees, a bid of exactly the floor that a bidder is told reaches the floor of the
// auction, and one of a micro less than needed does not with equal fees.
func TestABidOfTheFloorPasses(t *testing.T) {
	random := rand.New(rand.NewPCG(1, 2))
	for range 20_000 {
		f := fees{ad.Share(random.Int64N(400_000)), ad.Share(random.Int64N(400_000))}
		net := ad.CPM(1 + random.Int64N(int64(400*ad.Dollar)>>random.IntN(28)))
		gross := f.gross(net)
		bids := []ad.Bid{{ID: "b", Kind: ad.RTB, Price: gross, Rate: ad.RateOne, BidderFee: f.bidder, PlatformFee: f.platform}}
		if after := f.platform.Less(f.bidder.Less(gross)); after < net {
			t.Fatalf("%+v: %v leaves %v of %v", f, gross, after, net)
		}
		if after := f.platform.Less(f.bidder.Less(gross - 1)); after >= net {
			t.Fatalf("%+v: %v would do for %v, told %v", f, gross-1, net, gross)
		}
		if gross <= ad.CPMMax { // what is above counts as that much
			judged(t, net, bids)
		}
	}
}

// judged holds the bid against the floor in the auction itself.
func judged(t *testing.T, floor ad.CPM, bids []ad.Bid) {
	t.Helper()
	var scratch seller.Scratch
	if seller.Run(&seller.Setting{Floor: seller.Applied{Price: floor}}, bids, &scratch); bids[0].Reason != ad.Won {
		t.Fatalf("a bid of %v at a floor of %v: %v", bids[0].Price, floor, bids[0].Reason)
	}
}

// TestPrivateImpressions: whoever has no deal on one does not hear of it, and is not asked if that leaves nothing.
func TestPrivateImpressions(t *testing.T) {
	for name, private := range map[string]func(*catalog.Contents, *ad.Call){
		"caller's word": func(_ *catalog.Contents, c *ad.Call) {
			if c != nil {
				c.Impressions[0].PrivateAuction = true
			}
		},
		"no resale": func(c *catalog.Contents, _ *ad.Call) {
			if c != nil {
				c.Placements[0].NoResale = true
			}
		},
	} {
		change := func(c *catalog.Contents) {
			private(c, nil)
			p := c.Placements[0]
			p.ID, p.NoResale = 1002, false
			c.Placements = append(c.Placements, p)
			c.Deals = []ad.Deal{{ID: "d", Active: true}}
		}
		second := func(s *catalog.Snapshot, out *openrtb.Outgoing) {
			imp := out.Call.Impressions[0]
			imp.ID, imp.Placement = "2", s.Placement(1002)
			out.Call.Impressions = append(out.Call.Impressions, imp)
			out.Request.Imp = append(out.Request.Imp, openrtb.Imp{ID: "2", BidFloor: 5, BidFloorCur: "USD"})
			private(nil, out.Call)
		}
		r := told(t, change, second)
		if len(r.Imp) != 1 || r.Imp[0].ID != "2" || r.Imp[0].PMP != nil {
			t.Errorf("%s, no deal: %+v", name, r.Imp)
		}
		r = told(t, change, func(s *catalog.Snapshot, out *openrtb.Outgoing) {
			second(s, out)
			out.Targets[0].Deals = [][]*ad.Deal{{s.Deal("d")}, nil}
		})
		if len(r.Imp) != 2 || r.Imp[0].PMP.PrivateAuction != openrtb.Yes || len(r.Imp[0].PMP.Deals) != 1 || r.Imp[1].PMP != nil {
			t.Errorf("%s, a deal: %+v", name, r.Imp)
		}
	}
}

// TestNothingOnOffer: a bidder that could not buy anything is not asked, and pays nothing for it.
func TestNothingOnOffer(t *testing.T) {
	for name, change := range map[string]func(*ad.Call){
		"deals only":          func(c *ad.Call) { c.PreventRTB = true },
		"private impression":  func(c *ad.Call) { c.Impressions[0].PrivateAuction = true },
		"other seats only":    func(c *ad.Call) { c.Seats = []ad.MemberID{100} },
		"its seat is blocked": func(c *ad.Call) { c.SeatsBlocked = []ad.MemberID{firstMember} },
	} {
		m := newMarket(t, func(c *catalog.Contents) { c.Bidders[0].QPSMax = 1 }, "http://"+listen(t, nil, bids(0)))
		f := newFanout(t, nil)
		for range 3 {
			out := outgoing(m.snap, plenty)
			change(out.Call)
			var a ad.Answers
			f.Ask(t.Context(), m.snap, out, &a)
			a.Free()
			if got := a.Asked[0].Reason; got != ad.NotAsked {
				t.Errorf("%s: %v", name, got)
			}
		}
		if got := askAll(t, f, m, plenty).Asked[0].Reason; got != ad.Undecided || f.Stats()[0].Dials != 1 {
			t.Errorf("%s: afterwards %v", name, got)
		}
	}
}

func TestCurrenciesAndPrivateSizes(t *testing.T) {
	r := told(t, func(c *catalog.Contents) {
		c.Bidders[0].Currencies = []ad.Currency{{'E', 'U', 'R'}, ad.USD}
		c.Deals = []ad.Deal{{ID: "d", Active: true}}
	}, func(s *catalog.Snapshot, out *openrtb.Outgoing) {
		out.Call.Impressions[0].PrivateSizes = []ad.Size{{W: 300, H: 600}, {W: 970, H: 250}}
		second := out.Call.Impressions[0]
		second.ID, second.PrivateSizes = "2", nil
		out.Call.Impressions = append(out.Call.Impressions, second)
		out.Request.Imp = append(out.Request.Imp, openrtb.Imp{ID: "2"})
		out.Targets[0].Deals = [][]*ad.Deal{{s.Deal("d")}, {s.Deal("d")}}
	})
	if !slices.Equal(r.Cur, []string{"EUR", "USD"}) {
		t.Errorf("cur %v", r.Cur)
	}
	if ext := string(r.Imp[0].PMP.Deals[0].Ext); ext != `{"curb":{"sizes":["300x600","970x250"]}}` || r.Imp[1].PMP.Deals[0].Ext != nil || r.Imp[1].BidFloorCur != "" {
		t.Errorf("ext %s, second %+v", ext, r.Imp[1])
	}
}

// TestOfferingAllocatesNothing once its buffers have their size.
func TestOfferingAllocatesNothing(t *testing.T) {
	contents := contents("https://bidder.example/bid")
	contents.Deals = []ad.Deal{{ID: "d", Active: true, Members: []ad.MemberID{firstMember}, HasAsk: true, Ask: ad.Dollar}}
	contents.Bidders[0].Currencies = []ad.Currency{{'E', 'U', 'R'}}
	snap := snapshot(t, contents)
	f := newFanout(t, nil)
	out := outgoing(snap, plenty)
	out.Call.Impressions[0].PrivateSizes, out.Call.Impressions[0].PrivateAuction = []ad.Size{{W: 300, H: 600}}, true
	out.Targets[0].Deals = [][]*ad.Deal{{snap.Deal("d")}}
	out.Targets[0].Data = []ad.Provided{{Provider: &ad.DataProvider{Name: "weather"}, Segments: []ad.Segment{{Code: "sunny", Value: 123_456}, {Code: "warm"}}}}
	a := newAsk(f)
	a.positions = []int{0}
	l := f.lines(snap).lines[firstBidder]
	a.template.Encode(out.Request)
	dst := make([]byte, 0, 8<<10)
	if n := testing.AllocsPerRun(100, func() {
		a.own.begin(snap, out.Call, a.positions)
		if !a.offer(l, snap, out, &out.Targets[0]) {
			t.Fatal("nothing on offer")
		}
		dst = a.template.Append(dst[:0], &a.own.splice)
	}); n != 0 {
		t.Errorf("%v allocations", n)
	}
}

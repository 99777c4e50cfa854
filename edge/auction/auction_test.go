package auction

import (
	"strings"
	"testing"
	"unicode"

	"curb/edge/ad"
)

func TestBidsPastTheLimitAreNotLookedAt(t *testing.T) {
	for _, n := range []int{ad.AuctionBidsMax, ad.AuctionBidsMax + 1} {
		bids := make([]ad.Bid, n)
		for i := range bids {
			bids[i] = ad.Bid{Member: ad.MemberID(i), Price: ad.Dollar + ad.CPM(i)*ad.Cent}
		}
		r := Run(&Setting{}, bids, &Scratch{})
		if r.Winner != ad.AuctionBidsMax-1 || r.Eligible != ad.AuctionBidsMax {
			t.Errorf("%d bids: %d won of %d eligible, want the last within the limit", n, r.Winner, r.Eligible)
		}
		dropped := 0
		for i := range bids {
			if bids[i].Reason == ad.TooManyBids {
				dropped++
			}
		}
		if dropped != n-ad.AuctionBidsMax {
			t.Errorf("%d bids: %d dropped as too many, want %d", n, dropped, n-ad.AuctionBidsMax)
		}
	}
}

func TestNoBids(t *testing.T) {
	r := Run(&Setting{Floor: Applied{Price: ad.Dollar, Source: FloorRuled}}, nil, &Scratch{})
	want := Result{Winner: -1, Floor: ad.Dollar, FloorSource: FloorRuled}
	if r != want {
		t.Errorf("%+v, want %+v", r, want)
	}
}

// A scratch carries nothing from one auction to the next.
func TestScratchIsReused(t *testing.T) {
	var scratch Scratch
	big := []ad.Bid{rtbBid("A", 5*ad.Dollar), rtbBid("B", 5*ad.Dollar), rtbBid("C", ad.Dollar)}
	Run(&Setting{ResellingPriority: 1}, big, &scratch)
	small := []ad.Bid{rtbBid("D", ad.Dollar), rtbBid("E", 2*ad.Dollar)}
	small[1].Reason = ad.Excluded
	if r := Run(&Setting{}, small, &scratch); r.Winner != 0 || r.ClearPrice != ad.Dollar || r.Shielded != 0 {
		t.Errorf("%+v after another auction in the same scratch", r)
	}
	if j := scratch.Judged(1); j != (Judged{}) {
		t.Errorf("the refused bid is judged %+v, want nothing", j)
	}
	if j := scratch.Judged(0); j != (Judged{Stage: Open, Entered: true, Gross: ad.Dollar, Net: ad.Dollar, Rank: ad.Dollar}) {
		t.Errorf("the winner is judged %+v", j)
	}
}

func TestEveryPrioritisedLoserKnowsItsStage(t *testing.T) {
	s := &sale{Setting{ResellingPriority: 6}, []ad.Bid{managedBid("A", 6, ad.Dollar), managedBid("BB", 2, ad.Dollar), rtbBid("R", 9*ad.Dollar)}}
	h := s.hold()
	for i, entered := range []bool{true, false, false} {
		if j := h.Judged[i]; j.Stage != Gate || j.Entered != entered {
			t.Errorf("%s was decided at %v, entered %v", h.Bids[i].ID, j.Stage, j.Entered)
		}
	}
}

func TestGateClosedChangesNoReason(t *testing.T) {
	bids := []ad.Bid{managedBid("A", 9, ad.Dollar), rtbBid("R", 0), managedBid("CC", 9, 0)}
	if !GateClosed(&Setting{ResellingPriority: 9}, bids) {
		t.Error("a managed bid at the reselling priority leaves the gate open")
	}
	for _, b := range bids {
		if b.Reason != ad.Undecided {
			t.Errorf("%s left with %v", b.ID, b.Reason)
		}
	}
	if GateClosed(&Setting{}, bids) {
		t.Error("without a reselling priority the gate is closed")
	}
}

func TestFloor(t *testing.T) {
	rule := &FloorRule{Price: 3, Soft: 9}
	open := &FloorRule{Price: 3, Soft: 9, Override: true}
	cases := []struct {
		name     string
		reserves Reserves
		want     Applied
	}{
		{"nothing", Reserves{}, Applied{}},
		{"placement", Reserves{Placement: 1, Soft: 7}, Applied{1, 7, FloorPlacement}},
		{"default creative over placement", Reserves{Placement: 5, Default: 2, Soft: 7}, Applied{2, 7, FloorDefaultCreative}},
		{"rule over default creative", Reserves{Placement: 5, Default: 5, Soft: 7, Rule: rule}, Applied{3, 9, FloorRuled}},
		{"rule of zero", Reserves{Placement: 5, Default: 5, Soft: 7, Rule: &FloorRule{}}, Applied{0, 0, FloorRuled}},
		{"native asset over rule", Reserves{NativeAsset: 1, Rule: rule, Soft: 7}, Applied{1, 9, FloorNativeAsset}},
		{"native asset alone", Reserves{NativeAsset: 1, Placement: 5, Soft: 7}, Applied{1, 7, FloorNativeAsset}},
		{"call over placement", Reserves{Placement: 5, Call: 1}, Applied{1, 0, FloorCall}},
		{"call over default creative", Reserves{Default: 5, Call: 1}, Applied{1, 0, FloorCall}},
		{"call over nothing", Reserves{Call: 1}, Applied{1, 0, FloorCall}},
		{"call only raising, lower", Reserves{Placement: 5, Call: 4, RaiseOnly: true}, Applied{5, 0, FloorPlacement}},
		{"call only raising, equal", Reserves{Placement: 5, Call: 5, RaiseOnly: true}, Applied{5, 0, FloorPlacement}},
		{"call only raising, greater", Reserves{Placement: 5, Call: 6, RaiseOnly: true}, Applied{6, 0, FloorCall}},
		{"call and a rule", Reserves{Rule: rule, Call: 8}, Applied{3, 9, FloorRuled}},
		{"call and an open rule, greater", Reserves{Rule: open, Call: 8}, Applied{8, 9, FloorCall}},
		{"call and an open rule, equal", Reserves{Rule: open, Call: 3}, Applied{3, 9, FloorRuled}},
		{"call and an open rule, lower", Reserves{Rule: open, Call: 2}, Applied{3, 9, FloorRuled}},
		{"call and a native asset", Reserves{NativeAsset: 1, Rule: open, Call: 8}, Applied{1, 9, FloorNativeAsset}},
	}
	for _, c := range cases {
		if got := Floor(&c.reserves); got != c.want {
			t.Errorf("%s: %+v, want %+v", c.name, got, c.want)
		}
	}
}

// What the winner pays, on every scale: net, to the platform, and as the bidder sees it.
func TestSettle(t *testing.T) {
	eur := ad.Currency{'E', 'U', 'R'}
	fees := ad.Bid{Price: 6 * ad.Dollar, BidderFee: 100_000, PlatformFee: 50_000}
	odd := ad.Bid{Price: 3_333_333, Currency: eur, Rate: 1_083_333_333_333, BidderFee: 123_456, PlatformFee: 77_777}
	capped := ad.Bid{Price: 1500 * ad.Dollar, Currency: eur, Rate: 1_083_000_000_000, BidderFee: 100_000}
	cases := []struct {
		name                   string
		bid                    ad.Bid
		rule                   ad.PriceRule
		other                  ad.CPM
		clear, buyerPays, paid ad.CPM
	}{
		{"own bid with fees", fees, ad.FirstPrice, 1, 5_130_000, 5_400_000, 6_000_000},
		{"reduced, with fees", fees, ad.SecondPrice, 4_512_500, 4_522_500, 4_760_527, 5_289_475},
		{"own bid in euros with odd fees", odd, ad.FirstPrice, 1, 2_919_108, 3_165_296, 3_333_333},
		{"reduced by one micro", odd, ad.SecondPrice, 2_919_107 - ad.Cent, 2_919_107, 3_165_295, 3_333_330},
		{"capped in euros with a fee", capped, ad.FirstPrice, 1, 899_100_000, 899_100_000, 922_437_673},
	}
	for _, c := range cases {
		bids := []ad.Bid{c.bid, {ID: "other", Member: 1, Price: c.other}}
		r := Run(&Setting{PriceRule: c.rule}, bids, &Scratch{})
		if r.ClearPrice != c.clear || r.BuyerPays != c.buyerPays || r.Paid != c.paid {
			t.Errorf("%s: clears at %v, buyer pays %v, paid %v; want %v, %v, %v", c.name, r.ClearPrice, r.BuyerPays, r.Paid, c.clear, c.buyerPays, c.paid)
		}
		if r.Winner != 0 || r.Second != c.other || r.PlatformFee() != c.buyerPays-c.clear {
			t.Errorf("%s: winner %d, second %v, platform fee %v", c.name, r.Winner, r.Second, r.PlatformFee())
		}
	}
}

// The cent above the runner-up never carries the price over the winner's own bid, to the micro.
func TestTheCentStopsAtTheOwnBid(t *testing.T) {
	for own, want := range map[ad.CPM]Basis{3_009_999: OwnBid, 3_010_000: OwnBid, 3_010_001: RunnerUp} {
		r := Run(&Setting{PriceRule: ad.SecondPrice}, []ad.Bid{rtbBid("X", own), rtbBid("Y", 3*ad.Dollar)}, &Scratch{})
		if r.ClearPrice != min(own, 3_010_000) || r.Basis != want {
			t.Errorf("a bid of %v over 3 clears at %v by %v, want %v by %v", own, r.ClearPrice, r.Basis, min(own, 3_010_000), want)
		}
	}
}

func TestDollarsIgnoreTheRate(t *testing.T) {
	for _, rate := range []ad.Rate{0, ad.RateOne, ad.RateOne * 2} {
		bids := []ad.Bid{{Price: ad.Dollar, Currency: ad.USD, Rate: rate}}
		if r := Run(&Setting{}, bids, &Scratch{}); r.ClearPrice != ad.Dollar || r.Paid != ad.Dollar {
			t.Errorf("at rate %d a dollar clears at %v and pays %v", rate, r.ClearPrice, r.Paid)
		}
	}
}

func TestADealBidWithoutItsDealIsRefused(t *testing.T) {
	bids := []ad.Bid{{Kind: ad.DealBid, Price: ad.Dollar}}
	if Run(&Setting{}, bids, &Scratch{}); bids[0].Reason != ad.DealUnknown {
		t.Errorf("left with %v", bids[0].Reason)
	}
}

// The trace outlives the bids' buffers and prints nothing that a terminal would obey.
func TestTraceIsItsOwnAndPlain(t *testing.T) {
	buf := []byte("abc")
	bids := []ad.Bid{rtbBid("x", ad.Dollar), rtbBid("y\n\x1b]0;z\a", ad.Dollar/2), rtbBid(strings.Repeat("long", 999), 1)}
	bids[0].ID = string(buf)
	bids[0].Deal = &ad.Deal{ID: "d\x00"}
	bids[0].Kind = ad.DealBid
	trace := &Trace{}
	setting := Setting{Salt: Salt{1: 7}, Trace: trace}
	Run(&setting, bids, &Scratch{})
	text := trace.String()
	if strings.ContainsFunc(text, func(r rune) bool { return unicode.IsControl(r) && r != '\n' }) || strings.Count(text, "\n") != 9 {
		t.Errorf("%q", text)
	}
	if len(text) > 1000 {
		t.Errorf("%d bytes for three bids, one of them with a long id", len(text))
	}
	if trace.Setting.Salt != (Salt{}) || trace.Setting.Trace != nil {
		t.Error("the trace holds the salt, which is secret, or itself")
	}
	Run(&setting, bids[:1], &Scratch{})
	if len(trace.Bids) != 1 {
		t.Errorf("a trace used again tells of %d bids, want 1", len(trace.Bids))
	}
}

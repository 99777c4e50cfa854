package adcall

import (
	"context"
	"net/netip"
	"strings"
	"testing"
	"time"

	"curb/edge/ad"
	"curb/edge/auction"
	"curb/edge/catalog"
	"curb/edge/openrtb"
)

// market is an Asker that behaves: it bids what it is told to, per bidder, on every impression it is offered.
type market struct {
	prices   map[ad.BidderID]ad.CPM
	deal     map[ad.BidderID]string // bids under this deal, if it was offered
	requests [][]byte
	targets  []ad.Target
	freed    int
}

func (m *market) Ask(_ context.Context, snap *catalog.Snapshot, out *openrtb.Outgoing, answers *ad.Answers) {
	m.requests = append(m.requests, openrtb.AppendRequest(nil, out.Request))
	m.targets = append([]ad.Target{}, out.Targets...)
	for _, target := range out.Targets {
		asked := ad.Asked{Bidder: target.Bidder, Reason: ad.NoBid}
		price, bids := m.prices[target.Bidder.ID]
		for _, imp := range out.Request.Imp {
			if !bids {
				continue
			}
			asked.Reason = ad.Undecided
			bid := ad.Bid{ID: "b-" + imp.ID, Bidder: target.Bidder, Member: target.Bidder.Members[0], Price: price,
				Creative: snap.Creative(ad.CreativeID(target.Bidder.ID)), Size: ad.Size{W: 300, H: 250}, Rate: ad.RateOne}
			for i := range out.Call.Impressions {
				if out.Call.Impressions[i].ID == imp.ID {
					bid.Impression = i
				}
			}
			if id := m.deal[target.Bidder.ID]; id != "" && target.Deals != nil {
				bid.Kind, bid.Deal = ad.DealBid, snap.Deal(id)
			}
			answers.Bids = append(answers.Bids, bid)
			asked.Bids++
		}
		answers.Asked = append(answers.Asked, asked)
	}
	answers.Free = func() { m.freed++ }
}

// curious makes a bidder want to hear everything.
func curious(b ad.Bidder) ad.Bidder {
	b.NotifyURL, b.NotifyLost, b.NotifyPending, b.NotifyNoBid = b.Endpoint+"notify", true, true, true
	return b
}

func inventory() catalog.Contents {
	size := ad.Size{W: 300, H: 250}
	creative := func(id ad.CreativeID, member ad.MemberID) ad.Creative {
		return ad.Creative{ID: id, Member: member, Active: true, Size: size, Media: ad.Banner, Format: ad.FormatHTML, Content: "<p>", Secure: true, Audit: ad.Audited}
	}
	return catalog.Contents{
		Version:    "v1",
		Members:    []ad.Member{{ID: 100, Name: "owner", Active: true, ResellingPriority: 6}, {ID: 201, Name: "acme", Active: true}, {ID: 202, Name: "bolt", Active: true}},
		Publishers: []ad.Publisher{{ID: 1, Name: "news", Member: 100, Active: true, Domain: "news.example"}},
		Sites:      []ad.Site{{ID: 1, Name: "front", Publisher: 1, Domain: "news.example"}},
		Placements: []ad.Placement{
			{ID: 1001, Name: "top", Site: 1, Publisher: 1, Member: 100, Active: true, Sizes: []ad.Size{size}, MediaTypes: ad.Banner, Reserve: ad.Dollar,
				Defaults: []ad.DefaultCreative{{Size: size, Creative: 99}}},
			{ID: 1002, Name: "chain", Site: 1, Publisher: 1, Member: 100, Active: true, Sizes: []ad.Size{size}, MediaTypes: ad.Banner, DaisyChain: "https://other.example/tag"},
			{ID: 1003, Name: "own", Site: 1, Publisher: 1, Member: 100, Active: true, Sizes: []ad.Size{size}, MediaTypes: ad.Banner},
			{ID: 1004, Name: "noresale", Site: 1, Publisher: 1, Member: 100, Active: true, Sizes: []ad.Size{size}, MediaTypes: ad.Banner, NoResale: true, Timeout: 80 * time.Millisecond},
		},
		Bidders: []ad.Bidder{curious(ad.Bidder{ID: 1, Name: "acme", Active: true, Endpoint: "https://acme.example/", Members: []ad.MemberID{201}}),
			curious(ad.Bidder{ID: 2, Name: "bolt", Active: true, Endpoint: "https://bolt.example/", Members: []ad.MemberID{202}})},
		Creatives: []ad.Creative{creative(1, 201), creative(2, 202), creative(50, 100), creative(51, 100), creative(99, 100)},
		LineItems: []ad.LineItem{
			{ID: 1, Name: "house", Member: 100, Active: true, Priority: 8, Price: 2 * ad.Dollar, Creatives: []ad.CreativeID{50, 51}, Placements: []ad.PlacementID{1003}},
			{ID: 2, Name: "over", Member: 100, Active: true, Priority: 20, Price: 9 * ad.Dollar, Creatives: []ad.CreativeID{50}, Placements: []ad.PlacementID{1001},
				End: time.Unix(1000, 0)},
		},
		Deals: []ad.Deal{{ID: "D-1", Name: "D-1", Active: true, Type: ad.DealPrivate, HasAsk: true, Ask: ad.Dollar / 2, Members: []ad.MemberID{202}, Placements: []ad.PlacementID{1004}}},
	}
}

type fixture struct {
	t       *testing.T
	snap    *catalog.Snapshot
	market  *market
	service *Service
}

func newFixture(t *testing.T, prices map[ad.BidderID]ad.CPM) *fixture {
	return newFixtureOf(t, inventory(), prices)
}

func newFixtureOf(t *testing.T, contents catalog.Contents, prices map[ad.BidderID]ad.CPM) *fixture {
	snap, err := catalog.New(contents)
	if err != nil {
		t.Fatal(err)
	}
	m := &market{prices: prices, deal: map[ad.BidderID]string{}}
	return &fixture{t, snap, m, New(Options{Asker: m, Salt: auction.Salt{1}, Seller: "curb.example"})}
}

func (f *fixture) call(placements ...ad.PlacementID) *ad.Call {
	c := &ad.Call{ID: ad.AuctionID{1, 2, 3}, Received: time.Now(), Publisher: f.snap.Publisher(1), Site: f.snap.Site(1), Secure: true,
		Page: "https://news.example/a", Privacy: ad.Privacy{GDPR: -1},
		Device: ad.Device{IP: netip.MustParseAddr("198.51.100.77"), UserAgent: "test"}}
	for i, id := range placements {
		p := f.snap.Placement(id)
		c.Impressions = append(c.Impressions, ad.Impression{ID: string(rune('1' + i)), Placement: p, Sizes: p.Sizes, Media: ad.Banner})
	}
	return c
}

func (f *fixture) serve(c *ad.Call) *Answer {
	return f.service.Serve(f.t.Context(), Incoming{Call: c, Snapshot: f.snap})
}

func TestHighestBidBuysTheImpression(t *testing.T) {
	f := newFixture(t, map[ad.BidderID]ad.CPM{1: 3 * ad.Dollar, 2: 4 * ad.Dollar})
	a := f.serve(f.call(1001))
	slot := a.Slots[0]
	if slot.Outcome != Sold || slot.Bid.Bidder.ID != 2 || slot.Result.ClearPrice != 4*ad.Dollar || slot.Creative.ID != 2 {
		t.Errorf("got %v by %+v at %v", slot.Outcome, slot.Bid, slot.Result.ClearPrice)
	}
	for _, b := range slot.Bids {
		if want := map[ad.BidderID]ad.Reason{1: ad.Outbid, 2: ad.Won}[b.Bidder.ID]; b.Reason != want {
			t.Errorf("bidder %d: %v, want %v", b.Bidder.ID, b.Reason, want)
		}
	}
	if len(a.Asked) != 2 || a.Version != "v1" {
		t.Errorf("asked %d bidders under %q", len(a.Asked), a.Version)
	}
	a.Release()
	if f.market.freed != 1 {
		t.Errorf("the bidders' buffers were freed %d times", f.market.freed)
	}
}

func TestNobodyClearsFallsBack(t *testing.T) {
	cases := []struct {
		name      string
		placement ad.PlacementID
		change    func(*fixture, *ad.Call)
		want      Outcome
	}{
		{"default creative", 1001, nil, Default},
		{"daisy chain", 1002, nil, Chain},
		{"insecure default is not served", 1001, func(f *fixture, _ *ad.Call) { f.snap.Creative(99).Secure = false }, PSA},
		{"psa refused", 1004, func(_ *fixture, c *ad.Call) { c.NoPSA = true }, Blank},
		{"psa", 1004, nil, PSA},
		{"openrtb callers have demand of their own", 1001, func(_ *fixture, c *ad.Call) { c.Format = ad.TagOpenRTB }, Blank},
	}
	for _, c := range cases {
		f := newFixture(t, nil)
		call := f.call(c.placement)
		if c.change != nil {
			c.change(f, call)
		}
		if got := f.serve(call).Slots[0].Outcome; got != c.want {
			t.Errorf("%s: %v, want %v", c.name, got, c.want)
		}
	}
}

func TestOwnersDemandClosesTheGate(t *testing.T) {
	f := newFixture(t, map[ad.BidderID]ad.CPM{1: 50 * ad.Dollar})
	a := f.serve(f.call(1003))
	if len(f.market.requests) != 0 {
		t.Error("a bidder heard of an impression that the owner had taken")
	}
	if s := a.Slots[0]; s.Outcome != Sold || s.Bid.Kind != ad.Managed || s.Result.Stage != auction.Gate || s.Result.ClearPrice != 2*ad.Dollar {
		t.Errorf("got %+v", s)
	}
	mixed := f.serve(f.call(1003, 1001))
	if len(f.market.requests) != 1 || len(mixed.Slots[1].Bids) != 1 || mixed.Slots[1].Bid.Bidder.ID != 1 {
		t.Errorf("the open impression of a mixed call went wrong: %+v", mixed.Slots[1])
	}
	var d openrtb.Decoder
	r, err := d.DecodeRequest(f.market.requests[0])
	if err != nil || len(r.Imp) != 1 || r.Imp[0].ID != "2" {
		t.Errorf("the bid request offers %+v, %v; want imp 2 only", r, err)
	}
}

func TestNoResaleAsksDealHoldersOnly(t *testing.T) {
	f := newFixture(t, map[ad.BidderID]ad.CPM{1: 5 * ad.Dollar, 2: ad.Dollar})
	f.market.deal[2] = "D-1"
	a := f.serve(f.call(1004))
	if len(f.market.targets) != 1 || f.market.targets[0].Bidder.ID != 2 || len(f.market.targets[0].Deals[0]) != 1 {
		t.Errorf("asked %+v", f.market.targets)
	}
	if s := a.Slots[0]; s.Outcome != Sold || s.Result.Stage != auction.Private {
		t.Errorf("got %+v", s.Result)
	}
	call := f.call(1004)
	call.PreventDeals = true
	f.market.requests = nil
	if f.serve(call); len(f.market.requests) != 0 {
		t.Error("a bidder was asked though neither RTB nor deals may buy")
	}
}

func TestRequestTellsWhatItMayAndNoMore(t *testing.T) {
	f := newFixture(t, nil)
	call := f.call(1001)
	call.YearOfBirth, call.Gender = 1990, 'F'
	received := &openrtb.Request{ID: "r", Imp: []openrtb.Imp{{ID: "1"}},
		Device: &openrtb.Device{IFA: "ifa-1", IP: "198.51.100.77", Geo: &openrtb.Geo{Lat: "1.5", Country: "USA"}},
		User:   &openrtb.User{ID: "person", BuyerUID: "for somebody else", EIDs: []openrtb.EID{{Source: "ids.example", UIDs: []openrtb.UID{{ID: "u"}}}}}}
	decode := func() *openrtb.Request {
		f.service.Serve(t.Context(), Incoming{Call: call, Received: received, Snapshot: f.snap})
		var d openrtb.Decoder
		r, err := d.DecodeRequest(f.market.requests[len(f.market.requests)-1])
		if err != nil {
			t.Fatal(err)
		}
		return r
	}
	r := decode()
	if r.Device.IP != "198.51.100.0" || r.Site.Page != "https://news.example/a" || r.User.Yob != 1990 || r.Imp[0].BidFloor != ad.Dollar || r.Source.SChain.Nodes[0].ASI != "curb.example" {
		t.Errorf("the request says %+v", r)
	}
	if r.TMax < 100 || r.TMax > 150 {
		t.Errorf("tmax %d, want what remains of 150", r.TMax)
	}
	if r.User.ID != "" || r.User.BuyerUID != "" || len(r.User.EIDs) != 1 || r.Device.IFA != "ifa-1" {
		t.Errorf("identifiers: %+v %+v", r.User, r.Device)
	}
	for name, restrict := range map[string]func(){
		"gpc": func() { call.GPC = true }, "coppa": func() { call.COPPA = true },
		"gdpr": func() { call.GDPR, call.TCF = 1, "CPxx" }, "us opt-out": func() { call.USPrivacy = "1YYN" },
		"us privacy that is none": func() { call.USPrivacy = "1y" }, "a section of the gpp": func() { call.GPPSID = []int{7} },
		"do not track": func() { call.DoNotTrack = true },
	} {
		call.Privacy = ad.Privacy{GDPR: -1}
		restrict()
		if r := decode(); len(r.User.EIDs) != 0 || r.User.Yob != 0 || r.User.Gender != "" || r.Device.IFA != "" || r.Device.Geo.Lat != "" {
			t.Errorf("%s: identifiers went out: %+v", name, r.Device)
		}
	}
}

func TestTimeoutIsTheShortestAsked(t *testing.T) {
	f := newFixture(t, nil)
	a := &Answer{Call: f.call(1001, 1004)}
	a.state.snapshot = f.snap
	if got := a.timeout(); got != 80*time.Millisecond {
		t.Errorf("timeout %v, want the shortest placement's 80ms", got)
	}
	a.Call.TMax = 40 * time.Millisecond
	if got := a.timeout(); got != 40*time.Millisecond-ad.PromiseTime {
		t.Errorf("timeout %v, want the caller's 40ms without the time of its promises", got)
	}
}

func TestAnswersDoNotLeakIntoTheNext(t *testing.T) {
	f := newFixture(t, map[ad.BidderID]ad.CPM{1: 3 * ad.Dollar})
	f.serve(f.call(1001, 1003)).Release()
	f.market.prices = nil
	a := f.serve(f.call(1001))
	if len(a.Slots) != 1 || a.Slots[0].Outcome != Default || len(a.Slots[0].Bids) != 0 || a.Slots[0].Bid != nil {
		t.Errorf("the second call sees the first: %+v", a.Slots)
	}
}

func BenchmarkServe(b *testing.B) {
	f := newFixture(&testing.T{}, nil)
	f.service = New(Options{Asker: quiet{}, Seller: "curb.example"})
	call := f.call(1001)
	b.ReportAllocs()
	for b.Loop() {
		f.service.Serve(context.Background(), Incoming{Call: call, Snapshot: f.snap}).Release()
	}
}

// quiet asks nobody, so that a benchmark sees the flow alone.
type quiet struct{}

func (quiet) Ask(context.Context, *catalog.Snapshot, *openrtb.Outgoing, *ad.Answers) {}

func TestRequestTellsWhatTheTagAndBrowserSaid(t *testing.T) {
	f := newFixture(t, nil)
	call := f.call(1001)
	call.Keywords = []ad.KeyValue{{Key: "topic", Value: "rowing"}}
	call.Location = ad.Location{Known: true, Lat: 5_250_001, Lon: -1_340_500}
	call.ExternalUID = "reader-7"
	call.Device.SUA = ad.ClientHints{Brands: `"Chromium";v="156.0.1", "Not=A?Brand";v="24"`, Mobile: "?1", Platform: `"Linux"`}
	f.serve(call)
	var d openrtb.Decoder
	r, err := d.DecodeRequest(f.market.requests[0])
	if err != nil {
		t.Fatal(err)
	}
	if len(r.Site.KwArray) != 1 || r.Site.KwArray[0] != "topic=rowing" || r.Device.Geo.Lat != "52.50001" || r.Device.Geo.Lon != "-13.405" || r.Device.Geo.Type != 1 {
		t.Errorf("site %+v, geo %+v", r.Site, r.Device.Geo)
	}
	if s := r.Device.SUA; len(s.Browsers) != 2 || s.Browsers[0].Brand != "Chromium" || s.Browsers[0].Version[2] != "1" || s.Platform.Brand != "Linux" || s.Mobile != openrtb.Yes {
		t.Errorf("sua %+v", s)
	}
	if e := r.User.EIDs; len(e) != 1 || e[0].Source != "news.example" || e[0].UIDs[0].ID != "reader-7" {
		t.Errorf("eids %+v", e)
	}
	for _, odd := range []string{`"`, `"a";v=`, `;;`, `"a\"b"`, `"a";v="1`, strings.Repeat(`"x";v="1",`, 50)} {
		var p requestParts
		if s := p.hints(&ad.ClientHints{Brands: odd}); s == nil || len(s.Browsers) > brandsMax {
			t.Errorf("hints %q gave %+v", odd, s)
		}
	}
}

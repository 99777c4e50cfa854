package catalog

import (
	"net/netip"
	"slices"
	"testing"
	"time"

	"curb/edge/ad"

	"github.com/google/go-cmp/cmp"
)

// market is a small market that fits together; every test changes what it is about.
func market() Contents {
	size := ad.Size{W: 300, H: 250}
	return Contents{
		Version:    "v1",
		Members:    []ad.Member{{ID: 201, Active: true}, {ID: 100, Active: true, ResellingPriority: 6}, {ID: 300, Active: true}},
		Publishers: []ad.Publisher{{ID: 11, Member: 300, Active: true}, {ID: 10, Member: 100, Active: true, Hosts: []string{"ads.news.example"}, Timeout: 120 * time.Millisecond}},
		Sites:      []ad.Site{{ID: 20, Publisher: 10}, {ID: 21, Publisher: 11}},
		Placements: []ad.Placement{
			{ID: 1002, Code: "side", Site: 20, Publisher: 10, Member: 100, Active: true},
			{ID: 1001, Code: "top", Site: 20, Publisher: 10, Member: 100, Active: true, Sizes: []ad.Size{size},
				Defaults: []ad.DefaultCreative{{Size: size, Creative: 500}}, Timeout: 90 * time.Millisecond},
			{ID: 1100, Code: "top", Site: 21, Publisher: 11, Member: 300, Active: true},
		},
		Bidders: []ad.Bidder{
			{ID: 9702, Endpoint: "https://two.example/bid", Members: []ad.MemberID{201}},
			{ID: 9701, Endpoint: "https://one.example/bid", Members: []ad.MemberID{201}, Active: true},
		},
		Creatives: []ad.Creative{{ID: 500, Code: "house", Member: 100, Size: size, Active: true}, {ID: 501, Code: "house", Member: 201, Size: size}},
		LineItems: []ad.LineItem{
			{ID: 2, Member: 100, Active: true, Placements: []ad.PlacementID{1001}, Creatives: []ad.CreativeID{500}},
			{ID: 1, Member: 100, Active: true},
			{ID: 3, Member: 100, Placements: []ad.PlacementID{1001}},
			{ID: 4, Member: 300, Active: true},
		},
		Deals: []ad.Deal{
			{ID: "D-2", Active: true},
			{ID: "D-1", Active: true, Publishers: []ad.PublisherID{10}, Placements: []ad.PlacementID{1001}},
			{ID: "D-3", Active: true, Placements: []ad.PlacementID{1100}},
			{ID: "D-4"},
		},
		DataProviders: []ad.DataProvider{{Name: "weather", Endpoint: "https://weather.example/", Bidders: []ad.BidderID{9701}}},
		Rates:         ad.ExchangeRates{Rates: map[ad.Currency]ad.Rate{{'E', 'U', 'R'}: 1_100_000_000_000}},
		GeoRanges: []GeoRange{
			{Prefix: netip.MustParsePrefix("127.0.0.0/8"), Country: "US"},
			{Prefix: netip.MustParsePrefix("127.1.0.0/16"), Country: "CA"},
			{Prefix: netip.MustParsePrefix("::1/128"), Country: "GB"},
		},
	}
}

func build(t *testing.T, c Contents) *Snapshot {
	t.Helper()
	s, err := New(c)
	if err != nil {
		t.Fatal(err)
	}
	return s
}

func TestReads(t *testing.T) {
	s := build(t, market())
	if p := s.Placement(1001); p == nil || p.Code != "top" || s.PlacementByCode(100, "top") != p {
		t.Errorf("placement 1001 = %+v, by code %p", p, s.PlacementByCode(100, "top"))
	}
	if p := s.PlacementByCode(300, "top"); p == nil || p.ID != 1100 {
		t.Errorf("the other member's top = %+v, want placement 1100", p)
	}
	if c := s.CreativeByCode(201, "house"); c == nil || c.ID != 501 || s.Creative(501) != c {
		t.Errorf("member 201's house = %+v, want creative 501", c)
	}
	if p := s.PublisherByHost("ads.news.example"); p == nil || p != s.Publisher(10) {
		t.Errorf("ads.news.example belongs to %+v, want publisher 10", p)
	}
	if s.Member(100).ResellingPriority != 6 || s.Site(21).Publisher != 11 || s.LineItem(2).Member != 100 || s.Deal("D-4") == nil {
		t.Error("a read by id gave another value")
	}
	if !slices.Equal(s.Hosts(), []string{"ads.news.example"}) || s.Version() != "v1" {
		t.Errorf("hosts %v, version %q", s.Hosts(), s.Version())
	}
	if rate := s.Rates().Rate(ad.Currency{'E', 'U', 'R'}); rate != 1_100_000_000_000 {
		t.Errorf("EUR = %d", rate)
	}
	want := Counts{Members: 3, Publishers: 2, Sites: 2, Placements: 3, Bidders: 2, Creatives: 2, LineItems: 4, Deals: 4, DataProviders: 1, Rates: 1, GeoRanges: 3}
	if diff := cmp.Diff(want, s.Counts()); diff != "" {
		t.Error(diff)
	}
}

func TestAbsentIsNil(t *testing.T) {
	s := build(t, Contents{})
	if s.Member(1) != nil || s.Publisher(1) != nil || s.PublisherByHost("") != nil || s.Site(1) != nil || s.Placement(0) != nil ||
		s.PlacementByCode(0, "") != nil || s.Bidder(1) != nil || s.Creative(1) != nil || s.CreativeByCode(0, "") != nil || s.Deal("") != nil || s.LineItem(1) != nil {
		t.Error("an empty snapshot holds something")
	}
	if len(s.Bidders())+len(s.DealsFor(1))+len(s.LineItemsFor(1))+len(s.Hosts()) != 0 || s.Geo(netip.Addr{}) != nil {
		t.Error("an empty snapshot lists something")
	}
	if s.Rates().Rate(ad.USD) != ad.RateOne || s.Node().Timeout != ad.TMaxDefault {
		t.Error("an empty snapshot lacks the defaults")
	}
}

func TestListsAreInOneOrder(t *testing.T) {
	forward, backward := market(), market()
	slices.Reverse(backward.Bidders)
	slices.Reverse(backward.LineItems)
	slices.Reverse(backward.Deals)
	slices.Reverse(backward.Placements)
	for _, c := range []Contents{forward, backward} {
		s := build(t, c)
		if got := ids(s.Bidders(), func(b *ad.Bidder) int { return int(b.ID) }); !slices.Equal(got, []int{9701, 9702}) {
			t.Errorf("bidders %v", got)
		}
		if got := ids(s.ActiveBidders(), func(b *ad.Bidder) int { return int(b.ID) }); !slices.Equal(got, []int{9701}) {
			t.Errorf("active bidders %v", got)
		}
		for placement, want := range map[ad.PlacementID][]string{1001: {"D-1", "D-2"}, 1002: {"D-1", "D-2"}, 1100: {"D-2", "D-3"}, 7: nil} {
			if got := ids(s.DealsFor(placement), func(d *ad.Deal) string { return d.ID }); !slices.Equal(got, want) {
				t.Errorf("deals on %d: %v, want %v", placement, got, want)
			}
		}
		for placement, want := range map[ad.PlacementID][]int{1001: {1, 2}, 1002: {1}, 1100: {4}, 7: nil} {
			if got := ids(s.LineItemsFor(placement), func(l *ad.LineItem) int { return int(l.ID) }); !slices.Equal(got, want) {
				t.Errorf("line items on %d: %v, want %v", placement, got, want)
			}
		}
	}
}

func TestOwnersBidder(t *testing.T) {
	c := market()
	c.Members[1].Bidder, c.Members[2].Bidder = 9701, 9702 // 9702 is not active
	c.Bidders[0].Members, c.Bidders[1].Members = []ad.MemberID{300}, []ad.MemberID{201, 100}
	c.DataProviders = append(c.DataProviders, ad.DataProvider{Name: "maps", Endpoint: "https://maps.example/", Active: true})
	s := build(t, c)
	if b := s.OwnerBidder(1001); b == nil || b != s.Bidder(9701) || s.OwnerBidder(1002) != b {
		t.Errorf("the owner of 1001 is asked as %+v", b)
	}
	if b := s.OwnerBidder(1100); b != nil {
		t.Errorf("an inactive bidder is asked first: %+v", b)
	}
	if s.OwnerBidder(7) != nil || build(t, market()).OwnerBidder(1001) != nil {
		t.Error("who has no bidder has one")
	}
	if active := s.ActiveProviders(); len(active) != 1 || active[0].Name != "maps" || len(s.DataProviders()) != 2 {
		t.Errorf("active data providers %+v", active)
	}
}

func ids[K comparable, V any](list []*V, id func(*V) K) (out []K) {
	for _, v := range list {
		out = append(out, id(v))
	}
	return out
}

func TestPointersAreStable(t *testing.T) {
	c := market()
	s := build(t, c)
	c.Placements[1].Reserve = 5
	c.Rates.Rates[ad.Currency{'J', 'P', 'Y'}] = 1
	first := s.Placement(1001)
	if first != s.Placement(1001) || s.Bidders()[0] != s.Bidder(9701) || s.LineItemsFor(1001)[1] != s.LineItem(2) || s.DealsFor(1002)[0] != s.Deal("D-1") {
		t.Error("two reads of one value gave two pointers")
	}
	if s.Placement(1001).Reserve != 0 || s.Rates().Rate(ad.Currency{'J', 'P', 'Y'}) != 0 {
		t.Error("a write to the contents after New shows in the snapshot")
	}
}

func TestGeoTakesTheLongestPrefix(t *testing.T) {
	s := build(t, market())
	for addr, want := range map[string]string{
		"127.0.0.1": "US", "127.255.255.255": "US", "127.1.2.3": "CA", "::ffff:127.1.2.3": "CA", "::1": "GB", "::2": "", "128.0.0.1": "", "126.255.255.255": "",
	} {
		got := ""
		if r := s.Geo(netip.MustParseAddr(addr)); r != nil {
			got = r.Country
		}
		if got != want {
			t.Errorf("%s is in %q, want %q", addr, got, want)
		}
	}
}

func TestTimeoutFallsBack(t *testing.T) {
	c := market()
	c.Node.Timeout = 200 * time.Millisecond
	s := build(t, c)
	for id, want := range map[ad.PlacementID]time.Duration{1001: 90 * time.Millisecond, 1002: 120 * time.Millisecond, 1100: 200 * time.Millisecond} {
		if got := s.Timeout(s.Placement(id)); got != want {
			t.Errorf("timeout of %d = %v, want %v", id, got, want)
		}
	}
}

func TestHolder(t *testing.T) {
	var h Holder
	if h.Load() != nil {
		t.Error("an empty holder holds a snapshot")
	}
	one, two := build(t, market()), build(t, Contents{})
	h.Store(one)
	held := h.Load()
	h.Store(two)
	if held != one || h.Load() != two || NewHolder(one).Load() != one {
		t.Error("a holder gave another snapshot than was stored")
	}
}

func TestReadsAllocateNothing(t *testing.T) {
	h := NewHolder(build(t, market()))
	addr, code, host := netip.MustParseAddr("127.1.2.3"), string([]byte("top")), string([]byte("ads.news.example"))
	var sink int
	allocs := testing.AllocsPerRun(100, func() {
		s := h.Load()
		p := s.PlacementByCode(100, code)
		if s.Placement(p.ID) == nil || s.PublisherByHost(host) == nil || s.Geo(addr) == nil || s.CreativeByCode(201, "house") == nil || s.Deal("D-1") == nil {
			sink = -1
		}
		sink += len(s.Bidders()) + len(s.ActiveBidders()) + len(s.DealsFor(p.ID)) + len(s.LineItemsFor(p.ID)) + len(s.Hosts()) + int(s.Timeout(p)) + s.Counts().Deals + len(s.Node().Name)
		if s.Member(p.Member) == nil || s.Site(p.Site) == nil || s.Bidder(9701) == nil || s.Creative(500) == nil || s.Rates() == nil {
			sink = -1
		}
	})
	if allocs != 0 || sink < 0 {
		t.Errorf("reads cost %v allocations (sink %d)", allocs, sink)
	}
}

func BenchmarkReads(b *testing.B) {
	s, err := New(market())
	if err != nil {
		b.Fatal(err)
	}
	b.ReportAllocs()
	for b.Loop() {
		p := s.PlacementByCode(100, "top")
		if p == nil || s.Publisher(p.Publisher) == nil || s.CreativeByCode(201, "house") == nil || len(s.DealsFor(p.ID)) == 0 {
			b.Fatal("a value is gone")
		}
	}
}

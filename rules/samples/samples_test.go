package samples

import (
	"fmt"
	"slices"
	"strings"
	"testing"

	"curb/edge/ad"
	"curb/edge/catalog"
	"curb/rules/compile"
	"curb/rules/schema"
)

func demo(t *testing.T) *catalog.Snapshot {
	t.Helper()
	contents, problems := compile.Dir(Demo, compile.Options{Lab: true})
	for _, p := range problems {
		t.Error(p)
	}
	snap, err := catalog.New(contents)
	if err != nil {
		t.Fatal(err)
	}
	return snap
}

// TestDemoIsTheMarketThatIsSimulated holds what curbsim, the pages and the tests of the whole rely on.
func TestDemoIsTheMarketThatIsSimulated(t *testing.T) {
	snap := demo(t)
	if m := snap.Member(100); m == nil || m.ResellingPriority != 6 || !m.Active {
		t.Errorf("member 100 is %+v", m)
	}
	if p := snap.PublisherByHost("ads.news.example"); p == nil || p.Name != "news.example" || p.Domain != "news.example" || p.Member != 100 {
		t.Errorf("ads.news.example belongs to %+v", p)
	}
	for id, sizes := range map[ad.PlacementID]string{1001: "[300x250]", 1002: "[728x90]", 1003: "[300x250 300x600]"} {
		p := snap.Placement(id)
		if p == nil || fmt.Sprint(p.Sizes) != sizes || p.Publisher != snap.PublisherByHost("ads.news.example").ID || p.NoResale {
			t.Errorf("placement %d is %+v", id, p)
			continue
		}
		if items := snap.LineItemsFor(id); len(items) > 0 {
			t.Errorf("placement %d has managed demand, %s: with no bidder running its default must serve", id, items[0].Name)
		}
		for _, deal := range snap.DealsFor(id) {
			if deal.Type == ad.DealPrivate {
				t.Errorf("the private deal %s on placement %d would go before bidder 9701", deal.ID, id)
			}
		}
		for _, size := range p.Sizes {
			servesDefault(t, snap, p, size)
		}
	}
	if len(snap.DataProviders()) != 1 || !strings.HasPrefix(snap.DataProviders()[0].Endpoint, "http://127.0.0.1:9720/") {
		t.Errorf("data providers %+v", snap.DataProviders())
	}
}

func servesDefault(t *testing.T, snap *catalog.Snapshot, p *ad.Placement, size ad.Size) {
	t.Helper()
	d, ok := p.Default(size)
	c := snap.Creative(d.Creative)
	if !ok || c == nil || c.Size != size || !c.Secure || c.ServesOn(p.Publisher) != ad.Undecided || !strings.Contains(c.Content, "Curb house ad") {
		t.Errorf("the default of %d for %s is %+v", p.ID, size, c)
	}
}

func TestDemoBidders(t *testing.T) {
	snap := demo(t)
	if n := len(snap.ActiveBidders()); n != 8 {
		t.Errorf("%d active bidders, want 8", n)
	}
	for n := ad.MemberID(1); n <= 8; n++ {
		b := snap.Bidder(ad.BidderID(9700 + n))
		if b == nil || b.Endpoint != fmt.Sprintf("http://127.0.0.1:%d/bid", 9700+n) || !slices.Equal(b.Members, []ad.MemberID{200 + n}) {
			t.Errorf("bidder %d is %+v", 9700+n, b)
			continue
		}
		for _, size := range []string{"300x250", "728x90", "300x600"} {
			c := snap.CreativeByCode(200+n, "c-"+size)
			if c == nil || c.Size.String() != size || !c.Secure || c.ServesOn(10) != ad.Undecided || c.Content == "" {
				t.Errorf("seat %d's c-%s is %+v", 200+n, size, c)
			}
		}
	}
	if c := snap.CreativeByCode(208, "c-unapproved"); c == nil || c.ServesOn(10) != ad.CreativeUnapproved {
		t.Errorf("c-unapproved is %+v", c)
	}
	if b := snap.Bidder(9703); !slices.Contains(b.Currencies, ad.Currency{'E', 'U', 'R'}) {
		t.Errorf("bidder 9703 bids in euros, not in %v", b.Currencies)
	}
}

// TestDemoShowsWhatItsTableSays checks the rows of demo/README.md that rules alone decide.
func TestDemoShowsWhatItsTableSays(t *testing.T) {
	snap := demo(t)
	top := func(id ad.PlacementID) uint8 {
		var highest uint8
		for _, l := range snap.LineItemsFor(id) {
			highest = max(highest, l.Priority)
		}
		return highest
	}
	threshold := snap.Member(100).ResellingPriority
	if top(1004) < threshold || top(1009) == 0 || top(1009) >= threshold || !snap.Placement(1005).NoResale || len(snap.LineItemsFor(1005)) == 0 {
		t.Errorf("managed demand: 1004 at %d, 1009 at %d, 1005 %+v", top(1004), top(1009), snap.Placement(1005))
	}
	chain, psa, blank := snap.Placement(1006), snap.Placement(1007), snap.Placement(1008)
	for _, p := range []*ad.Placement{chain, psa, blank} {
		if len(p.Defaults) > 0 || p.Reserve < 500*ad.Dollar || len(snap.LineItemsFor(p.ID)) > 0 {
			t.Errorf("something could clear on %+v", p)
		}
	}
	if chain.DaisyChain == "" || psa.NoPSA || psa.DaisyChain != "" || !blank.NoPSA || blank.DaisyChain != "" {
		t.Errorf("chain %+v, psa %+v, blank %+v", chain, psa, blank)
	}
	if d := snap.DealsFor(1010); len(d) != 2 || d[1].Type != ad.DealPrivate {
		t.Errorf("deals of 1010: %+v", d)
	}
	if p := snap.Placement(1011); snap.Publisher(p.Publisher).PriceRule != ad.SecondPrice || p.SoftFloor == 0 {
		t.Errorf("1011 is %+v", p)
	}
	for _, code := range schema.BidCurrencies() {
		if currency, _ := ad.ParseCurrency(code); snap.Rates().Rate(currency) <= 0 {
			t.Errorf("there is no rate of %s", code)
		}
	}
}

func TestDemoNeedsLabMode(t *testing.T) {
	if _, problems := compile.Dir(Demo, compile.Options{}); len(problems) == 0 {
		t.Error("a node outside lab mode would call loopback")
	}
}

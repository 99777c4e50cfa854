package samples

import (
	"fmt"
	"slices"
	"strings"
	"testing"
	"time"

	"curb/edge/ad"
	"curb/edge/catalog"
	"curb/edge/macro"
	"curb/rules/compile"
	"curb/rules/schema"
)

// now is when the set is read.
var now = time.Date(2027, 3, 1, 8, 30, 0, 0, time.UTC)

func demo(t *testing.T) *catalog.Snapshot {
	t.Helper()
	set := compile.Set(Demo, compile.Options{Lab: true, Now: now})
	for _, p := range slices.Concat(set.Problems, set.Warnings) {
		t.Error(p)
	}
	snap, err := catalog.New(set.Contents)
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
			servesDefault(t, snap, p, size, "Curb house ad")
		}
	}
	contextual := map[string]bool{"weather": false, "page-topics": true}
	if n := len(snap.ActiveProviders()); n != len(contextual) {
		t.Errorf("%d active data providers, want %d", n, len(contextual))
	}
	for _, d := range snap.ActiveProviders() {
		if want, known := contextual[d.Name]; !known || d.Contextual != want || d.ReadyURL != "http://127.0.0.1:9720/ready" || !strings.HasPrefix(d.Endpoint, "http://127.0.0.1:9720/") {
			t.Errorf("data provider %+v", d)
		}
	}
}

// TestDemoPassesPricesOn holds what the preemptive page, the simulated ad server and the debug auctions rely on.
func TestDemoPassesPricesOn(t *testing.T) {
	snap := demo(t)
	p := snap.Placement(1002)
	allowed, err := macro.Allow(p.AdServers, true)
	if err != nil || len(p.AdServers) != 3 {
		t.Fatalf("ad servers of 1002: %v, %+v", err, p.AdServers)
	}
	for name, format := range map[string]string{"own": "", "own-js": "&format=js", "own-html": "&format=html"} {
		if _, i, err := allowed.Match(name); err != nil || !strings.HasPrefix(p.AdServers[i].URL, "http://127.0.0.1:9800/ad?price={PRICE}&") || !strings.HasSuffix(p.AdServers[i].URL, "&cb={CB}"+format) {
			t.Errorf("redir=%s leads to %d, %v", name, i, err)
		}
	}
	publisher := snap.Publisher(p.Publisher)
	if dense, _ := ad.BucketsNamed("dense"); fmt.Sprint(publisher.Buckets) != fmt.Sprint(dense) || publisher.PriceKey.Scheme != ad.PriceAEAD {
		t.Errorf("prices of 1002 are passed on by %+v", publisher)
	}
	if snap.Member(100).Dongle != "demo-dongle" {
		t.Errorf("the dongle of member 100 is %q", snap.Member(100).Dongle)
	}
	if !snap.Rates().Fresh(now) || snap.Rates().AsOf.Day() != 28 {
		t.Errorf("the rates are of %v", snap.Rates().AsOf)
	}
}

func servesDefault(t *testing.T, snap *catalog.Snapshot, p *ad.Placement, size ad.Size, text string) {
	t.Helper()
	d, ok := p.Default(size)
	c := snap.Creative(d.Creative)
	if !ok || c == nil || c.Size != size || !c.Secure || c.ServesOn(p.Publisher) != ad.Undecided || !strings.Contains(c.Content, text) {
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
		if b.NotifyURL != fmt.Sprintf("http://127.0.0.1:%d/notify", 9700+n) || n <= 2 && (!b.NotifyLost || !b.NotifyPending) || b.Dongle == "" {
			t.Errorf("bidder %d is told by %+v", 9700+n, b)
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
	if b := snap.OwnerBidder(1012); b != snap.Bidder(9706) || !slices.Contains(b.Members, snap.Placement(1012).Member) || snap.OwnerBidder(1001) != nil {
		t.Errorf("1012 is offered first to %+v", b)
	}
	servesDefault(t, snap, snap.Placement(1012), ad.Size{W: 300, H: 250}, "Rook")
	if l := snap.LineItemsFor(1013); len(l) != 1 || l[0].Priority < threshold || l[0].Budget.LifetimeImpressions == 0 || !l[0].Caps.Any() {
		t.Errorf("1013 has %+v", l)
	}
	for _, code := range schema.BidCurrencies() {
		if currency, _ := ad.ParseCurrency(code); snap.Rates().Rate(currency) <= 0 {
			t.Errorf("there is no rate of %s", code)
		}
	}
}

// TestDemoHoldsTheBiddingPriorityExample: C1 to C4 on 1014, each once, and only bidder 9701 may win against them.
func TestDemoHoldsTheBiddingPriorityExample(t *testing.T) {
	snap := demo(t)
	var got []string
	for _, l := range snap.LineItemsFor(1014) {
		got = append(got, fmt.Sprintf("%s P%d $%s ×%d", l.Name, l.Priority, l.Price, l.Budget.LifetimeImpressions))
	}
	if want := []string{"C1 P10 $5 ×1", "C2 P10 $1 ×1", "C3 P4 $4 ×1", "C4 P5 $2 ×1"}; !slices.Equal(got, want) {
		t.Errorf("1014 has %q, want %q", got, want)
	}
	p := snap.Placement(1014)
	if snap.Member(p.Member).ResellingPriority != 6 || len(snap.DealsFor(1014)) != 0 {
		t.Errorf("member %+v, deals %v", snap.Member(p.Member), snap.DealsFor(1014))
	}
	blocked := snap.Publisher(p.Publisher).BlockedAdvertisers
	for n := ad.MemberID(1); n <= 8; n++ {
		brand := snap.CreativeByCode(200+n, "c-300x250").Advertisers[0]
		if slices.Contains(blocked, brand) == (n == 1) {
			t.Errorf("the brand of bidder %d, %s, among those blocked: %v", 9700+n, brand, blocked)
		}
	}
}

// TestDemoShowsEveryFormat: one placement, one line item and one creative for each.
func TestDemoShowsEveryFormat(t *testing.T) {
	snap := demo(t)
	for id, format := range map[ad.PlacementID]ad.Format{1004: ad.FormatHTML, 1015: ad.FormatImage, 1016: ad.FormatScript, 1017: ad.FormatNative, 1018: ad.FormatVAST} {
		items := snap.LineItemsFor(id)
		if len(items) != 1 || len(items[0].Creatives) != 1 || items[0].Priority < 6 {
			t.Errorf("placement %d has %+v", id, items)
			continue
		}
		p, c := snap.Placement(id), snap.Creative(items[0].Creatives[0])
		if c.Format != format || c.Media&p.MediaTypes == 0 || !c.Secure || c.ServesOn(p.Publisher) != ad.Undecided || len(p.Sizes) > 0 && p.Sizes[0] != c.Size {
			t.Errorf("placement %d shows %+v", id, c)
		}
	}
}

func TestDemoNeedsLabMode(t *testing.T) {
	if _, problems := compile.Dir(Demo, compile.Options{}); len(problems) == 0 {
		t.Error("a node outside lab mode would call loopback")
	}
}

package compile

import (
	"io/fs"
	"net/netip"
	"os"
	"strings"
	"testing"
	"testing/fstest"
	"time"

	"github.com/google/go-cmp/cmp"

	"curb/edge/ad"
	"curb/edge/catalog"
	"curb/rules/schema"
)

func must(t *testing.T, fsys fs.FS) catalog.Contents {
	t.Helper()
	contents, problems := Dir(fsys, Options{Lab: true})
	if len(problems) > 0 {
		t.Fatalf("problems:\n%s", print(problems))
	}
	if _, err := catalog.New(contents); err != nil {
		t.Fatalf("contents without problems build no snapshot: %v", err)
	}
	return contents
}

// keyFrom is a key of 32 bytes that count up from first.
func keyFrom(first byte) (key [32]byte) {
	for i := range key {
		key[i] = first + byte(i)
	}
	return key
}

// everyField is what testdata/good says.
func everyField() catalog.Contents {
	day := func(y int, m time.Month, d, h, min int) time.Time { return time.Date(y, m, d, h, min, 0, 0, time.UTC) }
	eur, vnd, kwd := ad.Currency{'E', 'U', 'R'}, ad.Currency{'V', 'N', 'D'}, ad.Currency{'K', 'W', 'D'}
	dense, _ := ad.BucketsNamed("dense")
	return catalog.Contents{
		Members: []ad.Member{{ID: 1, Name: "owner", ResellingPriority: 20, PlatformFee: 999_999, Bidder: 1, Dongle: "owner_dongle-1"}, {ID: 2, Name: "buyer", Active: true, PlatformFee: 125_000}},
		Publishers: []ad.Publisher{
			{ID: 1, Name: "gazette", Member: 1, Domain: "gazette.example", Hosts: []string{"ads.gazette.example", "anzeigen.xn--bcher-kva.example"},
				Timeout: 450 * time.Millisecond, BlockedCategories: []string{"IAB25", "IAB26-1"}, BlockedAdvertisers: []string{"casino.example"}, BlockedAttributes: []uint8{1, 255},
				Buckets:  ad.Buckets{Precision: 3, Ranges: []ad.BucketRange{{Max: 5_000_000, Increment: 5_000}, {Max: ad.CPMMax, Increment: ad.Dollar}}},
				PriceKey: ad.PriceKey{Scheme: ad.PriceXOR, Encryption: keyFrom(0), Integrity: keyFrom(32)}},
			{ID: 2, Name: "courier", Member: 1, Active: true, PriceRule: ad.SecondPrice, BelowThreshold: ad.ByPrice, Buckets: dense},
		},
		Sites: []ad.Site{{ID: 1, Name: "front", Publisher: 1, Kind: ad.App, Domain: "gazette.example", Page: "https://gazette.example/?a=1&b=2",
			Bundle: "com.example.gazette", StoreURL: "http://store.example/gazette", Categories: []string{"IAB12", "1001"}}},
		Placements: []ad.Placement{{ID: 4294967295, Code: "top_%20.-1", Name: "home-top", Site: 1, Publisher: 1, Member: 1,
			Sizes: []ad.Size{{W: 300, H: 250}, {W: 9999, H: 1}}, PrivateSizes: []ad.Size{{W: 970, H: 250}}, MediaTypes: ad.Native | ad.Video,
			Reserve: 1_400_000, SoftFloor: ad.CPMMax, Defaults: []ad.DefaultCreative{{Creative: 1, Price: 1}, {Size: ad.Size{W: 300, H: 250}, Creative: 1}},
			Estimates:  []ad.EstimatedClear{{Clear: 1_200_000, Average: 900_000, Verified: true}, {Size: ad.Size{W: 300, H: 600}}},
			DaisyChain: "https://other.example/p?w=${WIDTH}&h=${HEIGHT}&cb=${CACHEBUSTER}", NoResale: true, NoPSA: true,
			AdServers: []ad.AdServer{
				{Name: "own", URL: "http://127.0.0.1:9800/ad?price={PRICE}&pb={PRICEBUCKET}&sealed={SEALED_PRICE}&accept={ACCEPT_URL}&cb={CB}"},
				{Name: "other", URL: "https://ads.example/{SIZE}/{WIDTH}/{HEIGHT}/{PLACEMENT_ID}?{AUCTION_ID}{CREATIVE_ID}{CREATIVE_CODE}{DEAL_ID}", SecondPrice: true}},
			Timeout: 5 * time.Millisecond, Position: 3}},
		Bidders: []ad.Bidder{{ID: 1, Name: "kite", Endpoint: "https://bid.kite.example:8443/bid", ReadyURL: "https://bid.kite.example:8443/ready",
			Domains: []string{"kite.example", "localhost", "127.0.0.1"}, Members: []ad.MemberID{2, 1}, Currencies: []ad.Currency{eur, ad.USD},
			RequestCoding: ad.Zstd, AcceptGzip: true, AcceptZstd: true, QPSMax: 500, ConnectionsMax: 12, BidderFee: 1,
			NotifyURL: "https://notices.kite.example/n", NotifyLost: true, NotifyPending: true, NotifyNoBid: true, NotifyFull: true,
			Dongle: "kite-dongle", PriceKey: ad.PriceKey{Scheme: ad.PriceAEAD, Encryption: keyFrom(32)}}},
		Creatives: []ad.Creative{
			{ID: 1, Code: "house/1", Member: 1, Name: "house", Dynamic: true, Size: ad.Size{W: 300, H: 250}, Media: ad.Banner, Format: ad.FormatImage,
				Content: "https://cdn.example/a.png", ClickURL: "https://gazette.example/", Secure: true, Audit: ad.Audited, Advertisers: []string{"gazette.example"},
				Categories: []string{"IAB1"}, Attributes: []uint8{7}, Language: "de", ApprovedBy: []ad.PublisherID{1, 2}, BannedBy: []ad.PublisherID{2},
				Banned: true, Pixels: []string{"https://track.example/i?cb=${CACHEBUSTER}", "http://127.0.0.1:9701/pixel"}},
			{ID: 2, Code: "spot", Member: 2, Name: "spot", Active: true, Media: ad.Video, Format: ad.FormatVAST, Content: `<VAST version="4.2"/>`, Audit: ad.AuditRejected},
		},
		LineItems: []ad.LineItem{{ID: 1, Name: "sponsorship", Member: 1, Priority: 20, Price: 40 * ad.Dollar, Goal: ad.Goal{Kind: ad.PerAction, Chance: 1},
			Creatives: []ad.CreativeID{1}, Publishers: []ad.PublisherID{1}, Placements: []ad.PlacementID{4294967295},
			Budget: ad.Budget{Lifetime: 100 * ad.DollarAmount, Daily: 1000, LifetimeImpressions: 1_000_000_000_000, DailyImpressions: 5},
			Caps:   ad.Caps{Hour: 1, Day: 2, Week: 3, Month: 4, Lifetime: 255, Recency: 90, RequireUser: true},
			Start:  day(2026, 11, 21, 0, 0), End: day(2026, 11, 21, 8, 30)}},
		Deals: []ad.Deal{
			{ID: "D 1/ü", Name: "first-look", HasAsk: true, Ask: 2_500_000, Fixed: true, Type: ad.DealPrivate, Priority: 1, Members: []ad.MemberID{2},
				Publishers: []ad.PublisherID{2}, Placements: []ad.PlacementID{4294967295}, Start: day(2026, 1, 1, 0, 0), End: day(2027, 1, 1, 0, 0)},
			{ID: "open", Name: "open", HasAsk: true, Active: true},
		},
		DataProviders: []ad.DataProvider{{Name: "weather", Endpoint: "http://[::1]:9720/?u=${USER_ID}", Bidders: []ad.BidderID{1},
			ReadyURL: "http://[::1]:9720/ready", Contextual: true}},
		Rates: ad.ExchangeRates{AsOf: day(2026, 11, 20, 0, 0), Rates: map[ad.Currency]ad.Rate{eur: 1_158_200_000_000, vnd: 37_950_000, kwd: 3_250_000_000_000}, Accept: []ad.Currency{vnd, kwd}},
		GeoRanges: []catalog.GeoRange{
			{Prefix: netip.MustParsePrefix("192.0.2.0/24"), Country: "NO", Region: "03", City: "Oslo", Postal: "0150"},
			{Prefix: netip.MustParsePrefix("2001:db8::/32"), Country: "US", Region: "MA", City: "Boston", Postal: "02134", DMA: 506},
		},
		Node: catalog.NodeSettings{Name: "edge", Timeout: 200 * time.Millisecond},
	}
}

func TestEveryFieldArrives(t *testing.T) {
	got := must(t, os.DirFS("testdata/good"))
	got.Version = ""
	if diff := cmp.Diff(everyField(), got, cmp.Comparer(func(a, b netip.Prefix) bool { return a == b })); diff != "" {
		t.Errorf("(-want +got)\n%s", diff)
	}
}

func TestTheGoodSetUsesEveryField(t *testing.T) {
	text, err := os.ReadFile("testdata/good/all.yaml")
	if err != nil {
		t.Fatal(err)
	}
	sections := strings.Split(string(text), "\nkind: ")
	for _, kind := range schema.Kinds() {
		var said string
		for _, s := range sections {
			if strings.HasPrefix(s, kind.Name+"\n") {
				said += s
			}
		}
		for _, f := range kind.Spec.Fields {
			if !strings.Contains(said, f.Name+":") {
				t.Errorf("testdata/good/all.yaml does not use %s of %s", f.Name, kind.Name)
			}
		}
	}
}

func TestDefaults(t *testing.T) {
	c := must(t, fstest.MapFS{"a.yaml": &fstest.MapFile{Data: []byte(`
{apiVersion: curb/v1, kind: Member, metadata: {name: m}, spec: {id: 1}}
---
{apiVersion: curb/v1, kind: Publisher, metadata: {name: p}, spec: {id: 1, member: m}}
---
{apiVersion: curb/v1, kind: Site, metadata: {name: s}, spec: {id: 1, publisher: p}}
---
{apiVersion: curb/v1, kind: Placement, metadata: {name: t}, spec: {id: 1, site: s}}
---
{apiVersion: curb/v1, kind: Bidder, metadata: {name: b}, spec: {id: 1, endpoint: "http://127.0.0.1:9701/bid", members: [m]}}
`)}})
	if !c.Members[0].Active || !c.Publishers[0].Active || c.Publishers[0].PriceRule != ad.FirstPrice || c.Publishers[0].BelowThreshold != ad.ByTier {
		t.Errorf("member %+v, publisher %+v", c.Members[0], c.Publishers[0])
	}
	want := ad.Placement{ID: 1, Name: "t", Site: 1, Publisher: 1, Member: 1, Active: true, MediaTypes: ad.Banner}
	if diff := cmp.Diff(want, c.Placements[0]); diff != "" {
		t.Errorf("placement (-want +got)\n%s", diff)
	}
	bidder := ad.Bidder{ID: 1, Name: "b", Active: true, Endpoint: "http://127.0.0.1:9701/bid", Domains: []string{"127.0.0.1"}, Members: []ad.MemberID{1}, Throttle: true}
	if diff := cmp.Diff(bidder, c.Bidders[0]); diff != "" {
		t.Errorf("bidder (-want +got)\n%s", diff)
	}
}

package catalog

import (
	"errors"
	"net/netip"
	"slices"
	"strconv"
	"testing"
	"time"

	"curb/edge/ad"
)

func problems(t *testing.T, c Contents) []string {
	t.Helper()
	s, err := New(c)
	if err == nil {
		return nil
	}
	if s != nil {
		t.Error("New gave a snapshot and an error")
	}
	var invalid *InvalidError
	if !errors.As(err, &invalid) || len(invalid.Problems) == 0 || err.Error() == "" {
		t.Fatalf("New gave %T, want an *InvalidError with problems", err)
	}
	return ids(pointers(invalid.Problems), func(p *Problem) string { return p.String() })
}

func pointers[V any](values []V) (out []*V) {
	for i := range values {
		out = append(out, &values[i])
	}
	return out
}

// refusal is one thing wrong with the market, in the words it is reported in.
type refusal struct {
	want  string
	spoil func(*Contents)
}

func refuses(t *testing.T, cases []refusal) {
	t.Helper()
	for _, test := range cases {
		c := market()
		test.spoil(&c)
		if got := problems(t, c); !slices.Contains(got, test.want) {
			t.Errorf("got  %q\nwant %q among them", got, test.want)
		}
	}
}

// TestRefusals breaks one thing at a time; every rule of validate*.go stands here, or in TestRefusalsOfTerms, with the words it is reported in.
func TestRefusals(t *testing.T) {
	size := ad.Size{W: 728, H: 90}
	cases := []refusal{
		{"Member 0: id: there is none: ids are positive and unique within a kind", func(c *Contents) { c.Members = append(c.Members, ad.Member{}) }},
		{"Member 100: id: 100 is taken by another Member: ids are unique within a kind", func(c *Contents) { c.Members = append(c.Members, ad.Member{ID: 100}) }},
		{"Member 201: reselling_priority: 21 is out of range: 1 to 20, 20 first", func(c *Contents) { c.Members[0].ResellingPriority = 21 }},
		{"Member 201: platform_fee: the share is out of range: 0 % to below 100 %", func(c *Contents) { c.Members[0].PlatformFee = ad.ShareOne }},
		{"Publisher 11: timeout: 451ms is out of range: up to 450ms", func(c *Contents) { c.Publishers[0].Timeout = 451 * time.Millisecond }},
		{"Publisher 10: hosts[0]: ads.news.example is taken by Publisher 11: a host belongs to one publisher", func(c *Contents) { c.Publishers[0].Hosts = []string{"ads.news.example"} }},
		{"Publisher 10: hosts[1]: ads.news.example is listed twice: remove one", func(c *Contents) { c.Publishers[1].Hosts = append(c.Publishers[1].Hosts, "ads.news.example") }},
		{"LineItem 2: price: -0.000001 is negative", func(c *Contents) { c.LineItems[0].Price, c.LineItems[0].Goal.Kind = -1, ad.PerClick }},
		{"Site 21: publisher: there is no Publisher 99", func(c *Contents) { c.Sites[1].Publisher = 99; c.Placements = c.Placements[:2] }},
		{"Placement 1002: site: there is no Site 99", func(c *Contents) { c.Placements[0].Site = 99 }},
		{"Placement 1002: site: Site 21 belongs to Publisher 11: a placement and its site have one publisher", func(c *Contents) { c.Placements[0].Site = 21 }},
		{"Placement 1002: member: Publisher 10 belongs to Member 100: a placement belongs to its publisher's member", func(c *Contents) { c.Placements[0].Member = 300 }},
		{`Placement 1001: code: "top" is taken by Placement 1002: codes are unique within a member`, func(c *Contents) { c.Placements[0].Code = "top" }},
		{"Placement 1002: sizes: 33 sizes are too many: up to 32 with private_sizes", func(c *Contents) {
			c.Placements[0].Sizes = make([]ad.Size, ad.SizesMax)
			c.Placements[0].PrivateSizes = []ad.Size{size}
		}},
		{"Placement 1002: reserve: 999.000001 is out of range: 0 to 999 USD CPM", func(c *Contents) { c.Placements[0].Reserve = ad.CPMMax + 1 }},
		{"Placement 1002: position: 8 is out of range: 0 to 7", func(c *Contents) { c.Placements[0].Position = 8 }},
		{"Placement 1001: defaults[0].creative: there is no Creative 77", func(c *Contents) { c.Placements[1].Defaults[0].Creative = 77 }},
		{"Placement 1001: defaults[0].creative: Creative 501 belongs to Member 201: default creatives are the owner's", func(c *Contents) { c.Placements[1].Defaults[0].Creative = 501 }},
		{"Placement 1001: defaults[0].creative: Creative 500 is 300x250: a default for 728x90 needs a creative of that size", func(c *Contents) { c.Placements[1].Defaults[0].Size = size }},
		{"Placement 1001: defaults[1].size: 300x250 is listed twice: one default creative per size", func(c *Contents) {
			c.Placements[1].Defaults = append(c.Placements[1].Defaults, c.Placements[1].Defaults[0])
		}},
		{"Placement 1002: estimates[1].size: the entry for every size is listed twice: one estimate per size", func(c *Contents) { c.Placements[0].Estimates = make([]ad.EstimatedClear, 2) }},
		{"Bidder 9702: endpoint: there is none", func(c *Contents) { c.Bidders[0].Endpoint = "" }},
		{"Bidder 9702: members[1]: there is no Member 99", func(c *Contents) { c.Bidders[0].Members = append(c.Bidders[0].Members, 99) }},
		{"Bidder 9702: qps_max: -1 is negative: 0 means no cap", func(c *Contents) { c.Bidders[0].QPSMax = -1 }},
		{"Bidder 9702: connections_max: -1 is negative: 0 takes the node's default", func(c *Contents) { c.Bidders[0].ConnectionsMax = -1 }},
		{`Creative 501: code: "house" is taken by Creative 500: codes are unique within a member`, func(c *Contents) { c.Creatives[1].Member = 100 }},
		{"Creative 501: banned_by[0]: there is no Publisher 9", func(c *Contents) { c.Creatives[1].BannedBy = []ad.PublisherID{9} }},
		{"Creative 501: approved_by[0]: there is no Publisher 9", func(c *Contents) { c.Creatives[1].ApprovedBy = []ad.PublisherID{9} }},
		{"LineItem 2: creatives[0]: Creative 501 belongs to Member 201: a line item shows its own member's creatives", func(c *Contents) { c.LineItems[0].Creatives[0] = 501 }},
		{"LineItem 2: placements[0]: Placement 1100 belongs to Member 300: line items serve on their member's own inventory", func(c *Contents) { c.LineItems[0].Placements[0] = 1100 }},
		{"LineItem 2: publishers[0]: Publisher 11 belongs to Member 300: line items serve on their member's own inventory", func(c *Contents) { c.LineItems[0].Publishers = []ad.PublisherID{11} }},
		{"LineItem 2: priority: 21 is out of range: 1 to 20, 20 first", func(c *Contents) { c.LineItems[0].Priority = 21 }},
		{"LineItem 2: price: 999.000001 is out of range: 0 to 999 USD CPM", func(c *Contents) { c.LineItems[0].Price = ad.CPMMax + 1 }},
		{"LineItem 2: end: the end is not after the start: the end no longer belongs to it", func(c *Contents) { c.LineItems[0].Start, c.LineItems[0].End = time.Unix(5, 0), time.Unix(5, 0) }},
		{"Deal D-2: fixed: there is no ask to be fixed at: set ask", func(c *Contents) { c.Deals[0].Fixed = true }},
		{"Deal D-2: fixed: a deal fixed at 0 would rank and sell at nothing: set an ask above 0, or remove fixed",
			func(c *Contents) { c.Deals[0].Fixed, c.Deals[0].HasAsk = true, true }},
		{"Deal D-2: priority: an open deal has none: set type: private, or remove priority", func(c *Contents) { c.Deals[0].Priority = 5 }},
		{"Deal D-2: placements[0]: there is no Placement 9", func(c *Contents) { c.Deals[0].Placements = []ad.PlacementID{9} }},
		{"DataProvider weather: bidders[0]: there is no Bidder 9", func(c *Contents) { c.DataProviders[0].Bidders[0] = 9 }},
		{"DataProvider weather: endpoint: there is none", func(c *Contents) { c.DataProviders[0].Endpoint = "" }},
		{"ExchangeRates: rates.EUR: the rate is not positive: USD per unit of the currency", func(c *Contents) { c.Rates.Rates[ad.Currency{'E', 'U', 'R'}] = 0 }},
		{"ExchangeRates: rates.eur: \"eur\" is not a currency code: three upper-case letters, ISO 4217", func(c *Contents) { c.Rates.Rates[ad.Currency{'e', 'u', 'r'}] = 1 }},
		{"ExchangeRates: rates.USD: one USD is worth one USD: leave USD out", func(c *Contents) { c.Rates.Rates[ad.USD] = 1 }},
		{"GeoTable 127.0.0.0/8: cidr: 127.0.0.0/8 is listed twice: remove one", func(c *Contents) { c.GeoRanges = append(c.GeoRanges, c.GeoRanges[0]) }},
		{"GeoTable 127.0.0.1/8: cidr: 127.0.0.1/8 is not a network prefix: e.g. 192.0.2.0/24 or 2001:db8::/32, host bits zero", func(c *Contents) { c.GeoRanges[0].Prefix = netip.MustParsePrefix("127.0.0.1/8") }},
		{"GeoTable 127.0.0.0/8: country: \"us\" is not a country code: two upper-case letters, ISO 3166-1 alpha-2", func(c *Contents) { c.GeoRanges[0].Country = "us" }},
		{"Node: timeout: 451ms is out of range: up to 450ms", func(c *Contents) { c.Node.Timeout = 451 * time.Millisecond }},
	}
	refuses(t, cases)
}

func TestLimitsThemselvesAreAllowed(t *testing.T) {
	c := market()
	c.Members[0].ResellingPriority, c.Members[0].PlatformFee = ad.PriorityMax, ad.ShareOne-1
	c.Publishers[0].Timeout, c.Node.Timeout = ad.TMaxConfigMax, ad.TMaxConfigMax
	c.Placements[0].Sizes, c.Placements[0].Reserve, c.Placements[0].Position = make([]ad.Size, ad.SizesMax), ad.CPMMax, positionMax
	c.LineItems[0].Price = ad.CPMMax
	c.LineItems[0].Budget = ad.Budget{Lifetime: 2, Daily: 2, LifetimeImpressions: 3, DailyImpressions: 3}
	c.Members[0].Bidder = 9702
	c.Bidders[0].NotifyURL = "https://notices.TWO.example:8443/n"
	c.Creatives[1].Pixels = make([]string, ad.PixelsMax)
	c.Rates.Rates[ad.Currency{'E', 'U', 'R'}], c.Rates.Rates[ad.Currency{'J', 'P', 'Y'}] = ad.RateMin, ad.RateMax
	c.Publishers[0].Buckets = ad.Buckets{Precision: 6, Ranges: []ad.BucketRange{{Max: ad.BucketLinesMax, Increment: 1}}}
	for i := range ad.ProvidersMax {
		c.DataProviders = append(c.DataProviders, ad.DataProvider{Name: "p" + strconv.Itoa(i), Endpoint: "https://p.example/", Active: true})
	}
	for i := range ad.AdServersMax {
		c.Placements[0].AdServers = append(c.Placements[0].AdServers, ad.AdServer{Name: "own_" + strconv.Itoa(i), URL: "https://a.example/?p={PRICE}"})
	}
	if got := problems(t, c); got != nil {
		t.Errorf("refused at the limit: %q", got)
	}
}

func TestAllProblemsAtOnce(t *testing.T) {
	c := market()
	c.Members[0].ResellingPriority = 99
	c.Deals[0].Fixed = true
	c.Sites[0].Publisher = 99
	if got := problems(t, c); len(got) < 3 {
		t.Errorf("only %q are reported", got)
	}
}

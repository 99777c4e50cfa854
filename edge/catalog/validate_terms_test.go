package catalog

import (
	"strconv"
	"testing"

	"curb/edge/ad"
)

// TestRefusalsOfTerms goes on where TestRefusals ends: what is said of prices, ad servers, notices and budgets.
func TestRefusalsOfTerms(t *testing.T) { refuses(t, termRefusals) }

var termRefusals = []refusal{
	{"Member 201: bidder: there is no Bidder 9", func(c *Contents) { c.Members[0].Bidder = 9 }},
	{"Member 100: bidder: Bidder 9701 does not bid for Member 100: add the member to the bidder's members, or name another bidder", func(c *Contents) { c.Members[1].Bidder = 9701 }},
	{"Publisher 11: price_buckets.ranges: 11 ranges are too many: up to 10", func(c *Contents) {
		c.Publishers[0].Buckets.Ranges = make([]ad.BucketRange, ad.BucketRangesMax+1)
	}},
	{"Publisher 11: price_buckets.precision: 7 is out of range: 0 to 6", func(c *Contents) { c.Publishers[0].Buckets.Precision = 7 }},
	{"Publisher 11: price_buckets.ranges[0].max: 0 is not above 0: write the ranges in ascending order, the first above 0", func(c *Contents) {
		c.Publishers[0].Buckets.Ranges = []ad.BucketRange{{}}
	}},
	{"Publisher 11: price_buckets.ranges[0].max: 999.000001 is out of range: up to 999 USD CPM", func(c *Contents) {
		c.Publishers[0].Buckets.Ranges = []ad.BucketRange{{Max: ad.CPMMax + 1, Increment: 1}}
	}},
	{"Publisher 11: price_buckets.ranges[0].increment: 0 is out of range: above 0, and no more than max", func(c *Contents) {
		c.Publishers[0].Buckets.Ranges = []ad.BucketRange{{Max: 1}}
	}},
	{"Publisher 11: price_buckets.ranges[0].increment: 0.01 has more decimals than are written: raise precision, or round it", func(c *Contents) {
		c.Publishers[0].Buckets = ad.Buckets{Precision: 1, Ranges: []ad.BucketRange{{Max: ad.Dollar, Increment: ad.Cent}}}
	}},
	{"Publisher 11: price_buckets: 100001 buckets are too many: an ad server takes one line item for each: up to 100000; raise the increments", func(c *Contents) {
		c.Publishers[0].Buckets = ad.Buckets{Precision: 6, Ranges: []ad.BucketRange{{Max: ad.BucketLinesMax + 1, Increment: 1}}}
	}},
	{"Publisher 11: price_key.scheme: it is not known: aead or xor", func(c *Contents) { c.Publishers[0].PriceKey.Scheme = 3 }},
	{"Bidder 9702: price_key.scheme: it is not known: aead or xor", func(c *Contents) { c.Bidders[0].PriceKey.Scheme = 3 }},
	{"Placement 1002: ad_servers: 17 ad servers are too many: up to 16", func(c *Contents) { c.Placements[0].AdServers = make([]ad.AdServer, ad.AdServersMax+1) }},
	{"Placement 1002: ad_servers[0].name: there is none: a tag's redir names it", func(c *Contents) { c.Placements[0].AdServers = []ad.AdServer{{URL: "https://a.example/"}} }},
	{`Placement 1002: ad_servers[0].name: "a.b" is not a word: use letters, digits, - and _: a redir that is none is a URL`, func(c *Contents) {
		c.Placements[0].AdServers = []ad.AdServer{{Name: "a.b", URL: "https://a.example/"}}
	}},
	{`Placement 1002: ad_servers[1].name: "a" is listed twice: names are unique within a placement`, func(c *Contents) {
		c.Placements[0].AdServers = []ad.AdServer{{Name: "a", URL: "https://a.example/"}, {Name: "a", URL: "https://a.example/"}}
	}},
	{"Placement 1002: ad_servers[0].url: it is not https: write https://host/path?price={PRICE}&accept={ACCEPT_URL}", func(c *Contents) {
		c.Placements[0].AdServers = []ad.AdServer{{Name: "a", URL: "http://a.example/"}}
	}},
	{`Bidder 9702: notify_url: "evil-two.example" is not of the bidder's domains: write a URL of two.example, or add it to domains`, func(c *Contents) {
		c.Bidders[0].NotifyURL = "https://evil-two.example/n"
	}},
	{`Bidder 9702: notify_url: "" is not of the bidder's domains: write a URL of a.example, b.example, or add it to domains`, func(c *Contents) {
		c.Bidders[0].NotifyURL, c.Bidders[0].Domains = "%", []string{"a.example", "b.example"}
	}},
	{"Creative 501: pixels: 17 pixels are too many: up to 16", func(c *Contents) { c.Creatives[1].Pixels = make([]string, ad.PixelsMax+1) }},
	{"LineItem 2: budget: it is negative: leave out what is not bounded", func(c *Contents) { c.LineItems[0].Budget.Daily = -1 }},
	{"LineItem 2: budget.daily: a day may spend more than the lifetime: lower daily, or raise lifetime", func(c *Contents) {
		c.LineItems[0].Budget = ad.Budget{Lifetime: 1, Daily: 2}
	}},
	{"LineItem 2: budget.daily_impressions: a day may show more than the lifetime: lower daily_impressions, or raise lifetime_impressions", func(c *Contents) {
		c.LineItems[0].Budget = ad.Budget{LifetimeImpressions: 1, DailyImpressions: 2}
	}},
	{"DataProvider p32: active: more than 32 data providers are active: an ad call asks no more: set active: false", func(c *Contents) {
		for i := range ad.ProvidersMax + 1 {
			c.DataProviders = append(c.DataProviders, ad.DataProvider{Name: "p" + strconv.Itoa(i), Endpoint: "https://p.example/", Active: true})
		}
	}},
	{"ExchangeRates: rates.EUR: the rate is out of range: a billionth of a dollar to a million dollars per unit of the currency", func(c *Contents) {
		c.Rates.Rates[ad.Currency{'E', 'U', 'R'}] = ad.RateMax + 1
	}},
}

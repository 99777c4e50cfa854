package catalog

import (
	"net/netip"
	"time"

	"curb/edge/ad"
)

// Contents is what a snapshot is built from. Order within the lists has no meaning. Whoever gives contents to New gives
// them up: slices inside the values are not copied.
type Contents struct {
	// Version names the contents, e.g. a digest of the rule set. It is copied, not interpreted.
	Version       string
	Members       []ad.Member
	Publishers    []ad.Publisher
	Sites         []ad.Site
	Placements    []ad.Placement
	Bidders       []ad.Bidder
	Creatives     []ad.Creative
	LineItems     []ad.LineItem
	Deals         []ad.Deal
	DataProviders []ad.DataProvider
	Rates         ad.ExchangeRates
	GeoRanges     []GeoRange
	Node          NodeSettings
}

// NodeSettings is what a rule set says about the nodes that run it.
type NodeSettings struct {
	// Name of the rule set's nodes, for the operator's eyes; may be empty.
	Name string
	// Timeout is the deadline of auctions whose placement and publisher set none, up to ad.TMaxConfigMax; 0 in contents
	// reads as ad.TMaxDefault, and a snapshot never holds 0.
	Timeout time.Duration
}

// GeoRange says where the addresses of a prefix are. Of several that hold an address the longest counts.
type GeoRange struct {
	Prefix  netip.Prefix
	Country string // ISO 3166-1 alpha-2, upper case
	Region  string // ISO 3166-2 without the country, e.g. NY; empty: unknown
	City    string
	Postal  string
	DMA     uint16 // Nielsen code, United States only; 0: unknown
}

// Counts is how much a snapshot holds, for status pages and metrics.
type Counts struct {
	Members, Publishers, Sites, Placements, Bidders, Creatives, LineItems, Deals, DataProviders, Rates, GeoRanges int
}

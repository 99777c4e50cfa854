package ad

import "time"

// Compression names a content coding of bid requests and answers. The zero value is none.
type Compression uint8

// Content codings a bidder may declare (RFC 9110 §8.4.1, RFC 8878).
const (
	Plain Compression = iota
	Gzip
	Zstd
)

// Bidder is an OpenRTB endpoint that bids for its members.
type Bidder struct {
	ID     BidderID
	Name   string
	Active bool
	// Endpoint is the https (or, in lab mode, http to loopback) URL that bid requests are POSTed to.
	Endpoint string
	// ReadyURL is asked now and then; the bidder is asked for bids only while its answer holds a 1. Empty: always ready.
	ReadyURL string
	// Domains are those its notice URLs may name, lower-case; a domain allows its subdomains.
	Domains []string
	// Members are the seats it may bid for.
	Members []MemberID
	// Currencies it may bid in; empty: USD only.
	Currencies []Currency
	// RequestCoding is how its bid requests are sent.
	RequestCoding Compression
	// AnswerCodings are those it is offered in Accept-Encoding beside plain: a bit per Compression.
	AcceptGzip, AcceptZstd bool
	// QPSMax caps bid requests per second of this node; 0: no cap.
	QPSMax int
	// ConnectionsMax caps connections to it; 0 takes the node's default.
	ConnectionsMax int
	// BidderFee is private between bidder and member and comes off its bids first.
	BidderFee Share
	// NotifyURL is where notices are POSTed; empty: none are.
	NotifyURL string
	// NotifyLost, NotifyPending and NotifyNoBid ask for those notices beside won and errors; NotifyFull for the bid request
	// with each.
	NotifyLost, NotifyPending, NotifyNoBid, NotifyFull bool
	// Dongle opens the bidder's own account of debug auctions; empty: nobody sees it.
	Dongle string
	// PriceKey seals the prices in its notice URLs (${SEALED_PRICE}).
	PriceKey PriceKey
	// Throttle sends fewer requests to a bidder that times out. True by default in rule files.
	Throttle bool
}

// AuditStatus is where a creative stands with the platform's auditors.
type AuditStatus uint8

// Audit states; only Audited creatives serve by default.
const (
	AuditNone AuditStatus = iota
	AuditPending
	AuditRejected
	Audited
)

// Format is how a creative's content is delivered.
type Format uint8

// Creative formats.
const (
	FormatImage  Format = iota // Content is the URL of a picture, ClickURL where it leads
	FormatHTML                 // Content is markup
	FormatScript               // Content is the URL of a script
	FormatVAST                 // Content is VAST XML or the URL of one
	FormatNative               // Content is a native 1.2 response
)

// Creative is a registered advertisement.
type Creative struct {
	ID      CreativeID
	Code    string // the member's own key, unique within the member
	Member  MemberID
	Name    string
	Active  bool
	Size    Size
	Media   MediaType
	Format  Format
	Content string
	// Dynamic lets a bid bring markup of its own (adm) in place of Content; otherwise what was audited is what serves.
	Dynamic     bool
	ClickURL    string
	Secure      bool // may serve on https pages
	Audit       AuditStatus
	Advertisers []string // advertiser domains, lower-case A-labels
	Categories  []string // IAB content categories
	Attributes  []uint8  // OpenRTB creative attributes
	Language    string   // ISO 639-1
	// ApprovedBy lists the publishers whose inventory it may serve on; empty with Audited: all.
	ApprovedBy []PublisherID
	// Banned creatives serve nowhere, whatever was approved.
	Banned bool
	// Expired: it has not served for CreativeExpiry; a change or a bid that names it brings it back.
	Expired bool
	// Pixels are impression trackers of the advertiser's, https URLs with macros, called when the ad shows.
	Pixels []string
	// BannedBy lists publishers it may not serve on; it beats every approval.
	BannedBy []PublisherID
}

// ServesOn reports the first reason why the creative may not serve on the publisher's inventory, or Undecided if it may.
func (c *Creative) ServesOn(p PublisherID) Reason {
	for _, id := range c.BannedBy {
		if id == p {
			return CreativeBlocked
		}
	}
	if c.Banned {
		return CreativeBlocked
	}
	if !c.Active || c.Expired {
		return CreativeExpired
	}
	if c.Audit != Audited {
		return CreativeUnapproved
	}
	if len(c.ApprovedBy) == 0 {
		return Undecided
	}
	for _, id := range c.ApprovedBy {
		if id == p {
			return Undecided
		}
	}
	return CreativeUnapproved
}

// DealType says which stage a deal competes in. The zero value is open.
type DealType uint8

// Deal types.
const (
	DealOpen    DealType = iota // competes with everybody
	DealPrivate                 // competes before the open auction is held
)

// DealPriorityDefault is the priority of a deal or line item that names none; the range is 1 to 20, 20 first.
const DealPriorityDefault = 5

// PriorityMax is the highest priority of deals, line items and reselling.
const PriorityMax = 20

// Deal is an agreement between a publisher and buyers on price and access.
type Deal struct {
	ID   string // as in pmp.deals.id and bid.dealid
	Name string
	// HasAsk tells an ask of 0 (a floor of 0 that beats every other) from no ask at all (the usual floors stand).
	HasAsk bool
	Ask    CPM
	// Fixed deals rank, pay and set price at the ask.
	Fixed    bool
	Type     DealType
	Priority uint8 // 1 to 20, private deals only; 0 reads as DealPriorityDefault
	Active   bool
	// Members are the seats that may use it; empty: all.
	Members    []MemberID
	Publishers []PublisherID // where it is valid; empty with Placements empty: everywhere
	Placements []PlacementID
	Start, End time.Time // zero: unbounded; End is exclusive
}

// LineItem is managed demand of a member on its own inventory.
type LineItem struct {
	ID       LineItemID
	Name     string
	Member   MemberID
	Active   bool
	Priority uint8 // 1 to 20; 0 reads as DealPriorityDefault
	Price    CPM   // for Goal
	Goal     Goal  // zero: Price is a CPM
	Budget   Budget
	Caps     Caps
	// Creatives rotate by the auction's ticket among those that fit the impression.
	Creatives  []CreativeID
	Publishers []PublisherID // empty with Placements empty: all of the member's
	Placements []PlacementID
	Start, End time.Time // zero: unbounded; End is exclusive
}

// Live reports whether now lies in [start, end); zero bounds are open.
func Live(start, end, now time.Time) bool {
	return (start.IsZero() || !now.Before(start)) && (end.IsZero() || now.Before(end))
}

// DataProvider answers within 10 ms with segments for the bidders under contract.
type DataProvider struct {
	Name     string
	Endpoint string // URL with macros
	Active   bool
	Bidders  []BidderID // under contract
	// ReadyURL is asked now and then; the provider is asked only while its answer holds a 1. Empty: always ready.
	ReadyURL string
	// Contextual providers judge the page alone: they are asked without anything about the user, also where the law lets
	// nothing about the user out.
	Contextual bool
	// Throttle asks a provider that times out less often. True by default in rule files.
	Throttle bool
}

// ExchangeRates is one frozen table: what one unit of a currency cost at the previous day's close.
type ExchangeRates struct {
	AsOf  time.Time // the day of the close, UTC
	Rates map[Currency]Rate
	// Accept names currencies whose rate may differ from the table before by more than RateJumpMax.
	Accept []Currency
}

// Fresh reports whether the table may still be used: its day is no more than RatesAgeMax before now.
func (x *ExchangeRates) Fresh(now time.Time) bool { return now.Sub(x.AsOf) <= RatesAgeMax }

// Rate is the rate of a currency; USD is always RateOne. Zero: not in the table.
func (x *ExchangeRates) Rate(c Currency) Rate {
	if c.IsUSD() {
		return RateOne
	}
	return x.Rates[c]
}

package ad

import "time"

// MediaType is what kind of ad an impression takes and a creative is. Values are a bit set where several are allowed.
type MediaType uint8

// Media types, as OpenRTB 2.6 §3.2.4 divides impressions.
const (
	Banner MediaType = 1 << iota
	Video
	Audio
	Native
)

// String is the OpenRTB object's name; a set gives the first.
func (m MediaType) String() string {
	switch {
	case m&Banner != 0:
		return "banner"
	case m&Video != 0:
		return "video"
	case m&Audio != 0:
		return "audio"
	case m&Native != 0:
		return "native"
	}
	return "none"
}

// PriceRule says what the winner pays. The zero value is first price.
type PriceRule uint8

// Price rules.
const (
	FirstPrice  PriceRule = iota // the winner pays its own bid
	SecondPrice                  // the runner-up plus one cent, never more than its own bid
)

// String gives the word of rule files.
func (p PriceRule) String() string {
	if p == SecondPrice {
		return "second"
	}
	return "first"
}

// BelowThreshold says how managed demand below the reselling priority competes. The zero value is the documented tier
// reading.
type BelowThreshold uint8

// Readings of managed demand below the reselling priority.
const (
	ByTier  BelowThreshold = iota // only the highest managed tier present competes with RTB
	ByPrice                       // all managed bids compete with RTB on price
)

// String gives the word of rule files.
func (b BelowThreshold) String() string {
	if b == ByPrice {
		return "price"
	}
	return "tier"
}

// Member is a buying or selling seat. Its ID is the seat of OpenRTB's seatbid.
type Member struct {
	ID   MemberID
	Name string
	// Active is false for a member that may neither buy nor sell; its bids lose as seat_inactive.
	Active bool
	// ResellingPriority is 1 to 20, or 0 for none: managed demand at or above it closes the member's own inventory to RTB.
	ResellingPriority uint8
	// PlatformFee is taken off this buyer's bids before ranking.
	PlatformFee Share
	// Bidder is the member's own: on the member's inventory it is asked first and alone, and may take the impression, set a
	// reserve or a default creative. 0: none.
	Bidder BidderID
	// Dongle opens debug auctions on the member's inventory; empty: there are none.
	Dongle string
}

// Publisher sells inventory; Member owns it.
type Publisher struct {
	ID     PublisherID
	Name   string
	Member MemberID
	Active bool
	Domain string   // the publisher's own registrable domain, sent as site.publisher.domain
	Hosts  []string // hosts CNAMEd to a node, lower-case A-labels; each has a certificate of its own
	// Timeout is the deadline of its auctions; 0 takes the node's.
	Timeout        time.Duration
	PriceRule      PriceRule
	BelowThreshold BelowThreshold
	// BlockedCategories, BlockedAdvertisers and BlockedAttributes go out as bcat, badv and battr and are checked on every bid.
	BlockedCategories  []string
	BlockedAdvertisers []string // lower-case A-labels without a trailing dot; a domain blocks its subdomains too
	BlockedAttributes  []uint8
	// Buckets round the prices that its ad servers see; the zero value reads as Prebid's medium.
	Buckets Buckets
	// PriceKey seals prices for its ad server ({SEALED_PRICE}).
	PriceKey PriceKey
}

// AdServer is a publisher's ad server that preemptive tags call: a URL with macros such as {PRICEBUCKET} and {ACCEPT_URL}.
// https, or http to loopback in lab mode. It allows what a tag's redir names: same scheme, host and port, and a path at or
// below its own.
type AdServer struct {
	Name string // what a tag's redir may say instead of a URL
	URL  string
	// SecondPrice: its auction is itself second price, so prices are passed on unreduced.
	SecondPrice bool
}

// Site is a group of placements: a web site, an app or a screen network.
type Site struct {
	ID         SiteID
	Name       string
	Publisher  PublisherID
	Kind       SupplyKind
	Domain     string // of a web site
	Page       string // sent when a tag names no referrer (default_referrer_url)
	Bundle     string // of an app
	StoreURL   string // of an app
	Categories []string
}

// SupplyKind says which of OpenRTB's site, app and dooh a Site is sent as.
type SupplyKind uint8

// Supply kinds. The zero value is a web site.
const (
	Web SupplyKind = iota
	App
	DOOH
)

// DefaultCreative is what a placement serves when nothing clears, per size.
type DefaultCreative struct {
	Size     Size // 0x0: every size without one of its own
	Creative CreativeID
	// Price is a reserve that a winner must reach; it beats the placement's reserve. 0: none.
	Price CPM
}

// EstimatedClear is what historically clears on a placement for a size.
type EstimatedClear struct {
	Size     Size // 0x0: every size without one of its own
	Clear    CPM
	Average  CPM
	Verified bool
}

// Placement is the unit of inventory a tag names.
type Placement struct {
	ID           PlacementID
	Code         string // inv_code, unique within the member
	Name         string
	Site         SiteID
	Publisher    PublisherID
	Member       MemberID // owner, the publisher's
	Active       bool
	Sizes        []Size // empty: the tag says
	PrivateSizes []Size // sizes only deals may use
	MediaTypes   MediaType
	Reserve      CPM // lowest net CPM the owner sells at
	SoftFloor    CPM // second price only; 0: none
	Defaults     []DefaultCreative
	Estimates    []EstimatedClear
	// DaisyChain is a URL that takes over when nothing clears and no default creative fits; macros ${CACHEBUSTER}, ${WIDTH},
	// ${HEIGHT}. https, or http to loopback in lab mode.
	DaisyChain string
	// AdServers are those that preemptive tags may call; the first is the one a tag without redir calls. Empty: the placement
	// has no preemptive tags.
	AdServers []AdServer
	// NoResale keeps RTB out: owner's demand and deals only.
	NoResale bool
	// NoPSA answers an empty 200 instead of a public service ad.
	NoPSA bool
	// Timeout is the deadline of its auctions; 0 takes the publisher's.
	Timeout time.Duration
	// Position is OpenRTB's banner.pos: 0 unknown, 1 above, 3 below the fold.
	Position uint8
}

// Estimate is the placement's estimated clear price for a size; ok is false when it has none.
func (p *Placement) Estimate(size Size) (e EstimatedClear, ok bool) {
	for _, e := range p.Estimates {
		if e.Size == size {
			return e, true
		}
	}
	for _, e := range p.Estimates {
		if e.Size == (Size{}) {
			return e, true
		}
	}
	return e, false
}

// Default is the placement's default creative for a size; ok is false when it has none.
func (p *Placement) Default(size Size) (d DefaultCreative, ok bool) {
	for _, d := range p.Defaults {
		if d.Size == size {
			return d, true
		}
	}
	for _, d := range p.Defaults {
		if d.Size == (Size{}) {
			return d, true
		}
	}
	return d, false
}

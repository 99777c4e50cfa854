package ad

import (
	"net/netip"
	"slices"
	"time"
)

// TagFormat is how the ad call came in and so how its answer must look.
type TagFormat uint8

// Tag formats, by endpoint.
const (
	TagHTML           TagFormat = iota // /tt: an HTML document for an iframe
	TagScript                          // /ttj: JavaScript
	TagOpenRTB                         // POST /openrtb2/auction
	TagRedirect                        // /pt: a redirect to the publisher's ad server, with the price
	TagRedirectScript                  // /ptj: the same from a script
	TagJSON                            // /jpt: price and markup as JSON or JSONP
)

// PassedOn reports whether somebody else decides what is shown: the publisher's ad server, or the caller's own auction.
func (f TagFormat) PassedOn() bool { return f >= TagOpenRTB }

// Call is one ad call, decoded: what the page, app or partner said, and what the connection showed.
type Call struct {
	ID       AuctionID
	Format   TagFormat
	Received time.Time // when its last byte had arrived
	// TMax is what the caller asked for; 0: nothing asked. Bounded by TMaxMin and TMaxMax.
	TMax        time.Duration
	Publisher   *Publisher
	Site        *Site
	Impressions []Impression
	Page        string // URL of the page, "" unknown
	Secure      bool   // the page or app takes secure creatives only
	Device      Device
	Demographics
	Privacy
	// Blocks is what may not appear: the publisher's lists joined with the caller's. The flow fills it.
	Blocks Blocks
	// PreventRTB keeps bids without a deal out, PreventDeals those with one; both: no bidder is asked.
	PreventRTB, PreventDeals bool
	// Seats are the only members that may buy (wseat); empty: all. SeatsBlocked may not (bseat). Both are sorted; SeatMayBuy
	// reads them.
	Seats, SeatsBlocked []MemberID
	// NoPSA answers an empty 200 where a public service ad would stand.
	NoPSA bool
	// NoUser keeps all stored user data out of this call (use_cookies=0).
	NoUser bool
	// Location is where the publisher says the device is.
	Location Location
	// ExternalUID is the publisher's own id of the user.
	ExternalUID string
	// ExternalCode is the publisher's own name of the slot (ext_inv_code), for reports.
	ExternalCode string
	// TrafficSource is where the publisher bought the visit.
	TrafficSource string
	// ClickTracker is the publisher's, an http or https URL that the landing page is appended to; "" for none.
	ClickTracker string
	// Cachebuster is the tag's cb; "" for none.
	Cachebuster string
	// PassThrough are the tag's pt1 to pt9, for the macros of that name.
	PassThrough [PassThroughCount]string
	// Keywords are the tag's kw_ pairs without that prefix, Custom the pairs whose keys mean nothing to us, in lower case.
	// At most KeyValuesMax each.
	Keywords, Custom []KeyValue
	// Framed says whether the slot stands in a frame of its own: 1 yes, -1 no, 0 unknown.
	Framed int8
	// User names the user to frequency and recency caps; zero: nobody is known, or the law lets nobody be.
	User UserKey
	// AdServer is the one a preemptive tag calls; nil for other tags.
	AdServer *AdServer
	// Debug marks an auction that is held to be looked at: nobody is told, nothing is kept, nothing is billed. DebugTimeout
	// is its deadline; 0: DebugTimeoutDefault. DebugDongle opens the account of the member or bidder it belongs to.
	Debug        bool
	DebugTimeout time.Duration
	DebugDongle  string
	// Test marks an auction whose outcome counts for nothing.
	Test bool
}

// SeatMayBuy reports whether the caller lets a member buy. It allocates nothing.
func (c *Call) SeatMayBuy(seat MemberID) bool {
	if len(c.Seats) > 0 {
		if _, named := slices.BinarySearch(c.Seats, seat); !named {
			return false
		}
	}
	_, blocked := slices.BinarySearch(c.SeatsBlocked, seat)
	return !blocked
}

// Impression is one slot of a call.
type Impression struct {
	ID        string // imp.id; "1" for tags
	Placement *Placement
	Sizes     []Size // first is primary
	Media     MediaType
	// Reserve is the call's own reserve, net USD (tag parameter reserve, imp.bidfloor); 0: none said.
	Reserve  CPM
	Position uint8 // banner.pos
	// BlockedAttributes are creative attributes that may not appear here, the publisher's and the caller's. The flow fills it.
	BlockedAttributes []int
	// PrivateSizes are those that deals may use beside Sizes.
	PrivateSizes []Size
	// PrivateAuction keeps bids without a deal out (imp.pmp.private_auction).
	PrivateAuction bool
}

// KeyValue is one pair of a tag's query.
type KeyValue struct{ Key, Value string }

// Location is a point on the earth in hundred-thousandths of a degree, north and east positive.
type Location struct {
	Known    bool
	Lat, Lon int32
}

// Device is what the connection and the client's hints show of the browser or app.
type Device struct {
	IP        netip.Addr // as connected, or from a listed proxy; truncated before it leaves the node
	UserAgent string
	Language  string // first tag of Accept-Language
	SUA       ClientHints
}

// ClientHints are the Sec-CH-UA fields as received (RFC 8942, UA Client Hints); empty strings where the client sent none.
type ClientHints struct {
	Brands, Mobile, Platform string
}

// Demographics is what the publisher says of the user; zero values are unknown.
type Demographics struct {
	YearOfBirth uint16
	Gender      byte // 'M', 'F', 'O' or 0
}

// Privacy is the consent signals of a call, verbatim.
type Privacy struct {
	GDPR       int8 // -1 unknown, 0 no, 1 yes
	TCF        string
	GPP        string
	GPPSID     []int
	USPrivacy  string
	COPPA      bool
	GPC        bool // Sec-GPC: 1
	DoNotTrack bool
}

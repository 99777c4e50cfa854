package ad

import (
	"net/netip"
	"time"
)

// TagFormat is how the ad call came in and so how its answer must look.
type TagFormat uint8

// Tag formats, by endpoint.
const (
	TagHTML    TagFormat = iota // /tt: an HTML document for an iframe
	TagScript                   // /ttj: JavaScript
	TagOpenRTB                  // POST /openrtb2/auction
)

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
	// PreventRTB keeps bids without a deal out, PreventDeals those with one; both: no bidder is asked.
	PreventRTB, PreventDeals bool
	// NoPSA answers an empty 200 where a public service ad would stand.
	NoPSA bool
	// Test marks an auction whose outcome counts for nothing.
	Test bool
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

package ad

import "time"

// Amount is money in nano-USD. One impression at a CPM of c micro-USD per mille costs exactly c nano-USD, so bills add up
// without rounding.
type Amount int64

// DollarAmount is one dollar.
const DollarAmount Amount = 1_000_000_000

// Cost is what one impression costs at the price.
func (c CPM) Cost() Amount { return Amount(c) }

// UserKey names a user to the caps of this node: 128 bits derived from an identifier that the publisher supplied, never the
// identifier. The zero value is nobody known.
type UserKey [16]byte

// SaleKey is what can be billed once, ever: one impression of one auction.
type SaleKey struct {
	Auction    AuctionID
	Impression uint8 // index into Call.Impressions
}

// BidTerms is what a bidder said about being told, and what a notice needs to find its bid again.
type BidTerms struct {
	BidID        string // bid.id
	ImpressionID string // imp.id
	CreativeCode string
	NURL         string // called when the bid won, before macros
	BURL         string // called when it was billed, before macros
	LURL         string // called when it lost, before macros
	Data         string // echoed in notices (bid.ext.curb.notify_data)
}

// Sale is one impression sold: what a bill says. Prices are per thousand impressions.
type Sale struct {
	SaleKey
	Kind      BidKind
	At        time.Time // of the ad call
	Publisher PublisherID
	Placement PlacementID
	Owner     MemberID // of the inventory
	Buyer     MemberID // the seat
	Bidder    BidderID // 0: managed
	LineItem  LineItemID
	Creative  CreativeID
	Deal      string
	Size      Size
	Net       CPM // what the seller gets, USD
	BuyerPays CPM // what the buying member owes the platform, USD
	BidPrice  CPM // as submitted, in Currency
	Paid      CPM // on the scale of the bid, in Currency
	Currency  Currency
	Rate      Rate
	User      UserKey
	Terms     BidTerms
}

// Bill is a sale that was booked.
type Bill struct {
	Sale
	Billed time.Time
	// PostPending: the price had been passed on, and the publisher's ad server took it.
	PostPending bool
}

// Pending is a sale that was passed on to the publisher's ad server, or to a caller with an auction of its own, and may
// come back until it expires.
type Pending struct {
	Sale
	Expires time.Time
	// Document is what is served when the sale is accepted; nil where the caller got the markup already.
	Document []byte
	// Script: the document is JavaScript; else HTML.
	Script bool
	// Average is the mean of the net bids that competed, USD; the estimated average price is learnt from it.
	Average CPM
}

// PendingState is where a sale that was passed on stands. The zero value is that nobody knows of it.
type PendingState uint8

// States of sales that were passed on.
const (
	PendingUnknown PendingState = iota
	PendingOpen
	PendingBilled
	PendingExpired
)

// AcceptWindow is for how long a sale that was passed on may be accepted: five minutes for banners, six hours for what
// plays or unfolds later.
func AcceptWindow(media MediaType) time.Duration {
	if media&^Banner != 0 && media&Banner == 0 {
		return AcceptWindowLong
	}
	return AcceptWindowBanner
}

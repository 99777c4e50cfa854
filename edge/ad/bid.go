package ad

// BidKind says where a bid comes from. The zero value is real-time bidding.
type BidKind uint8

// Kinds of bids.
const (
	RTB     BidKind = iota // a bidder's open bid
	Managed                // a line item of the inventory's owner
	DealBid                // a bidder's bid under a deal
)

// String gives the word of auction vectors.
func (k BidKind) String() string {
	switch k {
	case Managed:
		return "managed"
	case DealBid:
		return "deal"
	}
	return "rtb"
}

// Bid is one offer for one impression. The fields before Reason are what the bidder said and what the catalog knows;
// a step that refuses the bid sets Reason, and no later step overrules it.
//
// Strings may borrow the bidder's answer: they are valid until the call's answer has been written.
type Bid struct {
	ID         string
	Impression int // index into Call.Impressions
	Kind       BidKind
	Bidder     *Bidder   // nil for managed
	Member     MemberID  // the seat
	LineItem   *LineItem // managed only
	Deal       *Deal     // deals only
	Creative   *Creative // nil: not registered, or not looked up yet
	Size       Size      // of the ad; 0x0: the creative's
	// Price is in Currency at Rate, and for Goal (per thousand impressions, click or action); Price of 0 is never a bid.
	Price       CPM
	Goal        Goal
	Bias        Bias // what the seller's rules add for ranking
	Currency    Currency
	Rate        Rate
	BidderFee   Share
	PlatformFee Share
	Markup      string // adm; empty: the registered creative's content
	Advertiser  string // first adomain
	NURL        string
	BURL        string
	LURL        string
	// Terms of the bidder beside OpenRTB's own fields (bid.ext.curb).
	MinPrice   CPM        // the least it may be reduced to, in Currency; 0: no such bound
	NotifyData string     // echoed in notices
	ClickURL   string     // a click tracker of the bidder's, called after ours; "" for none
	Macros     []KeyValue // custom macros, filled after the system's
	// Exclusive: the owner's bidder takes the impression without an auction. Of anybody else it means nothing.
	Exclusive bool

	// Reason is Undecided while the bid is in the running, and exactly one outcome after the auction.
	Reason Reason
	// Capped is set when the bid exceeded $999 and counts as $999.
	Capped bool
}

// Asked is what became of asking one bidder.
type Asked struct {
	Bidder *Bidder
	// Reason is Won never; Undecided when it answered with bids; else why there are none.
	Reason Reason
	// Bids is how many bids it sent, including refused ones.
	Bids int
	// DebugText is what the bidder explains to whoever knows its dongle; debug auctions only.
	DebugText string
	// Live is why a call of today would not have asked it, though a debug auction did: Throttled or BreakerOpen. Undecided:
	// nothing speaks against asking it, or this is no debug auction.
	Live Reason
	// Micros is how long it took from the call-out to the last byte of its answer, or to giving up, in microseconds.
	Micros int64
}

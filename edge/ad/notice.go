package ad

import "time"

// NoticeKind is what a bidder is told. The texts are notify_type of the classic exchanges.
type NoticeKind uint8

// Kinds of notices.
const (
	NoticeWon     NoticeKind = iota // the bid bought the impression, and a bill says so
	NoticeLost                      // it did not, with the reason
	NoticePending                   // its price was passed on; won may follow
	NoticeKept                      // to the owner's bidder: the owner used the impression itself
	NoticeSold                      // to the owner's bidder: somebody else bought it
	NoticeDefault                   // to the owner's bidder: nothing cleared
	NoticeNoBid                     // the bidder had nothing to say
	NoticeError                     // asking it failed, with the reason
)

// String is notify_type.
func (k NoticeKind) String() string {
	return [...]string{"won", "lost", "pending", "kept", "sold", "default", "no_bid", "error"}[min(k, NoticeError)]
}

// Notice is one message about one impression to one bidder. Whoever takes one copies what it keeps.
type Notice struct {
	Kind        NoticeKind
	PostPending bool // won: pending came before
	SaleKey
	At        time.Time // of the ad call
	Bidder    BidderID
	Member    MemberID // the seat; 0: about the bidder as a whole
	Publisher PublisherID
	Placement PlacementID
	Creative  CreativeID
	BidPrice  CPM // as submitted, in Currency
	// Price is what the winner pays, in Currency (won, pending), or what the owner got, USD (sold). Else 0.
	Price    CPM
	Currency Currency
	Reason   Reason // lost, error
	Terms    BidTerms
	Micros   int64 // how long the bidder took to answer, µs; 0: it did not
	// Full is the bid request as sent to everybody, JSON, for bidders that asked for full auctions; else nil.
	Full []byte
}

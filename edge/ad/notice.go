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

// Hears reports whether the bidder is to be told such news at its NotifyURL: what it won, what became of its owner's inventory,
// and errors that it can repair, unasked; all else if it asked for it.
func (b *Bidder) Hears(kind NoticeKind, reason Reason) bool {
	if b.NotifyURL == "" {
		return false
	}
	switch kind {
	case NoticeWon, NoticeKept, NoticeSold, NoticeDefault:
		return true
	case NoticeLost:
		return b.NotifyLost || reason.repairable()
	case NoticePending:
		return b.NotifyPending
	case NoticeNoBid:
		return b.NotifyNoBid
	case NoticeError:
		return reason.repairable()
	}
	return false
}

// repairable errors are the bidder's own: what it said could not be read, or named what is not there.
func (r Reason) repairable() bool {
	code := r.NotifyCode()
	return code == 10 || code == 11 || code > 100
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

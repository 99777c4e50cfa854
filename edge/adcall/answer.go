package adcall

import (
	"curb/edge/ad"
	"curb/edge/auction"
)

// Outcome is what an impression is answered with.
type Outcome uint8

// Outcomes, in the order in which they are tried.
const (
	Sold    Outcome = iota // a bid bought it
	Default                // the placement's default creative
	Chain                  // the placement's daisy chain takes over
	PSA                    // a public service ad, where one of the size exists; else the answer is blank
	Blank                  // nothing at all
)

// String is the outcome's word, as in X-Curb-Outcome.
func (o Outcome) String() string {
	switch o {
	case Sold:
		return "won"
	case Default:
		return "default"
	case Chain:
		return "chain"
	case PSA:
		return "psa"
	}
	return "blank"
}

// Slot is the answer for one impression.
type Slot struct {
	Impression *ad.Impression
	Outcome    Outcome
	// Bid is the winner; nil unless Sold.
	Bid *ad.Bid
	// Creative is what is served: the winner's or the default. Nil for Chain, PSA and Blank.
	Creative *ad.Creative
	// Size is that of the ad, or the impression's first; 0x0 when nobody said one.
	Size ad.Size
	// Result is the auction's account: stage, price, who pays what. Zero with Winner -1 if none was held.
	Result auction.Result
	// Bids are all that competed for this impression, each with its reason.
	Bids []ad.Bid
	// Sale is what a bill will say; filled if Sold.
	Sale ad.Sale
	// Trace is the account of the auction; debug auctions only.
	Trace *auction.Trace

	average ad.CPM // of the net bids
	settled settled
}

// settled is how far the sale of a slot came.
type settled uint8

const (
	open     settled = iota // nothing was booked
	billed                  // the bill is on disk
	promised                // the price was passed on, and may come back
)

// Answer is the outcome of a call. It borrows the bidders' buffers: everything in it is valid until Release.
type Answer struct {
	Call *ad.Call
	// Version names the rule set that decided.
	Version string
	Slots   []Slot
	// Asked is what became of asking each bidder.
	Asked []ad.Asked
	// Unplaced are bids for no impression that was on offer, each with its reason.
	Unplaced []ad.Bid
	// Provided is what data providers said of this call.
	Provided []ad.Provided

	service *Service
	state   state
}

// Personal reports whether identifiers and what describes the user may leave the node.
func (a *Answer) Personal() bool { return a.state.personal }

// silent reports whether the call counts for nothing: it is held to be looked at, or to be tried.
func (a *Answer) silent() bool { return a.Call.Debug || a.Call.Test }

// Release settles the call and gives the answer's buffers back. The holder calls it exactly once, after the last byte
// was written.
func (a *Answer) Release() {
	if a.service != nil {
		a.service.settle(a)
		a.service.recycle(a)
	}
}

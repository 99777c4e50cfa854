package ad

// Target is one bidder to ask, with the deals it may use on each impression.
type Target struct {
	Bidder *Bidder
	// Deals per index of Call.Impressions; nil where there are none at all.
	Deals [][]*Deal
}

// Answers collects what came of asking bidders. Bids borrow the answers' buffers: everything here is valid until Free.
type Answers struct {
	Asked []Asked // one per target, in the order of the targets
	Bids  []Bid   // all bids of all bidders, refused ones with their Reason
	// Free gives the buffers back; the holder calls it exactly once. Nil: nothing borrowed.
	Free func()
}

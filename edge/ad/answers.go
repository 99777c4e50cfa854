package ad

// Target is one bidder to ask, with the deals it may use on each impression.
type Target struct {
	Bidder *Bidder
	// Deals per index of Call.Impressions; nil where there are none at all.
	Deals [][]*Deal
	// Data is what data providers said that this bidder may see.
	Data []Provided
}

// Answers collects what came of asking bidders. Bids borrow the answers' buffers: everything here is valid until Free.
type Answers struct {
	Asked []Asked // one per target, in the order of the targets
	Bids  []Bid   // all bids of all bidders, refused ones with their Reason
	// Owner is what the owner's bidder decided beside its bids, per impression that it named; others' is not read.
	Owner []OwnerTerms
	// Free gives the buffers back; the holder calls it exactly once. Nil: nothing borrowed.
	Free func()
}

// OwnerTerms is what the owner's bidder decides about an impression before anybody else is asked.
type OwnerTerms struct {
	Impression int
	// Reserve replaces every other reserve of the impression, if HasReserve; net USD.
	HasReserve bool
	Reserve    CPM
	// Default replaces the placement's default creative; nil: that stands.
	Default *Creative
}

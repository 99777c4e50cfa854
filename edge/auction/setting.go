package auction

import "curb/edge/ad"

// Salt is the secret key of tickets. Who knows it can foresee who wins ties; a record that is to be replayed names it.
type Salt [16]byte

// Setting is what the bids of one impression meet: the rules of the sale. The zero value is a first-price auction
// without floor, gate or deals' privileges.
type Setting struct {
	// Auction and Impression (the index in the call) seed the tickets, under Salt.
	Auction    ad.AuctionID
	Impression int
	Salt       Salt

	PriceRule ad.PriceRule
	// ResellingPriority is 1 to 20: eligible managed demand at or above it competes alone. 0: there is no gate.
	ResellingPriority uint8
	// BelowThreshold says which managed bids compete when the gate stays open.
	BelowThreshold ad.BelowThreshold
	// NoResale drops RTB bids; the owner's demand and deals stay.
	NoResale bool

	// Owner has the right of first refusal on its inventory: the floors below do not stand on its own bids. 0: nobody has.
	Owner ad.MemberID

	// Floor is the floor on bids without a deal ask, as the function Floor chooses it.
	Floor Applied
	// SizeFloors are the floors on bids of sizes that have one of their own; all others have Floor.
	SizeFloors []SizeFloor

	// Estimate is the estimated clear price, net USD; 0: unknown. It acts in second price on a price that is PassedOn.
	Estimate ad.CPM
	// PassedOn: the price goes to the publisher's ad server, which holds a contest of its own.
	PassedOn bool
	// NextSecondPrice: that contest is itself second price, so the price is not reduced here.
	NextSecondPrice bool

	// Trace, if not nil, is filled with the account of this auction.
	Trace *Trace
}

// SizeFloor is the floor on bids of one size.
type SizeFloor struct {
	Size  ad.Size
	Floor Applied
}

// floorOf is the floor on a bid without a deal ask.
func (s *Setting) floorOf(b *ad.Bid) *Applied {
	if s.Owner != 0 && b.Member == s.Owner {
		return &noFloor
	}
	for i := range s.SizeFloors {
		if s.SizeFloors[i].Size == b.Size {
			return &s.SizeFloors[i].Floor
		}
	}
	return &s.Floor
}

// noFloor is the floor on the owner's own bids. It is never written to.
var noFloor Applied

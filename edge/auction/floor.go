package auction

import "curb/edge/ad"

// FloorSource says which of several reserves became the floor of a bid.
type FloorSource uint8

// Sources of floors, weakest first.
const (
	FloorNone FloorSource = iota
	FloorPlacement
	FloorOwner
	FloorCall
	FloorDefaultCreative
	FloorRuled
	FloorNativeAsset
	FloorDealAsk
)

var floorSources = [...]string{"none", "placement", "owner", "call", "default_creative", "floor_rule", "native_asset", "deal_ask"}

// String is the source's word in records.
func (s FloorSource) String() string { return floorSources[min(int(s), len(floorSources)-1)] }

// FloorRule is the one floor rule that matched an impression.
type FloorRule struct {
	// Price is the hard floor, net USD. 0 is a floor of 0, which still beats the reserves below it.
	Price ad.CPM
	// Soft is its soft floor; 0: none.
	Soft ad.CPM
	// Override lets the call's own reserve beat the rule where it is greater.
	Override bool
}

// Reserves are all that may set the floor of an impression's bids; net USD, 0 where there is none. A deal's ask is not
// here: it belongs to a bid and beats everything.
type Reserves struct {
	NativeAsset ad.CPM
	Rule        *FloorRule // nil: no rule matched
	Default     ad.CPM     // price of the default creative that would serve instead
	Placement   ad.CPM
	// ByOwner: Placement is what the owner's bidder set for this impression in its stead.
	ByOwner bool
	Soft    ad.CPM // soft floor of the placement
	// Call is the reserve the call itself named. It beats Default and Placement even when it is lower, unless RaiseOnly.
	Call ad.CPM
	// RaiseOnly makes the call's reserve count only where it is greater than what it would replace (imp.bidfloor).
	RaiseOnly bool
}

// Applied is the floor that stands on an impression's bids, and where it came from.
type Applied struct {
	Price  ad.CPM // net USD
	Soft   ad.CPM // second price only, and never on deals; 0: none
	Source FloorSource
}

// Floor chooses the floor: the native asset's, else the rule's, else the default creative's, else the placement's. A
// reserve of the call replaces the last two; it replaces a rule only where the rule allows it and it is greater, and
// never a native asset's.
func Floor(r *Reserves) Applied {
	if r.NativeAsset > 0 {
		soft := r.Soft
		if r.Rule != nil {
			soft = r.Rule.Soft
		}
		return Applied{Price: r.NativeAsset, Soft: soft, Source: FloorNativeAsset}
	}
	if r.Rule != nil {
		if r.Rule.Override && r.Call > r.Rule.Price {
			return Applied{Price: r.Call, Soft: r.Rule.Soft, Source: FloorCall}
		}
		return Applied{Price: r.Rule.Price, Soft: r.Rule.Soft, Source: FloorRuled}
	}
	floor := Applied{Soft: r.Soft}
	switch {
	case r.Default > 0:
		floor.Price, floor.Source = r.Default, FloorDefaultCreative
	case r.Placement > 0:
		floor.Price, floor.Source = r.Placement, FloorPlacement
		if r.ByOwner {
			floor.Source = FloorOwner
		}
	}
	if r.Call > 0 && (!r.RaiseOnly || r.Call > floor.Price) {
		floor.Price, floor.Source = r.Call, FloorCall
	}
	return floor
}

package bidder

import (
	"slices"

	"curb/edge/ad"
	"curb/edge/openrtb"
)

// readDeal finds the deal a bid names. Only a deal that this request offered for this impression can be used, and only
// by a seat it was made with; that it is active, in its dates and valid for the placement is part of having been offered.
func (a *answer) readDeal(b *ad.Bid, in *openrtb.Bid) ad.Reason {
	if in.DealID == "" {
		return ad.Undecided
	}
	b.Kind = ad.DealBid
	deal := a.snap.Deal(in.DealID)
	if deal == nil {
		return ad.DealUnknown
	}
	b.Deal = deal
	if b.Impression >= len(a.deals) || !slices.Contains(a.deals[b.Impression], deal) {
		return ad.DealForbidden
	}
	if len(deal.Members) > 0 && !slices.Contains(deal.Members, b.Member) {
		return ad.DealForbidden
	}
	return ad.Undecided
}

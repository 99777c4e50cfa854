package node

import (
	"time"

	"curb/edge/ad"
	"curb/edge/adcall"
	"curb/edge/creative"
	"curb/edge/metrics"
)

// recorder turns answered calls into counts, and lets creatives that somebody bids on come back.
type recorder struct {
	metrics   *metrics.Registry
	creatives *creative.Registry
}

// outcomes is the closed list of what impressions are answered with.
var outcomes = []string{
	adcall.Sold.String(), adcall.Default.String(), adcall.Chain.String(), adcall.PSA.String(), adcall.Blank.String(),
}

// Record counts what a call came to. It keeps nothing of it.
func (r *recorder) Record(a *adcall.Answer) {
	r.metrics.ObserveCall(time.Since(a.Call.Received))
	for i := range a.Slots {
		slot := &a.Slots[i]
		r.metrics.CountImpression(slot.Outcome.String())
		for b := range slot.Bids {
			r.metrics.CountBid(slot.Bids[b].Reason)
			if bid := &slot.Bids[b]; bid.Reason == ad.CreativeExpired && bid.Creative != nil {
				r.creatives.BidOn(bid.Creative.ID, a.Call.Received) // it competes again from the next catalog on
			}
		}
	}
	for i := range a.Unplaced {
		r.metrics.CountBid(a.Unplaced[i].Reason)
	}
	for i := range a.Asked {
		r.metrics.CountAsked(&a.Asked[i])
	}
}

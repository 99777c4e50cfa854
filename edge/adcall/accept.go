package adcall

import (
	"context"
	"fmt"
	"time"

	"curb/edge/ad"
	"curb/edge/catalog"
)

// Acceptance is the news that the publisher's ad server, or a caller's own auction, chose a sale that was passed on.
type Acceptance struct {
	Key      ad.SaleKey
	Snapshot *catalog.Snapshot
	Now      time.Time
}

// AcceptOutcome is what came of an acceptance.
type AcceptOutcome uint8

// Outcomes of acceptances.
const (
	Served     AcceptOutcome = iota // it is booked: show the document
	Gone                            // nobody knows of the sale, or its window has closed
	Refused                         // its creative may not serve any more
	Unbillable                      // it could not be booked in time
)

// Accepted is what came of an acceptance. Pending is nil unless Served; First is false if the sale had been booked before.
type Accepted struct {
	Outcome AcceptOutcome
	Pending *ad.Pending
	First   bool
}

// Accept books a sale that was passed on, once however often it is told of, and gives what is to be shown. The first time
// the bidder learns that it won after all. The error, with Unbillable, says why nothing could be booked.
func (s *Service) Accept(ctx context.Context, in Acceptance) (Accepted, error) {
	p, state := s.ledger.Pending(in.Key, in.Now)
	if state != ad.PendingOpen && state != ad.PendingBilled {
		return Accepted{Outcome: Gone}, nil
	}
	if c := in.Snapshot.Creative(p.Creative); c == nil || !stillServes(c, p.Publisher) {
		return Accepted{Outcome: Refused}, nil
	}
	wait := s.wait(ctx)
	defer s.waited(wait)
	p, first, state, err := s.ledger.Accept(wait, in.Key, in.Now)
	switch {
	case err != nil:
		return Accepted{Outcome: Unbillable}, fmt.Errorf("book a sale that was passed on: %w", err)
	case state != ad.PendingOpen && state != ad.PendingBilled:
		return Accepted{Outcome: Gone}, nil
	}
	if first && s.notifier != nil {
		s.tellAccepted(in.Snapshot, &p)
	}
	return Accepted{Outcome: Served, Pending: &p, First: first}, nil
}

// stillServes reports whether a creative that was approved at the auction still is, also when the ad is asked for again.
// That it expired since is no reason: it has just sold.
func stillServes(c *ad.Creative, p ad.PublisherID) bool {
	now := *c
	now.Expired = false
	return now.ServesOn(p) == ad.Undecided
}

// tellAccepted tells the buyer that it won after all, and the owner's bidder what the impression went for.
func (s *Service) tellAccepted(snap *catalog.Snapshot, p *ad.Pending) {
	if p.Bidder != 0 {
		n := Won(&p.Sale)
		n.PostPending = true
		s.notifier.Notify(&n)
	}
	if owner := snap.OwnerBidder(p.Placement); owner != nil && owner.ID != p.Bidder {
		n := ad.Notice{Kind: ad.NoticeSold, SaleKey: p.SaleKey, At: p.At, Bidder: owner.ID, Publisher: p.Publisher, Placement: p.Placement,
			Price: p.Net, Currency: ad.USD, PostPending: true, Terms: ad.BidTerms{ImpressionID: p.Terms.ImpressionID}}
		if p.LineItem != 0 {
			n.Kind, n.Price = ad.NoticeKept, 0
		}
		s.notifier.Notify(&n)
	}
}

// Won is the notice of a sale that was booked.
func Won(sale *ad.Sale) ad.Notice {
	return ad.Notice{
		Kind: ad.NoticeWon, SaleKey: sale.SaleKey, At: sale.At, Bidder: sale.Bidder, Member: sale.Buyer, Publisher: sale.Publisher,
		Placement: sale.Placement, Creative: sale.Creative, BidPrice: sale.BidPrice, Price: sale.Paid, Currency: sale.Currency,
		Reason: ad.Won, Terms: sale.Terms,
	}
}

// Expired tells the buyer of a sale that was passed on and did not come back in time.
func (s *Service) Expired(p *ad.Pending) {
	if s.notifier == nil || p.Bidder == 0 {
		return
	}
	n := Won(&p.Sale)
	n.Kind, n.Price, n.Reason, n.PostPending = ad.NoticeLost, 0, ad.Declined, true
	s.notifier.Notify(&n)
}

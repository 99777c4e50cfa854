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
	wait := s.wait(ctx)
	defer s.waited(wait)
	if why := stillServes(in.Snapshot.Creative(p.Creative), p.Publisher); why != ad.Undecided {
		if err := s.ledger.Refuse(wait, in.Key, why, in.Now); err != nil {
			return Accepted{Outcome: Refused}, fmt.Errorf("close a sale whose creative may not serve: %w", err)
		}
		return Accepted{Outcome: Refused}, nil
	}
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

// stillServes gives the reason why a creative that was approved at the auction may not serve any more, also when the ad is
// asked for again. That it expired since is none: it has just sold.
func stillServes(c *ad.Creative, p ad.PublisherID) ad.Reason {
	if c == nil {
		return ad.CreativeInvalid
	}
	now := *c
	now.Expired = false
	return now.ServesOn(p)
}

// tellAccepted tells the buyer that it won after all, and the owner's bidder what became of the impression.
func (s *Service) tellAccepted(snap *catalog.Snapshot, p *ad.Pending) {
	if p.Bidder != 0 {
		n := Won(&p.Sale)
		n.PostPending = true
		s.notifier.Notify(&n)
	}
	if owner := snap.OwnerBidder(p.Placement); owner != nil {
		n := toOwner(&p.Sale, owner)
		n.PostPending = true
		s.notifier.Notify(&n)
	}
}

// toOwner is what the owner's bidder learns of a sale: the owner kept the impression for itself, or sold it, for how much.
func toOwner(sale *ad.Sale, owner *ad.Bidder) ad.Notice {
	n := ad.Notice{Kind: ad.NoticeSold, SaleKey: sale.SaleKey, At: sale.At, Bidder: owner.ID, Publisher: sale.Publisher,
		Placement: sale.Placement, Price: sale.Net, Currency: ad.USD, Terms: ad.BidTerms{ImpressionID: sale.Terms.ImpressionID}}
	if sale.Buyer == sale.Owner {
		n.Kind, n.Price, n.Currency, n.Creative = ad.NoticeKept, 0, ad.Currency{}, sale.Creative
	}
	return n
}

// Won is the notice of a sale that was booked.
func Won(sale *ad.Sale) ad.Notice {
	return ad.Notice{
		Kind: ad.NoticeWon, SaleKey: sale.SaleKey, At: sale.At, Bidder: sale.Bidder, Member: sale.Buyer, Publisher: sale.Publisher,
		Placement: sale.Placement, Creative: sale.Creative, BidPrice: sale.BidPrice, Price: sale.Paid, Currency: sale.Currency,
		Reason: ad.Won, Terms: sale.Terms,
	}
}

// Expired tells of a sale that was passed on and came to nothing: declined, or refused when it came back. The buyer lost,
// and the owner's bidder learns that the impression was not sold.
func (s *Service) Expired(snap *catalog.Snapshot, p *ad.Pending, why ad.Reason) {
	if s.notifier == nil {
		return
	}
	if p.Bidder != 0 {
		n := Won(&p.Sale)
		n.Kind, n.Price, n.Reason, n.PostPending = ad.NoticeLost, 0, why, true
		s.notifier.Notify(&n)
	}
	if owner := snap.OwnerBidder(p.Placement); owner != nil {
		n := toOwner(&p.Sale, owner)
		n.Kind, n.Price, n.Currency, n.Creative, n.PostPending = ad.NoticeDefault, 0, ad.Currency{}, 0, true
		s.notifier.Notify(&n)
	}
}

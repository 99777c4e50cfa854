package adcall

import (
	"context"
	"fmt"
	"time"

	"curb/edge/ad"
)

// reserve sets aside what a line item's win would cost, so that what is sold can be billed. Calls that count for nothing
// reserve nothing.
func (s *Service) reserve(a *Answer, i int, b *ad.Bid) ad.Reason {
	if a.silent() {
		return ad.Undecided
	}
	slot := &a.Slots[i]
	slot.Sale = a.sale(i, b)
	reason := s.ledger.Reserve(b.LineItem, &slot.Sale)
	if reason != ad.Undecided {
		slot.Sale = ad.Sale{}
	}
	return reason
}

// draw writes down the sale of a slot.
func (a *Answer) draw(i int) { a.Slots[i].Sale = a.sale(i, a.Slots[i].Bid) }

// sale is what a bill of the impression would say, were it sold by this bid.
func (a *Answer) sale(i int, b *ad.Bid) ad.Sale {
	imp, r := &a.Call.Impressions[i], &a.Slots[i].Result
	sale := ad.Sale{
		SaleKey: ad.SaleKey{Auction: a.Call.ID, Impression: uint8(i)}, Kind: b.Kind, At: a.Call.Received,
		Publisher: a.Call.Publisher.ID, Placement: imp.Placement.ID, Owner: imp.Placement.Member, Buyer: b.Member,
		Size: b.Size, Net: r.ClearPrice, BuyerPays: r.BuyerPays, BidPrice: b.Price, Paid: r.Paid, Currency: b.Currency, Rate: b.Rate,
		User:  a.Call.User,
		Terms: ad.BidTerms{BidID: b.ID, ImpressionID: imp.ID, NURL: b.NURL, BURL: b.BURL, LURL: b.LURL, Data: b.NotifyData},
	}
	if b.Bidder != nil {
		sale.Bidder = b.Bidder.ID
	}
	if b.LineItem != nil {
		sale.LineItem = b.LineItem.ID
	}
	if b.Creative != nil {
		sale.Creative, sale.Terms.CreativeCode = b.Creative.ID, b.Creative.Code
		if sale.Size == (ad.Size{}) {
			sale.Size = b.Creative.Size
		}
	}
	if b.Deal != nil {
		sale.Deal = b.Deal.ID
	}
	return sale
}

// Sell books the sale of a slot. The caller has the ad ready and writes its first byte only after Sell returned nil:
// then the bill is on disk. After an error the slot is not sold any more but answered with what its placement falls back
// to, and must be composed again. A slot that is not Sold, and a call that counts for nothing, books nothing. Nor does one
// whose client is known to have gone: nobody would see the ad, and hanging up would be a way to burn budgets.
func (a *Answer) Sell(ctx context.Context, slot *Slot) error {
	if slot.Outcome != Sold || slot.settled != open || a.silent() {
		return nil
	}
	if err := a.present(ctx, slot); err != nil {
		return err
	}
	wait := a.service.wait(ctx)
	defer a.service.waited(wait)
	if _, err := a.service.ledger.Bill(wait, &slot.Sale, a.Call.Received); err != nil {
		a.Withdraw(slot, ad.Unbillable)
		return fmt.Errorf("book the sale: %w", err)
	}
	slot.settled = billed
	return nil
}

// present withdraws the sale of a client that has gone.
func (a *Answer) present(ctx context.Context, slot *Slot) error {
	if err := ctx.Err(); err != nil {
		a.Withdraw(slot, ad.Cancelled)
		return fmt.Errorf("the client has gone: %w", err)
	}
	return nil
}

// Promise keeps the sale of a slot whose price is passed on: until the window of its medium closes, Accept books it and
// gives the document back. The caller passes the price on only after Promise returned nil; after an error the slot is not
// sold any more. Document may be nil where the caller got the markup already. Script: it is JavaScript.
func (a *Answer) Promise(ctx context.Context, slot *Slot, document []byte, script bool) error {
	if slot.Outcome != Sold || slot.settled != open || a.silent() {
		return nil
	}
	if err := a.present(ctx, slot); err != nil {
		return err
	}
	wait := a.service.wait(ctx)
	defer a.service.waited(wait)
	p := &a.promise(slot, document, script).pending
	return a.kept(slot, a.service.ledger.Hold(wait, p))
}

// media is what kind of ad a slot was sold for.
func media(slot *Slot) ad.MediaType {
	if slot.Creative != nil && slot.Creative.Media != 0 {
		return slot.Creative.Media
	}
	return slot.Impression.Media
}

// Withdraw undoes the sale of a slot whose winner cannot be shown or booked: it loses for that reason, and the slot is
// answered with what its placement falls back to.
func (a *Answer) Withdraw(slot *Slot, why ad.Reason) {
	if slot.Outcome != Sold || slot.settled != open {
		return
	}
	slot.Bid.Reason = why
	if !a.silent() {
		a.service.ledger.Release(&slot.Sale) // also of a bill that may have reached the disk after all: it is undone
	}
	slot.Result.Winner, slot.Sale = -1, ad.Sale{}
	if sizes := slot.Impression.Sizes; len(sizes) > 0 {
		slot.Size = sizes[0]
	}
	a.conclude(slot)
}

// unbooked is the ledger of a service without one: it knows no limit and keeps nothing.
type unbooked struct{}

func (unbooked) MayServe(*ad.LineItem, ad.UserKey, time.Time) ad.Reason { return ad.Undecided }
func (unbooked) Reserve(*ad.LineItem, *ad.Sale) ad.Reason               { return ad.Undecided }
func (unbooked) Release(*ad.Sale)                                       {}
func (unbooked) Bill(context.Context, *ad.Sale, time.Time) (bool, error) {
	return true, nil
}
func (unbooked) Hold(context.Context, *ad.Pending) error { return nil }
func (unbooked) Pending(ad.SaleKey, time.Time) (ad.Pending, ad.PendingState) {
	return ad.Pending{}, ad.PendingUnknown
}
func (unbooked) Accept(context.Context, ad.SaleKey, time.Time) (ad.Pending, bool, ad.PendingState, error) {
	return ad.Pending{}, false, ad.PendingUnknown, nil
}
func (unbooked) Refuse(context.Context, ad.SaleKey, ad.Reason, time.Time) error { return nil }
func (unbooked) Estimate(ad.PlacementID, ad.Size) (ad.EstimatedClear, bool) {
	return ad.EstimatedClear{}, false
}

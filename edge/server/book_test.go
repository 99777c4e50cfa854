package server

import (
	"context"
	"errors"
	"sync"
	"time"

	"curb/edge/ad"
)

// book is a ledger in memory: it bills once per sale, keeps promises until they expire, and refuses while full.
type book struct {
	mu       sync.Mutex
	bills    map[ad.SaleKey]ad.Sale
	promises map[ad.SaleKey]ad.Pending
	full     bool // writing fails
	writes   int
}

func newBook() *book {
	return &book{bills: map[ad.SaleKey]ad.Sale{}, promises: map[ad.SaleKey]ad.Pending{}}
}

var errFull = errors.New("the disk is full")

func (b *book) MayServe(*ad.LineItem, ad.UserKey, time.Time) ad.Reason { return ad.Undecided }
func (b *book) Reserve(*ad.LineItem, *ad.Sale) ad.Reason               { return ad.Undecided }
func (b *book) Release(*ad.Sale)                                       {}

func (b *book) Bill(_ context.Context, sale *ad.Sale, _ time.Time) (first bool, err error) {
	b.mu.Lock()
	defer b.mu.Unlock()
	if b.full {
		return false, errFull
	}
	_, again := b.bills[sale.SaleKey]
	b.bills[sale.SaleKey] = *sale
	b.writes++
	return !again, nil
}

func (b *book) Hold(_ context.Context, p *ad.Pending) error {
	b.mu.Lock()
	defer b.mu.Unlock()
	if b.full {
		return errFull
	}
	kept := *p
	kept.Document = append([]byte(nil), p.Document...)
	b.promises[p.SaleKey] = kept
	b.writes++
	return nil
}

func (b *book) Pending(key ad.SaleKey, now time.Time) (ad.Pending, ad.PendingState) {
	b.mu.Lock()
	defer b.mu.Unlock()
	return b.pending(key, now)
}

func (b *book) pending(key ad.SaleKey, now time.Time) (ad.Pending, ad.PendingState) {
	p, known := b.promises[key]
	_, billed := b.bills[key]
	switch {
	case !known:
		return p, ad.PendingUnknown
	case now.After(p.Expires):
		return p, ad.PendingExpired
	case billed:
		return p, ad.PendingBilled
	}
	return p, ad.PendingOpen
}

func (b *book) Accept(_ context.Context, key ad.SaleKey, now time.Time) (p ad.Pending, first bool, state ad.PendingState, err error) {
	b.mu.Lock()
	defer b.mu.Unlock()
	p, state = b.pending(key, now)
	if state == ad.PendingOpen {
		if b.full {
			return p, false, state, errFull
		}
		b.bills[key] = p.Sale
		return p, true, ad.PendingBilled, nil
	}
	return p, false, state, nil
}

// Refuse forgets a promise whose creative may not serve any more; what was billed stays.
func (b *book) Refuse(_ context.Context, key ad.SaleKey, _ ad.Reason, now time.Time) error {
	b.mu.Lock()
	defer b.mu.Unlock()
	if _, state := b.pending(key, now); state == ad.PendingOpen {
		delete(b.promises, key)
	}
	return nil
}

func (b *book) Estimate(ad.PlacementID, ad.Size) (ad.EstimatedClear, bool) {
	return ad.EstimatedClear{}, false
}

// billed is how many sales were billed.
func (b *book) billed() int {
	b.mu.Lock()
	defer b.mu.Unlock()
	return len(b.bills)
}

// quietBook is a ledger that writes nothing down: what it costs is nothing.
type quietBook struct{ *book }

func (quietBook) Bill(context.Context, *ad.Sale, time.Time) (bool, error) { return true, nil }
func (quietBook) Hold(context.Context, *ad.Pending) error                 { return nil }
func (quietBook) Release(*ad.Sale)                                        {}
func (quietBook) Accept(context.Context, ad.SaleKey, time.Time) (p ad.Pending, first bool, state ad.PendingState, err error) {
	return acceptedAd, true, ad.PendingBilled, nil
}
func (quietBook) Pending(ad.SaleKey, time.Time) (ad.Pending, ad.PendingState) {
	return acceptedAd, ad.PendingOpen
}

// acceptedAd is what quietBook has waiting.
var acceptedAd = ad.Pending{Sale: ad.Sale{Creative: 502, Publisher: 1, Size: ad.Size{W: 300, H: 250}}, Document: []byte("<p>ad</p>")}

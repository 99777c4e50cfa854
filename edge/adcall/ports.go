package adcall

import (
	"context"
	"time"

	"curb/edge/ad"
	"curb/edge/catalog"
	"curb/edge/openrtb"
)

// Asker sends bid requests and collects what comes back until out.Deadline, and never waits longer.
// It appends to answers.Asked one row per target, in their order, and to answers.Bids every bid, refused ones included.
// In the owner phase, which has one target, it also appends to answers.Owner.
type Asker interface {
	Ask(ctx context.Context, snap *catalog.Snapshot, out *openrtb.Outgoing, answers *ad.Answers)
}

// Providers asks data providers in parallel until the deadline, and never waits longer. It appends to dst what arrived in
// time.
type Providers interface {
	Ask(ctx context.Context, snap *catalog.Snapshot, in ad.Inquiry, dst []ad.Provided) []ad.Provided
}

// Ledger is the money: budgets, caps, promises and bills. It is safe for concurrent use. It copies what it keeps, texts and
// documents too, and nothing that it is given, contexts included, is used once a method has returned.
type Ledger interface {
	// MayServe is ad.Undecided, or why the line item may not serve now.
	MayServe(li *ad.LineItem, user ad.UserKey, now time.Time) ad.Reason
	// Reserve sets the cost of a sale and its place under the caps aside; ad.Undecided, or why that cannot be.
	Reserve(li *ad.LineItem, sale *ad.Sale) ad.Reason
	// Release gives a reservation back. Without one it does nothing.
	Release(sale *ad.Sale)
	// Bill books the sale, once ever per key, and returns when the bill is on disk; first is false if it had been booked
	// before. After an error the sale is void: it is not billed, or the ledger undoes the bill.
	Bill(ctx context.Context, sale *ad.Sale, now time.Time) (first bool, err error)
	// Hold keeps a sale that was passed on, with its reservation, and returns when that is on disk.
	Hold(ctx context.Context, p *ad.Pending) error
	// Pending finds a sale that was passed on.
	Pending(key ad.SaleKey, now time.Time) (ad.Pending, ad.PendingState)
	// Accept books it; see Bill. A sale that was booked before is given again within its window, with first false.
	Accept(ctx context.Context, key ad.SaleKey, now time.Time) (p ad.Pending, first bool, state ad.PendingState, err error)
	// Refuse closes a sale that was passed on, came back, and may not be served after all. What was set aside is given back.
	Refuse(ctx context.Context, key ad.SaleKey, why ad.Reason, now time.Time) error
	// Estimate is what was learnt about the price that clears on a placement for a size; ok is false if nothing was.
	Estimate(placement ad.PlacementID, size ad.Size) (e ad.EstimatedClear, ok bool)
}

// Notifier tells bidders. Notify copies what it keeps and does not block.
type Notifier interface {
	Notify(n *ad.Notice)
}

// Recorder is told of every answered call that counts, before it is released. It must copy what it keeps and must not
// block.
type Recorder interface {
	Record(*Answer)
}

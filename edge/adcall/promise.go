package adcall

import (
	"context"
	"fmt"
	"sync"

	"curb/edge/ad"
)

// PromiseAll promises every sale of the answer whose markup the caller gets at once. It waits once, not once for each:
// the ledger writes down together what comes together, and all of them have ad.BillTimeout. Which were kept is in the
// slots: as with Promise, those that were not are not sold any more. The error is the first of them.
func (a *Answer) PromiseAll(ctx context.Context) error {
	if a.silent() {
		return nil
	}
	all := make([]promise, 0, len(a.Slots))
	for i := range a.Slots {
		if slot := &a.Slots[i]; slot.Outcome == Sold && slot.settled == open {
			all = append(all, promise{slot: slot, pending: a.pending(slot, nil, false)})
		}
	}
	if len(all) == 0 {
		return nil
	}
	ctx, cancel := context.WithTimeout(context.WithoutCancel(ctx), ad.BillTimeout)
	defer cancel()
	var others sync.WaitGroup
	for i := range all[1:] {
		p := &all[1+i]
		others.Go(func() { p.err = a.service.ledger.Hold(ctx, &p.pending) })
	}
	all[0].err = a.service.ledger.Hold(ctx, &all[0].pending)
	others.Wait()
	var first error
	for i := range all {
		if err := a.kept(all[i].slot, all[i].err); err != nil && first == nil {
			first = err
		}
	}
	return first
}

// promise is one of several that are made at the same time, and what came of it.
type promise struct {
	slot    *Slot
	pending ad.Pending
	err     error
}

// pending is what is kept of a sale while nobody knows whether it comes back.
func (a *Answer) pending(slot *Slot, document []byte, script bool) ad.Pending {
	keepTerms(&slot.Sale.Terms)
	return ad.Pending{
		Sale: slot.Sale, Expires: a.Call.Received.Add(ad.AcceptWindow(media(slot))), Document: document, Script: script, Average: slot.average,
	}
}

// kept settles a slot once its promise was kept, or could not be.
func (a *Answer) kept(slot *Slot, err error) error {
	if err != nil {
		a.Withdraw(slot, ad.Unbillable)
		return fmt.Errorf("keep the promise of a sale: %w", err)
	}
	slot.settled = promised
	return nil
}

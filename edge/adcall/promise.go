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
	from := len(a.state.promises)
	for i := range a.Slots {
		if slot := &a.Slots[i]; slot.Outcome == Sold && slot.settled == open {
			a.promise(slot, nil, false)
		}
	}
	all := a.state.promises[from:]
	if len(all) == 0 {
		return nil
	}
	wait := a.service.wait(ctx)
	defer a.service.waited(wait)
	if len(all) > 1 {
		a.service.holdTogether(wait, all)
	} else {
		all[0].err = a.service.ledger.Hold(wait, &all[0].pending)
	}
	var first error
	for i := range all {
		if err := a.kept(all[i].slot, all[i].err); err != nil && first == nil {
			first = err
		}
	}
	return first
}

// holdTogether has the ledger keep several at the same time.
func (s *Service) holdTogether(ctx context.Context, all []promise) {
	var others sync.WaitGroup
	for i := range all[1:] {
		p := &all[1+i]
		others.Go(func() { p.err = s.ledger.Hold(ctx, &p.pending) })
	}
	all[0].err = s.ledger.Hold(ctx, &all[0].pending)
	others.Wait()
}

// promise is one of several that are made at the same time, and what came of it.
type promise struct {
	slot    *Slot
	pending ad.Pending
	err     error
}

// promise writes down what is to be kept of a sale while nobody knows whether it comes back.
func (a *Answer) promise(slot *Slot, document []byte, script bool) *promise {
	all := append(a.state.promises, promise{slot: slot, pending: ad.Pending{
		Sale: slot.Sale, Expires: a.Call.Received.Add(ad.AcceptWindow(media(slot))), Document: document, Script: script, Average: slot.average,
	}})
	a.state.promises = all
	return &all[len(all)-1]
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

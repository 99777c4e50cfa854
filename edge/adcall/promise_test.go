package adcall

import (
	"context"
	"slices"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"curb/edge/ad"
)

// committee is a ledger that keeps a promise when all that it waits for are there, as a journal writes together what
// comes together. One impression's it never keeps.
type committee struct {
	*till
	mu      sync.Mutex
	waits   int // for how many
	refuses uint8
	all     chan struct{}
}

func (l *committee) Hold(ctx context.Context, p *ad.Pending) error {
	l.mu.Lock()
	if l.waits--; l.waits == 0 {
		close(l.all)
	}
	l.mu.Unlock()
	select {
	case <-l.all:
	case <-ctx.Done():
		return ctx.Err()
	}
	l.mu.Lock()
	defer l.mu.Unlock()
	if p.Impression == l.refuses {
		return errDisk
	}
	return l.till.Hold(ctx, p)
}

// promising is a call over OpenRTB for n impressions, sold and not promised yet.
func promising(t *testing.T, l *committee, n int) (*shop, *Answer) {
	s := newShop(newFixture(t, map[ad.BidderID]ad.CPM{1: 3 * ad.Dollar}))
	l.till, l.all = s.till, make(chan struct{})
	s.service = New(Options{Asker: s.market, Ledger: l, Notifier: s.ear})
	call := s.call(slices.Repeat([]ad.PlacementID{1001}, n)...)
	call.Format = ad.TagOpenRTB
	a := s.serve(call)
	for i := range a.Slots {
		if a.Slots[i].Outcome != Sold {
			t.Fatalf("impression %d: %v", i, a.Slots[i].Outcome)
		}
	}
	return s, a
}

// TestPromisesAreKeptTogether has a ledger that keeps none before it has seen all: one after the other they would time out.
func TestPromisesAreKeptTogether(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		s, a := promising(t, &committee{waits: ad.ImpressionsMax, refuses: 3}, ad.ImpressionsMax)
		begun := time.Now()
		if err := a.PromiseAll(t.Context()); err == nil || time.Since(begun) != 0 {
			t.Errorf("after %v: %v, want the one that was refused", time.Since(begun), err)
		}
		for i := range a.Slots {
			slot := &a.Slots[i]
			if i == 3 {
				if slot.Outcome == Sold || slot.Bids[0].Reason != ad.Unbillable {
					t.Errorf("what was not kept is %v, its bid %v", slot.Outcome, slot.Bids[0].Reason)
				}
				continue
			}
			p := s.till.pendings[slot.Sale.SaleKey]
			if slot.Outcome != Sold || int(p.Impression) != i || p.Terms.ImpressionID != slot.Impression.ID || p.Document != nil {
				t.Errorf("impression %d is %v, kept as %+v", i, slot.Outcome, p)
			}
		}
		if err := a.PromiseAll(t.Context()); err != nil || len(s.till.pendings) != ad.ImpressionsMax-1 {
			t.Errorf("promised twice: %v, %d kept", err, len(s.till.pendings))
		}
		a.Release()
		pending := slices.DeleteFunc(s.ear.of(1), func(what string) bool { return what != "pending" })
		if len(pending) != ad.ImpressionsMax-1 {
			t.Errorf("the bidder heard %v", s.ear.of(1))
		}
	})
}

// TestPromisesShareOneDeadline has a ledger that waits for one more than there are.
func TestPromisesShareOneDeadline(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		s, a := promising(t, &committee{waits: 4}, 3)
		begun := time.Now()
		if err := a.PromiseAll(t.Context()); err == nil || time.Since(begun) != ad.BillTimeout {
			t.Errorf("after %v: %v, want an error after %v", time.Since(begun), err, ad.BillTimeout)
		}
		for i := range a.Slots {
			if a.Slots[i].Outcome == Sold {
				t.Errorf("impression %d is sold without a promise", i)
			}
		}
		a.Release()
		if len(s.till.pendings) != 0 {
			t.Errorf("%d are kept", len(s.till.pendings))
		}
	})
}

func TestNothingToPromise(t *testing.T) {
	s := newShop(newFixture(t, nil))
	call := s.call(1001)
	call.Format = ad.TagOpenRTB
	a := s.serve(call)
	defer a.Release()
	if err := a.PromiseAll(t.Context()); err != nil || len(s.till.pendings) != 0 {
		t.Errorf("%v, %d kept", err, len(s.till.pendings))
	}
	a.Slots[0].Outcome, call.Test = Sold, true
	if err := a.PromiseAll(t.Context()); err != nil || len(s.till.pendings) != 0 {
		t.Errorf("a test: %v, %d kept", err, len(s.till.pendings))
	}
	a.Slots[0].Outcome = Blank
}

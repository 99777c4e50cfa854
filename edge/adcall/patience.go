package adcall

import (
	"context"
	"time"

	"curb/edge/ad"
)

// patience is the context of a booking: it ends ad.BillTimeout after it began, and not when a client hangs up. Every ad call
// that sells needs one, and a context of the standard library with a timeout that outlives its parent takes six
// allocations, so it is used again. Whoever is given one lets go of it when the booking returns.
type patience struct {
	of    context.Context // of the call: its values, not its end
	until time.Time
	over  chan struct{}
	timer *time.Timer // closes over
}

var _ context.Context = (*patience)(nil)

// Deadline is when it ends.
func (p *patience) Deadline() (time.Time, bool) { return p.until, true }

// Done is closed then.
func (p *patience) Done() <-chan struct{} { return p.over }

// Err is context.DeadlineExceeded from then on.
func (p *patience) Err() error {
	select {
	case <-p.over:
		return context.DeadlineExceeded
	default:
		return nil
	}
}

// Value is the call's.
func (p *patience) Value(key any) any { return p.of.Value(key) }

// wait begins to wait for the ledger; waited ends it.
func (s *Service) wait(ctx context.Context) *patience {
	p, _ := s.waits.Get().(*patience)
	if p == nil {
		p = &patience{over: make(chan struct{})}
		p.timer = time.AfterFunc(ad.BillTimeout, func() { close(p.over) })
	} else {
		p.timer.Reset(ad.BillTimeout)
	}
	p.of, p.until = ctx, time.Now().Add(ad.BillTimeout)
	return p
}

// waited ends a wait. One whose time has come is not used again: it stays over.
func (s *Service) waited(p *patience) {
	p.of = nil
	if p.timer.Stop() {
		s.waits.Put(p)
	}
}

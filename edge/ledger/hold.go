package ledger

import (
	"bytes"
	"context"
	"fmt"
	"time"

	"curb/edge/ad"
	"curb/edge/estimate"
)

// PendingState is what is known of a sale that may have been passed on.
type PendingState = ad.PendingState

// States of a pending.
const (
	PendingUnknown = ad.PendingUnknown // it was never passed on, or so long ago that it is forgotten
	PendingOpen    = ad.PendingOpen    // it may be accepted
	PendingBilled  = ad.PendingBilled  // it was accepted, and may be served again
	PendingExpired = ad.PendingExpired // its time is over, or it was given up
)

// call is what an estimate learns from a sale.
func call(s *ad.Sale, average ad.CPM) *estimate.Call {
	return &estimate.Call{Placement: s.Placement, Size: s.Size, Price: s.Net, Average: average}
}

// Hold keeps a sale whose price is passed on. When it returns without an error the pending is on disk, and what is set aside
// for a line item stays so until the sale is accepted or expires. On an error nobody may be told of the sale. A second call
// with the same pending says the same as the first.
//
// Errors: ErrSale, ErrNotReserved, ErrFull, ErrHeld, ErrGivenUp, the context's, or the log's.
func (l *Ledger) Hold(ctx context.Context, p *ad.Pending) error {
	if why := reasonNot(&p.Sale); why != "" {
		return fmt.Errorf("hold: %w: %s", ErrSale, why)
	}
	o := l.offers.Get().(*offer)
	defer l.offers.Put(o)
	o.begin(p)
	defer o.end()
	l.packer.pack(o)
	for {
		c, flight, err := l.beginHold(ctx, o)
		switch {
		case err != nil:
			return fmt.Errorf("hold: %w", err)
		case flight != nil:
			if err := await(ctx, flight); err != nil {
				return fmt.Errorf("hold: wait for the same sale: %w", err)
			}
		case c == nil:
			return nil
		default:
			if err := l.writeHold(ctx, &o.pending, c); err != nil {
				return fmt.Errorf("hold: %w", err)
			}
			return nil
		}
	}
}

// offer is a pending on its way to be held, with the memory that its record is made in. It is pooled.
type offer struct {
	pending
	record, document []byte
}

func (o *offer) begin(p *ad.Pending) { o.pending = pending{Pending: *p} }
func (o *offer) end()                { o.pending = pending{} }

// encode gives the record. The next call overwrites it.
func (o *offer) encode() []byte {
	o.record = appendPending(o.record[:0], &o.pending)
	return o.record
}

// beginHold claims the key. It gives neither a claim nor a flight to wait for when the sale is held already.
func (l *Ledger) beginHold(ctx context.Context, p *offer) (*claim, <-chan struct{}, error) {
	s := l.lock(p.SaleKey)
	defer l.unlock(s)
	c := s.claims[p.SaleKey]
	switch {
	case c != nil && c.flying:
		return nil, c.landing(), nil
	case c != nil && c.holds():
		return nil, nil, c.held.differs(p)
	case s.marks[p.SaleKey] != 0 || c != nil && (c.record != nil || c.closing != open):
		return nil, nil, ErrGivenUp
	case p.LineItem != 0 && (c == nil || c.account == nil || c.account.line != p.LineItem || p.BuyerPays.Cost() > c.cost || dayOf(p.At) != c.day):
		return nil, nil, ErrNotReserved
	}
	if err := ctx.Err(); err != nil {
		return nil, nil, err
	}
	p.capped, p.clocked = c != nil && c.capped, at(l.clock.Load())
	record := p.encode()
	if len(record) > recordBytesMax {
		return nil, nil, fmt.Errorf("%w: it takes %d bytes, at most %d", ErrSale, len(record), recordBytesMax)
	}
	take := placeOf(&p.pending, len(record))
	if err := l.room.take(&take); err != nil {
		return nil, nil, err
	}
	s.leaveImage(l.cut)
	c = s.claim(p.SaleKey)
	c.kind, c.record, c.flying = KindPending, bytes.Clone(record), true // no longer than it has to be: it is kept for hours
	return c, nil, nil
}

// differs is nil for the sale that is held, presented once more.
func (h *held) differs(p *offer) error {
	was, err := decodePending(h.record)
	if err != nil {
		return err
	}
	p.capped, p.clocked = was.capped, was.clocked
	if !bytes.Equal(h.record, p.encode()) {
		return ErrHeld
	}
	return nil
}

// writeHold hands the pending to the log. One that may or may not be there is closed by the next Expire; until then what is
// set aside for it stays so.
func (l *Ledger) writeHold(ctx context.Context, p *pending, c *claim) error {
	err := l.options.Log.Append(ctx, KindPending, c.record)
	s := l.lock(p.SaleKey)
	defer l.unlock(s)
	l.land(s, c)
	if err != nil {
		l.close(s, p.SaleKey, c, withdrawn)
		return err
	}
	s.keep(c, p, c.record)
	c.record = nil
	return nil
}

// close marks a claim as one that the next Expire closes. From here on it is not billed any more. The caller holds the shard.
func (l *Ledger) close(s *shard, key ad.SaleKey, c *claim, o outcome) {
	l.end(s, c, o)
	s.closings = append(s.closings, key)
}

// end marks a claim as one that is being closed. The caller holds the shard, and sees to that it is.
func (l *Ledger) end(s *shard, c *claim, o outcome) {
	s.leaveImage(l.cut)
	if c.record != nil && c.kind == KindBill {
		s.doubtful--
	}
	c.closing = o
}

// Pending tells what became of a sale that was passed on. The pending is given, without its document, while it is open or
// billed.
func (l *Ledger) Pending(key ad.SaleKey, now time.Time) (ad.Pending, PendingState) {
	s := l.lock(key)
	defer l.unlock(s)
	p, state, _ := l.look(s, key, now)
	p.Document = nil
	return p.Pending, state
}

// look decodes what is held under a key.
func (l *Ledger) look(s *shard, key ad.SaleKey, now time.Time) (pending, PendingState, error) {
	c, m := s.claims[key], s.marks[key]
	switch {
	case c == nil || !c.holds():
		if m == 0 {
			return pending{}, PendingUnknown, nil
		}
		return pending{}, PendingExpired, nil
	case c.closing != open || c.held.over(now, l.clock.Load()):
		return pending{}, PendingExpired, nil
	}
	p, err := decodePending(c.held.record)
	if err != nil {
		return pending{}, PendingUnknown, err
	}
	if m.outcome() == billed {
		return p, PendingBilled, nil
	}
	return p, PendingOpen, nil
}

// Accept books a sale that was passed on and came back, and gives it with its document, which must not be changed. first
// tells whether this call booked it; further calls within the window give the same pending, to be served again and not billed
// again. The state is the one after the call: PendingBilled is served, whatever else is not.
//
// Errors: the context's, or the log's; the sale is then still open.
func (l *Ledger) Accept(ctx context.Context, key ad.SaleKey, now time.Time) (p ad.Pending, first bool, state PendingState, err error) {
	for {
		found, state, a, flight, err := l.beginAccept(ctx, key, now)
		switch {
		case err != nil:
			return ad.Pending{}, false, state, fmt.Errorf("accept: %w", err)
		case flight != nil:
			if err := await(ctx, flight); err != nil {
				return ad.Pending{}, false, PendingOpen, fmt.Errorf("accept: wait for the same sale: %w", err)
			}
		case a == nil:
			return found, false, state, nil
		default:
			if err := l.write(ctx, a); err != nil {
				return ad.Pending{}, false, PendingOpen, fmt.Errorf("accept: %w", err)
			}
			return found, true, PendingBilled, nil
		}
	}
}

// beginAccept claims the key for an attempt if the sale is open.
func (l *Ledger) beginAccept(ctx context.Context, key ad.SaleKey, now time.Time) (ad.Pending, PendingState, *attempt, <-chan struct{}, error) {
	s := l.lock(key)
	defer l.unlock(s)
	if c := s.claims[key]; c != nil && c.flying {
		return ad.Pending{}, PendingOpen, nil, c.landing(), nil
	}
	p, state, err := l.look(s, key, now)
	if err == nil {
		err = l.packer.unpack(&p)
	}
	if err != nil || state != PendingOpen {
		return p.Pending, state, nil, nil, err
	}
	if err := ctx.Err(); err != nil {
		return ad.Pending{}, state, nil, nil, err
	}
	a, err := l.attempt(s, &p.Sale, p.Average, now)
	return p.Pending, state, a, nil, err
}

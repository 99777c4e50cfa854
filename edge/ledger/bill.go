package ledger

import (
	"context"
	"fmt"
	"time"

	"curb/edge/ad"
)

// amountMax bounds the prices of a sale, so that no sum of them overflows: ten million dollars per thousand.
const amountMax = 10_000_000 * ad.Dollar

// reasonNot says why a sale cannot be billed, "" if it can.
func reasonNot(s *ad.Sale) string {
	switch {
	case s.Net < 0 || s.BuyerPays < 0 || s.Paid < 0 || s.BidPrice < 0:
		return "a price is negative"
	case s.Net > amountMax || s.BuyerPays > amountMax:
		return "a price is beyond ten million dollars"
	case s.At.Unix() < 0 || s.At.Unix() > 1<<33:
		return "the time of the call is out of range"
	}
	return ""
}

// attempt is one try of writing a bill. It is pooled with the memory of its record.
type attempt struct {
	key    ad.SaleKey
	claim  *claim
	bill   bill
	record []byte // nobody else's, once it is written; the claim's, if it may be there or not
}

// Bill books a sale. When it returns without an error the bill is on disk; first tells whether this call booked it, and is
// false for every further one. On an error nobody may be served: the bill may be on disk or not, and the same sale may be
// presented again for a few seconds, or given back with Release; else it is withdrawn.
//
// Errors: ErrSale, ErrNotReserved, ErrGivenUp, ErrFull, the context's, or the log's.
func (l *Ledger) Bill(ctx context.Context, sale *ad.Sale, now time.Time) (first bool, err error) {
	if why := reasonNot(sale); why != "" {
		return false, fmt.Errorf("bill: %w: %s", ErrSale, why)
	}
	for {
		a, flight, err := l.begin(ctx, sale, now)
		switch {
		case err != nil:
			return false, fmt.Errorf("bill: %w", err)
		case flight != nil:
			if err := await(ctx, flight); err != nil {
				return false, fmt.Errorf("bill: wait for the same bill: %w", err)
			}
		case a == nil:
			return false, nil
		default:
			if err := l.write(ctx, a); err != nil {
				return false, fmt.Errorf("bill: %w", err)
			}
			return true, nil
		}
	}
}

// begin claims the key for an attempt. It gives neither that nor a flight to wait for when the sale is billed already.
func (l *Ledger) begin(ctx context.Context, sale *ad.Sale, now time.Time) (*attempt, <-chan struct{}, error) {
	s := l.lock(sale.SaleKey)
	defer l.unlock(s)
	if m, settled := s.marks[sale.SaleKey]; settled {
		if m.outcome() == billed {
			return nil, nil, nil
		}
		return nil, nil, ErrGivenUp
	}
	if c := s.claims[sale.SaleKey]; c != nil && c.flying {
		return nil, c.landing(), nil
	}
	if err := ctx.Err(); err != nil {
		return nil, nil, err
	}
	a, err := l.attempt(s, sale, 0, now)
	return a, nil, err
}

// attempt opens an attempt for a sale that is neither settled nor in flight. The caller holds the shard.
func (l *Ledger) attempt(s *shard, sale *ad.Sale, average ad.CPM, now time.Time) (*attempt, error) {
	c := s.claims[sale.SaleKey]
	switch {
	case c != nil && c.closing != open:
		return nil, ErrGivenUp
	case c == nil && sale.LineItem != 0:
		return nil, ErrNotReserved
	case c == nil:
		c = s.claim(sale.SaleKey)
	case sale.LineItem != 0 && (c.account == nil || c.account.line != sale.LineItem || sale.BuyerPays.Cost() > c.cost || dayOf(sale.At) != c.day):
		return nil, ErrNotReserved
	}
	a := l.attempts.Get().(*attempt)
	a.key, a.claim = sale.SaleKey, c
	if c.record != nil && c.kind == KindBill {
		// The first attempt may be on disk: the second says the same, so that it does not matter which one counts.
		b, err := decodeBill(c.record)
		if err != nil {
			return nil, err
		}
		a.bill, a.record = b, c.record
		s.doubtful--
		l.doubts.Add(-1)
	} else if doubts := l.doubts.Load(); doubts >= doubtsMax {
		s.drop(sale.SaleKey, c)
		return nil, fmt.Errorf("%w: the log did not take %d bills, and they have to be withdrawn first", ErrFull, doubts)
	} else {
		a.bill = bill{Bill: ad.Bill{Sale: *sale, Billed: now, PostPending: c.holds()}, capped: c.capped, average: average, clocked: at(l.clock.Load())}
		a.record = appendBill(a.record[:0], &a.bill)
	}
	s.leaveImage(l.cut)
	c.kind, c.record, c.flying = KindBill, a.record, true
	return a, nil
}

// write hands the bill to the log and books it once it is there.
func (l *Ledger) write(ctx context.Context, a *attempt) error {
	err := l.options.Log.Append(ctx, KindBill, a.record)
	s := l.lock(a.key)
	defer l.unlock(s)
	l.land(s, a.claim)
	if err != nil {
		a.claim.doubt = l.clock.Load()
		s.doubtful++
		l.doubts.Add(1)
		return err // the attempt is not used again: the claim has its record
	}
	a.claim.record = nil
	l.settle(s, a.claim, &a.bill, a.record)
	*a = attempt{record: a.record[:0]}
	l.attempts.Put(a)
	return nil
}

// land ends a flight: whoever waited for it looks again.
func (l *Ledger) land(s *shard, c *claim) {
	s.leaveImage(l.cut)
	c.flying = false
	if c.landed != nil {
		close(c.landed)
		c.landed = nil
	}
}

// settle books a bill that is in the log: once per key, whoever calls. It copies the record. The caller holds the shard, and
// does not look at the claim afterwards.
func (l *Ledger) settle(s *shard, c *claim, b *bill, record []byte) {
	s.leaveImage(l.cut)
	s.marks[b.SaleKey] = markOf(billed, l.clock.Load())
	if b.LineItem != 0 {
		l.accounts.open(b.LineItem).settle(dayOf(b.At), b.BuyerPays.Cost(), &c.reservation)
	}
	if b.capped {
		who := subject{b.User, b.LineItem}
		l.counters.count(who, b.Billed, l.cut)
		if c.reservation.capped {
			l.counters.release(who)
		}
	}
	c.reservation = reservation{}
	l.totals.add(&b.Bill, 1)
	l.recent.add(record, b.Billed, l.clock.Load())
	if b.PostPending {
		l.learnt.Accepted(call(&b.Sale, b.average))
	}
	s.drop(b.SaleKey, c)
}

// await waits until a flight lands.
func await(ctx context.Context, flight <-chan struct{}) error {
	select {
	case <-flight:
		return nil
	case <-ctx.Done():
		return ctx.Err()
	}
}

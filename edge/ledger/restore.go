package ledger

import (
	"bytes"
	"fmt"

	"curb/edge/ad"
)

// Kinds are the kinds of records that Apply takes.
func (l *Ledger) Kinds() []uint8 { return []uint8{KindBill, KindPending, KindClosed} }

// Apply replays a record of the log. Records come in the order of the log. One that was applied before, or that a restored
// snapshot holds, changes nothing. The record may be reused afterwards. Errors wrap ErrRecord.
func (l *Ledger) Apply(kind uint8, record []byte) error {
	switch kind {
	case KindBill:
		return l.applyBill(record)
	case KindPending:
		return l.applyPending(record)
	case KindClosed:
		return l.applyClosed(record)
	}
	return fmt.Errorf("%w: kind %d is not one of the ledger's", ErrRecord, kind)
}

// applyBill books a bill unless its key is settled, or was about to be closed when a snapshot was taken.
func (l *Ledger) applyBill(record []byte) error {
	b, err := decodeBill(record)
	if err != nil {
		return err
	}
	if why := reasonNot(&b.Sale); why != "" {
		return fmt.Errorf("%w: bill is not one: %s", ErrRecord, why)
	}
	s := l.lock(b.SaleKey)
	defer l.unlock(s)
	if s.marks[b.SaleKey] != 0 || l.forgotten(s, b.SaleKey, b.clocked) {
		return nil
	}
	c := s.claim(b.SaleKey)
	if c.closing != open {
		return nil
	}
	if c.record != nil { // a snapshot did not know that it is in the log
		c.record = nil
		s.doubtful--
		l.doubts.Add(-1)
	}
	l.settle(s, c, &b, record)
	return nil
}

// applyPending holds a sale again unless its key is settled, and sets aside again what was set aside for it.
func (l *Ledger) applyPending(record []byte) error {
	p, err := l.readPending(record)
	if err != nil {
		return err
	}
	s := l.lock(p.SaleKey)
	defer l.unlock(s)
	if s.marks[p.SaleKey] == 0 && s.claims[p.SaleKey] == nil && !l.forgotten(s, p.SaleKey, p.clocked) {
		l.rehold(s, &p, bytes.Clone(record))
	}
	return nil
}

// forgotten tells whether what became of a record is in the restored snapshot, so long settled that the snapshot does not
// name it any more. Every record that was handed to the log before a snapshot is in it as a claim, then as a mark, then in
// the sums alone; and one that was not bears a clock at least as late. So nothing depends on how far a log replays back.
func (l *Ledger) forgotten(s *shard, key ad.SaleKey, c clocked) bool {
	if !c.known {
		return false
	}
	if l.clock.Load() < c.clock {
		l.clock.Store(c.clock) // what follows was handed over after it
	}
	return c.clock < l.known && s.claims[key] == nil
}

func (l *Ledger) readPending(record []byte) (pending, error) {
	p, err := decodePending(record)
	if why := reasonNot(&p.Sale); err == nil && why != "" {
		err = fmt.Errorf("%w: pending is not one: %s", ErrRecord, why)
	}
	return p, err
}

// rehold keeps a pending from before the restart, with what was set aside for it unless it was billed. It is kept even if
// there are more than Options allow. It keeps the record.
func (l *Ledger) rehold(s *shard, p *pending, record []byte) *claim {
	c := s.claim(p.SaleKey)
	s.keep(c, p, record)
	l.room.restore(c.held.place())
	if s.marks[p.SaleKey] == 0 {
		l.setAsideAgain(c, &p.Sale, p.capped)
	}
	return c
}

// setAsideAgain restores a reservation. It was judged before the restart.
func (l *Ledger) setAsideAgain(c *claim, sale *ad.Sale, capped bool) {
	if sale.LineItem == 0 {
		return
	}
	r := &c.reservation
	*r = reservation{account: l.accounts.open(sale.LineItem), cost: sale.BuyerPays.Cost(), day: dayOf(sale.At), clock: l.clock.Load()}
	r.account.restoreReservation(r.day, r.cost)
	if capped {
		r.capped, r.user = true, sale.User
		l.counters.restoreReservation(subject{sale.User, sale.LineItem})
	}
}

// applyClosed closes sales, and takes back the bills that are void.
func (l *Ledger) applyClosed(record []byte) error {
	all, err := decodeClosings(record)
	if err != nil {
		return err
	}
	for i := range all {
		if err := l.applyClosing(&all[i]); err != nil {
			return err
		}
	}
	return nil
}

func (l *Ledger) applyClosing(c *closing) error {
	s := l.lock(c.key)
	defer l.unlock(s)
	m := s.marks[c.key]
	if m != 0 && m.outcome() != billed {
		return nil
	}
	if m != 0 {
		if c.bill == nil {
			return nil // it was booked after all, which a log in order does not say
		}
		if err := l.unsettle(c); err != nil {
			return err
		}
	}
	l.shut(s, c.key, s.claim(c.key), c.outcome)
	return nil
}

// unsettle takes a bill back that nobody was served for: it reached the log, and the ledger was told too late. What
// estimates learnt from it stays.
func (l *Ledger) unsettle(c *closing) error {
	b, err := decodeBill(c.bill)
	if err != nil {
		return err
	}
	if b.SaleKey != c.key {
		return fmt.Errorf("%w: closed sale holds the bill of another", ErrRecord)
	}
	l.totals.add(&b.Bill, -1)
	l.recent.take(b.SaleKey)
	if b.LineItem != 0 {
		l.accounts.open(b.LineItem).unsettle(dayOf(b.At), b.BuyerPays.Cost())
	}
	if b.capped {
		l.counters.uncount(subject{b.User, b.LineItem}, b.Billed)
	}
	return nil
}

package ledger

import (
	"time"

	"curb/edge/ad"
)

// Tick moves the ledger's clock as Expire does, and does nothing else.
func (l *Ledger) Tick(now time.Time) {
	l.sweep.mu.Lock()
	defer l.sweep.mu.Unlock()
	l.tick(now)
}

// Clock is how long the ledger has run.
func (l *Ledger) Clock() time.Duration { return time.Duration(l.clock.Load()) * time.Second }

// Held tells whether a sale is passed on and does not wait for its end, whether or not its time is over.
func (l *Ledger) Held(key ad.SaleKey) bool {
	s := l.lock(key)
	defer l.unlock(s)
	c := s.claims[key]
	return c != nil && c.holds() && c.closing == open
}

// Closing tells whether a sale waits for its end to be written.
func (l *Ledger) Closing(key ad.SaleKey) bool {
	s := l.lock(key)
	defer l.unlock(s)
	c := s.claims[key]
	return c != nil && c.closing != open
}

// InDoubt tells whether the log may hold a bill of a sale although it said no.
func (l *Ledger) InDoubt(key ad.SaleKey) bool {
	s := l.lock(key)
	defer l.unlock(s)
	c := s.claims[key]
	return c != nil && c.closing == open && c.record != nil
}

// Unclocked gives a record as releases wrote it that did not say the ledger's clock, nor compressed documents.
func Unclocked(kind uint8, record []byte) []byte {
	if kind == KindBill {
		b, _ := decodeBill(record)
		b.clocked = clocked{}
		return appendBill(nil, &b)
	}
	p, _ := decodePending(record)
	p.clocked = clocked{}
	return appendPending(nil, &p)
}

// Story lists what a log says of a key, for messages.
func Story(kind uint8, record []byte, key ad.SaleKey) string {
	switch kind {
	case KindBill:
		if b, err := decodeBill(record); err == nil && b.SaleKey == key {
			return "bill"
		}
	case KindPending:
		if p, err := decodePending(record); err == nil && p.SaleKey == key {
			return "pending"
		}
	case KindClosed:
		all, _ := decodeClosings(record)
		for _, c := range all {
			if c.key == key {
				return [...]string{"open", "billed", "declined", "withdrawn"}[c.outcome]
			}
		}
	}
	return ""
}

// SnapshotAround freezes, lets happen what meanwhile does, and writes the snapshot.
func (l *Ledger) SnapshotAround(meanwhile func()) []byte {
	dst, spans := l.freeze(nil)
	meanwhile()
	return l.thaw(dst, spans)
}

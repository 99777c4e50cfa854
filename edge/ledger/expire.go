package ledger

import (
	"context"
	"sync"
	"time"

	"curb/edge/ad"
)

// stepMax is how much one call of Expire moves the ledger's clock at most. Expire is called about once a second, so a step
// that is longer is a wall clock that was set, or a machine that slept, and no reason to forget anything sooner.
const stepMax = time.Minute

// closingBytesMax is when a record of closed sales is full and the next one begun.
const closingBytesMax = 64 << 10

// sweep is what Expire remembers from one call to the next.
type sweep struct {
	mu   sync.Mutex // one Expire at a time
	last time.Time
	ran  time.Duration // not yet in the ledger's clock
	next int           // the shard whose old marks and reservations go next
}

// Expire closes what is over: sales that were passed on and not accepted until their window and the skew of clocks had
// passed, and bills that the log may hold and nobody was served for. Both are closed in the log first; what is set aside is
// given back then, estimates learn from the declined, and Options.Expired is told of them. Once accepted, a pending is only
// kept to be served again, and is dropped here.
//
// The node calls it about once a second. It waits for the log for Options.CloseTimeout at most; what could not be closed is
// tried again by the next call.
func (l *Ledger) Expire(now time.Time) {
	l.sweep.mu.Lock()
	defer l.sweep.mu.Unlock()
	l.tick(now)
	var due []due
	for i := range l.shards {
		due = l.collect(&l.shards[i], now, due)
	}
	l.forget(&l.shards[l.sweep.next])
	l.sweep.next = (l.sweep.next + 1) % shardCount
	l.recent.forget(l.clock.Load())
	if len(due) > 0 {
		l.closeAll(due, now)
	}
}

// tick moves the ledger's clock.
func (l *Ledger) tick(now time.Time) {
	s := &l.sweep
	if !s.last.IsZero() {
		s.ran += max(0, min(now.Sub(s.last), stepMax))
		l.clock.Add(uint32(s.ran / time.Second))
		s.ran %= time.Second
	}
	s.last = now
}

// due is a claim to be closed.
type due struct {
	closing
	shard *shard
	claim *claim
}

// due is what the log has to be told of a claim's end.
func (c *claim) due(s *shard, key ad.SaleKey) *due {
	d := &due{closing{key: key, outcome: c.closing}, s, c}
	if c.record != nil && c.kind == KindBill {
		d.bill = c.record
	}
	return d
}

// collect takes what a shard has to close, and drops what was only kept to be served again.
func (l *Ledger) collect(s *shard, now time.Time, all []due) []due {
	l.world.RLock()
	defer l.world.RUnlock()
	s.mu.Lock()
	defer s.mu.Unlock()
	for len(s.expiries) > 0 && l.clock.Load() >= s.expiries[0].at {
		l.over(s, s.expiries.pop(), now)
	}
	if s.doubtful > 0 {
		for key, c := range s.claims {
			if c.record != nil && c.kind == KindBill && !c.flying && !c.holds() && c.closing == open &&
				l.clock.Load()-c.doubt >= uint32(doubtAge/time.Second) {
				l.close(s, key, c, withdrawn)
			}
		}
	}
	for _, key := range s.closings {
		c := s.claims[key]
		if c == nil || c.closing == open {
			continue // a replayed record closed it
		}
		all = append(all, *c.due(s, key))
	}
	s.closings = s.closings[:0]
	return all
}

// over handles a pending whose time may be over.
func (l *Ledger) over(s *shard, e expiry, now time.Time) {
	c, clock := s.claims[e.key], l.clock.Load()
	switch {
	case c == nil || !c.holds() || c.closing != open:
	case !c.held.over(now, clock):
		s.expiries.push(expiry{c.held.again(now, clock), e.key})
	case c.flying: // it is being accepted; look again in a second
		s.expiries.push(expiry{clock + 1, e.key})
	case s.marks[e.key] != 0:
		s.leaveImage(l.cut)
		l.unhold(c)
		s.drop(e.key, c)
	case c.record != nil: // the publisher's ad server took it, and the bill failed
		l.close(s, e.key, c, withdrawn)
	default:
		l.close(s, e.key, c, declined)
	}
}

// unhold lets go of a pending's memory.
func (l *Ledger) unhold(c *claim) {
	l.room.give(c.held.place())
	c.held = held{}
}

// closeAll writes what is to be closed, and closes what is written.
func (l *Ledger) closeAll(all []due, now time.Time) {
	ctx, cancel := context.WithTimeout(context.Background(), l.options.CloseTimeout)
	defer cancel()
	for len(all) > 0 {
		n, bytes := 0, 0
		batch := make([]closing, 0, min(len(all), closingBytesMax/20))
		for n < len(all) && (n == 0 || bytes+len(all[n].bill)+24 <= closingBytesMax) {
			bytes += len(all[n].bill) + 24
			batch = append(batch, all[n].closing)
			n++
		}
		if err := l.options.Log.Append(ctx, KindClosed, appendClosings(nil, batch)); err != nil {
			l.logger.Warn("sales that are over could not be closed in the log; they are tried again", "sales", len(all), "error", err)
			l.again(all)
			return
		}
		for i := range all[:n] {
			l.finish(&all[i])
		}
		all = all[n:]
	}
}

// again leaves what could not be closed to the next Expire.
func (l *Ledger) again(all []due) {
	for i := range all {
		d := &all[i]
		d.shard.mu.Lock()
		d.shard.closings = append(d.shard.closings, d.key)
		d.shard.mu.Unlock()
	}
}

// finish closes a claim whose end is in the log, and tells of it if it was passed on.
func (l *Ledger) finish(d *due) {
	s := l.lock(d.key)
	why := d.claim.why
	gone := l.shut(s, d.key, d.claim, d.outcome)
	l.unlock(s)
	if d.outcome == declined {
		why = ad.Declined
	}
	if gone != nil && why != ad.Undecided {
		l.options.Expired(gone, why)
	}
}

// shut ends a claim without a bill. It gives the pending, without its document. The caller holds the shard.
func (l *Ledger) shut(s *shard, key ad.SaleKey, c *claim, o outcome) *ad.Pending {
	s.leaveImage(l.cut)
	s.marks[key] = markOf(o, l.clock.Load())
	l.giveBack(c)
	if c.record != nil && c.kind == KindBill {
		l.doubts.Add(-1)
	}
	var gone *ad.Pending
	if c.holds() {
		if p, err := decodePending(c.held.record); err == nil {
			if o == declined {
				l.learnt.Declined(call(&p.Sale, p.Average))
			}
			p.Document = nil
			gone = &p.Pending
		}
		l.unhold(c)
	} else if c.record != nil && c.kind == KindPending {
		if p, err := decodePending(c.record); err == nil {
			l.room.give(placeOf(&p, len(c.record)))
		}
	}
	delete(s.claims, key)
	return gone
}

// forget drops settled keys that nobody can ask for any more, and reservations that their owner forgot.
func (l *Ledger) forget(s *shard) {
	l.world.RLock()
	defer l.world.RUnlock()
	s.mu.Lock()
	defer s.mu.Unlock()
	s.leaveImage(l.cut)
	now := l.clock.Load()
	for key, m := range s.marks {
		if now-m.clock() > uint32(markAge/time.Second) && s.claims[key] == nil {
			delete(s.marks, key)
		}
	}
	for key, c := range s.claims {
		if c.account != nil && !c.flying && c.record == nil && !c.holds() && c.closing == open &&
			now-c.reservation.clock > uint32(reservationAge/time.Second) {
			l.giveBack(c)
			s.drop(key, c)
		}
	}
}

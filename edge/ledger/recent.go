package ledger

import (
	"slices"
	"sync"
	"time"

	"curb/edge/ad"
)

// chunkBills is how many bills a chunk holds.
const chunkBills = 256

// entryOverhead is what a recent bill takes beside its record.
const entryOverhead = 40

// chunk holds bills in the order in which they were booked. What is in it never changes; count only grows.
type chunk struct {
	records [chunkBills][]byte
	times   [chunkBills]int64 // seconds
	count   int
	bytes   int64
	clock   uint32 // the ledger's clock at the newest
}

// roomBytes is how much memory for records is taken at once, some 80 bills.
const roomBytes = 16 << 10

// recent are the newest bills.
type recent struct {
	bytesMax int64

	mu     sync.Mutex
	chunks []*chunk
	room   []byte // what records lie in, one behind the other; only what is free of it is still written to
	count  int
	bytes  int64
}

// add takes a bill in. It copies the record.
func (r *recent) add(record []byte, billed time.Time, clock uint32) {
	r.mu.Lock()
	defer r.mu.Unlock()
	if n := len(r.chunks); n == 0 || r.chunks[n-1].count == chunkBills {
		r.chunks = append(r.chunks, new(chunk))
	}
	c := r.chunks[len(r.chunks)-1]
	c.records[c.count], c.times[c.count] = r.keep(record), billed.Unix()
	c.count++
	c.clock = clock
	bytes := int64(len(record) + entryOverhead)
	c.bytes += bytes
	r.bytes += bytes
	r.count++
	for r.bytes > r.bytesMax && len(r.chunks) > 1 {
		r.dropFirst()
	}
}

// keep copies a record into the room.
func (r *recent) keep(record []byte) []byte {
	if len(record) > cap(r.room)-len(r.room) {
		r.room = make([]byte, 0, max(roomBytes, len(record)))
	}
	from := len(r.room)
	r.room = append(r.room, record...)
	return r.room[from:len(r.room):len(r.room)]
}

// forget drops what is older than RecentAge by the ledger's clock.
func (r *recent) forget(clock uint32) {
	r.mu.Lock()
	defer r.mu.Unlock()
	for len(r.chunks) > 1 && clock-r.chunks[0].clock > uint32(RecentAge/time.Second) && r.count-r.chunks[0].count >= recentLeast {
		r.dropFirst()
	}
}

func (r *recent) dropFirst() {
	c := r.chunks[0]
	r.count -= c.count
	r.bytes -= c.bytes
	r.chunks[0] = nil
	r.chunks = r.chunks[1:]
}

// take removes the bill of a key: only while a log is replayed, when a bill turns out to be void.
func (r *recent) take(key ad.SaleKey) {
	r.mu.Lock()
	defer r.mu.Unlock()
	for _, c := range slices.Backward(r.chunks) {
		for i := range c.count {
			if b, err := decodeBill(c.records[i]); err != nil || b.SaleKey != key {
				continue
			}
			bytes := int64(len(c.records[i]) + entryOverhead)
			copy(c.records[i:c.count], c.records[i+1:c.count])
			copy(c.times[i:c.count], c.times[i+1:c.count])
			c.count--
			c.records[c.count] = nil
			c.bytes -= bytes
			r.bytes -= bytes
			r.count--
			return
		}
	}
}

// span is a part of the recent bills that never changes.
type span struct {
	chunk *chunk
	count int
}

// spans gives what there is now, the oldest first, without copying a bill.
func (r *recent) spans() []span {
	r.mu.Lock()
	defer r.mu.Unlock()
	all := make([]span, len(r.chunks))
	for i, c := range r.chunks {
		all[i] = span{c, c.count}
	}
	return all
}

// Recent gives the newest bills, the newest first, at most n.
func (l *Ledger) Recent(n int) []ad.Bill {
	var bills []ad.Bill
	for _, s := range slices.Backward(l.recent.spans()) {
		for i := s.count - 1; i >= 0 && len(bills) < n; i-- {
			if b, err := decodeBill(s.chunk.records[i]); err == nil {
				bills = append(bills, b.Bill)
			}
		}
	}
	return bills
}

// Billed yields the bills booked at or after a moment, in the order in which they were booked, until yield says false; then
// it gives false as well. It reaches back RecentAge at least, also over a restart, unless Options.RecentBytes was full
// before. yield copies what it keeps.
func (l *Ledger) Billed(since time.Time, yield func(*ad.Bill) bool) bool {
	for _, s := range l.recent.spans() {
		for i := range s.count {
			if s.chunk.times[i] < since.Unix() {
				continue
			}
			if b, err := decodeBill(s.chunk.records[i]); err == nil && !b.Billed.Before(since) && !yield(&b.Bill) {
				return false
			}
		}
	}
	return true
}

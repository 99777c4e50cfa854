package ledger

import (
	"math"
	"time"

	"curb/edge/ad"
)

// held is a sale that was passed on, as its record says.
type held struct {
	record []byte // nil: nothing is held
	// expires is the last second at which it may be accepted by the wall clock. What the clocks of two machines may differ is
	// allowed for.
	expires int64
	// due and latest are when its time is over by the ledger's clock: if the wall clock says so too, and whatever that says.
	due, latest uint32

	publisher  ad.PublisherID
	long, bare bool
}

// heldOverhead is what a pending takes in memory beside its record: its claim, and its part of a map and of a heap.
const heldOverhead = 256

// keep holds a sale whose record is in the log.
func (s *shard) keep(c *claim, p *pending, record []byte) {
	h := held{record: record, expires: p.Expires.Add(ad.ClockSkewMax).Unix(), latest: math.MaxUint32}
	at := placeOf(p, len(record))
	h.publisher, h.long, h.bare = at.publisher, at.long, at.bare
	if p.clocked.known {
		open := min(max(p.Expires.Sub(p.At), 0), ad.AcceptWindowLong) + ad.ClockSkewMax
		seconds := uint32((open + time.Second - 1) / time.Second)
		h.due = p.clocked.clock + seconds + 1
		h.latest = h.due + seconds
	}
	c.held = h
	s.expiries.push(expiry{h.due, p.SaleKey})
}

// place is what it takes of the room.
func (h *held) place() place {
	return place{bytes: int64(len(h.record)) + heldOverhead, publisher: h.publisher, long: h.long, bare: h.bare}
}

// over tells whether it can be accepted no more: the wall clock and the ledger's own say so both, or the ledger's says that
// twice the time has gone by. So a wall clock that jumps ahead ends nothing, and one that is set back keeps nothing for long.
func (h *held) over(now time.Time, clock uint32) bool {
	return clock >= h.latest || clock >= h.due && now.Unix() > h.expires
}

// again is when the ledger looks next at one that is due and not over: when the wall clock should say so, in a minute at the
// latest, since that clock may be set.
func (h *held) again(now time.Time, clock uint32) uint32 {
	wait := min(max(h.expires-now.Unix()+1, 1), 60)
	return min(clock+uint32(wait), h.latest)
}

package creative

import (
	"encoding/binary"
	"time"

	"curb/edge/ad"
)

const secondsPerDay = 24 * 60 * 60

// dayOf is the UTC day of an instant; days before 1970 are its first.
func dayOf(t time.Time) uint32 { return uint32(max(0, t.Unix()) / secondsPerDay) }

// expired reports whether ad.CreativeExpiry has passed since the end of the day. Only the day is known: whoever served a
// creative keeps it for the whole time.
func expired(day uint32, now time.Time) bool {
	end := time.Unix((int64(day)+1)*secondsPerDay, 0)
	return now.Sub(end) >= ad.CreativeExpiry
}

// Served notes that a creative was billed. It costs a shared lock and a compare, and once a day per creative a record
// that nobody waits for. Creatives of the rule set are left alone: they do not expire.
func (r *Registry) Served(id ad.CreativeID, now time.Time) { r.use(id, now) }

// BidOn notes a bid that names a creative. Only one that has expired is touched: it stands where it stood with its
// auditors again, from the next catalog on. The bid itself comes too early.
func (r *Registry) BidOn(id ad.CreativeID, now time.Time) {
	if e := r.entry(id); e != nil && e.view(now).Expired {
		r.use(id, now)
	}
}

func (r *Registry) use(id ad.CreativeID, now time.Time) {
	if id < ad.RegisteredCreativeMin {
		return
	}
	e := r.entry(id)
	if e == nil {
		return
	}
	today := dayOf(now)
	before, raised := e.raise(today)
	if !raised {
		return
	}
	if err := r.o.Log.Post(kindUsed, appendUsed(nil, id, today)); err != nil {
		r.o.Logger.Warn("the day on which a creative served was not kept", "creative", uint32(id), "error", err)
	}
	if expired(max(before, dayOf(e.state.Load().Changed)), now) {
		r.o.Changed()
	}
}

// Sweep tells of what has expired since it was last called, and gives the number. Call it about hourly.
func (r *Registry) Sweep(now time.Time) int {
	r.sweeping.Lock()
	defer r.sweeping.Unlock()
	n := 0
	r.mu.RLock()
	for _, e := range r.order {
		if last := max(e.used.Load(), dayOf(e.state.Load().Changed)); expired(last, now) && e.swept != last {
			e.swept = last
			n++
		}
	}
	r.mu.RUnlock()
	if n > 0 {
		r.o.Logger.Info("creatives expired: they neither served nor changed for 15 days", "count", n)
		r.o.Changed()
	}
	return n
}

// appendUsed writes the record of a day of use: id and day, four bytes each.
func appendUsed(dst []byte, id ad.CreativeID, day uint32) []byte {
	return binary.BigEndian.AppendUint32(binary.BigEndian.AppendUint32(dst, uint32(id)), day)
}

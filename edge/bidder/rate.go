package bidder

import (
	"sync/atomic"
	"time"
)

// rateBurst is the share of a second's requests that may be sent at once.
const rateBurst = time.Second / 10

// rate is a token bucket per bidder, kept as the instant at which it would be full (the generic cell rate algorithm):
// one word, no timer, no lock. A second never carries more than the cap and a tenth of it.
type rate struct {
	full atomic.Int64 // Unix nanoseconds
}

// take takes one token of a bucket that gains perSecond of them; 0: no cap.
func (r *rate) take(now time.Time, perSecond int) bool {
	if perSecond <= 0 {
		return true
	}
	each := int64(time.Second) / int64(perSecond)
	burst := max(int64(rateBurst), each)
	at := now.UnixNano()
	for {
		full := r.full.Load()
		next := max(full, at) + each
		if next-at > burst {
			return false
		}
		if r.full.CompareAndSwap(full, next) {
			return true
		}
	}
}

package load

import (
	"sync/atomic"
	"time"
)

// schedule says when each request is due. All streams draw from it.
type schedule struct {
	rate  float64 // per second; 0: closed loop, due when asked
	count uint64  // 0: no bound
	begin time.Time
	start time.Time // requests due from here on count
	end   time.Time // requests due from here on are not sent

	drawn   atomic.Uint64 // tickets drawn, warming up included
	counted atomic.Uint64 // tickets drawn that count
}

// next draws a ticket: when the request is due, or false when the run is over.
func (s *schedule) next(now time.Time) (due time.Time, ok bool) {
	if !now.Before(s.end) {
		return now, false
	}
	due = now
	if s.rate > 0 {
		n := s.drawn.Add(1) - 1
		due = s.begin.Add(time.Duration(float64(n) / s.rate * float64(time.Second)))
		if !due.Before(s.end) {
			return due, false
		}
	}
	if due.Before(s.start) {
		return due, true
	}
	if n := s.counted.Add(1); s.count > 0 && n > s.count {
		return due, false
	}
	return due, true
}

// planned is how many requests an open loop had to have sent until now.
func (s *schedule) planned(now time.Time) uint64 {
	if s.rate == 0 {
		return 0
	}
	if now.After(s.end) {
		now = s.end
	}
	passed := now.Sub(s.start).Seconds()
	if passed <= 0 {
		return 0
	}
	n := uint64(passed * s.rate)
	if s.count > 0 {
		n = min(n, s.count)
	}
	return n
}

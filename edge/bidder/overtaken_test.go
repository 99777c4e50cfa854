package bidder

import (
	"testing"
	"testing/synctest"
	"time"

	"curb/edge/ad"
)

// TestDeadlineHoldsOnABusyMachine: the asker is woken long after its alarm, and an answer has come in between. It came
// after the deadline, so it does not count.
func TestDeadlineHoldsOnABusyMachine(t *testing.T) {
	for delay, want := range map[time.Duration]ad.Reason{
		140 * time.Millisecond: ad.Undecided,
		160 * time.Millisecond: ad.Timeout,
	} {
		synctest.Test(t, func(t *testing.T) {
			s := newStreet(t, after(delay))
			defer s.leave()
			m := newMarket(t, nil, endpointOf(0))
			out := outgoing(m.snap, 150*time.Millisecond)
			a := s.asks.Get().(*ask)
			a.send(m.snap, out)
			time.Sleep(200 * time.Millisecond) // not scheduled
			a.wait(t.Context())
			var answers ad.Answers
			a.collect(m.snap, out, &answers)
			if got := answers.Asked[0].Reason; got != want || (len(answers.Bids) > 0) != (want == ad.Undecided) {
				t.Errorf("answered after %v: %v with %d bids, want %v", delay, got, len(answers.Bids), want)
			}
			a.free()
		})
	}
}

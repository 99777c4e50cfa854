package server

import (
	"sync"
	"time"

	"curb/edge/ad"
)

// turnstile lets debug auctions in: ad.DebugsAtOnce of them after a pause, ad.DebugsPerSecond in the long run. Each asks
// every bidder for bids that nobody will pay for, and may take ad.DebugTimeoutMax; a page that was published with a dongle
// in its tags must not do that for all its readers.
type turnstile struct {
	mu  sync.Mutex
	due time.Time // when all that were let in have had their time
}

// pass reports whether one more may go in now.
func (t *turnstile) pass(now time.Time) bool {
	const each = time.Second / ad.DebugsPerSecond
	t.mu.Lock()
	defer t.mu.Unlock()
	if t.due.Before(now) {
		t.due = now
	}
	if t.due.Sub(now) > (ad.DebugsAtOnce-1)*each {
		return false
	}
	t.due = t.due.Add(each)
	return true
}

package server

import (
	"context"
	"crypto/sha256"
	"sync"
	"time"

	"curb/edge/ad"
)

// How much is remembered of answered requests. Past either bound the oldest goes first.
const (
	replayTime       = 60 * time.Second
	replayEntriesMax = 16384
	replayBytesMax   = 64 << 20
)

// replayKey names a request: its publisher, and digests of its id and of its body, decoded.
type replayKey struct {
	publisher ad.PublisherID
	id, body  [sha256.Size]byte
}

// replay is the answer to one request, or the promise of one.
type replay struct {
	begun time.Time
	done  chan struct{} // closed when the body is there, or never will be
	body  []byte        // written once, before done is closed; nil: there is none
}

// wait gives the answer, once it is there. ok is false if there will be none, or it takes longer than any auction.
func (e *replay) wait(ctx context.Context) (body []byte, ok bool) {
	select {
	case <-e.done:
		return e.body, e.body != nil
	default:
	}
	timer := time.NewTimer(ad.TMaxConfigMax)
	defer timer.Stop()
	select {
	case <-e.done:
		return e.body, e.body != nil
	case <-ctx.Done():
	case <-timer.C:
	}
	return nil, false
}

// replays remembers answers for a minute, in a table of bounded size.
type replays struct {
	mu      sync.Mutex
	entries map[replayKey]*replay
	order   []queued // oldest first, from head on
	head    int
	bytes   int
}

type queued struct {
	key   replayKey
	entry *replay
}

func newReplays() *replays { return &replays{entries: make(map[replayKey]*replay)} }

// begin finds the entry of a request. again is true if it is somebody else's; otherwise the caller must settle or drop it.
func (t *replays) begin(key replayKey, now time.Time) (entry *replay, again bool) {
	t.mu.Lock()
	defer t.mu.Unlock()
	t.forget(now)
	if e := t.entries[key]; e != nil {
		return e, true
	}
	e := &replay{begun: now, done: make(chan struct{})}
	t.entries[key] = e
	t.order = append(t.order, queued{key, e})
	return e, false
}

// forget drops what is too old or too much.
func (t *replays) forget(now time.Time) {
	for t.head < len(t.order) {
		oldest := t.order[t.head]
		if now.Sub(oldest.entry.begun) < replayTime && len(t.order)-t.head < replayEntriesMax && t.bytes <= replayBytesMax {
			break
		}
		t.order[t.head] = queued{}
		t.head++
		if t.entries[oldest.key] == oldest.entry {
			delete(t.entries, oldest.key)
			t.bytes -= len(oldest.entry.body)
		}
	}
	if t.head == len(t.order) || t.head > replayEntriesMax {
		t.order = append(t.order[:0], t.order[t.head:]...)
		t.head = 0
	}
}

// settle keeps a copy of the answer and lets those go that wait for it.
func (t *replays) settle(key replayKey, e *replay, body []byte) {
	t.mu.Lock()
	defer t.mu.Unlock()
	e.body = append(make([]byte, 0, len(body)), body...)
	if t.entries[key] == e {
		t.bytes += len(e.body)
	}
	close(e.done)
}

// drop gives up an entry that will have no answer: the next one to ask begins anew.
func (t *replays) drop(key replayKey, e *replay) {
	t.mu.Lock()
	defer t.mu.Unlock()
	if t.entries[key] == e {
		delete(t.entries, key)
	}
	close(e.done)
}

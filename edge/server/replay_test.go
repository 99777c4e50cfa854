package server

import (
	"context"
	"fmt"
	"strings"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"curb/edge/ad"
	"curb/edge/adcall"
)

func TestTheSameRequestIsAnsweredOnce(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		s := &seller{sell: won(502)}
		h := rim(t, s)
		first := post(h, bidRequest)
		again := post(h, bidRequest)
		if s.calls() != 1 || again.Body.String() != first.Body.String() || again.Header().Get("Idempotent-Replayed") != "true" || first.Header().Get("Idempotent-Replayed") != "" {
			t.Errorf("%d auctions; %s then %s", s.calls(), first.Body, again.Body)
		}
		post(h, strings.Replace(bidRequest, "1001", "2001", 1))
		post(h, strings.Replace(bidRequest, "r-1", "r-2", 1))
		if s.calls() != 3 {
			t.Errorf("%d auctions for another publisher and another id, want 3", s.calls())
		}
		if other := post(h, strings.Replace(bidRequest, `"imp"`, `"tmax":100,"imp"`, 1)); other.Header().Get("Idempotent-Replayed") != "" {
			t.Errorf("another body of the same id got the first one's answer: %s", other.Body)
		}
		time.Sleep(replayTime - time.Nanosecond)
		if zipped := post(h, string(zip([]byte(bidRequest))), withHeader("Content-Encoding", "gzip")); zipped.Body.String() != first.Body.String() {
			t.Errorf("the same body in another coding got another answer: %s", zipped.Body)
		}
		if s.calls() != 4 {
			t.Error("forgotten before its time")
		}
		time.Sleep(time.Nanosecond)
		post(h, bidRequest)
		if s.calls() != 5 {
			t.Error("remembered after its time")
		}
	})
}

func TestRequestsAtOnceWaitForTheFirst(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		s := &seller{sell: func(in adcall.Incoming) *adcall.Answer {
			time.Sleep(100 * time.Millisecond)
			return won(502)(in)
		}}
		h := rim(t, s)
		var clients sync.WaitGroup
		var mu sync.Mutex
		bodies := map[string]int{}
		for range 10 {
			clients.Go(func() {
				w := post(h, bidRequest)
				mu.Lock()
				bodies[w.Body.String()]++
				mu.Unlock()
			})
		}
		clients.Wait()
		if s.calls() != 1 || len(bodies) != 1 {
			t.Errorf("%d auctions, %d different answers", s.calls(), len(bodies))
		}
	})
}

func TestWaitingEnds(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		table := newReplays()
		entry, again := table.begin(replayKey{}, time.Now())
		if again {
			t.Fatal("a new table knows the request")
		}
		begun := time.Now()
		if _, ok := entry.wait(t.Context()); ok || time.Since(begun) != ad.TMaxConfigMax {
			t.Errorf("waited %v", time.Since(begun))
		}
		ctx, cancel := context.WithCancel(t.Context())
		cancel()
		if _, ok := entry.wait(ctx); ok {
			t.Error("a client that has gone got an answer")
		}
		table.drop(replayKey{}, entry)
		if _, ok := entry.wait(t.Context()); ok {
			t.Error("an auction that failed has an answer")
		}
		if _, again := table.begin(replayKey{}, time.Now()); again {
			t.Error("an auction that failed is not held again")
		}
	})
}

func TestTheTableIsBounded(t *testing.T) {
	now := time.Now()
	key := func(i int) (k replayKey) {
		copy(k.id[:], fmt.Sprint(i))
		return k
	}
	table := newReplays()
	for i := range 3 * replayEntriesMax {
		e, _ := table.begin(key(i), now)
		table.settle(key(i), e, []byte("x"))
		if len(table.entries) > replayEntriesMax || len(table.order) > 2*replayEntriesMax+1 {
			t.Fatalf("%d entries, %d in order", len(table.entries), len(table.order))
		}
	}
	if _, again := table.begin(key(2*replayEntriesMax+1), now); !again {
		t.Error("an entry within the bound is gone")
	}
	if _, again := table.begin(key(2*replayEntriesMax-1), now); again {
		t.Error("an entry past the bound is still there")
	}

	table = newReplays()
	large := make([]byte, replayBytesMax/4)
	for i := range 8 {
		e, _ := table.begin(key(i), now)
		table.settle(key(i), e, large)
	}
	table.begin(key(8), now)
	if table.bytes > replayBytesMax || len(table.entries) != 5 {
		t.Errorf("%d bytes in %d entries", table.bytes, len(table.entries))
	}
	table.begin(key(9), now.Add(replayTime))
	if len(table.entries) != 1 || table.bytes != 0 {
		t.Errorf("%d bytes in %d entries after their time", table.bytes, len(table.entries))
	}
}

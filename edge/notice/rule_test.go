package notice

import (
	"net/http"
	"slices"
	"strings"
	"sync/atomic"
	"testing"
	"testing/synctest"
	"time"

	"curb/edge/ad"
)

// status makes a server that answers so, and remembers nothing; 0: as usual.
func status(code int) func(http.ResponseWriter, *http.Request) bool {
	return func(w http.ResponseWriter, r *http.Request) bool {
		if code != 0 {
			w.WriteHeader(code)
		}
		return code != 0
	}
}

// counted counts the requests that reach a server.
func counted(count *atomic.Int64, answer func(http.ResponseWriter, *http.Request) bool) func(http.ResponseWriter, *http.Request) bool {
	return func(w http.ResponseWriter, r *http.Request) bool {
		count.Add(1)
		return answer(w, r)
	}
}

// TestTriesOfLost: three for what may pass, one for what is refused, three for a redirect.
func TestTriesOfLost(t *testing.T) {
	for code, want := range map[int]int{500: 3, 503: 3, 408: 3, 429: 3, 301: 3, 302: 3, 304: 3, 400: 1, 401: 1, 404: 1, 410: 1, 422: 1, 200: 1, 299: 1} {
		inBubble(t, nil, func(t *testing.T, r *room) {
			var count atomic.Int64
			r.ear.answers(counted(&count, status(code)))
			r.Start()
			r.Notify(notice(ad.NoticeLost, 1))
			time.Sleep(time.Hour)
			synctest.Wait()
			s, tries := r.Stats().Total, int(count.Load())
			if tries != want || s.Queued != 0 || (code < 300) != (s.Sent[ad.NoticeLost] == 1) || (code >= 300) != (s.Dead == 1) {
				t.Errorf("%d: %d tries, want %d; %+v", code, tries, want, s)
			}
		})
	}
}

// TestTriesOfWon: for a day where it may pass, three times where it is refused.
func TestTriesOfWon(t *testing.T) {
	for code, refusal := range map[int]bool{500: false, 503: false, 429: false, 301: true, 400: true, 404: true} {
		inBubble(t, nil, func(t *testing.T, r *room) {
			var count atomic.Int64
			r.ear.answers(counted(&count, status(code)))
			r.Start()
			r.Notify(notice(ad.NoticeWon, 1))
			time.Sleep(23 * time.Hour)
			synctest.Wait()
			tries := count.Load()
			if dead := len(r.DeadLetters(10)); refusal != (dead == 1) {
				t.Errorf("%d: %d dead letters after 23 hours", code, dead)
			}
			if refusal && tries != 3 || !refusal && (tries < 23*60 || tries > 23*130) {
				t.Errorf("%d: %d tries in 23 hours", code, tries)
			}
			time.Sleep(2 * time.Hour)
			synctest.Wait()
			dead := r.DeadLetters(10)
			if len(dead) != 1 || dead[0].Kind != ad.NoticeWon || dead[0].Event == (EventID{}) || !strings.Contains(dead[0].Why, "status") || dead[0].Way != "notify_url" {
				t.Errorf("%d: dead letters after a day: %+v", code, dead)
			}
			if s := r.Stats().Total; s.Queued != 0 || s.Dead != 1 {
				t.Errorf("%d: %+v", code, s)
			}
		})
	}
}

// TestWonOutlivesADay: behind a server that is down for longer than a day, waiting notices die too, not only the probe.
func TestWonOutlivesADay(t *testing.T) {
	inBubble(t, nil, func(t *testing.T, r *room) {
		r.pipes.turn(true)
		r.Start()
		for i := range 500 {
			r.Notify(notice(ad.NoticeWon, i))
		}
		time.Sleep(25 * time.Hour)
		synctest.Wait()
		if s := r.Stats().Total; s.Dead != 500 || s.Queued != 0 {
			t.Errorf("%+v", s)
		}
	})
}

// TestRefusedWonIsFoundOut: of a batch with one notice that the server cannot read, the others arrive.
func TestRefusedWonIsFoundOut(t *testing.T) {
	inBubble(t, nil, func(t *testing.T, r *room) {
		bad := auctionID(17).String()
		r.ear.answers(func(w http.ResponseWriter, q *http.Request) bool {
			body := readAll(q)
			if strings.Contains(body, bad) {
				w.WriteHeader(http.StatusBadRequest)
				return true
			}
			return false
		})
		r.Start()
		for i := range 64 {
			r.Notify(notice(ad.NoticeWon, i))
		}
		time.Sleep(time.Hour)
		synctest.Wait()
		heard, _ := r.ear.heard()
		if got := byKind(heard)["won"]; got != 63 || len(heard) != 63 {
			t.Errorf("%d of 63 arrived, in %d notices", got, len(heard))
		}
		if dead := r.DeadLetters(100); len(dead) != 1 || dead[0].Auction != auctionID(17) {
			t.Errorf("dead letters: %+v", dead)
		}
	})
}

// TestOneProbe: a server that hangs gets one request at a time once its circuit is open.
func TestOneProbe(t *testing.T) {
	inBubble(t, nil, func(t *testing.T, r *room) {
		under, most, all := 0, 0, 0
		r.ear.answers(func(w http.ResponseWriter, q *http.Request) bool {
			r.ear.mu.Lock()
			under, all = under+1, all+1
			if all > 20 {
				most = max(most, under)
			}
			r.ear.mu.Unlock()
			readAll(q) // or the server does not notice that we leave
			<-q.Context().Done()
			r.ear.mu.Lock()
			under--
			r.ear.mu.Unlock()
			return true
		})
		r.Start()
		for i := range 2000 {
			r.Notify(notice(ad.NoticeWon, i))
			r.Notify(notice(ad.NoticeLost, 10_000+i))
		}
		time.Sleep(30 * time.Minute)
		synctest.Wait()
		r.ear.mu.Lock()
		defer r.ear.mu.Unlock()
		if most > 1 || all > 70 {
			t.Errorf("%d requests in half an hour, %d at once while the circuit was open", all, most)
		}
	})
}

// TestDroppedInOrder fills a queue with some of each kind, then with more: the least missed give way first, the oldest of
// them first, and won never.
func TestDroppedInOrder(t *testing.T) {
	inBubble(t, nil, func(t *testing.T, r *room) {
		kinds := []ad.NoticeKind{ad.NoticePending, ad.NoticeSold, ad.NoticeNoBid, ad.NoticeLost}
		i := 0
		for _, kind := range kinds {
			for range queueMax / len(kinds) {
				i++
				r.Notify(notice(kind, i))
			}
		}
		count := func() [KindCount]uint64 { return r.Stats().Total.Dropped }
		for range 2500 {
			i++
			r.Notify(notice(ad.NoticePending, i))
		}
		if d := count(); d[ad.NoticeLost] != 2500 || d[ad.NoticeNoBid]+d[ad.NoticeSold]+d[ad.NoticePending] != 0 {
			t.Errorf("lost should give way first: %v", d)
		}
		for range 5000 {
			i++
			r.Notify(notice(ad.NoticePending, i))
		}
		if d := count(); d[ad.NoticeNoBid] != 2500 || d[ad.NoticeSold] != 2500 || d[ad.NoticePending] != 0 {
			t.Errorf("then no_bid, then the owner's: %v", d)
		}
		r.Notify(notice(ad.NoticeLost, i+1))
		if d := count(); d[ad.NoticeLost] != 2501 || d[ad.NoticePending] != 0 {
			t.Errorf("a lost among nothing but pending gives way itself: %v", d)
		}
		r.Notify(notice(ad.NoticePending, i+2))
		if d := count(); d[ad.NoticePending] != 1 {
			t.Errorf("among equals the oldest gives way: %v", d)
		}
		r.Start()
		time.Sleep(time.Minute)
		synctest.Wait()
		heard, _ := r.ear.heard()
		oldest := auctionID(1).String()
		if len(heard) != queueMax || slices.ContainsFunc(heard, func(n told) bool { return n.AuctionID == oldest }) {
			t.Errorf("%d heard, want all but the oldest pending", len(heard))
		}
	})
}

// TestWinOverrules: what was called lost or pending and has won before that was sent is only called won.
func TestWinOverrules(t *testing.T) {
	log := &memoryLog{}
	inBubble(t, log, func(t *testing.T, r *room) {
		r.pipes.turn(true)
		r.Start()
		r.Notify(notice(ad.NoticePending, 1))
		r.Notify(notice(ad.NoticeLost, 2))
		r.Notify(notice(ad.NoticeLost, 3))
		time.Sleep(200 * time.Millisecond)
		for i := range 2 {
			won := notice(ad.NoticeWon, i+1)
			won.PostPending = i == 0
			r.Notify(won)
		}
		r.pipes.turn(false)
		time.Sleep(time.Minute)
		synctest.Wait()
		heard, _ := r.ear.heard()
		if got := byKind(heard); got["won"] != 2 || got["pending"] != 0 || got["lost"] != 1 {
			t.Errorf("told %v", got)
		}
		if s := r.Stats().Total; s.Overtaken != 2 {
			t.Errorf("%+v", s)
		}
		for _, n := range heard {
			if n.Type == "won" && n.PostPending != (n.AuctionID == auctionID(1).String()) {
				t.Errorf("%+v", n)
			}
		}
	})
}

// TestPendingBeforeWon: as long as nothing is in the way.
func TestPendingBeforeWon(t *testing.T) {
	inBubble(t, nil, func(t *testing.T, r *room) {
		r.Start()
		r.Notify(notice(ad.NoticePending, 1))
		time.Sleep(100 * time.Millisecond)
		won := notice(ad.NoticeWon, 1)
		won.PostPending = true
		won.Full = []byte(`{}`)
		r.change(func(b *ad.Bidder) { b.NotifyFull = true })
		r.Notify(won)
		time.Sleep(time.Second)
		synctest.Wait()
		heard, _ := r.ear.heard()
		if len(heard) != 2 || heard[0].Type != "pending" || heard[1].Type != "won" || !heard[1].PostPending || heard[1].Auction != nil {
			t.Errorf("told %+v", heard)
		}
		if heard[0].EventID == heard[1].EventID || heard[0].PricePaid != "" || heard[0].Price != "1.230001" {
			t.Errorf("told %+v", heard)
		}
	})
}

// TestRetryBudget: a server that fails one request in two gets no more than a tenth again, besides the floor.
func TestRetryBudget(t *testing.T) {
	inBubble(t, nil, func(t *testing.T, r *room) {
		seen := map[string]int{}
		turn, again := 0, 0
		r.ear.answers(func(w http.ResponseWriter, q *http.Request) bool {
			r.ear.mu.Lock()
			defer r.ear.mu.Unlock()
			seen[q.URL.RequestURI()]++
			if seen[q.URL.RequestURI()] > 1 {
				again++
			}
			turn++
			w.WriteHeader([]int{500, 204}[turn%2])
			return true
		})
		r.change(func(b *ad.Bidder) { b.NotifyURL = "" })
		r.Start()
		for i := range 5000 {
			lost := notice(ad.NoticeLost, i)
			lost.Terms.LURL = bubbleURL + "/loss?a=${AUCTION_ID}"
			r.Notify(lost)
			if i%500 == 499 {
				time.Sleep(500 * time.Millisecond)
			}
		}
		time.Sleep(time.Minute)
		synctest.Wait()
		r.ear.mu.Lock()
		defer r.ear.mu.Unlock()
		if limit := 5000/budgetShare + budgetFloor + 10; again > limit || again < 400 {
			t.Errorf("%d retries of 5000 first tries, want some and at most %d", again, limit)
		}
	})
}

// TestRemovedBidder: its won notices wait for its return, the rest is forgotten.
func TestRemovedBidder(t *testing.T) {
	inBubble(t, nil, func(t *testing.T, r *room) {
		r.Start()
		r.change(func(b *ad.Bidder) { b.ID = 8 })
		r.Notify(notice(ad.NoticeWon, 1))
		r.Notify(notice(ad.NoticeLost, 2))
		time.Sleep(time.Hour)
		r.change(func(b *ad.Bidder) { b.ID = 7 })
		time.Sleep(2 * time.Minute)
		synctest.Wait()
		heard, _ := r.ear.heard()
		if got := byKind(heard); got["won"] != 1 || got["lost"] != 0 {
			t.Errorf("told %v", got)
		}
	})
}

// TestNotifyURLTakenAway: what waits for it is settled, and a URL of the bid still goes out.
func TestNotifyURLTakenAway(t *testing.T) {
	inBubble(t, nil, func(t *testing.T, r *room) {
		r.Start()
		won := notice(ad.NoticeWon, 1)
		won.Terms.NURL = bubbleURL + "/win"
		r.Notify(won)
		r.change(func(b *ad.Bidder) { b.NotifyURL = "" })
		time.Sleep(time.Minute)
		synctest.Wait()
		heard, calls := r.ear.heard()
		if s := r.Stats().Total; len(heard) != 0 || len(calls) != 1 || s.Queued != 0 || s.Dead != 0 {
			t.Errorf("told %v %v, %+v", heard, calls, s)
		}
	})
}

// TestCircuitIsPerServer: a dead server of a bidder holds up no other one, and junk names share what is left.
func TestCircuitIsPerServer(t *testing.T) {
	inBubble(t, nil, func(t *testing.T, r *room) {
		r.ear.answers(func(w http.ResponseWriter, q *http.Request) bool {
			if strings.HasPrefix(q.Host, "127.0.0.1") {
				return false
			}
			w.WriteHeader(http.StatusServiceUnavailable)
			return true
		})
		r.change(func(b *ad.Bidder) { b.Domains = append(b.Domains, "localhost") })
		r.Start()
		for i := range 200 {
			won := notice(ad.NoticeWon, i)
			won.Terms.NURL = "http://h" + string(rune('a'+i%20)) + ".localhost:9701/win?${AUCTION_ID}"
			if i%2 == 0 {
				won.Terms.NURL = bubbleURL + "/win?${AUCTION_ID}"
			}
			r.Notify(won)
		}
		time.Sleep(time.Minute)
		synctest.Wait()
		heard, calls := r.ear.heard()
		if len(calls) != 100 || len(heard) != 200 {
			t.Errorf("%d URLs and %d notices arrived", len(calls), len(heard))
		}
		l := r.line(7)
		l.mu.Lock()
		defer l.mu.Unlock()
		if len(l.hosts) > hostsMax || len(l.endpoints) > hostsMax+2 {
			t.Errorf("%d hosts, %d endpoints", len(l.hosts), len(l.endpoints))
		}
	})
}

package bidder

import (
	"context"
	"encoding/binary"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"testing/synctest"
	"time"

	"curb/edge/ad"
	"curb/edge/catalog"
)

// auction makes ids as random as real ones, but the same in every run.
func auction(n int) (id ad.AuctionID) {
	x := uint64(n)*0x9e3779b97f4a7c15 + 1
	for i := 0; i < len(id); i += 8 {
		x ^= x >> 30
		x *= 0xbf58476d1ce4e5b9
		x ^= x >> 27
		binary.LittleEndian.PutUint64(id[i:], x)
	}
	return id
}

// throttleWindow is how many requests the throttle looks back on.
const throttleWindow = 100

// TestThrottledBidder drives the throttle through Ask: with 100 timeouts one request in ten is sent, and answers bring the bidder back.
func TestThrottledBidder(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		s := newStreet(t, answers("HTTP/1.1 204 No Content\r\n\r\n"))
		defer s.leave()
		m := newMarket(t, func(c *catalog.Contents) { c.Bidders[0].Throttle = true }, endpointOf(0))
		s.Update(m.snap)
		for range throttleWindow {
			s.board.Load().lines[firstBidder].record.throttle.Record(true)
		}
		outcomes := map[ad.Reason]int{}
		for n := range 2000 {
			out := outgoing(m.snap, time.Second)
			out.Call.ID = auction(n)
			var a ad.Answers
			s.Ask(t.Context(), m.snap, out, &a)
			outcomes[a.Asked[0].Reason]++
			a.Free()
			if n == 99 && outcomes[ad.Throttled] < 80 {
				t.Errorf("of the first 100: %v", outcomes)
			}
		}
		if outcomes[ad.NoBid]+outcomes[ad.Throttled] != 2000 || s.Stats()[0].SendPercent != 100 {
			t.Errorf("%v, stats %+v", outcomes, s.Stats()[0])
		}
	})
}

// TestTimeoutsThrottle: silence fills the window, but only when the bidder had its time and allows to be throttled.
func TestTimeoutsThrottle(t *testing.T) {
	cases := []struct {
		name     string
		throttle bool
		timeout  time.Duration
		percent  int
	}{
		{"silent", true, 150 * time.Millisecond, 80},
		{"just enough time", true, ad.TMaxMin + settleTime, 80},
		{"too little time", true, ad.TMaxMin + settleTime - 1, 100},
		{"not throttled", false, 150 * time.Millisecond, 80},
	}
	for _, c := range cases {
		t.Run(c.name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				s := newStreet(t, after(time.Hour))
				defer s.leave()
				m := newMarket(t, func(x *catalog.Contents) { x.Bidders[0].Throttle = c.throttle }, endpointOf(0))
				sent := 0
				for n := 0; sent < 20; n++ {
					out := outgoing(m.snap, c.timeout)
					out.Call.ID = auction(n)
					var a ad.Answers
					s.Ask(t.Context(), m.snap, out, &a)
					if a.Asked[0].Reason == ad.Timeout {
						sent++
					} else if !c.throttle {
						t.Fatalf("reason %v", a.Asked[0].Reason)
					}
					a.Free()
					time.Sleep(linger)
				}
				if st := s.Stats()[0]; st.SendPercent != c.percent || st.Breaker != "closed" {
					t.Errorf("stats %+v", st)
				}
			})
		})
	}
}

func TestRate(t *testing.T) {
	now := time.Unix(1_800_000_000, 0)
	var r rate
	take := func(n, perSecond int) (taken int) {
		for range n {
			if r.take(now, perSecond) {
				taken++
			}
		}
		return taken
	}
	if got := take(1000, 0); got != 1000 {
		t.Errorf("no cap let %d of 1000 through", got)
	}
	if got := take(1000, 100); got != 10 {
		t.Errorf("at once: %d, want a tenth of a second's 100", got)
	}
	total := 0
	for range 1000 {
		now = now.Add(time.Millisecond)
		total += take(10, 100)
	}
	if total != 100 {
		t.Errorf("over the next second: %d, want 100", total)
	}
	now = now.Add(time.Hour)
	if got := take(1000, 100); got != 10 {
		t.Errorf("after an hour: %d, want no more than the burst", got)
	}
	r = rate{}
	if got := take(5, 1); got != 1 {
		t.Errorf("one per second let %d through at once", got)
	}
	now = now.Add(999 * time.Millisecond)
	if got := take(5, 1); got != 0 {
		t.Errorf("after 999 ms: %d", got)
	}
	now = now.Add(time.Millisecond)
	if got := take(5, 1); got != 1 {
		t.Errorf("after a second: %d", got)
	}
}

func TestQPSCap(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		s := newStreet(t, after(0))
		defer s.leave()
		m := newMarket(t, func(c *catalog.Contents) { c.Bidders[0].QPSMax = 10 }, endpointOf(0))
		for i, want := range []ad.Reason{ad.Undecided, ad.QPSLimited, ad.QPSLimited} {
			if got := s.one(m, time.Second); got != want {
				t.Errorf("request %d: %v, want %v", i, got, want)
			}
		}
		time.Sleep(100 * time.Millisecond)
		if got := s.one(m, time.Second); got != ad.Undecided {
			t.Errorf("after 100 ms: %v", got)
		}
	})
}

// TestBreaker: half of twenty calls bad opens it, a second later five probes decide, and each further opening doubles
// the wait.
func TestBreaker(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		var status atomic.Value
		s := newStreet(t, func(p *peer) {
			for {
				if _, _, _, err := p.request(); err != nil {
					return
				}
				p.say("HTTP/1.1 " + status.Load().(string) + "\r\nContent-Length: 0\r\n\r\n")
			}
		})
		defer s.leave()
		m := newMarket(t, nil, endpointOf(0))
		status.Store("204 None")
		for range breakerCalls / 2 {
			s.one(m, time.Second)
		}
		status.Store("500 Bad")
		for range breakerCalls / 2 {
			if got := s.one(m, time.Second); got != ad.HTTPStatus {
				t.Fatalf("reason %v", got)
			}
		}
		if got := s.one(m, time.Second); got != ad.BreakerOpen {
			t.Fatalf("after %d calls: %v", breakerCalls, got)
		}
		for round, wait := range []time.Duration{time.Second, 2 * time.Second, 4 * time.Second} {
			time.Sleep(wait * 7 / 10)
			if got := s.one(m, time.Second); got != ad.BreakerOpen {
				t.Errorf("round %d: early probe: %v", round, got)
			}
			time.Sleep(wait * 6 / 10)
			bad := 0
			for s.one(m, time.Second) == ad.HTTPStatus {
				bad++
			}
			if bad != breakerProbes-breakerGood+1 {
				t.Errorf("round %d: %d probes failed before it opened again", round, bad)
			}
		}
		status.Store("204 None")
		time.Sleep(10 * time.Second)
		for i := range breakerGood + 1 {
			if got := s.one(m, time.Second); got != ad.NoBid {
				t.Errorf("probe %d: %v", i, got)
			}
		}
		if st := s.Stats()[0]; st.Breaker != "closed" {
			t.Errorf("stats %+v", st)
		}
	})
}

// TestBreakerAndTimeouts: slowness does not open it, and a slow probe does not leave it half-open for ever.
func TestBreakerAndTimeouts(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		s := newStreet(t, after(time.Hour))
		defer s.leave()
		m := newMarket(t, nil, endpointOf(0))
		for range 2 * breakerCalls {
			if got := s.one(m, 150*time.Millisecond); got != ad.Timeout {
				t.Fatalf("reason %v", got)
			}
			time.Sleep(linger)
		}
		b := s.board.Load().lines[firstBidder].record.breaker
		b.circuit.HalfOpen()
		for range breakerProbes - breakerGood + 1 {
			if got := s.one(m, 150*time.Millisecond); got != ad.Timeout {
				t.Errorf("probe: %v", got)
			}
		}
		if got := s.one(m, 150*time.Millisecond); got != ad.BreakerOpen {
			t.Errorf("after slow probes: %v", got)
		}
	})
}

// TestCallersThatLeave: their bidders have not timed out, however many leave. A probe that was cut short takes no permit
// with it.
func TestCallersThatLeave(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		s := newStreet(t, after(100*time.Millisecond))
		defer s.leave()
		m := newMarket(t, nil, endpointOf(0))
		s.Update(m.snap)
		leave := func() ad.Reason {
			ctx, cancel := context.WithTimeout(t.Context(), 20*time.Millisecond)
			defer cancel()
			var a ad.Answers
			s.Ask(ctx, m.snap, outgoing(m.snap, time.Second), &a)
			defer a.Free()
			return a.Asked[0].Reason
		}
		for range throttleWindow {
			if got := leave(); got != ad.Cancelled {
				t.Fatalf("reason %v", got)
			}
			time.Sleep(linger)
		}
		if st := s.Stats()[0]; st.SendPercent != 100 || st.Breaker != "closed" || st.Outcomes[ad.Timeout] != 0 {
			t.Errorf("stats %+v", st)
		}
		b := s.board.Load().lines[firstBidder].record.breaker
		b.circuit.HalfOpen()
		for i := range 4 * breakerProbes {
			if got := leave(); got != ad.Cancelled {
				t.Fatalf("probe %d: %v", i, got)
			}
			time.Sleep(linger)
		}
		if st := s.Stats()[0]; st.Breaker != "half-open" {
			t.Errorf("after probes that were cut short: %+v", st)
		}
		permits := 0
		for b.lets(time.Now()) {
			permits++
		}
		if permits != breakerProbes {
			t.Errorf("%d permits are left, want %d", permits, breakerProbes)
		}
		for range breakerGood {
			b.record(ad.NoBid)
		}
		if st := s.Stats()[0]; st.Breaker != "closed" {
			t.Errorf("after good probes: %+v", st)
		}
	})
}

// TestBreakerAndConnects: five failures to connect in a row suffice.
func TestBreakerAndConnects(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		s := newStreet(t, after(0))
		defer s.leave()
		s.before = time.Hour
		m := newMarket(t, nil, endpointOf(0))
		for range breakerConnects {
			if got := s.one(m, time.Hour); got != ad.ConnectFailed {
				t.Errorf("reason %v", got)
			}
		}
		if got := s.one(m, time.Hour); got != ad.BreakerOpen {
			t.Errorf("after %d: %v", breakerConnects, got)
		}
		time.Sleep(2 * time.Second)
		s.before = 0
		if got := s.one(m, time.Hour); got != ad.Undecided {
			t.Errorf("once it can be reached: %v", got)
		}
	})
}

func TestReadiness(t *testing.T) {
	cases := []struct{ verdicts, ready string }{
		{"", ""}, {"y", "1"}, {"n", "0"}, {"ny", "01"}, {"ff", "11"}, {"fff", "110"}, {"ffffy", "11001"}, {"ffyff", "11111"}, {"nff", "000"}, {"nfffy", "00001"}, {"ffnffy", "110001"},
	}
	for _, c := range cases {
		var r readiness
		got := ""
		for _, v := range c.verdicts {
			ready := r.next(map[rune]verdict{'y': readyYes, 'n': readyNo, 'f': readyFailed}[v])
			got += map[bool]string{true: "1", false: "0"}[ready]
		}
		if got != c.ready {
			t.Errorf("%s: ready %s, want %s", c.verdicts, got, c.ready)
		}
	}
}

// TestReadyCheck: the URL is asked every ReadyEvery, a 1 anywhere means ready, and one answer without takes the bidder out.
func TestReadyCheck(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		var mu sync.Mutex // guards the peer's settings
		body, checks, mute := "ready: 1", 0, false
		set := func(change func()) { mu.Lock(); change(); mu.Unlock() }
		s := newStreet(t, func(p *peer) {
			for {
				first, _, _, err := p.request()
				switch {
				case err != nil:
					return
				case strings.HasPrefix(first, "POST /bid "):
					p.say(ok(bidFor(0, auctionID(), "1")))
				case first != "GET /ready?x=y HTTP/1.1":
					t.Errorf("asked for %q", first)
				default:
					mu.Lock()
					checks++
					if !mute {
						p.say(ok(body))
					}
					mu.Unlock()
				}
			}
		})
		defer s.leave()
		m := newMarket(t, func(c *catalog.Contents) { c.Bidders[0].ReadyURL = "http://127.0.0.1:9799/ready?x=y" }, endpointOf(0))
		s.Update(m.snap)
		synctest.Wait()
		expect := func(step string, want ad.Reason, count int) {
			t.Helper()
			synctest.Wait()
			got := s.one(m, time.Second)
			mu.Lock()
			defer mu.Unlock()
			if got != want || checks != count || s.Stats()[0].Ready != (want == ad.Undecided) {
				t.Errorf("%s: %v after %d checks, want %v after %d; stats %+v", step, got, checks, want, count, s.Stats()[0])
			}
		}
		time.Sleep(time.Millisecond)
		expect("at once", ad.Undecided, 1)
		set(func() { body = "starting" })
		time.Sleep(ReadyEveryDefault)
		expect("not ready", ad.NotReady, 2)
		set(func() { body = "version 1.1" })
		time.Sleep(ReadyEveryDefault)
		expect("ready again", ad.Undecided, 3)
		set(func() { mute = true })
		for i := range readyFailuresMax - 1 {
			time.Sleep(ReadyEveryDefault)
			expect("silent", ad.Undecided, 4+i)
		}
		time.Sleep(ReadyEveryDefault + readyTimeout + linger + 2*sweepEvery)
		expect("silent three times", ad.NotReady, 3+readyFailuresMax)
		set(func() { mute = false })
		time.Sleep(ReadyEveryDefault)
		expect("back", ad.Undecided, 4+readyFailuresMax)
	})
}

// TestReadyURLThatMayNotBeCalled fails, and so takes its bidder out.
func TestReadyURLThatMayNotBeCalled(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		s := newStreet(t, after(0))
		defer s.leave()
		m := newMarket(t, func(c *catalog.Contents) { c.Bidders[0].ReadyURL = "http://169.254.169.254/ready" }, endpointOf(0))
		s.Update(m.snap)
		time.Sleep(readyFailuresMax * ReadyEveryDefault)
		if got := s.one(m, time.Second); got != ad.NotReady || len(s.dials) != 0 {
			t.Errorf("reason %v, dials %v", got, s.dials)
		}
	})
}

// TestDebugAuctionsCountForNothing looks at a bidder that is broken, silent or cannot be reached more often than any
// regulator bears, and then finds its record as it was.
func TestDebugAuctionsCountForNothing(t *testing.T) {
	bad := func(status string) func(*peer) {
		return answers("HTTP/1.1 " + status + "\r\nContent-Length: 0\r\n\r\n")
	}
	for _, c := range []struct {
		name   string
		play   func(*peer)
		before time.Duration
		want   ad.Reason
	}{
		{"broken", bad("500 Bad"), 0, ad.HTTPStatus},
		{"silent", after(time.Hour), 0, ad.Timeout},
		{"late", after(170 * time.Millisecond), 0, ad.Timeout},
		{"not reached", after(0), time.Hour, ad.ConnectFailed},
	} {
		t.Run(c.name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				s := newStreet(t, c.play)
				defer s.leave()
				s.before = c.before
				m := newMarket(t, func(x *catalog.Contents) { x.Bidders[0].Throttle = true }, endpointOf(0))
				timeout := 150 * time.Millisecond
				if c.before > 0 {
					timeout = time.Hour
				}
				for range breakerCalls + 2 {
					if got := s.look(m, timeout); got.Reason != c.want || got.Live != ad.Undecided {
						t.Fatalf("debug: %+v", got)
					}
					time.Sleep(linger)
				}
				st := s.Stats()[0]
				if st.Breaker != "closed" || st.SendPercent != 100 || st.Outcomes != [reasonsMax]uint64{} || st.Bids+st.Sent+st.Answered+st.Unsent+st.Late+st.Retried+st.Dials+st.Failed != 0 {
					t.Errorf("stats %+v", st)
				}
				if got := s.one(m, timeout); got != c.want || s.Stats()[0].Outcomes[c.want] != 1 {
					t.Errorf("live: %v, stats %+v", got, s.Stats()[0])
				}
			})
		})
	}
}

// TestDebugAuctionsSeeWhatLiveCallsDoNot: an open breaker and a shut throttle are said, and not in the way; looking takes no
// permit of a half-open breaker. The bidder's own rate holds.
func TestDebugAuctionsSeeWhatLiveCallsDoNot(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		s := newStreet(t, after(0))
		defer s.leave()
		m := newMarket(t, func(x *catalog.Contents) { x.Bidders[0].QPSMax, x.Bidders[0].Throttle = 10, true }, endpointOf(0))
		s.Update(m.snap)
		record := s.board.Load().lines[firstBidder].record
		expect := func(step string, reason, live ad.Reason) {
			t.Helper()
			if got := s.look(m, time.Second); got.Reason != reason || got.Live != live {
				t.Errorf("%s: %v, live %v; want %v, %v", step, got.Reason, got.Live, reason, live)
			}
		}
		record.breaker.circuit.Open()
		expect("open", ad.Undecided, ad.BreakerOpen)
		expect("more than its rate", ad.QPSLimited, ad.Undecided)
		time.Sleep(2 * time.Second)
		for range 2 * breakerProbes {
			expect("to be probed", ad.Undecided, ad.Undecided)
			time.Sleep(time.Second)
		}
		if st := s.Stats()[0]; st.Breaker != "open" {
			t.Errorf("looking probed it: %+v", st)
		}
		for range breakerGood {
			if got := s.one(m, time.Second); got != ad.Undecided {
				t.Errorf("probe: %v", got)
			}
			time.Sleep(time.Second)
		}
		for range throttleWindow {
			record.throttle.Record(true)
		}
		if record.throttle.Lets(ad.AuctionID{1, 2, 3}, firstBidder) {
			t.Fatal("this auction is among the tenth that is sent: take another")
		}
		expect("throttled", ad.Undecided, ad.Throttled)
		if st := s.Stats()[0]; st.SendPercent != 10 || st.Breaker != "closed" {
			t.Errorf("stats %+v", st)
		}
	})
}

package bidder

import (
	"bufio"
	"context"
	"net"
	"strconv"
	"strings"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"curb/edge/ad"
	"curb/edge/catalog"
)

// street is a fan-out whose connections are pipes to peers played by a test, for bubbles of testing/synctest: time
// passes only when everybody waits.
type street struct {
	*Fanout
	t     *testing.T
	peers sync.WaitGroup
	mu    sync.Mutex
	dials map[string]int // by address
	// before delays a dial.
	before time.Duration
}

// endpointOf is the endpoint of the i-th bidder of a street.
func endpointOf(i int) string { return "http://127.0.0.1:" + strconv.Itoa(9701+i) + "/bid" }

func newStreet(t *testing.T, play func(*peer)) *street {
	t.Helper()
	s := &street{t: t, dials: map[string]int{}}
	f, err := start(Options{Guard: labGuard(t), Lab: true}, func(ctx context.Context, _, address string) (net.Conn, error) {
		s.mu.Lock()
		nth := s.dials[address]
		s.dials[address]++
		s.mu.Unlock()
		select {
		case <-time.After(s.before):
		case <-ctx.Done():
			return nil, ctx.Err()
		}
		ours, theirs := net.Pipe()
		s.peers.Go(func() {
			defer func() { _ = theirs.Close() }()
			play(&peer{Conn: theirs, reader: bufio.NewReader(theirs), nth: nth})
		})
		return ours, nil
	})
	if err != nil {
		t.Fatal(err)
	}
	s.Fanout = f
	return s
}

// leave ends everything; a bubble cannot end before.
func (s *street) leave() {
	s.Close()
	s.peers.Wait()
}

// ask asks once and gives the reasons; took is how long that was.
func (s *street) ask(m *market, timeout time.Duration) (reasons []ad.Reason, took time.Duration) {
	begun := time.Now()
	var a ad.Answers
	s.Ask(s.t.Context(), m.snap, outgoing(m.snap, timeout), &a)
	for i := range a.Asked {
		reasons = append(reasons, a.Asked[i].Reason)
	}
	a.Free()
	return reasons, time.Since(begun)
}

// one asks a market of one bidder.
func (s *street) one(m *market, timeout time.Duration) ad.Reason {
	reasons, _ := s.ask(m, timeout)
	return reasons[0]
}

// look asks a market of one bidder in a debug auction.
func (s *street) look(m *market, timeout time.Duration) ad.Asked {
	out := outgoing(m.snap, timeout)
	out.Call.Debug = true
	var a ad.Answers
	s.Ask(s.t.Context(), m.snap, out, &a)
	defer a.Free()
	return a.Asked[0]
}

// after makes a peer that bids so long after each request.
func after(delay time.Duration) func(*peer) {
	return func(p *peer) {
		for {
			if _, _, _, err := p.request(); err != nil {
				return
			}
			time.Sleep(delay)
			p.say(ok(bidFor(0, auctionID(), "1")))
		}
	}
}

func TestDeadlineHolds(t *testing.T) {
	const deadline = 150 * time.Millisecond
	drip := func(p *peer) {
		_, _, _, _ = p.request()
		for _, c := range ok(bidFor(0, auctionID(), "1")) {
			time.Sleep(50 * time.Millisecond)
			p.say(string(c))
		}
	}
	cases := []struct {
		name string
		play func(*peer)
		want ad.Reason
		took time.Duration
	}{
		{"quick", after(20 * time.Millisecond), ad.Undecided, 20 * time.Millisecond},
		{"just in time", after(148 * time.Millisecond), ad.Undecided, 148 * time.Millisecond},
		{"just too late", after(150 * time.Millisecond), ad.Timeout, deadline - settleTime},
		{"silent", after(time.Hour), ad.Timeout, deadline - settleTime},
		{"drips", drip, ad.Timeout, deadline - settleTime},
	}
	for _, c := range cases {
		t.Run(c.name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				s := newStreet(t, c.play)
				defer s.leave()
				reasons, took := s.ask(newMarket(t, nil, endpointOf(0)), deadline)
				if reasons[0] != c.want || took != c.took {
					t.Errorf("%v after %v, want %v after %v", reasons[0], took, c.want, c.took)
				}
			})
		})
	}
}

// TestLateAnswers: one that comes soon is dropped, counted, and leaves a connection that is used again; one that does
// not come costs the connection.
func TestLateAnswers(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		s := newStreet(t, after(150*time.Millisecond+linger-time.Millisecond))
		defer s.leave()
		m := newMarket(t, nil, endpointOf(0))
		if got := s.one(m, 150*time.Millisecond); got != ad.Timeout {
			t.Errorf("reason %v", got)
		}
		time.Sleep(linger)
		synctest.Wait()
		st := s.Stats()[0]
		if st.Late != 1 || st.Sent != 1 || st.Connections != 1 || st.Idle != 1 {
			t.Errorf("after a late answer: %+v", st)
		}
		if got := s.one(m, time.Second); got != ad.Undecided || s.Stats()[0].Dials != 1 {
			t.Errorf("reason %v, stats %+v", got, s.Stats()[0])
		}
	})
	synctest.Test(t, func(t *testing.T) {
		s := newStreet(t, after(time.Hour))
		defer s.leave()
		s.one(newMarket(t, nil, endpointOf(0)), 150*time.Millisecond)
		time.Sleep(linger + 2*sweepEvery)
		synctest.Wait()
		if st := s.Stats()[0]; st.Late != 0 || st.Connections != 0 || st.Sent != 1 {
			t.Errorf("after silence: %+v", st)
		}
		// The peer would sleep for an hour: time is free here.
	})
}

// TestKeptConnectionsGoStale: a bidder may close a kept connection while a request is on its way. That request is sent
// once more, and only once, and only if nothing of an answer was read.
func TestKeptConnectionsGoStale(t *testing.T) {
	bid := ok(bidFor(0, auctionID(), "1"))
	cases := []struct {
		name    string
		says    string // to the second request of a connection, before closing
		second  func(*peer)
		want    ad.Reason
		retried uint64
	}{
		{"once", "", after(0), ad.Undecided, 1},
		{"always", "", func(p *peer) { _, _, _, _ = p.request() }, ad.ConnectionLost, 1},
		{"after a byte", "H", after(0), ad.ConnectionLost, 0},
	}
	for _, c := range cases {
		t.Run(c.name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				s := newStreet(t, func(p *peer) {
					if p.nth > 0 {
						c.second(p)
						return
					}
					_, _, _, _ = p.request()
					p.say(bid)
					_, _, _, _ = p.request()
					p.say(c.says)
				})
				defer s.leave()
				m := newMarket(t, nil, endpointOf(0))
				if got := s.one(m, time.Second); got != ad.Undecided {
					t.Fatalf("first reason %v", got)
				}
				if got := s.one(m, time.Second); got != c.want || s.Stats()[0].Retried != c.retried {
					t.Errorf("reason %v, stats %+v", got, s.Stats()[0])
				}
			})
		})
	}
}

// TestStaleTwice: the request that was sent again met a second stale connection; there is no third time.
func TestStaleTwice(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		s := newStreet(t, func(p *peer) {
			_, _, _, _ = p.request()
			time.Sleep(10 * time.Millisecond)
			p.say(ok(bidFor(0, auctionID(), "1")))
			_, _, _, _ = p.request()
		})
		defer s.leave()
		m := newMarket(t, nil, endpointOf(0))
		var all sync.WaitGroup
		for range 3 {
			all.Go(func() { s.one(m, time.Second) })
		}
		all.Wait()
		if got := s.one(m, time.Second); got != ad.ConnectionLost || s.Stats()[0].Retried != 1 || s.Stats()[0].Dials != 3 {
			t.Errorf("reason %v, stats %+v", got, s.Stats()[0])
		}
	})
}

// TestConnectionsThatAreNotKept: a good answer counts, but its connection is not used again if the bidder says so, or
// says more than it should.
func TestConnectionsThatAreNotKept(t *testing.T) {
	bid := bidFor(0, auctionID(), "1")
	for name, say := range map[string]string{
		"close": ok(bid, "Connection: close"), "HTTP/1.0": "HTTP/1.0" + ok(bid)[len("HTTP/1.1"):], "more": ok(bid) + "x",
		"204 that announces a body": "HTTP/1.1 204 None\r\nContent-Length: 5\r\n\r\n", "two answers": ok(bid) + ok(bid),
	} {
		t.Run(name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				s := newStreet(t, answers(say))
				defer s.leave()
				m := newMarket(t, nil, endpointOf(0))
				for range 3 {
					if got := s.one(m, time.Second); got != ad.Undecided && got != ad.NoBid {
						t.Errorf("reason %v", got)
					}
				}
				synctest.Wait()
				if st := s.Stats()[0]; st.Dials != 3 || st.Connections != 0 || st.Retried != 0 {
					t.Errorf("stats %+v", st)
				}
			})
		})
	}
}

// TestAnswersAtTheCutoff: whichever of the two is first, the ask ends there and then, and leaves nothing to the next.
func TestAnswersAtTheCutoff(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		const deadline = 150 * time.Millisecond
		s := newStreet(t, after(deadline-settleTime))
		defer s.leave()
		m := newMarket(t, nil, endpointOf(0))
		outcomes := map[ad.Reason]int{}
		for range 500 {
			reasons, took := s.ask(m, deadline)
			if outcomes[reasons[0]]++; took != deadline-settleTime {
				t.Fatalf("%v after %v", reasons, took)
			}
			time.Sleep(time.Millisecond)
		}
		if outcomes[ad.Undecided]+outcomes[ad.Timeout] != 500 {
			t.Errorf("outcomes %v", outcomes)
		}
	})
}

// TestFreshConnectionThatClosesIsNotStale: the bidder accepted it for this request, and did not answer.
func TestFreshConnectionThatClosesIsNotStale(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		s := newStreet(t, func(p *peer) { _, _, _, _ = p.request() })
		defer s.leave()
		if got := s.one(newMarket(t, nil, endpointOf(0)), time.Second); got != ad.ConnectionLost || s.dials["127.0.0.1:9701"] != 1 {
			t.Errorf("reason %v, %v dials", got, s.dials)
		}
	})
}

// TestAPeerThatHangsUpIsNoticedAtOnce: the next request does not meet a dead connection.
func TestAPeerThatHangsUpIsNoticedAtOnce(t *testing.T) {
	for name, last := range map[string]string{"close": "", "bytes that nobody asked for": "HTTP/1.1 200 OK\r\n"} {
		t.Run(name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				s := newStreet(t, func(p *peer) {
					_, _, _, _ = p.request()
					p.say(ok(bidFor(0, auctionID(), "1")))
					time.Sleep(time.Second)
					p.say(last)
				})
				defer s.leave()
				m := newMarket(t, nil, endpointOf(0))
				s.one(m, time.Second)
				time.Sleep(2 * time.Second)
				synctest.Wait()
				if st := s.Stats()[0]; st.Connections != 0 || st.Idle != 0 {
					t.Errorf("stats %+v", st)
				}
				if got := s.one(m, time.Second); got != ad.Undecided || s.Stats()[0].Retried != 0 {
					t.Errorf("reason %v, stats %+v", got, s.Stats()[0])
				}
			})
		})
	}
}

// TestConnectionsAreBounded: with one connection and a bidder that takes 100 ms, the first of three auctions gets its
// bid, the second is sent and late, the third expires without having been sent.
func TestConnectionsAreBounded(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		s := newStreet(t, after(100*time.Millisecond))
		defer s.leave()
		m := newMarket(t, func(c *catalog.Contents) { c.Bidders[0].ConnectionsMax = 1 }, endpointOf(0))
		var all sync.WaitGroup
		got := make([]ad.Reason, 3)
		for i := range got {
			all.Go(func() { got[i] = s.one(m, 150*time.Millisecond) })
			synctest.Wait()
		}
		all.Wait()
		if got[0] != ad.Undecided || got[1] != ad.Timeout || got[2] != ad.Timeout {
			t.Errorf("reasons %v", got)
		}
		time.Sleep(time.Second)
		synctest.Wait()
		if st := s.Stats()[0]; st.Sent != 2 || st.Unsent != 1 || st.Late != 1 || st.Dials != 1 || st.Connections != 1 {
			t.Errorf("stats %+v", st)
		}
	})
}

// TestExpiredRequestsAreNotSent: the connection comes free after their deadline, and before they are swept up.
func TestExpiredRequestsAreNotSent(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		received := 0
		s := newStreet(t, func(p *peer) {
			for {
				if _, _, _, err := p.request(); err != nil {
					return
				}
				received++
				time.Sleep(170 * time.Millisecond)
				p.say(ok(bidFor(0, auctionID(), "1")))
			}
		})
		m := newMarket(t, func(c *catalog.Contents) { c.Bidders[0].ConnectionsMax = 1 }, endpointOf(0))
		var all sync.WaitGroup
		for range 3 {
			all.Go(func() { s.one(m, 160*time.Millisecond) })
		}
		all.Wait()
		time.Sleep(time.Second)
		synctest.Wait()
		if st := s.Stats()[0]; st.Sent != 1 || st.Unsent != 2 || st.Late != 1 {
			t.Errorf("stats %+v", st)
		}
		s.leave()
		if received != 1 {
			t.Errorf("the bidder received %d requests", received)
		}
	})
}

// TestQueueIsBounded at queueMax and one past it.
func TestQueueIsBounded(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		s := newStreet(t, after(time.Hour))
		defer s.leave()
		m := newMarket(t, func(c *catalog.Contents) { c.Bidders[0].ConnectionsMax = 1; c.Bidders[0].Throttle = false }, endpointOf(0))
		var all sync.WaitGroup
		all.Go(func() { s.one(m, 150*time.Millisecond) })
		synctest.Wait() // it has the connection
		for range queueMax {
			all.Go(func() { s.one(m, 150*time.Millisecond) })
		}
		synctest.Wait()
		if _, took := s.ask(m, 150*time.Millisecond); took != 0 {
			t.Errorf("one more waited %v", took)
		}
		if st := s.Stats()[0]; st.Unsent != 1 || st.Connections != 1 {
			t.Errorf("stats %+v", st)
		}
		all.Wait()
		synctest.Wait()
		time.Sleep(2 * sweepEvery)
		synctest.Wait()
		if st := s.Stats()[0]; st.Unsent != 1+queueMax {
			t.Errorf("after the deadline: %+v", st)
		}
	})
}

func TestUnusedAndOldConnectionsAreClosed(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		s := newStreet(t, after(0))
		defer s.leave()
		m := newMarket(t, nil, endpointOf(0))
		s.one(m, time.Second)
		time.Sleep(idleMax - time.Second)
		if st := s.Stats()[0]; st.Connections != 1 {
			t.Errorf("within idleMax: %+v", st)
		}
		time.Sleep(2 * time.Second)
		synctest.Wait()
		if st := s.Stats()[0]; st.Connections != 0 || st.Idle != 0 {
			t.Errorf("past idleMax: %+v", st)
		}
		for begun := time.Now(); time.Since(begun) < ageMax+time.Minute; time.Sleep(idleMax / 2) {
			s.one(m, time.Second)
		}
		if st := s.Stats()[0]; st.Dials != 3 || st.Retried != 0 {
			t.Errorf("past ageMax: %+v", st)
		}
	})
}

// TestReload: a bidder keeps its connections through a new version, moves when its endpoint does, and its history moves
// with it; one that has left is not asked, but calls of the version before still are.
func TestReload(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		s := newStreet(t, func(p *peer) { bidByRequest(p) })
		defer s.leave()
		first := newMarket(t, nil, endpointOf(0), endpointOf(1))
		s.ask(first, time.Second)
		moved := newMarket(t, func(c *catalog.Contents) { c.Bidders[1].Endpoint = endpointOf(5) }, endpointOf(0), endpointOf(1))
		if got, _ := s.ask(moved, time.Second); got[0] != ad.Undecided || got[1] != ad.Undecided {
			t.Errorf("reasons %v", got)
		}
		synctest.Wait()
		if s.dials["127.0.0.1:9701"] != 1 || s.dials["127.0.0.1:9702"] != 1 || s.dials["127.0.0.1:9706"] != 1 {
			t.Errorf("dials %v", s.dials)
		}
		if st := s.Stats()[1]; st.Answered != 2 || st.Connections != 1 {
			t.Errorf("the bidder that moved: %+v", st)
		}
		time.Sleep(2 * boardSettle)
		gone := newMarket(t, nil, endpointOf(0))
		s.Update(gone.snap)
		if got, _ := s.ask(moved, time.Second); got[0] != ad.Undecided || got[1] != ad.NotAsked {
			t.Errorf("a call of the version before: %v", got)
		}
		if n := len(s.Stats()); n != 1 {
			t.Errorf("%d bidders on the board", n)
		}
		time.Sleep(2 * boardSettle)
		if got, _ := s.ask(moved, time.Second); got[1] != ad.Undecided {
			t.Errorf("after a roll-back: %v", got)
		}
		time.Sleep(time.Minute)
		if len(s.origins) != 2 {
			t.Errorf("%d origins are kept", len(s.origins))
		}
	})
}

// bidByRequest bids for the seat that the request allows.
func bidByRequest(p *peer) {
	for {
		_, _, body, err := p.request()
		if err != nil {
			return
		}
		_, seat, _ := strings.Cut(string(body), `"wseat":["`)
		seat, _, _ = strings.Cut(seat, `"`)
		n, _ := strconv.Atoi(seat)
		p.say(ok(bidFor(n-firstMember, auctionID(), "1")))
	}
}

// TestCloseEndsAsks: an ask under way returns with what it has, later ones ask nobody.
func TestCloseEndsAsks(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		s := newStreet(t, after(time.Hour))
		m := newMarket(t, func(c *catalog.Contents) { c.Bidders[0].ConnectionsMax = 1 }, endpointOf(0))
		var all sync.WaitGroup
		for range 2 {
			all.Go(func() {
				if got := s.one(m, time.Hour); got != ad.ConnectionLost && got != ad.NotAsked {
					t.Errorf("reason %v", got)
				}
			})
		}
		synctest.Wait()
		begun := time.Now()
		s.Close()
		all.Wait()
		if took := time.Since(begun); took != 0 {
			t.Errorf("Close took %v", took)
		}
		if got := s.one(m, time.Second); got != ad.NotAsked {
			t.Errorf("after Close: %v", got)
		}
		s.peers.Wait()
	})
}

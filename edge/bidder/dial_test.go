package bidder

import (
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"curb/edge/ad"
	"curb/edge/catalog"
)

// TestSlowDials: a connection that opens too late for one auction serves the next; one that does not open is given up.
func TestSlowDials(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		s := newStreet(t, after(0))
		defer s.leave()
		s.before = dialMax / 2
		m := newMarket(t, nil, endpointOf(0))
		if reasons, took := s.ask(m, 150*time.Millisecond); reasons[0] != ad.Timeout || took != 150*time.Millisecond-settleTime {
			t.Errorf("%v after %v", reasons, took)
		}
		time.Sleep(dialMax)
		if got := s.one(m, 150*time.Millisecond); got != ad.Undecided || s.Stats()[0].Dials != 1 || s.Stats()[0].Unsent != 1 {
			t.Errorf("reason %v, stats %+v", got, s.Stats()[0])
		}
	})
	synctest.Test(t, func(t *testing.T) {
		s := newStreet(t, after(0))
		defer s.leave()
		s.before = time.Hour
		if reasons, took := s.ask(newMarket(t, nil, endpointOf(0)), time.Hour); reasons[0] != ad.ConnectFailed || took != dialMax {
			t.Errorf("%v after %v", reasons, took)
		}
	})
}

// TestDialsAreBounded: a burst opens connections a few at a time, and all of it is served.
func TestDialsAreBounded(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		s := newStreet(t, after(time.Second))
		defer s.leave()
		s.before = 100 * time.Millisecond
		m := newMarket(t, nil, endpointOf(0))
		var all sync.WaitGroup
		for range 3 * dialsMax {
			all.Go(func() {
				if got := s.one(m, time.Minute); got != ad.Undecided {
					t.Errorf("reason %v", got)
				}
			})
		}
		for wave := 1; wave <= 3; wave++ {
			synctest.Wait()
			s.mu.Lock()
			if dials := s.dials["127.0.0.1:9701"]; dials != wave*dialsMax {
				t.Errorf("wave %d: %d dials", wave, dials)
			}
			s.mu.Unlock()
			time.Sleep(s.before)
		}
		all.Wait()
	})
}

// TestSilenceDoesNotBuyConnections: a bidder that lets every connection run dry gets its first tokens and ten a second;
// one that answers, and closes each connection after one answer, gets all it needs.
func TestSilenceDoesNotBuyConnections(t *testing.T) {
	for name, c := range map[string]struct {
		play        func(*peer)
		least, most uint64
	}{
		"silent": {after(time.Hour), 64, 64 + 10*10 + 1},
		"one answer each": {func(p *peer) {
			_, _, _, _ = p.request()
			p.say("HTTP/1.1 204 No Content\r\nConnection: close\r\n\r\n")
		}, 1000, 1000},
	} {
		t.Run(name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				s := newStreet(t, c.play)
				defer s.leave()
				m := newMarket(t, func(x *catalog.Contents) { x.Bidders[0].ConnectionsMax = 500 }, endpointOf(0))
				var all sync.WaitGroup
				for range 1000 {
					all.Go(func() { s.one(m, 150*time.Millisecond) })
					time.Sleep(10 * time.Millisecond)
				}
				all.Wait()
				if st := s.Stats()[0]; st.Dials < c.least || st.Dials > c.most || (c.least == 1000 && st.Outcomes[ad.NoBid] != 1000) {
					t.Errorf("%d dials, %d unsent", st.Dials, st.Unsent)
				}
			})
		})
	}
}

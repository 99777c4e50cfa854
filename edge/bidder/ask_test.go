package bidder

import (
	"context"
	"net"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"curb/edge/ad"
	"curb/edge/catalog"
	"curb/edge/egress"
)

// plenty is a deadline that no honest exchange on loopback misses.
const plenty = 20 * time.Second

func TestWin(t *testing.T) {
	m := newMarket(t, nil, "http://"+listen(t, nil, bids(0)))
	f := newFanout(t, nil)
	a := askAll(t, f, m, plenty)
	if len(a.Bids) != 1 || a.Asked[0].Reason != ad.Undecided || a.Asked[0].Bids != 1 || a.Asked[0].Micros <= 0 {
		t.Fatalf("asked %+v, bids %+v", a.Asked, a.Bids)
	}
	b := &a.Bids[0]
	if b.Reason != ad.Undecided || b.Price != 1_250_000 || b.Member != firstMember || b.Creative.ID != firstCreative || b.Advertiser != "buyer.example" ||
		b.Bidder != m.snap.Bidder(firstBidder) || b.Impression != 0 || b.Rate != ad.RateOne || b.Size != (ad.Size{W: 300, H: 250}) {
		t.Errorf("bid %+v", b)
	}
	s := f.Stats()[0]
	if s.Sent != 1 || s.Answered != 1 || s.Bids != 1 || s.Outcomes[ad.Undecided] != 1 || s.Connections != 1 || s.Idle != 1 || s.Dials != 1 {
		t.Errorf("stats %+v", s)
	}
}

func TestCodingThatWasNotOffered(t *testing.T) {
	bid := bidFor(0, auctionID(), "1.25")
	for field, coding := range map[string]ad.Compression{"gzip": ad.Gzip, "zstd": ad.Zstd} {
		m := newMarket(t, nil, "http://"+listen(t, nil, answers(ok(squeezed(bid, coding), "Content-Encoding: "+field))))
		if got := askAll(t, newFanout(t, nil), m, plenty).Asked[0].Reason; got != ad.ContentEncoding {
			t.Errorf("%s: reason %v", field, got)
		}
	}
}

func TestConnectionRefused(t *testing.T) {
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	address := l.Addr().String()
	_ = l.Close()
	m := newMarket(t, nil, "http://"+address, "https://"+address)
	f := newFanout(t, nil)
	a := askAll(t, f, m, plenty)
	for i := range a.Asked {
		if got := a.Asked[i].Reason; got != ad.ConnectFailed {
			t.Errorf("bidder %d: reason %v", i, got)
		}
	}
	if s := f.Stats()[0]; s.Failed != 1 || s.Unsent != 1 || s.Sent != 0 {
		t.Errorf("stats %+v", s)
	}
}

// TestEgressIsGuarded: without a lab nothing on this machine is connected to, and with one nothing plain.
func TestEgressIsGuarded(t *testing.T) {
	var seen atomic.Int32
	address := listen(t, nil, func(*peer) { seen.Add(1) })
	guard, err := egress.New(egress.Options{})
	if err != nil {
		t.Fatal(err)
	}
	m := newMarket(t, nil, "https://"+address, "http://"+address, "https://localhost", "https://10.0.0.1/bid")
	for _, c := range []struct {
		name    string
		options Options
		denied  []int // endpoints
	}{
		{"no lab", Options{Guard: guard, Lab: true}, []int{0, 1, 2, 3}},
		{"lab with plain endpoints off", Options{Guard: labGuard(t)}, []int{1, 3}},
	} {
		f, err := New(c.options)
		if err != nil {
			t.Fatal(err)
		}
		a := askAll(t, f, m, plenty)
		for _, i := range c.denied {
			if got := a.Asked[i].Reason; got != ad.EgressDenied {
				t.Errorf("%s: %s: reason %v", c.name, m.contents.Bidders[i].Endpoint, got)
			}
		}
		f.Close()
		if len(c.denied) == len(a.Asked) && seen.Load() != 0 {
			t.Error("a guarded address was connected to")
		}
	}
}

func TestWhoIsNotAsked(t *testing.T) {
	m := newMarket(t, func(c *catalog.Contents) { c.Bidders[0].Active = false }, "http://127.0.0.1:1")
	f := newFanout(t, nil)
	if got := askAll(t, f, m, plenty).Asked[0].Reason; got != ad.NotAsked {
		t.Errorf("inactive: reason %v", got)
	}
	out := outgoing(m.snap, plenty)
	out.Targets[0].Bidder = &ad.Bidder{ID: 1, Active: true}
	var a ad.Answers
	f.Ask(t.Context(), m.snap, out, &a)
	a.Free()
	if got := a.Asked[0].Reason; got != ad.NotAsked {
		t.Errorf("unknown: reason %v", got)
	}
}

// TestNoTimeLeft: a deadline that has passed asks nobody, and is not the bidder's fault.
func TestNoTimeLeft(t *testing.T) {
	var seen atomic.Int32
	m := newMarket(t, nil, "http://"+listen(t, nil, func(*peer) { seen.Add(1) }))
	f := newFanout(t, nil)
	if got := askAll(t, f, m, 0).Asked[0].Reason; got != ad.Timeout {
		t.Errorf("reason %v", got)
	}
	if s := f.Stats()[0]; seen.Load() != 0 || s.Dials != 0 || s.SendPercent != 100 {
		t.Errorf("stats %+v", s)
	}
}

// TestTheCallerMayLeave: when its context ends, Ask returns, and that is not the bidder's timeout.
func TestTheCallerMayLeave(t *testing.T) {
	asked := make(chan struct{}, 1)
	m := newMarket(t, nil, "http://"+listen(t, nil, func(p *peer) {
		_, _, _, _ = p.request()
		asked <- struct{}{}
		_, _, _, _ = p.request()
	}))
	f := newFanout(t, nil)
	ctx, cancel := context.WithCancel(t.Context())
	go func() { <-asked; cancel() }()
	var a ad.Answers
	f.Ask(ctx, m.snap, outgoing(m.snap, time.Hour), &a)
	a.Free()
	if a.Asked[0].Reason != ad.Cancelled {
		t.Errorf("reason %v", a.Asked[0].Reason)
	}
	if s := f.Stats()[0]; s.Outcomes[ad.Cancelled] != 1 || s.Outcomes[ad.Timeout] != 0 {
		t.Errorf("stats %+v", s)
	}
}

// TestOneStuckBidderHoldsUpNobody: a bidder that has answered once and then does not read, and a request that its
// socket cannot hold.
func TestOneStuckBidderHoldsUpNobody(t *testing.T) {
	release := make(chan struct{})
	stuck := listen(t, nil, func(p *peer) {
		_ = p.Conn.(*net.TCPConn).SetReadBuffer(4096)
		if _, _, _, err := p.request(); err == nil {
			p.say(ok(bidFor(0, auctionID(), "1")))
			<-release
		}
	})
	m := newMarket(t, nil, "http://"+stuck, "http://"+listen(t, nil, bids(1)))
	guard := labGuard(t)
	f, err := start(Options{Guard: guard, Lab: true}, func(ctx context.Context, network, address string) (net.Conn, error) {
		c, err := guard.Dial(ctx, network, address)
		if err == nil && address == stuck {
			_ = c.(*net.TCPConn).SetWriteBuffer(4096)
		}
		return c, err
	})
	if err != nil {
		t.Fatal(err)
	}
	defer f.Close()
	defer close(release)
	askAll(t, f, m, plenty)
	for range 2 {
		out := outgoing(m.snap, 2*time.Second)
		out.Request.Site.Keywords = strings.Repeat("k", 256<<10)
		var a ad.Answers
		f.Ask(t.Context(), m.snap, out, &a)
		if a.Asked[1].Reason != ad.Undecided {
			t.Errorf("the other bidder: %v", a.Asked[1].Reason)
		}
		a.Free()
	}
	if st := f.Stats()[0]; st.Outcomes[ad.Timeout] == 0 {
		t.Errorf("nobody was stuck: %+v", st)
	}
}

// TestAskingAllocatesNothing counts a whole plain exchange over a socket, the peer's part included.
func TestAskingAllocatesNothing(t *testing.T) {
	if raceDetector {
		t.Skip("pools are unreliable under the race detector")
	}
	answer := []byte(ok(bidFor(0, auctionID(), "1.25")))
	m := newMarket(t, nil, "http://"+listen(t, nil, func(p *peer) {
		buffer := make([]byte, 64<<10) // a request comes in one piece here
		for {
			if _, err := p.Read(buffer); err != nil {
				return
			}
			if _, err := p.Write(answer); err != nil {
				return
			}
		}
	}))
	f := newFanout(t, nil)
	c := benchCaller{out: outgoing(m.snap, 0)}
	ctx := context.Background()
	if n := testing.AllocsPerRun(200, func() {
		c.out.Deadline = time.Now().Add(plenty)
		c.answers.Asked, c.answers.Bids = c.answers.Asked[:0], c.answers.Bids[:0]
		f.Ask(ctx, m.snap, c.out, &c.answers)
		if c.answers.Asked[0].Reason != ad.Undecided {
			t.Fatal(c.answers.Asked[0].Reason)
		}
		c.answers.Free()
	}); n > 0 {
		t.Errorf("%v allocations per auction", n)
	}
}

func TestNewRefusesNonsense(t *testing.T) {
	for _, o := range []Options{{}, {Guard: labGuard(t), ConnectionsMax: -1}, {Guard: labGuard(t), ReadyEvery: -1}} {
		if f, err := New(o); err == nil {
			f.Close()
			t.Errorf("%+v was taken", o)
		}
	}
}

func TestReasonsFit(t *testing.T) {
	if n := len(ad.Reasons()); n > reasonsMax {
		t.Errorf("%d reasons, counters for %d", n, reasonsMax)
	}
}

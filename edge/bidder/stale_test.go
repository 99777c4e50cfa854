package bidder

import (
	"bufio"
	"context"
	"crypto/tls"
	"net"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"testing/synctest"
	"time"

	"curb/edge/ad"
	"curb/edge/catalog"
)

// letter is an exchange of a test: it counts how often it came back.
type letter struct {
	exchange
	back atomic.Int32
}

func (l *letter) received() { l.back.Add(1) }

func newLetter() *letter {
	l := &letter{}
	l.owner, l.request = l, []byte("GET / HTTP/1.1\r\n\r\n")
	l.begin(time.Now().Add(time.Second))
	return l
}

// yard is an origin whose connections are pipes to peers that answer with 204.
func yard(t *testing.T) (o *origin, dials *int, children *sync.WaitGroup) {
	t.Helper()
	dials, children = new(int), new(sync.WaitGroup)
	o = &origin{max: 4, owner: children, ctx: t.Context(), report: func(ad.Reason) {}, conns: map[*conn]struct{}{}, tokens: tokensMax * 1000}
	o.dial = func(context.Context, string, string) (net.Conn, error) {
		*dials++
		ours, theirs := net.Pipe()
		children.Go(func() {
			defer func() { _ = theirs.Close() }()
			answers("HTTP/1.1 204 No Content\r\n\r\n")(&peer{Conn: theirs, reader: bufio.NewReader(theirs)})
		})
		return ours, nil
	}
	return o, dials, children
}

// pipe is a connection of the origin to a peer that the test plays; nobody reads it yet.
func (o *origin) pipe() (*conn, net.Conn) {
	ours, theirs := net.Pipe()
	c := &conn{origin: o, wire: newWire(ours, o.owner), opened: time.Now()}
	c.stream, c.wire.armed = c.wire, true
	o.conns[c] = struct{}{}
	return c, theirs
}

// TestTheReaderLeavesFirst: send has taken a connection that the peer ends, and starts on it after the reader has gone.
// The exchange goes to another connection, and comes back once.
func TestTheReaderLeavesFirst(t *testing.T) {
	for name, last := range map[string]string{"end": "", "bytes that nobody asked for": "HTTP/1.1 408 Late\r\n\r\n"} {
		t.Run(name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				o, dials, children := yard(t)
				c, theirs := o.pipe()
				children.Go(func() {
					_, _ = theirs.Write([]byte(last))
					_ = theirs.Close()
				})
				c.serve() // to its end
				o.idle = append(o.idle, c)
				x := newLetter()
				o.send(&x.exchange)
				time.Sleep(2 * time.Second)
				if x.back.Load() != 1 || x.reason != ad.Undecided || x.head.status != 204 || *dials != 1 {
					t.Errorf("came back %d times with %v, %d dials", x.back.Load(), x.reason, *dials)
				}
				o.close()
				children.Wait()
			})
		})
	}
}

// TestTheReaderLeavesLast: the exchange is started while the reader is on its way out.
func TestTheReaderLeavesLast(t *testing.T) {
	o, dials, children := yard(t)
	c, theirs := o.pipe()
	x := newLetter()
	x.begin(time.Now().Add(plenty))
	c.sending.Lock()
	_ = theirs.Close()
	children.Go(c.serve)
	c.kept = true
	c.current.Store(&x.exchange)
	c.sending.Unlock()
	for x.back.Load() == 0 && time.Now().Before(x.deadline) {
		time.Sleep(time.Millisecond)
	}
	if x.back.Load() != 1 || x.reason != ad.Undecided || !x.retried {
		t.Errorf("came back %d times with %v", x.back.Load(), x.reason)
	}
	o.close()
	children.Wait()
	if *dials != 1 {
		t.Errorf("%d dials", *dials)
	}
}

// TestClosedConnectionsAreNotFree: a connection that was closed while its answer came does not wait for another request.
func TestClosedConnectionsAreNotFree(t *testing.T) {
	for name, end := range map[string]func(*origin, *conn){
		"origin closed":     func(o *origin, _ *conn) { o.close() },
		"origin retired":    func(o *origin, _ *conn) { o.retire() },
		"connection closed": func(_ *origin, c *conn) { c.close() },
	} {
		o, _, _ := yard(t)
		c, theirs := o.pipe()
		end(o, c)
		o.release(c, time.Now())
		if len(o.idle) != 0 || !c.closed {
			t.Errorf("%s: %d free", name, len(o.idle))
		}
		_ = theirs.Close()
	}
}

// TestIdleConnectionsThatNeverServed: one that was opened too late for its auction, and ended by the peer since, does not
// cost the next auction its answer.
func TestIdleConnectionsThatNeverServed(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		o, dials, children := yard(t)
		c, theirs := o.pipe()
		o.release(c, time.Now())
		children.Go(c.serve)
		children.Go(func() {
			_, _, _, _ = (&peer{reader: bufio.NewReader(theirs)}).request()
			_ = theirs.Close()
		})
		x := newLetter()
		o.send(&x.exchange)
		time.Sleep(time.Second)
		if x.back.Load() != 1 || x.reason != ad.Undecided || !x.retried || *dials != 1 {
			t.Errorf("came back %d times with %v", x.back.Load(), x.reason)
		}
		o.close()
		children.Wait()
	})
}

// TestBidderThatClosesIdleConnections, 2 ms after each answer, meets thousands of requests that come just then. Each has
// its outcome long before its deadline.
func TestBidderThatClosesIdleConnections(t *testing.T) {
	const each = 700
	say := "HTTP/1.1 204 No Content\r\n\r\n"
	m := newMarket(t, nil, "http://"+listen(t, nil, func(p *peer) {
		for {
			if _, _, _, err := p.request(); err != nil {
				return
			}
			p.say(say)
			_ = p.SetReadDeadline(time.Now().Add(2 * time.Millisecond))
		}
	}))
	f := newFanout(t, nil)
	var all sync.WaitGroup
	var bad atomic.Int32
	for worker := range 4 {
		all.Go(func() {
			out := outgoing(m.snap, plenty)
			for i := range each {
				out.Deadline = time.Now().Add(plenty)
				var a ad.Answers
				f.Ask(t.Context(), m.snap, out, &a)
				if r := a.Asked[0].Reason; r != ad.NoBid && r != ad.ConnectionLost && r != ad.BreakerOpen {
					bad.Add(1)
					t.Errorf("%v", r)
				}
				a.Free()
				if bad.Load() > 0 {
					return
				}
				time.Sleep(1900*time.Microsecond + time.Duration((i*7+worker*13)%20)*10*time.Microsecond)
			}
		})
	}
	all.Wait()
	if s := f.Stats()[0]; s.Outcomes[ad.NoBid] < 2*each {
		t.Errorf("stats %+v", s)
	}
}

// TestReadyCheckGivesUp: a check that waits for a connection fails at its deadline, and the next one is made.
func TestReadyCheckGivesUp(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		s := newStreet(t, after(0))
		defer s.leave()
		s.before = dialMax - time.Millisecond
		m := newMarket(t, func(c *catalog.Contents) { c.Bidders[0].ReadyURL = "http://127.0.0.1:9799/ready" }, endpointOf(0))
		s.Update(m.snap)
		time.Sleep(readyTimeout + 2*sweepEvery)
		p := s.board.Load().lines[firstBidder].ready
		if p.busy.Load() || p.state.failures != 1 {
			t.Errorf("busy %v after %d failures", p.busy.Load(), p.state.failures)
		}
	})
}

// TestPeersThatNeverRead: they accept, perhaps shake hands, and read nothing of a request that no socket holds. Ask
// returns by its deadline, and the connection is given up.
func TestPeersThatNeverRead(t *testing.T) {
	certificate, der := selfSigned(time.Now().Add(time.Hour), net.IPv4(127, 0, 0, 1))
	for name, c := range map[string]struct {
		scheme string
		config *tls.Config
		play   func(*peer) // and then reads no more
	}{
		"plain":             {"http", nil, func(*peer) {}},
		"TLS":               {"https", &tls.Config{Certificates: []tls.Certificate{certificate}}, func(p *peer) { _ = p.Conn.(*tls.Conn).Handshake() }},
		"no handshake":      {"https", nil, func(*peer) {}},
		"TLS, after a bid":  {"https", &tls.Config{Certificates: []tls.Certificate{certificate}}, func(p *peer) { _, _, _, _ = p.request(); p.say(ok(bidFor(0, auctionID(), "1"))) }},
		"plain after a bid": {"http", nil, func(p *peer) { _, _, _, _ = p.request(); p.say(ok(bidFor(0, auctionID(), "1"))) }},
	} {
		t.Run(name, func(t *testing.T) {
			release := make(chan struct{})
			m := newMarket(t, nil, c.scheme+"://"+listen(t, c.config, func(p *peer) { c.play(p); <-release }))
			t.Cleanup(func() { close(release) })
			f := newFanout(t, authority(t, der))
			if strings.HasSuffix(name, "a bid") {
				askAll(t, f, m, plenty)
			}
			out := outgoing(m.snap, 500*time.Millisecond)
			out.Request.Site.Keywords = strings.Repeat("k", 8<<20)
			var a ad.Answers
			f.Ask(t.Context(), m.snap, out, &a)
			late := time.Since(out.Deadline)
			if a.Asked[0].Reason != ad.Timeout || late > 5*time.Second {
				t.Errorf("%v, %v past the deadline", a.Asked[0].Reason, late)
			}
			a.Free()
		})
	}
}

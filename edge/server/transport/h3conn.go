package transport

import (
	"context"
	"crypto/tls"
	"math/rand/v2"
	"net"
	"sync"
	"sync/atomic"
	"time"

	"github.com/quic-go/quic-go"
	"github.com/quic-go/quic-go/quicvarint"
)

// h3conn is one HTTP/3 connection. It owns the control stream, and so can say GOAWAY, and it accepts the request streams,
// and so can give each its deadline before a byte of it is read. quic-go's http3 package offers one or the other.
type h3conn struct {
	t       *Transport
	quic    *quic.Conn
	link    *link
	limit   *Limits
	control *quic.SendStream
	work    *workers

	complete atomic.Pointer[tls.ConnectionState] // once the handshake is; link.tls is from before
	remote   atomic.Pointer[remoteAddr]
	lastSeen atomic.Int64 // Unix nanoseconds when the newest request began

	mu       sync.Mutex
	next     quic.StreamID // the first request stream that has not come yet
	reject   quic.StreamID // streams from here on are rejected; -1: none
	active   int           // requests in flight
	resets   allowance
	odd      allowance // streams and frames that are no request
	warned   bool      // the first GOAWAY is sent
	finished bool
	timers   []*time.Timer // that only ever end things
	idle     *time.Timer
	uniSeen  [streamDecoder + 1]bool

	wg sync.WaitGroup // one per stream
}

// remoteAddr is a client's address with its text, which every request needs. It changes when the client moves.
type remoteAddr struct {
	addr net.Addr
	text string
}

// goAwayNone is the stream of a GOAWAY that rejects nothing yet: the largest there can be (RFC 9114 §5.2).
const goAwayNone = quic.StreamID(1<<62 - 4)

func newH3Conn(t *Transport, q *quic.Conn, w *workers) *h3conn {
	state := q.ConnectionState().TLS
	return &h3conn{t: t, quic: q, link: t.newLink(protocolH3, &state), limit: &t.limits, work: w, reject: -1}
}

// serve runs the connection until it has ended and nothing of it runs any more. verified is called when the client's
// handshake is complete.
func (c *h3conn) serve(verified func()) {
	defer c.finish()
	if !c.begin() {
		return
	}
	c.wg.Go(func() { c.serveUnis(verified) })
	for {
		str, err := c.quic.AcceptStream(context.Background())
		if err != nil {
			return
		}
		if !c.admit(str.StreamID()) {
			str.CancelRead(quic.StreamErrorCode(h3RequestRejected))
			str.CancelWrite(quic.StreamErrorCode(h3RequestRejected))
			continue
		}
		c.wg.Add(1)
		c.work.serve(work{c, str})
	}
}

// begin opens the control stream, says SETTINGS, and sets the clocks.
func (c *h3conn) begin() bool {
	control, err := c.quic.OpenUniStream()
	if err != nil {
		c.end(h3StreamCreation, "no stream for SETTINGS")
		return false
	}
	setting := quicvarint.Append(nil, settingMaxFieldSection)
	setting = quicvarint.Append(setting, uint64(c.limit.HeaderBytes+c.limit.TargetBytes+(c.limit.HeaderFields+4)*32))
	b := quicvarint.Append(nil, streamControl)
	b = quicvarint.Append(b, frameSettings)
	b = quicvarint.Append(b, uint64(len(setting)))
	if _, err := control.Write(append(b, setting...)); err != nil {
		return false
	}
	c.lastSeen.Store(time.Now().UnixNano())
	c.mu.Lock()
	defer c.mu.Unlock()
	c.control = control
	if c.t.draining.Load() { // whoever told connections to end did not find this one ready
		c.after(0, c.drain)
	}
	c.after(spread(c.limit.ConnectionAge), c.drain)
	c.idle = time.AfterFunc(c.limit.Idle, c.checkIdle)
	c.timers = append(c.timers, c.idle)
	return true
}

// after runs f later, unless the connection ends before. It is called with mu held.
func (c *h3conn) after(d time.Duration, f func()) {
	if !c.finished {
		c.timers = append(c.timers, time.AfterFunc(d, f))
	}
}

// spread takes up to a tenth off, so that connections that began together do not end together.
func spread(d time.Duration) time.Duration {
	return d - time.Duration(rand.Int64N(int64(d)/10+1))
}

// admit takes a request stream in, or not.
func (c *h3conn) admit(id quic.StreamID) bool {
	c.lastSeen.Store(time.Now().UnixNano())
	c.mu.Lock()
	defer c.mu.Unlock()
	if c.reject >= 0 && id >= c.reject {
		return false
	}
	c.next = id + 4
	c.active++
	if c.link.requests.Add(1) >= int64(c.limit.Requests) {
		c.goAway()
	}
	return true
}

// release undoes admit.
func (c *h3conn) release() {
	c.mu.Lock()
	c.active--
	c.endSoon()
	c.mu.Unlock()
	c.wg.Done()
}

// drain announces the end of the connection, rejects nothing yet, and names the last request a moment later: a request
// that crosses the announcement is served.
func (c *h3conn) drain() {
	overlap := max(overlapTime, 3*c.quic.ConnectionStats().SmoothedRTT)
	c.mu.Lock()
	defer c.mu.Unlock()
	if c.warned || c.reject >= 0 || c.control == nil {
		return
	}
	c.warned = true
	c.sayGoAway(goAwayNone)
	c.after(overlap, func() {
		c.mu.Lock()
		defer c.mu.Unlock()
		c.goAway()
	})
}

// goAway rejects streams that have not come yet, and ends the connection when those that have are answered. It is called
// with mu held.
func (c *h3conn) goAway() {
	if c.reject >= 0 {
		return
	}
	c.reject = c.next
	c.sayGoAway(c.reject)
	c.endSoon()
}

func (c *h3conn) sayGoAway(id quic.StreamID) {
	b := quicvarint.Append(nil, frameGoAway)
	b = quicvarint.Append(b, uint64(quicvarint.Len(uint64(id))))
	c.control.SetWriteDeadline(time.Now().Add(c.limit.Write))
	c.control.Write(quicvarint.Append(b, uint64(id)))
}

// endSoon closes the connection after its last request, with time for the answer to arrive: closing drops what is not
// acknowledged. Clients that heed GOAWAY close it first.
func (c *h3conn) endSoon() {
	if c.reject >= 0 && c.active == 0 {
		c.after(max(lingerTime, 4*c.quic.ConnectionStats().SmoothedRTT), func() { c.end(h3NoError, "") })
	}
}

// checkIdle ends connections that ask for nothing. QUIC's own idle time-out does not see the difference between a request
// and a PING.
func (c *h3conn) checkIdle() {
	c.mu.Lock()
	defer c.mu.Unlock()
	quiet := time.Since(time.Unix(0, c.lastSeen.Load()))
	switch {
	case c.finished:
	case c.active > 0:
		c.idle.Reset(c.limit.Idle)
	case quiet < c.limit.Idle:
		c.idle.Reset(c.limit.Idle - quiet)
	default:
		c.after(0, c.drain) // it takes mu
	}
}

// end closes the connection.
func (c *h3conn) end(code h3Code, what string) {
	c.quic.CloseWithError(quic.ApplicationErrorCode(code), what)
}

// fail ends the connection for what the client did.
func (c *h3conn) fail(f *h3Fault) {
	why := cutProtocol
	if f.code == h3ExcessiveLoad {
		why = cutCalm
	}
	c.link.cut(why)
	c.end(f.code, f.what)
}

// finish waits for the streams and counts the connection out.
func (c *h3conn) finish() {
	c.mu.Lock()
	c.finished = true
	timers := c.timers
	c.mu.Unlock()
	for _, timer := range timers {
		timer.Stop()
	}
	c.wg.Wait()
	c.link.close()
}

// countReset notes a stream that the client cancelled.
func (c *h3conn) countReset() {
	c.mu.Lock()
	ok := c.resets.take(time.Now(), c.limit.ResetWindow, c.limit.Resets)
	c.mu.Unlock()
	if !ok {
		c.fail(&h3Fault{h3ExcessiveLoad, "too many requests are cancelled"})
	}
}

// oddsAndEnds is how many frames and streams that are no request a client may send per window; a client needs a handful.
const oddsAndEnds = 200

// countOdd notes a stream or frame that is no request.
func (c *h3conn) countOdd() bool {
	c.mu.Lock()
	ok := c.odd.take(time.Now(), c.limit.ResetWindow, oddsAndEnds)
	c.mu.Unlock()
	if !ok {
		c.fail(&h3Fault{h3ExcessiveLoad, "too many frames and streams that are no request"})
	}
	return ok
}

// tlsState is the state for requests that come now.
func (c *h3conn) tlsState() *tls.ConnectionState {
	if state := c.complete.Load(); state != nil {
		return state
	}
	select {
	case <-c.quic.HandshakeComplete():
		state := c.quic.ConnectionState().TLS
		c.complete.Store(&state)
		return &state
	default:
		return c.link.tls
	}
}

// remoteText is the address of the client as of now.
func (c *h3conn) remoteText() string {
	addr := c.quic.RemoteAddr()
	if r := c.remote.Load(); r != nil && r.addr == addr {
		return r.text
	}
	r := &remoteAddr{addr, addr.String()}
	c.remote.Store(r)
	return r.text
}

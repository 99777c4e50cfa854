package bidder

import (
	"context"
	"crypto/tls"
	"errors"
	"net"
	"slices"
	"sync"
	"time"

	"curb/edge/ad"
	"curb/edge/egress"
)

// How connections are bounded.
const (
	// dialMax is how long a connection may take to open, TLS included. It is not bound to the auction that asked for it:
	// a connection that is too late for one serves the next.
	dialMax = 3 * time.Second
	// dialsMax bounds the connections being opened at a time: a burst after a start must not become as many handshakes.
	dialsMax = 8
	// Opening a connection costs a token. Every whole answer earns one, up to tokensMax, and time earns tokensPerSweep
	// thousandths, ten a second: a bidder that answers gets all connections it needs, even if it closes each
	// after one answer; one that lets them run dry cannot keep us shaking hands.
	tokensMax      = 64
	tokensPerSweep = 500
	// linger is how long past its deadline an answer is still read, so that the connection can go on being used; then it
	// is closed.
	linger = 250 * time.Millisecond
	// idleMax is how long an unused connection is kept, ageMax how long any: a bidder that moves to other addresses is
	// followed within ageMax.
	idleMax = time.Minute
	ageMax  = 10 * time.Minute
	// queueMax bounds the requests that wait for a connection of one bidder.
	queueMax = 256
)

// origin is one scheme, host and port, and the connections to it.
type origin struct {
	address string      // host:port
	config  *tls.Config // nil: plain
	dial    func(ctx context.Context, network, address string) (net.Conn, error)
	max     int // connections
	owner   *sync.WaitGroup
	ctx     context.Context // bounds dials, which outlive the call that asked for them
	report  func(dialled ad.Reason)

	mu      sync.Mutex // guards all below
	conns   map[*conn]struct{}
	idle    []*conn // the one used last is used next, so that the others may go
	queue   []*exchange
	dialing int
	tokens  int  // thousandths of a connection that may be opened
	closed  bool // nothing is sent any more
	retired bool // nobody new comes: connections close once they are free
}

// send sends x on a free connection, or queues it until one is free or new. It never blocks.
func (o *origin) send(x *exchange) {
	o.mu.Lock()
	for n := len(o.idle); n > 0; n = len(o.idle) {
		c := o.idle[n-1]
		o.idle = o.idle[:n-1]
		o.mu.Unlock()
		if c.start(x, true) {
			return
		}
		o.mu.Lock() // its peer hung up as we took it
	}
	if o.closed {
		o.mu.Unlock()
		x.fail(ad.NotAsked)
		return
	}
	if len(o.queue) >= queueMax {
		o.mu.Unlock()
		x.fail(ad.Timeout) // it would wait for its deadline and expire unsent
		return
	}
	o.queue = append(o.queue, x)
	o.refill()
	o.mu.Unlock()
}

// release takes a connection back and gives it the next request that somebody still waits for.
func (o *origin) release(c *conn, now time.Time) {
	for earned := c.served > 0; ; earned = false {
		o.mu.Lock()
		if earned {
			o.earn(1000)
		}
		if o.closed || c.closed || len(o.queue) == 0 {
			if o.closed || c.closed || o.retired {
				c.close() // its reader removes it from conns
			} else {
				c.idle = now
				o.idle = append(o.idle, c)
			}
			o.mu.Unlock()
			return
		}
		x := o.pop()
		o.mu.Unlock()
		if x.waited() {
			c.start(x, c.served > 0) // the reader is our caller, so it is not dead
			return
		}
		x.fail(ad.Timeout) // expired unsent; its owner knows
	}
}

// pop takes the first of the queue; o.mu is held.
func (o *origin) pop() *exchange {
	x := o.queue[0]
	n := copy(o.queue, o.queue[1:])
	o.queue[n] = nil
	o.queue = o.queue[:n]
	return x
}

// open dials one connection and serves it to its end; report hears of the dial, unless it is nil.
func (o *origin) open(report func(ad.Reason)) {
	c, reason := o.connect()
	o.mu.Lock()
	o.dialing--
	if c == nil {
		var lost []*exchange
		if len(o.conns)+o.dialing == 0 {
			lost, o.queue = o.queue, nil
		}
		o.mu.Unlock()
		if report != nil {
			report(reason)
		}
		for _, x := range lost {
			x.fail(reason)
		}
		return
	}
	o.conns[c] = struct{}{}
	o.mu.Unlock()
	if report != nil {
		report(ad.Undecided)
	}
	o.release(c, c.opened)
	o.mu.Lock()
	o.refill()
	o.mu.Unlock()
	c.serve()
}

// connect opens a connection, or says why it cannot.
func (o *origin) connect() (*conn, ad.Reason) {
	ctx, cancel := context.WithTimeout(o.ctx, dialMax)
	defer cancel()
	raw, err := o.dial(ctx, "tcp", o.address)
	if err != nil {
		if errors.Is(err, egress.ErrDenied) {
			return nil, ad.EgressDenied
		}
		return nil, ad.ConnectFailed
	}
	c := &conn{origin: o, wire: newWire(raw, o.owner), opened: time.Now()}
	c.stream = c.wire
	if o.config != nil {
		secured := tls.Client(c.wire, o.config)
		if err := secured.HandshakeContext(ctx); err != nil {
			_ = raw.Close()
			return nil, ad.TLSFailed
		}
		c.stream = secured
	}
	c.wire.armed = true
	return c, ad.Undecided
}

// earn adds thousandths of a token; o.mu is held.
func (o *origin) earn(tokens int) { o.tokens = min(o.tokens+tokens, tokensMax*1000) }

// remove forgets a connection that is about to be closed, perhaps after a whole answer.
func (o *origin) remove(c *conn, answered bool) {
	o.mu.Lock()
	defer o.mu.Unlock()
	delete(o.conns, c)
	if answered {
		o.earn(1000)
	}
	for i := range o.idle {
		if o.idle[i] == c {
			o.idle = append(o.idle[:i], o.idle[i+1:]...)
			break
		}
	}
	o.refill()
}

// refill dials for requests that wait although there is room; o.mu is held.
func (o *origin) refill() {
	if !o.closed && len(o.queue) > o.dialing && o.dialing < dialsMax && len(o.conns)+o.dialing < o.max && o.tokens >= 1000 {
		o.tokens -= 1000
		o.dialing++
		report := o.report
		if !slices.ContainsFunc(o.queue, func(x *exchange) bool { return !x.silent }) {
			report = nil // only debug auctions want it
		}
		o.owner.Go(func() { o.open(report) })
	}
}

// sweep cuts exchanges that linger too long, closes connections that are idle or old, and drops requests that nobody
// waits for any more, or whose deadline has passed. It reports whether the origin is retired and empty.
func (o *origin) sweep(now time.Time) (done bool) {
	o.mu.Lock()
	for c := range o.conns {
		if at := c.expires.Load(); at != 0 && now.UnixNano() > at {
			c.close()
		}
	}
	keep := o.idle[:0]
	for _, c := range o.idle {
		if now.Sub(c.idle) > idleMax || now.Sub(c.opened) > ageMax {
			c.close()
			continue
		}
		keep = append(keep, c)
	}
	clear(o.idle[len(keep):])
	o.idle = keep
	var expired []*exchange
	queue := o.queue[:0]
	for _, x := range o.queue {
		if x.waited() && now.Before(x.deadline) {
			queue = append(queue, x)
		} else {
			expired = append(expired, x)
		}
	}
	clear(o.queue[len(queue):])
	o.queue = queue
	o.earn(tokensPerSweep)
	o.refill()
	done = o.retired && len(o.conns)+o.dialing+len(o.queue) == 0
	o.mu.Unlock()
	for _, x := range expired {
		x.fail(ad.Timeout)
	}
	return done
}

// retire closes free connections, and lets the others end what they are doing.
func (o *origin) retire() {
	o.mu.Lock()
	defer o.mu.Unlock()
	o.retired = true
	for _, c := range o.idle {
		c.close()
	}
	o.idle = nil
}

// close ends all connections and fails all that wait. Exchanges under way end as lost.
func (o *origin) close() {
	o.mu.Lock()
	o.closed = true
	queue := o.queue
	o.queue, o.idle = nil, nil
	for c := range o.conns {
		c.close()
	}
	o.mu.Unlock()
	for _, x := range queue {
		x.fail(ad.NotAsked)
	}
}

// counts is how many connections are open and how many of them are free.
func (o *origin) counts() (open, idle int) {
	o.mu.Lock()
	defer o.mu.Unlock()
	return len(o.conns), len(o.idle)
}

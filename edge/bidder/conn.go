package bidder

import (
	"errors"
	"io"
	"net"
	"sync"
	"sync/atomic"
	"time"

	"curb/edge/ad"
)

// readBytes is what a connection reads at once before it knows more: most answers fit.
const readBytes = 4 << 10

// bufferKeepMax is the largest buffer that is kept for the next answer; larger ones are dropped after use, so that one
// fat answer does not cost its size for ever.
const bufferKeepMax = 32 << 10

// errUnasked ends a connection whose peer speaks first.
var errUnasked = errors.New("bytes that nobody asked for")

// conn is one keep-alive connection. At most one request is under way on it. Its goroutine is parked in Read all the
// time: it completes answers, and it notices at once when the peer hangs up.
type conn struct {
	origin *origin
	wire   *wire
	stream net.Conn // TLS over wire, or wire
	opened time.Time

	current atomic.Pointer[exchange]
	expires atomic.Int64 // Unix nanoseconds after which the current exchange is cut; 0: none is under way
	sending sync.Mutex   // held while a request is being written; guards dead and kept
	dead    bool         // the reader has left: nobody would see an answer
	kept    bool         // the current request was not what the connection was opened for, so the peer may have hung up before it came
	idle    time.Time    // since when; guarded by origin.mu
	closed  bool         // by us; guarded by origin.mu

	// Of the reading goroutine.
	framing framing
	buffer  []byte
	served  int
}

// start sends a request; false: the connection has ended, and x is as it was. The answer, or the failure, comes through
// the reading goroutine only.
func (c *conn) start(x *exchange, kept bool) bool {
	c.sending.Lock()
	defer c.sending.Unlock()
	if c.dead {
		return false
	}
	c.kept = kept
	x.sent = true
	request := x.request
	c.expires.Store(x.deadline.Add(linger).UnixNano())
	c.current.Store(x)
	if _, err := c.stream.Write(request); err != nil {
		_ = c.wire.Close() // wakes the reader, which knows what to do
	}
	return true
}

// serve reads answers until the connection ends.
func (c *conn) serve() {
	c.buffer = make([]byte, 0, readBytes)
	for {
		c.reserve()
		n, err := c.stream.Read(c.buffer[len(c.buffer):cap(c.buffer)])
		if n > 0 {
			c.buffer = c.buffer[:len(c.buffer)+n]
			if c.current.Load() == nil {
				c.buffer = c.buffer[:0] // nobody asked for them; they answer nothing that is started meanwhile
				c.lost(errUnasked)
				return
			}
			reason := c.framing.advance(c.buffer)
			if (reason != ad.Undecided || c.framing.stage == complete) && !c.finish(reason) {
				return
			}
		}
		if err != nil {
			c.lost(err)
			return
		}
	}
}

// reserve makes room for the next read. The framing's limits bound how often that can happen.
func (c *conn) reserve() {
	need := max(c.framing.want(), len(c.buffer)+1)
	if need <= cap(c.buffer) {
		return
	}
	if need = max(need, 2*cap(c.buffer)); need < readBytes {
		need = readBytes
	}
	grown := make([]byte, len(c.buffer), need)
	copy(grown, c.buffer)
	c.buffer = grown
}

// finish hands a whole or hopeless answer to its exchange and reports whether the connection goes on.
func (c *conn) finish(reason ad.Reason) bool {
	x := c.take()
	f := &c.framing
	keep := reason == ad.Undecided && !f.head.last && f.read == len(c.buffer) && c.wire.drained()
	x.reason, x.ended = reason, time.Now()
	if reason == ad.Undecided {
		x.head, x.body = f.head, f.body(c.buffer)
	}
	c.buffer, x.buffer = x.buffer[:0], c.buffer
	c.framing = framing{}
	c.served++
	if keep {
		// First, so that the asker's next auction finds the connection.
		c.origin.release(c, x.ended)
	} else {
		c.end(reason == ad.Undecided)
	}
	x.owner.received()
	return keep
}

// take ends the current exchange's time on the connection. Its writer may not have returned yet; nobody may reuse the
// request before it has.
func (c *conn) take() *exchange {
	x := c.current.Swap(nil)
	c.expires.Store(0)
	c.sending.Lock()
	//lint:ignore SA2001 there is nothing to do under the lock: having it means that the writer has returned
	c.sending.Unlock()
	return x
}

// leave is take for the last time: nothing is started on the connection after it. It gives nil if nothing was under way.
func (c *conn) leave() *exchange {
	c.sending.Lock()
	defer c.sending.Unlock()
	c.dead = true
	c.expires.Store(0)
	return c.current.Swap(nil)
}

// end forgets and closes the connection, perhaps after a whole answer.
func (c *conn) end(answered bool) {
	c.origin.remove(c, answered)
	_ = c.wire.Close()
}

// close cuts the connection; its reader ends it. origin.mu is held.
func (c *conn) close() {
	c.closed = true
	_ = c.wire.Close()
}

// lost is the connection ending by itself: the peer hung up or sent what nobody asked for, the network failed, or we cut it.
func (c *conn) lost(err error) {
	if c.framing.stage == untilClose && err == io.EOF {
		c.framing.stage = complete
		c.finish(ad.Undecided)
		return
	}
	untouched := c.framing.stage == inHead && len(c.buffer) == 0
	x := c.leave()
	c.end(false)
	if x == nil {
		return
	}
	x.ended = time.Now()
	if untouched && c.kept && !x.retried && x.waited() && x.ended.Before(x.deadline) {
		// The peer ended an idle connection while our request was on its way; it has not seen it.
		x.retried = true
		c.origin.send(x)
		return
	}
	x.reason = ad.ConnectionLost
	if c.framing.stage != inHead {
		x.reason = ad.BodyInvalid
	}
	x.owner.received()
}

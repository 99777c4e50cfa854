package transport

import (
	"bytes"
	"crypto/tls"
	"errors"
	"io"
	"net"
	"os"
	"sync"
	"sync/atomic"
	"time"
)

// h1conn stands between TLS and net/http. It gives net/http whole request heads that headCheck has found good, and bodies
// as far as their framing is, never a byte more; in place of a bad head it gives a request that the door answers with
// the refusal. It also holds the read, write and idle deadlines, which net/http counts from other moments.
type h1conn struct {
	*tls.Conn
	tcp   *net.TCPConn
	link  *link
	limit *Limits

	check headCheck
	chunk chunkCheck
	phase h1phase
	body  int64  // bytes of a body with Content-Length to come
	held  []byte // read ahead and not yet given to net/http
	store []byte // what held is a part of
	ready int    // how much of held may be given
	bad   bool   // the chunks are malformed: no more body, ever

	answering atomic.Bool // the write deadline runs
	unread    atomic.Bool // the client may still be sending when we close

	mu           sync.Mutex // guards the deadlines
	theirs, ours time.Time
	inForce      time.Time // the read deadline as it is set
	waiting      bool      // ours is for the next request to begin
	writeBy      time.Time // the write deadline as it is set

	closing sync.Once
	closed  func()
}

type h1phase uint8

const (
	h1Head h1phase = iota
	h1Body
	h1Chunks
	h1Refused // nothing more is read
)

// refusedHead is what net/http gets in place of a bad head.
const refusedHead = refusedMethod + " / HTTP/1.1\r\nHost: refused\r\nConnection: close\r\n\r\n"

func newH1Conn(c *tls.Conn, tcp *net.TCPConn, l *link, closed func()) *h1conn {
	return &h1conn{Conn: c, tcp: tcp, link: l, limit: &l.t.limits, check: headCheck{limits: &l.t.limits}, closed: closed}
}

// Read implements net.Conn.
func (c *h1conn) Read(p []byte) (int, error) {
	if len(p) == 0 {
		return 0, nil
	}
	for {
		if c.ready > 0 {
			n := copy(p, c.held[:c.ready])
			c.ready -= n
			c.held = c.held[n:]
			return n, nil
		}
		switch c.phase {
		case h1Refused:
			return 0, io.EOF
		case h1Body:
			if len(c.held) == 0 {
				return c.readBody(p)
			}
			c.ready = int(min(c.body, int64(len(c.held))))
			c.tookBody(c.ready)
		case h1Chunks:
			if c.bad {
				return 0, ErrBodyMalformed
			}
			if err := c.readChunks(); err != nil {
				return 0, err
			}
		case h1Head:
			if n, err := c.readHead(p); n > 0 || err != nil {
				return n, err
			}
		}
	}
}

// readBody gives net/http the rest of a body with Content-Length as it comes.
func (c *h1conn) readBody(p []byte) (int, error) {
	n, err := c.Conn.Read(p[:min(int64(len(p)), c.body)])
	c.tookBody(n)
	return n, c.bodyError(err)
}

func (c *h1conn) tookBody(n int) {
	if c.body -= int64(n); c.body == 0 {
		c.nextHead()
	}
}

// readChunks reads ahead and lets through what is a body.
func (c *h1conn) readChunks() error {
	if len(c.held) == 0 {
		if err := c.fill(); err != nil {
			return c.bodyError(err)
		}
	}
	c.ready = c.feedChunks(c.held)
	return nil
}

// feedChunks says how much of b is a body in chunks.
func (c *h1conn) feedChunks(b []byte) int {
	n, ok := c.chunk.feed(b)
	if !ok {
		c.bad = true
		c.unread.Store(true)
		c.link.malformed.Store(true)
		c.link.cut(cutProtocol)
	} else if c.chunk.state == chunkDone {
		c.nextHead()
	}
	return n
}

// bodyError notes a body that did not come in time.
func (c *h1conn) bodyError(err error) error {
	if err != nil && c.expired(err) {
		c.unread.Store(true)
	}
	return err
}

// readHead gives net/http the next head. In the usual case the head arrives in one piece and goes through p without being
// copied; else it is collected in held. It returns nothing when held has become ready.
func (c *h1conn) readHead(p []byte) (int, error) {
	if len(c.held) == 0 {
		c.await(true)
		n, err := c.Conn.Read(p)
		if n == 0 {
			return 0, c.idleError(err)
		}
		c.await(false)
		end, verdict := c.check.feed(p[:n])
		if end > 0 && verdict == accepted {
			return c.passHead(p[:n], end), nil
		}
		c.hold(p[:n])
		return 0, c.collect(end, verdict)
	}
	end, verdict := c.check.feed(c.held)
	return 0, c.collect(end, verdict)
}

// idleError ends a connection that has been idle for too long, without a word. It is not idle while it is being answered:
// net/http reads in the background then, to notice when the client leaves.
func (c *h1conn) idleError(err error) error {
	if err == nil || !c.expired(err) {
		return err
	}
	if c.link.busy.Load() > 0 {
		return nil
	}
	return io.EOF
}

// passHead lets a head and what of its body came with it through; what follows is held.
func (c *h1conn) passHead(b []byte, end int) int {
	c.beginBody()
	n := end + c.bodyIn(b[end:])
	c.hold(b[n:])
	return n
}

// hold keeps a copy of b as what is read ahead.
func (c *h1conn) hold(b []byte) {
	if len(b) > cap(c.store) {
		c.store = make([]byte, 0, max(1024, len(b)))
	}
	c.held = append(c.store[:0], b...)
}

// bodyIn says how much of b belongs to the body that begins with it.
func (c *h1conn) bodyIn(b []byte) int {
	switch c.phase {
	case h1Body:
		n := int(min(c.body, int64(len(b))))
		c.tookBody(n)
		return n
	case h1Chunks:
		return c.feedChunks(b)
	}
	return 0
}

// collect reads until held holds a whole head, or one that is bad.
func (c *h1conn) collect(end int, verdict refusal) error {
	c.arm(c.limit.HeaderRead)
	for end == 0 && verdict == accepted {
		if err := c.fill(); err != nil {
			if !c.expired(err) {
				return err
			}
			verdict = timedOut
			c.link.cut(cutTimeout)
			break
		}
		end, verdict = c.check.feed(c.held)
	}
	if verdict != accepted {
		c.refuse(verdict)
		return nil
	}
	c.beginBody()
	c.ready = end
	return nil
}

// refuse hands net/http the request that stands for a bad one, and ends reading.
func (c *h1conn) refuse(verdict refusal) {
	c.link.refused.Store(uint32(verdict))
	c.unread.Store(true)
	c.phase = h1Refused
	c.hold([]byte(refusedHead))
	c.ready = len(c.held)
}

// beginBody sets what comes after a good head.
func (c *h1conn) beginBody() {
	switch {
	case c.check.chunked:
		c.phase, c.chunk = h1Chunks, chunkCheck{}
	case c.check.length > 0:
		c.phase, c.body = h1Body, c.check.length
	default:
		c.nextHead()
		return
	}
	c.unread.Store(true)
	c.arm(c.limit.BodyRead)
}

func (c *h1conn) nextHead() {
	c.phase = h1Head
	c.check.reset()
	c.unread.Store(false)
}

// fill appends what arrives to held.
func (c *h1conn) fill() error {
	if len(c.held) == 0 {
		c.held = c.store[:0]
	}
	if cap(c.held)-len(c.held) < 512 {
		c.held = append(make([]byte, 0, max(1024, 2*len(c.held)+512)), c.held...)
		c.store = c.held
	}
	n, err := c.Conn.Read(c.held[len(c.held):cap(c.held)])
	c.held = c.held[:len(c.held)+n]
	if n > 0 {
		return nil
	}
	return err
}

// await begins or ends the wait for a request.
func (c *h1conn) await(waiting bool) {
	c.mu.Lock()
	defer c.mu.Unlock()
	if c.waiting = waiting; waiting {
		c.until(c.link.t.idle())
	}
}

// drain shortens a wait that has begun. An answer that is still to come says Connection: close.
func (c *h1conn) drain() {
	c.mu.Lock()
	defer c.mu.Unlock()
	if c.waiting {
		c.until(c.link.t.idle())
	}
}

// arm gives the client time for what it is to send next.
func (c *h1conn) arm(limit time.Duration) {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.until(limit)
}

// until sets our deadline. It is called with mu held.
func (c *h1conn) until(limit time.Duration) {
	if at, due := renew(c.ours, limit); due {
		c.ours = at
		c.apply()
	}
}

// renew says whether a deadline that is in force has to be set anew to give somebody time: setting one costs more than
// looking at the clock, so one that is at most a sixteenth early stays.
func renew(inForce time.Time, limit time.Duration) (time.Time, bool) {
	now := time.Now()
	left := inForce.Sub(now)
	return now.Add(limit), left > limit || left < limit-limit/16
}

// apply sets the earlier of the two deadlines.
func (c *h1conn) apply() {
	at := c.ours
	if !c.theirs.IsZero() && (at.IsZero() || c.theirs.Before(at)) {
		at = c.theirs
	}
	if !at.Equal(c.inForce) {
		c.inForce = at
		c.Conn.SetReadDeadline(at)
	}
}

// expired reports whether err is our deadline: net/http sets one in the past to wake its own reader.
func (c *h1conn) expired(err error) bool {
	if !errors.Is(err, os.ErrDeadlineExceeded) {
		return false
	}
	c.mu.Lock()
	defer c.mu.Unlock()
	return !c.ours.IsZero() && !time.Now().Before(c.ours)
}

// SetReadDeadline implements net.Conn for net/http, beside our own deadlines.
func (c *h1conn) SetReadDeadline(at time.Time) error {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.theirs = at
	c.apply()
	return nil
}

// SetWriteDeadline implements net.Conn for net/http, which clears it after every answer. One stays in force even so: TLS
// answers a key update inside Read, and a client that does not read must not hold that for ever.
func (c *h1conn) SetWriteDeadline(time.Time) error {
	c.answering.Store(false)
	return c.writeWithin(c.limit.Idle + c.limit.Write)
}

// SetDeadline implements net.Conn.
func (c *h1conn) SetDeadline(at time.Time) error {
	return errors.Join(c.SetReadDeadline(at), c.SetWriteDeadline(at))
}

// writeWithin sets the write deadline, unless the one in force does.
func (c *h1conn) writeWithin(limit time.Duration) error {
	c.mu.Lock()
	defer c.mu.Unlock()
	at, due := renew(c.writeBy, limit)
	if !due {
		return nil
	}
	c.writeBy = at
	return c.Conn.SetWriteDeadline(at)
}

// Write implements net.Conn. An answer has its time from its first byte; "100 Continue" is not one yet.
func (c *h1conn) Write(p []byte) (int, error) {
	if bytes.HasPrefix(p, []byte("HTTP/1.1 1")) || c.answering.CompareAndSwap(false, true) {
		c.writeWithin(c.limit.Write)
	}
	n, err := c.Conn.Write(p)
	if err != nil && errors.Is(err, os.ErrDeadlineExceeded) {
		c.link.cut(cutTimeout)
		abort(c.tcp)
	}
	return n, err
}

// Close implements net.Conn.
func (c *h1conn) Close() error {
	var err error
	c.closing.Do(func() {
		if c.unread.Load() {
			linger(c.Conn, c.tcp)
		}
		err = c.Conn.Close()
		c.link.close()
		c.closed()
	})
	return err
}

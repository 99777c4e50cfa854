package transport

import (
	"crypto/tls"
	"encoding/binary"
	"errors"
	"io"
	"net"
	"os"
	"sync"
	"sync/atomic"
	"time"

	xhttp2 "golang.org/x/net/http2"
)

// h2conn stands between TLS and x/net/http2. It follows the frames in both directions without decoding them, and ends
// connections that x/net would go on serving: floods of frames that cost us and not the client, streams cancelled faster
// than they are worth, and frames or header blocks that never end (RFC 9113 §10.5).
type h2conn struct {
	*tls.Conn
	tcp   *net.TCPConn
	link  *link
	limit *Limits

	buffer [4096]byte // read ahead, judged, not yet given to x/net
	r, w   int

	in    frameScan
	slow  bool // a frame or header block has begun and its deadline runs
	units int  // frames and header blocks that are whole
	ended bool

	resets   allowance
	idle     allowance     // frames that are no request
	requests int           // in the window of idle: they earn frames that are none
	last     atomic.Uint32 // highest stream the client opened

	mu        sync.Mutex // guards what follows: writers are x/net's serve loop and we
	out       frameScan
	cancelled allowance     // streams that we cancelled for what the client did
	greeted   bool          // x/net has sent its SETTINGS, which come first
	failed    bool          // a write failed; the connection is beyond a farewell
	notice    []byte        // a GOAWAY that waits for the frame that x/net is writing to be whole
	calmed    bool          // the last GOAWAY is an error: nothing follows it
	said      bool          // and it is written
	writeBy   time.Time     // the write deadline as it is set
	farewell  chan struct{} // closed when it is written, or never will be

	closing sync.Once
	closed  func()
}

const (
	frameHeaderBytes = 9
	// idleFrames is how many frames besides requests a client may send per window, and framesPerRequest how many each
	// request allows: its own DATA, WINDOW_UPDATE and PING.
	idleFrames       = 1000
	framesPerRequest = 16
	// continuationsMax bounds the frames of one header block: 16 KiB of header fit in two.
	continuationsMax = 8
)

// frameScan finds frames in a stream of bytes.
type frameScan struct {
	preface int // bytes of the client's preface to come
	header  [frameHeaderBytes]byte
	have    int // bytes of header
	left    int // bytes of payload to come
	code    [4]byte
	codeAt  int // bytes of RST_STREAM's error code that have come
	// block is set between HEADERS and its END_HEADERS.
	block         bool
	continuations int
}

func (f *frameScan) kind() xhttp2.FrameType { return xhttp2.FrameType(f.header[3]) }
func (f *frameScan) flags() xhttp2.Flags    { return xhttp2.Flags(f.header[4]) }
func (f *frameScan) stream() uint32         { return binary.BigEndian.Uint32(f.header[5:]) & (1<<31 - 1) }
func (f *frameScan) length() int {
	return int(f.header[0])<<16 | int(f.header[1])<<8 | int(f.header[2])
}

// between reports whether nothing has begun that has not ended.
func (f *frameScan) between() bool {
	return f.preface == 0 && f.have == 0 && f.left == 0 && !f.block
}

// feed walks over b and calls begun for every frame header that is complete, and ended for every frame that is.
func (f *frameScan) feed(b []byte, begun, ended func()) {
	n := min(f.preface, len(b))
	f.preface -= n
	b = b[n:]
	for len(b) > 0 {
		if f.left > 0 {
			n := min(f.left, len(b))
			f.noteCode(b[:n])
			f.left -= n
			b = b[n:]
		} else {
			n := copy(f.header[f.have:], b)
			f.have += n
			b = b[n:]
			if f.have < frameHeaderBytes {
				return
			}
			f.left, f.codeAt = f.length(), 0
			f.noteBlock()
			begun()
		}
		if f.left == 0 {
			f.have = 0
			ended()
		}
	}
}

// noteBlock follows header blocks over several frames.
func (f *frameScan) noteBlock() {
	switch f.kind() {
	case xhttp2.FrameHeaders:
		f.block, f.continuations = !f.flags().Has(xhttp2.FlagHeadersEndHeaders), 0
	case xhttp2.FrameContinuation:
		f.block = !f.flags().Has(xhttp2.FlagContinuationEndHeaders)
		f.continuations++
	}
}

// noteCode keeps the error code of RST_STREAM.
func (f *frameScan) noteCode(payload []byte) {
	if f.codeAt < len(f.code) && f.kind() == xhttp2.FrameRSTStream {
		f.codeAt += copy(f.code[f.codeAt:], payload)
	}
}

func newH2Conn(c *tls.Conn, tcp *net.TCPConn, l *link, closed func()) *h2conn {
	h := &h2conn{Conn: c, tcp: tcp, link: l, limit: &l.t.limits, farewell: make(chan struct{}), closed: closed}
	h.in.preface = len(xhttp2.ClientPreface)
	h.arm(h.limit.HeaderRead) // for the preface
	h.slow = true
	return h
}

// Read implements net.Conn. x/net reads frame headers and payloads apart; here they come out of one buffer.
func (c *h2conn) Read(p []byte) (int, error) {
	if c.r == c.w {
		if c.ended {
			return 0, io.EOF
		}
		if err := c.fill(); err != nil {
			return 0, err
		}
	}
	n := copy(p, c.buffer[c.r:c.w])
	c.r += n
	return n, nil
}

// fill reads and judges what arrives.
func (c *h2conn) fill() error {
	n, err := c.Conn.Read(c.buffer[:])
	if n == 0 {
		if err != nil && errors.Is(err, os.ErrDeadlineExceeded) && !c.ended {
			c.ended = true
			c.link.cut(cutTimeout)
			return io.EOF
		}
		return err
	}
	c.r, c.w = 0, n
	now := time.Now()
	unit := c.units
	c.in.feed(c.buffer[:n], func() { c.judge(now) }, c.countUnit)
	if c.ended {
		c.w = 0
		select { // x/net closes the connection when we return; its writer may be in the middle of a frame
		case <-c.farewell:
		case <-time.After(c.limit.Write):
		}
		return io.EOF
	}
	c.watch(c.units != unit)
	return nil
}

// countUnit counts frames that are whole, and header blocks as one.
func (c *h2conn) countUnit() {
	if !c.in.block {
		c.units++
	}
}

// watch gives what has begun its time, from when it began, and takes the deadline off when nothing has. The body's own
// deadline is x/net's, and comes first.
func (c *h2conn) watch(moved bool) {
	switch {
	case c.in.between():
		if c.slow {
			c.slow = false
			c.Conn.SetReadDeadline(time.Time{})
		}
	case !c.slow || moved:
		c.slow = true
		limit := c.limit.HeaderRead
		if c.in.have == frameHeaderBytes && c.in.kind() == xhttp2.FrameData {
			limit = c.limit.BodyRead * 3 / 2
		}
		c.arm(limit)
	}
}

func (c *h2conn) arm(limit time.Duration) { c.Conn.SetReadDeadline(time.Now().Add(limit)) }

// judge looks at a frame of the client's whose header has arrived.
func (c *h2conn) judge(now time.Time) {
	f := &c.in
	idle := true
	switch f.kind() {
	case xhttp2.FrameHeaders:
		c.last.Store(max(c.last.Load(), f.stream()))
		c.requests++
		idle = false
	case xhttp2.FrameContinuation:
		if f.continuations > continuationsMax {
			c.calm()
		}
	case xhttp2.FrameRSTStream:
		if !c.resets.take(now, c.limit.ResetWindow, c.limit.Resets) {
			c.calm()
		}
	case xhttp2.FrameData:
		idle = f.length() < 1024 && !f.flags().Has(xhttp2.FlagDataEndStream)
	}
	if !idle {
		return
	}
	if !c.idle.take(now, c.limit.ResetWindow, idleFrames+framesPerRequest*c.requests) {
		c.calm()
	}
	if c.idle.used == 1 {
		c.requests = 0 // a new window
	}
}

// calm ends the connection with GOAWAY and ENHANCE_YOUR_CALM.
func (c *h2conn) calm() {
	if c.ended {
		return
	}
	c.ended = true
	c.link.cut(cutCalm)
	c.mu.Lock()
	defer c.mu.Unlock()
	c.calmed = true
	c.say(goAwayFrame(c.last.Load(), xhttp2.ErrCodeEnhanceYourCalm))
}

// drain announces the end of the connection without naming a last stream, so that requests on their way are still served;
// x/net names it a moment later (RFC 9113 §6.8).
func (c *h2conn) drain() {
	c.mu.Lock()
	defer c.mu.Unlock()
	if !c.calmed {
		c.say(goAwayFrame(1<<31-1, xhttp2.ErrCodeNo))
	}
}

func goAwayFrame(last uint32, code xhttp2.ErrCode) []byte {
	frame := make([]byte, frameHeaderBytes+8)
	frame[2], frame[3] = 8, byte(xhttp2.FrameGoAway)
	binary.BigEndian.PutUint32(frame[9:], last)
	binary.BigEndian.PutUint32(frame[13:], uint32(code))
	return frame
}

// say writes a frame of our own, now or when the frame that x/net is writing is whole. It is called with mu held.
func (c *h2conn) say(frame []byte) {
	c.notice = frame
	c.flushNotice()
}

func (c *h2conn) flushNotice() {
	if c.failed {
		c.noteFarewell()
	}
	if c.notice == nil || c.failed || !c.greeted || !c.out.between() {
		return
	}
	c.Conn.SetWriteDeadline(time.Now().Add(c.limit.Write))
	_, err := c.Conn.Write(c.notice)
	c.notice, c.failed = nil, err != nil
	c.noteFarewell()
}

func (c *h2conn) noteFarewell() {
	if c.calmed && !c.said {
		c.said = true
		close(c.farewell)
	}
}

// Write implements net.Conn. Streams that x/net cancels with an error count as the client's doing: it can make us cancel
// as cheaply as it can cancel.
func (c *h2conn) Write(p []byte) (int, error) {
	c.mu.Lock()
	defer c.mu.Unlock()
	if c.said {
		return 0, net.ErrClosed
	}
	n, err := c.Conn.Write(p)
	c.out.feed(p[:n], func() {}, c.countCancelled)
	if err != nil {
		c.failed = true
		c.noteFarewell()
		if errors.Is(err, os.ErrDeadlineExceeded) {
			c.link.cut(cutTimeout)
			abort(c.tcp)
		}
		return n, err
	}
	c.greeted = true
	c.flushNotice()
	return n, nil
}

// countCancelled looks at a frame of ours that is whole.
func (c *h2conn) countCancelled() {
	if c.out.kind() != xhttp2.FrameRSTStream || xhttp2.ErrCode(binary.BigEndian.Uint32(c.out.code[:])) == xhttp2.ErrCodeNo {
		return
	}
	if !c.cancelled.take(time.Now(), c.limit.ResetWindow, c.limit.Resets) && !c.calmed {
		c.calmed = true
		c.notice = goAwayFrame(c.last.Load(), xhttp2.ErrCodeEnhanceYourCalm)
		c.link.cut(cutCalm)
	}
}

// SetReadDeadline implements net.Conn: x/net clears a deadline it never set; ours stay.
func (c *h2conn) SetReadDeadline(time.Time) error { return nil }

// SetWriteDeadline implements net.Conn: x/net wants one before every write.
func (c *h2conn) SetWriteDeadline(time.Time) error {
	c.mu.Lock()
	defer c.mu.Unlock()
	at, due := renew(c.writeBy, c.limit.Write)
	if !due {
		return nil
	}
	c.writeBy = at
	return c.Conn.SetWriteDeadline(at)
}

// Close implements net.Conn.
func (c *h2conn) Close() error {
	var err error
	c.closing.Do(func() {
		c.mu.Lock()
		said := c.said
		c.mu.Unlock()
		if said {
			linger(c.Conn, c.tcp)
		}
		err = c.Conn.Close()
		c.link.close()
		c.closed()
	})
	return err
}

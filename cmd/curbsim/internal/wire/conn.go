package wire

import (
	"bytes"
	"net"
	"strconv"
	"sync/atomic"
	"time"
)

// conn is one connection; its goroutine owns everything in it but busy.
type conn struct {
	server *Server
	nc     net.Conn
	buf    []byte // what was read; requests are parsed in place
	r, w   int    // the unread part of buf is buf[r:w]
	body   []byte // a chunked body put together
	head   head
	x      Exchange
	timer  *time.Timer // for Exchange.Wait, made at first use
	// deadline is when the read deadline was last set to expire: setting it costs more than checking it.
	deadline time.Time
	busy     atomic.Bool // an exchange is under way: Stop lets it finish
}

func newConn(s *Server, nc net.Conn) *conn {
	c := &conn{server: s, nc: nc, buf: make([]byte, 4<<10)}
	c.x.conn = c
	return c
}

// serve reads and answers requests until the peer leaves, an answer closes the connection, or the server stops.
func (c *conn) serve() {
	defer c.server.forget(c)
	for c.server.ctx.Err() == nil {
		text, ok := c.readHead()
		if !ok {
			return
		}
		c.busy.Store(true)
		if f := c.head.parse(text); f != nil {
			c.refuse(f)
			return
		}
		body, ok := c.readBody()
		if !ok {
			return
		}
		c.x.start(text, body)
		if c.server.hot == nil || !c.server.hot(&c.x) {
			c.x.slow(c.server.handler)
		}
		if c.x.hungUp || c.head.close {
			return
		}
		c.busy.Store(false)
	}
}

// readHead reads up to the empty line and gives the header without it. It leaves c.r at the body.
func (c *conn) readHead() ([]byte, bool) {
	seen := c.r
	for {
		if end := bytes.Index(c.buf[seen:c.w], crlf2); end >= 0 {
			text := c.buf[c.r : seen+end]
			c.r = seen + end + len(crlf2)
			return text, true
		}
		if c.w-c.r > HeadBytesMax {
			c.head = head{}
			c.refuse(faultHead)
			return nil, false
		}
		searched := max(c.w-c.r-len(crlf2)+1, 0)
		if !c.fill(0) {
			return nil, false
		}
		seen = c.r + searched
	}
}

var (
	crlf2       = []byte("\r\n\r\n")
	continue100 = []byte("HTTP/1.1 100 Continue\r\n\r\n")
)

// readBody reads the request's body. The header's slices stay valid: it never moves what lies before c.r.
func (c *conn) readBody() ([]byte, bool) {
	if c.head.expect {
		if _, err := c.nc.Write(continue100); err != nil {
			return nil, false
		}
	}
	if c.head.chunked {
		return c.readChunks()
	}
	n := max(c.head.length, 0)
	for c.w-c.r < n {
		if !c.more(n) {
			return nil, false
		}
	}
	body := c.buf[c.r : c.r+n]
	c.r += n
	return body, true
}

func (c *conn) readChunks() ([]byte, bool) {
	c.body = c.body[:0]
	for {
		line, ok := c.readLine()
		if !ok {
			return nil, false
		}
		if semi := bytes.IndexByte(line, ';'); semi >= 0 {
			line = line[:semi]
		}
		n, err := strconv.ParseUint(string(bytes.TrimSpace(line)), 16, 31)
		if err != nil {
			c.refuse(faultChunk)
			return nil, false
		}
		if n == 0 {
			return c.body, c.skipTrailer()
		}
		if len(c.body)+int(n) > BodyBytesMax {
			c.refuse(faultBody)
			return nil, false
		}
		for c.w-c.r < int(n)+2 {
			if !c.more(int(n) + 2) {
				return nil, false
			}
		}
		c.body = append(c.body, c.buf[c.r:c.r+int(n)]...)
		c.r += int(n) + 2
	}
}

func (c *conn) skipTrailer() bool {
	for {
		line, ok := c.readLine()
		if !ok || len(line) == 0 {
			return ok
		}
	}
}

// readLine gives the next line of a chunked body; a line is bounded by the header's limit.
func (c *conn) readLine() ([]byte, bool) {
	for {
		if end := bytes.IndexByte(c.buf[c.r:c.w], '\n'); end >= 0 {
			line := c.buf[c.r : c.r+end]
			c.r += end + 1
			return bytes.TrimSuffix(line, []byte{'\r'}), true
		}
		if c.w-c.r > HeadBytesMax {
			c.refuse(faultChunk)
			return nil, false
		}
		if !c.more(c.w - c.r + 1) {
			return nil, false
		}
	}
}

// fill reads more before a request has begun to be parsed: it may move the unread part to the front of the buffer.
func (c *conn) fill(need int) bool {
	if c.r > 0 {
		c.w = copy(c.buf, c.buf[c.r:c.w])
		c.r = 0
	}
	return c.more(max(need, c.w+1))
}

// more reads into the buffer so that need bytes from c.r fit. Growing copies, so borrowed slices keep the old array.
func (c *conn) more(need int) bool {
	if c.r+need > len(c.buf) {
		grown := make([]byte, max(2*len(c.buf), c.r+need))
		copy(grown, c.buf[:c.w])
		c.buf = grown
	}
	if now := time.Now(); c.deadline.Sub(now) < idleMax-10*time.Second {
		c.deadline = now.Add(idleMax)
		c.nc.SetReadDeadline(c.deadline)
		if c.server.ctx.Err() != nil && !c.busy.Load() { // Stop may have set its own just before
			return false
		}
	}
	n, err := c.nc.Read(c.buf[c.w:])
	c.w += n
	return n > 0 || err == nil
}

// refuse answers a request that cannot be served; the caller closes the connection.
func (c *conn) refuse(f *fault) {
	c.x.start(nil, nil)
	c.x.Close()
	c.x.Reply(f.status, "Content-Type: text/plain; charset=utf-8\r\n", append([]byte(f.text), '\n'))
}

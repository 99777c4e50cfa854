package wire

import (
	"bufio"
	"bytes"
	"io"
	"net/http"
	"strconv"
	"time"
)

// Exchange is one request and its answer. It, and every slice it gives, is valid until the hot function returns.
type Exchange struct {
	// Scratch is for the hot function to keep per connection what it would otherwise allocate per request.
	Scratch any

	conn   *conn
	text   []byte
	body   []byte
	out    []byte
	close  bool
	hungUp bool
}

func (x *Exchange) start(text, body []byte) {
	x.text, x.body = text, body
	x.close, x.hungUp = false, false
}

// Is reports whether the request is for this method and path.
func (x *Exchange) Is(method, path string) bool {
	return string(x.conn.head.path) == path && string(x.conn.head.method) == method
}

// Method is the request's method.
func (x *Exchange) Method() []byte { return x.conn.head.method }

// Path is the target up to the question mark, as sent.
func (x *Exchange) Path() []byte { return x.conn.head.path }

// Query is what follows the question mark, as sent.
func (x *Exchange) Query() []byte { return x.conn.head.query }

// Header is the request line and header fields as sent, without the empty line.
func (x *Exchange) Header() []byte { return x.text }

// Body is the request's body without transfer coding; content codings are left as they are.
func (x *Exchange) Body() []byte { return x.body }

// ContentEncoding is the field's value, empty when there is none.
func (x *Exchange) ContentEncoding() []byte { return x.conn.head.contentEncoding }

// AcceptEncoding is the field's value, empty when there is none.
func (x *Exchange) AcceptEncoding() []byte { return x.conn.head.acceptEncoding }

// Close makes this answer the connection's last.
func (x *Exchange) Close() { x.close = true }

// Wait sleeps for d, which may be 0 or less, and reports whether it passed whole: false when the server stops.
func (x *Exchange) Wait(d time.Duration) bool {
	c := x.conn
	if d <= 0 {
		return true
	}
	if c.timer == nil {
		c.timer = time.NewTimer(d)
	} else {
		c.timer.Reset(d)
	}
	select {
	case <-c.timer.C:
		return true
	case <-c.server.ctx.Done():
		c.timer.Stop()
		return false
	}
}

// Silence never answers: it returns when the peer has left, the server stops, or limit has passed, and the connection ends.
func (x *Exchange) Silence(limit time.Duration) {
	c := x.conn
	x.hungUp = true
	c.busy.Store(false) // nothing to finish: Stop may end it at once
	c.nc.SetReadDeadline(time.Now().Add(limit))
	if c.server.ctx.Err() != nil {
		return
	}
	for {
		if _, err := c.nc.Read(c.buf[:]); err != nil {
			return
		}
	}
}

// HangUp ends the connection without a further byte.
func (x *Exchange) HangUp() { x.hungUp = true }

// Write sends raw bytes, as they are; false when the peer has gone.
func (x *Exchange) Write(raw []byte) bool {
	if _, err := x.conn.nc.Write(raw); err != nil {
		x.hungUp = true
		return false
	}
	return true
}

// Reply sends a whole answer in one write. fields is header lines, each ended by CRLF; Content-Length is added.
func (x *Exchange) Reply(status int, fields string, body []byte) bool {
	out := AppendStatus(x.out[:0], status)
	out = append(out, fields...)
	if x.close || x.conn.head.close {
		x.hungUp = true
		out = append(out, "Connection: close\r\n"...)
	}
	if status != http.StatusNoContent {
		out = append(out, "Content-Length: "...)
		out = strconv.AppendInt(out, int64(len(body)), 10)
		out = append(out, '\r', '\n')
	}
	out = append(out, '\r', '\n')
	if string(x.conn.head.method) != http.MethodHead {
		out = append(out, body...)
	}
	x.out = out
	return x.Write(out)
}

// AppendStatus writes a status line.
func AppendStatus(dst []byte, status int) []byte {
	switch status {
	case http.StatusOK:
		return append(dst, "HTTP/1.1 200 OK\r\n"...)
	case http.StatusNoContent:
		return append(dst, "HTTP/1.1 204 No Content\r\n"...)
	}
	dst = append(dst, "HTTP/1.1 "...)
	dst = strconv.AppendInt(dst, int64(status), 10)
	dst = append(dst, ' ')
	dst = append(dst, http.StatusText(status)...)
	return append(dst, '\r', '\n')
}

// slow hands the request to an http.Handler and sends what it says.
func (x *Exchange) slow(handler http.Handler) {
	whole := append(append(make([]byte, 0, len(x.text)+4), x.text...), crlf2...)
	req, err := http.ReadRequest(bufio.NewReader(bytes.NewReader(whole)))
	if err != nil || handler == nil {
		x.Close()
		x.Reply(http.StatusBadRequest, "", nil)
		return
	}
	req.Body = io.NopCloser(bytes.NewReader(x.body))
	req.ContentLength, req.TransferEncoding = int64(len(x.body)), nil
	req.RemoteAddr = x.conn.nc.RemoteAddr().String()
	answer := &recorder{header: http.Header{}, status: http.StatusOK}
	handler.ServeHTTP(answer, req.WithContext(x.conn.server.ctx))
	var fields bytes.Buffer
	answer.header.Del("Content-Length")
	answer.header.Write(&fields)
	x.Reply(answer.status, fields.String(), answer.body.Bytes())
}

// recorder collects a handler's answer.
type recorder struct {
	header http.Header
	status int
	wrote  bool
	body   bytes.Buffer
}

func (r *recorder) Header() http.Header { return r.header }

func (r *recorder) WriteHeader(status int) {
	if !r.wrote {
		r.wrote, r.status = true, status
	}
}

func (r *recorder) Write(p []byte) (int, error) {
	r.wrote = true
	return r.body.Write(p)
}

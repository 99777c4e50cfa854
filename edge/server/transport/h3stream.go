package transport

import (
	"errors"
	"io"
	"net/http"
	"net/url"
	"os"
	"runtime/debug"
	"strings"
	"sync"
	"time"

	"github.com/quic-go/quic-go"
)

// h3stream is one request and its answer: the http.ResponseWriter, and by way of h3body the request's body.
type h3stream struct {
	c    *h3conn
	str  *quic.Stream
	in   h3Reader
	work *h3work

	request *http.Request
	// The body: bytes left in its DATA frame, and what Content-Length leaves, -1 where it said nothing.
	inFrame, declared int64
	bodyErr           error
	continues         bool // "100 Continue" is to be sent before the body is read
	trailed           bool // the trailer section was there: nothing follows

	// The answer, see h3answer.go.
	status   int
	body     []byte // part of work.out, after room for the header
	written  int64
	expected int64 // Content-Length, -1 unknown
	sent     bool  // the HEADERS frame is on its way
	head     bool  // the request was HEAD
	given    int   // bytes of frames given to the stream
	timed    bool  // the write deadline runs
	failed   error // what a write said
}

// h3work is what a stream needs while it is served and the next one can use again.
type h3work struct {
	in      [2048]byte
	block   []byte // a HEADERS frame that in does not hold
	section fieldSection
	head    [headRoom]byte
	out     []byte
	header  http.Header
}

var h3works = sync.Pool{New: func() any { return &h3work{header: http.Header{}} }}

// serveStream serves one request stream from its first byte to its last.
func (c *h3conn) serveStream(str *quic.Stream) {
	str.SetReadDeadline(time.Now().Add(c.limit.HeaderRead))
	work := h3works.Get().(*h3work)
	s := &h3stream{c: c, str: str, work: work, in: h3Reader{str: str, buffer: work.in[:]}, declared: -1, expected: -1}
	s.serve()
	clear(work.header)
	if cap(work.out) <= outKept {
		h3works.Put(work)
	}
}

func (s *h3stream) serve() {
	code := h3InternalError
	defer func() {
		if p := recover(); p != nil && p != http.ErrAbortHandler {
			s.c.t.noticePanic(p, debug.Stack())
		}
		if code != h3NoError {
			s.reset(code)
		}
	}()
	verdict, err := s.readHead()
	if err != nil {
		code = s.abandon(err)
		return
	}
	if verdict != accepted {
		s.c.link.counters().requests.Add(1)
		verdict.write(s, s.c.link)
	} else if s.waitForHandshake() {
		s.c.t.enter(s, s.request, s.c.link)
	} else {
		code = h3RequestCancelled
		return
	}
	code = s.finishAnswer()
}

// abandon says how to cancel a stream whose head never became a request.
func (s *h3stream) abandon(err error) h3Code {
	var fault *h3Fault
	switch {
	case errors.As(err, &fault):
		s.c.fail(fault)
		return fault.code
	case resetByClient(err):
		s.c.countReset()
		return h3RequestCancelled
	case errors.Is(err, os.ErrDeadlineExceeded):
		s.c.link.cut(cutTimeout)
		return h3RequestRejected // nothing was done: the client may ask again
	}
	return h3Incomplete
}

// reset cancels both directions.
func (s *h3stream) reset(code h3Code) {
	s.str.CancelRead(quic.StreamErrorCode(code))
	s.str.CancelWrite(quic.StreamErrorCode(code))
}

// readHead reads frames up to the end of HEADERS and makes the request.
func (s *h3stream) readHead() (refusal, error) {
	for {
		kind, length, err := s.in.header()
		if err != nil {
			return 0, err
		}
		if kind == frameHeaders {
			return s.readSection(length)
		}
		if err := forbidden(kind); err != nil {
			return 0, err
		}
		if err := s.in.discard(length); err != nil {
			return 0, err
		}
	}
}

// readSection reads a HEADERS frame. One that is larger than any that could pass is not read.
func (s *h3stream) readSection(length uint64) (refusal, error) {
	l := s.c.limit
	if length > uint64(l.HeaderBytes+l.TargetBytes+1024) {
		return headerTooLarge, nil
	}
	block := s.in.buffer[s.in.r:s.in.w]
	if uint64(len(block)) >= length {
		block = block[:length]
		s.in.r += int(length)
	} else {
		if uint64(cap(s.work.block)) < length {
			s.work.block = make([]byte, length)
		}
		block = s.work.block[:length]
		if _, err := io.ReadFull(&s.in, block); err != nil {
			return 0, truncated(err)
		}
	}
	verdict, err := s.work.section.decode(block, l)
	if err != nil {
		return 0, &h3Fault{h3QPACKFailed, err.Error()}
	}
	if verdict != accepted {
		return verdict, nil
	}
	s.request, verdict = s.work.section.request(s.str.Context())
	if verdict != accepted {
		return verdict, nil
	}
	return s.beginBody(), nil
}

// beginBody says what is known of the body.
func (s *h3stream) beginBody() refusal {
	r := s.request
	s.head = r.Method == http.MethodHead
	s.declared = r.ContentLength
	if s.in.over() {
		if s.declared > 0 {
			return requestMalformed
		}
		r.ContentLength, r.Body = 0, http.NoBody
		return accepted
	}
	if expect := r.Header["Expect"]; expect != nil {
		if len(expect) != 1 || !strings.EqualFold(expect[0], "100-continue") {
			return expectationFailed
		}
		s.continues = true
	}
	r.Body = (*h3body)(s)
	s.str.SetReadDeadline(time.Now().Add(s.c.limit.BodyRead))
	return accepted
}

// waitForHandshake holds back requests from 0-RTT data until the handshake is complete: an attacker can replay such data,
// but never complete a handshake with it (RFC 8470 §3). It reports false if the client gave up.
func (s *h3stream) waitForHandshake() bool {
	r := s.request
	r.RemoteAddr = s.c.remoteText()
	r.TLS = s.c.tlsState()
	if r.TLS.HandshakeComplete {
		return true
	}
	s.c.link.counters().early.Add(1)
	if s.c.t.early[r.URL.Path] {
		return true
	}
	select {
	case <-s.c.quic.HandshakeComplete():
		r.TLS = s.c.tlsState()
		return true
	case <-s.str.Context().Done():
		return false
	}
}

// h3body is an h3stream seen as the request's body.
type h3body h3stream

// Read implements io.Reader.
func (b *h3body) Read(p []byte) (int, error) {
	s := (*h3stream)(b)
	if s.bodyErr != nil {
		return 0, s.bodyErr
	}
	if s.continues {
		s.continues = false
		s.writeInformational(http.StatusContinue)
	}
	n, err := s.readBody(p)
	if n > 0 && s.declared >= 0 {
		if s.declared -= int64(n); s.declared < 0 {
			n, err = 0, ErrBodyMalformed
		}
	}
	if err == io.EOF && s.declared > 0 {
		err = ErrBodyMalformed
	}
	s.bodyErr = err
	return n, err
}

// Close implements io.Closer.
func (b *h3body) Close() error { return nil } // finishAnswer stops the client

// readBody reads from DATA frames. The trailer section after them is not looked at.
func (s *h3stream) readBody(p []byte) (int, error) {
	for s.inFrame == 0 {
		kind, length, err := s.in.header()
		if err == nil {
			err = s.bodyFrame(kind, length)
		}
		if err != nil {
			return 0, s.bodyFault(err)
		}
	}
	n, err := s.in.Read(p[:min(int64(len(p)), s.inFrame)])
	s.inFrame -= int64(n)
	if err != nil {
		return n, s.bodyFault(truncated(err))
	}
	return n, nil
}

// bodyFrame looks at a frame after HEADERS.
func (s *h3stream) bodyFrame(kind, length uint64) error {
	switch {
	case kind == frameData && !s.trailed:
		s.inFrame = int64(length)
		if length == 0 && !s.c.countOdd() {
			return io.ErrUnexpectedEOF
		}
		return nil
	case kind == frameHeaders && !s.trailed:
		s.trailed = true
		return s.in.discard(length)
	}
	if err := forbidden(kind); err != nil {
		return err
	}
	return s.in.discard(length)
}

// bodyFault ends the connection where the error says so, and gives the handler something to return on.
func (s *h3stream) bodyFault(err error) error {
	var fault *h3Fault
	if errors.As(err, &fault) {
		s.c.fail(fault)
		return io.ErrUnexpectedEOF
	}
	return err
}

// blankRequest is what every request is a copy of; http.Request lets nobody else set its context without a copy.
var blankRequest = &http.Request{Proto: "HTTP/3.0", ProtoMajor: 3}

// parseTarget reads :path.
func parseTarget(path string) (*url.URL, refusal) {
	if path == "*" {
		return &url.URL{Path: "*"}, accepted // the door refuses it
	}
	if path == "" || path[0] != '/' {
		return nil, targetInvalid
	}
	target, err := url.ParseRequestURI(path)
	if err != nil {
		return nil, targetInvalid
	}
	return target, accepted
}

package transport

import (
	"context"
	"errors"
	"io"
	"net/http"
	"os"
	"strconv"
	"strings"
	"time"

	"github.com/quic-go/quic-go"
	"github.com/quic-go/quic-go/quicvarint"
)

const (
	// headRoom is kept free before the body, so that header and body leave in one write, and usually in one packet.
	headRoom = 1024
	// bodyBuffered is how much of a body is collected before anything is sent: most answers end before, and then say their
	// length.
	bodyBuffered = 16 << 10
	// outKept is the largest buffer that is kept for the next stream.
	outKept = headRoom + 2*bodyBuffered
)

// Header implements http.ResponseWriter.
func (s *h3stream) Header() http.Header { return s.work.header }

// WriteHeader implements http.ResponseWriter.
func (s *h3stream) WriteHeader(status int) {
	if status < 200 {
		s.writeInformational(status)
		return
	}
	if s.status != 0 {
		return
	}
	s.status = status
	if text := s.work.header["Content-Length"]; len(text) > 0 {
		if length, err := strconv.ParseUint(text[0], 10, 63); err == nil {
			s.expected = int64(length)
		} else {
			delete(s.work.header, "Content-Length")
		}
	}
}

// Write implements http.ResponseWriter.
func (s *h3stream) Write(p []byte) (int, error) {
	if err := s.beginWrite(len(p)); err != nil {
		return 0, err
	}
	if s.head {
		return len(p), nil
	}
	s.body = append(s.room(), p...)
	return len(p), s.flushFull()
}

// WriteString implements io.StringWriter.
func (s *h3stream) WriteString(text string) (int, error) {
	if err := s.beginWrite(len(text)); err != nil {
		return 0, err
	}
	if s.head {
		return len(text), nil
	}
	s.body = append(s.room(), text...)
	return len(text), s.flushFull()
}

// beginWrite says whether n more bytes of body may be written.
func (s *h3stream) beginWrite(n int) error {
	if s.failed != nil {
		return s.failed
	}
	if s.status == 0 {
		s.WriteHeader(http.StatusOK)
	}
	if !bodyAllowed(s.status) {
		return http.ErrBodyNotAllowed
	}
	if s.written += int64(n); s.expected >= 0 && s.written > s.expected {
		return http.ErrContentLength
	}
	return nil
}

// room is the body so far, with the room for the header before it.
func (s *h3stream) room() []byte {
	if s.body == nil {
		if s.work.out == nil {
			s.work.out = make([]byte, headRoom, headRoom+2048)
		}
		s.body = s.work.out[:headRoom]
	}
	return s.body
}

func (s *h3stream) flushFull() error {
	if len(s.body)-headRoom < bodyBuffered {
		return nil
	}
	return s.flush(false)
}

// Flush implements http.Flusher.
func (s *h3stream) Flush() {
	if s.status == 0 {
		s.WriteHeader(http.StatusOK)
	}
	s.flush(false)
}

// finishAnswer sends what is left and ends the stream. It returns the code to cancel the stream with; h3NoError means that
// the answer is whole.
func (s *h3stream) finishAnswer() h3Code {
	if s.status == 0 {
		s.WriteHeader(http.StatusOK)
	}
	if s.str.Context().Err() != nil {
		if resetByClient(context.Cause(s.str.Context())) {
			s.c.countReset()
		}
		return h3RequestCancelled
	}
	if s.flush(true) != nil {
		return h3RequestCancelled
	}
	if !s.head && bodyAllowed(s.status) && s.expected >= 0 && s.written != s.expected {
		return h3InternalError // less than the handler said
	}
	s.str.Close()
	if !s.in.over() {
		s.str.CancelRead(quic.StreamErrorCode(h3NoError)) // the client need not send the rest (RFC 9114 §4.1)
	}
	return h3NoError
}

// flush sends the header, if it is not sent, and what is collected of the body.
func (s *h3stream) flush(last bool) error {
	if s.failed != nil {
		return s.failed
	}
	out := s.room()
	body := len(out) - headRoom
	head := s.work.head[:0]
	if !s.sent {
		if last {
			s.setLength(body)
		}
		head = s.appendHead(head, out[headRoom:])
		s.sent = true
	}
	if body > 0 {
		head = quicvarint.Append(head, frameData)
		head = quicvarint.Append(head, uint64(body))
	}
	if len(head) == 0 {
		return nil
	}
	if len(head) <= headRoom {
		start := headRoom - len(head)
		copy(out[start:], head)
		s.write(out[start:])
	} else {
		s.write(head)
		s.write(out[headRoom:])
	}
	s.work.out = out[:headRoom]
	s.body = out[:headRoom]
	return s.failed
}

// smallWrite is how much of an answer a QUIC stream takes without waiting for the client.
const smallWrite = 1200

// write sends bytes; the client has a limited time to make room for them.
func (s *h3stream) write(b []byte) {
	if s.failed != nil || len(b) == 0 {
		return
	}
	s.given += len(b)
	if s.given > smallWrite && !s.timed {
		s.timed = true
		s.str.SetWriteDeadline(time.Now().Add(s.c.limit.Write))
	}
	_, s.failed = s.str.Write(b)
	switch {
	case s.failed == nil:
	case resetByClient(s.failed):
		s.c.countReset()
	case errors.Is(s.failed, os.ErrDeadlineExceeded):
		s.c.link.cut(cutTimeout)
	}
}

// setLength says how long the body is, when all of it is there before the header leaves.
func (s *h3stream) setLength(n int) {
	if s.expected < 0 && !s.head && bodyAllowed(s.status) {
		s.expected = int64(n)
		if n == 0 {
			s.work.header["Content-Length"] = valueZero
		} else {
			s.work.header["Content-Length"] = []string{strconv.Itoa(n)}
		}
	}
}

// appendHead encodes the HEADERS frame.
func (s *h3stream) appendHead(b, body []byte) []byte {
	h := s.work.header
	if _, ok := h["Date"]; !ok {
		h["Date"] = s.c.t.dateValue(time.Now())
	}
	if _, ok := h["Content-Type"]; !ok && len(body) > 0 && h["Content-Encoding"] == nil {
		h["Content-Type"] = []string{http.DetectContentType(body)}
	}
	return s.appendFields(b, s.status)
}

// appendFields encodes a status and the header. The length of the frame takes two bytes, whatever it is: 16 KiB are more
// than any answer of ours says.
func (s *h3stream) appendFields(b []byte, status int) []byte {
	at := len(b)
	b = append(b, frameHeaders, 0, 0)
	b = append(b, qpackPrefix[:]...)
	b = appendStatus(b, status)
	for name, values := range s.work.header {
		if ofConnection(name) {
			continue
		}
		for _, value := range values {
			if len(b)-at+len(name)+len(value) < 16<<10-64 {
				b = appendField(b, name, value)
			}
		}
	}
	length := len(b) - at - 3
	b[at+1], b[at+2] = 0x40|byte(length>>8), byte(length)
	return b
}

// ofConnection names fields that HTTP/3 does not have (RFC 9114 §4.2), and trailers, which we do not send.
func ofConnection(name string) bool {
	switch name {
	case "Connection", "Keep-Alive", "Proxy-Connection", "Transfer-Encoding", "Upgrade", "Trailer":
		return true
	}
	return strings.HasPrefix(name, http.TrailerPrefix)
}

// writeInformational sends a status that is not final.
func (s *h3stream) writeInformational(status int) {
	if s.sent || s.failed != nil || status == http.StatusSwitchingProtocols {
		return
	}
	if status == http.StatusContinue {
		held := s.work.header
		s.work.header = nil
		s.write(s.appendFields(nil, status))
		s.work.header = held
		return
	}
	s.write(s.appendFields(nil, status))
}

// bodyAllowed reports whether answers of a status have a body (RFC 9110 §6.4.1).
func bodyAllowed(status int) bool {
	return status >= 200 && status != http.StatusNoContent && status != http.StatusNotModified
}

var _ interface {
	http.ResponseWriter
	http.Flusher
	io.StringWriter
} = (*h3stream)(nil)

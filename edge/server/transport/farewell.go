package transport

import (
	"crypto/tls"
	"io"
	"net"
	"net/http"
	"time"
)

// abort resets a connection whose client takes nothing: TLS would wait five seconds to say goodbye, and the kernel far
// longer to deliver what is left.
func abort(tcp *net.TCPConn) {
	tcp.SetLinger(0)
	tcp.Close()
}

const (
	lingerTime  = 500 * time.Millisecond
	lingerBytes = 256 << 10
)

// linger says that nothing more will be sent, and reads on for a moment: closing a socket with bytes unread makes the
// kernel send a reset, which destroys an answer that is still on its way (RFC 9112 §9.6).
func linger(c *tls.Conn, tcp *net.TCPConn) {
	c.SetWriteDeadline(time.Now().Add(lingerTime))
	if c.CloseWrite() != nil || tcp.CloseWrite() != nil {
		return
	}
	tcp.SetReadDeadline(time.Now().Add(lingerTime))
	io.CopyN(io.Discard, tcp, lingerBytes)
}

const (
	discardTime  = time.Second
	discardBytes = 1 << 20
)

// refuse answers with the refusal. Over HTTP/2 it reads on what the client is still sending: x/net ends a stream whose
// body is unread with RST_STREAM, and again for every DATA on its way, and clients take that for the answer. The first
// read comes before the answer, since it may say "100 Continue".
func refuse(verdict refusal, w http.ResponseWriter, r *http.Request, l *link) {
	problem := l.t.problem[r.URL.Path]
	if l.protocol != protocolH2 || r.ContentLength == 0 || r.Body == nil {
		verdict.answer(w, l, problem)
		return
	}
	http.NewResponseController(w).SetReadDeadline(discardBy(l))
	var first [512]byte
	_, err := r.Body.Read(first[:])
	verdict.answer(w, l, problem)
	if err == nil {
		discard(w, r.Body, l)
	}
}

// discard sends what is answered and reads a body to its end, within bounds.
func discard(w http.ResponseWriter, body io.Reader, l *link) {
	control := http.NewResponseController(w)
	control.SetReadDeadline(discardBy(l))
	control.Flush()
	io.CopyN(io.Discard, body, discardBytes)
}

func discardBy(l *link) time.Time {
	return time.Now().Add(min(discardTime, l.t.limits.BodyRead))
}

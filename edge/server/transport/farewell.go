package transport

import (
	"crypto/tls"
	"io"
	"net"
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

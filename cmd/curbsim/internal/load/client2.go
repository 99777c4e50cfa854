//lint:file-ignore SA1019 x/net/http2 calls its API deprecated in favour of the standard library's, but gets its fixes first

package load

import (
	"context"
	"crypto/tls"
	"errors"
	"net"

	"golang.org/x/net/http2"
)

// sender2 is x/net's HTTP/2 held to one connection.
type sender2 struct{ http2.Transport }

func newSender2(d *dialer) *sender2 {
	s := &sender2{}
	s.DialTLSContext = func(ctx context.Context, _, _ string, _ *tls.Config) (net.Conn, error) { return d.tcp(ctx, "h2") }
	s.DisableCompression = true
	// Past the server's limit streams wait for their turn; a second connection would not be what was asked for.
	s.StrictMaxConcurrentStreams = true
	return s
}

func (s *sender2) Close() { s.CloseIdleConnections() }

// kind2 sorts errors of HTTP/2's own; empty: it is none.
func kind2(err error) string {
	if _, ok := errors.AsType[http2.StreamError](err); ok {
		return kindReset
	}
	if _, ok := errors.AsType[http2.GoAwayError](err); ok {
		return kindClosed
	}
	if _, ok := errors.AsType[http2.ConnectionError](err); ok {
		return kindProtocol
	}
	return ""
}

package load

import (
	"context"
	"crypto/tls"
	"errors"
	"net"
	"net/http"
	"sync"
	"time"

	"github.com/quic-go/quic-go"
	"github.com/quic-go/quic-go/http3"
)

// sender is one connection's worth of an HTTP client. Its RoundTrip may be called by all streams at once; it dials when
// there is no connection, and again when one was lost.
type sender interface {
	http.RoundTripper
	Close()
}

// dialTimeout bounds connecting and handshake. It is below the usual timeout of a request, so that a target that does not
// answer at all shows as such.
const dialTimeout = 3 * time.Second

// errALPN is what a server that does not speak the protocol asked for gets.
var errALPN = errors.New("the server does not speak the protocol asked for")

// dialer opens connections to the target and times them.
type dialer struct {
	target *target
	opened func(time.Duration) // told of each connection, with how long connecting took
}

// newSender makes one connection's client; nothing is dialled yet.
func newSender(p Protocol, d *dialer) sender {
	switch p {
	case H3:
		return newSender3(d)
	case H2:
		return newSender2(d)
	}
	return newSender1(d)
}

// tcp dials, with a TLS handshake for the protocol where the target is https.
func (d *dialer) tcp(ctx context.Context, protocol string) (net.Conn, error) {
	start := time.Now()
	ctx, cancel := context.WithTimeout(ctx, dialTimeout)
	defer cancel()
	var plain net.Dialer
	conn, err := plain.DialContext(ctx, "tcp", d.target.addr)
	if err != nil || !d.target.secure {
		if err == nil {
			d.opened(time.Since(start))
		}
		return conn, err
	}
	config := d.target.tls.Clone()
	config.NextProtos = []string{protocol}
	secure := tls.Client(conn, config)
	if err := secure.HandshakeContext(ctx); err != nil {
		conn.Close()
		return nil, &handshakeError{err}
	}
	// HTTP/1.1 needs no ALPN; the others do.
	if got := secure.ConnectionState().NegotiatedProtocol; got != protocol && (got != "" || protocol == "h2") {
		conn.Close()
		return nil, &handshakeError{errALPN}
	}
	d.opened(time.Since(start))
	return secure, nil
}

// handshakeError marks what went wrong in a TLS handshake.
type handshakeError struct{ cause error }

func (e *handshakeError) Error() string { return "tls handshake: " + e.cause.Error() }
func (e *handshakeError) Unwrap() error { return e.cause }

// dialError marks what went wrong before there was a QUIC connection.
type dialError struct{ cause error }

func (e *dialError) Error() string { return "dial: " + e.cause.Error() }
func (e *dialError) Unwrap() error { return e.cause }

// sender1 is net/http held to one connection.
type sender1 struct{ http.Transport }

func newSender1(d *dialer) *sender1 {
	s := &sender1{}
	dial := func(ctx context.Context, _, _ string) (net.Conn, error) { return d.tcp(ctx, "http/1.1") }
	s.DialContext, s.DialTLSContext = dial, dial
	s.MaxConnsPerHost, s.MaxIdleConnsPerHost = 1, 1
	s.DisableCompression = true
	s.Protocols = new(http.Protocols)
	s.Protocols.SetHTTP1(true)
	return s
}

func (s *sender1) Close() { s.CloseIdleConnections() }

// sender3 is quic-go's HTTP/3 with a UDP socket of its own, as a browser has.
type sender3 struct {
	dialer *dialer
	http   http3.Transport

	mu     sync.Mutex
	socket *quic.Transport
	conns  []*quic.Conn // all that were dialled: the transport forgets those that failed without closing them
	closed bool
}

func newSender3(d *dialer) *sender3 {
	s := &sender3{dialer: d}
	s.http.TLSClientConfig = d.target.tls
	s.http.QUICConfig = &quic.Config{HandshakeIdleTimeout: dialTimeout, MaxIdleTimeout: 30 * time.Second, InitialPacketSize: 1200}
	s.http.DisableCompression = true
	s.http.Dial = s.dial
	return s
}

func (s *sender3) RoundTrip(req *http.Request) (*http.Response, error) { return s.http.RoundTrip(req) }

func (s *sender3) dial(ctx context.Context, _ string, config *tls.Config, qc *quic.Config) (*quic.Conn, error) {
	start := time.Now()
	socket, err := s.open()
	if err != nil {
		return nil, err
	}
	addr, err := net.ResolveUDPAddr("udp", s.dialer.target.addr) // an address literal: nothing is looked up
	if err != nil {
		return nil, err
	}
	config = config.Clone()
	config.ServerName = s.dialer.target.tls.ServerName
	conn, err := socket.Dial(ctx, addr, config, qc)
	if err != nil {
		return nil, &dialError{err}
	}
	s.dialer.opened(time.Since(start))
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.closed {
		conn.CloseWithError(0, "")
		return nil, net.ErrClosed
	}
	s.conns = append(s.conns, conn)
	return conn, nil
}

// open gives the sender's socket, made at first use.
func (s *sender3) open() (*quic.Transport, error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.closed {
		return nil, net.ErrClosed
	}
	if s.socket == nil {
		conn, err := net.ListenUDP("udp", nil)
		if err != nil {
			return nil, err
		}
		s.socket = &quic.Transport{Conn: conn}
	}
	return s.socket, nil
}

func (s *sender3) Close() {
	s.http.Close()
	s.mu.Lock()
	defer s.mu.Unlock()
	s.closed = true
	for _, conn := range s.conns {
		conn.CloseWithError(0, "")
	}
	if s.socket != nil {
		s.socket.Close()
		s.socket.Conn.Close()
	}
}

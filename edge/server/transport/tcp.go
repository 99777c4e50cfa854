package transport

//lint:file-ignore SA1019 RATIONALE.md says why HTTP/2 is golang.org/x/net's

import (
	"context"
	"crypto/tls"
	"errors"
	"io"
	"log"
	"net"
	"net/http"
	"os"
	"sync"
	"time"

	xhttp2 "golang.org/x/net/http2"
)

// tcpSide serves HTTP/1.1 with net/http and HTTP/2 with x/net/http2. It accepts and shakes hands itself, so that h1conn
// and h2conn can stand between TLS and either.
type tcpSide struct {
	t    *Transport
	ln   *net.TCPListener
	tls  *tls.Config
	gate *gate // shared by all TCP sides

	h1 *http.Server
	// h2Base carries the settings that x/net takes from net/http, and its Shutdown sends GOAWAY to every HTTP/2 connection.
	h2Base *http.Server
	h2     *xhttp2.Server
	h1In   *handover

	mu      sync.Mutex
	conns   map[*net.TCPConn]drainable // open, in whatever state; nil after closeAll
	wg      sync.WaitGroup             // one per connection
	stopped chan struct{}              // closed when nothing is accepted any more
}

// drainable is a connection that can be told that it will end; nil while its handshake runs.
type drainable interface{ drain() }

func newTCPSide(t *Transport, ln *net.TCPListener) (*tcpSide, error) {
	l := t.limits
	s := &tcpSide{t: t, ln: ln, gate: t.tcpGate, conns: map[*net.TCPConn]drainable{}, stopped: make(chan struct{}),
		tls: t.tcpTLS, h1In: newHandover(ln.Addr())}
	silent := log.New(io.Discard, "", 0) // both complain about every client that hangs up
	handler := http.HandlerFunc(t.serveTCPRequest)
	s.h1 = &http.Server{
		Handler: handler, ErrorLog: silent, DisableGeneralOptionsHandler: true,
		MaxHeaderBytes: l.TargetBytes + l.HeaderBytes + 4096, // headCheck has been stricter
		TLSNextProto:   map[string]func(*http.Server, *tls.Conn, http.Handler){},
		ConnContext:    func(ctx context.Context, c net.Conn) context.Context { return c.(*h1conn).link.context(ctx) },
	}
	s.h2Base = &http.Server{Handler: handler, ErrorLog: silent, MaxHeaderBytes: h2HeaderRoom * (l.TargetBytes + l.HeaderBytes), TLSConfig: s.tls.Clone(),
		// x/net counts both from the end of the header. A stream whose client makes no room for the answer ends with the
		// second; one whose client reads nothing at all ends its connection after Limits.Write.
		ReadTimeout: l.BodyRead, WriteTimeout: l.BodyRead + l.Write/2}
	s.h2 = &xhttp2.Server{
		MaxConcurrentStreams: uint32(l.H2Streams), MaxReadFrameSize: 16 << 10, MaxDecoderHeaderTableSize: 4 << 10, MaxEncoderHeaderTableSize: 4 << 10,
		IdleTimeout: l.Idle, WriteByteTimeout: l.Write,
		MaxUploadBufferPerStream: int32(l.StreamWindow), MaxUploadBufferPerConnection: int32(l.ConnectionWindow),
	}
	return s, xhttp2.ConfigureServer(s.h2Base, s.h2)
}

// h2HeaderRoom is how much more header than allowed x/net decodes, so that the door gives the answer: past it x/net answers
// 431 with a body of its own, or ends the connection.
const h2HeaderRoom = 2

// serve accepts until the listener closes, and returns when net/http has ended too.
func (s *tcpSide) serve() {
	var h1 sync.WaitGroup
	h1.Go(func() { s.h1.Serve(s.h1In) })
	s.accept()
	close(s.stopped)
	h1.Wait()
}

func (s *tcpSide) accept() {
	pause := time.Duration(0)
	for {
		c, err := s.ln.AcceptTCP()
		if err == nil {
			pause = 0
			s.admit(c)
			continue
		}
		if errors.Is(err, net.ErrClosed) {
			return
		}
		if errors.Is(err, os.ErrDeadlineExceeded) && s.t.draining.Load() {
			s.ln.Close() // the backlog is empty: see drain
			return
		}
		// Out of descriptors, usually: connections that end make room.
		pause = min(max(2*pause, 5*time.Millisecond), time.Second)
		s.t.logger.Warn("accept failed", "error", err, "again in", pause)
		time.Sleep(pause)
	}
}

// admit takes a connection in, unless there are too many.
func (s *tcpSide) admit(c *net.TCPConn) {
	key := keyOf(c.RemoteAddr())
	if !s.gate.enter(key) {
		s.t.acceptRefused.Add(1)
		c.SetLinger(0)
		c.Close()
		return
	}
	s.mu.Lock()
	open := s.conns != nil
	if open {
		s.conns[c] = nil
		s.wg.Add(1)
	}
	s.mu.Unlock()
	if !open {
		s.gate.leave(key)
		c.Close()
		return
	}
	go s.shakeHands(c, func() {
		s.mu.Lock()
		delete(s.conns, c)
		s.mu.Unlock()
		s.gate.leave(key)
		s.wg.Done()
	})
}

// shakeHands does TLS and hands the connection to its protocol. closed is called once, when the connection has ended.
func (s *tcpSide) shakeHands(tcp *net.TCPConn, closed func()) {
	c := tls.Server(tcp, s.tls)
	tcp.SetDeadline(time.Now().Add(s.t.limits.Handshake))
	if err := c.Handshake(); err != nil {
		s.t.handshakeFailed.Add(1)
		c.Close()
		closed()
		return
	}
	tcp.SetDeadline(time.Time{})
	state := c.ConnectionState()
	if state.NegotiatedProtocol != "h2" {
		h := newH1Conn(c, tcp, s.t.newLink(protocolH1, &state), closed)
		s.note(tcp, h)
		s.h1In.give(h)
		return
	}
	l := s.t.newLink(protocolH2, &state)
	h := newH2Conn(c, tcp, l, closed)
	s.note(tcp, h)
	s.h2.ServeConn(h, &xhttp2.ServeConnOpts{Context: l.context(context.Background()), BaseConfig: s.h2Base})
	h.Close()
}

// note remembers whom to tell when the node drains, and tells at once if it does already.
func (s *tcpSide) note(tcp *net.TCPConn, d drainable) {
	s.mu.Lock()
	if s.conns != nil {
		s.conns[tcp] = d
	}
	s.mu.Unlock()
	if s.t.draining.Load() {
		d.drain()
	}
}

// drain stops accepting, once what the kernel has already accepted is taken in, and tells connections to end. It returns
// when all have ended.
func (s *tcpSide) drain(ctx context.Context) error {
	s.ln.SetDeadline(time.Now().Add(backlogTime))
	s.mu.Lock()
	for _, d := range s.conns {
		if d != nil {
			d.drain()
		}
	}
	s.mu.Unlock()
	select {
	case <-time.After(overlapTime): // requests that crossed the first GOAWAY arrive
	case <-ctx.Done():
	}
	s.h2Base.Shutdown(ctx)
	done := make(chan struct{})
	go func() {
		<-s.stopped
		s.wg.Wait()
		close(done)
	}()
	select {
	case <-done:
		return nil
	case <-ctx.Done():
		return ctx.Err()
	}
}

const (
	// backlogTime is how long the listener goes on accepting: a connection that the kernel has accepted and nobody takes
	// is reset, and its client has done nothing wrong.
	backlogTime = 20 * time.Millisecond
	// overlapTime is how long a connection goes on taking requests after it has announced its end: more than a round trip.
	overlapTime = 250 * time.Millisecond
)

// closeAll ends every connection at once and waits until nothing of them runs.
func (s *tcpSide) closeAll() {
	s.ln.Close()
	s.mu.Lock()
	conns := s.conns
	s.conns = nil
	s.mu.Unlock()
	for c := range conns {
		c.SetLinger(0)
		c.Close()
	}
	<-s.stopped
	s.h1In.close()
	s.wg.Wait()
	s.h1.Close()
}

// handover is the listener that gives net/http connections whose handshake is done.
type handover struct {
	addr  net.Addr
	conns chan *h1conn
	done  chan struct{}
	once  sync.Once
}

func newHandover(addr net.Addr) *handover {
	return &handover{addr: addr, conns: make(chan *h1conn), done: make(chan struct{})}
}

func (h *handover) give(c *h1conn) {
	select {
	case h.conns <- c:
	case <-h.done:
		c.Close()
	}
}

func (h *handover) close() { h.once.Do(func() { close(h.done) }) }

// Accept implements net.Listener.
func (h *handover) Accept() (net.Conn, error) {
	select {
	case c := <-h.conns:
		return c, nil
	case <-h.done:
		return nil, net.ErrClosed
	}
}

// Close implements net.Listener.
func (h *handover) Close() error { return nil }

// Addr implements net.Listener.
func (h *handover) Addr() net.Addr { return h.addr }

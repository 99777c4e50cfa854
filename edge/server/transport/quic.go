package transport

import (
	"context"
	"errors"
	"net"
	"sync"
	"time"

	"github.com/quic-go/quic-go"
)

// quicSide serves HTTP/3 on quic-go's connections.
type quicSide struct {
	t    *Transport
	udp  *net.UDPConn
	quic *quic.Transport
	ln   *quic.EarlyListener
	work *workers

	mu      sync.Mutex
	conns   map[*h3conn]struct{} // nil after closeAll
	wg      sync.WaitGroup       // one per connection
	stopped chan struct{}        // closed when nothing is accepted any more
}

// attempt is a connection from its first packet on. Its handshake counts until it is complete or has failed.
type attempt struct {
	verified func()
}

type attemptKey struct{}

func newQUICSide(t *Transport, udp *net.UDPConn) (*quicSide, error) {
	l := t.limits
	s := &quicSide{t: t, udp: udp, work: newWorkers(), conns: map[*h3conn]struct{}{}, stopped: make(chan struct{})}
	reset, token := quic.StatelessResetKey(t.keys.reset), quic.TokenGeneratorKey(t.keys.token)
	s.quic = &quic.Transport{
		Conn: udp, ConnectionIDLength: 8, StatelessResetKey: &reset, TokenGeneratorKey: &token, MaxTokenAge: 24 * time.Hour,
		VerifySourceAddress: s.verify, ConnContext: s.admit,
	}
	var err error
	s.ln, err = s.quic.ListenEarly(t.quicTLS, &quic.Config{
		HandshakeIdleTimeout: l.Handshake, MaxIdleTimeout: l.Idle,
		MaxIncomingStreams: int64(l.H3Streams), MaxIncomingUniStreams: int64(l.H3UniStreams),
		// Initial and largest window are the same: nothing is to be had by sending faster.
		InitialStreamReceiveWindow: uint64(l.StreamWindow), MaxStreamReceiveWindow: uint64(l.StreamWindow),
		InitialConnectionReceiveWindow: uint64(l.ConnectionWindow), MaxConnectionReceiveWindow: uint64(l.ConnectionWindow),
		InitialPacketSize: 1200, // the default of 1280 does not fit the smallest MTU of IPv6
		Allow0RTT:         true, // see waitForHandshake
	})
	return s, err
}

// verify is asked for every first packet whether its address has to be proven.
func (s *quicSide) verify(net.Addr) bool {
	retry := s.t.governor.arrive(time.Now())
	if retry {
		s.t.quicRetried.Add(1)
	}
	return retry
}

var errTooMany = errors.New("too many connections")

// admit is asked for every new connection; an error refuses it.
func (s *quicSide) admit(ctx context.Context, client *quic.ClientInfo) (context.Context, error) {
	key := keyOf(client.RemoteAddr)
	if !s.t.udpGate.enter(key) {
		s.t.quicRefused.Add(1)
		return nil, errTooMany
	}
	if !s.t.governor.begin() {
		s.t.udpGate.leave(key)
		s.t.quicRefused.Add(1)
		return nil, errTooMany
	}
	a := &attempt{verified: sync.OnceFunc(s.t.governor.end)}
	context.AfterFunc(ctx, func() {
		a.verified()
		s.t.udpGate.leave(key)
	})
	return context.WithValue(ctx, attemptKey{}, a), nil
}

// serve accepts until the listener closes. It only starts: the accept queue is short, and what does not fit is refused.
func (s *quicSide) serve() {
	defer close(s.stopped)
	for {
		q, err := s.ln.Accept(context.Background())
		if err != nil {
			return
		}
		s.mu.Lock()
		if s.conns == nil {
			s.mu.Unlock()
			q.CloseWithError(quic.ApplicationErrorCode(h3NoError), "")
			continue
		}
		c := newH3Conn(s.t, q, s.work)
		s.conns[c] = struct{}{}
		s.wg.Add(1)
		s.mu.Unlock()
		go s.serveConn(c)
	}
}

func (s *quicSide) serveConn(c *h3conn) {
	defer s.wg.Done()
	verified := func() {}
	if a, ok := c.quic.Context().Value(attemptKey{}).(*attempt); ok {
		verified = a.verified
	}
	c.serve(verified)
	s.mu.Lock()
	delete(s.conns, c)
	s.mu.Unlock()
}

// drain stops accepting and tells connections to end. It returns when all have ended. Handshakes that are on their way get
// a moment to become connections; one that never ends holds nobody up.
func (s *quicSide) drain(ctx context.Context) error {
	late := time.Now().Add(s.t.limits.DrainGrace)
	s.wg.Go(func() { s.ln.Close() }) // waits for handshakes; closeAll ends them, and it
	s.mu.Lock()
	for c := range s.conns {
		s.wg.Go(c.drain)
	}
	s.mu.Unlock()
	look := time.NewTicker(10 * time.Millisecond)
	defer look.Stop()
	for {
		select {
		case <-ctx.Done():
			return ctx.Err()
		case now := <-look.C:
			s.mu.Lock()
			left := len(s.conns)
			s.mu.Unlock()
			if left == 0 && (s.isStopped() || now.After(late)) {
				return nil
			}
		}
	}
}

func (s *quicSide) isStopped() bool {
	select {
	case <-s.stopped:
		return true
	default:
		return false
	}
}

// closeAll ends every connection at once and waits until nothing of them runs.
func (s *quicSide) closeAll() {
	s.mu.Lock()
	conns := s.conns
	s.conns = nil
	s.mu.Unlock()
	var closing sync.WaitGroup
	for c := range conns {
		closing.Go(func() { c.end(h3NoError, "") })
	}
	closing.Wait()
	s.quic.Close() // handshakes too
	<-s.stopped
	s.wg.Wait()
	s.work.close()
	s.udp.Close()
}

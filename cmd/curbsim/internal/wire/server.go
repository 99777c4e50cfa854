package wire

import (
	"context"
	"errors"
	"net"
	"net/http"
	"sync"
	"sync/atomic"
	"time"
)

// idleMax is how long a connection may stand without a request. It is longer than the idle time of any client that keeps
// connections to bidders, so that it is the client that decides.
const idleMax = 3 * time.Minute

// Options say what a server does with requests.
type Options struct {
	// Hot serves the exchanges of the hot path and reports whether it did; what it declines goes to Handler.
	Hot func(*Exchange) bool
	// Handler serves everything else, from memory: it gets the whole body and its answer is collected before it is sent.
	Handler http.Handler
}

// Server serves one listener until Stop. Make one with New.
type Server struct {
	hot      func(*Exchange) bool
	handler  http.Handler
	listener net.Listener

	ctx    context.Context
	cancel context.CancelFunc
	owned  sync.WaitGroup // the accept loop and every connection

	mu       sync.Mutex
	conns    map[*conn]struct{}
	accepted atomic.Uint64
}

// New makes a server for the listener, which it owns from now on. It serves once started.
func New(listener net.Listener, options Options) *Server {
	s := &Server{hot: options.Hot, handler: options.Handler, listener: listener, conns: map[*conn]struct{}{}}
	s.ctx, s.cancel = context.WithCancel(context.Background())
	return s
}

// Start begins to serve.
func (s *Server) Start() { s.owned.Go(s.accept) }

// Addr is where the server listens.
func (s *Server) Addr() net.Addr { return s.listener.Addr() }

// Connections says how many connections are open and how many were accepted since the start.
func (s *Server) Connections() (open int, accepted uint64) {
	s.mu.Lock()
	defer s.mu.Unlock()
	return len(s.conns), s.accepted.Load()
}

// Stop closes the listener, wakes every wait of an exchange, and returns when all connections have ended. Exchanges under
// way get until ctx ends to write their answer; then their connections are cut.
func (s *Server) Stop(ctx context.Context) {
	s.listener.Close()
	s.mu.Lock()
	s.cancel()
	for c := range s.conns {
		if !c.busy.Load() {
			c.nc.SetReadDeadline(time.Unix(1, 0))
		}
	}
	s.mu.Unlock()
	ended := make(chan struct{}) // closed once, by the goroutine below, which ends when the connections have
	go func() {
		s.owned.Wait()
		close(ended)
	}()
	select {
	case <-ended:
		return
	case <-ctx.Done():
	}
	s.mu.Lock()
	for c := range s.conns {
		c.nc.Close()
	}
	s.mu.Unlock()
	<-ended
}

func (s *Server) accept() {
	for {
		nc, err := s.listener.Accept()
		if errors.Is(err, net.ErrClosed) || s.ctx.Err() != nil {
			if err == nil {
				nc.Close()
			}
			return
		}
		if err != nil {
			// Out of descriptors, most likely: let connections end before trying again.
			select {
			case <-time.After(5 * time.Millisecond):
			case <-s.ctx.Done():
			}
			continue
		}
		s.accepted.Add(1)
		c := newConn(s, nc)
		s.mu.Lock()
		s.conns[c] = struct{}{}
		s.mu.Unlock()
		s.owned.Go(c.serve)
	}
}

func (s *Server) forget(c *conn) {
	c.nc.Close()
	s.mu.Lock()
	delete(s.conns, c)
	s.mu.Unlock()
}

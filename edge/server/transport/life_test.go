package transport

import (
	"context"
	"crypto/tls"
	"errors"
	"io"
	"net"
	"net/http"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/quic-go/quic-go"
)

// TestDrainFailsNoRequest drains while clients of all protocols work as fast as they can. Only connecting may fail.
func TestDrainFailsNoRequest(t *testing.T) {
	t.Parallel()
	s := serve(t, http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		time.Sleep(2 * time.Millisecond)
		echo(w, r)
	}))
	var load sync.WaitGroup
	var served, after [3]atomic.Int64
	var draining atomic.Bool
	for i := range 12 {
		n := i % 3
		c := s.client(t, allProtocols[n])
		load.Go(func() {
			for {
				a, err := c.do("POST", "/", strings.NewReader("body"))
				if err != nil {
					if _, refused := errors.AsType[connectError](err); !refused || !draining.Load() {
						t.Errorf("%s: after %d requests: %v", allProtocols[n], served[n].Load(), err)
					}
					return
				}
				if a.status != 200 || !strings.HasSuffix(a.body, " body") {
					t.Errorf("%s: %+v", allProtocols[n], a)
				}
				served[n].Add(1)
				if draining.Load() {
					after[n].Add(1)
					if clear := a.header.Get("Alt-Svc") == "clear"; n < 2 && !clear && after[n].Load() > 20 {
						t.Errorf("%s: Alt-Svc is %q while draining", allProtocols[n], a.header.Get("Alt-Svc"))
					}
				}
			}
		})
	}
	for n := range allProtocols {
		waitFor(t, func() bool { return served[n].Load() >= 50 })
	}
	idle := []io.Closer{s.dial(t, "localhost"), s.dial(t, "localhost", "h2")}
	start := time.Now()
	draining.Store(true)
	ctx, cancel := context.WithTimeout(t.Context(), 8*time.Second)
	defer cancel()
	if err := s.Drain(ctx); err != nil {
		t.Errorf("%v: %+v", err, s.Stats())
	}
	t.Logf("drained in %v", time.Since(start))
	load.Wait()
	for n, p := range allProtocols {
		if after[n].Load() == 0 {
			t.Errorf("%s: no request was served while draining: the test shows nothing", p)
		}
	}
	for _, c := range idle {
		c.Close()
	}
	if s.Drain(ctx) == nil {
		t.Error("a second Drain must say so")
	}
}

// TestDrainWaitsForAnswers lets handlers work longer than everything else takes.
func TestDrainWaitsForAnswers(t *testing.T) {
	t.Parallel()
	begun := make(chan struct{}, 3)
	s := serve(t, http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		begun <- struct{}{}
		time.Sleep(1500 * time.Millisecond)
		if err := r.Context().Err(); err != nil {
			t.Errorf("%s: %v", r.Proto, err)
		}
		io.WriteString(w, "done")
	}))
	var asked sync.WaitGroup
	for _, p := range allProtocols {
		c := s.client(t, p)
		asked.Go(func() {
			if a, err := c.do("GET", "/", nil); err != nil || a.body != "done" {
				t.Errorf("%s: %v %q", p, err, a.body)
			}
		})
	}
	for range 3 {
		<-begun
	}
	if err := s.Drain(t.Context()); err != nil {
		t.Error(err)
	}
	asked.Wait()
}

// TestDrainIsBounded cuts what does not end, and says so.
func TestDrainIsBounded(t *testing.T) {
	begun, release := make(chan struct{}, 3), make(chan struct{})
	s := serve(t, http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		begun <- struct{}{}
		select {
		case <-r.Context().Done():
		case <-release:
		}
	}))
	var asked sync.WaitGroup
	for _, p := range allProtocols {
		c := s.client(t, p)
		asked.Go(func() { c.do("GET", "/", nil) })
	}
	for range 3 {
		<-begun
	}
	ctx, cancel := context.WithTimeout(t.Context(), 300*time.Millisecond)
	defer cancel()
	start := time.Now()
	if err := s.Drain(ctx); err == nil || !strings.Contains(err.Error(), "3 requests in flight were cut") || !errors.Is(err, context.DeadlineExceeded) {
		t.Error(err)
	}
	if took := time.Since(start); took > 3*time.Second {
		t.Errorf("took %v", took)
	}
	close(release)
	asked.Wait()
}

// TestOldConnectionsAreHandedOver bounds the life of HTTP/3 connections, without failing a request.
func TestOldConnectionsAreHandedOver(t *testing.T) {
	t.Parallel()
	s := serve(t, http.HandlerFunc(echo), func(o *Options) { o.Limits.ConnectionAge = 300 * time.Millisecond })
	c := s.client(t, "h3")
	for end := time.Now().Add(1500 * time.Millisecond); time.Now().Before(end); {
		if a := c.must("POST", "/", strings.NewReader("body")); a.status != 200 {
			t.Fatalf("%+v", a)
		}
	}
	if n := s.Stats().H3.Connections; n < 3 {
		t.Errorf("%d connections in 1.5 s, want 3 at least", n)
	}
}

// TestRestart takes the socket away without a word and starts again on the same port: clients with open connections are
// back at once if the keys are the same.
func TestRestart(t *testing.T) {
	dir := t.TempDir()
	ca, err := OpenLocalCA(LocalCAOptions{Own: []string{"localhost"}})
	if err != nil {
		t.Fatal(err)
	}
	start := func(addr string) *Transport {
		tr, err := Listen(Options{Addr: addr, Handler: http.HandlerFunc(echo), Own: []string{"localhost"}, Certificates: ca, KeysDir: dir})
		if err != nil {
			t.Fatal(err)
		}
		go tr.Serve()
		return tr
	}
	first := start("127.0.0.1:0")
	s := &server{Transport: first, ca: ca, pool: trust(t, ca)}
	c := s.client(t, "h3")
	c.must("GET", "/", nil)
	first.sides[1].(*quicSide).udp.Close() // no CONNECTION_CLOSE leaves
	first.Close()

	second := start(first.Addr().String())
	defer second.Close()
	begun := time.Now()
	var a answer
	for range 10 { // the first request may fail: it learns of the restart
		if a, err = c.do("GET", "/", nil); err == nil {
			break
		}
	}
	if err != nil || a.status != 200 {
		t.Fatalf("%v %+v", err, a)
	}
	if took := time.Since(begun); took > time.Second {
		t.Errorf("took %v: the client waited for a time-out", took)
	}
}

// TestEarlyData sends requests before the handshake is complete. Only paths without side effects are answered then.
func TestEarlyData(t *testing.T) {
	s := serve(t, http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if !r.TLS.HandshakeComplete {
			w.Header().Set("X-Seen", "early")
		}
	}), func(o *Options) { o.EarlyPaths = []string{"/static.js"} })
	e := s.newEarly(t)
	for i := range 3 {
		if o := e.ask("/static.js"); o.status != 200 || o.seen != "early" {
			t.Errorf("a path without side effects: %+v", o)
		}
		if o := e.ask("/tt"); o.status != 200 || o.seen != "" {
			t.Errorf("a path with side effects: %+v", o)
		}
		if n := s.Stats().H3.Early; n != uint64(2*(i+1)) {
			t.Errorf("%d early requests are counted, want %d", n, 2*(i+1))
		}
	}
}

// TestReplayedEarlyDataReachesNoHandler never completes the handshake, as whoever replays the packets of another cannot.
func TestReplayedEarlyDataReachesNoHandler(t *testing.T) {
	var reached atomic.Int64
	s := serve(t, http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) { reached.Add(1) }))
	e := s.newEarly(t)
	before := reached.Load()
	e.send("/tt")
	waitFor(t, func() bool { return s.Stats().H3.Early == 1 }) // it is there, and waits
	time.Sleep(200 * time.Millisecond)
	if n := reached.Load(); n != before {
		t.Errorf("%d requests reached the handler without a handshake", n-before)
	}
}

// early is a client that has been here before, and asks before the server has said anything.
type early struct {
	s        *server
	t        *testing.T
	sessions tls.ClientSessionCache
}

func (s *server) newEarly(t *testing.T) early {
	e := early{s, t, tls.NewLRUClientSessionCache(10)}
	c := s.tls("localhost", "h3")
	c.ClientSessionCache = e.sessions
	conn, err := s.packets(t).Dial(t.Context(), net.UDPAddrFromAddrPort(s.Addr()), c, &quic.Config{})
	if err != nil {
		t.Fatal(err)
	}
	h := rawH3{Conn: conn, t: t}
	str := h.open(section(get("localhost", "/")...))
	str.Close()
	if o := h.await(str); o.status != 200 {
		t.Fatalf("%+v", o)
	}
	waitFor(t, func() bool { _, ok := e.sessions.Get("localhost"); return ok })
	return e
}

// send connects and asks through a relay that keeps the server's words back.
func (e early) send(path string) (rawH3, *quic.Stream, *relay) {
	e.t.Helper()
	r := newRelay(e.t, e.s.Addr())
	c := e.s.tls("localhost", "h3")
	c.ClientSessionCache = e.sessions
	conn, err := e.s.packets(e.t).DialEarly(e.t.Context(), r.addr(), c, &quic.Config{})
	if err != nil {
		e.t.Fatal(err)
	}
	h := rawH3{Conn: conn, t: e.t}
	str := h.open(section(get("localhost", path)...))
	str.Close()
	return h, str, r
}

// ask lets the server's words through once the early request has arrived.
func (e early) ask(path string) h3Outcome {
	e.t.Helper()
	before := e.s.Stats().H3.Early
	h, str, r := e.send(path)
	waitFor(e.t, func() bool { return e.s.Stats().H3.Early > before })
	r.release()
	o := h.await(str)
	if !h.ConnectionState().Used0RTT {
		e.t.Error("0-RTT was not used")
	}
	time.Sleep(20 * time.Millisecond) // the next session ticket arrives
	h.CloseWithError(quic.ApplicationErrorCode(h3NoError), "")
	return o
}

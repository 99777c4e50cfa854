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
	"syscall"
	"testing"
	"time"

	"github.com/quic-go/quic-go"
	"github.com/quic-go/quic-go/http3"
)

// TestDrainFailsNoRequest drains while clients of all protocols work as fast as they can. Only connecting may fail.
func TestDrainFailsNoRequest(t *testing.T) {
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
					if !draining.Load() || !connecting(err) {
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
	time.Sleep(300 * time.Millisecond)
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
		if served[n].Load() < 50 || after[n].Load() == 0 {
			t.Errorf("%s: %d requests were served, %d of them while draining: too few to show anything", p, served[n].Load(), after[n].Load())
		}
	}
	for _, c := range idle {
		c.Close()
	}
	if s.Drain(ctx) == nil {
		t.Error("a second Drain must say so")
	}
}

// connecting reports whether an error is from making a connection, not from a request on one.
func connecting(err error) bool {
	var op *net.OpError
	if errors.As(err, &op) && op.Op == "dial" || errors.Is(err, syscall.ECONNREFUSED) {
		return true
	}
	var idle *quic.IdleTimeoutError
	var handshake *quic.HandshakeTimeoutError
	var reset *quic.StatelessResetError
	var transport *quic.TransportError
	return errors.As(err, &idle) || errors.As(err, &handshake) || errors.As(err, &reset) || errors.As(err, &transport) || errors.Is(err, context.DeadlineExceeded)
}

// TestDrainWaitsForAnswers lets handlers work longer than everything else takes.
func TestDrainWaitsForAnswers(t *testing.T) {
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
	first.udp.udp.Close() // no CONNECTION_CLOSE leaves
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
	dir := t.TempDir()
	s := serve(t, http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if early := !r.TLS.HandshakeComplete; early {
			w.Header().Set("X-Early", "1")
		}
		echo(w, r)
	}), func(o *Options) { o.EarlyPaths = []string{"/static.js"}; o.KeysDir = dir })
	sessions := tls.NewLRUClientSessionCache(10)
	early := map[string]int{}
	for round := range 12 {
		path := []string{"/static.js", "/tt"}[round%2]
		if s.askEarly(t, sessions, path) {
			early[path]++
		}
	}
	if early["/static.js"] == 0 {
		t.Error("no request was answered early: 0-RTT does not work")
	}
	if early["/tt"] != 0 {
		t.Errorf("%d requests with side effects were answered before the handshake was complete", early["/tt"])
	}
	if n := s.Stats().H3.Early; n < 6 {
		t.Errorf("%d early requests are counted", n)
	}
}

// askEarly connects anew with what earlier connections left, asks at once, and reports whether the answer was early.
func (s *server) askEarly(t *testing.T, sessions tls.ClientSessionCache, path string) bool {
	t.Helper()
	c := s.tls("localhost", "h3")
	c.ClientSessionCache = sessions
	ctx, cancel := context.WithTimeout(t.Context(), 5*time.Second)
	defer cancel()
	conn, err := s.packets(t).DialEarly(ctx, net.UDPAddrFromAddrPort(s.Addr()), c, &quic.Config{})
	if err != nil {
		t.Fatal(err)
	}
	defer conn.CloseWithError(quic.ApplicationErrorCode(h3NoError), "")
	r, err := http.NewRequestWithContext(ctx, http3.MethodGet0RTT, s.url(path), nil)
	if err != nil {
		t.Fatal(err)
	}
	resp, err := (&http3.Transport{}).NewClientConn(conn).RoundTrip(r)
	if err != nil {
		t.Fatal(err)
	}
	defer resp.Body.Close()
	if body, err := io.ReadAll(resp.Body); err != nil || resp.StatusCode != 200 {
		t.Fatalf("%v %d %q", err, resp.StatusCode, body)
	}
	<-conn.HandshakeComplete()
	time.Sleep(10 * time.Millisecond) // the next session ticket arrives
	return resp.Header.Get("X-Early") != ""
}

// TestReplayedEarlyDataReachesNoHandler holds the handshake up for ever: the request was sent, and is not served.
func TestReplayedEarlyDataReachesNoHandler(t *testing.T) {
	var reached atomic.Int64
	s := serve(t, http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if r.URL.Path == "/tt" && r.Header.Get("X-Second") != "" {
			reached.Add(1)
		}
	}))
	sessions := tls.NewLRUClientSessionCache(10)
	s.askEarly(t, sessions, "/tt")

	relay := newRelay(t, s.Addr())
	c := s.tls("localhost", "h3")
	c.ClientSessionCache = sessions
	ctx, cancel := context.WithTimeout(t.Context(), 2*time.Second)
	defer cancel()
	conn, err := s.packets(t).DialEarly(ctx, relay.addr(), c, &quic.Config{})
	if err != nil {
		t.Fatal(err)
	}
	r, _ := http.NewRequestWithContext(ctx, http3.MethodGet0RTT, s.url("/tt"), nil)
	r.Header.Set("X-Second", "1")
	done := make(chan struct{})
	go func() {
		defer close(done)
		(&http3.Transport{}).NewClientConn(conn).RoundTrip(r)
	}()
	waitFor(t, func() bool { return s.Stats().H3.Early == 1 }) // it arrived, and waits
	time.Sleep(200 * time.Millisecond)
	if n := reached.Load(); n != 0 {
		t.Errorf("%d requests reached the handler without a handshake", n)
	}
	conn.CloseWithError(0, "")
	<-done
}

package transport

import (
	"context"
	"net"
	"net/http"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"github.com/quic-go/quic-go"
)

func TestKeyOf(t *testing.T) {
	tcp := func(ip string) netKey { return keyOf(&net.TCPAddr{IP: net.ParseIP(ip), Port: 1}) }
	udp := func(ip string) netKey { return keyOf(&net.UDPAddr{IP: net.ParseIP(ip), Port: 2}) }
	for _, same := range [][2]netKey{
		{tcp("192.0.2.1"), udp("192.0.2.255")}, {tcp("::ffff:192.0.2.1"), tcp("192.0.2.7")},
		{tcp("2001:db8:0:ff00::1"), udp("2001:db8:0:ffff:ffff:ffff:ffff:ffff")},
	} {
		if same[0] != same[1] {
			t.Errorf("%v and %v are one network", same[0], same[1])
		}
	}
	for _, apart := range [][2]netKey{{tcp("192.0.2.1"), tcp("192.0.3.1")}, {tcp("2001:db8:0:fe00::1"), tcp("2001:db8:0:ff00::1")}, {tcp("0.0.0.1"), tcp("::1")}} {
		if apart[0] == apart[1] {
			t.Errorf("%v are two networks", apart[0])
		}
	}
	if keyOf(&net.UnixAddr{}) != (netKey{}) {
		t.Error("an address without IP has a key")
	}
}

func TestGate(t *testing.T) {
	g := newGate(3, 2)
	a, b := netKey{1}, netKey{2}
	for i, step := range []struct {
		key netKey
		in  bool
	}{{a, true}, {a, true}, {a, false}, {b, true}, {b, false}} {
		if g.enter(step.key) != step.in {
			t.Errorf("step %d: want %t", i, step.in)
		}
	}
	g.leave(a)
	if !g.enter(b) || g.enter(a) {
		t.Error("a place that is free again goes to whoever comes first")
	}
	for range 2 {
		g.leave(b)
	}
	if g.leave(a); len(g.nets) != 0 || g.open != 0 {
		t.Errorf("%d networks and %d connections are left", len(g.nets), g.open)
	}
}

func TestGovernor(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		g := governor{handshakes: 4, verified: 2, rate: 3}
		for i, want := range []bool{false, false, false, true, true} {
			if g.arrive(time.Now()) != want {
				t.Errorf("attempt %d within a second: want %t", i, want)
			}
		}
		time.Sleep(time.Second)
		if g.arrive(time.Now()) {
			t.Error("the next second begins anew")
		}
		for i, want := range []bool{true, true, true, true, false} {
			if g.begin() != want {
				t.Errorf("handshake %d: want %t", i, want)
			}
		}
		if !g.arrive(time.Now()) {
			t.Error("too many handshakes are in flight for an address that is not proven")
		}
		for range 4 {
			g.end()
		}
		if g.arrive(time.Now()) || !g.begin() {
			t.Error("handshakes that ended still count")
		}
	})
}

func TestAllowance(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		var a allowance
		for i := range 6 {
			if ok := a.take(time.Now(), 10*time.Second, 5); ok != (i < 5) {
				t.Errorf("event %d: %t", i, ok)
			}
		}
		time.Sleep(10*time.Second - time.Millisecond)
		if a.take(time.Now(), 10*time.Second, 5) {
			t.Error("the window is not over")
		}
		time.Sleep(time.Millisecond)
		if !a.take(time.Now(), 10*time.Second, 5) {
			t.Error("a new window has begun")
		}
	})
}

// TestRetry floods with connections: from some number on, clients prove their address, and are served.
func TestRetry(t *testing.T) {
	s := serve(t, http.HandlerFunc(echo), func(o *Options) { o.Limits.HandshakeRate = 2 })
	for range 10 {
		if a := s.client(t, "h3").must("GET", "/", nil); a.status != 200 {
			t.Fatalf("%+v", a)
		}
	}
	if st := s.Stats(); st.QUICRetried == 0 || st.QUICRefused != 0 {
		t.Errorf("%d clients proved their address, %d were refused", st.QUICRetried, st.QUICRefused)
	}
}

// TestForgedAddresses begins handshakes from addresses that never answer. The server says at most three times what it
// heard (RFC 9000 §8.1), and no more of them hold memory than the limit says.
func TestForgedAddresses(t *testing.T) {
	t.Parallel()
	s := serve(t, http.HandlerFunc(echo), func(o *Options) { o.Limits.Handshakes, o.Limits.Handshake = 5, 500*time.Millisecond })
	ctx, cancel := context.WithTimeout(t.Context(), time.Second)
	defer cancel()
	var relays []*relay
	var dials sync.WaitGroup
	for range 8 {
		r := newRelay(t, s.Addr())
		relays = append(relays, r)
		pt := s.packets(t)
		dials.Go(func() {
			if c, err := pt.Dial(ctx, r.addr(), s.tls("localhost", "h3"), &quic.Config{}); err == nil {
				c.CloseWithError(0, "")
				t.Error("a handshake ended without answers")
			}
		})
	}
	waitFor(t, func() bool { return s.Stats().QUICRefused > 0 })
	if n := s.governor.inFlight.Load(); n > 5 {
		t.Errorf("%d handshakes are in flight, want 5 at most", n)
	}
	dials.Wait()
	for _, r := range relays {
		if heard, sent := r.heard.Load(), r.towards.Load(); heard > 3*sent || sent == 0 {
			t.Errorf("%d bytes came back for %d", heard, sent)
		}
	}
	waitFor(t, func() bool { return s.governor.inFlight.Load() == 0 })
	s.alive(t)
}

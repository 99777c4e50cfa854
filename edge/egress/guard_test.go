package egress

import (
	"context"
	"errors"
	"net"
	"net/netip"
	"strconv"
	"testing"
	"testing/synctest"
	"time"

	"go.uber.org/goleak"
)

func TestMain(m *testing.M) { goleak.VerifyTestMain(m) }

func newGuard(t testing.TB, o Options) *Guard {
	t.Helper()
	g, err := New(o)
	if err != nil {
		t.Fatal(err)
	}
	return g
}

func labGuard(t testing.TB) *Guard {
	return newGuard(t, Options{Lab: []netip.Prefix{netip.MustParsePrefix("127.0.0.0/8"), netip.MustParsePrefix("::1/128")}})
}

// TestPermitDeniesWhatIsNotPublic lists an address of every special range, at both ends where they are odd, and the
// nearest public ones beside them.
func TestPermitDeniesWhatIsNotPublic(t *testing.T) {
	g := newGuard(t, Options{})
	denied := []string{
		"0.0.0.0", "0.1.2.3", "10.0.0.1", "100.64.0.1", "100.127.255.255", "127.0.0.1", "127.1.2.3", "168.63.129.16",
		"169.254.169.254", "172.16.0.1", "172.31.255.255", "192.0.0.1", "192.0.0.192", "192.0.2.1", "192.88.99.1",
		"192.168.1.1", "198.18.0.1", "198.19.255.255", "198.51.100.7", "203.0.113.7", "224.0.0.1", "239.255.255.255",
		"240.0.0.1", "255.255.255.255",
		"::", "::1", "::127.0.0.1", "::ffff:127.0.0.1", "::ffff:10.0.0.1", "::ffff:169.254.169.254", "::ffff:0:127.0.0.1",
		"64:ff9b::7f00:1", "64:ff9b:1::7f00:1", "100::1", "2001::1", "2001:1ff:ffff::1", "2001:db8::1", "2002:7f00:1::",
		"3fff::1", "4000::1", "5f00::1", "fc00::1", "fd00:ec2::254", "fe80::1", "fe80::1%eth0", "fec0::1", "ff02::1",
	}
	for _, text := range denied {
		if err := g.Permit(netip.MustParseAddr(text)); !errors.Is(err, ErrDenied) {
			t.Errorf("%s: %v, want it denied", text, err)
		}
	}
	if err := g.Permit(netip.Addr{}); !errors.Is(err, ErrDenied) {
		t.Errorf("no address: %v, want it denied", err)
	}
	for _, text := range []string{
		"1.1.1.1", "9.255.255.255", "11.0.0.0", "100.63.255.255", "100.128.0.0", "126.255.255.255", "128.0.0.1",
		"168.63.129.15", "172.15.255.255", "172.32.0.0", "198.17.255.255", "198.20.0.0", "223.255.255.255",
		"2001:200::1", "2001:db9::1", "2003::1", "2606:4700::1111", "::ffff:1.1.1.1",
	} {
		if err := g.Permit(netip.MustParseAddr(text)); err != nil {
			t.Errorf("%s: %v, want it permitted", text, err)
		}
	}
}

func TestLabOpensItsPrefixesOnly(t *testing.T) {
	g := labGuard(t)
	for text, want := range map[string]bool{"127.0.0.1": true, "::ffff:127.0.0.1": true, "::1": true, "10.0.0.1": false, "::127.0.0.1": false, "169.254.169.254": false} {
		if got := g.Permit(netip.MustParseAddr(text)) == nil; got != want {
			t.Errorf("%s permitted = %v, want %v", text, got, want)
		}
	}
	if _, err := New(Options{Lab: []netip.Prefix{netip.MustParsePrefix("127.0.0.1/0")}}); err == nil {
		t.Error("a lab prefix with host bits was taken")
	}
}

// listen accepts on loopback and counts by closing; the port is what a test dials.
func listen(t *testing.T) (port string, accepted <-chan struct{}) {
	t.Helper()
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	seen := make(chan struct{}, 64) // more than any test dials
	done := make(chan struct{})
	go func() {
		defer close(done)
		for {
			c, err := l.Accept()
			if err != nil {
				return
			}
			seen <- struct{}{}
			_ = c.Close()
		}
	}()
	t.Cleanup(func() { _ = l.Close(); <-done })
	return strconv.Itoa(l.Addr().(*net.TCPAddr).Port), seen
}

func answer(addrs ...string) func(context.Context, string) ([]netip.Addr, error) {
	return func(context.Context, string) ([]netip.Addr, error) {
		var out []netip.Addr
		for _, a := range addrs {
			out = append(out, netip.MustParseAddr(a))
		}
		return out, nil
	}
}

func TestDialLoopbackNeedsTheLab(t *testing.T) {
	port, accepted := listen(t)
	ctx, cancel := context.WithTimeout(t.Context(), 5*time.Second)
	defer cancel()
	for _, addr := range []string{"127.0.0.1:" + port, "[::ffff:127.0.0.1]:" + port, "127.0.0.1:443"} {
		if _, err := newGuard(t, Options{}).Dial(ctx, "tcp", addr); !errors.Is(err, ErrDenied) {
			t.Errorf("%s: %v, want it denied", addr, err)
		}
	}
	if len(accepted) != 0 {
		t.Error("a denied address was connected to")
	}
	conn, err := labGuard(t).Dial(ctx, "tcp", "127.0.0.1:"+port)
	if err != nil {
		t.Fatal(err)
	}
	_ = conn.Close()
	<-accepted
}

// TestNamesAreJudgedByAllTheirAddresses covers names with one public and one private address: the lab stands in for the
// public one, and the private one is where the listener is.
func TestNamesAreJudgedByAllTheirAddresses(t *testing.T) {
	port, accepted := listen(t)
	ctx, cancel := context.WithTimeout(t.Context(), 5*time.Second)
	defer cancel()
	for name, addrs := range map[string][]string{"private": {"127.0.0.1"}, "metadata": {"169.254.169.254", "127.0.0.1"}, "nat64": {"64:ff9b::7f00:1"}} {
		g := newGuard(t, Options{Lookup: answer(addrs...)})
		if _, err := g.Dial(ctx, "tcp", name+".example:"+port); !errors.Is(err, ErrDenied) {
			t.Errorf("%s: %v, want it denied", name, err)
		}
	}
	if len(accepted) != 0 {
		t.Error("a denied address was connected to")
	}
	lab := Options{Lab: []netip.Prefix{netip.MustParsePrefix("127.0.0.1/32")}, Lookup: answer("10.0.0.1", "127.0.0.2", "127.0.0.1")}
	conn, err := newGuard(t, lab).Dial(ctx, "tcp", "mixed.example:"+port)
	if err != nil {
		t.Fatalf("the permitted one of three addresses: %v", err)
	}
	if got := conn.RemoteAddr().(*net.TCPAddr).IP.String(); got != "127.0.0.1" {
		t.Errorf("connected to %s", got)
	}
	_ = conn.Close()
	<-accepted
}

// TestControlHasTheLastWord is the rebinding case: what resolved as public is private when the socket connects.
func TestControlHasTheLastWord(t *testing.T) {
	g := newGuard(t, Options{})
	for _, address := range []string{"127.0.0.1:443", "[::1]:443", "[fe80::1%lo]:443", "10.1.2.3:443", "nonsense", "1.1.1.1:22"} {
		if err := g.control("tcp4", address, nil); !errors.Is(err, ErrDenied) {
			t.Errorf("%s: %v, want it denied", address, err)
		}
	}
	if err := g.control("tcp4", "1.1.1.1:443", nil); err != nil {
		t.Errorf("a public address on 443: %v", err)
	}
	if _, err := g.dialAny(t.Context(), []netip.Addr{netip.MustParseAddr("127.0.0.1")}, 443); !errors.Is(err, ErrDenied) {
		t.Errorf("dialling past the resolver: %v, want it denied", err)
	}
}

func TestDialRefusesOddAddresses(t *testing.T) {
	g := newGuard(t, Options{Lookup: answer()})
	for _, addr := range []string{"bidder.example", "bidder.example:0", "bidder.example:65536", "bidder.example:http", "bidder.example:443"} {
		if conn, err := g.Dial(t.Context(), "tcp", addr); err == nil {
			_ = conn.Close()
			t.Errorf("%s was dialled", addr)
		}
	}
	if _, err := g.Dial(t.Context(), "udp", "1.1.1.1:443"); err == nil {
		t.Error("udp was dialled")
	}
}

// TestNamesArePinned: a name is asked again after half a minute, not before, and a slow resolver is cut after a second.
func TestNamesArePinned(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		asked := 0
		g := newGuard(t, Options{Lookup: func(context.Context, string) ([]netip.Addr, error) {
			asked++
			return []netip.Addr{netip.MustParseAddr("10.0.0.1")}, nil
		}})
		resolve := func() {
			if _, err := g.resolve(t.Context(), "b.example"); err != nil {
				t.Fatal(err)
			}
		}
		resolve()
		time.Sleep(pinFor - time.Millisecond)
		resolve()
		if asked != 1 {
			t.Errorf("asked %d times within the pin", asked)
		}
		time.Sleep(time.Millisecond)
		resolve()
		if asked != 2 {
			t.Errorf("asked %d times after the pin", asked)
		}
	})
	synctest.Test(t, func(t *testing.T) {
		g := newGuard(t, Options{Lookup: func(ctx context.Context, _ string) ([]netip.Addr, error) {
			<-ctx.Done()
			return nil, ctx.Err()
		}})
		start := time.Now()
		if _, err := g.Dial(t.Context(), "tcp", "chain.example:443"); !errors.Is(err, context.DeadlineExceeded) {
			t.Errorf("a resolver that never answers: %v", err)
		}
		if took := time.Since(start); took != lookupMax {
			t.Errorf("waited %v", took)
		}
	})
}

func TestPinsAreBounded(t *testing.T) {
	g := newGuard(t, Options{Lookup: answer("10.0.0.1")})
	for i := range pinsMax + 2 {
		if _, err := g.resolve(t.Context(), "h"+strconv.Itoa(i)+".example"); err != nil {
			t.Fatal(err)
		}
	}
	if len(g.pins) > pinsMax {
		t.Errorf("%d names remembered", len(g.pins))
	}
}

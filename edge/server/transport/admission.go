package transport

import (
	"net"
	"net/netip"
	"sync"
	"sync/atomic"
	"time"
)

// netKey is the network that connections are counted by: /24 of IPv4, /56 of IPv6, which is what one customer gets.
type netKey [8]byte

// keyOf gives the network of an address; the zero key stands for addresses that are not IP.
func keyOf(addr net.Addr) (key netKey) {
	var ip netip.Addr
	switch a := addr.(type) {
	case *net.TCPAddr:
		ip = a.AddrPort().Addr()
	case *net.UDPAddr:
		ip = a.AddrPort().Addr()
	}
	if ip = ip.Unmap(); ip.Is4() {
		b := ip.As4()
		copy(key[:], b[:3])
		key[7] = 4
	} else if ip.Is6() {
		b := ip.As16()
		copy(key[:], b[:7])
		key[7] = 6
	}
	return key
}

// gate counts open connections, all of them and by network.
type gate struct {
	total, perNet int

	mu   sync.Mutex
	open int
	nets map[netKey]int
}

func newGate(total, perNet int) *gate {
	return &gate{total: total, perNet: perNet, nets: map[netKey]int{}}
}

// enter lets one more connection in, or not.
func (g *gate) enter(key netKey) bool {
	g.mu.Lock()
	defer g.mu.Unlock()
	if g.open >= g.total || g.nets[key] >= g.perNet {
		return false
	}
	g.open++
	g.nets[key]++
	return true
}

// leave undoes enter.
func (g *gate) leave(key netKey) {
	g.mu.Lock()
	defer g.mu.Unlock()
	g.open--
	if g.nets[key]--; g.nets[key] == 0 {
		delete(g.nets, key)
	}
}

// governor decides when QUIC clients have to prove their address (Retry, RFC 9000 §8.1.2) and when they are refused. An
// unfinished handshake costs 68 KB and five goroutines, and its address may be forged.
type governor struct {
	handshakes, verified, rate int

	inFlight atomic.Int64
	// second and count are the newest second with connection attempts and how many there were.
	second, count atomic.Int64
}

// arrive notes a connection attempt and reports whether its address has to be proven first.
func (g *governor) arrive(now time.Time) (retry bool) {
	second := now.Unix()
	if old := g.second.Load(); old != second && g.second.CompareAndSwap(old, second) {
		g.count.Store(0)
	}
	return g.count.Add(1) > int64(g.rate) || g.inFlight.Load() >= int64(g.verified)
}

// begin lets a handshake begin, or not.
func (g *governor) begin() bool {
	if g.inFlight.Add(1) > int64(g.handshakes) {
		g.inFlight.Add(-1)
		return false
	}
	return true
}

func (g *governor) end() { g.inFlight.Add(-1) }

// allowance counts events in windows of a fixed length: at most limit of them per window, and at most twice that in any
// stretch of one window's length.
type allowance struct {
	since time.Time
	used  int
}

// take notes one event and reports whether it was within the limit.
func (a *allowance) take(now time.Time, window time.Duration, limit int) bool {
	if now.Sub(a.since) >= window {
		a.since, a.used = now, 0
	}
	a.used++
	return a.used <= limit
}

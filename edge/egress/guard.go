package egress

import (
	"context"
	"errors"
	"fmt"
	"net"
	"net/netip"
	"strconv"
	"sync"
	"syscall"
	"time"
)

// Options configure a Guard. The zero value reaches the public Internet only.
type Options struct {
	// Lab lists prefixes that may be reached besides public ones, on any port: loopback in a demo or a test. Empty in
	// production.
	Lab []netip.Prefix
	// Lookup resolves a name to all its addresses. Nil: Go's own resolver (never the C library's).
	Lookup func(ctx context.Context, host string) ([]netip.Addr, error)
}

// How names and connections are bounded.
const (
	// lookupMax is how long one name may take to resolve, however long its chain of aliases.
	lookupMax = time.Second
	// pinFor is how long an answer is used before the name is asked again: an owner that answers with a TTL of 0 moves
	// its traffic at most twice a minute, and cannot make us ask for every connection.
	pinFor = 30 * time.Second
	// pinsMax bounds the names remembered; past it the whole memory is dropped.
	pinsMax = 4096
	// addressesMax is how many addresses of a name are looked at.
	addressesMax = 16
)

// Guard dials public addresses, and those of its lab. It is safe for concurrent use.
type Guard struct {
	lab         []netip.Prefix
	labLoopback bool
	lookup      func(ctx context.Context, host string) ([]netip.Addr, error)
	dialer      net.Dialer

	mu   sync.Mutex
	pins map[string]pin
}

var errNoAddress = errors.New("the name has no address")

type pin struct {
	addrs []netip.Addr
	until time.Time
}

// New builds a Guard. A prefix of the lab must be valid and without host bits, so that a slip of the pen (127.0.0.1/0)
// does not open more than it seems to.
func New(o Options) (*Guard, error) {
	g := &Guard{lookup: o.Lookup, pins: make(map[string]pin)}
	for _, p := range o.Lab {
		if !p.IsValid() || p != p.Masked() || p.Addr().Is4In6() {
			return nil, fmt.Errorf("lab prefix %s: not a prefix, or bits set behind its length; write %s", p, p.Masked())
		}
		g.lab = append(g.lab, p)
	}
	g.labLoopback = g.inLab(netip.AddrFrom4([4]byte{127, 0, 0, 1})) || g.inLab(netip.IPv6Loopback())
	if g.lookup == nil {
		resolver := &net.Resolver{PreferGo: true}
		g.lookup = func(ctx context.Context, host string) ([]netip.Addr, error) {
			return resolver.LookupNetIP(ctx, "ip", host)
		}
	}
	g.dialer = net.Dialer{KeepAlive: 30 * time.Second, Control: g.control}
	return g, nil
}

// Lab reports whether the guard opens anything besides the public Internet, for the operator's views.
func (g *Guard) Lab() bool { return len(g.lab) > 0 }

// control runs on the socket that is about to connect: the last word, whatever resolved to this address.
func (g *Guard) control(_, address string, _ syscall.RawConn) error {
	at, err := netip.ParseAddrPort(address)
	if err != nil {
		return &Denied{Why: "not an address: " + address}
	}
	return g.permitPort(at.Addr().Unmap(), at.Port())
}

func (g *Guard) permitPort(addr netip.Addr, port uint16) error {
	if err := g.Permit(addr); err != nil {
		return err
	}
	if port != 443 && !g.inLab(addr) {
		return &Denied{addr, "port " + strconv.Itoa(int(port)) + " is not 443"}
	}
	return nil
}

// Dial connects to "host:port" over "tcp". Of a name's addresses the permitted ones are tried in turn; a name with none
// is an error that is ErrDenied. Any other error is a failure to resolve or connect.
func (g *Guard) Dial(ctx context.Context, network, addr string) (net.Conn, error) {
	if network != "tcp" {
		return nil, fmt.Errorf("dial %s %s: only tcp is dialled", network, addr)
	}
	host, port, err := splitAddr(addr)
	if err != nil {
		return nil, fmt.Errorf("dial %s: %w", addr, err)
	}
	addrs, err := g.resolve(ctx, host)
	if err != nil {
		return nil, fmt.Errorf("dial %s: %w", addr, err)
	}
	permitted, denial := g.permitted(addrs, port)
	if len(permitted) == 0 {
		return nil, fmt.Errorf("dial %s: %w", addr, denial)
	}
	conn, err := g.dialAny(ctx, permitted, port)
	if err != nil {
		return nil, fmt.Errorf("dial %s: %w", addr, err)
	}
	return conn, nil
}

func splitAddr(addr string) (host string, port uint16, err error) {
	host, text, err := net.SplitHostPort(addr)
	if err != nil {
		return "", 0, err
	}
	n, err := strconv.ParseUint(text, 10, 16)
	if err != nil || n == 0 {
		return "", 0, fmt.Errorf("port %q is not a number from 1 to 65535", text)
	}
	return host, uint16(n), nil
}

// permitted keeps the addresses that may be dialled; denial is the first refusal, or says that there were none.
func (g *Guard) permitted(addrs []netip.Addr, port uint16) (keep []netip.Addr, denial error) {
	denial = errNoAddress
	for _, a := range addrs {
		a = a.Unmap()
		if err := g.permitPort(a, port); err != nil {
			if denial == errNoAddress {
				denial = err
			}
			continue
		}
		keep = append(keep, a)
	}
	return keep, denial
}

// resolve gives a literal's own address, or a name's addresses, pinned for pinFor.
func (g *Guard) resolve(ctx context.Context, host string) ([]netip.Addr, error) {
	if addr, err := netip.ParseAddr(host); err == nil {
		return []netip.Addr{addr}, nil
	}
	now := time.Now()
	g.mu.Lock()
	p, ok := g.pins[host]
	g.mu.Unlock()
	if ok && now.Before(p.until) {
		return p.addrs, nil
	}
	ctx, cancel := context.WithTimeout(ctx, lookupMax)
	defer cancel()
	addrs, err := g.lookup(ctx, host)
	if err != nil {
		return nil, fmt.Errorf("look up %s: %w", host, err)
	}
	if len(addrs) > addressesMax {
		addrs = addrs[:addressesMax]
	}
	g.mu.Lock()
	if len(g.pins) >= pinsMax {
		clear(g.pins)
	}
	g.pins[host] = pin{addrs, now.Add(pinFor)}
	g.mu.Unlock()
	return addrs, nil
}

// dialAny tries each address for its share of the time left; the error is that of the first.
func (g *Guard) dialAny(ctx context.Context, addrs []netip.Addr, port uint16) (net.Conn, error) {
	var first error
	for i, a := range addrs {
		conn, err := g.dialOne(ctx, netip.AddrPortFrom(a, port), len(addrs)-i)
		if err == nil {
			return conn, nil
		}
		if first == nil || errors.Is(first, ErrDenied) {
			first = err
		}
		if ctx.Err() != nil {
			break
		}
	}
	return nil, first
}

func (g *Guard) dialOne(ctx context.Context, at netip.AddrPort, left int) (net.Conn, error) {
	if deadline, ok := ctx.Deadline(); ok && left > 1 {
		share := time.Until(deadline) / time.Duration(left)
		var cancel context.CancelFunc
		ctx, cancel = context.WithTimeout(ctx, share)
		defer cancel()
	}
	return g.dialer.DialContext(ctx, "tcp", at.String())
}

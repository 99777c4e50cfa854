package ad

import "net/netip"

// relay6to4 is where IPv6 addresses carry a whole IPv4 address in their first 48 bits (RFC 3056 §2).
var relay6to4 = netip.MustParsePrefix("2002::/16")

// Network keeps the network of a user's address: /24 of IPv4, /48 of IPv6. That is all that leaves the node. The zero
// address gives the zero address.
func Network(addr netip.Addr) netip.Addr {
	addr = addr.Unmap()
	if relay6to4.Contains(addr) {
		inside := addr.As16()
		addr = netip.AddrFrom4([4]byte(inside[2:6]))
	}
	bits := 48
	if addr.Is4() {
		bits = 24
	}
	prefix, err := addr.WithZone("").Prefix(bits)
	if err != nil { // the zero address
		return netip.Addr{}
	}
	return prefix.Addr()
}

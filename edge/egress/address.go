package egress

import (
	"errors"
	"fmt"
	"net/netip"
)

// ErrDenied is wrapped by every refusal of an address, so that a caller can tell a refusal from a failure.
var ErrDenied = errors.New("egress denied")

// Denied is the refusal of one address.
type Denied struct {
	Addr netip.Addr // after unmapping
	Why  string     // what the address is, e.g. "loopback"
}

// Error names the address and what it is.
func (d *Denied) Error() string { return fmt.Sprintf("egress to %s denied: %s", d.Addr, d.Why) }

// Is makes every Denied an ErrDenied.
func (d *Denied) Is(target error) bool { return target == ErrDenied }

// special is one row of the IANA special-purpose address registries (RFC 6890 and its successors), or an address
// that clouds answer on the host itself.
type special struct {
	prefix netip.Prefix
	why    string
}

// specials is explicit because the predicates of net/netip miss most of it; see RATIONALE.md.
var specials = [...]special{
	{netip.MustParsePrefix("0.0.0.0/8"), "this network (RFC 791)"},
	{netip.MustParsePrefix("10.0.0.0/8"), "private (RFC 1918)"},
	{netip.MustParsePrefix("100.64.0.0/10"), "carrier-grade NAT (RFC 6598)"},
	{netip.MustParsePrefix("127.0.0.0/8"), "loopback"},
	{netip.MustParsePrefix("168.63.129.16/32"), "cloud host service"},
	{netip.MustParsePrefix("169.254.0.0/16"), "link-local (RFC 3927)"},
	{netip.MustParsePrefix("172.16.0.0/12"), "private (RFC 1918)"},
	{netip.MustParsePrefix("192.0.0.0/24"), "protocol assignments (RFC 6890)"},
	{netip.MustParsePrefix("192.0.2.0/24"), "documentation (RFC 5737)"},
	{netip.MustParsePrefix("192.88.99.0/24"), "6to4 relay (RFC 7526)"},
	{netip.MustParsePrefix("192.168.0.0/16"), "private (RFC 1918)"},
	{netip.MustParsePrefix("198.18.0.0/15"), "benchmarking (RFC 2544)"},
	{netip.MustParsePrefix("198.51.100.0/24"), "documentation (RFC 5737)"},
	{netip.MustParsePrefix("203.0.113.0/24"), "documentation (RFC 5737)"},
	{netip.MustParsePrefix("224.0.0.0/4"), "multicast (RFC 5771)"},
	{netip.MustParsePrefix("240.0.0.0/4"), "reserved or broadcast (RFC 1112)"},

	{netip.MustParsePrefix("::/128"), "unspecified"},
	{netip.MustParsePrefix("::1/128"), "loopback"},
	{netip.MustParsePrefix("::/96"), "IPv4-compatible (RFC 4291)"},
	{netip.MustParsePrefix("64:ff9b::/96"), "NAT64 (RFC 6052)"},
	{netip.MustParsePrefix("64:ff9b:1::/48"), "local NAT64 (RFC 8215)"},
	{netip.MustParsePrefix("100::/64"), "discard (RFC 6666)"},
	{netip.MustParsePrefix("2001::/23"), "protocol assignments, Teredo (RFC 2928, RFC 4380)"},
	{netip.MustParsePrefix("2001:db8::/32"), "documentation (RFC 3849)"},
	{netip.MustParsePrefix("2002::/16"), "6to4 (RFC 3056)"},
	{netip.MustParsePrefix("3fff::/20"), "documentation (RFC 9637)"},
	{netip.MustParsePrefix("5f00::/16"), "segment routing (RFC 9602)"},
	{netip.MustParsePrefix("fc00::/7"), "unique local (RFC 4193)"},
	{netip.MustParsePrefix("fe80::/10"), "link-local (RFC 4291)"},
	{netip.MustParsePrefix("fec0::/10"), "site-local (RFC 3879)"},
	{netip.MustParsePrefix("ff00::/8"), "multicast (RFC 4291)"},
}

// globalUnicast is all of IPv6 that has been given out so far (RFC 4291 §2.4, IANA); what lies outside is denied even
// where specials has no row for it.
var globalUnicast = netip.MustParsePrefix("2000::/3")

// Permit reports whether the node may connect to addr: nil, or a *Denied.
func (g *Guard) Permit(addr netip.Addr) error {
	addr = addr.Unmap()
	switch {
	case !addr.IsValid():
		return &Denied{addr, "not an address"}
	case addr.Zone() != "":
		return &Denied{addr, "scoped to an interface"}
	case g.inLab(addr):
		return nil
	}
	for i := range specials {
		if specials[i].prefix.Contains(addr) {
			return &Denied{addr, specials[i].why}
		}
	}
	if addr.Is6() && !globalUnicast.Contains(addr) {
		return &Denied{addr, "not global unicast"}
	}
	return nil
}

func (g *Guard) inLab(addr netip.Addr) bool {
	for _, p := range g.lab {
		if p.Contains(addr) {
			return true
		}
	}
	return false
}

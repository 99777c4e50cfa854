package adcall

import (
	"net/netip"
	"time"

	"curb/edge/ad"
)

// enrich settles what may be said of the user and until when the call can wait.
func (s *Service) enrich(a *Answer) {
	a.state.personal = identifiable(a.Call)
	a.state.deadline = a.Call.Received.Add(a.timeout())
}

// timeout is the shortest deadline among the call's placements, and no longer than the caller asked for.
func (a *Answer) timeout() time.Duration {
	timeout := ad.TMaxConfigMax
	for i := range a.Call.Impressions {
		timeout = min(timeout, a.state.snapshot.Timeout(a.Call.Impressions[i].Placement))
	}
	if a.Call.TMax > 0 {
		timeout = min(timeout, a.Call.TMax)
	}
	return timeout
}

// identifiable reports whether nothing in the call speaks against passing on identifiers of the user. The most
// restrictive signal wins: COPPA, GPC, a tracking opt-out, a US privacy opt-out of sale, or GDPR without a consent string.
func identifiable(c *ad.Call) bool {
	if c.COPPA || c.GPC || c.DoNotTrack {
		return false
	}
	if c.GDPR == 1 && c.TCF == "" {
		return false
	}
	return len(c.USPrivacy) != 4 || c.USPrivacy[2] != 'Y'
}

// truncate keeps the network of an address: /24 of IPv4, /48 of IPv6. That is all that leaves the node.
func truncate(addr netip.Addr) netip.Addr {
	addr = addr.Unmap()
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

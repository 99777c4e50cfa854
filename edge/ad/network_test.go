package ad

import (
	"net/netip"
	"testing"
)

func TestNetwork(t *testing.T) {
	for text, want := range map[string]string{
		"192.0.2.77": "192.0.2.0", "::ffff:192.0.2.77": "192.0.2.0", "2001:db8:1:2:3::4": "2001:db8:1::", "fe80::1%eth0": "fe80::", "2002:c000:24d::1": "192.0.2.0",
	} {
		if got := Network(netip.MustParseAddr(text)).String(); got != want {
			t.Errorf("the network of %s is %s, want %s", text, got, want)
		}
	}
	if Network(netip.Addr{}).IsValid() {
		t.Error("no address has a network")
	}
}

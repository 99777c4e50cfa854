package e2e

import (
	"fmt"
	"os"
	"testing"

	"curb/edge/adtest"
)

// programs are the binaries under test.
var programs *adtest.Programs

func TestMain(m *testing.M) {
	built, err := adtest.Build(raceEnabled)
	if err != nil {
		fmt.Fprintln(os.Stderr, err)
		os.Exit(1)
	}
	programs = built
	code := m.Run()
	programs.Remove()
	os.Exit(code)
}

// story is a node and the bidders it asks.
type story struct {
	*adtest.Node
	bidders []*adtest.Bidder
}

// begin starts bidders and a node that asks them.
func begin(t *testing.T, bidders int) *story {
	t.Helper()
	market := programs.StartBidders(t, bidders)
	return &story{programs.StartNode(t, map[string]string{"market.yaml": adtest.Rules(market)}), market}
}

// client speaks a protocol to the node as its own host.
func (s *story) client(t *testing.T, proto string) *client {
	return newClient(t, proto, s.Port, s.Pool, "")
}

// each runs a test once per protocol.
func each(t *testing.T, told func(t *testing.T, proto string)) {
	for _, proto := range protocols {
		t.Run(proto, func(t *testing.T) { told(t, proto) })
	}
}

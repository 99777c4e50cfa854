package adtest

import (
	"crypto/x509"
	"fmt"
	"io"
	"net/http"
	"path/filepath"
	"strings"
	"testing"
)

// Node is a running node with what one needs to talk to it.
type Node struct {
	*Process
	Port  int // of ad calls, TCP and UDP
	Admin int
	// Pool trusts its certificates: one for localhost, 127.0.0.1 and ::1, and one for each of NewsHost and OtherHost.
	Pool *x509.CertPool
	// Own is the certificate of its own hosts.
	Own Leaf
	// SPKI are the digests of all its certificates' keys, for a browser.
	SPKI []string
}

// StartNode starts a node, in lab mode, on a rule set given as files by name, and waits until it is ready.
func (p *Programs) StartNode(t testing.TB, rules map[string]string) *Node {
	t.Helper()
	dir := t.TempDir()
	authority := NewAuthority(t)
	ports := Ports(t, 2)
	n := &Node{Pool: authority.Pool(), Port: ports[0], Admin: ports[1]}
	var certificates strings.Builder
	for i, hosts := range [][]string{{"localhost", "127.0.0.1", "::1"}, {NewsHost}, {OtherHost}} {
		leaf := authority.Issue(t, dir, hosts...)
		fmt.Fprintf(&certificates, "  - {cert: %s, key: %s}\n", leaf.CertFile, leaf.KeyFile)
		n.SPKI = append(n.SPKI, leaf.SPKI)
		if i == 0 {
			n.Own = leaf
		}
	}
	WriteFiles(t, filepath.Join(dir, "rules"), rules)
	WriteFiles(t, dir, map[string]string{"curb.yaml": fmt.Sprintf(
		"node: story\nlisten: %s\nadmin: %s\nhosts: [localhost, 127.0.0.1, '::1']\nrules: %s\nlab: true\nlocal_ca: false\ncertificates:\n%s",
		Address(n.Port), Address(n.Admin), filepath.Join(dir, "rules"), certificates.String())})
	n.Process = Start(t, "curb", p.Curb, "serve", "-c", filepath.Join(dir, "curb.yaml"), "--data", filepath.Join(dir, "data"))
	n.Await(t, "ready node", func() bool { return n.Ready() == http.StatusOK })
	return n
}

// Ready asks the operator's door whether the node takes calls; 0 while nobody answers.
func (n *Node) Ready() int {
	response, err := http.Get(fmt.Sprintf("http://%s/readyz", Address(n.Admin)))
	if err != nil {
		return 0
	}
	response.Body.Close()
	return response.StatusCode
}

// Metric reads one sample from the operator's door by its whole name, labels included; 0 when it is not there.
func (n *Node) Metric(t testing.TB, sample string) float64 {
	t.Helper()
	response, err := http.Get(fmt.Sprintf("http://%s/metrics", Address(n.Admin)))
	if err != nil {
		t.Fatal(err)
	}
	defer response.Body.Close()
	text, err := io.ReadAll(response.Body)
	if err != nil {
		t.Fatal(err)
	}
	for line := range strings.Lines(string(text)) {
		if rest, ok := strings.CutPrefix(line, sample+" "); ok {
			var value float64
			if _, err := fmt.Sscan(rest, &value); err != nil {
				t.Fatalf("metric %s: %v", sample, err)
			}
			return value
		}
	}
	return 0
}

package config

import (
	"fmt"
	"net/netip"
	"path/filepath"
	"strings"
	"time"
)

// Config is everything an operator decides about one node.
type Config struct {
	// Node names this node in answers and logs.
	Node string
	// Domain is the exchange's canonical domain in supply chains; empty: this exchange adds no node to them.
	Domain string
	// Listen are the addresses of ad calls, TCP and UDP each; clients find the same on all of them.
	Listen []netip.AddrPort
	// PublicPort is the port clients see, in Alt-Svc and Host; 0: the listening port.
	PublicPort int
	// Hosts are the node's own hosts, IP literals without brackets included.
	Hosts []string
	// Admin is the address of the operator's door: loopback host:port, or unix:/path.
	Admin string
	// Rules is the directory of the rule set. Empty, in lab mode only: the sample set that is compiled in, whose bidders
	// are on loopback.
	Rules string
	// Data is the directory of bills, keys and certificates. Empty, in lab mode only: nothing is kept.
	Data string
	// Lab allows plain http to loopback bidders and pages and shows X-Curb-Outcome. Never in production.
	Lab bool
	// Certificates are files; hosts that none of them names get one from the node's local authority if LocalCA is set.
	Certificates []CertificateFile
	LocalCA      bool
	// BidderCA is a PEM file of authorities trusted for bidders beside the system's; empty: none.
	BidderCA string
	// BidderConnections caps connections per bidder that sets no cap of its own.
	BidderConnections int
	// TrustedProxies are the networks whose X-Forwarded-For is believed.
	TrustedProxies []netip.Prefix
	// Drain bounds the graceful stop.
	Drain time.Duration
	// MemoryLimit is the soft memory limit in bytes; 0: 80 % of the control group's limit, if there is one.
	MemoryLimit int64
}

// CertificateFile is a certificate chain and its key, PEM.
type CertificateFile struct{ Certificate, Key string }

// The addresses of a node that is for this machine only. Browsers try ::1 first where a page says localhost, and do not
// fall back for HTTP/3, so the demo listens on both.
var (
	loopback4 = netip.MustParseAddrPort("127.0.0.1:8443")
	loopback6 = netip.MustParseAddrPort("[::1]:8443")
)

// Default is a node that runs on one machine for one person.
func Default() Config {
	return Config{
		Node: "curb", Rules: "rules", Data: "data", Listen: []netip.AddrPort{loopback4}, Admin: "127.0.0.1:7077",
		Hosts: []string{"localhost", "127.0.0.1", "::1"}, LocalCA: true,
		BidderConnections: 64, Drain: 10 * time.Second,
	}
}

// Demo is the node of `curb serve --demo`: lab mode, nothing on disk, the sample rule set.
func Demo() Config {
	c := Default()
	c.Node, c.Domain, c.Rules, c.Data, c.Lab = "demo", "curb.example", "", "", true
	c.Listen = []netip.AddrPort{loopback4, loopback6}
	return c
}

// Bounds of what a file may say.
const (
	drainMax       = 10 * time.Minute
	listenMax      = 8
	connectionsMax = 4096
	hostsMax       = 64
	proxiesMax     = 256
)

// Problem is one setting that cannot stand.
type Problem struct{ Field, Detail, Remedy string }

func (p Problem) String() string { return p.Field + ": " + p.Detail + ": " + p.Remedy }

// Validate reports every setting that cannot stand, by field, in the order of the fields.
func (c *Config) Validate() []Problem {
	var problems []Problem
	add := func(field, detail, remedy string) { problems = append(problems, Problem{field, detail, remedy}) }
	if c.Node == "" || len(c.Node) > 64 || strings.ContainsFunc(c.Node, func(r rune) bool { return r <= ' ' || r > '~' }) {
		add("node", "a node is named by 1 to 64 visible ASCII characters", "give it a short name such as edge-fra-1")
	}
	if len(c.Listen) == 0 || len(c.Listen) > listenMax {
		add("listen", fmt.Sprintf("a node listens on 1 to %d addresses", listenMax), listenRemedy)
	}
	if c.PublicPort < 0 || c.PublicPort > 65535 {
		add("public_port", "a port is 0 to 65535", "leave it out to use the listening port")
	}
	if c.Rules == "" && !c.Lab {
		add("rules", "there is no rule set", "name the directory of one; only lab mode can run on the sample set")
	}
	if c.Data == "" && !c.Lab {
		add("data", "there is no data directory", "name one: bills and keys are kept there; only lab mode does without")
	}
	if len(c.Hosts) == 0 || len(c.Hosts) > hostsMax {
		add("hosts", fmt.Sprintf("a node has 1 to %d hosts of its own", hostsMax), "name the host that tags call")
	}
	if !adminAddress(c.Admin) {
		add("admin", fmt.Sprintf("%q is neither a loopback address and port nor a socket", c.Admin), "write 127.0.0.1:7077, [::1]:7077 or unix:/run/curb/admin.sock")
	}
	if !c.LocalCA && len(c.Certificates) == 0 {
		add("certificates", "there is no certificate and no local authority", "name certificate files, or set local_ca: true")
	}
	for i, f := range c.Certificates {
		if f.Certificate == "" || f.Key == "" {
			add(fmt.Sprintf("certificates[%d]", i), "a certificate needs a certificate file and a key file", "give both cert and key")
		}
	}
	if c.BidderConnections < 1 || c.BidderConnections > connectionsMax {
		add("bidder_connections", fmt.Sprintf("connections per bidder are 1 to %d", connectionsMax), "64 suits most bidders")
	}
	if len(c.TrustedProxies) > proxiesMax {
		add("trusted_proxies", fmt.Sprintf("at most %d networks", proxiesMax), "join neighbouring networks")
	}
	if c.Drain < time.Second || c.Drain > drainMax {
		add("drain", "the graceful stop takes 1s to 10m", "10s suits most nodes")
	}
	return problems
}

const listenRemedy = "write IP:PORT, such as 127.0.0.1:8443 or [::]:443, with commas between several"

// ParseListen reads addresses of ad calls, IP:PORT with commas between them.
func ParseListen(text string) ([]netip.AddrPort, *Problem) {
	var all []netip.AddrPort
	for one := range strings.SplitSeq(text, ",") {
		addr, err := netip.ParseAddrPort(strings.TrimSpace(one))
		if err != nil {
			return nil, &Problem{"listen", fmt.Sprintf("%q is not an address and port", strings.TrimSpace(one)), listenRemedy}
		}
		all = append(all, addr)
	}
	return all, nil
}

func adminAddress(text string) bool {
	if path, ok := strings.CutPrefix(text, "unix:"); ok {
		return filepath.IsAbs(path)
	}
	addr, err := netip.ParseAddrPort(text)
	return err == nil && addr.Addr().IsLoopback()
}

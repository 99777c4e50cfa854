package node

import (
	"crypto/tls"
	"fmt"
	"slices"
	"strings"

	"curb/edge/server/transport"
)

// tenants tells the listeners whose host a name is, from the rule set of the moment.
type tenants struct{ node *Node }

// Tenant is the publisher that a host belongs to.
func (t tenants) Tenant(host string) (id uint32, ok bool) {
	p := t.node.catalog.Load().PublisherByHost(host)
	if p == nil || !p.Active {
		return 0, false
	}
	return uint32(p.ID), true
}

// ownHost reports whether a normalised host is one of the node's own.
func (n *Node) ownHost(host string) bool {
	return slices.ContainsFunc(n.config.Hosts, func(own string) bool { return strings.EqualFold(own, strings.Trim(host, "[]")) })
}

// certificates are the operator's files first, and the local authority for every host they do not name.
func (n *Node) certificates() (transport.Certificates, error) {
	chosen := &certificates{own: n.config.Hosts[0]}
	if len(n.config.Certificates) > 0 {
		files := make([]transport.CertificateFile, len(n.config.Certificates))
		for i, f := range n.config.Certificates {
			files[i] = transport.CertificateFile{Cert: f.Certificate, Key: f.Key}
		}
		opened, err := transport.OpenCertificateFiles(files)
		if err != nil {
			return nil, fmt.Errorf("%w: %w", ErrSettings, err)
		}
		chosen.sources = append(chosen.sources, opened)
	}
	if n.config.LocalCA {
		authority, err := transport.OpenLocalCA(transport.LocalCAOptions{Dir: n.config.Data, Own: n.config.Hosts, Hosts: tenants{n}})
		if err != nil {
			return nil, err
		}
		chosen.sources = append(chosen.sources, authority)
	}
	if own, err := chosen.Certificate(""); own == nil && err == nil {
		return nil, fmt.Errorf("%w: no certificate names %s, the first of hosts: add one that does, set local_ca: true, or change hosts", ErrSettings, chosen.own)
	}
	n.warnOfHosts(chosen)
	return chosen, nil
}

// warnOfHosts tells the operator which publishers' hosts cannot be served as things stand.
func (n *Node) warnOfHosts(chosen *certificates) {
	for _, host := range n.catalog.Load().Hosts() {
		if n.ownHost(host) {
			n.log.Warn("a publisher's host is among the node's own hosts: remove it from hosts", "host", host)
		}
		if found, err := chosen.Certificate(host); found == nil {
			n.log.Warn("no certificate names a publisher's host: its visitors get a TLS error", "host", host, "error", err)
		}
	}
}

// certificates asks one source after the other. An authority that obtains certificates from outside would stand last.
type certificates struct {
	own     string // a host of the node's own: what a client that names no host is shown
	sources []transport.Certificates
}

// Certificate is the first that a source has for the name.
func (c *certificates) Certificate(serverName string) (*tls.Certificate, error) {
	if serverName == "" {
		serverName = c.own
	}
	for _, source := range c.sources {
		if found, err := source.Certificate(serverName); found != nil || err != nil {
			return found, err
		}
	}
	return nil, nil
}

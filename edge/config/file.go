package config

import (
	"net/netip"
	"path/filepath"
	"strings"

	"curb/rules/schema"
)

// described is curb.yaml, field by field: what schema checks, and what curb.example.yaml shows.
var described = &schema.Type{Form: schema.FormRecord, Fields: []schema.Field{
	{Name: "node", Type: line(64), Doc: "Name of this node in answers and logs."},
	{Name: "domain", Type: &schema.Type{Form: schema.FormDomain}, Doc: "Canonical domain of the exchange in supply chains."},
	{Name: "listen", Type: line(256), Doc: "IP:PORT of ad calls, TCP and UDP, with commas between several.", Aka: []string{"address", "addr", "bind"}},
	{Name: "public_port", Type: whole(0, 65535), Doc: "Port that clients see; 0: the listening port."},
	{Name: "hosts", Type: list(line(253), 1, hostsMax), Doc: "The node's own hosts; IP literals are allowed."},
	{Name: "admin", Type: line(256), Doc: "Loopback IP:PORT or unix:/path of the operator's door."},
	{Name: "rules", Type: line(1024), Doc: "Directory of the rule set."},
	{Name: "data", Type: line(1024), Doc: "Directory of keys and certificates."},
	{Name: "lab", Type: &schema.Type{Form: schema.FormFlag}, Doc: "Plain http to loopback, X-Curb-Outcome. Never in production."},
	{Name: "certificates", Type: list(certificate, 0, hostsMax), Doc: "Certificates from files."},
	{Name: "local_ca", Type: &schema.Type{Form: schema.FormFlag}, Doc: "Issue certificates for other hosts from a local authority."},
	{Name: "bidder_ca", Type: line(1024), Doc: "PEM file of authorities trusted for bidders beside the system's."},
	{Name: "bidder_connections", Type: whole(1, connectionsMax), Doc: "Connections per bidder that sets no cap of its own."},
	{Name: "trusted_proxies", Type: list(&schema.Type{Form: schema.FormPrefix}, 0, proxiesMax), Doc: "Networks whose X-Forwarded-For is believed."},
	{Name: "drain", Type: &schema.Type{Form: schema.FormDuration, Min: 1e9, Max: int64(drainMax)}, Doc: "Bound of the graceful stop."},
	{Name: "memory_limit_mib", Type: whole(0, 1<<20), Doc: "Soft memory limit in MiB; 0: 80 % of the control group's."},
}}

var certificate = &schema.Type{Form: schema.FormRecord, Fields: []schema.Field{
	{Name: "cert", Type: line(1024), Required: true, Doc: "Certificate chain, PEM, leaf first."},
	{Name: "key", Type: line(1024), Required: true, Doc: "Private key, PEM, ECDSA P-256."},
}}

func line(bytesMax int64) *schema.Type {
	return &schema.Type{Form: schema.FormText, Min: 1, Max: bytesMax}
}
func whole(min, max int64) *schema.Type {
	return &schema.Type{Form: schema.FormWhole, Min: min, Max: max}
}
func list(of *schema.Type, min, max int64) *schema.Type {
	return &schema.Type{Form: schema.FormList, Of: of, Min: min, Max: max}
}

// Parse reads curb.yaml over the defaults. Either there are no problems, or the Config is not to be used. Problems come
// all at once, each with its line. Files and directories that it names lie beside the file, unless their paths are absolute.
func Parse(name string, text []byte) (Config, []string) {
	c := Default()
	var report schema.Report
	v := schema.ParsePlain(name, text, described, &report)
	if report.Count() > 0 {
		return c, texts(&report)
	}
	var problems []Problem
	if v != nil {
		problems = c.fill(v)
	}
	for _, p := range append(problems, c.Validate()...) {
		at := v.Find(p.Field)
		if at == v { // the file does not say it, so there is no line to point at
			report.AddFile(name, p.Field+": "+p.Detail, p.Remedy)
			continue
		}
		report.Add(at.At, p.Field, p.Detail, p.Remedy)
	}
	c.beside(filepath.Dir(name))
	return c, texts(&report)
}

// beside makes relative paths start at the directory of the settings, wherever the program was started.
func (c *Config) beside(dir string) {
	paths := []*string{&c.Rules, &c.Data, &c.BidderCA}
	for i := range c.Certificates {
		paths = append(paths, &c.Certificates[i].Certificate, &c.Certificates[i].Key)
	}
	for _, path := range paths {
		if *path != "" && !filepath.IsAbs(*path) {
			*path = filepath.Join(dir, *path)
		}
	}
}

func texts(report *schema.Report) []string {
	var all []string
	for _, p := range report.Problems() {
		all = append(all, p.String())
	}
	return all
}

// fill lays what the file says over the defaults, and reports what only reading it shows.
func (c *Config) fill(v *schema.Value) []Problem {
	var problems []Problem
	if listen := v.Field("listen"); listen != nil {
		addrs, problem := ParseListen(listen.Text())
		if problem != nil {
			problems = append(problems, *problem)
		} else {
			c.Listen = addrs
		}
	}
	setText(&c.Node, v.Field("node"))
	setText(&c.Domain, v.Field("domain"))
	setText(&c.Admin, v.Field("admin"))
	setText(&c.Rules, v.Field("rules"))
	setText(&c.Data, v.Field("data"))
	setText(&c.BidderCA, v.Field("bidder_ca"))
	c.PublicPort = int(v.Field("public_port").Whole())
	c.MemoryLimit = v.Field("memory_limit_mib").Whole() << 20
	c.Lab = v.Field("lab").Flag(c.Lab)
	c.LocalCA = v.Field("local_ca").Flag(c.LocalCA)
	if n := v.Field("bidder_connections"); n != nil {
		c.BidderConnections = int(n.Whole())
	}
	if d := v.Field("drain"); d != nil {
		c.Drain = d.Duration()
	}
	if hosts := v.Field("hosts"); hosts != nil {
		c.Hosts = nil
		for _, h := range hosts.List() {
			c.Hosts = append(c.Hosts, strings.Trim(h.Text(), "[]"))
		}
	}
	for _, f := range v.Field("certificates").List() {
		c.Certificates = append(c.Certificates, CertificateFile{f.Field("cert").Text(), f.Field("key").Text()})
	}
	for _, p := range v.Field("trusted_proxies").List() {
		if prefix, err := netip.ParsePrefix(p.Text()); err == nil { // its form has been checked
			c.TrustedProxies = append(c.TrustedProxies, prefix)
		}
	}
	return problems
}

func setText(to *string, v *schema.Value) {
	if v != nil {
		*to = v.Text()
	}
}

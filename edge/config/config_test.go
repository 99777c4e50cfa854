package config

import (
	_ "embed"
	"net/netip"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
	"github.com/google/go-cmp/cmp/cmpopts"
)

//go:embed curb.example.yaml
var example []byte

func TestExampleIsTheDefault(t *testing.T) {
	c, problems := Parse("curb.example.yaml", example)
	if len(problems) > 0 {
		t.Fatalf("the example has problems:\n%s", strings.Join(problems, "\n"))
	}
	if diff := cmp.Diff(Default(), c, cmpopts.EquateEmpty(), cmpopts.EquateComparable(netip.AddrPort{})); diff != "" {
		t.Errorf("the example says something else than the defaults (-default +example):\n%s", diff)
	}
	for _, f := range described.Fields {
		if !strings.Contains(string(example), "\n"+f.Name+":") && !strings.Contains(string(example), "\n# "+f.Name+":") {
			t.Errorf("the example does not show %s", f.Name)
		}
	}
}

func TestFileOverridesDefaults(t *testing.T) {
	c, problems := Parse("/etc/curb/curb.yaml", []byte(`
node: edge-1
listen: "[::1]:443, 127.0.0.1:443"
hosts: ["[::1]", ads.example]
certificates: [{cert: a.pem, key: /k/a.key}]
rules: sets/news
trusted_proxies: [10.0.0.0/8]
lab: true
local_ca: false
drain: 30s
memory_limit_mib: 512
`))
	if len(problems) > 0 {
		t.Fatal(problems)
	}
	if c.Node != "edge-1" || len(c.Listen) != 2 || c.Listen[0].String() != "[::1]:443" || c.Hosts[0] != "::1" || c.Certificates[0] != (CertificateFile{"/etc/curb/a.pem", "/k/a.key"}) || c.Rules != "/etc/curb/sets/news" || c.Data != "/etc/curb/data" || c.TrustedProxies[0].String() != "10.0.0.0/8" || !c.Lab || c.LocalCA || c.Drain.Seconds() != 30 || c.MemoryLimit != 512<<20 {
		t.Errorf("read %+v", c)
	}
	if _, problems := Parse("empty.yaml", nil); len(problems) != 0 {
		t.Errorf("an empty file has problems: %v", problems)
	}
}

func TestProblemsComeAllAtOnceWithPlaces(t *testing.T) {
	_, problems := Parse("curb.yaml", []byte("nod: edge-1\nlisten: somewhere\ndrain: 1h\nadmin: 0.0.0.0:7077\n"))
	all := strings.Join(problems, "\n")
	for _, want := range []string{"curb.yaml:1:1", `"node"`, "curb.yaml:3:8"} {
		if !strings.Contains(all, want) {
			t.Errorf("the problems do not say %s:\n%s", want, all)
		}
	}
	_, problems = Parse("curb.yaml", []byte("listen: somewhere\nadmin: 0.0.0.0:7077\nlocal_ca: false\n"))
	all = strings.Join(problems, "\n")
	for _, want := range []string{"curb.yaml:1:9", "curb.yaml:2:8", "127.0.0.1:7077", "certificates"} {
		if !strings.Contains(all, want) {
			t.Errorf("the problems do not say %s:\n%s", want, all)
		}
	}
}

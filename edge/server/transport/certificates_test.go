package transport

import (
	"bytes"
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/rsa"
	"crypto/tls"
	"crypto/x509"
	"encoding/pem"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"
)

// registry is a Hosts of tests.
type registry map[string]uint32

func (r registry) Tenant(host string) (uint32, bool) {
	id, ok := r[host]
	return id, ok
}

// holder is a Hosts whose tenants leave while it is asked.
type holder struct {
	mu    sync.Mutex
	hosts registry
}

func (h *holder) Tenant(host string) (uint32, bool) {
	h.mu.Lock()
	defer h.mu.Unlock()
	return h.hosts.Tenant(host)
}

func (h *holder) drop() {
	h.mu.Lock()
	defer h.mu.Unlock()
	h.hosts = nil
}

func trust(t testing.TB, ca *LocalCA) *x509.CertPool {
	t.Helper()
	pool := x509.NewCertPool()
	if !pool.AppendCertsFromPEM(ca.PEM()) {
		t.Fatal("PEM holds no certificate")
	}
	return pool
}

func TestLocalCASignsForRegisteredHostsOnly(t *testing.T) {
	for _, dir := range []string{"", t.TempDir()} {
		hosts := registry{"ads.news.example": 7, "ads.sport.example": 8}
		ca, err := OpenLocalCA(LocalCAOptions{Dir: dir, Own: []string{"localhost", "127.0.0.1", "::1"}, Hosts: hosts})
		if err != nil {
			t.Fatal(err)
		}
		pool := trust(t, ca)
		for name, valid := range map[string][]string{
			"":                 {"localhost", "127.0.0.1", "[::1]"},
			"localhost":        {"localhost", "127.0.0.1", "[::1]"},
			"ads.news.example": {"ads.news.example"},
		} {
			pair, err := ca.Certificate(name)
			if err != nil || pair == nil {
				t.Fatalf("%q: %v %v", name, pair, err)
			}
			for _, host := range []string{"localhost", "127.0.0.1", "[::1]", "ads.news.example", "ads.sport.example"} {
				_, err := pair.Leaf.Verify(x509.VerifyOptions{DNSName: host, Roots: pool})
				if (err == nil) != slices.Contains(valid, host) {
					t.Errorf("%q for %s: %v", name, host, err)
				}
			}
			if key, ok := pair.PrivateKey.(*ecdsa.PrivateKey); !ok || key.Curve != elliptic.P256() {
				t.Errorf("%q: key is %T", name, pair.PrivateKey)
			}
			if again, _ := ca.Certificate(name); again != pair {
				t.Errorf("%q: signed twice", name)
			}
		}
		for _, name := range []string{"other.example", "news.example", "sub.ads.news.example"} {
			if pair, err := ca.Certificate(name); pair != nil || err != nil {
				t.Errorf("%s is not registered, but got %v %v", name, pair, err)
			}
		}
		if hosts["late.example"] = 9; true {
			if pair, err := ca.Certificate("late.example"); pair == nil || err != nil {
				t.Errorf("a host registered later: %v %v", pair, err)
			}
		}
		if delete(hosts, "late.example"); true {
			if pair, _ := ca.Certificate("late.example"); pair != nil {
				t.Error("a host that left is still served")
			}
		}
	}
}

func TestLocalCASurvivesARestart(t *testing.T) {
	dir := t.TempDir()
	open := func(own ...string) *LocalCA {
		ca, err := OpenLocalCA(LocalCAOptions{Dir: dir, Own: own, Hosts: registry{"ads.news.example": 7}})
		if err != nil {
			t.Fatal(err)
		}
		return ca
	}
	raw := func(ca *LocalCA, name string) []byte {
		pair, err := ca.Certificate(name)
		if err != nil {
			t.Fatal(err)
		}
		return pair.Leaf.Raw
	}
	first := open("localhost")
	node, tenant := raw(first, ""), raw(first, "ads.news.example")
	second := open("localhost")
	if !bytes.Equal(first.PEM(), second.PEM()) || !bytes.Equal(node, raw(second, "")) || !bytes.Equal(tenant, raw(second, "ads.news.example")) {
		t.Error("certificates differ after a restart")
	}
	third := open("localhost", "127.0.0.1")
	if bytes.Equal(node, raw(third, "")) || !bytes.Equal(tenant, raw(third, "ads.news.example")) {
		t.Error("more own hosts must change the node's leaf and no other")
	}
	secrets := 0
	filepath.WalkDir(dir, func(path string, d os.DirEntry, err error) error {
		if info, _ := d.Info(); !d.IsDir() {
			secrets++
			if info.Mode().Perm() != 0o600 {
				t.Errorf("%s has mode %v", path, info.Mode())
			}
		}
		return err
	})
	if secrets != 4 {
		t.Errorf("%d files, want ca.pem, ca-cert.pem, node.pem and one host", secrets)
	}
	if err := os.Chmod(filepath.Join(dir, "ca.pem"), 0o644); err != nil {
		t.Fatal(err)
	}
	if _, err := OpenLocalCA(LocalCAOptions{Dir: dir, Own: []string{"localhost"}}); err == nil || !strings.Contains(err.Error(), "chmod 600") {
		t.Errorf("a readable authority: %v", err)
	}
	if err := os.WriteFile(filepath.Join(dir, "ca.pem"), []byte("no"), 0o600); err != nil {
		t.Fatal(err)
	}
	os.Chmod(filepath.Join(dir, "ca.pem"), 0o600)
	if _, err := OpenLocalCA(LocalCAOptions{Dir: dir, Own: []string{"localhost"}}); err == nil || !strings.Contains(err.Error(), "restore ca.pem") {
		t.Errorf("a broken authority: %v", err)
	}
	if _, err := OpenLocalCA(LocalCAOptions{}); err == nil || !strings.Contains(err.Error(), "no own hosts") {
		t.Errorf("no own hosts: %v", err)
	}
	if _, err := OpenLocalCA(LocalCAOptions{Own: []string{"a b"}}); err == nil || !strings.Contains(err.Error(), `"a b"`) {
		t.Errorf("an own host that is none: %v", err)
	}
}

// writePair issues a certificate as an operator would get one, and gives back the files.
func writePair(t *testing.T, ca *LocalCA, key any, names []string, until time.Time) CertificateFile {
	t.Helper()
	template := &x509.Certificate{SerialNumber: serial(), NotBefore: time.Now().Add(-48 * time.Hour), NotAfter: until, DNSNames: names}
	var public any
	switch k := key.(type) {
	case *ecdsa.PrivateKey:
		public = &k.PublicKey
	case *rsa.PrivateKey:
		public = &k.PublicKey
	}
	der, err := x509.CreateCertificate(rand.Reader, template, ca.authority, public, ca.key)
	if err != nil {
		t.Fatal(err)
	}
	private, err := x509.MarshalPKCS8PrivateKey(key)
	if err != nil {
		t.Fatal(err)
	}
	dir := t.TempDir()
	f := CertificateFile{filepath.Join(dir, "fullchain.pem"), filepath.Join(dir, "privkey.pem")}
	for path, block := range map[string]*pem.Block{f.Cert: {Type: "CERTIFICATE", Bytes: der}, f.Key: {Type: "PRIVATE KEY", Bytes: private}} {
		if err := os.WriteFile(path, pem.EncodeToMemory(block), 0o600); err != nil {
			t.Fatal(err)
		}
	}
	return f
}

func newKey(t *testing.T) *ecdsa.PrivateKey {
	t.Helper()
	key, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	if err != nil {
		t.Fatal(err)
	}
	return key
}

func TestCertificateFiles(t *testing.T) {
	ca, err := OpenLocalCA(LocalCAOptions{Own: []string{"localhost"}})
	if err != nil {
		t.Fatal(err)
	}
	year := time.Now().AddDate(1, 0, 0)
	node := writePair(t, ca, newKey(t), []string{"edge.exchange.example"}, year)
	wild := writePair(t, ca, newKey(t), []string{"*.News.example", "edge.exchange.example"}, year)
	files, err := OpenCertificateFiles([]CertificateFile{node, wild})
	if err != nil {
		t.Fatal(err)
	}
	shown := func(name string) string {
		pair, err := files.Certificate(name)
		if err != nil {
			t.Fatal(err)
		}
		if pair == nil {
			return ""
		}
		return pair.Leaf.DNSNames[0]
	}
	for name, want := range map[string]string{
		"": "edge.exchange.example", "edge.exchange.example": "edge.exchange.example", "ads.news.example": "*.News.example",
		"news.example": "", "a.ads.news.example": "", "other.example": "", "localhost": "",
	} {
		if got := shown(name); got != want {
			t.Errorf("%q is shown %q, want %q", name, got, want)
		}
	}

	before, _ := files.Certificate("")
	renewed := writePair(t, ca, newKey(t), []string{"edge.exchange.example"}, year)
	for from, to := range map[string]string{renewed.Cert: node.Cert, renewed.Key: node.Key} {
		if err := os.Rename(from, to); err != nil {
			t.Fatal(err)
		}
	}
	if err := files.Reload(); err != nil {
		t.Fatal(err)
	}
	after, _ := files.Certificate("")
	if bytes.Equal(before.Leaf.Raw, after.Leaf.Raw) {
		t.Error("a renewed file is not shown after Reload")
	}
	if err := os.Remove(wild.Key); err != nil {
		t.Fatal(err)
	}
	if err := files.Reload(); err == nil {
		t.Error("a missing key is no error")
	}
	if still, _ := files.Certificate(""); still != after {
		t.Error("a failed Reload changed what is shown")
	}
}

func TestCertificateFilesSayWhatIsWrong(t *testing.T) {
	ca, err := OpenLocalCA(LocalCAOptions{Own: []string{"localhost"}})
	if err != nil {
		t.Fatal(err)
	}
	year := time.Now().AddDate(1, 0, 0)
	good := writePair(t, ca, newKey(t), []string{"a.example"}, year)
	other := writePair(t, ca, newKey(t), []string{"b.example"}, year)
	weak, err := rsa.GenerateKey(rand.Reader, 2048)
	if err != nil {
		t.Fatal(err)
	}
	open := writePair(t, ca, newKey(t), []string{"a.example"}, year)
	if err := os.Chmod(open.Key, 0o604); err != nil {
		t.Fatal(err)
	}
	for name, c := range map[string]struct {
		files []CertificateFile
		want  []string
	}{
		"none":     {nil, []string{"no file is named"}},
		"missing":  {[]CertificateFile{{"gone.pem", "gone.key"}}, []string{"gone.pem", "no such file"}},
		"mismatch": {[]CertificateFile{{good.Cert, other.Key}}, []string{good.Cert, "the key the certificate's"}},
		"rsa":      {[]CertificateFile{writePair(t, ca, weak, []string{"a.example"}, year)}, []string{"its key is RSA", "prime256v1"}},
		"expired":  {[]CertificateFile{writePair(t, ca, newKey(t), []string{"a.example"}, time.Now().Add(-time.Hour))}, []string{"expired on", "renew it"}},
		"no names": {[]CertificateFile{writePair(t, ca, newKey(t), nil, year)}, []string{"names no host"}},
		"readable": {[]CertificateFile{open}, []string{open.Key, "chmod 600"}},
		"all":      {[]CertificateFile{{"gone.pem", "gone.key"}, {good.Cert, other.Key}}, []string{"gone.pem", good.Cert}},
	} {
		_, err := OpenCertificateFiles(c.files)
		for _, want := range c.want {
			if err == nil || !strings.Contains(err.Error(), want) {
				t.Errorf("%s: %v, want %q", name, err, want)
			}
		}
	}
}

func TestLeafIsRenewedInTime(t *testing.T) {
	ca, err := OpenLocalCA(LocalCAOptions{Own: []string{"localhost"}})
	if err != nil {
		t.Fatal(err)
	}
	old, err := ca.signLeaf("", ca.own, time.Now().Add(-leafAge+leafRenew-time.Minute))
	if err != nil {
		t.Fatal(err)
	}
	ca.leaves[""] = old
	if fresh, err := ca.Certificate(""); err != nil || fresh == old || time.Until(fresh.Leaf.NotAfter) < leafAge-time.Hour {
		t.Errorf("a leaf near its end is not replaced: %v", err)
	}
}

var _ = []Certificates{(*LocalCA)(nil), (*CertificateFiles)(nil), certificateFunc(nil)}

// certificateFunc is a Certificates of tests.
type certificateFunc func(string) (*tls.Certificate, error)

func (f certificateFunc) Certificate(name string) (*tls.Certificate, error) { return f(name) }

package localca

import (
	"crypto/x509"
	"testing"
	"time"
)

func TestAuthority(t *testing.T) {
	a, err := New(time.Now(), "ads.news.example")
	if err != nil {
		t.Fatal(err)
	}
	trusting := x509.NewCertPool()
	if !trusting.AppendCertsFromPEM(a.PEM) {
		t.Fatal("the CA's PEM holds no certificate")
	}
	other, err := New(time.Now())
	if err != nil {
		t.Fatal(err)
	}
	strangers := x509.NewCertPool()
	strangers.AppendCertsFromPEM(other.PEM)
	cases := []struct {
		name  string
		roots *x509.CertPool
		ok    bool
	}{
		{"127.0.0.1", trusting, true}, {"::1", trusting, true}, {"localhost", trusting, true}, {"ads.news.example", trusting, true},
		{"127.0.0.2", trusting, false}, {"news.example", trusting, false}, {"localhost", strangers, false},
	}
	leaf, err := x509.ParseCertificate(a.Server.Certificates[0].Certificate[0])
	if err != nil {
		t.Fatal(err)
	}
	for _, c := range cases {
		_, err := leaf.Verify(x509.VerifyOptions{Roots: c.roots, DNSName: c.name})
		if (err == nil) != c.ok {
			t.Errorf("%s: %v, want ok %v", c.name, err, c.ok)
		}
	}
}

package localca

import (
	"crypto/tls"
	"crypto/x509"
	"net"
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
	for _, c := range cases {
		client, server := net.Pipe()
		done := make(chan struct{})
		go func() {
			defer close(done)
			tls.Server(server, a.Server).Handshake()
			server.Close()
		}()
		err := tls.Client(client, &tls.Config{RootCAs: c.roots, ServerName: c.name}).Handshake()
		client.Close()
		<-done
		if (err == nil) != c.ok {
			t.Errorf("%s: %v, want ok %v", c.name, err, c.ok)
		}
	}
}

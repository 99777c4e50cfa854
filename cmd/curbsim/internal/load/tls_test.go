package load

import (
	"crypto/tls"
	"crypto/x509"
	"io"
	"log"
	"net/http"
	"sync"
	"testing"
	"time"

	"curb/cmd/curbsim/internal/localca"
)

func TestTLS(t *testing.T) {
	n := startNode(t, http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if r.TLS.ServerName != "ads.news.example" {
			w.WriteHeader(http.StatusMisdirectedRequest)
		}
	}))
	other, err := localca.New(time.Now())
	if err != nil {
		t.Fatal(err)
	}
	strangers := x509.NewCertPool()
	strangers.AppendCertsFromPEM(other.PEM)
	for _, p := range []Protocol{H1, H2, H3} {
		o := options(n.url, p)
		o.Count, o.Roots, o.SNI = 4, n.roots, "ads.news.example"
		if r := mustRun(t, o); !r.OK() {
			t.Errorf("%s, trusted CA: %+v", p, r)
		}
		o.SNI, o.Host = "", "ads.news.example"
		if r := mustRun(t, o); !r.OK() {
			t.Errorf("%s, name from the host: %+v", p, r)
		}
		o.SNI = "other.example"
		if r := mustRun(t, o); r.Errors[kindTLS] != 4 || r.Unreachable() {
			t.Errorf("%s, wrong name: %+v", p, r)
		}
		o.SNI, o.Roots = "ads.news.example", strangers
		if r := mustRun(t, o); r.Errors[kindTLS] != 4 {
			t.Errorf("%s, unknown CA: %+v", p, r)
		}
		o.Roots = nil // loopback without roots: not verified
		if r := mustRun(t, o); !r.OK() {
			t.Errorf("%s, unverified: %+v", p, r)
		}
	}
}

// TestProtocolNotSpoken: HTTP/2 asked of a server that has HTTP/1.1 only.
func TestProtocolNotSpoken(t *testing.T) {
	authority, err := localca.New(time.Now())
	if err != nil {
		t.Fatal(err)
	}
	listener, err := tls.Listen("tcp", "127.0.0.1:0", authority.Server)
	if err != nil {
		t.Fatal(err)
	}
	server := &http.Server{ErrorLog: log.New(io.Discard, "", 0)}
	var serving sync.WaitGroup
	serving.Go(func() { server.Serve(listener) })
	defer serving.Wait()
	defer server.Close()
	o := options("https://"+listener.Addr().String(), H2)
	o.Count = 3
	if r := mustRun(t, o); r.Errors[kindTLS] != 3 {
		t.Errorf("%+v", r)
	}
	o.Protocol = H1
	if r := mustRun(t, o); r.Failed != 0 {
		t.Errorf("%+v", r)
	}
}

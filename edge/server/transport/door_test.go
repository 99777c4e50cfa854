package transport

import (
	"bytes"
	"crypto/tls"
	"errors"
	"log/slog"
	"net/http"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/quic-go/quic-go"
)

// hostCases say what a Host gets on a connection that showed sni. PORT is the listening port.
var hostCases = []struct {
	sni, host string
	want      refusal
	seen      string // the handler's Request.Host
}{
	{"ads.news.example", "ads.news.example", accepted, "ads.news.example"},
	{"ads.news.example", "ADS.News.example", accepted, "ads.news.example"},
	{"ads.news.example", "ads.news.example.", accepted, "ads.news.example"},
	{"ads.news.example", "ads.news.example:PORT", accepted, "ads.news.example:PORT"}, // what leads back here needs the port
	{"ads.news.example", "ADS.News.example.:PORT", accepted, "ads.news.example:PORT"},
	{"ADS.news.EXAMPLE", "ads.news.example", accepted, "ads.news.example"},
	{"ads.news.example", "ads.news.example:443", accepted, "ads.news.example"}, // what a Host without a port means
	{"ads.news.example", "ads.sport.example:443", misdirected, ""},
	{"ads.news.example", "ads.news.example:80", misdirected, ""},
	{"ads.news.example", "ads.news.example:8443", misdirected, ""},
	{"ads.news.example", "ads.sport.example", misdirected, ""},
	{"ads.news.example", "ads2.news.example", misdirected, ""}, // same tenant, but not in this certificate
	{"ads.news.example", "other.example", misdirected, ""},
	{"ads.news.example", "sub.ads.news.example", misdirected, ""},
	{"ads.news.example", "localhost", misdirected, ""},
	{"ads.news.example", "127.0.0.1", misdirected, ""},
	{"ads.news.example", "1.2.3.4", misdirected, ""},
	{"ads.news.example", "[2001:db8::1]", misdirected, ""},
	{"ads.news.example", "xn--a-", hostInvalid, ""},
	{"ads.news.example", "127.1", hostInvalid, ""},
	{"ads.news.example", strings.Repeat("a.", 150) + "example", hostInvalid, ""},
	{"", "localhost", accepted, "localhost"},
	{"", "localhost:PORT", accepted, "localhost:PORT"},
	{"", "127.0.0.1", accepted, "127.0.0.1"},
	{"", "127.0.0.1:PORT", accepted, "127.0.0.1:PORT"},
	{"", "127.0.0.1:1", misdirected, ""},
	{"", "ads.news.example", misdirected, ""},
	{"", "1.2.3.4", misdirected, ""},
	{"localhost", "localhost", accepted, "localhost"},
	{"localhost", "127.0.0.1", accepted, "127.0.0.1"},
	{"localhost", "ads.news.example", misdirected, ""},
	{"both.example", "ads.news.example", accepted, "ads.news.example"}, // one certificate for two hosts of one tenant
	{"both.example", "ads.sport.example", misdirected, ""},             // the same certificate names another tenant's host too
}

// TestHosts asks for every host on every connection of hostCases, over all protocols.
func TestHosts(t *testing.T) {
	hosts := registry{"both.example": 7}
	for host, id := range tenantHosts {
		hosts[host] = id
	}
	s := serve(t, http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) { w.Header().Set("X-Seen", r.Host) }), func(o *Options) {
		o.Hosts = hosts
		ca := o.Certificates.(*LocalCA)
		ca.hosts = hosts
		shared, err := ca.signLeaf("shared", []string{"both.example", "ads.news.example", "ads.sport.example"}, time.Now())
		if err != nil {
			t.Fatal(err)
		}
		ca.leaves["both.example"] = shared
	})
	for _, p := range allProtocols {
		for _, c := range hostCases {
			t.Run(p+" "+c.sni+" "+c.host[:min(30, len(c.host))], func(t *testing.T) {
				host := strings.Replace(c.host, "PORT", s.port(), 1)
				seen := strings.Replace(c.seen, "PORT", s.port(), 1)
				a := s.askHost(t, p, c.sni, host)
				if a.status != c.want.status() || a.code != c.want.String() || a.header.Get("X-Seen") != seen {
					t.Errorf("%d %q seen as %q, want %d %q as %q", a.status, a.code, a.header.Get("X-Seen"), c.want.status(), c.want, seen)
				}
			})
		}
	}
}

// askHost sends a request with any Host on a connection with any server name.
func (s *server) askHost(t *testing.T, protocol, sni, host string) answer {
	t.Helper()
	switch protocol {
	case "h1":
		w := s.dial(t, sni)
		w.send("GET / HTTP/1.1\r\nHost: " + host + "\r\nX-Forwarded-Host: ads.news.example\r\n\r\n")
		return w.answer()
	case "h2":
		f := s.dialH2As(t, sni)
		f.request(1, get(host, "/", "x-forwarded-host", "ads.news.example")...)
		o := f.await(1)
		return answer{status: o.status, code: o.code, header: http.Header{"X-Seen": {o.seen}}}
	}
	h := s.dialH3As(t, sni)
	str := h.open(section(get(host, "/", "x-forwarded-host", "ads.news.example")...))
	str.Close()
	o := h.await(str)
	return answer{status: o.status, code: o.code, header: http.Header{"X-Seen": {o.seen}}}
}

// TestAbsoluteForm is HTTP/1.1's other way to name a host, which outranks Host (RFC 9112 §3.2.2).
func TestAbsoluteForm(t *testing.T) {
	s := serve(t, http.HandlerFunc(echo))
	for target, want := range map[string]refusal{
		"http://other/": misdirected, "https://ads.news.example/": misdirected, "http://localhost:1/": misdirected,
		"https://localhost/x": accepted, "https://localhost:" + s.port() + "/x": accepted, "HTTP://LocalHost/x?y": accepted,
	} {
		w := s.dial(t, "localhost")
		w.send("GET " + target + " HTTP/1.1\r\nHost: localhost\r\n\r\n")
		if a := w.answer(); a.status != want.status() || a.code != want.String() {
			t.Errorf("%s: %d %q, want %d", target, a.status, a.code, want.status())
		}
	}
	w := s.dial(t, "localhost")
	w.send("GET https://localhost/x HTTP/1.1\r\nHost: other.example\r\n\r\n")
	if a := w.answer(); !strings.Contains(a.body, " localhost ") {
		t.Errorf("%+v", a)
	}
}

func TestPublicPort(t *testing.T) {
	s := serve(t, http.HandlerFunc(echo), func(o *Options) { o.PublicPort = 443 })
	c := s.client(t, "h1")
	for host, want := range map[string]int{"localhost": 200, "localhost:443": 200, "localhost:" + s.port(): 421} {
		a := c.must("GET", "/", nil, func(r *http.Request) { r.Host = host })
		if a.status != want || a.header.Get("Alt-Svc") != `h3=":443"; ma=86400` {
			t.Errorf("%s: %d, Alt-Svc %q", host, a.status, a.header.Get("Alt-Svc"))
		}
	}
}

// TestUnknownNames refuses handshakes for hosts that are nobody's, with the alert that says so.
func TestUnknownNames(t *testing.T) {
	held := &holder{hosts: registry{"ads.news.example": 7, "broken.example": 9}}
	s := serve(t, http.HandlerFunc(echo), func(o *Options) {
		ca := o.Certificates
		o.Hosts = held
		o.Certificates = certificateFunc(func(name string) (*tls.Certificate, error) {
			if name == "broken.example" {
				return nil, errors.New("the disk is on fire")
			}
			return ca.Certificate(name)
		})
		o.Logger = slog.New(slog.NewTextHandler(&bytes.Buffer{}, nil))
	})
	unrecognized := tls.AlertError(112)
	internal := tls.AlertError(80)
	for name, want := range map[string]tls.AlertError{"other.example": unrecognized, "a_b.example": unrecognized, "sub.ads.news.example": unrecognized, "broken.example": internal} {
		if c, err := tls.Dial("tcp", s.Addr().String(), s.tls(name)); err == nil || !strings.Contains(err.Error(), want.Error()) {
			t.Errorf("%s over TCP: %v, want %v", name, err, want)
			if c != nil {
				c.Close()
			}
		}
		_, err := s.tryH3(t, name)
		if fault, ok := errors.AsType[*quic.TransportError](err); !ok || fault.ErrorCode != quic.TransportErrorCode(0x100+uint64(want)) {
			t.Errorf("%s over QUIC: %v, want %v", name, err, want)
		}
	}
	held.drop()
	if c, err := tls.Dial("tcp", s.Addr().String(), s.tls("ads.news.example")); err == nil {
		c.Close()
		t.Error("a host that left is still served")
	}
}

// TestTenantLeaves keeps a connection open while its tenant leaves.
func TestTenantLeaves(t *testing.T) {
	for _, p := range allProtocols {
		hosts := registry{"ads.news.example": 7}
		held := holder{hosts: hosts}
		s := serve(t, http.HandlerFunc(echo), func(o *Options) { o.Hosts = &held; o.Certificates.(*LocalCA).hosts = &held })
		c := s.clientFor(t, p, "ads.news.example")
		ask := func() answer { return c.must("GET", "/", nil, func(r *http.Request) { r.Host = "ads.news.example" }) }
		if a := ask(); a.status != 200 {
			t.Fatalf("%s: %+v", p, a)
		}
		held.drop()
		if a := ask(); a.status != 421 {
			t.Errorf("%s after the tenant left: %+v", p, a)
		}
	}
}

// TestOnlyECDSA refuses to show a certificate of another kind, wherever it comes from.
func TestOnlyECDSA(t *testing.T) {
	broken := false
	held := &sync.Mutex{}
	s := serve(t, http.HandlerFunc(echo), func(o *Options) {
		ca := o.Certificates
		o.Certificates = certificateFunc(func(name string) (*tls.Certificate, error) {
			held.Lock()
			defer held.Unlock()
			pair, err := ca.Certificate(name)
			if broken && err == nil {
				other := *pair
				other.PrivateKey = "not a key of ECDSA"
				pair = &other
			}
			return pair, err
		})
	})
	s.alive(t)
	held.Lock()
	broken = true
	held.Unlock()
	if c, err := tls.Dial("tcp", s.Addr().String(), s.tls("localhost")); err == nil {
		c.Close()
		t.Error("the certificate is shown")
	}
}

func TestTLSVersions(t *testing.T) {
	s := serve(t, http.HandlerFunc(echo))
	for version, want := range map[uint16]bool{tls.VersionTLS11: false, tls.VersionTLS12: true, tls.VersionTLS13: true} {
		c := s.tls("localhost", "h2")
		c.MinVersion, c.MaxVersion = tls.VersionTLS10, version
		conn, err := tls.Dial("tcp", s.Addr().String(), c)
		if (err == nil) != want {
			t.Errorf("%s: %v", tls.VersionName(version), err)
		}
		if err == nil {
			conn.Close()
		}
	}
}

func TestDoorAllocatesLittle(t *testing.T) {
	s := serve(t, http.HandlerFunc(func(http.ResponseWriter, *http.Request) {}))
	r, err := http.NewRequest("GET", "https://localhost/tt?id=1001", nil)
	if err != nil {
		t.Fatal(err)
	}
	r.RequestURI = "/tt?id=1001"
	w := &header{http.Header{}}
	l := s.newLink(protocolH2, &tls.ConnectionState{ServerName: "localhost"})
	defer l.close()
	host := "localhost:" + s.port()
	if n := testing.AllocsPerRun(100, func() {
		clear(w.h)
		r.Host = host
		s.enter(w, r, l)
	}); n > 1 {
		t.Errorf("the door allocates %v times per request, want 1", n)
	}
}

// header is a ResponseWriter that only has a header.
type header struct{ h http.Header }

func (w *header) Header() http.Header         { return w.h }
func (w *header) Write(p []byte) (int, error) { return len(p), nil }
func (w *header) WriteHeader(int)             {}

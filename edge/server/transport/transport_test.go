package transport

//lint:file-ignore SA1019 RATIONALE.md says why HTTP/2 is golang.org/x/net's

import (
	"context"
	"crypto/tls"
	"crypto/x509"
	"errors"
	"fmt"
	"io"
	"net"
	"net/http"
	"net/netip"
	"strconv"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/quic-go/quic-go"
	"github.com/quic-go/quic-go/http3"
	"go.uber.org/goleak"
	xhttp2 "golang.org/x/net/http2"
)

func TestMain(m *testing.M) {
	if runChild() {
		return
	}
	goleak.VerifyTestMain(m)
}

// tenantHosts are registered in every test: two of one tenant, one of another.
var tenantHosts = registry{"ads.news.example": 7, "ads2.news.example": 7, "ads.sport.example": 8}

// server is a Transport on loopback, with a local CA.
type server struct {
	*Transport
	ca     *LocalCA
	pool   *x509.CertPool
	served chan error
}

// serve starts a server that is closed when the test ends.
func serve(t testing.TB, handler http.Handler, change ...func(*Options)) *server {
	t.Helper()
	ca, err := OpenLocalCA(LocalCAOptions{Own: []string{"localhost", "127.0.0.1"}, Hosts: tenantHosts})
	if err != nil {
		t.Fatal(err)
	}
	o := Options{Addr: "127.0.0.1:0", Handler: handler, Own: []string{"localhost", "127.0.0.1"}, Hosts: tenantHosts, Certificates: ca}
	for _, f := range change {
		f(&o)
	}
	tr, err := Listen(o)
	if err != nil {
		t.Fatal(err)
	}
	s := &server{Transport: tr, ca: ca, pool: trust(t, ca), served: make(chan error, 1)}
	go func() { s.served <- tr.Serve() }()
	t.Cleanup(func() {
		tr.Close()
		if err := <-s.served; err != nil {
			t.Error(err)
		}
	})
	return s
}

func (s *server) url(path string) string { return "https://localhost:" + s.port() + path }

func (s *server) port() string { return strconv.Itoa(int(s.Addr().Port())) }

func (s *server) tls(name string, protocols ...string) *tls.Config {
	return &tls.Config{RootCAs: s.pool, ServerName: name, NextProtos: protocols}
}

// caller is a client of one protocol that reaches the server whatever host a URL names.
type caller struct {
	*http.Client
	s *server
	t testing.TB
}

func (s *server) client(t testing.TB, protocol string) caller {
	t.Helper()
	return s.clientFor(t, protocol, "localhost")
}

// clientFor shows sni in the handshake.
func (s *server) clientFor(t testing.TB, protocol, sni string) caller {
	t.Helper()
	return caller{&http.Client{Transport: s.roundTripper(t, protocol, sni), CheckRedirect: stay, Timeout: 10 * time.Second}, s, t}
}

// connectError marks errors of making a connection, handshake included, as against those of a request on one.
type connectError struct{ error }

func (e connectError) Unwrap() error { return e.error }

func (s *server) roundTripper(t testing.TB, protocol, sni string) http.RoundTripper {
	t.Helper()
	connect := func(ctx context.Context, c *tls.Config) (net.Conn, error) {
		conn, err := (&tls.Dialer{Config: c}).DialContext(ctx, "tcp", s.Addr().String())
		if err != nil {
			return nil, connectError{err}
		}
		return conn, nil
	}
	switch protocol {
	case "h1":
		tr := &http.Transport{MaxIdleConnsPerHost: 100,
			DialTLSContext: func(ctx context.Context, _, _ string) (net.Conn, error) { return connect(ctx, s.tls(sni)) }}
		t.Cleanup(tr.CloseIdleConnections)
		return tr
	case "h2":
		tr := &xhttp2.Transport{TLSClientConfig: s.tls(sni, "h2"),
			DialTLSContext: func(ctx context.Context, _, _ string, c *tls.Config) (net.Conn, error) { return connect(ctx, c) }}
		t.Cleanup(tr.CloseIdleConnections)
		return tr
	}
	return s.h3Transport(t, sni)
}

func stay(*http.Request, []*http.Request) error { return http.ErrUseLastResponse }

func (s *server) h3Transport(t testing.TB, sni string) *http3.Transport {
	t.Helper()
	pt := s.packets(t)
	tr := &http3.Transport{TLSClientConfig: s.tls(sni), QUICConfig: &quic.Config{HandshakeIdleTimeout: 2 * time.Second}, Dial: func(ctx context.Context, _ string, c *tls.Config, q *quic.Config) (*quic.Conn, error) {
		conn, err := pt.DialEarly(ctx, net.UDPAddrFromAddrPort(s.Addr()), c, q)
		if err != nil {
			return nil, connectError{err}
		}
		return conn, nil
	}}
	t.Cleanup(func() { tr.Close() })
	return tr
}

// packets is a client's UDP socket.
func (s *server) packets(t testing.TB) *quic.Transport {
	t.Helper()
	udp, err := net.ListenUDP("udp", &net.UDPAddr{IP: s.Addr().Addr().AsSlice()})
	if err != nil {
		t.Fatal(err)
	}
	pt := &quic.Transport{Conn: udp}
	t.Cleanup(func() {
		pt.Close()
		udp.Close()
	})
	return pt
}

// answer is what a test looks at.
type answer struct {
	status int
	code   string
	body   string
	header http.Header
	proto  string
}

func (c caller) do(method, path string, body io.Reader, change ...func(*http.Request)) (answer, error) {
	c.t.Helper()
	r, err := http.NewRequest(method, c.s.url(path), body)
	if err != nil {
		c.t.Fatal(err)
	}
	for _, f := range change {
		f(r)
	}
	resp, err := c.Do(r)
	if err != nil {
		return answer{}, err
	}
	defer resp.Body.Close()
	text, err := io.ReadAll(resp.Body)
	return answer{resp.StatusCode, resp.Header.Get("X-Curb-Error"), string(text), resp.Header, resp.Proto}, err
}

func (c caller) must(method, path string, body io.Reader, change ...func(*http.Request)) answer {
	c.t.Helper()
	a, err := c.do(method, path, body, change...)
	if err != nil {
		c.t.Fatalf("%s %s: %v", method, path, err)
	}
	return a
}

// echo answers with what it was asked.
func echo(w http.ResponseWriter, r *http.Request) {
	body, err := io.ReadAll(r.Body)
	if err != nil {
		w.WriteHeader(http.StatusBadGateway) // whatever a handler makes of it, the client is told the cause
		return
	}
	w.Header().Set("Content-Type", "text/plain")
	fmt.Fprintf(w, "%s %s %s %s tls=%t %s", r.Proto, r.Method, r.Host, r.RequestURI, r.TLS != nil && r.TLS.HandshakeComplete, body)
}

var allProtocols = []string{"h1", "h2", "h3"}

func TestServesThreeProtocolsOnOnePort(t *testing.T) {
	s := serve(t, http.HandlerFunc(echo))
	protos := map[string]string{"h1": "HTTP/1.1", "h2": "HTTP/2.0", "h3": "HTTP/3.0"}
	for _, p := range allProtocols {
		t.Run(p, func(t *testing.T) {
			c := s.client(t, p)
			for range 3 {
				a := c.must("GET", "/tt?id=1001&u=%%CACHEBUSTER%%", nil)
				if want := protos[p] + " GET localhost:" + s.port() + " /tt?id=1001&u=%%CACHEBUSTER%% tls=true "; a.body != want || a.status != 200 || a.proto != protos[p] {
					t.Fatalf("%d %q, want %q", a.status, a.body, want)
				}
				if a.header.Get("Content-Length") == "" || a.header.Get("Date") == "" {
					t.Errorf("header %v lacks Content-Length or Date", a.header)
				}
				if offer, want := a.header.Get("Alt-Svc"), `h3=":`+s.port()+`"; ma=86400`; p != "h3" && offer != want || p == "h3" && offer != "" {
					t.Errorf("Alt-Svc is %q", offer)
				}
			}
			for _, size := range []int{0, 1, 1000, 5000, 60_000, 128 << 10} {
				body := strings.Repeat("x", size)
				if a := c.must("POST", "/openrtb2/auction", strings.NewReader(body)); a.status != 200 || !strings.HasSuffix(a.body, " "+body) {
					t.Errorf("POST of %d bytes: %d and %d bytes", size, a.status, len(a.body))
				}
			}
			unsized := func(r *http.Request) { r.ContentLength = -1 }
			if a := c.must("POST", "/", struct{ io.Reader }{strings.NewReader("chunks")}, unsized); !strings.HasSuffix(a.body, " chunks") {
				t.Errorf("body of unknown length: %q", a.body)
			}
			if a := c.must("HEAD", "/", nil); a.status != 200 || a.body != "" {
				t.Errorf("HEAD: %d %q", a.status, a.body)
			}
			if a := c.must("OPTIONS", "/", nil); a.status != 200 {
				t.Errorf("OPTIONS: %d", a.status)
			}
		})
	}
	st := s.Stats()
	for p, c := range map[string]ProtocolStats{"h1": st.H1, "h2": st.H2, "h3": st.H3} {
		if c.Requests != 12 || c.Connections != 1 || len(c.Refused) != 0 || len(c.Cut) != 0 {
			t.Errorf("%s: %+v", p, c)
		}
	}
}

// bigBody is an answer larger than any window.
var bigBody = strings.Repeat("0123456789abcdef", 64<<10/16)

// shapes answers each path in another way.
func shapes(w http.ResponseWriter, r *http.Request) {
	h := w.Header()
	switch r.URL.Path {
	case "/nothing":
	case "/204":
		w.WriteHeader(http.StatusNoContent)
	case "/304":
		h.Set("ETag", `"a"`)
		w.WriteHeader(http.StatusNotModified)
	case "/302":
		h.Set("Location", "https://ads.example/x?y=z")
		h.Set("Cache-Control", "no-store")
		w.WriteHeader(http.StatusFound)
	case "/299":
		w.WriteHeader(299)
	case "/sniff":
		io.WriteString(w, "<html><body>hello")
	case "/length":
		h.Set("Content-Length", "5")
		io.WriteString(w, "12")
		w.Write([]byte("345"))
	case "/many":
		h["Set-Cookie"] = []string{"a=1", "b=2"}
		h.Set("X-Long", strings.Repeat("v", 2000))
		io.WriteString(w, "ok")
	case "/flush":
		io.WriteString(w, "one ")
		w.(http.Flusher).Flush()
		w.(http.Flusher).Flush()
		io.WriteString(w, "two")
	case "/early":
		h.Set("Link", "</a>; rel=preload")
		w.WriteHeader(http.StatusEarlyHints)
		io.WriteString(w, "late")
	case "/big":
		io.WriteString(w, bigBody)
	case "/bits":
		for i := range len(bigBody) / 1024 {
			io.WriteString(w, bigBody[i*1024:][:1024])
		}
	case "/split":
		h["X-Split"] = []string{"a\r\nX-Evil: 1\x00"}
		io.WriteString(w, "ok")
	}
}

func TestAnswersOfEveryShape(t *testing.T) {
	s := serve(t, http.HandlerFunc(shapes))
	cases := []struct {
		path   string
		status int
		body   string
		header map[string]string
	}{
		{"/nothing", 200, "", map[string]string{"Content-Length": "0"}},
		{"/204", 204, "", map[string]string{"Content-Length": ""}},
		{"/304", 304, "", map[string]string{"Etag": `"a"`}},
		{"/302", 302, "", map[string]string{"Location": "https://ads.example/x?y=z", "Cache-Control": "no-store"}},
		{"/299", 299, "", nil},
		{"/sniff", 200, "<html><body>hello", map[string]string{"Content-Type": "text/html; charset=utf-8", "Content-Length": "17"}},
		{"/length", 200, "12345", map[string]string{"Content-Length": "5"}},
		{"/many", 200, "ok", map[string]string{"Set-Cookie": "a=1|b=2", "X-Long": strings.Repeat("v", 2000)}},
		{"/flush", 200, "one two", map[string]string{"Content-Length": ""}},
		{"/early", 200, "late", map[string]string{"Link": "</a>; rel=preload"}},
		{"/big", 200, bigBody, nil},
		{"/bits", 200, bigBody, nil},
		{"/split", 200, "ok", map[string]string{"X-Split": "a  X-Evil: 1", "X-Evil": ""}},
	}
	for _, p := range allProtocols {
		t.Run(p, func(t *testing.T) {
			client := s.client(t, p)
			for _, c := range cases {
				a := client.must("GET", c.path, nil)
				if a.status != c.status || a.body != c.body {
					t.Errorf("%s: %d and %d bytes, want %d and %d", c.path, a.status, len(a.body), c.status, len(c.body))
				}
				for name, want := range c.header {
					if got := strings.TrimSpace(strings.Join(a.header[name], "|")); got != want {
						t.Errorf("%s: %s is %q, want %q", c.path, name, got, want)
					}
				}
				if a := client.must("HEAD", c.path, nil); a.status != c.status || a.body != "" {
					t.Errorf("HEAD %s: %d %q", c.path, a.status, a.body)
				}
			}
		})
	}
}

// TestNo5xx shows what becomes of handlers that fail.
func TestNo5xx(t *testing.T) {
	s := serve(t, http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		switch r.URL.Path {
		case "/panic":
			w.Header().Set("Set-Cookie", "a=1")
			panic("a bug")
		case "/late":
			io.WriteString(w, "half of")
			w.(http.Flusher).Flush()
			panic("a bug")
		case "/502":
			w.WriteHeader(http.StatusBadGateway)
			io.WriteString(w, "secrets")
		case "/abort":
			panic(http.ErrAbortHandler)
		default:
			io.WriteString(w, "ok")
		}
	}))
	for i, p := range allProtocols {
		t.Run(p, func(t *testing.T) {
			c := s.client(t, p)
			for _, path := range []string{"/panic", "/502"} {
				a := c.must("GET", path, nil)
				if a.status != 200 || a.body != "" || a.code != "internal_error" || a.header.Get("Set-Cookie") != "" || a.header.Get("Content-Length") != "0" {
					t.Errorf("%s: %+v", path, a)
				}
			}
			for _, path := range []string{"/late", "/abort"} {
				if a, err := c.do("GET", path, nil); err == nil {
					t.Errorf("%s: %+v, want half an answer to be an error", path, a)
				}
			}
			if a := c.must("GET", "/", nil); a.body != "ok" {
				t.Errorf("afterwards: %+v", a)
			}
			if n := s.Stats().Panics; n != uint64(2*(i+1)) {
				t.Errorf("%d panics are counted, want %d", n, 2*(i+1))
			}
		})
	}
}

func TestListenSaysWhatIsWrong(t *testing.T) {
	ca, err := OpenLocalCA(LocalCAOptions{Own: []string{"localhost"}})
	if err != nil {
		t.Fatal(err)
	}
	taken, err := net.ListenTCP("tcp", &net.TCPAddr{IP: net.IPv4(127, 0, 0, 1)})
	if err != nil {
		t.Fatal(err)
	}
	defer taken.Close()
	good := Options{Addr: "127.0.0.1:0", Handler: http.NotFoundHandler(), Own: []string{"localhost"}, Certificates: ca}
	for want, change := range map[string]func(*Options){
		"no handler":           func(o *Options) { o.Handler = nil },
		"no certificates":      func(o *Options) { o.Certificates = nil },
		"public port 70000":    func(o *Options) { o.PublicPort = 70000 },
		`own host "https://a"`: func(o *Options) { o.Own = []string{"https://a"} },
		"write host:port":      func(o *Options) { o.Addr = "8443" },
		"no certificate for the": func(o *Options) {
			o.Certificates = certificateFunc(func(string) (*tls.Certificate, error) { return nil, nil })
		},
		"the disk is on fire": func(o *Options) {
			o.Certificates = certificateFunc(func(string) (*tls.Certificate, error) { return nil, errors.New("the disk is on fire") })
		},
		"address already in use":  func(o *Options) { o.Addr = taken.Addr().String() },
		"64 hexadecimal digits":   func(o *Options) { o.KeysDir = badKeys(t) },
		"no handler\nlisten: no ": func(o *Options) { o.Handler, o.Certificates = nil, nil },
	} {
		o := good
		change(&o)
		tr, err := Listen(o)
		if err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("%v, want %q", err, want)
		}
		if tr != nil {
			tr.Close()
		}
	}
}

func TestCloseWithoutServe(t *testing.T) {
	ca, err := OpenLocalCA(LocalCAOptions{Own: []string{"localhost"}})
	if err != nil {
		t.Fatal(err)
	}
	for _, drain := range []bool{false, true} {
		tr, err := Listen(Options{Addr: "127.0.0.1:0", Handler: http.NotFoundHandler(), Own: []string{"localhost"}, Certificates: ca})
		if err != nil {
			t.Fatal(err)
		}
		if drain {
			err = tr.Drain(t.Context())
		} else {
			err = tr.Close()
		}
		if err = errors.Join(err, tr.Close()); err != nil {
			t.Error(err)
		}
		if err := tr.Serve(); err != nil {
			t.Errorf("Serve after Close: %v", err)
		}
	}
}

// TestLocalhost listens on both loopback addresses: a browser that is sent to localhost tries ::1 first.
func TestLocalhost(t *testing.T) {
	s := serve(t, http.HandlerFunc(echo), func(o *Options) { o.Addr, o.Own = "localhost:0", []string{"localhost", "127.0.0.1", "::1"} })
	s.alive(t)
	if len(s.sides) == 2 {
		t.Skip("this machine has no ::1")
	}
	six := *s
	six.Transport = &Transport{addr: netip.AddrPortFrom(netip.IPv6Loopback(), s.Addr().Port())}
	for _, p := range allProtocols {
		if a := six.client(t, p).must("GET", "/", nil, func(r *http.Request) { r.Host = "[::1]:" + s.port() }); a.status != 200 || !strings.Contains(a.body, " [::1]:"+s.port()+" ") {
			t.Errorf("%s: %+v", p, a)
		}
	}
	if err := s.Drain(t.Context()); err != nil {
		t.Error(err)
	}
}

func TestServeTwice(t *testing.T) {
	s := serve(t, http.HandlerFunc(echo))
	s.alive(t)
	if s.Serve() == nil {
		t.Error("a second Serve must say so")
	}
}

// TestManyClients lets clients of all protocols work at once.
func TestManyClients(t *testing.T) {
	s := serve(t, http.HandlerFunc(echo))
	var wg sync.WaitGroup
	for i := range 12 {
		p := allProtocols[i%3]
		c := s.client(t, p)
		for range 4 {
			wg.Go(func() {
				for n := range 20 {
					body := strings.Repeat(strconv.Itoa(n), 10*n)
					a, err := c.do("POST", "/", strings.NewReader(body))
					if err != nil || !strings.HasSuffix(a.body, " "+body) {
						t.Errorf("%s: %v %d", p, err, len(a.body))
						return
					}
				}
			})
		}
	}
	wg.Wait()
}

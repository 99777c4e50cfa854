package load

import (
	"bytes"
	"context"
	"crypto/x509"
	"errors"
	"io"
	"log"
	"net"
	"net/http"
	"os"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/quic-go/quic-go"
	"github.com/quic-go/quic-go/http3"
	"go.uber.org/goleak"
	"golang.org/x/net/http2"

	"curb/cmd/curbsim/internal/localca"
)

func TestMain(m *testing.M) {
	// quic-go warns of small UDP buffers on the standard logger; tests do not need large ones.
	os.Setenv("QUIC_GO_DISABLE_RECEIVE_BUFFER_WARNING", "true")
	goleak.VerifyTestMain(m)
}

// node serves one handler over HTTP/3, 2 and 1.1 on one port number, as a node does.
type node struct {
	url   string
	roots *x509.CertPool
	conns atomic.Int64 // TCP connections accepted
}

func startNode(t *testing.T, handler http.Handler) *node {
	t.Helper()
	authority, err := localca.New(time.Now(), "ads.news.example")
	if err != nil {
		t.Fatal(err)
	}
	n := &node{roots: x509.NewCertPool()}
	n.roots.AppendCertsFromPEM(authority.PEM)
	tcp, udp := samePort(t)
	n.url = "https://" + tcp.Addr().String()

	server := &http.Server{Handler: handler, TLSConfig: authority.Server.Clone(), ErrorLog: log.New(io.Discard, "", 0)}
	server.ConnState = func(_ net.Conn, state http.ConnState) {
		if state == http.StateNew {
			n.conns.Add(1)
		}
	}
	server.TLSConfig.NextProtos = []string{"h2", "http/1.1"}
	//lint:ignore SA1019 see client2.go
	if err := http2.ConfigureServer(server, &http2.Server{}); err != nil {
		t.Fatal(err)
	}
	server3 := &http3.Server{Handler: handler, TLSConfig: http3.ConfigureTLSConfig(authority.Server.Clone())}
	transport := &quic.Transport{Conn: udp}
	listener, err := transport.ListenEarly(server3.TLSConfig, &quic.Config{})
	if err != nil {
		t.Fatal(err)
	}
	var serving sync.WaitGroup
	serving.Go(func() { server.ServeTLS(tcp, "", "") })
	serving.Go(func() { server3.ServeListener(listener) })
	t.Cleanup(func() {
		server.Close()
		server3.Close()
		listener.Close()
		transport.Close()
		udp.Close()
		serving.Wait()
	})
	return n
}

// samePort opens TCP and UDP on one free port.
func samePort(t *testing.T) (net.Listener, net.PacketConn) {
	t.Helper()
	for range 20 {
		tcp, err := net.Listen("tcp", "127.0.0.1:0")
		if err != nil {
			t.Fatal(err)
		}
		udp, err := net.ListenPacket("udp", tcp.Addr().String())
		if err == nil {
			return tcp, udp
		}
		tcp.Close()
	}
	t.Fatal("no port is free for both TCP and UDP")
	return nil, nil
}

func options(url string, p Protocol) Options {
	return Options{
		URL: url, Protocol: p, Connections: 4, Streams: 1, Duration: 30 * time.Second, Count: 200, Timeout: 10 * time.Second,
	}
}

func mustRun(t *testing.T, o Options) *Report {
	t.Helper()
	r, err := Run(t.Context(), o)
	if err != nil {
		t.Fatal(err)
	}
	return r
}

// TestProtocols: the same run over each protocol; what the server sees and what the report says must agree.
func TestProtocols(t *testing.T) {
	for p, version := range map[Protocol]string{H1: "HTTP/1.1", H2: "HTTP/2.0", H3: "HTTP/3.0"} {
		t.Run(string(p), func(t *testing.T) {
			var served atomic.Uint64
			n := startNode(t, http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
				if r.URL.RequestURI() != "/tt?id=1001" || r.Host != "ads.news.example:8443" || r.Proto != version || r.Method != "GET" {
					w.WriteHeader(http.StatusBadRequest)
					return
				}
				served.Add(1)
				w.Header().Set(OutcomeHeader, "won")
				io.WriteString(w, "an ad")
			}))
			o := options(n.url, p)
			o.Path, o.Host, o.Roots = "/tt?id=1001", "ads.news.example:8443", n.roots
			if p != H1 {
				o.Streams = 3
			}
			r := mustRun(t, o)
			if !r.OK() || r.Requests != 200 || r.Status["200"] != 200 || r.Outcomes["won"] != 200 || r.Versions[version] != 200 {
				t.Errorf("report %+v", r)
			}
			if served.Load() != 200 || r.BytesIn != 1000 || r.Opened != 4 {
				t.Errorf("served %d, %d bytes in, %d connections; want 200, 1000, 4", served.Load(), r.BytesIn, r.Opened)
			}
			if p != H3 && n.conns.Load() != 4 {
				t.Errorf("the server saw %d connections, want 4", n.conns.Load())
			}
			if l := r.Latency; l.Min <= 0 || l.P50 < l.Min || l.P90 < l.P50 || l.P99 < l.P90 || l.P999 < l.P99 || l.Max < l.P999 || r.Throughput <= 0 {
				t.Errorf("latencies %+v, throughput %v", l, r.Throughput)
			}
		})
	}
}

func TestBodies(t *testing.T) {
	for _, p := range []Protocol{H1, H2, H3} {
		t.Run(string(p), func(t *testing.T) {
			var mu sync.Mutex
			ids := map[string]bool{}
			n := startNode(t, http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
				body, _ := io.ReadAll(r.Body)
				id, ok := strings.CutPrefix(string(body), `{"id":"`)
				if r.Method != "POST" || !ok || r.Header.Get("Content-Type") != "application/json" || r.URL.Query().Get("cb")+`"}` != id {
					w.WriteHeader(http.StatusBadRequest)
					return
				}
				mu.Lock()
				ids[id] = true
				mu.Unlock()
				w.WriteHeader(http.StatusNoContent)
			}))
			o := options(n.url+"/openrtb2/auction?cb={id}", p)
			o.Body, o.Header, o.Insecure, o.Count = []byte(`{"id":"{id}"}`), http.Header{"Content-Type": {"application/json"}}, true, 50
			if r := mustRun(t, o); !r.OK() || r.Status["204"] != 50 || len(ids) != 50 {
				t.Errorf("%d ids, report %+v", len(ids), r)
			}
		})
	}
}

func TestStatusesAndErrors(t *testing.T) {
	var turn atomic.Uint64
	n := startNode(t, http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		switch turn.Add(1) % 4 {
		case 0:
			w.WriteHeader(http.StatusFound)
		case 1:
			w.WriteHeader(http.StatusInternalServerError)
		case 2:
			panic(http.ErrAbortHandler) // the connection or stream ends without an answer
		}
	}))
	for _, p := range []Protocol{H1, H2, H3} {
		turn.Store(0)
		o := options(n.url, p)
		o.Connections, o.Count, o.Body = 1, 40, []byte("x") // POST: net/http repeats a GET
		r := mustRun(t, o)
		if r.OK() || r.Requests != 40 || r.Status["302"] != 10 || r.Status["500"] != 10 || r.Status["200"] != 10 || r.Failed != 10 {
			t.Errorf("%s: %+v", p, r)
		}
		if n := r.Errors[kindReset] + r.Errors[kindClosed]; n != 10 || len(r.Examples) == 0 {
			t.Errorf("%s: errors %v, examples %v", p, r.Errors, r.Examples)
		}
		if r.Unreachable() {
			t.Errorf("%s: called unreachable", p)
		}
	}
}

func TestUnreachable(t *testing.T) {
	tcp, udp := samePort(t)
	addr := tcp.Addr().String()
	tcp.Close()
	udp.Close()
	for p, kind := range map[Protocol]string{H1: kindRefused, H2: kindRefused} {
		o := options("https://"+addr, p)
		o.Count = 8
		if r := mustRun(t, o); !r.Unreachable() || r.OK() || r.Errors[kind] != 8 {
			t.Errorf("%s: %+v", p, r)
		}
	}
	o := options("https://"+addr, H3)
	o.Connections, o.Count, o.Timeout = 1, 1, 200*time.Millisecond
	if r := mustRun(t, o); !r.Unreachable() || r.Failed != 1 {
		t.Errorf("h3: %+v", r)
	}
}

// TestTimeout: an answer that never comes ends its request, not the run.
func TestTimeout(t *testing.T) {
	done := make(chan struct{})
	n := startNode(t, http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		select {
		case <-r.Context().Done():
		case <-done:
		}
	}))
	defer close(done)
	for _, p := range []Protocol{H1, H2, H3} {
		o := options(n.url, p)
		o.Connections, o.Count, o.Timeout = 2, 4, 300*time.Millisecond
		if r := mustRun(t, o); r.Failed != 4 || r.Errors[kindTimeout] != 4 {
			t.Errorf("%s: %+v", p, r)
		}
	}
}

// TestInterrupted: the end of the context stops sending; what is under way is waited for and counted.
func TestInterrupted(t *testing.T) {
	began, release := make(chan struct{}, 100), make(chan struct{}) // capacity: more than the requests of the test
	n := startNode(t, http.HandlerFunc(func(http.ResponseWriter, *http.Request) {
		began <- struct{}{}
		<-release
	}))
	ctx, cancel := context.WithCancel(t.Context())
	go func() {
		for range 4 {
			<-began
		}
		cancel()
		close(release)
	}()
	o := options(n.url, H2)
	r, err := Run(ctx, o)
	if err != nil || !r.Interrupted || r.Requests < 4 || r.Requests > 12 || !r.OK() {
		t.Errorf("%+v, %v", r, err)
	}
}

func TestProgress(t *testing.T) {
	n := startNode(t, http.HandlerFunc(func(http.ResponseWriter, *http.Request) { time.Sleep(time.Millisecond) }))
	o := options(n.url, H1)
	o.Count, o.Duration = 0, 1200*time.Millisecond
	var told []uint64
	o.Progress = func(r *Report) { told = append(told, r.Requests) }
	if r := mustRun(t, o); len(told) != 1 || told[0] == 0 || told[0] > r.Requests {
		t.Errorf("told %v, then %d requests", told, r.Requests)
	}
}

func TestRefusedOptions(t *testing.T) {
	good := options("https://127.0.0.1:1/tt", H3)
	cases := []struct {
		change func(*Options)
		want   string
	}{
		{func(o *Options) { o.Connections = 0 }, "connections: 0 is not from 1 to 4096"},
		{func(o *Options) { o.Connections = ConnectionsMax + 1 }, "connections: 4097"},
		{func(o *Options) { o.Streams = 0 }, "streams: 0"},
		{func(o *Options) { o.Streams = StreamsMax + 1 }, "streams: 1025"},
		{func(o *Options) { o.Connections, o.Streams = 4096, 5 }, "connections × streams: 20480 is above 16384"},
		{func(o *Options) { o.Protocol, o.Streams = H1, 2 }, "one request at a time"},
		{func(o *Options) { o.Rate = -1 }, "rate: -1"},
		{func(o *Options) { o.Rate = RateMax + 1 }, "rate: 1.000001e+06"},
		{func(o *Options) { o.Duration = 0 }, "duration: 0s"},
		{func(o *Options) { o.Duration = DurationMax + 1 }, "duration: 10m0.000000001s is not above 0 and up to 10m0s"},
		{func(o *Options) { o.Warmup = -1 }, "warmup: -1ns"},
		{func(o *Options) { o.Timeout = 0 }, "timeout: 0s"},
		{func(o *Options) { o.Timeout = TimeoutMax + 1 }, "timeout: 1m0.000000001s"},
		{func(o *Options) { o.URL = "127.0.0.1:8443" }, "is not an absolute http or https URL"},
		{func(o *Options) { o.URL = "ftp://127.0.0.1/" }, "is not an absolute http or https URL"},
		{func(o *Options) { o.URL = "https://u@127.0.0.1/" }, "is not an absolute http or https URL"},
		{func(o *Options) { o.URL = "http://127.0.0.1/" }, "HTTP/3.0 goes over TLS only"},
		{func(o *Options) { o.URL = "https://192.0.2.1/" }, "192.0.2.1 is not a loopback host"},
		{func(o *Options) { o.URL = "https://[2001:db8::1]/" }, "2001:db8::1 is not a loopback host"},
		{func(o *Options) { o.Path = "tt" }, `path: "tt" does not begin with a slash`},
		{func(o *Options) { o.Path = "//evil.example/" }, "does not begin with a slash"},
		{func(o *Options) { o.Method = "A B" }, "method:"},
	}
	for _, c := range cases {
		o := good
		c.change(&o)
		if _, err := Run(t.Context(), o); !errors.Is(err, ErrUsage) || !strings.Contains(err.Error(), c.want) {
			t.Errorf("%v; want %s", err, c.want)
		}
	}
}

func TestLimitsThemselvesAreAllowed(t *testing.T) {
	for _, change := range []func(*Options){
		func(o *Options) { o.Connections, o.Streams = ConnectionsMax, FlightMax/ConnectionsMax },
		func(o *Options) { o.Connections, o.Streams = 1, StreamsMax },
		func(o *Options) { o.Duration, o.Warmup, o.Timeout = DurationMax, DurationMax, TimeoutMax },
		func(o *Options) { o.Rate = RateMax },
	} {
		o := options("https://127.0.0.1/", H3)
		change(&o)
		if err := o.check(); err != nil {
			t.Error(err)
		}
	}
}

// TestAllowRemote aims only: nothing is sent to the documentation address.
func TestAllowRemote(t *testing.T) {
	o := options("https://192.0.2.1/", H3)
	o.AllowRemote = true
	target, err := o.aim(t.Context())
	if err != nil || target.addr != "192.0.2.1:443" || target.tls.InsecureSkipVerify {
		t.Errorf("%+v, %v; want port 443 and certificates verified", target, err)
	}
	o.URL, o.Insecure = "https://192.0.2.1:8443/", true
	if target, err = o.aim(t.Context()); err != nil || !target.tls.InsecureSkipVerify {
		t.Errorf("%+v, %v; want certificates not verified", target, err)
	}
	o.URL, o.Insecure = "https://localhost:8443/", false
	if target, err = o.aim(t.Context()); err != nil || !target.tls.InsecureSkipVerify || target.tls.ServerName != "localhost" {
		t.Errorf("%+v, %v", target, err)
	}
}

func TestParseProtocol(t *testing.T) {
	for text, want := range map[string]Protocol{"h3": H3, "3": H3, "HTTP/3": H3, "2": H2, "h2": H2, "1.1": H1, "h1": H1, "1": H1, "4": "", "": ""} {
		if again, err := ParseProtocol(want.String()); want != "" && (again != want || err != nil) {
			t.Errorf("%s reads back as %q, %v", want, string(again), err)
		}
		if got, err := ParseProtocol(text); got != want || (err == nil) != (want != "") {
			t.Errorf("%q: %q, %v; want %q", text, got, err, want)
		}
	}
}

func TestOutcomesAreBounded(t *testing.T) {
	tally := newTally()
	for i := range namesMax + 10 {
		tally.answered(&reply{status: 200, outcome: string(bytes.Repeat([]byte{'x'}, i+1))})
	}
	if len(tally.outcomes) != namesMax+1 || tally.outcomes["other"] != 10 {
		t.Errorf("%d outcomes, %d other", len(tally.outcomes), tally.outcomes["other"])
	}
}

package transport

//lint:file-ignore SA1019 RATIONALE.md says why HTTP/2 is golang.org/x/net's

import (
	"context"
	"crypto/tls"
	"io"
	"log"
	"net"
	"net/http"
	"runtime/debug"
	"runtime/metrics"
	"slices"
	"strconv"
	"strings"
	"syscall"
	"testing"
	"time"

	"github.com/quic-go/quic-go"
	"github.com/quic-go/quic-go/http3"
	xhttp2 "golang.org/x/net/http2"
)

// benchBody is as long as a tag's answer.
var benchBody = strings.Repeat("x", 599) + "!"

func benchHandler(w http.ResponseWriter, r *http.Request) {
	h := w.Header()
	h["Content-Type"] = []string{"application/javascript"}
	h["Cache-Control"] = []string{"no-store"}
	h["Content-Length"] = []string{strconv.Itoa(len(benchBody))}
	io.WriteString(w, benchBody)
}

// cpu is what this process has used so far.
func cpu(b testing.TB) time.Duration {
	var u syscall.Rusage
	if err := syscall.Getrusage(syscall.RUSAGE_SELF, &u); err != nil {
		b.Fatal(err)
	}
	return time.Duration(u.Utime.Nano() + u.Stime.Nano())
}

// variant is a server and how it is loaded. Those named after libraries are the same handler on the library alone.
type variant struct {
	name           string
	start          func(testing.TB) childTask
	conns, streams int
	fresh          bool // every request on a connection of its own
}

var variants = []variant{
	{"h1", ours("h1"), 64, 1, false},
	{"h2", ours("h2"), 16, 4, false},
	{"h3", ours("h3"), 16, 4, false},
	{"h3-64x1", ours("h3"), 64, 1, false},
	{"h1-new", ours("h1"), 4, 1, true},
	{"h2-new", ours("h2"), 4, 1, true},
	{"h3-new", ours("h3"), 4, 1, true},
	{"nethttp-h1", bareTCP("h1"), 64, 1, false},
	{"xnet-h2", bareTCP("h2"), 16, 4, false},
	{"quicgo-h3", bareH3, 16, 4, false},
	{"quicgo-h3-64x1", bareH3, 64, 1, false},
	{"quicgo-h3-new", bareH3, 4, 1, true},
}

// batch is how many requests are made at a time.
func (v variant) batch() int {
	if v.fresh {
		return 50
	}
	return 1000
}

// client starts a server and its client, and makes the first requests.
func (v variant) client(t testing.TB) *child {
	task := v.start(t)
	task.Conns, task.Streams, task.Fresh = v.conns, v.streams, v.fresh
	client := startChild(t, task)
	if err := client.run(v.batch()); err != nil {
		t.Fatal(err)
	}
	return client
}

// BenchmarkTransport measures the CPU time of the server per request, or per connection with one request. The client is a
// process of its own and asks in closed loops.
func BenchmarkTransport(b *testing.B) {
	for _, v := range variants {
		b.Run(v.name, func(b *testing.B) {
			debug.SetGCPercent(GCPercent)
			defer debug.SetGCPercent(100)
			client := v.client(b)
			before := cpu(b)
			for b.Loop() {
				if err := client.run(v.batch()); err != nil {
					b.Fatal(err)
				}
			}
			requests := float64(b.N) * float64(v.batch())
			b.ReportMetric(float64(cpu(b)-before)/1000/requests, "cpu-us/req")
			b.ReportMetric(requests/b.Elapsed().Seconds(), "req/s")
			b.ReportMetric(0, "ns/op")
		})
	}
}

// BenchmarkPaired measures all variants in one run, in turns, so that whatever else the machine does hits all of them: the
// medians can be compared where those of BenchmarkTransport cannot.
func BenchmarkPaired(b *testing.B) {
	debug.SetGCPercent(GCPercent)
	defer debug.SetGCPercent(100)
	clients := make([]*child, len(variants))
	for i, v := range variants {
		clients[i] = v.client(b)
	}
	spent, made := make([][]float64, len(variants)), make([][]float64, len(variants))
	for b.Loop() {
		for i, v := range variants {
			before, objects := cpu(b), allocations()
			if err := clients[i].run(v.batch()); err != nil {
				b.Fatal(err)
			}
			spent[i] = append(spent[i], float64(cpu(b)-before)/1000/float64(v.batch()))
			made[i] = append(made[i], float64(allocations()-objects)/float64(v.batch()))
		}
	}
	for i, v := range variants {
		slices.Sort(spent[i])
		slices.Sort(made[i])
		b.ReportMetric(spent[i][len(spent[i])/2], v.name+"-us")
		b.ReportMetric(made[i][len(made[i])/2], v.name+"-allocs")
	}
	b.ReportMetric(0, "ns/op")
}

// allocations is how many objects this process has made so far.
func allocations() uint64 {
	sample := []metrics.Sample{{Name: "/gc/heap/allocs:objects"}}
	metrics.Read(sample)
	return sample[0].Value.Uint64()
}

// ours starts the transport.
func ours(protocol string) func(testing.TB) childTask {
	return func(b testing.TB) childTask {
		s := serve(b, http.HandlerFunc(benchHandler))
		return childTask{Protocol: protocol, Addr: s.Addr().String(), CA: string(s.ca.PEM())}
	}
}

// bareTCP starts net/http or x/net/http2 without anything of ours, with such time limits as they have.
func bareTCP(protocol string) func(testing.TB) childTask {
	return func(b testing.TB) childTask {
		ca, config := benchTLS(b)
		server := &http.Server{Handler: http.HandlerFunc(benchHandler), TLSConfig: config, ErrorLog: log.New(io.Discard, "", 0),
			ReadHeaderTimeout: 2 * time.Second, ReadTimeout: 4 * time.Second, WriteTimeout: 6 * time.Second, IdleTimeout: 15 * time.Second}
		if err := xhttp2.ConfigureServer(server, &xhttp2.Server{IdleTimeout: 15 * time.Second, WriteByteTimeout: 2 * time.Second}); err != nil {
			b.Fatal(err)
		}
		ln, err := net.Listen("tcp", "127.0.0.1:0")
		if err != nil {
			b.Fatal(err)
		}
		done := make(chan error, 1)
		go func() { done <- server.ServeTLS(ln, "", "") }()
		b.Cleanup(func() {
			server.Close()
			<-done
		})
		return childTask{Protocol: protocol, Addr: ln.Addr().String(), CA: string(ca.PEM())}
	}
}

// bareH3 starts quic-go's http3.Server without anything of ours.
func bareH3(b testing.TB) childTask {
	ca, config := benchTLS(b)
	udp, err := net.ListenUDP("udp", &net.UDPAddr{IP: net.IPv4(127, 0, 0, 1)})
	if err != nil {
		b.Fatal(err)
	}
	tr := &quic.Transport{Conn: udp, ConnectionIDLength: 8}
	ln, err := tr.ListenEarly(http3.ConfigureTLSConfig(config), &quic.Config{MaxIncomingStreams: 32})
	if err != nil {
		b.Fatal(err)
	}
	server := &http3.Server{Handler: http.HandlerFunc(benchHandler), MaxHeaderBytes: 16 << 10, IdleTimeout: 15 * time.Second}
	done := make(chan error, 1)
	go func() { done <- server.ServeListener(ln) }()
	b.Cleanup(func() {
		ctx, cancel := context.WithTimeout(context.Background(), 100*time.Millisecond)
		defer cancel()
		ln.Close()
		server.Shutdown(ctx)
		<-done
		tr.Close()
		udp.Close()
	})
	return childTask{Protocol: "h3", Addr: udp.LocalAddr().String(), CA: string(ca.PEM())}
}

func benchTLS(b testing.TB) (*LocalCA, *tls.Config) {
	ca, err := OpenLocalCA(LocalCAOptions{Own: []string{"localhost"}})
	if err != nil {
		b.Fatal(err)
	}
	pair, err := ca.Certificate("")
	if err != nil {
		b.Fatal(err)
	}
	return ca, &tls.Config{Certificates: []tls.Certificate{*pair}}
}

func BenchmarkHead(b *testing.B) {
	var request strings.Builder
	request.WriteString("GET " + benchTarget + " HTTP/1.1\r\nHost: localhost\r\n")
	browserHeader.Write(&request)
	head := []byte(request.String() + "\r\n")
	limits := DefaultLimits()
	check := headCheck{limits: &limits}
	b.SetBytes(int64(len(head)))
	b.ReportAllocs()
	for b.Loop() {
		check.reset()
		if n, verdict := check.feed(head); n != len(head) || verdict != accepted {
			b.Fatal(n, verdict)
		}
	}
}

func BenchmarkSection(b *testing.B) {
	block := []byte{0, 0, 0xc0 | 17, 0xc0 | 23}
	block = literal(block, ":authority", "localhost")
	block = literal(block, ":path", benchTarget)
	for name, values := range browserHeader {
		block = appendField(block, name, values[0])
	}
	limits := DefaultLimits()
	var s fieldSection
	b.SetBytes(int64(len(block)))
	b.ReportAllocs()
	for b.Loop() {
		if verdict, err := s.decode(block, &limits); verdict != accepted || err != nil {
			b.Fatal(verdict, err)
		}
		if _, verdict := s.request(b.Context()); verdict != accepted {
			b.Fatal(verdict)
		}
	}
}

func BenchmarkNormalizeHost(b *testing.B) {
	b.ReportAllocs()
	for b.Loop() {
		if _, _, err := NormalizeHost("ads.news.example:443"); err != nil {
			b.Fatal(err)
		}
	}
}

package bidder

import (
	"bufio"
	"bytes"
	"context"
	"io"
	"net"
	"net/http"
	"os"
	"strconv"
	"syscall"
	"testing"
	"time"

	"curb/cmd/curbsim/internal/control"
)

// sample is a bid request as a node sends it.
func sample(tb testing.TB) []byte {
	tb.Helper()
	body, err := os.ReadFile("testdata/request.json")
	if err != nil {
		tb.Fatal(err)
	}
	return body
}

func listen(tb testing.TB) net.Listener {
	tb.Helper()
	listener, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		tb.Fatal(err)
	}
	return listener
}

// BenchmarkServer compares this package's server with net/http before the same bidder: one connection, one request after
// the other, the client's part the same in both.
func BenchmarkServer(b *testing.B) {
	b.Run("wire", func(b *testing.B) {
		listener := listen(b)
		bidder, err := Start(listener, "http://"+listener.Addr().String(), Defaults(201, 2_500_000))
		if err != nil {
			b.Fatal(err)
		}
		defer bidder.Stop(context.Background())
		exchange(b, listener.Addr())
	})
	b.Run("nethttp", func(b *testing.B) {
		desk, err := control.New(Defaults(201, 2_500_000), compiler("http://127.0.0.1"))
		if err != nil {
			b.Fatal(err)
		}
		listener := listen(b)
		server := &http.Server{Handler: plainHandler(desk.Plan().Compiled)}
		done := make(chan struct{})
		go func() { server.Serve(listener); close(done) }()
		defer func() { server.Close(); <-done }()
		exchange(b, listener.Addr())
	})
}

// plainHandler is the bidder as one would write it on net/http, with the same decoder and writer.
func plainHandler(p *plan) http.Handler {
	scratches := make(chan *scratch, 64)
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		var s *scratch
		select {
		case s = <-scratches:
		default:
			s = &scratch{}
		}
		body, _ := io.ReadAll(r.Body)
		if s.ask.read(body) != nil {
			w.WriteHeader(http.StatusBadRequest)
			return
		}
		s.out, _ = p.appendAnswer(s.out[:0], &s.ask, true)
		w.Header()["Content-Type"] = []string{"application/json"}
		w.Header()["Content-Length"] = []string{strconv.Itoa(len(s.out))}
		w.Write(s.out)
		scratches <- s
	})
}

func exchange(b *testing.B, addr net.Addr) {
	b.Helper()
	conn, err := net.Dial("tcp", addr.String())
	if err != nil {
		b.Fatal(err)
	}
	defer conn.Close()
	body := sample(b)
	var request bytes.Buffer
	request.WriteString("POST /bid HTTP/1.1\r\nHost: x\r\nContent-Type: application/json\r\nX-Openrtb-Version: 2.6\r\nAccept-Encoding: gzip\r\nContent-Length: " +
		strconv.Itoa(len(body)) + "\r\n\r\n")
	request.Write(body)
	in := bufio.NewReader(conn)
	once := func() int {
		if _, err := conn.Write(request.Bytes()); err != nil {
			b.Fatal(err)
		}
		resp, err := http.ReadResponse(in, nil)
		if err != nil || resp.StatusCode != http.StatusOK {
			b.Fatal(err, resp)
		}
		n, _ := io.Copy(io.Discard, resp.Body)
		return int(n)
	}
	once()
	b.ReportAllocs()
	began := cpu(b)
	for b.Loop() {
		once()
	}
	b.ReportMetric(float64(cpu(b)-began)/float64(b.N), "cpu-ns/op")
}

// cpu is the CPU time of this process so far, user and system.
func cpu(b *testing.B) time.Duration {
	b.Helper()
	var usage syscall.Rusage
	if err := syscall.Getrusage(syscall.RUSAGE_SELF, &usage); err != nil {
		b.Fatal(err)
	}
	return time.Duration(usage.Utime.Nano() + usage.Stime.Nano())
}

// BenchmarkAnswer is a bid without the network: reading the request and writing the answer.
func BenchmarkAnswer(b *testing.B) {
	s := Defaults(201, 2_500_000)
	p, err := compiler("http://127.0.0.1:9701")(&s)
	if err != nil {
		b.Fatal(err)
	}
	var a ask
	body := sample(b)
	var out []byte
	b.ReportAllocs()
	for b.Loop() {
		if err := a.read(body); err != nil {
			b.Fatal(err)
		}
		out, _ = p.appendAnswer(out[:0], &a, true)
	}
}

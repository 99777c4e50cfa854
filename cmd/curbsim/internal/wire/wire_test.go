package wire

import (
	"bufio"
	"context"
	"fmt"
	"io"
	"net"
	"net/http"
	"strings"
	"testing"
	"time"

	"go.uber.org/goleak"
)

func TestMain(m *testing.M) { goleak.VerifyTestMain(m) }

// serve starts a server and ends it with the test.
func serve(t *testing.T, options Options) *Server {
	t.Helper()
	listener, err := Listen(Place{Party: "test", Addr: "127.0.0.1:0"})
	if err != nil {
		t.Fatal(err)
	}
	s := New(listener, options)
	s.Start()
	t.Cleanup(func() {
		ctx, cancel := context.WithTimeout(context.Background(), time.Second)
		defer cancel()
		s.Stop(ctx)
	})
	return s
}

func dial(t *testing.T, s *Server) net.Conn {
	t.Helper()
	conn, err := net.Dial("tcp", s.Addr().String())
	if err != nil {
		t.Fatal(err)
	}
	conn.SetDeadline(time.Now().Add(10 * time.Second))
	t.Cleanup(func() { conn.Close() })
	return conn
}

// echo answers POST /echo with the body, the coding and the query it saw.
func echo(x *Exchange) bool {
	if !x.Is("POST", "/echo") {
		return false
	}
	x.Reply(200, "X-Query: "+string(x.Query())+"\r\nX-Coding: "+string(x.ContentEncoding())+"\r\n", x.Body())
	return true
}

var plain = http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
	body, _ := io.ReadAll(r.Body)
	w.Header().Set("X-Host", r.Host)
	w.WriteHeader(http.StatusAccepted)
	fmt.Fprintf(w, "%s %s %d", r.Method, r.URL.RequestURI(), len(body))
})

func TestFraming(t *testing.T) {
	s := serve(t, Options{Hot: echo, Handler: plain})
	big := strings.Repeat("b", 100_000)
	cases := []struct{ name, request, status, body string }{
		{"length", "POST /echo?a=1 HTTP/1.1\r\nHost: x\r\nContent-Length: 5\r\n\r\nhello", "200 OK", "hello"},
		{"no body", "POST /echo HTTP/1.1\r\nHost: x\r\n\r\n", "200 OK", ""},
		{"large", "POST /echo HTTP/1.1\r\nHost: x\r\nContent-Length: 100000\r\n\r\n" + big, "200 OK", big},
		{"chunks", "POST /echo HTTP/1.1\r\nTransfer-Encoding: chunked\r\n\r\n3\r\nhel\r\n2;x=y\r\nlo\r\n0\r\nTrailer: 1\r\n\r\n", "200 OK", "hello"},
		{"no chunks", "POST /echo HTTP/1.1\r\ntransfer-encoding: Chunked\r\n\r\n0\r\n\r\n", "200 OK", ""},
		{"large chunk", "POST /echo HTTP/1.1\r\nTransfer-Encoding: chunked\r\n\r\n186a0\r\n" + big + "\r\n0\r\n\r\n", "200 OK", big},
		{"handler", "PUT /other?b=2 HTTP/1.1\r\nHost: h\r\nContent-Length: 3\r\n\r\nabc", "202 Accepted", "PUT /other?b=2 3"},
		{"handler, chunks", "PUT /other HTTP/1.1\r\nHost: h\r\nTransfer-Encoding: chunked\r\n\r\n3\r\nabc\r\n0\r\n\r\n", "202 Accepted", "PUT /other 3"},
		{"old", "POST /echo HTTP/1.0\r\nConnection: keep-alive\r\nContent-Length: 2\r\n\r\nok", "200 OK", "ok"},
	}
	conn := dial(t, s) // one connection for all: framing errors would show in the case after
	in := bufio.NewReader(conn)
	for _, c := range cases {
		if _, err := io.WriteString(conn, c.request); err != nil {
			t.Fatalf("%s: %v", c.name, err)
		}
		resp, err := http.ReadResponse(in, nil)
		if err != nil {
			t.Fatalf("%s: %v", c.name, err)
		}
		body, err := io.ReadAll(resp.Body)
		if err != nil || resp.Status != c.status || string(body) != c.body {
			t.Errorf("%s: %s with %d bytes, %v; want %s with %d", c.name, resp.Status, len(body), err, c.status, len(c.body))
		}
	}
}

func TestPipelining(t *testing.T) {
	s := serve(t, Options{Hot: echo})
	conn := dial(t, s)
	var all strings.Builder
	for i := range 100 {
		fmt.Fprintf(&all, "POST /echo HTTP/1.1\r\nContent-Length: 3\r\n\r\n%03d", i)
	}
	go io.WriteString(conn, all.String())
	in := bufio.NewReader(conn)
	for i := range 100 {
		resp, err := http.ReadResponse(in, nil)
		if err != nil {
			t.Fatal(err)
		}
		if body, _ := io.ReadAll(resp.Body); string(body) != fmt.Sprintf("%03d", i) {
			t.Fatalf("answer %d is %q", i, body)
		}
	}
}

func TestExpectContinue(t *testing.T) {
	s := serve(t, Options{Hot: echo})
	conn := dial(t, s)
	io.WriteString(conn, "POST /echo HTTP/1.1\r\nExpect: 100-continue\r\nContent-Length: 2\r\n\r\n")
	in := bufio.NewReader(conn)
	line, _ := in.ReadString('\n')
	if line != "HTTP/1.1 100 Continue\r\n" {
		t.Fatalf("got %q before the body", line)
	}
	in.ReadString('\n')
	io.WriteString(conn, "ok")
	resp, err := http.ReadResponse(in, nil)
	if err != nil {
		t.Fatal(err)
	}
	if body, _ := io.ReadAll(resp.Body); string(body) != "ok" {
		t.Errorf("body %q", body)
	}
}

// TestRefusals: each request is answered once and the connection closed.
func TestRefusals(t *testing.T) {
	s := serve(t, Options{Hot: echo})
	cases := []struct {
		name, request string
		status        int
	}{
		{"no target", "POST\r\n\r\n", 400},
		{"no version", "POST /echo\r\n\r\n", 400},
		{"version 2", "POST /echo HTTP/2.0\r\n\r\n", 505},
		{"absolute target", "GET http://x/ HTTP/1.1\r\n\r\n", 400},
		{"blank in the target", "GET /a b HTTP/1.1\r\n\r\n", 400},
		{"blank before the colon", "GET / HTTP/1.1\r\nA : b\r\n\r\n", 400},
		{"folded field", "GET / HTTP/1.1\r\nA: b\r\n c: d\r\n\r\n", 400},
		{"field without colon", "GET / HTTP/1.1\r\nAb\r\n\r\n", 400},
		{"two lengths", "GET / HTTP/1.1\r\nContent-Length: 1\r\nContent-Length: 1\r\n\r\nx", 400},
		{"length and chunks", "GET / HTTP/1.1\r\nContent-Length: 1\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n", 400},
		{"signed length", "GET / HTTP/1.1\r\nContent-Length: +1\r\n\r\nx", 400},
		{"length past the limit", fmt.Sprintf("GET / HTTP/1.1\r\nContent-Length: %d\r\n\r\n", BodyBytesMax+1), 413},
		{"endless chunks", "GET / HTTP/1.1\r\nTransfer-Encoding: chunked\r\n\r\n7fffffff\r\n", 413},
		{"bad chunk", "GET / HTTP/1.1\r\nTransfer-Encoding: chunked\r\n\r\n0x5\r\n", 400},
		{"other coding", "GET / HTTP/1.1\r\nTransfer-Encoding: gzip\r\n\r\n", 501},
		{"header past the limit", "GET / HTTP/1.1\r\nA: " + strings.Repeat("a", HeadBytesMax) + "\r\n", 431},
		{"no handler", "GET /nothing HTTP/1.1\r\nHost: x\r\n\r\n", 400},
	}
	for _, c := range cases {
		conn := dial(t, s)
		io.WriteString(conn, c.request)
		in := bufio.NewReader(conn)
		resp, err := http.ReadResponse(in, nil)
		if err != nil {
			t.Errorf("%s: %v", c.name, err)
			continue
		}
		io.Copy(io.Discard, resp.Body)
		if resp.StatusCode != c.status || !resp.Close {
			t.Errorf("%s: %s, close %v; want %d and close", c.name, resp.Status, resp.Close, c.status)
		}
		if _, err := in.ReadByte(); err == nil {
			t.Errorf("%s: the connection stays open", c.name)
		}
		conn.Close()
	}
}

func TestBodyAtTheLimit(t *testing.T) {
	s := serve(t, Options{Hot: echo})
	conn := dial(t, s)
	body := strings.Repeat("x", BodyBytesMax)
	go fmt.Fprintf(conn, "POST /echo HTTP/1.1\r\nContent-Length: %d\r\n\r\n%s", len(body), body)
	resp, err := http.ReadResponse(bufio.NewReader(conn), nil)
	if err != nil {
		t.Fatal(err)
	}
	if got, _ := io.ReadAll(resp.Body); len(got) != len(body) {
		t.Errorf("%d bytes came back, want %d", len(got), len(body))
	}
}

func TestHead(t *testing.T) {
	s := serve(t, Options{Handler: plain})
	conn := dial(t, s)
	io.WriteString(conn, "HEAD /x HTTP/1.1\r\nHost: x\r\n\r\n")
	in := bufio.NewReader(conn)
	resp, err := http.ReadResponse(in, &http.Request{Method: "HEAD"})
	if err != nil || resp.ContentLength != int64(len("HEAD /x 0")) {
		t.Fatalf("length %d, %v", resp.ContentLength, err)
	}
	io.WriteString(conn, "GET /y HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n")
	if resp, err = http.ReadResponse(in, nil); err != nil || !resp.Close {
		t.Errorf("the next answer: %v, close %v", err, resp != nil && resp.Close)
	}
}

// TestSilence: a silent exchange holds the connection until the peer leaves or the server stops, and sends nothing.
func TestSilence(t *testing.T) {
	began := make(chan struct{}, 2) // one per exchange
	s := serve(t, Options{Hot: func(x *Exchange) bool {
		began <- struct{}{}
		x.Silence(time.Minute)
		return true
	}})
	left := dial(t, s)
	io.WriteString(left, "GET / HTTP/1.1\r\n\r\n")
	<-began
	left.SetReadDeadline(time.Now().Add(50 * time.Millisecond))
	if n, err := left.Read(make([]byte, 1)); n > 0 || err == io.EOF {
		t.Fatalf("read %d bytes, %v from a silent server", n, err)
	}
	left.Close()
	until(t, "the connection to be gone", func() bool { open, _ := s.Connections(); return open == 0 })
	io.WriteString(dial(t, s), "GET / HTTP/1.1\r\n\r\n")
	<-began // and the test's end stops the server
}

func TestStopLetsExchangesFinish(t *testing.T) {
	began, finish := make(chan struct{}), make(chan struct{})
	s := serve(t, Options{Hot: func(x *Exchange) bool {
		close(began)
		<-finish
		x.Reply(200, "", []byte("done"))
		return true
	}})
	idle := dial(t, s)
	conn := dial(t, s)
	io.WriteString(conn, "GET / HTTP/1.1\r\n\r\n")
	<-began
	stopped := make(chan struct{})
	go func() { s.Stop(context.Background()); close(stopped) }()
	if _, err := idle.Read(make([]byte, 1)); err != io.EOF {
		t.Errorf("the idle connection: %v, want it closed", err)
	}
	close(finish)
	resp, err := http.ReadResponse(bufio.NewReader(conn), nil)
	if err != nil {
		t.Fatal(err)
	}
	if body, _ := io.ReadAll(resp.Body); string(body) != "done" {
		t.Errorf("body %q", body)
	}
	<-stopped
}

func TestStopWakesWaits(t *testing.T) {
	began, result := make(chan struct{}), make(chan bool, 1) // capacity 1: the only exchange's result
	s := serve(t, Options{Hot: func(x *Exchange) bool {
		close(began)
		result <- x.Wait(time.Hour)
		x.HangUp()
		return true
	}})
	io.WriteString(dial(t, s), "GET / HTTP/1.1\r\n\r\n")
	<-began
	s.Stop(context.Background())
	if <-result {
		t.Error("an hour passed")
	}
}

func TestStopCutsTheRest(t *testing.T) {
	began := make(chan struct{})
	s := serve(t, Options{Hot: func(x *Exchange) bool {
		close(began)
		for x.Write([]byte("more")) {
		}
		return true
	}})
	io.WriteString(dial(t, s), "GET / HTTP/1.1\r\n\r\n")
	<-began
	ctx, cancel := context.WithCancel(context.Background())
	cancel()
	s.Stop(ctx) // returns, although nobody reads what is written
}

func TestListenErrors(t *testing.T) {
	held, err := Listen(Place{Party: "first", Addr: "127.0.0.1:0"})
	if err != nil {
		t.Fatal(err)
	}
	defer held.Close()
	_, port, _ := net.SplitHostPort(held.Addr().String())
	cases := []struct{ addr, want string }{
		{"127.0.0.1:" + port, "second: port " + port + " on 127.0.0.1 is in use; end what holds it (ss -ltnp 'sport = :" + port + "' shows it) or choose another"},
		{"0.0.0.0:0", "second: 0.0.0.0: not a loopback address; simulated parties listen on 127.0.0.1 or ::1 unless --allow-remote is given"},
		{"127.0.0.1", `second: "127.0.0.1" is not host:port, such as 127.0.0.1:9701`},
		{"127.0.0.1:x", `second: port "x" is not a number from 0 to 65535`},
		{"127.0.0.1:65536", `second: port "65536" is not a number from 0 to 65535`},
	}
	for _, c := range cases {
		listener, err := Listen(Place{Party: "second", Addr: c.addr, Remedy: "choose another"})
		if err == nil {
			listener.Close()
			t.Errorf("%s: no error", c.addr)
		} else if err.Error() != c.want {
			t.Errorf("%s: %v\nwant %s", c.addr, err, c.want)
		}
	}
}

// scripted is a connection that sends the same request again and again and counts the answers.
type scripted struct {
	net.Conn
	request []byte
	rest    []byte
	turns   int
	answers int
}

func (s *scripted) Read(p []byte) (int, error) {
	if len(s.rest) == 0 {
		if s.turns == 0 {
			return 0, io.EOF
		}
		s.turns--
		s.rest = s.request
	}
	n := copy(p, s.rest)
	s.rest = s.rest[n:]
	return n, nil
}

func (s *scripted) Write(p []byte) (int, error) { s.answers++; return len(p), nil }

func (s *scripted) SetReadDeadline(time.Time) error { return nil }
func (s *scripted) Close() error                    { return nil }

// TestHotExchangeAllocatesNothing runs a connection's loop over many requests: what it allocates at all, it allocates once.
func TestHotExchangeAllocatesNothing(t *testing.T) {
	request := []byte("POST /echo HTTP/1.1\r\nHost: x\r\nContent-Type: application/json\r\nAccept-Encoding: gzip\r\nContent-Length: 5\r\n\r\nhello")
	body := []byte("ok")
	s := New(nil, Options{Hot: func(x *Exchange) bool { return x.Reply(200, "A: b\r\n", body) }})
	of := func(turns int) float64 {
		return testing.AllocsPerRun(5, func() {
			nc := &scripted{request: request, turns: turns}
			newConn(s, nc).serve()
			if nc.answers != turns {
				t.Fatalf("%d answers, want %d", nc.answers, turns)
			}
		})
	}
	if one, many := of(1), of(1000); many > one {
		t.Errorf("1000 exchanges allocate %v times, one %v", many, one)
	}
}

// until polls, since what it waits for has no other sign.
func until(t *testing.T, what string, done func() bool) {
	t.Helper()
	for range 1000 {
		if done() {
			return
		}
		time.Sleep(5 * time.Millisecond)
	}
	t.Fatalf("waited in vain for %s", what)
}

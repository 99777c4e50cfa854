package transport

import (
	"bufio"
	"crypto/tls"
	"errors"
	"fmt"
	"io"
	"net"
	"net/http"
	"os"
	"strings"
	"sync"
	"syscall"
	"testing"
	"time"
)

// wire is a TLS connection on which a test writes what it likes.
type wire struct {
	*tls.Conn
	t testing.TB
	r *bufio.Reader
}

// dial connects with a name and protocols of the test's choice; no test waits longer than ten seconds.
func (s *server) dial(t testing.TB, sni string, protocols ...string) wire {
	t.Helper()
	c := s.tls(sni, protocols...)
	c.InsecureSkipVerify = sni == ""
	conn, err := tls.Dial("tcp", s.Addr().String(), c)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { conn.Close() })
	conn.SetDeadline(time.Now().Add(10 * time.Second))
	return wire{conn, t, bufio.NewReader(conn)}
}

// dialNarrow connects with a receive buffer that takes next to nothing.
func (s *server) dialNarrow(t testing.TB, protocols ...string) wire {
	t.Helper()
	dialer := net.Dialer{Control: func(_, _ string, raw syscall.RawConn) error {
		var fault error
		err := raw.Control(func(fd uintptr) {
			fault = syscall.SetsockoptInt(int(fd), syscall.SOL_SOCKET, syscall.SO_RCVBUF, 2048)
		})
		return errors.Join(err, fault)
	}}
	conn, err := tls.DialWithDialer(&dialer, "tcp", s.Addr().String(), s.tls("localhost", protocols...))
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { conn.Close() })
	conn.SetDeadline(time.Now().Add(10 * time.Second))
	return wire{conn, t, bufio.NewReader(conn)}
}

func (w wire) send(text string) {
	w.t.Helper()
	if _, err := io.WriteString(w.Conn, text); err != nil {
		w.t.Fatal(err)
	}
}

// answer reads one answer.
func (w wire) answer() answer {
	w.t.Helper()
	resp, err := http.ReadResponse(w.r, nil)
	if err != nil {
		w.t.Fatal(err)
	}
	body, err := io.ReadAll(resp.Body)
	if err != nil {
		w.t.Fatal(err)
	}
	if resp.Close {
		resp.Header.Set("Connection", "close")
	}
	return answer{resp.StatusCode, resp.Header.Get("X-Curb-Error"), string(body), resp.Header, resp.Proto}
}

// ends expects that nothing more comes and the connection is closed in order.
func (w wire) ends() {
	w.t.Helper()
	if n, err := w.r.Read(make([]byte, 1)); err != io.EOF {
		w.t.Errorf("read %d bytes and %v, want the end", n, err)
	}
}

// quick are limits that a test can wait for.
func quick(o *Options) {
	o.Limits = Limits{HeaderRead: 300 * time.Millisecond, BodyRead: 300 * time.Millisecond, Write: 300 * time.Millisecond, Idle: time.Second, Handshake: time.Second}
}

// refusedWith checks an answer of the door's.
func refusedWith(t testing.TB, a answer, want refusal) {
	t.Helper()
	if a.status != want.status() || a.code != want.String() || a.body != "" || a.header.Get("Content-Length") != "0" {
		t.Errorf("%d %q with %d bytes (Content-Length %q), want %d %q and none", a.status, a.code, len(a.body), a.header.Get("Content-Length"), want.status(), want)
	}
}

// TestH1RefusesOnTheWire sends every head of headCases: alone, and right behind a good request on the same connection,
// whose answer must come first.
func TestH1RefusesOnTheWire(t *testing.T) {
	s := serve(t, http.HandlerFunc(echo))
	var wg sync.WaitGroup
	room := make(chan struct{}, 8)
	for _, c := range headCases {
		for _, before := range []string{"", "GET /before HTTP/1.1\r\nHost: localhost\r\n\r\n"} {
			if c.want == accepted {
				continue
			}
			room <- struct{}{}
			wg.Go(func() {
				defer func() { <-room }()
				t.Run(fmt.Sprintf("%s %t", c.name, before != ""), func(t *testing.T) {
					w := s.dial(t, "localhost")
					w.send(before + c.head)
					if before != "" {
						if a := w.answer(); a.status != 200 || !strings.Contains(a.body, "/before") {
							t.Fatalf("the request before: %+v", a)
						}
					}
					a := w.answer()
					refusedWith(t, a, c.want)
					if a.header.Get("Connection") != "close" {
						t.Error("no Connection: close")
					}
					if c.want == methodNotAllowed && a.header.Get("Allow") == "" {
						t.Error("405 without Allow")
					}
					w.ends()
				})
			})
		}
	}
	wg.Wait()
}

func TestH1AcceptsOnTheWire(t *testing.T) {
	s := serve(t, http.HandlerFunc(echo), func(o *Options) { o.Own = append(o.Own, "a") })
	for _, c := range headCases {
		if c.want != accepted {
			continue
		}
		t.Run(c.name, func(t *testing.T) {
			w := s.dial(t, "localhost")
			head := strings.NewReplacer("a:443", "a:"+s.port(), "A:443", "A:"+s.port()).Replace(c.head)
			w.send(head)
			if strings.Contains(head, "100-C") {
				if a := w.answer(); a.status != 100 {
					t.Fatalf("%+v, want 100", a)
				}
			}
			if strings.Contains(head, "Chunked") {
				w.send("5\r\nhello\r\n0\r\n\r\n")
			} else if strings.Contains(head, "Length: 5") {
				w.send("hello")
			}
			a := w.answer()
			if a.status != 200 || a.code != "" {
				t.Fatalf("%d %q", a.status, a.code)
			}
			if strings.HasPrefix(head, "POST") && !strings.Contains(head, "Length: 0") && !strings.HasSuffix(a.body, " hello") {
				t.Errorf("the body is %q", a.body)
			}
		})
	}
}

// TestH1Pipelines sends requests with bodies of both kinds in one write, cut at every place.
func TestH1Pipelines(t *testing.T) {
	t.Parallel()
	s := serve(t, http.HandlerFunc(echo))
	one := "POST /1 HTTP/1.1\r\nHost: localhost\r\nContent-Length: 5\r\n\r\nhello"
	two := "POST /2 HTTP/1.1\r\nHost: localhost\r\nTransfer-Encoding: chunked\r\n\r\n3\r\nwor\r\n2\r\nld\r\n0\r\n\r\n"
	three := "GET /3 HTTP/1.1\r\nHost: localhost\r\n\r\n"
	all := one + two + three
	for cut := 0; cut < len(all); cut += 3 {
		w := s.dial(t, "localhost")
		w.send(all[:cut])
		time.Sleep(time.Millisecond)
		w.send(all[cut:])
		for i, want := range []string{"POST localhost /1 tls=true hello", "POST localhost /2 tls=true world", "GET localhost /3 tls=true "} {
			if a := w.answer(); !strings.HasSuffix(a.body, want) {
				t.Fatalf("cut at %d, answer %d: %q, want %q", cut, i, a.body, want)
			}
		}
		w.Close()
	}
}

func TestH1BadChunks(t *testing.T) {
	s := serve(t, http.HandlerFunc(echo))
	for _, body := range []string{"0x5\r\nhello\r\n0\r\n\r\n", "5\nhello\n0\n\n", "5;a=b\r\nhello\r\n0\r\n\r\n", "3\r\nhello\r\n0\r\n\r\n", "2\r\nhe\r\nX", "0\r\nTrailer: x\r\n\r\n"} {
		w := s.dial(t, "localhost")
		w.send("POST / HTTP/1.1\r\nHost: localhost\r\nTransfer-Encoding: chunked\r\n\r\n")
		w.send(body)
		refusedWith(t, w.answer(), requestMalformed)
		w.ends()
	}
	if n := s.Stats().H1.Cut["protocol"]; n != 6 {
		t.Errorf("%d connections are counted as cut, want 6", n)
	}
}

func TestBodyTooLarge(t *testing.T) {
	s := serve(t, http.HandlerFunc(echo))
	for _, head := range []string{"Content-Length: 131073\r\n\r\n", "Content-Length: 10000000000\r\n\r\n", "Transfer-Encoding: chunked\r\n\r\n"} {
		w := s.dial(t, "localhost")
		w.send("POST / HTTP/1.1\r\nHost: localhost\r\n" + head)
		done := make(chan struct{})
		go func() {
			defer close(done)
			for range 40 { // an endless body, as far as the server lets it
				if _, err := io.WriteString(w.Conn, "1000\r\n"+pad(4096)+"\r\n"); err != nil {
					return
				}
			}
		}()
		a := w.answer()
		refusedWith(t, a, bodyTooLarge)
		if a.header.Get("Connection") != "close" {
			t.Error("no Connection: close")
		}
		w.Close()
		<-done
	}
	for _, p := range []string{"h2", "h3"} {
		c := s.client(t, p)
		for _, size := range []int64{-1, 128<<10 + 1} {
			a, err := c.do("POST", "/", io.LimitReader(endless{}, 128<<10+1), func(r *http.Request) { r.ContentLength = size })
			if err != nil {
				t.Fatalf("%s: %v", p, err)
			}
			refusedWith(t, a, bodyTooLarge)
		}
		if a := c.must("POST", "/", io.LimitReader(endless{}, 128<<10), func(r *http.Request) { r.ContentLength = -1 }); a.status != 200 {
			t.Errorf("%s at the limit: %+v", p, a)
		}
	}
}

type endless struct{}

func (endless) Read(p []byte) (int, error) {
	for i := range p {
		p[i] = 'x'
	}
	return len(p), nil
}

// TestH1Slow sends heads and bodies byte by byte, and reads nothing of an answer.
func TestH1Slow(t *testing.T) {
	t.Parallel()
	s := serve(t, http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if r.URL.Path == "/big" {
			io.WriteString(w, strings.Repeat("x", 32<<20))
			return
		}
		echo(w, r)
	}), quick)
	drip := func(w wire, text string) {
		for i := range len(text) {
			if _, err := io.WriteString(w.Conn, text[i:i+1]); err != nil {
				return
			}
			time.Sleep(20 * time.Millisecond)
		}
	}
	for name, text := range map[string]string{"head": "GET /" + pad(100), "after the request line": "GET / HTTP/1.1\r\nHost: localhost\r\nX-A: " + pad(100)} {
		t.Run(name, func(t *testing.T) {
			w, start := s.dial(t, "localhost"), time.Now()
			go drip(w, text)
			a := w.answer()
			refusedWith(t, a, timedOut)
			if took := time.Since(start); took < 250*time.Millisecond || took > 4*time.Second {
				t.Errorf("took %v, want 300 ms", took)
			}
			w.ends()
		})
	}
	for name, head := range map[string]string{"body": "Content-Length: 200", "chunks": "Transfer-Encoding: chunked"} {
		t.Run(name, func(t *testing.T) {
			w, start := s.dial(t, "localhost"), time.Now()
			w.send("POST / HTTP/1.1\r\nHost: localhost\r\n" + head + "\r\n\r\n")
			go drip(w, strings.Repeat("1\r\nx\r\n", 30))
			refusedWith(t, w.answer(), timedOut)
			if took := time.Since(start); took < 250*time.Millisecond || took > 4*time.Second {
				t.Errorf("took %v, want 300 ms", took)
			}
			w.ends()
		})
	}
	t.Run("reader", func(t *testing.T) {
		w := s.dial(t, "localhost")
		before := s.Stats().H1.Cut["timeout"]
		w.send("GET /big HTTP/1.1\r\nHost: localhost\r\n\r\n")
		waitFor(t, func() bool { st := s.Stats().H1; return st.Cut["timeout"] > before && st.InFlight == 0 })
	})
	t.Run("silence", func(t *testing.T) {
		w, start := s.dial(t, "localhost"), time.Now()
		w.ends()
		if took := time.Since(start); took < 900*time.Millisecond || took > 6*time.Second {
			t.Errorf("took %v, want the idle time of 1 s", took)
		}
	})
	t.Run("no handshake", func(t *testing.T) {
		c, err := net.Dial("tcp", s.Addr().String())
		if err != nil {
			t.Fatal(err)
		}
		defer c.Close()
		c.SetDeadline(time.Now().Add(5 * time.Second))
		if _, err := c.Read(make([]byte, 1)); err == nil || errors.Is(err, os.ErrDeadlineExceeded) {
			t.Errorf("%v, want the end of the connection", err)
		}
		if s.Stats().HandshakeFailed == 0 {
			t.Error("the failed handshake is not counted")
		}
	})
}

// TestH1PipeliningReader asks without end and reads nothing: every answer is small and comes right after the last one.
func TestH1PipeliningReader(t *testing.T) {
	t.Parallel()
	s := serve(t, http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) { io.WriteString(w, pad(1500)) }), quick)
	w := s.dialNarrow(t)
	pipelined := strings.Repeat("GET / HTTP/1.1\r\nHost: localhost\r\n\r\n", 64)
	for end := time.Now().Add(8 * time.Second); time.Now().Before(end); {
		if _, err := io.WriteString(w.Conn, pipelined); err != nil {
			break // the server has cut it
		}
	}
	waitFor(t, func() bool {
		st := s.Stats().H1
		return st.Cut["timeout"] == 1 && st.InFlight == 0 && st.Open == 0
	})
}

// waitFor polls for what happens soon.
func waitFor(t testing.TB, happened func() bool) {
	t.Helper()
	for end := time.Now().Add(10 * time.Second); time.Now().Before(end); time.Sleep(5 * time.Millisecond) {
		if happened() {
			return
		}
	}
	t.Fatal("did not happen within 10 s")
}

// TestH1SlowHandlerIsNotIdle shows that waiting for a handler is not waiting for a client.
func TestH1SlowHandlerIsNotIdle(t *testing.T) {
	t.Parallel()
	s := serve(t, http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		select {
		case <-time.After(700 * time.Millisecond):
			io.WriteString(w, "late")
		case <-r.Context().Done():
		}
	}), quick, func(o *Options) { o.Limits.Idle = 200 * time.Millisecond })
	w := s.dial(t, "localhost")
	w.send("GET / HTTP/1.1\r\nHost: localhost\r\n\r\n")
	if a := w.answer(); a.body != "late" {
		t.Errorf("%+v", a)
	}
	w.ends()
}

func TestRequestsPerConnection(t *testing.T) {
	s := serve(t, http.HandlerFunc(echo), func(o *Options) { o.Limits.Requests = 5 })
	w := s.dial(t, "localhost")
	for i := range 5 {
		w.send("GET / HTTP/1.1\r\nHost: localhost\r\n\r\n")
		if a := w.answer(); a.status != 200 || (a.header.Get("Connection") == "close") != (i == 4) {
			t.Fatalf("request %d: %d, Connection %q", i, a.status, a.header.Get("Connection"))
		}
	}
	w.ends()
	for _, p := range []string{"h2", "h3"} {
		c := s.client(t, p)
		for range 12 {
			if a := c.must("GET", "/", nil); a.status != 200 {
				t.Fatalf("%s: %+v", p, a)
			}
		}
	}
	st := s.Stats()
	if st.H2.Connections != 3 || st.H3.Connections != 3 {
		t.Errorf("12 requests took %d connections of HTTP/2 and %d of HTTP/3, want 3", st.H2.Connections, st.H3.Connections)
	}
}

func TestConnectionCaps(t *testing.T) {
	s := serve(t, http.HandlerFunc(echo), func(o *Options) { o.Limits.ConnectionsPerNet = 3 })
	for range 3 {
		s.dial(t, "localhost")
	}
	waitFor(t, func() bool { return s.Stats().H1.Open == 3 })
	if c, err := tls.Dial("tcp", s.Addr().String(), s.tls("localhost")); err == nil {
		c.Close()
		t.Error("a fourth connection is served")
	}
	if n := s.Stats().AcceptRefused; n != 1 {
		t.Errorf("%d refused at accept, want 1", n)
	}
	for i := range 4 {
		_, err := s.client(t, "h3").do("GET", "/", nil)
		if (err == nil) != (i < 3) {
			t.Errorf("HTTP/3 connection %d: %v", i, err)
		}
	}
	if n := s.Stats().QUICRefused; n == 0 {
		t.Error("the refusal over UDP is not counted")
	}
}

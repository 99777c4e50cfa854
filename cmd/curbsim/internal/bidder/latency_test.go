package bidder

import (
	"bufio"
	"context"
	"fmt"
	"io"
	"net"
	"net/http"
	"testing"
	"testing/synctest"
	"time"
)

// pipes is a listener of in-memory connections, which live in a synctest bubble as sockets cannot.
type pipes struct {
	conns  chan net.Conn // unbuffered: dial hands over
	closed chan struct{}
}

func (p *pipes) Accept() (net.Conn, error) {
	select {
	case c := <-p.conns:
		return c, nil
	case <-p.closed:
		return nil, net.ErrClosed
	}
}

func (p *pipes) Close() error   { close(p.closed); return nil }
func (p *pipes) Addr() net.Addr { return &net.TCPAddr{} }

func (p *pipes) dial() net.Conn {
	ours, theirs := net.Pipe()
	p.conns <- theirs
	return ours
}

// ask sends one bid request on a connection of its own and says after how long the answer was whole.
func (p *pipes) ask(t *testing.T, body string) (status int, took time.Duration) {
	t.Helper()
	conn := p.dial()
	defer conn.Close()
	began := time.Now()
	fmt.Fprintf(conn, "POST /bid HTTP/1.1\r\nHost: x\r\nContent-Length: %d\r\n\r\n%s", len(body), body)
	resp, err := http.ReadResponse(bufio.NewReader(conn), nil)
	if err != nil {
		t.Fatal(err)
	}
	io.Copy(io.Discard, resp.Body)
	return resp.StatusCode, time.Since(began)
}

// TestLatency runs in a bubble, where time is exact.
func TestLatency(t *testing.T) {
	cases := []struct {
		set, request string
		want         time.Duration
	}{
		{`{}`, oneImp, 0},
		{`{"latency": "40ms"}`, oneImp, 40 * time.Millisecond},
		{`{"latency": "40ms", "failure": "no_bid"}`, oneImp, 40 * time.Millisecond},
		{`{"latency": "40ms", "failure": "error_500"}`, oneImp, 40 * time.Millisecond},
		{`{"failure": "late"}`, oneImp, 170 * time.Millisecond}, // its tmax is 120
		{`{"failure": "late"}`, `{"id":"r","imp":[{"id":"1","banner":{"w":300,"h":250}}]}`, 200 * time.Millisecond},
		{`{"failure": "slow_body"}`, oneImp, 2 * time.Second},
		{`{"latency": "1s", "failure": "late"}`, oneImp, 1170 * time.Millisecond},
	}
	synctest.Test(t, func(t *testing.T) {
		listener := &pipes{make(chan net.Conn), make(chan struct{})}
		b, err := Start(listener, "http://x", Defaults(201, 2_500_000))
		if err != nil {
			t.Fatal(err)
		}
		for _, c := range cases {
			b.desk.Reset()
			if err := b.desk.Change([]byte(c.set)); err != nil {
				t.Fatal(err)
			}
			if status, took := listener.ask(t, c.request); took != c.want {
				t.Errorf("%s: answered %d after %s, want %s", c.set, status, took, c.want)
			}
		}
		b.desk.Reset()
		if err := b.desk.Change([]byte(`{"latency": "5ms", "jitter": "30ms"}`)); err != nil {
			t.Fatal(err)
		}
		seen := map[time.Duration]bool{}
		for i := range 20 {
			_, took := listener.ask(t, fmt.Sprintf(`{"id":"%d","imp":[{"id":"1","banner":{"w":300,"h":250}}]}`, i))
			if took < 5*time.Millisecond || took >= 35*time.Millisecond {
				t.Errorf("answered after %s, want 5 to 35 ms", took)
			}
			seen[took] = true
		}
		if len(seen) < 10 {
			t.Errorf("only %d different latencies in 20", len(seen))
		}
		b.Stop(context.Background())
	})
}

// TestSilentForAMinute: a peer that never leaves is left after a minute.
func TestSilentForAMinute(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		listener := &pipes{make(chan net.Conn), make(chan struct{})}
		b, err := Start(listener, "http://x", Defaults(201, 2_500_000))
		if err != nil {
			t.Fatal(err)
		}
		if err := b.desk.Change([]byte(`{"failure": "silent"}`)); err != nil {
			t.Fatal(err)
		}
		conn := listener.dial()
		defer conn.Close()
		began := time.Now()
		fmt.Fprintf(conn, "POST /bid HTTP/1.1\r\nContent-Length: %d\r\n\r\n%s", len(oneImp), oneImp)
		if n, err := conn.Read(make([]byte, 1)); n > 0 || err != io.EOF || time.Since(began) != silenceMax {
			t.Errorf("read %d bytes, %v after %s; want the end after %s", n, err, time.Since(began), silenceMax)
		}
		b.Stop(context.Background())
	})
}

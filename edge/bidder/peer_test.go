package bidder

import (
	"bufio"
	"crypto/tls"
	"io"
	"net"
	"net/textproto"
	"strconv"
	"strings"
	"sync"
	"testing"
	"time"

	"curb/edge/ad"
)

// peer is the bidder's end of one connection, played by a test.
type peer struct {
	net.Conn
	reader *bufio.Reader
	nth    int // connections before this one
}

// request reads one request: its first line and fields, and its body. An error is the connection's end.
func (p *peer) request() (first string, fields textproto.MIMEHeader, body []byte, err error) {
	r := textproto.NewReader(p.reader)
	if first, err = r.ReadLine(); err != nil {
		return "", nil, nil, err
	}
	if fields, err = r.ReadMIMEHeader(); err != nil {
		return "", nil, nil, err
	}
	length, _ := strconv.Atoi(fields.Get("Content-Length"))
	body = make([]byte, length)
	_, err = io.ReadFull(p.reader, body)
	return first, fields, body, err
}

// say writes bytes as they are; the other end may be gone.
func (p *peer) say(text string) { _, _ = io.WriteString(p.Conn, text) }

// answers makes a peer that gives the same bytes to every request.
func answers(text string) func(*peer) {
	return func(p *peer) {
		for {
			if _, _, _, err := p.request(); err != nil {
				return
			}
			p.say(text)
		}
	}
}

// ok is a whole answer with a body.
func ok(body string, fields ...string) string {
	return "HTTP/1.1 200 OK\r\nContent-Length: " + strconv.Itoa(len(body)) + "\r\n" + strings.Join(append(fields, ""), "\r\n") + "\r\n" + body
}

// auctionID is the id of the tests' requests.
func auctionID() string { return ad.AuctionID{1, 2, 3}.String() }

// bids makes a peer that always bids for the i-th bidder's member.
func bids(i int) func(*peer) { return answers(ok(bidFor(i, auctionID(), "1.25"))) }

// listen plays a bidder on loopback; config nil is plain. Each connection is played in a goroutine of its own and closed
// when play returns. The test's end closes everything and waits.
func listen(t testing.TB, config *tls.Config, play func(*peer)) (address string) {
	t.Helper()
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	var all sync.WaitGroup
	var mu sync.Mutex
	var open []net.Conn
	all.Go(func() {
		for n := 0; ; n++ {
			c, err := l.Accept()
			if err != nil {
				return
			}
			mu.Lock()
			open = append(open, c)
			mu.Unlock()
			all.Go(func() {
				defer func() { _ = c.Close() }()
				p := &peer{Conn: c, nth: n}
				if config != nil {
					p.Conn = tls.Server(c, config)
				}
				p.reader = bufio.NewReader(p.Conn)
				play(p)
			})
		}
	})
	t.Cleanup(func() {
		_ = l.Close()
		mu.Lock()
		for _, c := range open {
			_ = c.Close()
		}
		mu.Unlock()
		all.Wait()
	})
	return l.Addr().String()
}

// askAll asks all bidders of a market once and gives what came; the bids are valid until the test ends.
func askAll(t testing.TB, f *Fanout, m *market, timeout time.Duration) *ad.Answers {
	t.Helper()
	var a ad.Answers
	f.Ask(t.Context(), m.snap, outgoing(m.snap, timeout), &a)
	t.Cleanup(a.Free)
	if len(a.Asked) != len(m.snap.Bidders()) {
		t.Fatalf("%d rows for %d targets", len(a.Asked), len(m.snap.Bidders()))
	}
	return &a
}

package bidder

import (
	"bytes"
	"context"
	"fmt"
	"net"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"github.com/klauspost/compress/gzip"
	"github.com/klauspost/compress/zstd"

	"curb/edge/ad"
	"curb/edge/catalog"
	"curb/edge/egress"
)

// plenty is a deadline that no honest exchange on loopback misses.
const plenty = 20 * time.Second

func TestWin(t *testing.T) {
	m := newMarket(t, nil, "http://"+listen(t, nil, bids(0)))
	f := newFanout(t, nil)
	a := askAll(t, f, m, plenty)
	if len(a.Bids) != 1 || a.Asked[0].Reason != ad.Undecided || a.Asked[0].Bids != 1 || a.Asked[0].Micros <= 0 {
		t.Fatalf("asked %+v, bids %+v", a.Asked, a.Bids)
	}
	b := &a.Bids[0]
	if b.Reason != ad.Undecided || b.Price != 1_250_000 || b.Member != firstMember || b.Creative.ID != firstCreative || b.Advertiser != "buyer.example" ||
		b.Bidder != m.snap.Bidder(firstBidder) || b.Impression != 0 || b.Rate != ad.RateOne || b.Size != (ad.Size{W: 300, H: 250}) {
		t.Errorf("bid %+v", b)
	}
	s := f.Stats()[0]
	if s.Sent != 1 || s.Answered != 1 || s.Bids != 1 || s.Outcomes[ad.Undecided] != 1 || s.Connections != 1 || s.Idle != 1 || s.Dials != 1 {
		t.Errorf("stats %+v", s)
	}
}

// squeezed gives text in a coding.
func squeezed(text string, coding ad.Compression) string {
	var out bytes.Buffer
	if coding == ad.Gzip {
		w := gzip.NewWriter(&out)
		_, _ = w.Write([]byte(text))
		_ = w.Close()
	} else {
		w, _ := zstd.NewWriter(&out)
		_, _ = w.Write([]byte(text))
		_ = w.Close()
	}
	return out.String()
}

func manyBids(n int, seat string) string {
	var list []string
	for i := range n {
		list = append(list, fmt.Sprintf(`{"id":"b%d","impid":"1","price":1,"crid":"summer"}`, i))
	}
	return `{"id":"` + auctionID() + `","seatbid":[{"seat":"` + seat + `","bid":[` + strings.Join(list, ",") + `]}]}`
}

// TestEveryAnswerHasItsReason plays what bidders send, good and bad, over a socket.
func TestEveryAnswerHasItsReason(t *testing.T) {
	bid := bidFor(0, auctionID(), "1.25")
	bomb := strings.Repeat(" ", 4<<20)
	chunk := func(text string) string { return fmt.Sprintf("%x\r\n%s\r\n", len(text), text) }
	chunked := "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n"
	cases := []struct {
		name, say string
		want      ad.Reason
	}{
		{"bid", ok(bid), ad.Undecided},
		{"bid in chunks", chunked + chunk(bid[:10]) + chunk(bid[10:]) + "0\r\n\r\n", ad.Undecided},
		{"bid until the connection ends", "HTTP/1.1 200 OK\r\n\r\n" + bid + "\x00close", ad.Undecided},
		{"bid in HTTP/1.0", "HTTP/1.0 200 OK\r\nContent-Length: " + fmt.Sprint(len(bid)) + "\r\n\r\n" + bid, ad.Undecided},
		{"bid after interim answers", strings.Repeat("HTTP/1.1 103 Early Hints\r\nLink: </x>\r\n\r\n", ad.InformationalMax) + ok(bid), ad.Undecided},
		{"bid in gzip", ok(squeezed(bid, ad.Gzip), "Content-Encoding: gzip"), ad.Undecided},
		{"bid in zstd", ok(squeezed(bid, ad.Zstd), "Content-Encoding: zstd"), ad.Undecided},

		{"204", "HTTP/1.1 204 No Content\r\n\r\n", ad.NoBid},
		{"204 with a length", "HTTP/1.1 204 No Content\r\nContent-Length: 0\r\n\r\n", ad.NoBid},
		{"empty 200", ok(""), ad.NoBid},
		{"200 without seats", ok(`{"id":"` + auctionID() + `"}`), ad.NoBid},
		{"200 with empty seats", ok(`{"id":"` + auctionID() + `","seatbid":[]}`), ad.NoBid},

		{"302 inward", "HTTP/1.1 302 Found\r\nLocation: http://127.0.0.1:1/\r\nContent-Length: 0\r\n\r\n", ad.Redirected},
		{"307", "HTTP/1.1 307 Temporary Redirect\r\nContent-Length: 0\r\n\r\n", ad.Redirected},
		{"500", "HTTP/1.1 500 Internal Server Error\r\nContent-Length: 3\r\n\r\nsad", ad.HTTPStatus},
		{"404", "HTTP/1.1 404 Not Found\r\nContent-Length: 0\r\n\r\n", ad.HTTPStatus},
		{"101", "HTTP/1.1 101 Switching Protocols\r\nUpgrade: h2c\r\n\r\n", ad.HTTPStatus},
		{"one interim answer too many", strings.Repeat("HTTP/1.1 103 Early Hints\r\n\r\n", ad.InformationalMax+1) + ok(bid), ad.HTTPStatus},
		{"a thousand interim answers", strings.Repeat("HTTP/1.1 103 Early Hints\r\n\r\n", 1000), ad.HTTPStatus},
		{"not HTTP", "SSH-2.0-OpenSSH_9.9\r\n\r\n", ad.HeaderInvalid},
		{"a megabyte of header", "HTTP/1.1 200 OK\r\nX: " + strings.Repeat("x", 1<<20), ad.HeaderTooLarge},
		{"a megabyte of fields", "HTTP/1.1 200 OK\r\n" + strings.Repeat("X: y\r\n", 200_000), ad.HeaderTooLarge},
		{"hangs up", "\x00close", ad.ConnectionLost},
		{"hangs up in the head", "HTTP/1.1 200 OK\r\nContent-\x00close", ad.ConnectionLost},
		{"hangs up in the body", "HTTP/1.1 200 OK\r\nContent-Length: 500\r\n\r\n" + bid + "\x00close", ad.BodyInvalid},
		{"hangs up in a chunk", chunked + "500\r\n" + bid + "\x00close", ad.BodyInvalid},
		{"bad chunk", chunked + "zz\r\n", ad.BodyInvalid},

		{"length of 257 KiB", "HTTP/1.1 200 OK\r\nContent-Length: 263169\r\n\r\n", ad.ResponseTooLarge},
		{"endless chunks", chunked + strings.Repeat(chunk(strings.Repeat(" ", 1000)), 400), ad.ResponseTooLarge},
		{"endless tiny chunks", chunked + strings.Repeat("1\r\n \r\n", 100_000), ad.ResponseTooLarge},
		{"endless body", "HTTP/1.1 200 OK\r\n\r\n" + strings.Repeat(" ", 400_000), ad.ResponseTooLarge},
		{"gzip bomb", ok(squeezed(bomb, ad.Gzip), "Content-Encoding: gzip"), ad.ResponseTooLarge},
		{"zstd bomb", ok(squeezed(bomb, ad.Zstd), "Content-Encoding: zstd"), ad.ResponseTooLarge},
		{"gzip cut short", ok(squeezed(bid, ad.Gzip)[:60], "Content-Encoding: gzip"), ad.BodyInvalid},
		{"zstd cut short", ok(squeezed(bid, ad.Zstd)[:40], "Content-Encoding: zstd"), ad.BodyInvalid},
		{"gzip and more", ok(squeezed(bid, ad.Gzip)+"x", "Content-Encoding: gzip"), ad.BodyInvalid},
		{"zstd and more", ok(squeezed(bid, ad.Zstd)+"x", "Content-Encoding: zstd"), ad.BodyInvalid},
		{"gzip that is none", ok(bid, "Content-Encoding: gzip"), ad.BodyInvalid},
		{"brotli", ok(bid, "Content-Encoding: br"), ad.ContentEncoding},
		{"gzip twice", ok(bid, "Content-Encoding: gzip, gzip"), ad.ContentEncoding},
		{"gzip in two fields", ok(bid, "Content-Encoding: gzip", "Content-Encoding: gzip"), ad.ContentEncoding},

		{"HTML", ok("<html>no</html>"), ad.JSONInvalid},
		{"duplicate names", ok(`{"id":"` + auctionID() + `","id":"x"}`), ad.JSONInvalid},
		{"more behind", ok(bid + "{}"), ad.JSONInvalid},
		{"too deep", ok(strings.Repeat("[", 20)), ad.JSONTooDeep},
		{"a list", ok("[]"), ad.ResponseInvalid},
		{"65 bids", ok(manyBids(ad.BidsMax+1, "201")), ad.ResponseTooLarge},
		{"33 KiB of markup", ok(strings.Replace(bid, `"crid"`, `"adm":"`+strings.Repeat("x", ad.MarkupBytesMax+1)+`","crid"`, 1)), ad.ResponseTooLarge},
		{"1000 seats", ok(`{"id":"` + auctionID() + `","seatbid":[` + strings.Repeat(`{},`, 999) + `{}]}`), ad.ResponseTooLarge},
		{"another request's id", ok(bidFor(0, "0", "1.25")), ad.IDMismatch},
		{"infinite price", ok(bidFor(0, auctionID(), "NaN")), ad.JSONInvalid},
	}
	for _, c := range cases {
		t.Run(c.name, func(t *testing.T) {
			say, hangUp := strings.CutSuffix(c.say, "\x00close")
			accept := func(c *catalog.Contents) { c.Bidders[0].AcceptGzip, c.Bidders[0].AcceptZstd = true, true }
			m := newMarket(t, accept, "http://"+listen(t, nil, func(p *peer) {
				if _, _, _, err := p.request(); err != nil {
					return
				}
				p.say(say)
				if !hangUp {
					_, _, _, _ = p.request() // until our side ends it
				}
			}))
			a := askAll(t, newFanout(t, nil), m, plenty)
			if got := a.Asked[0].Reason; got != c.want {
				t.Errorf("reason %v, want %v", got, c.want)
			}
			if c.want == ad.Undecided && (len(a.Bids) != 1 || a.Bids[0].Reason != ad.Undecided) {
				t.Errorf("bids %+v", a.Bids)
			}
		})
	}
}

func TestCodingThatWasNotOffered(t *testing.T) {
	bid := bidFor(0, auctionID(), "1.25")
	for field, coding := range map[string]ad.Compression{"gzip": ad.Gzip, "zstd": ad.Zstd} {
		m := newMarket(t, nil, "http://"+listen(t, nil, answers(ok(squeezed(bid, coding), "Content-Encoding: "+field))))
		if got := askAll(t, newFanout(t, nil), m, plenty).Asked[0].Reason; got != ad.ContentEncoding {
			t.Errorf("%s: reason %v", field, got)
		}
	}
}

func TestConnectionRefused(t *testing.T) {
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	address := l.Addr().String()
	_ = l.Close()
	m := newMarket(t, nil, "http://"+address, "https://"+address)
	f := newFanout(t, nil)
	a := askAll(t, f, m, plenty)
	for i := range a.Asked {
		if got := a.Asked[i].Reason; got != ad.ConnectFailed {
			t.Errorf("bidder %d: reason %v", i, got)
		}
	}
	if s := f.Stats()[0]; s.Failed != 1 || s.Unsent != 1 || s.Sent != 0 {
		t.Errorf("stats %+v", s)
	}
}

// TestEgressIsGuarded: without a lab nothing on this machine is connected to, and with one nothing plain.
func TestEgressIsGuarded(t *testing.T) {
	var seen atomic.Int32
	address := listen(t, nil, func(*peer) { seen.Add(1) })
	guard, err := egress.New(egress.Options{})
	if err != nil {
		t.Fatal(err)
	}
	m := newMarket(t, nil, "https://"+address, "http://"+address, "https://localhost", "https://10.0.0.1/bid")
	for _, c := range []struct {
		name    string
		options Options
		denied  []int // endpoints
	}{
		{"no lab", Options{Guard: guard, Lab: true}, []int{0, 1, 2, 3}},
		{"lab with plain endpoints off", Options{Guard: labGuard(t)}, []int{1, 3}},
	} {
		f, err := New(c.options)
		if err != nil {
			t.Fatal(err)
		}
		a := askAll(t, f, m, plenty)
		for _, i := range c.denied {
			if got := a.Asked[i].Reason; got != ad.EgressDenied {
				t.Errorf("%s: %s: reason %v", c.name, m.contents.Bidders[i].Endpoint, got)
			}
		}
		f.Close()
		if len(c.denied) == len(a.Asked) && seen.Load() != 0 {
			t.Error("a guarded address was connected to")
		}
	}
}

func TestWhoIsNotAsked(t *testing.T) {
	m := newMarket(t, func(c *catalog.Contents) { c.Bidders[0].Active = false }, "http://127.0.0.1:1")
	f := newFanout(t, nil)
	if got := askAll(t, f, m, plenty).Asked[0].Reason; got != ad.NotAsked {
		t.Errorf("inactive: reason %v", got)
	}
	out := outgoing(m.snap, plenty)
	out.Targets[0].Bidder = &ad.Bidder{ID: 1, Active: true}
	var a ad.Answers
	f.Ask(t.Context(), m.snap, out, &a)
	a.Free()
	if got := a.Asked[0].Reason; got != ad.NotAsked {
		t.Errorf("unknown: reason %v", got)
	}
}

// TestNoTimeLeft: a deadline that has passed asks nobody, and is not the bidder's fault.
func TestNoTimeLeft(t *testing.T) {
	var seen atomic.Int32
	m := newMarket(t, nil, "http://"+listen(t, nil, func(*peer) { seen.Add(1) }))
	f := newFanout(t, nil)
	if got := askAll(t, f, m, 0).Asked[0].Reason; got != ad.Timeout {
		t.Errorf("reason %v", got)
	}
	if s := f.Stats()[0]; seen.Load() != 0 || s.Dials != 0 || s.SendPercent != 100 {
		t.Errorf("stats %+v", s)
	}
}

// TestTheCallerMayLeave: when its context ends, Ask returns.
func TestTheCallerMayLeave(t *testing.T) {
	asked := make(chan struct{}, 1)
	m := newMarket(t, nil, "http://"+listen(t, nil, func(p *peer) {
		_, _, _, _ = p.request()
		asked <- struct{}{}
		_, _, _, _ = p.request()
	}))
	f := newFanout(t, nil)
	ctx, cancel := context.WithCancel(t.Context())
	go func() { <-asked; cancel() }()
	var a ad.Answers
	f.Ask(ctx, m.snap, outgoing(m.snap, time.Hour), &a)
	a.Free()
	if a.Asked[0].Reason != ad.Timeout {
		t.Errorf("reason %v", a.Asked[0].Reason)
	}
}

// TestOneStuckBidderHoldsUpNobody: a bidder that does not read, and a request that its socket cannot hold.
func TestOneStuckBidderHoldsUpNobody(t *testing.T) {
	release := make(chan struct{})
	stuck := listen(t, nil, func(p *peer) {
		_ = p.Conn.(*net.TCPConn).SetReadBuffer(4096)
		<-release
	})
	m := newMarket(t, nil, "http://"+stuck, "http://"+listen(t, nil, bids(1)))
	guard := labGuard(t)
	f, err := start(Options{Guard: guard, Lab: true}, func(ctx context.Context, network, address string) (net.Conn, error) {
		c, err := guard.Dial(ctx, network, address)
		if err == nil && address == stuck {
			_ = c.(*net.TCPConn).SetWriteBuffer(4096)
		}
		return c, err
	})
	if err != nil {
		t.Fatal(err)
	}
	defer f.Close()
	defer close(release)
	for range 2 {
		out := outgoing(m.snap, time.Second)
		out.Request.Site.Keywords = strings.Repeat("k", 256<<10)
		var a ad.Answers
		f.Ask(t.Context(), m.snap, out, &a)
		if a.Asked[0].Reason != ad.Timeout || a.Asked[1].Reason != ad.Undecided {
			t.Errorf("reasons %v, %v", a.Asked[0].Reason, a.Asked[1].Reason)
		}
		a.Free()
	}
}

func TestNewRefusesNonsense(t *testing.T) {
	for _, o := range []Options{{}, {Guard: labGuard(t), ConnectionsMax: -1}, {Guard: labGuard(t), ReadyEvery: -1}} {
		if f, err := New(o); err == nil {
			f.Close()
			t.Errorf("%+v was taken", o)
		}
	}
}

func TestReasonsFit(t *testing.T) {
	if n := len(ad.Reasons()); n > reasonsMax {
		t.Errorf("%d reasons, counters for %d", n, reasonsMax)
	}
}

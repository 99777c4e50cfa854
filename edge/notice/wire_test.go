package notice

import (
	"context"
	"crypto/x509"
	"fmt"
	"net"
	"net/http"
	"net/http/httptest"
	"net/netip"
	"strings"
	"sync"
	"sync/atomic"
	"testing"

	"curb/edge/ad"
	"curb/edge/egress"
)

// TestWonIsToldByEveryWay is the thread: one bill, one POST, nurl and burl.
func TestWonIsToldByEveryWay(t *testing.T) {
	e := newEar(t)
	d := newDesk(t, bidderAt(e.URL), nil)
	d.Start()
	d.Notify(wonNotice(1, e.URL))
	until(t, "the won notice by three ways", func() bool {
		n, calls := e.heard()
		return len(n) == 1 && len(calls) == 2
	})
	n, calls := e.heard()
	got := n[0]
	if got.Type != "won" || got.Short != "won" || got.PricePaid != "1.230001" || got.Price != "1.230001" || got.BidPrice != "1.5" ||
		got.Currency != "EUR" || got.BidID != "b 1/ü" || got.Data != `"x"` || got.ResponseTime != "12.3" || got.MemberID != 201 ||
		got.LossCode != nil || !got.Timestamp.Equal(calledAt) || got.AuctionID != auctionID(1).String() || len(got.EventID) != 32 {
		t.Errorf("told %+v", got)
	}
	id := auctionID(1).String()
	if !contains(calls, "/win?p=1.230001&a="+id+"&b=b%201%2F%C3%BC") || !contains(calls, "/bill?c=EUR&a="+id) {
		t.Errorf("called %q", calls)
	}
}

// TestBatches: ten thousand notices at once are few requests on few connections.
func TestBatches(t *testing.T) {
	const all = 10_000
	e := newEarAlone()
	e.Server = httptest.NewUnstartedServer(http.HandlerFunc(e.serve))
	var connections atomic.Int64
	e.Config.ConnState = func(_ net.Conn, s http.ConnState) {
		if s == http.StateNew {
			connections.Add(1)
		}
	}
	e.Start()
	t.Cleanup(e.Close)
	d := newDesk(t, bidderAt(e.URL), nil)
	for i := range all {
		d.Notify(notice(ad.NoticeLost, i))
	}
	d.Start()
	until(t, "all notices", func() bool { n, _ := e.heard(); return len(n) == all })
	e.mu.Lock()
	defer e.mu.Unlock()
	if fewest := (all + batchMax - 1) / batchMax; len(e.batches) > fewest+postsMax {
		t.Errorf("%d batches, want %d", len(e.batches), fewest)
	}
	for i, n := range e.batches {
		if n > batchMax || len(e.bodies[i]) > batchBytesMax {
			t.Errorf("a batch of %d notices, %d bytes", n, len(e.bodies[i]))
		}
	}
	// A connection may come back while another is being made for the same batch; both are kept.
	if n := connections.Load(); n > 2*postsMax {
		t.Errorf("%d connections", n)
	}
	ids := map[string]bool{}
	for _, n := range e.notices {
		ids[n.EventID] = true
	}
	if len(ids) != all {
		t.Errorf("%d event ids for %d events", len(ids), all)
	}
}

// TestBatchBytes: large notices go in as many batches as their size asks for, at the limit and one past it.
func TestBatchBytes(t *testing.T) {
	e := newEar(t)
	b := bidderAt(e.URL)
	b.NotifyFull = true
	d := newDesk(t, b, nil)
	full := []byte(`{"id":"` + strings.Repeat("x", 100<<10) + `"}`)
	for i := range 10 {
		n := notice(ad.NoticeWon, i)
		n.Full = full
		d.Notify(n)
	}
	for i, size := range []int{fullBytesMax, fullBytesMax + 1} {
		n := notice(ad.NoticeLost, 20+i)
		n.Full = []byte(`"` + strings.Repeat("y", size-2) + `"`)
		d.Notify(n)
	}
	d.Start()
	until(t, "all notices", func() bool { n, _ := e.heard(); return len(n) == 12 })
	n, _ := e.heard()
	for _, n := range n {
		if want := n.AuctionID != auctionID(21).String(); (len(n.Auction) > 0) != want {
			t.Errorf("%s carries %d bytes", n.AuctionID, len(n.Auction))
		}
	}
	e.mu.Lock()
	defer e.mu.Unlock()
	for _, body := range e.bodies {
		if len(body) > batchBytesMax {
			t.Errorf("a batch of %d bytes", len(body))
		}
	}
}

// TestServersThatMisbehave: each way of not answering ends in its time, is tried again, and arrives when the server has
// come to its senses, with the same event id.
func TestServersThatMisbehave(t *testing.T) {
	for name, misbehave := range map[string]func(w http.ResponseWriter, r *http.Request){
		"error":     func(w http.ResponseWriter, _ *http.Request) { w.WriteHeader(http.StatusInternalServerError) },
		"hang":      func(_ http.ResponseWriter, r *http.Request) { <-r.Context().Done() },
		"hang up":   func(w http.ResponseWriter, _ *http.Request) { hangUp(w, "") },
		"half head": func(w http.ResponseWriter, _ *http.Request) { hangUp(w, "HTTP/1.1 204 No Con") },
		"not HTTP":  func(w http.ResponseWriter, _ *http.Request) { hangUp(w, "SSH-2.0-OpenSSH\r\n") },
		"huge head": func(w http.ResponseWriter, _ *http.Request) {
			hangUp(w, "HTTP/1.1 200 OK\r\nX: "+strings.Repeat("x", 1<<20)+"\r\n\r\n")
		},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			e := newEar(t)
			var bad atomic.Int64
			e.answers(func(w http.ResponseWriter, r *http.Request) bool {
				readAll(r)
				if bad.Add(1) > 1 {
					return false
				}
				misbehave(w, r)
				return true
			})
			d := newDesk(t, bidderAt(e.URL), nil)
			d.Start()
			d.Notify(notice(ad.NoticeWon, 1))
			until(t, "a retry that arrives", func() bool { n, _ := e.heard(); return len(n) == 1 })
			n, _ := e.heard()
			won := notice(ad.NoticeWon, 1)
			if want := eventID(ad.NoticeWon, won).String(); n[0].EventID != want {
				t.Errorf("event id %s, want %s", n[0].EventID, want)
			}
			until(t, "it is counted", func() bool { s := d.Stats().Total; return s.Retried > 0 && s.Failed > 0 && s.Sent[ad.NoticeWon] == 1 })
		})
	}
}

func hangUp(w http.ResponseWriter, first string) {
	conn, _, err := w.(http.Hijacker).Hijack()
	if err != nil {
		return
	}
	_, _ = conn.Write([]byte(first))
	_ = conn.Close()
}

// TestAnswersAfterTheHead: a notice that was taken is taken, whatever the body does.
func TestAnswersAfterTheHead(t *testing.T) {
	for name, body := range map[string]func(w http.ResponseWriter, r *http.Request){
		"closes": func(w http.ResponseWriter, _ *http.Request) {
			hangUp(w, "HTTP/1.1 200 OK\r\nContent-Length: 100\r\n\r\nabc")
		},
		"endless": func(w http.ResponseWriter, r *http.Request) {
			for r.Context().Err() == nil {
				if _, err := w.Write(make([]byte, 64<<10)); err != nil {
					return
				}
			}
		},
		"hangs": func(w http.ResponseWriter, r *http.Request) {
			w.WriteHeader(http.StatusOK)
			_ = http.NewResponseController(w).Flush()
			<-r.Context().Done()
		},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			e := newEar(t)
			e.answers(func(w http.ResponseWriter, r *http.Request) bool { readAll(r); body(w, r); return true })
			b := bidderAt(e.URL)
			b.NotifyURL = ""
			d := newDesk(t, b, nil)
			d.Start()
			won := notice(ad.NoticeWon, 1)
			won.Terms.NURL = e.URL + "/win"
			d.Notify(won)
			until(t, "it is taken", func() bool { return d.Stats().Total.Sent[ad.NoticeWon] == 1 })
			if s := d.Stats().Total; s.Failed != 0 || s.Queued != 0 {
				t.Errorf("%+v", s)
			}
		})
	}
}

// TestRedirectsAreNotFollowed: neither to a server inside nor anywhere else.
func TestRedirectsAreNotFollowed(t *testing.T) {
	inside := newEar(t)
	for _, code := range []int{301, 302, 303, 307, 308} {
		e := newEar(t)
		var asked atomic.Int64
		e.answers(func(w http.ResponseWriter, r *http.Request) bool {
			asked.Add(1)
			http.Redirect(w, r, inside.URL+"/secret", code)
			return true
		})
		d := newDesk(t, bidderAt(e.URL), nil)
		d.Start()
		d.Notify(wonNotice(1, e.URL))
		until(t, "three refusals", func() bool { return asked.Load() == 3 && d.Stats().Total.Failed == 3 })
	}
	if n, calls := inside.heard(); len(n)+len(calls) != 0 {
		t.Errorf("a redirect was followed: %v %v", n, calls)
	}
}

// TestCertificates: a server without a certificate that we trust is told nothing.
func TestCertificates(t *testing.T) {
	var heard atomic.Int64
	server := httptest.NewTLSServer(http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) { heard.Add(1) }))
	server.Config.ErrorLog = quiet()
	t.Cleanup(server.Close)
	roots := x509.NewCertPool()
	for name, pool := range map[string]*x509.CertPool{"untrusted": nil, "trusted": roots} {
		roots.AddCert(server.Certificate())
		d := &desk{bidder: bidderAt(server.URL)}
		n, err := New(Options{Guard: labGuard(t), Bidders: d.find, RootCAs: pool})
		if err != nil {
			t.Fatal(err)
		}
		d.Notices = n
		before := heard.Load()
		d.Start()
		d.Notify(notice(ad.NoticeWon, 1))
		if name == "trusted" {
			until(t, "a trusted server is told", func() bool { return heard.Load() == before+1 })
		} else {
			until(t, "an untrusted one fails", func() bool { return d.Stats().Total.Failed > 0 })
			if heard.Load() != before {
				t.Error("an untrusted server was told")
			}
		}
		d.leave(t)
	}
}

// TestHostileURLs: what a bid must not make us call is not called, whichever way it names it, and costs one dead letter.
func TestHostileURLs(t *testing.T) {
	trap := newEar(t)
	_, port, _ := net.SplitHostPort(trap.Listener.Addr().String())
	// No lab: the guard of production, with a resolver that leads inside.
	inside := func(context.Context, string) ([]netip.Addr, error) {
		return []netip.Addr{netip.MustParseAddr("127.0.0.1"), netip.MustParseAddr("10.0.0.1")}, nil
	}
	guard, err := egress.New(egress.Options{Lookup: inside})
	if err != nil {
		t.Fatal(err)
	}
	urls := hostileURLs(port)
	b := ad.Bidder{ID: 7, Domains: []string{"bidder.example", "127.0.0.1", "localhost"}, NotifyLost: true}
	d := &desk{bidder: b}
	var mu sync.Mutex
	dialled := map[string]error{}
	n, err := build(Options{Guard: guard, Bidders: d.find, Lab: true}, func(ctx context.Context, network, addr string) (net.Conn, error) {
		conn, err := guard.Dial(ctx, network, addr)
		mu.Lock()
		defer mu.Unlock()
		dialled[addr] = err
		return conn, err
	})
	if err != nil {
		t.Fatal(err)
	}
	d.Notices = n
	d.Start()
	defer d.leave(t)
	for i, url := range urls {
		lost := notice(ad.NoticeLost, i)
		lost.Terms.LURL = url
		d.Notify(lost)
	}
	until(t, "a dead letter for each", func() bool { return len(d.DeadLetters(1000)) == len(urls) })
	mu.Lock()
	defer mu.Unlock()
	for addr, err := range dialled {
		if err == nil || !strings.HasSuffix(addr, "bidder.example:443") {
			t.Errorf("dialled %s: %v", addr, err)
		}
	}
	if len(dialled) != 2 {
		t.Errorf("dialled %v, want only the two whose names looked right", dialled)
	}
	if n, calls := trap.heard(); len(n)+len(calls) != 0 {
		t.Errorf("something inside was called: %v %v", n, calls)
	}
}

// hostileURLs are notice URLs that must not be called. The last two pass for a name, and fail when it is dialled.
func hostileURLs(port string) []string {
	hosts := []string{
		"127.0.0.1", "[::1]", "[::ffff:7f00:1]", "[::ffff:127.0.0.1]", "169.254.169.254", "[fd00:ec2::254]", "100.64.0.1", "0.1.2.3", "198.18.0.1", "240.0.0.1",
		"[64:ff9b::7f00:1]", "[2002:7f00:1::]", "[2001::1]", "[fec0::1]", "[::127.0.0.1]", "2130706433", "0x7f.1", "0177.1", "127.1",
		"①②⑦.0.0.1", "localhost", "localhost.", "bidder.example.", "intranet",
		"evilbidder.example", "bidder.example.evil.example", "bidder.example%2eevil.example", "user@bidder.example", "bidder.example:22",
		"bidder.example:6379", "bidder.example:65536", "bidder.example:" + port, "bidder.example\\@evil.example", "bidder.example#@evil.example",
		"${AUCTION_ID}.bidder.example", "bidder.example:${AUCTION_LOSS}", "",
	}
	var urls []string
	for _, host := range hosts {
		urls = append(urls, "https://"+host+"/x")
		urls = append(urls, "http://"+host+"/x")
	}
	return append(urls,
		"gopher://bidder.example/x", "file:///etc/passwd", "//bidder.example/x", "javascript:alert(1)", "http://bidder.example/x",
		"https://bidder.example/\r\nX: y", "https://bidder.example/ x", "https://bidder.example/\x00", "https:/bidder.example/x",
		"https://bidder.example/"+strings.Repeat("x", ad.NoticeURLBytesMax),
		"https://bidder.example/%zz", "https://bidder.example/?"+strings.Repeat("${AUCTION_ID}", 140),
		"https://bidder.example/x", "https://ads.bidder.example/x?${AUCTION_LOSS}")
}

// TestHostileNotifyURL: a rule set's own URL is judged as well, and a whole batch costs no dial.
func TestHostileNotifyURL(t *testing.T) {
	for _, url := range []string{"http://169.254.169.254/n", "https://10.0.0.1/n", "https://localhost/n", "ftp://bidder.example/n", "https://bidder.example:22/n", "x"} {
		guard, err := egress.New(egress.Options{})
		if err != nil {
			t.Fatal(err)
		}
		d := &desk{bidder: ad.Bidder{ID: 7, NotifyURL: url}}
		n, err := build(Options{Guard: guard, Bidders: d.find}, func(context.Context, string, string) (net.Conn, error) {
			t.Errorf("%s was dialled", url)
			return nil, fmt.Errorf("not here")
		})
		if err != nil {
			t.Fatal(err)
		}
		d.Notices = n
		d.Start()
		d.Notify(notice(ad.NoticeWon, 1))
		until(t, "a dead letter", func() bool { return len(d.DeadLetters(10)) == 1 })
		d.leave(t)
	}
}

package server

import (
	"context"
	"fmt"
	"net/http"
	"net/http/httptest"
	"net/netip"
	"strings"
	"testing"

	"curb/edge/ad"
	"curb/edge/adcall"
	"curb/edge/catalog"
	"curb/edge/egress"
	"curb/edge/ledger"
	"curb/edge/notice"
	"curb/edge/openrtb"
)

// bench is a node without sockets and without a disk: the handler, the flow, a ledger over a log that is always right, and
// notices. What it costs is what booking, sealing and telling cost.
type bench struct {
	handler *Handler
	w       *sink
	snap    *catalog.Snapshot
}

// bidding answers at once, one bid per bidder. It costs next to nothing itself.
type bidding struct{}

func (bidding) Ask(_ context.Context, snap *catalog.Snapshot, out *openrtb.Outgoing, answers *ad.Answers) {
	for _, target := range out.Targets {
		b := target.Bidder
		answers.Asked = append(answers.Asked, ad.Asked{Bidder: b, Bids: 1, Micros: 12_000})
		answers.Bids = append(answers.Bids, ad.Bid{ID: "bid-4711", Bidder: b, Member: b.Members[0], Price: ad.CPM(b.ID) * ad.Dollar / 4, Rate: ad.RateOne,
			Currency: ad.USD, Creative: snap.Creative(ad.CreativeID(10_000 + b.ID)), Size: ad.Size{W: 300, H: 250},
			NURL: benchNURL(b), BURL: benchBURL(b), LURL: benchLURL(b)})
	}
}

// Bidders of odd numbers above 100 bring URLs along.
func benchNURL(b *ad.Bidder) string {
	return benchURL(b, "https://bidder.example/won?p=${AUCTION_PRICE}")
}
func benchBURL(b *ad.Bidder) string {
	return benchURL(b, "https://bidder.example/billed?p=${AUCTION_PRICE}")
}
func benchLURL(b *ad.Bidder) string {
	return benchURL(b, "https://bidder.example/lost?r=${AUCTION_LOSS}")
}

func benchURL(b *ad.Bidder, url string) string {
	if b.NotifyLost {
		return url
	}
	return ""
}

// forgetful is a log that is always right.
type forgetful struct{}

func (forgetful) Append(context.Context, uint8, []byte) error { return nil }
func (forgetful) Post(uint8, []byte) error                    { return nil }

// newBench has so many bidders; told: they want to hear of losses, by URLs that their bids bring.
func newBench(b testing.TB, bidders int, told bool) *bench {
	set := contents()
	for i := range bidders {
		id := uint32(i + 1)
		set.Members = append(set.Members, ad.Member{ID: ad.MemberID(1000 + id), Name: fmt.Sprintf("seat-%d", id), Active: true})
		set.Bidders = append(set.Bidders, ad.Bidder{ID: ad.BidderID(id), Name: fmt.Sprintf("bidder-%d", id), Active: true, Endpoint: "https://bidder.example/bid",
			Members: []ad.MemberID{ad.MemberID(1000 + id)}, NotifyLost: told})
		set.Creatives = append(set.Creatives, ad.Creative{ID: ad.CreativeID(10_000 + id), Code: "c-300x250", Member: ad.MemberID(1000 + id), Active: true,
			Audit: ad.Audited, Secure: true, Size: ad.Size{W: 300, H: 250}, Media: ad.Banner, Format: ad.FormatHTML,
			Content: `<p id="ad"><a href="https://brand.example/">an ad</a></p>`, Advertisers: []string{"brand.example"}})
	}
	snap, err := catalog.New(set)
	if err != nil {
		b.Fatal(err)
	}
	guard, err := egress.New(egress.Options{Lab: []netip.Prefix{netip.MustParsePrefix("127.0.0.0/8")}})
	if err != nil {
		b.Fatal(err)
	}
	notices, err := notice.New(notice.Options{Guard: guard, Bidders: snap.Bidder})
	if err != nil {
		b.Fatal(err)
	}
	b.Cleanup(func() {
		ctx, cancel := context.WithCancel(context.Background())
		cancel()
		notices.Close(ctx)
	})
	flow := adcall.New(adcall.Options{Asker: bidding{}, Ledger: ledger.New(ledger.Options{Log: forgetful{}}), Notifier: notices})
	return &bench{
		handler: rim(b, nil, func(o *Options) {
			o.Lab, o.NewAuctionID, o.AdCalls, o.Snapshot = false, nil, flow, func() *catalog.Snapshot { return snap }
		}),
		w: &sink{header: http.Header{}}, snap: snap,
	}
}

func (t *bench) call(r *http.Request) {
	clear(t.w.header)
	t.w.bytes = 0
	t.handler.ServeHTTP(t.w, r)
}

// TestBookedAllocations holds a whole call with 20 bids, booked and told of, to its budget, which does not grow with the bids.
func TestBookedAllocations(t *testing.T) {
	if racing {
		t.Skip("the race detector empties pools")
	}
	for _, c := range []struct {
		target string
		budget float64
	}{{tagTarget, 8}, {"/pt?id=1009", 10}} {
		node, r := newBench(t, 20, false), pageCall(c.target)
		for range 1000 {
			node.call(r)
		}
		if got := testing.AllocsPerRun(1000, func() { node.call(r) }); got > c.budget {
			t.Errorf("%s allocates %v times, the budget is %v", c.target, got, c.budget)
		}
	}
}

func perBidders(b *testing.B, run func(b *testing.B, t *bench)) {
	for _, count := range []int{1, 5, 20} {
		b.Run(fmt.Sprintf("bids=%d", count), func(b *testing.B) { run(b, newBench(b, count, false)) })
	}
}

// BenchmarkBookedTT is a tag that is auctioned, billed and told of, to bidders who want to hear nothing.
func BenchmarkBookedTT(b *testing.B) {
	perBidders(b, func(b *testing.B, t *bench) {
		r := pageCall(tagTarget)
		b.ReportAllocs()
		for b.Loop() {
			t.call(r)
		}
		if t.w.status != 200 || t.w.bytes == 0 {
			b.Fatalf("status %d, %v", t.w.status, t.w.header)
		}
	})
}

// BenchmarkBookedPT passes the price on: the sale is promised.
func BenchmarkBookedPT(b *testing.B) {
	perBidders(b, func(b *testing.B, t *bench) {
		r := pageCall("/pt?id=1009")
		b.ReportAllocs()
		n := 0
		for b.Loop() {
			if n++; n%200_000 == 0 {
				b.Fatal("the ledger is full")
			}
			t.call(r)
		}
		if t.w.status != 302 || !strings.Contains(t.w.header["Location"][0], "%2Fab%3Fe%3D") {
			b.Fatalf("status %d, %v", t.w.status, t.w.header)
		}
	})
}

// BenchmarkBookedAB accepts what was promised; making the promise is not counted.
func BenchmarkBookedAB(b *testing.B) {
	t := newBench(b, 1, false)
	promise, accept := pageCall("/jpt?id=1009"), pageCall("/ab")
	b.ReportAllocs()
	b.ResetTimer()
	for range min(b.N, 200_000) {
		b.StopTimer()
		w := httptest.NewRecorder()
		t.handler.ServeHTTP(w, promise)
		_, token, _ := strings.Cut(w.Body.String(), "/ab?e=")
		token, _, _ = strings.Cut(token, `\`) // it stands in a string of JSON, in an attribute
		accept.URL.RawQuery = "e=" + token
		b.StartTimer()
		t.call(accept)
		if t.w.status != 200 || t.w.bytes == 0 {
			b.Fatalf("status %d, %v: %s", t.w.status, t.w.header, w.Body)
		}
	}
}

// BenchmarkBookedOpenRTB promises every bid that it answers with.
func BenchmarkBookedOpenRTB(b *testing.B) {
	perBidders(b, func(b *testing.B, t *bench) {
		id := []byte("0000000000")
		body := strings.NewReader("")
		r := httptest.NewRequest(http.MethodPost, "/openrtb2/auction", nil)
		r.Host, r.RemoteAddr = "localhost", "192.0.2.1:50000"
		r.Header.Set("Content-Type", "application/json")
		b.ReportAllocs()
		n := 0
		for b.Loop() {
			if n++; n%100_000 == 0 {
				b.Fatal("the ledger is full")
			}
			for i := len(id) - 1; ; i-- {
				if id[i]++; id[i] <= '9' {
					break
				}
				id[i] = '0'
			}
			text := `{"id":"` + string(id) + bidRequest[10:]
			body.Reset(text)
			r.Body, r.ContentLength = nopCloser{body}, int64(len(text))
			t.call(r)
		}
		if t.w.status != 200 || t.w.bytes < 500 {
			b.Fatalf("status %d, %d bytes, %v", t.w.status, t.w.bytes, t.w.header)
		}
	})
}

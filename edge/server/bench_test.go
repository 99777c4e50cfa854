package server

import (
	"context"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"

	"curb/edge/ad"
	"curb/edge/adcall"
	"curb/edge/auction"
	"curb/edge/catalog"
)

// sold is a flow that has always just sold the first impression; it allocates nothing of its own.
type sold struct {
	*adcall.Service
	slot adcall.Slot
	bid  ad.Bid
}

func newSold(snap *catalog.Snapshot, id ad.CreativeID) *sold {
	s := &sold{Service: adcall.New(adcall.Options{Ledger: quietBook{}})}
	c := snap.Creative(id)
	s.bid = ad.Bid{ID: "b-1", Member: 7, Creative: c, Size: c.Size, Price: 2_500_000, Rate: ad.RateOne}
	s.slot = adcall.Slot{Outcome: adcall.Sold, Bid: &s.bid, Creative: c, Size: c.Size, Result: auction.Result{ClearPrice: 2_000_000, Paid: 2_250_000}}
	return s
}

func (s *sold) Serve(ctx context.Context, in adcall.Incoming) *adcall.Answer {
	answer := s.Service.Serve(ctx, in)
	slot := s.slot
	slot.Impression = &in.Call.Impressions[0]
	slot.Sale = ad.Sale{SaleKey: ad.SaleKey{Auction: in.Call.ID}, At: in.Call.Received, Publisher: in.Call.Publisher.ID,
		Placement: slot.Impression.Placement.ID, Buyer: 7, Creative: slot.Creative.ID, Size: slot.Size, Net: 2_000_000, Paid: 2_250_000}
	answer.Slots[0] = slot
	return answer
}

// sink is a ResponseWriter that keeps nothing.
type sink struct {
	header http.Header
	status int
	bytes  int
}

func (s *sink) Header() http.Header         { return s.header }
func (s *sink) WriteHeader(status int)      { s.status = status }
func (s *sink) Write(p []byte) (int, error) { s.bytes += len(p); return len(p), nil }

// pageCall is a tag's request as a browser sends it.
func pageCall(target string) *http.Request {
	r := httptest.NewRequest(http.MethodGet, target, nil)
	r.Host, r.RemoteAddr = "ads.news.example", "192.0.2.1:50000"
	r.Header = http.Header{
		"User-Agent": {"Mozilla/5.0 (X11; Linux x86_64) AppleWebKit/537.36 (KHTML, like Gecko) Chrome/156.0.0.0 Safari/537.36"}, "Accept": {"text/html"},
		"Accept-Language": {"en-US,en;q=0.9"}, "Accept-Encoding": {"gzip, deflate, br, zstd"}, "Referer": {"https://news.example/2026/11/story.html"},
		"Sec-Ch-Ua": {`"Chromium";v="156"`}, "Sec-Ch-Ua-Mobile": {"?0"}, "Sec-Ch-Ua-Platform": {`"Linux"`}, "Sec-Fetch-Dest": {"iframe"},
	}
	return r
}

const tagTarget = "/tt?id=1001&size=300x250&cb=8347561&referrer=https%3A%2F%2Fnews.example%2F2026%2F11%2Fstory.html&age=30&gender=f&kw_section=sport&gdpr=0"

func benchHandler(t testing.TB, id ad.CreativeID) *Handler {
	snap := snapshot(t)
	return rim(t, nil, func(o *Options) {
		o.Lab, o.NewAuctionID, o.AdCalls, o.Snapshot = false, nil, newSold(snap, id), func() *catalog.Snapshot { return snap }
	})
}

// TestTagAllocations holds the path of a tag to its budget: Content-Length, and the referrer, which comes percent-encoded.
func TestTagAllocations(t *testing.T) {
	if racing {
		t.Skip("the race detector empties pools")
	}
	for _, c := range []struct {
		target string
		budget float64
	}{
		{"/tt?id=1001", 2}, {"/ttj?id=1001&target=slot", 2}, {tagTarget, 3},
	} {
		h, r, w := benchHandler(t, 502), pageCall(c.target), &sink{header: http.Header{}}
		got := testing.AllocsPerRun(200, func() {
			clear(w.header)
			h.ServeHTTP(w, r)
		})
		if w.status != 200 || w.bytes == 0 {
			t.Fatalf("%s: status %d, %d bytes, %v", c.target, w.status, w.bytes, w.header)
		}
		if got > c.budget {
			t.Errorf("%s allocates %v times, the budget is %v", c.target, got, c.budget)
		}
	}
}

func benchmarkTag(b *testing.B, target string, id ad.CreativeID) {
	h, r, w := benchHandler(b, id), pageCall(target), &sink{header: http.Header{}}
	b.ReportAllocs()
	for b.Loop() {
		clear(w.header)
		h.ServeHTTP(w, r)
	}
}

func BenchmarkTT(b *testing.B)        { benchmarkTag(b, tagTarget, 502) }
func BenchmarkTTPicture(b *testing.B) { benchmarkTag(b, "/tt?id=1001", 501) }
func BenchmarkTTJ(b *testing.B)       { benchmarkTag(b, "/ttj?id=1001&target=slot", 502) }

// BenchmarkOpenRTB decodes a request, has it served, and encodes the response; every request has an id of its own.
func BenchmarkOpenRTB(b *testing.B) {
	h, w := benchHandler(b, 502), &sink{header: http.Header{}}
	id := []byte("0000000000")
	body := strings.NewReader("")
	r := httptest.NewRequest(http.MethodPost, "/openrtb2/auction", nil)
	r.Host, r.RemoteAddr = "localhost", "192.0.2.1:50000"
	r.Header.Set("Content-Type", "application/json")
	b.ReportAllocs()
	for b.Loop() {
		for i := len(id) - 1; ; i-- {
			if id[i]++; id[i] <= '9' {
				break
			}
			id[i] = '0'
		}
		text := `{"id":"` + string(id) + bidRequest[10:]
		body.Reset(text)
		r.Body, r.ContentLength = nopCloser{body}, int64(len(text))
		clear(w.header)
		h.ServeHTTP(w, r)
	}
	if w.status != 200 {
		b.Fatalf("status %d, %v", w.status, w.header)
	}
}

type nopCloser struct{ *strings.Reader }

func (nopCloser) Close() error { return nil }

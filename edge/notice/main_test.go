package notice

import (
	"context"
	"encoding/json"
	"io"
	"log"
	"net/http"
	"net/http/httptest"
	"net/netip"
	"strings"
	"sync"
	"testing"
	"time"

	"curb/edge/ad"
	"curb/edge/egress"

	"go.uber.org/goleak"
)

func TestMain(m *testing.M) { goleak.VerifyTestMain(m) }

func labGuard(t testing.TB) *egress.Guard {
	t.Helper()
	g, err := egress.New(egress.Options{Lab: []netip.Prefix{netip.MustParsePrefix("127.0.0.0/8"), netip.MustParsePrefix("::1/128")}})
	if err != nil {
		t.Fatal(err)
	}
	return g
}

// told is one notice as a bidder reads it.
type told struct {
	EventID      string          `json:"event_id"`
	Type         string          `json:"notify_type"`
	Short        string          `json:"type"`
	PostPending  bool            `json:"post_pending"`
	AuctionID    string          `json:"auction_id"`
	ImpID        string          `json:"imp_id"`
	BidID        string          `json:"bid_id"`
	MemberID     int             `json:"member_id"`
	BidPrice     json.Number     `json:"bid_price"`
	PricePaid    json.Number     `json:"price_paid"`
	PriceSoldFor json.Number     `json:"price_sold_for"`
	Price        json.Number     `json:"price"`
	Currency     string          `json:"currency"`
	Reason       string          `json:"reason"`
	LossCode     *int            `json:"loss_code"`
	NotifyCode   int             `json:"notify_code"`
	ResponseTime json.Number     `json:"response_time_ms"`
	Data         string          `json:"custom_notify_data"`
	Timestamp    time.Time       `json:"timestamp"`
	Auction      json.RawMessage `json:"auction"`
}

// ear is a bidder's server: it remembers what it was told, and answers as it is told to.
type ear struct {
	*httptest.Server
	mu      sync.Mutex
	notices []told
	batches []int    // notices in each batch
	calls   []string // path and query of GETs
	bodies  []string
	answer  func(w http.ResponseWriter, r *http.Request) bool // false: go on as usual
}

func newEar(t testing.TB) *ear {
	t.Helper()
	e := newEarAlone()
	e.Server = httptest.NewServer(http.HandlerFunc(e.serve))
	t.Cleanup(e.Close)
	return e
}

// newEarAlone is an ear without a socket.
func newEarAlone() *ear { return &ear{} }

func (e *ear) serve(w http.ResponseWriter, r *http.Request) {
	e.mu.Lock()
	answer := e.answer
	e.mu.Unlock()
	if answer != nil && answer(w, r) {
		return
	}
	e.hear(w, r)
}

// hear remembers.
func (e *ear) hear(w http.ResponseWriter, r *http.Request) {
	body, _ := io.ReadAll(r.Body)
	e.mu.Lock()
	defer e.mu.Unlock()
	if r.Method == http.MethodGet {
		e.calls = append(e.calls, r.URL.RequestURI())
		w.WriteHeader(http.StatusNoContent)
		return
	}
	var batch struct {
		Timestamp time.Time `json:"timestamp"`
		Notices   []told    `json:"notices"`
	}
	if err := json.Unmarshal(body, &batch); err != nil || batch.Timestamp.IsZero() {
		http.Error(w, "not a batch", http.StatusBadRequest)
		return
	}
	e.batches = append(e.batches, len(batch.Notices))
	e.notices = append(e.notices, batch.Notices...)
	e.bodies = append(e.bodies, string(body))
	w.WriteHeader(http.StatusNoContent)
}

func (e *ear) heard() ([]told, []string) {
	e.mu.Lock()
	defer e.mu.Unlock()
	return append([]told(nil), e.notices...), append([]string(nil), e.calls...)
}

func (e *ear) answers(f func(w http.ResponseWriter, r *http.Request) bool) {
	e.mu.Lock()
	defer e.mu.Unlock()
	e.answer = f
}

// desk is Notices for one bidder, number 7, that the test may change.
type desk struct {
	*Notices
	mu     sync.Mutex
	bidder ad.Bidder
}

func (d *desk) find(id ad.BidderID) *ad.Bidder {
	d.mu.Lock()
	defer d.mu.Unlock()
	if id != d.bidder.ID {
		return nil
	}
	b := d.bidder
	return &b
}

func newDesk(t testing.TB, b ad.Bidder, log Log) *desk {
	t.Helper()
	d := &desk{bidder: b}
	n, err := New(Options{Guard: labGuard(t), Bidders: d.find, Lab: true, Log: log})
	if err != nil {
		t.Fatal(err)
	}
	d.Notices = n
	t.Cleanup(func() { d.leave(t) })
	return d
}

func (d *desk) leave(testing.TB) {
	ctx, cancel := context.WithCancel(context.Background())
	cancel()
	d.Close(ctx)
}

// bidderAt subscribes to everything.
func bidderAt(url string) ad.Bidder {
	return ad.Bidder{
		ID: 7, Name: "seven", Active: true, NotifyURL: url + "/notify", Domains: []string{"127.0.0.1", "bidder.example"},
		NotifyLost: true, NotifyPending: true, NotifyNoBid: true,
	}
}

func auctionID(i int) ad.AuctionID {
	return ad.AuctionID{0: 0xab, 12: byte(i >> 24), 13: byte(i >> 16), 14: byte(i >> 8), 15: byte(i)}
}

var calledAt = time.Date(2026, 3, 4, 5, 6, 7, 891_000_000, time.UTC)

func wonNotice(i int, url string) *ad.Notice {
	return &ad.Notice{
		Kind: ad.NoticeWon, SaleKey: ad.SaleKey{Auction: auctionID(i)}, At: calledAt, Bidder: 7, Member: 201, Publisher: 10,
		Placement: 1001, Creative: 5001, BidPrice: 1_500_000, Price: 1_230_001, Currency: ad.Currency{'E', 'U', 'R'}, Micros: 12_300,
		Terms: ad.BidTerms{
			BidID: "b 1/ü", ImpressionID: "1", CreativeCode: "cr&5", Data: `"x"`,
			NURL: given2(url, "/win?p=${AUCTION_PRICE}&a=${AUCTION_ID}&b=${AUCTION_BID_ID}"), BURL: given2(url, "/bill?c=${AUCTION_CURRENCY}&a=${AUCTION_ID}"),
			LURL: given2(url, "/loss?r=${AUCTION_LOSS}"),
		},
	}
}

func given2(url, rest string) string {
	if url == "" {
		return ""
	}
	return url + rest
}

// until waits for something that happens soon on real sockets.
func until(t testing.TB, what string, ok func() bool) {
	t.Helper()
	for end := time.Now().Add(10 * time.Second); !ok(); time.Sleep(2 * time.Millisecond) {
		if time.Now().After(end) {
			t.Fatalf("%s did not happen", what)
		}
	}
}

func contains(all []string, part string) bool {
	for _, s := range all {
		if strings.Contains(s, part) {
			return true
		}
	}
	return false
}

// readAll reads a request's body and puts it back.
func readAll(r *http.Request) string {
	body, _ := io.ReadAll(r.Body)
	r.Body = io.NopCloser(strings.NewReader(string(body)))
	return string(body)
}

// quiet keeps a test server's complaints to itself.
func quiet() *log.Logger { return log.New(io.Discard, "", 0) }

// failing answers 503 on one path.
func failing(path string) func(http.ResponseWriter, *http.Request) bool {
	return func(w http.ResponseWriter, r *http.Request) bool {
		if r.URL.Path != path {
			return false
		}
		w.WriteHeader(http.StatusServiceUnavailable)
		return true
	}
}

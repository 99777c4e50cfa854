package e2e

import (
	"context"
	"encoding/json"
	"fmt"
	"io"
	"net"
	"net/http"
	"net/http/httptest"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"curb/edge/adtest"
)

// buyer is a bidder of the sample rule set in this process, so that what it is asked and told can be read to the byte. It bids
// nothing until it is given a price. Its notices arrive at a door of its own (ear), which can be shut.
type buyer struct {
	seat  int
	url   string // of bids, nurl, burl and lurl
	ear   *ear
	t     *testing.T
	mu    sync.Mutex
	terms terms
	asked []request
	calls []string // of nurl, burl and lurl, path and query
}

// terms are how a buyer bids.
type terms struct {
	price    string // CPM, as it stands in JSON; "" does not bid
	currency string // "" is USD
	markup   string // adm; AUCTION in it becomes the auction's id. "" leaves the registered creative
	urls     bool   // with nurl, burl and lurl
}

// request is a bid request as it came.
type request struct {
	ID   string
	Test int
	Imp  []struct {
		ID     string
		Banner *struct{ Format []struct{ W, H int } }
	}
	User struct {
		Data []struct {
			Name    string
			Segment []struct{ ID, Value string }
		}
	}
}

// requestsKept bounds what a buyer remembers of each kind.
const requestsKept = 20_000

// newBuyer starts a buyer for a seat of the sample rule set.
func newBuyer(t *testing.T, seat int) *buyer {
	t.Helper()
	b := &buyer{seat: seat, t: t, ear: newEar(t)}
	mux := http.NewServeMux()
	mux.HandleFunc("POST /bid", b.bid)
	mux.HandleFunc("GET /", b.told)
	server := httptest.NewServer(mux)
	t.Cleanup(server.Close)
	b.url = server.URL
	return b
}

// offer changes how the buyer bids.
func (b *buyer) offer(t terms) {
	b.mu.Lock()
	defer b.mu.Unlock()
	b.terms = t
}

// adOf is what a creative of a buyer's markup says.
func adOf(seat int, auction string) string { return fmt.Sprintf("ad of %d in %s.", seat, auction) }

// ownMarkup is markup that names the buyer and the auction, and follows a click.
func (b *buyer) ownMarkup() string { return "<p>" + adOf(b.seat, "AUCTION") + "</p>" }

func (b *buyer) bid(w http.ResponseWriter, r *http.Request) {
	body, err := io.ReadAll(r.Body)
	var asked request
	if err == nil {
		err = json.Unmarshal(body, &asked)
	}
	if err != nil {
		b.t.Errorf("bidder of %d cannot read its request: %v: %.200q", b.seat, err, body)
		return
	}
	b.mu.Lock()
	offered := b.terms
	if len(b.asked) < requestsKept {
		b.asked = append(b.asked, asked)
	}
	b.mu.Unlock()
	if offered.price == "" {
		w.WriteHeader(http.StatusNoContent)
		return
	}
	answer := map[string]any{"id": asked.ID, "seatbid": []any{map[string]any{"seat": fmt.Sprint(b.seat), "bid": b.bids(&asked, offered)}}}
	if offered.currency != "" {
		answer["cur"] = offered.currency
	}
	w.Header().Set("Content-Type", "application/json")
	if err := json.NewEncoder(w).Encode(answer); err != nil && r.Context().Err() == nil {
		b.t.Errorf("bidder of %d: %v", b.seat, err)
	}
}

// bids are one bid per banner.
func (b *buyer) bids(asked *request, offered terms) []any {
	var bids []any
	for i, imp := range asked.Imp {
		if imp.Banner == nil || len(imp.Banner.Format) == 0 {
			continue
		}
		size := imp.Banner.Format[0]
		bid := map[string]any{"id": fmt.Sprintf("b%d-%.8s", i, asked.ID), "impid": imp.ID, "price": json.Number(offered.price),
			"crid": fmt.Sprintf("c-%dx%d", size.W, size.H), "w": size.W, "h": size.H}
		if offered.markup != "" {
			bid["adm"] = strings.ReplaceAll(offered.markup, "AUCTION", asked.ID)
		}
		if offered.urls {
			const macros = "?auction=${AUCTION_ID}&bid=${AUCTION_BID_ID}&price=${AUCTION_PRICE}&currency=${AUCTION_CURRENCY}&loss=${AUCTION_LOSS}&sealed=${SEALED_PRICE}"
			bid["nurl"], bid["burl"], bid["lurl"] = b.url+"/win"+macros, b.url+"/bill"+macros, b.url+"/loss"+macros
		}
		bids = append(bids, bid)
	}
	return bids
}

func (b *buyer) told(_ http.ResponseWriter, r *http.Request) {
	b.mu.Lock()
	defer b.mu.Unlock()
	b.calls = append(b.calls, r.URL.RequestURI())
}

// heard are the calls of nurl, burl and lurl so far.
func (b *buyer) heard() []string {
	b.mu.Lock()
	defer b.mu.Unlock()
	return slices.Clone(b.calls)
}

// requests are the bid requests so far.
func (b *buyer) requests() []request {
	b.mu.Lock()
	defer b.mu.Unlock()
	return slices.Clone(b.asked)
}

// last is the newest bid request.
func (b *buyer) last() request {
	b.t.Helper()
	all := b.requests()
	if len(all) == 0 {
		b.t.Fatalf("bidder of %d was never asked", b.seat)
	}
	return all[len(all)-1]
}

// notice is one message to a notify URL.
type notice struct {
	EventID     string `json:"event_id"`
	NotifyType  string `json:"notify_type"`
	Type        string
	PostPending bool        `json:"post_pending"`
	AuctionID   string      `json:"auction_id"`
	BidID       string      `json:"bid_id"`
	PricePaid   json.Number `json:"price_paid"`
	BidPrice    json.Number `json:"bid_price"`
	Price       json.Number
	Currency    string
	Reason      string
	LossCode    int `json:"loss_code"`
	Auction     json.RawMessage
}

// ear is where a buyer's notices arrive. What it refuses it has not heard.
type ear struct {
	address string
	mu      sync.Mutex
	server  *http.Server
	status  int // what it answers; 0 takes the notices
	notices []notice
	refused int
}

func newEar(t *testing.T) *ear {
	t.Helper()
	e := &ear{address: adtest.Address(adtest.Ports(t, 1)[0])}
	e.open(t)
	t.Cleanup(e.shut)
	return e
}

// open listens on the ear's port.
func (e *ear) open(t *testing.T) {
	t.Helper()
	listener, err := net.Listen("tcp", e.address)
	if err != nil {
		t.Fatal(err)
	}
	e.mu.Lock()
	defer e.mu.Unlock()
	e.server = &http.Server{Handler: http.HandlerFunc(e.take), ReadHeaderTimeout: 10 * time.Second}
	go e.server.Serve(listener)
}

// shut lets what is under way be answered, ends connections and has further ones refused.
func (e *ear) shut() {
	e.mu.Lock()
	server := e.server
	e.mu.Unlock()
	ctx, cancel := context.WithTimeout(context.Background(), deadline)
	defer cancel()
	server.Shutdown(ctx)
	server.Close()
}

// refuse answers with a status from now on; 0 takes notices again.
func (e *ear) refuse(status int) {
	e.mu.Lock()
	defer e.mu.Unlock()
	e.status = status
}

func (e *ear) take(w http.ResponseWriter, r *http.Request) {
	var batch struct{ Notices []notice }
	err := json.NewDecoder(r.Body).Decode(&batch)
	e.mu.Lock()
	defer e.mu.Unlock()
	switch {
	case e.status != 0:
		e.refused++
		w.WriteHeader(e.status)
	case err != nil || r.URL.Path != "/notify":
		w.WriteHeader(http.StatusBadRequest) // a dead letter, which tests see as a notice that never came
	default:
		e.notices = append(e.notices, batch.Notices...)
		w.WriteHeader(http.StatusNoContent)
	}
}

// refusals counts what came while notices were refused.
func (e *ear) refusals() int {
	e.mu.Lock()
	defer e.mu.Unlock()
	return e.refused
}

// all are the notices so far.
func (e *ear) all() []notice {
	e.mu.Lock()
	defer e.mu.Unlock()
	return slices.Clone(e.notices)
}

// of are the notices about an auction so far; kind "" is any.
func (e *ear) of(auction, kind string) []notice {
	return slices.DeleteFunc(e.all(), func(n notice) bool { return n.AuctionID != auction || kind != "" && n.NotifyType != kind })
}

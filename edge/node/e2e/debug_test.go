package e2e

import (
	"encoding/json"
	"fmt"
	"net/http"
	"slices"
	"strings"
	"testing"
)

// debugAccount is what the tests read of the JSON account.
type debugAccount struct {
	AuctionID string `json:"auction_id"`
	View      string
	Bidders   []struct {
		ID     int
		Asked  bool
		Reason string
	}
	Bids []struct {
		BidderID int `json:"bidder_id"`
		Price    json.Number
		Reason   string
	}
	Auction struct {
		Sold  bool
		Price json.Number
	}
	Served struct {
		Outcome string
		Bucket  string
	}
	Notices []string
}

// openDebug is a fair in which 9701 outbids 9702 and would call everything that can be called.
func openDebug(t *testing.T) *fair {
	f := openFair(t, nil)
	for id, price := range map[int]string{9701: "2.5", 9702: "1.5"} {
		f.buyers[id].offer(terms{price: price, urls: true, markup: f.buyers[id].ownMarkup()})
	}
	return f
}

func TestDebugAuctions(t *testing.T) {
	f := openDebug(t)
	each(t, func(t *testing.T, proto string) {
		c := f.client(t, proto)
		before := len(f.buyers[9701].requests())
		for _, target := range []string{tag, preemptive, "/ttj?id=1001", "/ptj?id=1002", "/jpt?id=1002"} {
			got := c.get(target+"&debug=1&dongle=demo-dongle", "Referer", pageOfNews)
			if got.StatusCode != http.StatusOK || !strings.HasPrefix(got.Header.Get("Content-Type"), "text/plain") || got.Header["Location"] != nil {
				t.Fatalf("%s: status %d %s, Content-Type %s", target, got.StatusCode, got.code(), got.Header.Get("Content-Type"))
			}
			for _, say := range []string{f.buyers[9701].last().ID, "bidder-9701", "bidder-9702", "2.5", "1.5", "outbid", "won"} {
				if !strings.Contains(got.body, say) {
					t.Errorf("%s: the account does not say %q:\n%s", target, say, got.body)
				}
			}
			var a debugAccount
			got = c.get(target+"&debug=1&debug_json=1&dongle=demo-dongle", "Referer", pageOfNews)
			if err := json.Unmarshal([]byte(got.body), &a); err != nil || got.Header.Get("Content-Type") != "application/json" {
				t.Fatalf("%s: %v: %.300q", target, err, got.body)
			}
			if a.View != "owner" || len(a.Bids) != 2 || len(a.Bidders) != 8 || !a.Auction.Sold || a.Auction.Price != "2.5" || a.Served.Outcome != "won" ||
				a.Served.Bucket != "2.50" || len(a.Notices) != 0 || a.AuctionID != f.buyers[9701].last().ID {
				t.Errorf("%s: the account says %+v", target, a)
			}
		}
		if n := len(f.buyers[9701].requests()) - before; n != 10 {
			t.Errorf("the bidder was asked %d times, want 10", n)
		}
		f.bidderLooks(t, c)
		for _, dongle := range []string{"", "&dongle=", "&dongle=demo", "&dongle=demo-dongle-206", "&dongle=demo-dongle-9709", "&dongle=demo-dongl%65%00"} {
			got := c.get(tag + "&debug=1" + dongle)
			want, code := http.StatusForbidden, "dongle_invalid"
			if strings.Contains(dongle, "%00") {
				want, code = http.StatusBadRequest, "param_invalid"
			}
			if got.StatusCode != want || got.code() != code || got.body != "" {
				t.Errorf("dongle %q: status %d %s, body %.100q", dongle, got.StatusCode, got.code(), got.body)
			}
		}
	})
	f.nothingHappened(t)
}

// bidderLooks has a bidder look with its own dongle: it sees its part, and nobody else's.
func (f *fair) bidderLooks(t *testing.T, c *client) {
	t.Helper()
	got := c.get(tag + "&debug=1&debug_json=1&dongle=demo-dongle-9702")
	var a debugAccount
	if err := json.Unmarshal([]byte(got.body), &a); err != nil {
		t.Fatalf("%v: %.300q", err, got.body)
	}
	if len(a.Bids) != 1 || a.Bids[0].BidderID != 9702 || a.Bids[0].Reason != "outbid" || len(a.Bidders) != 1 || a.Auction.Price != "0" {
		t.Errorf("a bidder is shown %+v", a)
	}
	if strings.Contains(got.body, "9701") || strings.Contains(got.body, "2.5") {
		t.Errorf("a bidder is shown the other one: %s", got.body)
	}
}

// TestTestCalls answers calls that are marked as tests as usual, and does nothing else.
func TestTestCalls(t *testing.T) {
	f := openDebug(t)
	each(t, func(t *testing.T, proto string) {
		c := f.client(t, proto)
		got := c.get(tag+"&test=1&dongle=demo-dongle", "Referer", pageOfNews)
		if got.outcome() != "won" || !strings.Contains(got.body, adOf(201, f.buyers[9701].last().ID)) {
			t.Errorf("outcome %q, body %.300q", got.outcome(), got.body)
		}
		if f.buyers[9701].last().Test != 1 {
			t.Error("bidders were not told that it was a test")
		}
		told := pass(t, c, preemptive+"&test=1&dongle=demo-dongle")
		if told.Get("price") != "2.5" {
			t.Errorf("the ad server is told %v", told.Values)
		}
		if told.Get("accept") != "" {
			if got := c.call(http.MethodGet, told.accept); got.StatusCode != http.StatusGone || got.code() != "token_expired" {
				t.Errorf("accepting a test: status %d %s", got.StatusCode, got.code())
			}
		}
	})
	f.nothingHappened(t)
}

// nothingHappened makes one call that counts, waits until everybody was told of it, and sees that nothing else was billed or
// told.
func (f *fair) nothingHappened(t *testing.T) {
	t.Helper()
	f.client(t, "h1").get(tag)
	sold := f.buyers[9701].last().ID
	await(t, "notices of the one call that counts", func() bool {
		return len(f.buyers[9701].ear.of(sold, "won")) == 1 && len(f.buyers[9702].ear.of(sold, "lost")) == 1 &&
			len(f.buyers[9701].heard()) >= 2 && len(f.buyers[9702].heard()) >= 1
	})
	if books := f.bills(t, 100); books.Bills != 1 || len(books.of(sold)) != 1 {
		t.Errorf("bills %+v, want one, of %s", books, sold)
	}
	for id, b := range f.buyers {
		for _, n := range b.ear.all() {
			if n.AuctionID != sold {
				t.Errorf("bidder %d was told %+v", id, n)
			}
		}
		if other := slices.DeleteFunc(b.heard(), func(u string) bool { return strings.Contains(u, "auction="+sold+"&") }); len(other) > 0 {
			t.Errorf("bidder %d's URLs were called: %s", id, fmt.Sprint(other))
		}
	}
}

package server

import (
	"context"
	"encoding/json"
	"net/http"
	"strings"
	"testing"
	"time"

	"curb/edge/ad"
	"curb/edge/adcall"
	"curb/edge/auction"
	"curb/edge/catalog"
	"curb/edge/openrtb"
)

// twoBidders have bidders 1 and 2 of members 7 and 8 bid $1.50 and $2.50; 3 has nothing to say, 4 is never asked.
// Both bid for an impression that nobody offered too, and live calls leave 3 alone.
type twoBidders struct{ tmax time.Duration }

func (m *twoBidders) Ask(_ context.Context, snap *catalog.Snapshot, out *openrtb.Outgoing, answers *ad.Answers) {
	m.tmax = out.Deadline.Sub(out.Call.Received)
	for i := range out.Targets {
		b := out.Targets[i].Bidder
		asked := ad.Asked{Bidder: b, Bids: 1, Micros: 1234, DebugText: "I like\n<script>" + b.Name}
		if b.ID == 3 {
			asked.Bids, asked.Reason, asked.Live = 0, ad.NoBid, ad.BreakerOpen
		}
		answers.Asked = append(answers.Asked, asked)
		if b.ID == 3 {
			continue
		}
		answers.Bids = append(answers.Bids, ad.Bid{ID: "stray-" + b.Name + "\n", Bidder: b, Impression: -1, Price: ad.CPM(b.ID)*1_000_000 + 750_000, Currency: ad.USD, Reason: ad.ImpUnknown})
		c := snap.Creative(502)
		answers.Bids = append(answers.Bids, ad.Bid{ID: "bid-" + b.Name + "\n<b>", Bidder: b, Member: b.Members[0], Creative: c, Size: c.Size,
			Price: ad.CPM(b.ID)*1_000_000 + 500_000, Currency: ad.USD, Rate: ad.RateOne, Markup: `<b>ad of ` + b.Name + `</b>`})
	}
}

// debugRim is a handler over a real flow with a ledger.
func debugRim(t *testing.T) (*Handler, *book, *twoBidders) {
	t.Helper()
	c := contents()
	c.Members = append(c.Members, ad.Member{ID: 8, Name: "second", Active: true})
	for i, name := range []string{"one", "two", "three"} {
		c.Bidders = append(c.Bidders, ad.Bidder{ID: ad.BidderID(i + 1), Name: name, Active: true, Endpoint: "https://bidder.example/", Members: []ad.MemberID{7, 8, 7}[i : i+1],
			Dongle: "dongle-of-" + name})
	}
	snap, err := catalog.New(c)
	if err != nil {
		t.Fatal(err)
	}
	b, m := newBook(), &twoBidders{}
	flow := adcall.New(adcall.Options{Asker: m, Ledger: b, Salt: auction.Salt{1}})
	return rim(t, nil, func(o *Options) { o.AdCalls, o.Snapshot = flow, func() *catalog.Snapshot { return snap } }), b, m
}

// TestDebugIsForThoseWhoKnowTheDongle asks with every wrong one.
func TestDebugIsForThoseWhoKnowTheDongle(t *testing.T) {
	h, b, _ := debugRim(t)
	for query, status := range map[string]int{
		"debug=1": 403, "debug=1&dongle=": 403, "debug=1&dongle=owners-dongl": 403, "debug=1&dongle=owners-donglee": 403, "debug=1&dongle=dongle-of-none": 403,
		"debug=1&dongle=owners-dongle": 200, "debug=true&dongle=dongle-of-two": 200, "debug=0&dongle=wrong": 200, "dongle=wrong": 200,
		"debug=2": 400, "debug=1&debug_timeout=10001&dongle=owners-dongle": 400, "debug=1&debug_timeout=10000&dongle=owners-dongle": 200,
		"test=1": 403, "test=1&dongle=": 403, "test=1&dongle=owners-dongl": 403, "test=1&dongle=dongle-of-two": 403, "test=1&dongle=owners-dongle": 200, "test=0&dongle=wrong": 200,
		"test=1&debug=1&dongle=dongle-of-two": 200, "test=1&debug=1&dongle=wrong": 403,
		"debug=1&debug_json=x&dongle=owners-dongle": 400, "debug=1&dongle=" + strings.Repeat("d", 65): 400, "debug=1&debug=1": 400,
	} {
		if w := get(h, "/tt?id=1001&"+query); w.Code != status || status != 200 && w.Body.Len() != 0 {
			t.Errorf("%s: status %d, %v, body %q; want %d", query, w.Code, w.Header(), w.Body, status)
		}
	}
	for _, dongle := range []string{"&dongle=owners-dongle", "", "&dongle="} { // member 200 has none of its own
		if w := get(h, "/tt?id=2001&debug=1"+dongle); w.Code != 403 || w.Header().Get("X-Curb-Error") != "dongle_invalid" {
			t.Errorf("another member's inventory with %q: status %d", dongle, w.Code)
		}
		if w := get(h, "/pt?id=2001&test=1"+dongle); w.Code != 403 || w.Header().Get("X-Curb-Error") != "dongle_invalid" {
			t.Errorf("a test on another member's inventory with %q: status %d", dongle, w.Code)
		}
	}
	if b.billed() != 1 || b.writes != 3 { // the three calls that were neither debug nor test, of one auction id
		t.Errorf("%d bills, %d writes", b.billed(), b.writes)
	}
}

// TestDebugAccountsForEveryStep reads the account in both forms at every tag.
func TestDebugAccountsForEveryStep(t *testing.T) {
	h, b, m := debugRim(t)
	for _, path := range []string{"/tt?id=1009", "/ttj?id=1009", "/pt?id=1009", "/ptj?id=1009", "/jpt?id=1009&callback=f"} {
		target := path + "&debug=1&dongle=owners-dongle&debug_timeout=700&referrer=https://news.example/%3Cscript%3E&external_uid=u-1"
		passed := ", passed on at 2.5 as 2.50"
		if strings.HasPrefix(path, "/tt") {
			passed = ""
		}
		w := get(h, target)
		text := w.Body.String()
		checkAccount(t, path, w.Header(), "text/plain; charset=us-ascii", w.Body.Bytes())
		for _, want := range []string{
			"placement 1009 (preempt) of publisher 1", "page     https://news.example/%3Cscript%3E\n", "asked    bidder 1 one: answered, 1 bids, 1234 us\n",
			`says     bidder 2: "I like\n<script>two"`, "asked    bidder 3 three: no_bid, 0 bids, 1234 us; live calls leave it alone: breaker_open\n",
			"reserve  of the call 0, of the placement 0\n", `unplaced 1/"stray-one\n", seat 0: 1.75 USD: imp_unknown` + "\n", `unplaced 2/"stray-two\n", seat 0: 2.75 USD: imp_unknown` + "\n",
			"rank     1 2/", "lost     1/", "sold to 2/", "2 eligible, 2 competed", `"bid-two\n<b>", bidder 2, seat 8, rtb: 2.5 USD, gross 2.5, net 2.5, rank 2.5, place 1`,
			": outbid\n", ": won\n", "sold to", "at 2.5 net", "rules    first price", "serves   won, creative 502 (html), 300x250", " bytes" + passed + "\n", "notices  none",
		} {
			if !strings.Contains(text, want) {
				t.Errorf("%s: %q is not in\n%s", path, want, text)
			}
		}
		w = get(h, target+"&debug_json=1")
		checkAccount(t, path, w.Header(), "application/json", w.Body.Bytes())
		var a struct {
			Auction struct {
				Sold  bool
				Price json.Number
			}
			Bids     []struct{ Reason string }
			Unplaced []struct {
				ID, Reason string
				BidderID   int `json:"bidder_id"`
			}
			Bidders []struct{ Reason, Live string }
			Served  struct {
				Outcome    string
				CreativeID int `json:"creative_id"`
			}
			Notices []any
		}
		if err := json.Unmarshal(w.Body.Bytes(), &a); err != nil || !a.Auction.Sold || a.Auction.Price != "2.5" || len(a.Bids) != 2 || len(a.Bidders) != 3 ||
			a.Served.Outcome != "won" || a.Served.CreativeID != 502 || a.Notices == nil || len(a.Notices) != 0 || a.Bids[0].Reason != "outbid" || a.Bids[1].Reason != "won" ||
			len(a.Unplaced) != 2 || a.Unplaced[1].ID != "stray-two\n" || a.Unplaced[1].BidderID != 2 || a.Unplaced[1].Reason != "imp_unknown" || a.Bidders[2].Live != "breaker_open" {
			t.Errorf("%s: %v in %s", path, err, w.Body)
		}
	}
	if m.tmax != 700*time.Millisecond {
		t.Errorf("bidders had %v", m.tmax)
	}
	if b.writes != 0 || b.billed() != 0 {
		t.Errorf("%d writes, %d bills", b.writes, b.billed())
	}
}

// checkAccount holds an account to what no account may be: HTML, or bytes beyond what its kind says.
func checkAccount(t *testing.T, name string, header http.Header, kind string, body []byte) {
	t.Helper()
	if header.Get("Content-Type") != kind || header.Get("X-Content-Type-Options") != "nosniff" || header["Location"] != nil || header.Get("Cache-Control") != "no-store" {
		t.Errorf("%s: %v", name, header)
	}
	for i, b := range body {
		if b != '\n' && b < 0x20 || kind != "application/json" && b > 0x7e {
			t.Fatalf("%s: byte %d is %#x", name, i, b)
		}
	}
}

// TestBiddersSeeTheirOwnPart looks with a bidder's dongle: nothing of the other's is in it.
func TestBiddersSeeTheirOwnPart(t *testing.T) {
	h, _, _ := debugRim(t)
	for _, form := range []string{"", "&debug_json=1"} {
		lost := get(h, "/tt?id=1001&debug=1&dongle=dongle-of-one"+form).Body.String()
		for _, theirs := range []string{"two", "three", "2.5", "2.75", "seat 8", "eligible", "competed", "entered", "creative", "bytes", "of the placement", "placement_reserve", "basis"} {
			if strings.Contains(lost, theirs) {
				t.Errorf("bidder one sees %q in\n%s", theirs, lost)
			}
		}
		for _, own := range []string{"bid-one", "1.5", "outbid", "I like", "answered", "stray-one", "1.75", "imp_unknown"} {
			if !strings.Contains(lost, own) {
				t.Errorf("bidder one does not see %q in\n%s", own, lost)
			}
		}
		won := get(h, "/tt?id=1001&debug=1&dongle=dongle-of-two"+form).Body.String()
		for _, theirs := range []string{"one", "three", "1.5", "1.75", "seat 7", "eligible", "competed", "entered"} {
			if strings.Contains(strings.ReplaceAll(won, "none", ""), theirs) {
				t.Errorf("bidder two sees %q in\n%s", theirs, won)
			}
		}
		if !strings.Contains(won, "2.5") || !strings.Contains(won, "2.75") || !strings.Contains(won, "502") {
			t.Errorf("bidder two does not see its price in\n%s", won)
		}
		if form == "" && (!strings.Contains(lost, "\noutcome  sold to another buyer\n") || !strings.Contains(lost, "\nserves   another buyer's ad\n") || !strings.Contains(won, "\noutcome  sold to 2/")) {
			t.Errorf("sold to whom, in\n%s\n%s", lost, won)
		}
	}
}

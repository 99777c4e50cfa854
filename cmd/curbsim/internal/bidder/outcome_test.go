package bidder

import (
	"encoding/json"
	"fmt"
	"net/http"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
)

// tally is the part of Stats that outcomes fill. What is 0 may be left out of a wanted one.
type tally struct {
	Won, Impressions, Pending, PostPending, Billed, Notices, Duplicates, Conflicts uint64
	Kept, Sold, Default, ToldNo                                                    uint64
	Lost, Errors, Unknown                                                          map[string]uint64
	Paid, Spend, SoldFor                                                           string
	PaidIn                                                                         map[string]string
}

func (bk *book) tally() tally {
	var s Stats
	bk.show(&s)
	return tally{s.Won, s.Impressions, s.Pending, s.PostPending, s.Billed, s.Notices, s.Duplicates, s.Conflicts, s.Kept, s.Sold, s.Default,
		s.ToldNo, s.Lost, s.Errors, s.Unknown, s.Paid, s.Spend, s.SoldFor, s.PaidIn}
}

func (want tally) filled() tally {
	for _, counts := range []*map[string]uint64{&want.Lost, &want.Errors, &want.Unknown} {
		if *counts == nil {
			*counts = map[string]uint64{}
		}
	}
	for _, sum := range []*string{&want.Paid, &want.Spend, &want.SoldFor} {
		if *sum == "" {
			*sum = "0"
		}
	}
	if want.PaidIn == nil {
		want.PaidIn = map[string]string{}
	}
	return want
}

func TestBook(t *testing.T) {
	type counts = map[string]uint64
	cases := []struct {
		name    string
		notices []Notice
		want    tally
	}{
		{"nothing", nil, tally{}},
		{"one auction, four messages of a win", []Notice{
			{Type: "won", AuctionID: "a", Price: 1_500_000}, {Type: "won", AuctionID: "a", Price: 1_500_000, billed: true},
			{Type: "won", AuctionID: "a", PostPending: true}, {NotifyType: "won", AuctionID: "a", ImpID: "1", PricePaid: 1_500_000},
		}, tally{Won: 1, Impressions: 1, PostPending: 1, Billed: 1, Notices: 4, Duplicates: 3, Paid: "1.5", Spend: "0.0015", PaidIn: map[string]string{"USD": "1.5"}}},
		{"two impressions of one auction are billed each", []Notice{
			{Type: "won", AuctionID: "a", ImpID: "1", Price: 1_500_000}, {Type: "won", AuctionID: "a", ImpID: "2", Price: 2_000_001},
			{Type: "won", AuctionID: "a", ImpID: "2", Price: 2_000_001},
		}, tally{Won: 1, Impressions: 2, Notices: 3, Duplicates: 1, Paid: "3.500001", Spend: "0.003500001", PaidIn: map[string]string{"USD": "3.500001"}}},
		{"whichever message has the price", []Notice{
			{Type: "won", AuctionID: "a"}, {Type: "won", AuctionID: "a", Price: 700_000, Currency: "EUR"}, {Type: "won", AuctionID: "a", Price: 800_000},
		}, tally{Won: 1, Impressions: 1, Notices: 3, Duplicates: 2, Conflicts: 1, Paid: "0.7", Spend: "0.0007", PaidIn: map[string]string{"EUR": "0.7"}}},
		{"a message sent twice", []Notice{
			{EventID: "e", Type: "error", AuctionID: "a", Reason: "timeout"}, {EventID: "e", Type: "error", AuctionID: "a", Reason: "timeout"},
			{EventID: "f", Type: "error", AuctionID: "a", Reason: "timeout"},
		}, tally{Notices: 3, Duplicates: 1, Errors: counts{"timeout": 2}}},
		{"pending, then accepted", []Notice{
			{Type: "pending", AuctionID: "a"}, {Type: "pending", AuctionID: "a"}, {Type: "won", AuctionID: "a", PostPending: true},
		}, tally{Won: 1, Impressions: 1, Pending: 1, PostPending: 1, Notices: 3, Duplicates: 1}},
		{"losses by reason, per bid", []Notice{
			{Type: "lost", AuctionID: "a", BidID: "1", Reason: "outbid"}, {Type: "lost", AuctionID: "a", BidID: "2", Reason: "below_floor"},
			{Type: "lost", AuctionID: "a", BidID: "2", Reason: "below_floor"}, {Type: "lost", AuctionID: "b"},
		}, tally{Notices: 4, Duplicates: 1, Lost: counts{"outbid": 1, "below_floor": 1, "unknown": 1}}},
		{"the word for a loss takes the place of its code, whichever comes first", []Notice{
			{Type: "lost", AuctionID: "a", Reason: "102"}, {Type: "lost", AuctionID: "a", Reason: "outbid"}, {Type: "lost", AuctionID: "a", Reason: "102"},
			{Type: "lost", AuctionID: "b", Reason: "outbid"}, {Type: "lost", AuctionID: "b", Reason: "102"}, {Type: "lost", AuctionID: "c", Reason: "100"},
			{Type: "lost", AuctionID: "c"},
		}, tally{Notices: 7, Duplicates: 4, Lost: counts{"outbid": 2, "100": 1}}},
		{"a win overrules the loss of the same bid only", []Notice{
			{Type: "lost", AuctionID: "a", BidID: "1", Reason: "outbid"}, {Type: "lost", AuctionID: "a", BidID: "2", Reason: "outbid"},
			{Type: "won", AuctionID: "a", BidID: "1"},
		}, tally{Won: 1, Impressions: 1, Notices: 3, Lost: counts{"outbid": 1}}},
		{"the last loss of a reason goes with its name", []Notice{
			{Type: "lost", AuctionID: "a", Reason: "outbid"}, {Type: "won", AuctionID: "a"},
		}, tally{Won: 1, Impressions: 1, Notices: 2}},
		{"the owner's", []Notice{
			{Type: "kept", AuctionID: "a"}, {Type: "kept", AuctionID: "a"}, {Type: "sold", AuctionID: "b", SoldFor: 900_000},
			{Type: "sold", AuctionID: "b", SoldFor: 900_000}, {Type: "default", AuctionID: "c", ImpID: "1"}, {Type: "default", AuctionID: "c", ImpID: "2"},
			{NoticeType: "no_bid", AuctionID: "d"},
		}, tally{Kept: 1, Sold: 1, SoldFor: "0.9", Default: 2, ToldNo: 1, Notices: 7, Duplicates: 2}},
		{"what means nothing here is counted", []Notice{{Type: "applause"}, {Type: "applause"}, {AuctionID: "a"}},
			tally{Notices: 3, Unknown: counts{"applause": 2, "unknown": 1}}},
	}
	for _, c := range cases {
		var bk book
		for i := range c.notices {
			if err := bk.record(&c.notices[i], "USD"); err != nil {
				t.Errorf("%s: %v", c.name, err)
			}
		}
		if diff := cmp.Diff(c.want.filled(), bk.tally()); diff != "" {
			t.Errorf("%s (-want +got):\n%s", c.name, diff)
		}
	}
}

func TestBookIsBounded(t *testing.T) {
	var bk book
	record := func(n Notice) {
		t.Helper()
		if err := bk.record(&n, "USD"); err != nil {
			t.Fatal(err)
		}
	}
	for i := range remembered + 10 {
		record(Notice{Type: "won", AuctionID: fmt.Sprint(i)})
	}
	if n := len(bk.auctions.held); n != remembered || len(bk.auctions.order) != remembered {
		t.Errorf("%d auctions remembered, want %d", n, remembered)
	}
	record(Notice{Type: "won", AuctionID: "0"}) // forgotten, so it counts again
	record(Notice{Type: "won", AuctionID: fmt.Sprint(remembered)})
	if got := bk.tally(); got.Won != remembered+11 || got.Duplicates != 1 {
		t.Errorf("%d won, %d duplicates", got.Won, got.Duplicates)
	}
	for i := range reasonsMax + 5 {
		record(Notice{Type: "lost", AuctionID: fmt.Sprint("l", i), Reason: fmt.Sprint("r", i)})
		record(Notice{Type: fmt.Sprint("t", i)})
	}
	if got := bk.tally().Lost; len(got) != reasonsMax+1 || got["other"] != 5 {
		t.Errorf("%d reasons, %d other", len(got), got["other"])
	}
	if got := bk.tally().Unknown; len(got) != reasonsMax+1 || got["other"] != 5 {
		t.Errorf("%d types, %d other", len(got), got["other"])
	}
	for i := range impressionsMax + 1 {
		record(Notice{Type: "kept", AuctionID: "many", ImpID: fmt.Sprint(i)})
	}
	if got := bk.tally().Kept; got != impressionsMax {
		t.Errorf("%d impressions of one auction told apart, want %d", got, impressionsMax)
	}
}

func TestNoticeEndpoints(t *testing.T) {
	p := start(t, Defaults(201, 2_500_000))
	cases := []struct {
		method, path, body string
		status             int
	}{
		{"GET", "/win?auction=a&bid=1&price=2.25", "", 204},
		{"GET", "/win?auction=a&bid=1&price=2.25", "", 204},
		{"GET", "/bill?auction=a&imp=1&bid=1&price=2.25&currency=USD", "", 204},
		{"GET", "/loss?auction=b&reason=outbid", "", 204},
		{"GET", "/win", "", 400},
		{"POST", "/notify", `{"type":"pending","auction_id":"c"}`, 204},
		{"POST", "/notify", `[{"type":"won","auction_id":"c","post_pending":true,"more":1},{"type":"lost","auction_id":"d","reason":"tie_lost"}]`, 204},
		{"POST", "/notify", `{"notices":[{"type":"won","auction_id":"a"}]}`, 204},
		{"POST", "/notify", `{"timestamp":"2026-11-22T00:00:00Z","notices":[{"event_id":"e1","notify_type":"won","auction_id":"f","imp_id":"1","price_paid":"0.1","price":"0.10","currency":"USD"}]}`, 204},
		{"POST", "/notify", `{"notices":[{"event_id":"e1","notify_type":"won","auction_id":"f","price":0.1,"price_paid":null}]}`, 204},
		{"POST", "/notify", `{"notice_type":"kept","auction_id":"c"}`, 204},
		{"POST", "/notify", `{"type":"applause"}`, 204},
		{"POST", "/notify", `[{"type":"won"},{"type":"sold","auction_id":"g","price_sold_for":1}]`, 400}, // the second counts all the same
		{"POST", "/notify", `{"type":"won","auction_id":"h","price":"much"}`, 400},
		{"POST", "/notify", `[]`, 400},
		{"POST", "/notify", `nonsense`, 400},
		{"GET", "/notify", ``, 405},
		{"GET", "/bid", ``, 405},
		{"POST", "/ready", ``, 405},
		{"GET", "/nowhere", ``, 404},
	}
	for _, c := range cases {
		if a := p.call(c.method, c.path, c.body); a.status != c.status {
			t.Errorf("%s %s %s: %d %s; want %d", c.method, c.path, c.body, a.status, a.body, c.status)
		}
	}
	want := tally{Won: 3, Impressions: 3, Pending: 1, PostPending: 1, Billed: 1, Notices: 13, Duplicates: 4, Kept: 1, Sold: 1, SoldFor: "1",
		Lost: map[string]uint64{"outbid": 1, "tie_lost": 1}, Unknown: map[string]uint64{"applause": 1}, Paid: "2.35", Spend: "0.00235",
		PaidIn: map[string]string{"USD": "2.35"}}.filled()
	if diff := cmp.Diff(want, p.book.tally()); diff != "" {
		t.Errorf("counters (-want +got):\n%s", diff)
	}
	var s Stats
	if err := json.Unmarshal([]byte(p.call("GET", "/ctl/stats", "").body), &s); err != nil {
		t.Fatal(err)
	}
	var last Notice
	if err := json.Unmarshal(s.LastNotice, &last); err != nil || last.AuctionID != "g" {
		t.Errorf("last notice %s, %v", s.LastNotice, err)
	}
	p.call("POST", "/ctl/reset", "")
	if diff := cmp.Diff(tally{}.filled(), p.book.tally()); diff != "" {
		t.Errorf("after a reset (-want +got):\n%s", diff)
	}
}

// TestNoticesDown: the endpoint fails as set, for every way that notices come, and is up again when told so.
func TestNoticesDown(t *testing.T) {
	p := start(t, Defaults(201, 2_500_000))
	p.client.Timeout = 200 * time.Millisecond
	tell := func() (int, error) {
		a, err := p.try("POST", "/notify", `{"type":"won","auction_id":"a"}`)
		return a.status, err
	}
	for failure, want := range map[string]int{"error_500": 500, "refuse": 403, "hang": 0, "close": 0} {
		p.set(`{"notify_failure":"` + failure + `"}`)
		if status, err := tell(); status != want || (err == nil) != (want > 0) {
			t.Errorf("%s: %d, %v; want %d", failure, status, err, want)
		}
	}
	p.set(`{"notify_failure":"error_500"}`)
	for _, path := range []string{"/win?auction=a", "/bill?auction=a", "/loss?auction=a"} {
		if a := p.call("GET", path, ""); a.status != http.StatusInternalServerError {
			t.Errorf("%s: %d", path, a.status)
		}
	}
	if a := p.call("POST", "/bid", oneImp); a.status != 200 {
		t.Errorf("bids are not touched: %d", a.status)
	}
	if s := p.Stats(); s.NoticeFailures != 7 || s.Notices != 0 {
		t.Errorf("%d notices failed, %d taken", s.NoticeFailures, s.Notices)
	}
	p.set(`{"notify_failure":"none"}`)
	if status, err := tell(); status != 204 || p.Stats().Won != 1 {
		t.Errorf("up again: %d, %v", status, err)
	}
}

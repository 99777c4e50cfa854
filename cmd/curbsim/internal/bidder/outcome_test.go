package bidder

import (
	"fmt"
	"testing"

	"github.com/google/go-cmp/cmp"
)

// tally is the part of Stats that outcomes fill.
type tally struct {
	Won, Pending, PostPending, Notices, Duplicates uint64
	Lost                                           map[string]uint64
	Paid                                           string
}

func (bk *book) tally() tally {
	var s Stats
	bk.show(&s)
	return tally{s.Won, s.Pending, s.PostPending, s.Notices, s.Duplicates, s.Lost, s.Paid}
}

func TestBook(t *testing.T) {
	none := map[string]uint64{}
	cases := []struct {
		name    string
		notices []Notice
		want    tally
	}{
		{"nothing", nil, tally{Lost: none, Paid: "0"}},
		{"one auction, three messages of a win", []Notice{
			{Type: "won", AuctionID: "a", Price: 1_500_000}, {Type: "won", AuctionID: "a", Price: 1_500_000}, {Type: "won", AuctionID: "a", PostPending: true},
		}, tally{Won: 1, Notices: 3, Duplicates: 2, Lost: none, Paid: "1.5"}},
		{"pending, then accepted", []Notice{
			{Type: "pending", AuctionID: "a"}, {Type: "pending", AuctionID: "a"}, {Type: "won", AuctionID: "a", PostPending: true},
		}, tally{Won: 1, Pending: 1, PostPending: 1, Notices: 3, Duplicates: 1, Lost: none, Paid: "0"}},
		{"losses by reason, per bid", []Notice{
			{Type: "lost", AuctionID: "a", BidID: "1", Reason: "outbid"}, {Type: "lost", AuctionID: "a", BidID: "2", Reason: "below_floor"},
			{Type: "lost", AuctionID: "a", BidID: "2", Reason: "below_floor"}, {Type: "lost", AuctionID: "b"},
		}, tally{Notices: 4, Duplicates: 1, Lost: map[string]uint64{"outbid": 1, "below_floor": 1, "unknown": 1}, Paid: "0"}},
		{"a win overrules the loss of the same bid only", []Notice{
			{Type: "lost", AuctionID: "a", BidID: "1", Reason: "outbid"}, {Type: "lost", AuctionID: "a", BidID: "2", Reason: "outbid"},
			{Type: "won", AuctionID: "a", BidID: "1"},
		}, tally{Won: 1, Notices: 3, Lost: map[string]uint64{"outbid": 1}, Paid: "0"}},
		{"the last loss of a reason goes with its name", []Notice{
			{Type: "lost", AuctionID: "a", Reason: "outbid"}, {Type: "won", AuctionID: "a"},
		}, tally{Won: 1, Notices: 2, Lost: none, Paid: "0"}},
	}
	for _, c := range cases {
		var bk book
		for i := range c.notices {
			if err := bk.record(&c.notices[i]); err != nil {
				t.Errorf("%s: %v", c.name, err)
			}
		}
		if diff := cmp.Diff(c.want, bk.tally()); diff != "" {
			t.Errorf("%s (-want +got):\n%s", c.name, diff)
		}
	}
}

func TestBookIsBounded(t *testing.T) {
	var bk book
	for i := range remembered + 10 {
		bk.record(&Notice{Type: "won", AuctionID: fmt.Sprint(i)})
	}
	if len(bk.auctions) != remembered || len(bk.order) != remembered {
		t.Errorf("%d auctions remembered, want %d", len(bk.auctions), remembered)
	}
	bk.record(&Notice{Type: "won", AuctionID: "0"}) // forgotten, so it counts again
	bk.record(&Notice{Type: "won", AuctionID: fmt.Sprint(remembered)})
	if got := bk.tally(); got.Won != remembered+11 || got.Duplicates != 1 {
		t.Errorf("%d won, %d duplicates", got.Won, got.Duplicates)
	}
	for i := range reasonsMax + 5 {
		bk.record(&Notice{Type: "lost", AuctionID: fmt.Sprint("l", i), Reason: fmt.Sprint("r", i)})
	}
	if got := bk.tally().Lost; len(got) != reasonsMax+1 || got["other"] != 5 {
		t.Errorf("%d reasons, %d other", len(got), got["other"])
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
		{"GET", "/loss?auction=b&reason=outbid", "", 204},
		{"GET", "/win", "", 400},
		{"POST", "/notify", `{"type":"pending","auction_id":"c"}`, 204},
		{"POST", "/notify", `[{"type":"won","auction_id":"c","post_pending":true,"more":1},{"type":"lost","auction_id":"d","reason":"tie_lost"}]`, 204},
		{"POST", "/notify", `{"notices":[{"type":"won","auction_id":"a"}]}`, 204},
		{"POST", "/notify", `{"type":"kept","auction_id":"c"}`, 400},
		{"POST", "/notify", `{"type":"won"}`, 400},
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
	want := tally{Won: 2, Pending: 1, PostPending: 1, Notices: 7, Duplicates: 2, Lost: map[string]uint64{"outbid": 1, "tie_lost": 1}, Paid: "2.25"}
	if diff := cmp.Diff(want, p.book.tally()); diff != "" {
		t.Errorf("counters (-want +got):\n%s", diff)
	}
	p.call("POST", "/ctl/reset", "")
	if diff := cmp.Diff(tally{Lost: map[string]uint64{}, Paid: "0"}, p.book.tally()); diff != "" {
		t.Errorf("after a reset (-want +got):\n%s", diff)
	}
}

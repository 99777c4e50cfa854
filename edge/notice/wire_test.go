package notice

import (
	"testing"
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
	if !contains(calls, "/win?p=1.230001&a="+id+"&b=b%201%2F%C3%BC") || !contains(calls, "/bill?c=EUR") {
		t.Errorf("called %q", calls)
	}
}

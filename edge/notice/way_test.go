package notice

import (
	"testing"

	"curb/edge/ad"
)

// TestWhoIsToldWhat is the table of opt-ins.
func TestWhoIsToldWhat(t *testing.T) {
	url := "https://b.example/n"
	plain := ad.Bidder{NotifyURL: url}
	terms := ad.BidTerms{NURL: "n", BURL: "b", LURL: "l"}
	for _, c := range []struct {
		name   string
		bidder ad.Bidder
		notice ad.Notice
		want   way
	}{
		{"won", plain, ad.Notice{Kind: ad.NoticeWon}, byPost},
		{"won with URLs", plain, ad.Notice{Kind: ad.NoticeWon, Terms: terms}, byPost | byNURL | byBURL},
		{"won without notify URL", ad.Bidder{}, ad.Notice{Kind: ad.NoticeWon, Terms: terms}, byNURL | byBURL},
		{"won, nothing to call", ad.Bidder{}, ad.Notice{Kind: ad.NoticeWon}, 0},
		{"lost", plain, ad.Notice{Kind: ad.NoticeLost, Reason: ad.Outbid}, 0},
		{"lost with lurl", plain, ad.Notice{Kind: ad.NoticeLost, Reason: ad.Outbid, Terms: terms}, byLURL},
		{"lost, wanted", ad.Bidder{NotifyURL: url, NotifyLost: true}, ad.Notice{Kind: ad.NoticeLost, Reason: ad.Outbid, Terms: terms}, byPost | byLURL},
		{"lost, wanted without URL", ad.Bidder{NotifyLost: true}, ad.Notice{Kind: ad.NoticeLost, Reason: ad.Outbid}, 0},
		{"lost by an error past 100", plain, ad.Notice{Kind: ad.NoticeLost, Reason: ad.CreativeUnapproved}, byPost},
		{"lost by an error below", plain, ad.Notice{Kind: ad.NoticeLost, Reason: ad.PriceMissing}, 0},
		{"error 10", plain, ad.Notice{Kind: ad.NoticeError, Reason: ad.Timeout}, byPost},
		{"error 11", plain, ad.Notice{Kind: ad.NoticeError, Reason: ad.Throttled}, byPost},
		{"error 12", plain, ad.Notice{Kind: ad.NoticeError, Reason: ad.ConnectFailed}, 0},
		{"error 1001", plain, ad.Notice{Kind: ad.NoticeError, Reason: ad.BreakerOpen}, byPost},
		{"error brings no lurl", ad.Bidder{}, ad.Notice{Kind: ad.NoticeError, Reason: ad.Timeout, Terms: terms}, 0},
		{"pending", plain, ad.Notice{Kind: ad.NoticePending, Terms: terms}, 0},
		{"pending, wanted", ad.Bidder{NotifyURL: url, NotifyPending: true}, ad.Notice{Kind: ad.NoticePending, Terms: terms}, byPost},
		{"no bid", plain, ad.Notice{Kind: ad.NoticeNoBid}, 0},
		{"no bid, wanted", ad.Bidder{NotifyURL: url, NotifyNoBid: true}, ad.Notice{Kind: ad.NoticeNoBid}, byPost},
		{"kept", plain, ad.Notice{Kind: ad.NoticeKept}, byPost},
		{"sold", plain, ad.Notice{Kind: ad.NoticeSold}, byPost},
		{"default", plain, ad.Notice{Kind: ad.NoticeDefault}, byPost},
		{"unknown", plain, ad.Notice{Kind: ad.NoticeError + 1, Reason: ad.Timeout}, 0},
	} {
		if got := waysOf(&c.bidder, &c.notice); got != c.want {
			t.Errorf("%s: ways %b, want %b", c.name, got, c.want)
		}
	}
}

// TestEventIDs: the same news has the same id, other news another one.
func TestEventIDs(t *testing.T) {
	base := wonNotice(1, "")
	again := *base
	again.Price, again.Terms.Data, again.PostPending = 5, "other", true
	if eventID(base.Kind, base) != eventID(again.Kind, &again) {
		t.Error("details change the id")
	}
	seen := map[EventID]bool{eventID(base.Kind, base): true}
	for i, change := range []func(*ad.Notice){
		func(n *ad.Notice) { n.Kind = ad.NoticePending },
		func(n *ad.Notice) { n.Auction[3] = 1 },
		func(n *ad.Notice) { n.Impression = 1 },
		func(n *ad.Notice) { n.Bidder = 8 },
		func(n *ad.Notice) { n.Terms.BidID = "b" },
	} {
		n := *base
		change(&n)
		id := eventID(n.Kind, &n)
		if seen[id] {
			t.Errorf("change %d gives an id that was there", i)
		}
		seen[id] = true
	}
}

// TestNewEventCopies: the notice may be reused when Notify has returned.
func TestNewEventCopies(t *testing.T) {
	bytes := []byte("bid-1")
	n := wonNotice(1, "x")
	n.Terms.BidID = unsafeString(bytes)
	e := newEvent(n, byPost|byNURL, calledAt)
	copy(bytes, "XXXXX")
	if e.Terms.BidID != "bid-1" || e.Terms.NURL == "" || e.Terms.BURL != "" || e.Terms.LURL != "" {
		t.Errorf("%+v", e.Terms)
	}
}

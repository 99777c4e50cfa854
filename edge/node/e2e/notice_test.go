package e2e

import (
	"fmt"
	"net/http"
	"slices"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
)

// TestEverybodyIsToldOfASale passes a sale on that a bidder of euros wins, and lets the ad server accept it.
func TestEverybodyIsToldOfASale(t *testing.T) {
	f := openFair(t, nil)
	for id, price := range map[int]string{9701: "1.10", 9704: "0.50", 9705: "0.90", 9708: "0.70"} {
		f.buyers[id].offer(terms{price: price, urls: true})
	}
	euros := f.buyers[9703]
	euros.offer(terms{price: "2.004321", currency: "EUR", urls: true, markup: euros.ownMarkup()})
	c := f.client(t, "h3")
	told := pass(t, c, preemptive)
	await(t, "pending notice", func() bool { return len(euros.ear.of(told.auction, "pending")) == 1 })
	if n := euros.ear.of(told.auction, "")[0]; n.Price != "2.004321" || n.Currency != "EUR" || n.PricePaid != "" || n.PostPending {
		t.Errorf("pending: %+v", n)
	}
	if n := len(euros.ear.of(told.auction, "won")); n != 0 {
		t.Error("told that it won before the ad server took it")
	}
	if got := c.call(http.MethodGet, told.accept); !strings.Contains(got.body, adOf(203, told.auction)) {
		t.Fatalf("accepted: status %d %s, body %.300q", got.StatusCode, got.code(), got.body)
	}
	await(t, "won notice", func() bool { return len(euros.ear.of(told.auction, "won")) == 1 })
	n := euros.ear.of(told.auction, "won")[0]
	if !n.PostPending || n.PricePaid != "2.004321" || n.BidPrice != "2.004321" || n.Currency != "EUR" || n.Type != "won" {
		t.Errorf("won: %+v", n)
	}
	b := f.bills(t, 10)
	if sold := b.of(told.auction); len(sold) != 1 || sold[0].Paid != "2.004321" || sold[0].Currency != "EUR" || sold[0].Net != told.Get("price") {
		t.Errorf("bills %+v; the ad server was told %s", sold, told.Get("price"))
	}
	f.losersWereTold(t, told.auction)
	bid := n.BidID
	want := []string{fmt.Sprintf("/bill?auction=%s&bid=%s&price=2.004321&currency=EUR&loss=0&sealed=", told.auction, bid),
		fmt.Sprintf("/win?auction=%s&bid=%s&price=2.004321&currency=EUR&loss=0&sealed=", told.auction, bid)}
	await(t, "nurl and burl", func() bool { return len(euros.heard()) >= 2 })
	if diff := cmp.Diff(want, slices.Sorted(slices.Values(euros.heard()))); diff != "" {
		t.Errorf("the winner's URLs (-want +got):\n%s", diff)
	}
	f.silentWereSpared(t, c, told.auction)
}

// losersWereTold checks what those are told who lost and want to know.
func (f *fair) losersWereTold(t *testing.T, auction string) {
	t.Helper()
	for _, id := range []int{9701, 9705} {
		b := f.buyers[id]
		await(t, "lost notice", func() bool { return len(b.ear.of(auction, "lost")) == 1 && len(b.heard()) == 1 })
		n := b.ear.of(auction, "")
		if len(n) != 1 || n[0].Reason != "outbid" || n[0].LossCode != 102 || n[0].PricePaid != "" || n[0].Price != "" || (id == 9705) != (len(n[0].Auction) > 0) {
			t.Errorf("bidder %d was told %+v", id, n)
		}
		if want := fmt.Sprintf("/loss?auction=%s&bid=%s&price=&currency=USD&loss=102&sealed=", auction, n[0].BidID); b.heard()[0] != want {
			t.Errorf("bidder %d's lurl was called as %s, want %s", id, b.heard()[0], want)
		}
	}
	await(t, "no_bid notice", func() bool { return len(f.buyers[9707].ear.of(auction, "no_bid")) == 1 })
}

// silentWereSpared lets bidders win that did not ask for news of losses, and sees that the win is all they are told.
func (f *fair) silentWereSpared(t *testing.T, c *client, auction string) {
	t.Helper()
	for _, id := range []int{9704, 9708} {
		b := f.buyers[id]
		b.offer(terms{price: "9", markup: b.ownMarkup()})
		if got := c.get(tag); got.outcome() != "won" || !strings.Contains(got.body, fmt.Sprintf("ad of %d", b.seat)) {
			t.Fatalf("outcome %q, body %.300q", got.outcome(), got.body)
		}
		b.offer(terms{})
		await(t, "won notice", func() bool { return len(b.ear.all()) > 0 })
		if n := b.ear.all(); len(n) != 1 || n[0].NotifyType != "won" || n[0].AuctionID == auction || n[0].PostPending {
			t.Errorf("bidder %d was told %+v", id, n)
		}
	}
}

// TestNoticesOutliveTheirEndpoint sells while the winner's notify URL is down in every way, and restarts the node in between.
// Each win arrives once, and what the notices say adds up to the bills.
func TestNoticesOutliveTheirEndpoint(t *testing.T) {
	f := openFair(t, nil)
	b := f.buyers[9701]
	var sold []string
	sell := func(n int) {
		t.Helper()
		for range n {
			b.offer(terms{price: fmt.Sprintf("1.%06d", 137*(len(sold)+1)), markup: b.ownMarkup()})
			c := f.client(t, protocols[len(sold)%len(protocols)])
			if got := c.get(tag); got.outcome() != "won" || !strings.Contains(got.body, adOf(201, b.last().ID)) {
				t.Fatalf("sale %d: status %d %s, outcome %q", len(sold), got.StatusCode, got.code(), got.outcome())
			}
			sold = append(sold, b.last().ID)
		}
	}
	wins := func() (auctions []string) {
		for _, n := range b.ear.all() {
			if n.NotifyType == "won" {
				auctions = append(auctions, n.AuctionID)
			}
		}
		return auctions
	}
	sell(20)
	await(t, "twenty won notices", func() bool { return len(wins()) >= 20 })
	b.ear.shut()
	sell(20)
	f.restart(t)
	sell(10)
	b.ear.refuse(http.StatusInternalServerError)
	b.ear.open(t)
	sell(10)
	await(t, "refused notice", func() bool { return b.ear.refusals() > 0 })
	b.ear.refuse(0)
	f.Await(t, "end of the outage", func() bool { return len(wins()) > 20 })
	await(t, "notice of every win", func() bool { return len(wins()) >= len(sold) })
	if diff := cmp.Diff(slices.Sorted(slices.Values(sold)), slices.Sorted(slices.Values(wins()))); diff != "" {
		t.Errorf("wins (-sold +told):\n%s", diff)
	}
	f.agree(t, b, 9701)
}

// agree checks that what a buyer was told it paid is what it was billed, to the millionth of a CPM, and that every notice has
// an event id of its own.
func (f *fair) agree(t *testing.T, b *buyer, id int) {
	t.Helper()
	told := map[string]int64{}
	events := map[string]bool{}
	wins := 0
	for _, n := range b.ear.all() {
		if n.NotifyType != "won" {
			continue
		}
		wins++
		if events[n.EventID] {
			t.Errorf("event %s was told twice: %+v", n.EventID, n)
		}
		events[n.EventID] = true
		told[n.Currency] += units(t, n.PricePaid.String(), 6) // millionths of a CPM are billionths of an impression's price
	}
	billed := map[string]int64{}
	books := f.bills(t, 1)
	row := books.bidder(id)
	for currency, sum := range row.Paid {
		billed[currency] = units(t, sum, 9)
	}
	if diff := cmp.Diff(billed, told); diff != "" || row.Bills != wins {
		t.Errorf("%d bills, %d wins; sums (-billed +told):\n%s", row.Bills, wins, diff)
	}
}

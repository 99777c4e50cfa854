package e2e

import (
	"encoding/json"
	"fmt"
	"net/http"
	"net/url"
	"strings"
	"sync"
	"testing"

	"github.com/google/go-cmp/cmp"
)

// TestBiddingPriority makes the five ad calls of the classic example: the tiers at or above the reselling priority, then the
// highest tier left against the bidders on price.
func TestBiddingPriority(t *testing.T) {
	f := openFair(t, nil)
	b := f.buyers[9701]
	steps := []struct{ price, shows, outcome string }{
		{"", ">C1</p>", "won"}, {"", ">C2</p>", "won"}, {"10", "ad of 201", "won"}, {"", ">C4</p>", "won"}, {"", ">C3</p>", "won"}, {"", "", "default"},
	}
	call := func(i int) {
		t.Helper()
		step := steps[i]
		b.offer(terms{price: step.price, markup: b.ownMarkup()})
		got := f.client(t, protocols[i%len(protocols)]).get("/tt?id=1014")
		if got.outcome() != step.outcome || !strings.Contains(got.body, step.shows) {
			t.Errorf("call %d: outcome %q, body %.400q, want %s", i+1, got.outcome(), got.body, step.shows)
		}
	}
	for i := range steps {
		call(i)
	}
	f.restart(t)
	call(len(steps) - 1) // what is spent stays spent
	books := f.bills(t, 10)
	var sold []string
	for _, bill := range books.Last {
		sold = append([]string{fmt.Sprintf("%d/%d at %s", bill.Bidder, bill.LineItem, bill.Net)}, sold...)
	}
	if diff := cmp.Diff([]string{"0/3011 at 5", "0/3012 at 1", "9701/0 at 10", "0/3014 at 2", "0/3013 at 4"}, sold); diff != "" {
		t.Errorf("bills (-want +got):\n%s", diff)
	}
}

// TestCapsOutliveARestart shows a capped line item to a user, who does not see it again for a minute, whatever happens to the
// node.
func TestCapsOutliveARestart(t *testing.T) {
	f := openFair(t, nil)
	f.buyers[9701].offer(terms{price: "1", markup: f.buyers[9701].ownMarkup()})
	shown := func(user string) bool {
		t.Helper()
		before := f.bills(t, 1)
		got := f.client(t, "h2").get("/tt?id=1013&external_uid=" + user)
		after := f.bills(t, 1)
		managed := after.lineItem(3005).Bills - before.lineItem(3005).Bills
		if got.outcome() != "won" || after.Bills != before.Bills+1 || (managed == 0) != strings.Contains(got.body, "ad of 201") {
			t.Errorf("outcome %q, %d bills, %d of them the line item's, body %.300q", got.outcome(), after.Bills-before.Bills, managed, got.body)
		}
		return managed == 1
	}
	if !shown("reader-1") || shown("reader-1") {
		t.Error("the first reader should see the line item once")
	}
	if !shown("reader-2") {
		t.Error("the second reader should see it too")
	}
	f.restart(t)
	if shown("reader-1") || shown("reader-2") {
		t.Error("after a restart the readers see it again within the minute")
	}
	if !shown("reader-3") {
		t.Error("a new reader should see it")
	}
}

// budgets are two placements with a line item each: one may spend ten cents, 33 impressions at $3 CPM; the other may be shown
// 25 times.
const budgets = `apiVersion: curb/v1
kind: Placement
metadata: {name: ten-cents}
spec: {id: 1102, site: news, sizes: [300x250]}
---
apiVersion: curb/v1
kind: Placement
metadata: {name: twenty-five}
spec: {id: 1103, site: news, sizes: [300x250]}
---
apiVersion: curb/v1
kind: LineItem
metadata: {name: ten-cents}
spec: {id: 3102, member: news-network, priority: 10, price: 3.00 USD, creatives: [sponsor-300x250], placements: [ten-cents], budget: {lifetime: 0.10 USD}}
---
apiVersion: curb/v1
kind: LineItem
metadata: {name: twenty-five}
spec: {id: 3103, member: news-network, priority: 10, price: 3.00 USD, creatives: [sponsor-300x250], placements: [twenty-five], budget: {lifetime_impressions: 25}}
`

// TestBudgetsHold has many clients call at once, directly and with promises of which some are kept, until both line items are
// spent. What is promised is set aside: nothing is overspent, and everything that can be sold is.
func TestBudgetsHold(t *testing.T) {
	f := openFair(t, map[string]string{"budgets.yaml": budgets})
	f.buyers[9701].offer(terms{price: "1", markup: f.buyers[9701].ownMarkup()})
	var clients sync.WaitGroup
	for i := range 12 {
		c := f.client(t, protocols[i%len(protocols)])
		clients.Go(func() {
			for n := range 8 {
				spend(t, c, n%2 == 0)
			}
		})
	}
	clients.Wait()
	spent := func(when string) {
		t.Helper()
		// A bill that took too long is given back, so that a few impressions may be left after the rush.
		for _, id := range []int{1102, 1103} {
			for range 50 {
				if got := f.client(t, "h1").get(fmt.Sprintf("/tt?id=%d", id)); strings.Contains(got.body, "ad of 201") {
					break
				}
			}
		}
		books := f.bills(t, 1)
		if money, count := books.lineItem(3102), books.lineItem(3103); money.Bills != 33 || money.BuyerPays != "0.099" || count.Bills != 25 {
			t.Errorf("%s: line items spent %+v and %+v, want 33 impressions for 0.099 dollars, and 25", when, money, count)
		}
	}
	spent("after the rush")
	f.restart(t)
	spent("after a restart")
}

// spend makes a direct call of one line item, and has the other promised and accepted.
func spend(t *testing.T, c *client, both bool) {
	if got, err := c.do(http.MethodGet, "localhost", "/tt?id=1103", ""); err != nil || got.outcome() != "won" {
		t.Errorf("direct: %v, %+v", err, got)
	}
	got, err := c.do(http.MethodGet, "localhost", "/jpt?id=1102", "")
	if err != nil {
		t.Errorf("promise: %v", err)
		return
	}
	var o offerOf
	if err := json.Unmarshal([]byte(got.body), &o); err != nil || o.CPM == "0" {
		t.Errorf("promise: %v: %.300q", err, got.body)
		return
	}
	to, err := url.Parse(o.Accept)
	if err != nil {
		t.Error(err)
		return
	}
	accepts := 1
	if both {
		accepts = 2
	}
	for range accepts {
		if got, err := c.do(http.MethodGet, to.Hostname(), to.RequestURI(), ""); err != nil || got.StatusCode != http.StatusOK || got.body == "" {
			t.Errorf("accept: %v, %+v", err, got)
		}
	}
}

// TestEurosArePaidBackAtTheSameRate sells at second price: the winner of euros pays the runner-up's dollars and a cent, in
// euros of the same day.
func TestEurosArePaidBackAtTheSameRate(t *testing.T) {
	f := openFair(t, nil)
	euros := f.buyers[9703]
	euros.offer(terms{price: "2", currency: "EUR", markup: euros.ownMarkup()})
	f.buyers[9701].offer(terms{price: "1.5"})
	each(t, func(t *testing.T, proto string) {
		if got := f.client(t, proto).get("/tt?id=1011"); got.outcome() != "won" || !strings.Contains(got.body, "ad of 203") {
			t.Fatalf("outcome %q, body %.300q", got.outcome(), got.body)
		}
		books := f.bills(t, 1)
		sold := books.Last[0]
		if sold.Net != "1.51" || sold.BuyerPays != "1.51" || sold.BidPrice != "2" || sold.Currency != "EUR" {
			t.Errorf("bill %+v", sold)
		}
		// 1.51 dollars at 1.1582 dollars a euro. What is paid, converted again, is 1.51 within what one micro can be worth.
		back := units(t, sold.Paid, 6) * 11582 / 10000
		if back < 1_509_998 || back > 1_510_002 {
			t.Errorf("paid %s euros, which are %d micro-dollars", sold.Paid, back)
		}
		await(t, "won notice", func() bool { return len(euros.ear.of(sold.Auction, "won")) == 1 })
		if n := euros.ear.of(sold.Auction, "won")[0]; n.PricePaid.String() != sold.Paid || n.Currency != "EUR" {
			t.Errorf("told %+v, billed %s", n, sold.Paid)
		}
	})
	await(t, "end of notices", func() bool { books := f.bills(t, 1); return books.bidder(9703).Bills == len(euros.ear.all()) })
	f.agree(t, euros, 9703)
}

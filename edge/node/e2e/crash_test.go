package e2e

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"math/rand/v2"
	"net/http"
	"net/url"
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strconv"
	"sync"
	"syscall"
	"testing"
	"time"

	"curb/edge/adtest"
)

// crashRounds is how often the node is killed, unless CURB_CRASH_ROUNDS says otherwise.
const crashRounds = 8

// budgeted is a placement that a line item has to itself until it was shown so often.
const (
	budgeted       = "/tt?id=1104"
	budgetedLine   = 3104
	budgetedBudget = 60
	budgetedRules  = `apiVersion: curb/v1
kind: Placement
metadata: {name: budgeted}
spec: {id: 1104, site: news, sizes: [300x250]}
---
apiVersion: curb/v1
kind: Creative
metadata: {name: budgeted}
spec: {id: 4104, member: news-network, size: 300x250, format: html, secure: true, audit: audited, advertisers: [news.example], content: '<p>ad of 100 in ${AUCTION_ID}.</p>'}
---
apiVersion: curb/v1
kind: LineItem
metadata: {name: budgeted}
spec: {id: 3104, member: news-network, priority: 10, price: 3.00 USD, creatives: [budgeted], placements: [budgeted], budget: {lifetime_impressions: 60, lifetime: 0.18 USD}}
`
)

// delivered finds the auction in an ad that arrived whole.
var delivered = regexp.MustCompile(`ad of \d+ in ([0-9a-f]{32})\.`)

// crowd is the clients of a node that is killed, and what they saw.
type crowd struct {
	mu       sync.Mutex
	calls    int
	cut      int             // calls that were under way when the node died
	served   map[string]bool // auctions whose ad arrived whole
	round    int
	promised map[int][]string // accept URLs that are kept until after the crash, by round
	kept     int              // promises that were accepted after a crash
	odd      []string         // answers that nobody should get
	ready    []time.Duration  // from start to ready
	books    map[string]bill  // every bill that was listed, by auction and impression
	double   int              // bills beyond the first of an impression
	missing  int              // ads that arrived and were not billed
}

// note writes down what a call came to, and gives whether it was answered.
func (w *crowd) note(target string, status int, body string, err error) bool {
	w.mu.Lock()
	defer w.mu.Unlock()
	w.calls++
	switch {
	case errors.Is(err, errDial):
		w.calls-- // nobody was there to call
		return false
	case err != nil:
		w.cut++
		return false
	}
	if status != http.StatusOK && status != http.StatusFound {
		w.odd = append(w.odd, fmt.Sprintf("%s: %d", target, status))
	}
	if found := delivered.FindStringSubmatch(body); found != nil && status == http.StatusOK {
		w.served[found[1]] = true
	}
	return true
}

// fetch gets a path of the node's own host and reads the whole answer.
func fetch(ctx context.Context, c *client, target string) (status int, location, body string, err error) {
	request, err := http.NewRequestWithContext(ctx, http.MethodGet, fmt.Sprintf("https://localhost:%d%s", c.port, target), nil)
	if err != nil {
		return 0, "", "", err
	}
	response, err := c.http.Do(request)
	if err != nil {
		return 0, "", "", err
	}
	defer response.Body.Close()
	text, err := io.ReadAll(response.Body)
	return response.StatusCode, response.Header.Get("Location"), string(text), err
}

// roam calls in a loop until ctx ends: direct tags, a budgeted line item, and preemptive tags whose offers are accepted at once,
// twice, or after the crash.
func (w *crowd) roam(ctx context.Context, c *client, turn int) {
	for ; ctx.Err() == nil; turn++ {
		target := []string{tag, preemptive, budgeted, "/jpt?id=1002"}[turn%4]
		status, location, body, err := fetch(ctx, c, target)
		accept := acceptOf(location, body)
		if turn%4%2 == 1 {
			body = "" // an offer, not an ad
		}
		if !w.note(target, status, body, err) || accept == "" {
			continue
		}
		if turn/4%3 == 2 {
			w.mu.Lock()
			w.promised[w.round] = append(w.promised[w.round], accept)
			w.mu.Unlock()
			continue
		}
		for range 1 + turn/4%3 {
			status, _, body, err := fetch(ctx, c, accept)
			w.note("/ab", status, body, err)
		}
	}
}

// acceptOf is the path of the accept URL in a redirect or an offer in JSON; "" without one.
func acceptOf(location, body string) string {
	var o offerOf
	if to, err := url.Parse(location); err == nil && location != "" {
		o.Accept = to.Query().Get("accept")
	} else if json.Unmarshal([]byte(body), &o) != nil {
		return ""
	}
	accept, err := url.Parse(o.Accept)
	if err != nil || o.Accept == "" {
		return ""
	}
	return accept.RequestURI()
}

// TestCrashLoop kills the node with SIGKILL while clients of all protocols buy, again and again on the same data. Whatever was
// delivered is billed, nothing is billed twice, what was promised is kept, and bidders hear of every bill.
func TestCrashLoop(t *testing.T) {
	rounds := crashRounds
	if text := os.Getenv("CURB_CRASH_ROUNDS"); text != "" {
		var err error
		if rounds, err = strconv.Atoi(text); err != nil {
			t.Fatal(err)
		}
	}
	f := openFair(t, map[string]string{"budgeted.yaml": budgetedRules})
	b := f.buyers[9701]
	b.offer(terms{price: "1.234567", markup: b.ownMarkup()})
	w := &crowd{served: map[string]bool{}, promised: map[int][]string{}, books: map[string]bill{}}
	seed := rand.Uint64()
	dice := rand.New(rand.NewPCG(seed, 0))
	t.Logf("seed %d", seed)
	least := 20 // milliseconds under load
	if raceEnabled {
		least = 400 // a node under the race detector has served next to nothing before
	}
	for round := 0; round < rounds || w.kept == 0 && round < 3*rounds; round++ { // a slow machine needs more of them
		w.crash(t, f, dice.IntN(150)+least, round%2 == 1)
		if round%3 == 2 { // and while it starts
			f.launch(t)
			time.Sleep(time.Duration(dice.IntN(40)) * time.Millisecond)
			f.kill(t)
		}
		w.ready = append(w.ready, f.start(t))
		w.collect(t, f)
		w.keepPromises(t, f, round-crashesOutlived)
		w.round++
	}
	for round := range w.round {
		w.keepPromises(t, f, round)
	}
	w.judge(t, f)
	w.judgeNotices(t, f)
	slices.Sort(w.ready)
	t.Logf("%d rounds, %d calls, %d cut, %d ads served, %d of them after a crash, %d bills, double %d, missing %d; ready after p50 %v, p99 %v", w.round, w.calls, w.cut,
		len(w.served), w.kept, len(w.books), w.double, w.missing, w.ready[len(w.ready)/2].Round(time.Millisecond), w.ready[len(w.ready)*99/100].Round(time.Millisecond))
}

// launch starts the node and does not wait for it.
func (f *fair) launch(t *testing.T) {
	f.Process = adtest.Start(t, "curb", programs.Curb, "serve", "-c", filepath.Join(f.dir, "curb.yaml"), "--data", filepath.Join(f.dir, "data"))
}

// kill ends the node at once.
func (f *fair) kill(t *testing.T) {
	t.Helper()
	f.Signal(t, syscall.SIGKILL)
	f.Exit(t)
}

// answered counts the calls that were answered.
func (w *crowd) answered() int {
	w.mu.Lock()
	defer w.mu.Unlock()
	return w.calls - w.cut
}

// crash lets the crowd loose on the node and kills it some milliseconds later, or so long after the first answers. Clients know no earlier that it is gone than
// the kernel tells them; those of HTTP/3, whom it tells nothing, give up then too.
func (w *crowd) crash(t *testing.T, f *fair, after int, loaded bool) {
	t.Helper()
	ctx, cancel := context.WithCancel(t.Context())
	defer cancel()
	var clients sync.WaitGroup
	for i := range 6 {
		c := f.client(t, protocols[i%len(protocols)])
		clients.Go(func() { w.roam(ctx, c, i) })
	}
	if loaded {
		before := w.answered()
		await(t, "load", func() bool { return w.answered() >= before+20 })
	}
	time.Sleep(time.Duration(after) * time.Millisecond) // what is waited for is chance
	f.kill(t)
	cancel()
	clients.Wait()
}

// collect reads the newest bills, more than a round can make, and looks for doubles among them.
func (w *crowd) collect(t *testing.T, f *fair) {
	t.Helper()
	books := f.bills(t, 1000)
	listed := map[string]bool{}
	for _, bill := range books.Last {
		key := fmt.Sprintf("%s/%d", bill.Auction, bill.Impression)
		if listed[key] {
			w.double++
			t.Errorf("auction %s is billed twice", key)
		}
		listed[key] = true
		w.books[key] = bill
	}
	if books.Bills != len(w.books) {
		t.Errorf("the books count %d bills, and %d auctions were ever listed", books.Bills, len(w.books))
	}
}

// crashesOutlived is how many rounds later an offer is accepted. Its window, five minutes, is longer than they take.
const crashesOutlived = 3

// keepPromises accepts what was offered in a round and not accepted then.
func (w *crowd) keepPromises(t *testing.T, f *fair, round int) {
	t.Helper()
	c := f.client(t, "h2")
	for _, accept := range w.promised[round] {
		status, _, body, err := fetch(t.Context(), c, accept)
		if w.note("/ab", status, body, err); err != nil || delivered.FindString(body) == "" {
			t.Errorf("a promise was not kept: status %d (%v), body %.200q", status, err, body)
		}
	}
	w.kept += len(w.promised[round])
	delete(w.promised, round)
	w.collect(t, f)
}

// judge holds what arrived against what was billed.
func (w *crowd) judge(t *testing.T, f *fair) {
	t.Helper()
	for auction := range w.served {
		if _, ok := w.books[auction+"/0"]; !ok {
			w.missing++
			t.Errorf("the ad of auction %s was delivered and is not billed", auction)
		}
	}
	if undelivered := len(w.books) - len(w.served); undelivered > w.cut {
		t.Errorf("%d bills without an ad that arrived, and only %d calls were cut off", undelivered, w.cut)
	}
	if w.kept == 0 || len(w.served) == 0 {
		t.Errorf("%d promises outlived a crash and %d ads arrived: nothing was tested", w.kept, len(w.served))
	}
	if len(w.odd) > 0 {
		t.Errorf("answers that nobody should get: %q", w.odd)
	}
	books := f.bills(t, 1)
	if line := books.lineItem(budgetedLine); line.Bills > budgetedBudget || line.Bills == 0 {
		t.Errorf("the line item was billed %d times, its budget are %d", line.Bills, budgetedBudget)
	}
	var paid int64
	for _, bill := range w.books {
		paid += units(t, bill.BuyerPays, 6)
	}
	total := int64(0)
	for _, row := range books.Bidders {
		total += units(t, row.BuyerPays, 9)
	}
	if paid != total {
		t.Errorf("bills add up to %d, the books say %d", paid, total)
	}
}

// judgeNotices waits until the buyer has heard of every bill, under one event id each.
func (w *crowd) judgeNotices(t *testing.T, f *fair) {
	t.Helper()
	ear := f.buyers[9701].ear
	events := map[string]map[string]bool{} // by auction
	unheard := func() int {
		missing := 0
		for _, bill := range w.books {
			if bill.Bidder == 9701 && len(events[bill.Auction]) == 0 {
				missing++
			}
		}
		return missing
	}
	await(t, "won notice of every bill", func() bool {
		for _, n := range ear.all() {
			if n.NotifyType != "won" {
				continue
			}
			if events[n.AuctionID] == nil {
				events[n.AuctionID] = map[string]bool{}
			}
			events[n.AuctionID][n.EventID] = true
		}
		return unheard() == 0
	})
	for auction, ids := range events {
		if _, billed := w.books[auction+"/0"]; len(ids) != 1 || !billed {
			t.Errorf("auction %s: billed %t, won notices under %d event ids", auction, billed, len(ids))
		}
	}
}

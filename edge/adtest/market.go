package adtest

import (
	"encoding/json"
	"fmt"
	"io"
	"net/http"
	"strings"
	"testing"
	"time"
)

// Bidder is one simulated bidder, reached by its control endpoint.
type Bidder struct {
	URL  string
	Seat int
	t    testing.TB
}

// FirstSeat is the member of a market's first bidder; the others follow.
const FirstSeat = 201

// StartBidders starts a process with n bidders. Bidder i bids $(n-i).00 on everything, so that the first wins while all are
// honest.
func (p *Programs) StartBidders(t testing.TB, n int) []*Bidder {
	t.Helper()
	process := Start(t, "curbsim", p.Curbsim, "bidder", "--count", fmt.Sprint(n), "--seat", fmt.Sprint(FirstSeat),
		"--listen", "127.0.0.1:0", "--output", "json", "--for", "30m")
	var said struct{ Parties []struct{ URL string } }
	process.Await(t, "list of parties", func() bool {
		return json.NewDecoder(strings.NewReader(process.Output())).Decode(&said) == nil
	})
	if len(said.Parties) != n {
		t.Fatalf("asked for %d bidders, got %s", n, process.Output())
	}
	bidders := make([]*Bidder, n)
	for i, party := range said.Parties {
		bidders[i] = NewBidder(t, party.URL, FirstSeat+i)
		bidders[i].Set(fmt.Sprintf(`{"price": %d}`, n-i))
	}
	return bidders
}

// NewBidder names a bidder that somebody else started, or that is not there.
func NewBidder(t testing.TB, url string, seat int) *Bidder {
	return &Bidder{URL: url, Seat: seat, t: t}
}

// Set changes how the bidder behaves, by the fields that the JSON names; see curbsim bidder --help.
func (b *Bidder) Set(fields string) {
	b.t.Helper()
	response, err := http.Post(b.URL+"/ctl", "application/json", strings.NewReader(fields))
	if err != nil {
		b.t.Fatalf("change bidder %d: %v", b.Seat, err)
	}
	defer response.Body.Close()
	if said, _ := io.ReadAll(response.Body); response.StatusCode >= 300 {
		b.t.Fatalf("change bidder %d to %s: %s: %s", b.Seat, fields, response.Status, said)
	}
}

// BidderStats is what tests read of a bidder's counters.
type BidderStats struct {
	Requests    int             `json:"requests"`
	Redirects   int             `json:"redirects_followed"`
	LastRequest json.RawMessage `json:"last_request"`
}

// Stats reads the bidder's counters.
func (b *Bidder) Stats() BidderStats {
	b.t.Helper()
	response, err := http.Get(b.URL + "/ctl/stats")
	if err != nil {
		b.t.Fatalf("read the counters of bidder %d: %v", b.Seat, err)
	}
	defer response.Body.Close()
	var stats BidderStats
	if err := json.NewDecoder(response.Body).Decode(&stats); err != nil {
		b.t.Fatalf("read the counters of bidder %d: %v", b.Seat, err)
	}
	return stats
}

// Hosts of the rule set: two publishers with a CNAME host each.
const (
	NewsHost  = "ads.news.test"
	OtherHost = "ads.other.test"
)

// Deadline of every auction of the rule set.
const Deadline = 150 * time.Millisecond

// Rules is a rule set of YAML documents: a publisher with placements 1001 (with a default creative) and 1002 (with
// nothing to fall back on), another publisher with placement 2001, and the bidders, each with a seat and a creative.
func Rules(bidders []*Bidder) string {
	var b strings.Builder
	object := func(kind, name, spec string) {
		fmt.Fprintf(&b, "---\napiVersion: curb/v1\nkind: %s\nmetadata: {name: %s}\nspec: %s\n", kind, name, spec)
	}
	object("Node", "node", fmt.Sprintf("{timeout: %s}", Deadline))
	object("Member", "news", "{id: 100, reselling_priority: 6}")
	object("Member", "other", "{id: 101}")
	object("Publisher", "news", "{id: 10, member: news, domain: news.test, hosts: ["+NewsHost+"]}")
	object("Publisher", "other", "{id: 11, member: other, domain: other.test, hosts: ["+OtherHost+"]}")
	object("Site", "news", "{id: 20, publisher: news, domain: news.test, page: 'https://news.test/'}")
	object("Site", "other", "{id: 21, publisher: other, domain: other.test, page: 'https://other.test/'}")
	object("Creative", "house", `{id: 900, member: news, size: 300x250, format: html, secure: true, audit: audited, content: '<p id="ad">house ad</p>'}`)
	object("Placement", "top", "{id: 1001, site: news, code: top, sizes: [300x250], defaults: [{creative: house}]}")
	object("Placement", "bare", "{id: 1002, site: news, sizes: [300x250], psa: false}")
	object("Placement", "elsewhere", "{id: 2001, site: other, sizes: [300x250]}")
	for i, bidder := range bidders {
		seat := fmt.Sprintf("seat-%d", bidder.Seat)
		object("Member", seat, fmt.Sprintf("{id: %d}", bidder.Seat))
		object("Creative", fmt.Sprintf("ad-%d", bidder.Seat), fmt.Sprintf(
			`{id: %d, member: %s, code: c-300x250, size: 300x250, format: html, secure: true, audit: audited, advertisers: [brand-%d.example], content: '<p id="ad">ad of %d</p>'}`,
			1000+bidder.Seat, seat, bidder.Seat, bidder.Seat))
		object("Bidder", fmt.Sprintf("bidder-%d", i), fmt.Sprintf("{id: %d, endpoint: '%s/bid', members: [%s]}", i+1, bidder.URL, seat))
	}
	return b.String()
}

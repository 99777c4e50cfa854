package e2e

import (
	"encoding/json"
	"fmt"
	"net/http"
	"net/url"
	"strings"
	"testing"

	"curb/edge/adtest"
)

// startMarket starts all simulated parties of the demo on free ports, for a node on a port.
func startMarket(t *testing.T, node int) *adtest.Process {
	t.Helper()
	return adtest.Start(t, "market", programs.Curbsim, "up", "--bidder-port", "0", "--provider-port", "0", "--adserver-port", "0",
		"--pages-port", "0", "--node", fmt.Sprintf("https://localhost:%d", node), "--output", "json", "--for", "5m")
}

// party is one line of the list that curbsim prints.
type party struct{ Name, URL string }

// parties waits for that list.
func parties(t *testing.T, p *adtest.Process) []party {
	t.Helper()
	var said struct{ Parties []party }
	p.Await(t, "list of parties", func() bool { return json.NewDecoder(strings.NewReader(p.Output())).Decode(&said) == nil })
	return said.Parties
}

// partyURL finds a party in it.
func partyURL(t *testing.T, p *adtest.Process, name string) string {
	t.Helper()
	for _, party := range parties(t, p) {
		if party.Name == name {
			return party.URL
		}
	}
	t.Fatalf("no party is called %s: %s", name, p.Output())
	return ""
}

// marketBidders are the simulated bidders of a market, by their ids in the sample rule set.
func marketBidders(t *testing.T, market *adtest.Process) map[int]*adtest.Bidder {
	bidders := map[int]*adtest.Bidder{}
	for _, party := range parties(t, market) {
		if strings.HasPrefix(party.Name, "bidder ") {
			n := len(bidders) + 1
			bidders[9700+n] = adtest.NewBidder(t, party.URL, 200+n)
		}
	}
	return bidders
}

// marketRules is the sample rule set with the demo's ports replaced by those of a market.
func marketRules(t *testing.T, market *adtest.Process) map[string]string {
	t.Helper()
	host := func(raw string) string {
		u, err := url.Parse(raw)
		if err != nil {
			t.Fatal(err)
		}
		return u.Host
	}
	replace := []string{"127.0.0.1:9720", host(partyURL(t, market, "data provider")), "127.0.0.1:9800", host(partyURL(t, market, "ad server")),
		"127.0.0.1:9900", host(partyURL(t, market, "pages"))}
	for id, b := range marketBidders(t, market) {
		replace = append(replace, fmt.Sprintf("127.0.0.1:%d", id), host(b.URL))
	}
	return sampleRules(t, strings.NewReplacer(replace...))
}

// control is a party's control desk.
type control struct{ url string }

// set changes how the party behaves.
func (c control) set(t *testing.T, fields string) {
	t.Helper()
	adtest.NewBidder(t, strings.TrimSuffix(c.url, "/"), 0).Set(fields)
}

// stats reads the party's counters.
func (c control) stats(t *testing.T, into any) {
	t.Helper()
	response, err := http.Get(strings.TrimSuffix(c.url, "/") + "/ctl/stats")
	if err != nil {
		t.Fatal(err)
	}
	defer response.Body.Close()
	if err := json.NewDecoder(response.Body).Decode(into); err != nil {
		t.Fatalf("counters of %s: %v", c.url, err)
	}
}

// openDemo starts the demo's market and a node on the sample rule set.
func openDemo(t *testing.T) (f *fair, market *adtest.Process) {
	t.Helper()
	f = &fair{dir: t.TempDir()}
	f.Node = &adtest.Node{Port: adtest.Ports(t, 1)[0]}
	market = startMarket(t, f.Port)
	f.settle(t, marketRules(t, market))
	f.start(t)
	return f, market
}

// bidderSums is what the test reads of a simulated bidder's counters, serverSums of the ad server's.
type (
	bidderSums struct {
		Won       int
		PaidIn    map[string]string `json:"paid_by_currency"`
		Conflicts int               `json:"price_conflicts"`
	}
	serverSums struct {
		Requests, Accepted, Own, Refused int
		Revenue                          string
		SealedOK                         int `json:"sealed_ok"`
		SealedBad                        int `json:"sealed_bad"`
	}
)

// TestEverybodysBooksAgree sells through the demo's ad server, which takes some offers and leaves others, and directly. In the
// end the node's bills, the ad server's revenue and every bidder's spending are the same to the micro.
func TestEverybodysBooksAgree(t *testing.T) {
	f, market := openDemo(t)
	server := control{partyURL(t, market, "ad server")}
	server.set(t, `{"own_price": 2.6}`)
	bidders := marketBidders(t, market)
	accepted := 0
	bidders[9701].Set(`{"prices": {"728x90": 1}}`)
	for i := range 36 {
		bidders[9702].Set(fmt.Sprintf(`{"prices": {"728x90": 2.%06d}}`, 137*i))
		bidders[9703].Set(fmt.Sprintf(`{"price": %d.%06d}`, 2+i/18, 27_871*(i%18)+1)) // euros, on either side of the ad server's own
		c := f.client(t, protocols[i%len(protocols)])
		if f.followed(t, c) {
			accepted++
		}
		c.get(tag)
	}
	var sold serverSums
	server.stats(t, &sold)
	books := f.bills(t, 1000)
	revenue, direct := int64(0), 0
	for _, bill := range books.Last {
		switch {
		case bill.Placement == 1002 && bill.PostPending:
			revenue += units(t, bill.Net, 6)
		case bill.Placement == 1001 && !bill.PostPending:
			direct++
		default:
			t.Errorf("bill %+v", bill)
		}
	}
	if accepted == 0 || accepted == 36 || sold.Accepted != accepted || sold.Own != 36-accepted || books.Bills != accepted+direct || direct != 36 {
		t.Errorf("%d of 36 offers were accepted and %d ads sold directly; the ad server says %+v, the node has %d bills", accepted, direct, sold, books.Bills)
	}
	if promised := units(t, sold.Revenue, 6); promised != revenue || sold.SealedOK != 36 || sold.SealedBad != 0 {
		t.Errorf("the ad server was promised %d micros, the node bills %d; %+v", promised, revenue, sold)
	}
	for id, b := range bidders {
		row := books.bidder(id)
		var told bidderSums
		await(t, fmt.Sprintf("notice of every win to bidder %d", id), func() bool {
			told = bidderSums{}
			control{b.URL}.stats(t, &told)
			return told.Won >= row.Bills
		})
		if told.Won != row.Bills || told.Conflicts != 0 {
			t.Errorf("bidder %d was told of %d wins and has %d bills; %+v", id, told.Won, row.Bills, told)
		}
		for currency, paid := range row.Paid {
			if units(t, paid, 9) != units(t, told.PaidIn[currency], 6) { // a CPM's millionths are billionths of an impression's price
				t.Errorf("bidder %d pays %s %s and was told of %s CPM", id, paid, currency, told.PaidIn[currency])
			}
		}
	}
}

// followed makes a preemptive call and goes where it leads, as a browser does; it reports whether our ad came in the end.
func (f *fair) followed(t *testing.T, c *client) bool {
	t.Helper()
	got := c.get(preemptive, "Referer", pageOfNews)
	response, err := c.plain(got.Header.Get("Location"))
	if err != nil {
		t.Fatalf("the ad server: %v", err)
	}
	defer response.Body.Close()
	if response.StatusCode != http.StatusFound {
		return false
	}
	accept, err := url.Parse(response.Header.Get("Location"))
	if err != nil {
		t.Fatal(err)
	}
	if got := c.call(http.MethodGet, accept); got.StatusCode != http.StatusOK || !strings.Contains(got.body, "bought by bidder") || got.Header.Get("X-Curb-Bill") != "first" {
		t.Errorf("accepted: status %d %s, body %.300q", got.StatusCode, got.code(), got.body)
	}
	return true
}

// plain gets a URL of somebody else's over HTTP/1.1, without following redirects.
func (c *client) plain(to string) (*http.Response, error) {
	return (&http.Client{CheckRedirect: noRedirect, Timeout: c.http.Timeout}).Get(to)
}

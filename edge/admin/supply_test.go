package admin

import (
	"log/slog"
	"math"
	"net/http"
	"strings"
	"testing"
	"time"

	"curb/edge/ad"
)

func TestSupply(t *testing.T) {
	d := openDoor(t)
	x := d.want(d.ask("GET", "/v1/placements/article", ""), 200, "")
	for _, want := range []string{`"id": 1001`, `"publisher_name": "news.example"`, `"ads.news.example"`, `"300x250"`, `"member": 100`, `"max": "20"`, `"increment": "0.1"`,
		`"name": "own"`, `"price_parameter": "pb"`, `"accept_parameter": ""`, `"kind": "site"`, `"page": "https://news.example/"`} {
		if !strings.Contains(x.body, want) {
			t.Errorf("%s is not in %s", want, x.body)
		}
	}
	if x := d.want(d.ask("GET", "/v1/placements/1001", ""), 200, ""); x.json["id"] != 1001.0 {
		t.Errorf("an id goes before a code: %s", x.body)
	}
	d.want(d.ask("GET", "/v1/placements/1001?member=100", ""), 200, "")
	d.want(d.ask("GET", "/v1/placements/1001?member=201", ""), 404, "placement_unknown")
	d.want(d.ask("GET", "/v1/placements/1001?member=x", ""), 400, "param_invalid")
	d.want(d.ask("GET", "/v1/placements/nothing", ""), 404, "placement_unknown")
	d.want(d.ask("POST", "/v1/placements", ""), 405, "method_not_allowed")
	for _, path := range []string{"/v1/publishers", "/v1/placements"} {
		x := d.want(d.ask("GET", path, ""), 200, "")
		if strings.Contains(x.body, "secret") || strings.Contains(x.body, "dongle") || strings.Contains(x.body, "adserver.example") {
			t.Errorf("%s tells secrets: %s", path, x.body)
		}
	}
}

func TestParameterNames(t *testing.T) {
	for url, want := range map[string]string{
		"https://a.example/?pb={PRICEBUCKET}&x=1":                        "pb",
		"https://a.example/?x=1&hb_pb={PRICEBUCKET}":                     "hb_pb",
		"https://a.example/?t=pb%3D{PRICEBUCKET}%26a%3D1":                "pb",
		"https://a.example/?u=%2F%3Ft%3Da%253D1%2526p%253D{PRICEBUCKET}": "p",
		"https://a.example/ad;pb={PRICEBUCKET};x":                        "pb",
		"https://a.example/{PRICEBUCKET}":                                "",
		"https://a.example/":                                             "",
		"https://a.example/%zz?pb={PRICEBUCKET}":                         "pb",
	} {
		if got := parameter(url, "{PRICEBUCKET}"); got != want {
			t.Errorf("%s: %q, want %q", url, got, want)
		}
	}
}

func TestDollars(t *testing.T) {
	for amount, want := range map[ad.Amount]string{0: "0", 1: "0.000000001", ad.DollarAmount: "1", 3_150_000_000: "3.15", -1_500_000_000: "-1.5",
		math.MaxInt64: "9223372036.854775807", math.MinInt64: "-9223372036.854775808"} {
		if got := dollars(amount); got != want {
			t.Errorf("%d nano-USD: %s, want %s", int64(amount), got, want)
		}
	}
}

// twoBills are two of a bidder.
type twoBills struct{}

func (twoBills) Totals() Totals {
	sum := Total{ID: 9701, Bills: 2, Net: 3_000_001, BuyerPays: 3_300_000}
	return Totals{Bills: 2, Net: sum.Net, BuyerPays: sum.BuyerPays, Bidders: []BidderTotal{{sum, []CurrencyAmount{{Currency: ad.USD, Amount: 3_200_000}}}}}
}

func (twoBills) Recent(n int) []ad.Bill {
	bill := ad.Bill{Sale: ad.Sale{SaleKey: ad.SaleKey{Auction: ad.AuctionID{1}}, Kind: ad.DealBid, Bidder: 9701, Net: 1_500_000, Currency: ad.USD}, PostPending: true}
	return []ad.Bill{bill, bill}[:min(n, 2)]
}

func TestBillsAndNotices(t *testing.T) {
	at := time.Date(2026, 11, 21, 12, 0, 0, 0, time.UTC)
	h := New(Options{Status: func() Status { return Status{} }, Drain: func() {}, Metrics: http.NotFoundHandler(), Logger: slog.New(slog.DiscardHandler), Bills: twoBills{},
		Notices: func() Notices { return Notices{DeadLetters: []DeadLetter{{At: at, Kind: "won", Why: "refused"}}} }})
	for _, c := range []struct {
		path   string
		status int
		want   string
		not    string
	}{
		{"/v1/bills", 200, `"net": "0.003000001"`, `"last"`},
		{"/v1/bills", 200, `"USD": "0.0032"`, `"auction_id"`},
		{"/v1/bills", 200, `"line_items": []`, "null"},
		{"/v1/bills?last=1", 200, `"kind": "deal"`, "null"},
		{"/v1/bills?last=1000", 200, `"net": "1.5"`, "null"},
		{"/v1/bills?last=1001", 400, `"code":"param_invalid"`, ""},
		{"/v1/bills?last=x", 400, `"field":"last"`, ""},
		{"/v1/bills?first=1", 400, `"field":"first"`, ""},
		{"/v1/notices", 200, `"why": "refused"`, `"bidders": null`},
		{"/v1/creatives", 404, `"code":"not_found"`, ""},
	} {
		w := ask(h, "GET", "http://127.0.0.1:7077"+c.path)
		if w.Code != c.status || !strings.Contains(w.Body.String(), c.want) || c.not != "" && strings.Contains(w.Body.String(), c.not) {
			t.Errorf("%s answers %d %s", c.path, w.Code, w.Body)
		}
	}
}

func TestDecimal(t *testing.T) {
	for _, c := range []struct {
		units int64
		nano  ad.Amount
		want  string
	}{{0, 0, "0"}, {0, 1, "0.000000001"}, {0, 1_500_000_000, "1.5"}, {10_000_000_000, 250_000_000, "10000000000.25"}, {0, -2_500_000_000, "-2.5"}, {-3, -500_000_000, "-3.5"}, {100, 0, "100"}} {
		if got := decimal(c.units, c.nano); got != c.want {
			t.Errorf("%d and %d billionths are %s, want %s", c.units, c.nano, got, c.want)
		}
	}
}

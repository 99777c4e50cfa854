package adserver

import (
	"context"
	"encoding/json"
	"fmt"
	"io"
	"net"
	"net/http"
	"net/url"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
	"go.uber.org/goleak"

	"curb/cmd/curbsim/internal/control"
	"curb/edge/ad"
)

func TestMain(m *testing.M) { goleak.VerifyTestMain(m) }

func mustCompile(t *testing.T, s Settings) *plan {
	t.Helper()
	p, err := compile(&s)
	if err != nil {
		t.Fatal(err)
	}
	return p
}

func TestDecide(t *testing.T) {
	s := Defaults()
	s.OwnName, s.Buckets = "own", Buckets{Prices: []control.Price{100_000, 500_000, 1_000_000, 2_000_000}}
	p := mustCompile(t, s)
	const byPrice = "highest bucket at or below the price, and its own demand pays 1"
	cases := []struct {
		name   string
		price  ad.CPM
		accept string
		params url.Values
		choice string
		want   decision
	}{
		{"nothing won", 5_000_000, "", nil, "auto", decision{LineItem: "own", Reason: "no accept URL: the exchange has no ad"}},
		{"below every bucket", 99_999, "u", nil, "auto", decision{LineItem: "own", Reason: "price below every bucket"}},
		{"a cheap bucket", 999_999, "u", nil, "auto", decision{LineItem: "own", Reason: "it pays 1, the exchange's bucket 0.5"}},
		{"a tie goes to the exchange", 1_999_999, "u", nil, "auto", decision{Accept: true, LineItem: "exchange-1", Reason: byPrice}},
		{"the top bucket is open above", 900_000_000, "u", nil, "auto", decision{Accept: true, LineItem: "exchange-2", Reason: byPrice}},
		{"the bucket goes before the price", 2_500_000, "u", url.Values{"pb": {"1.00"}}, "auto",
			decision{Accept: true, LineItem: "exchange-1", Reason: "line item of pb=1.00, and its own demand pays 1"}},
		{"a bucket without a line item", 2_500_000, "u", url.Values{"pb": {"2.50"}}, "auto", decision{LineItem: "own", Reason: "no line item is for pb=2.50"}},
		{"told to accept", 1, "u", nil, "accept", decision{Accept: true, LineItem: "exchange", Reason: "set to accept"}},
		{"told not to", 9_000_000, "u", nil, "own", decision{LineItem: "own", Reason: "set to serve its own ad"}},
		{"told to accept nothing", 1, "", nil, "accept", decision{LineItem: "own", Reason: "no accept URL: the exchange has no ad"}},
	}
	for _, c := range cases {
		p.Choice = c.choice
		if diff := cmp.Diff(c.want, p.decide(&question{c.price, c.accept, c.params})); diff != "" {
			t.Errorf("%s (-want +got):\n%s", c.name, diff)
		}
	}
}

func TestOwnLineItems(t *testing.T) {
	s := Defaults()
	s.OwnLines = []OwnLine{{"half", 3_000_000, 0.5}, {"cheap", 500_000, 1}, {"always", 2_000_000, 1}}
	p := mustCompile(t, s)
	served := map[string]int{}
	for i := range 1000 {
		name, price := p.own(url.Values{"auction": {fmt.Sprintf("%032x", i)}})
		if again, _ := p.own(url.Values{"auction": {fmt.Sprintf("%032x", i)}}); again != name {
			t.Fatal("the same request gets another line item")
		}
		if want := map[string]ad.CPM{"half": 3_000_000, "always": 2_000_000}[name]; price != want {
			t.Fatalf("%s pays %s", name, price)
		}
		served[name]++
	}
	if served["half"] < 450 || served["half"] > 550 || served["always"] != 1000-served["half"] {
		t.Errorf("served %v", served)
	}
}

func TestCheckAccept(t *testing.T) {
	hosts := []string{"ads.news.example"}
	for raw, ok := range map[string]bool{
		"https://localhost:8443/ab?e=x": true, "https://127.0.0.1:8443/ab": true, "http://[::1]:1/": true, "https://ads.news.example/ab": true,
		"https://evil.example/": false, "//localhost/": false, "javascript:alert(1)": false, "https://localhost@evil.example/": false,
		"https://user@localhost/": false, "https://": false, "/ab": false, "data:text/html,x": false, "https://127.0.0.1.evil.example/": false,
	} {
		if err := checkAccept(raw, hosts); (err == nil) != ok {
			t.Errorf("%s: %v, want ok %v", raw, err, ok)
		}
	}
}

// party is an ad server under test and a client of it.
type party struct {
	*AdServer
	t      *testing.T
	base   string
	client *http.Client
}

func start(t *testing.T) *party {
	t.Helper()
	listener, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	a, err := Start(listener, Options{Settings: Defaults()})
	if err != nil {
		t.Fatal(err)
	}
	client := &http.Client{Transport: &http.Transport{}, CheckRedirect: func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse }}
	t.Cleanup(func() {
		client.CloseIdleConnections()
		a.Stop(context.Background())
	})
	return &party{a, t, "http://" + listener.Addr().String(), client}
}

func (p *party) get(path string) (*http.Response, string) {
	p.t.Helper()
	resp, err := p.client.Get(p.base + path)
	if err != nil {
		p.t.Fatal(err)
	}
	defer resp.Body.Close()
	body, err := io.ReadAll(resp.Body)
	if err != nil {
		p.t.Fatal(err)
	}
	return resp, string(body)
}

func (p *party) set(fields string) {
	p.t.Helper()
	resp, err := p.client.Post(p.base+"/ctl", "", strings.NewReader(fields))
	if err != nil {
		p.t.Fatal(err)
	}
	defer resp.Body.Close()
	if body, _ := io.ReadAll(resp.Body); resp.StatusCode != 200 {
		p.t.Fatalf("POST /ctl %.100s: %d %s", fields, resp.StatusCode, body)
	}
}

func (p *party) stats() (s Stats) {
	p.t.Helper()
	_, body := p.get("/ctl/stats")
	if err := json.Unmarshal([]byte(body), &s); err != nil {
		p.t.Fatal(err)
	}
	return s
}

func TestAdServer(t *testing.T) {
	p := start(t)
	const accept = "https://localhost:8443/ab?e=tok&x=1"
	get := func(params string) (*http.Response, string) {
		t.Helper()
		return p.get("/ad?accept=" + url.QueryEscape(accept) + "&" + params)
	}
	if resp, _ := get("price=1.55&auction=a1"); resp.StatusCode != 302 || resp.Header.Get("Location") != accept {
		t.Errorf("redirect: %s to %s", resp.Status, resp.Header.Get("Location"))
	}
	if _, body := get("price=1.55&format=html&size=728x90"); !strings.Contains(body, `src="https://localhost:8443/ab?e=tok&amp;x=1" width="728" height="90"`) {
		t.Errorf("html: %s", body)
	}
	if resp, body := get("price=1.55&format=js"); !strings.HasPrefix(body, `document.write("\u003ciframe `) || resp.Header.Get("Content-Type") != "application/javascript; charset=utf-8" {
		t.Errorf("js: %s", body)
	}
	if resp, body := get("price=0.45"); resp.StatusCode != 200 || !strings.Contains(body, "Spring Campaign") || strings.Contains(body, "/ab") {
		t.Errorf("own ad: %s %s", resp.Status, body)
	}
	for _, bad := range []string{"price=x", "price=-1", "format=xml&price=1"} {
		if resp, body := get(bad); resp.StatusCode != 400 || !strings.Contains(body, "param_invalid") {
			t.Errorf("%s: %s %s", bad, resp.Status, body)
		}
	}
	p.set(`{"choice": "accept", "answer": "html", "repeat": 2}`)
	if _, body := get("price=0.01"); strings.Count(body, "<iframe") != 2 {
		t.Errorf("called twice: %s", body)
	}
	s := p.stats()
	if s.Requests != 8 || s.Accepted != 4 || s.Own != 1 || s.Refused != 3 || len(s.Calls) != 8 {
		t.Errorf("stats %+v", s)
	}
	if s.Revenue != "4.66" || s.Earned != "0.00466" || s.RevenueOf["exchange-1.55"] != "4.65" || s.Lines["exchange-1.55"] != 3 {
		t.Errorf("revenue %s, %s, %v, %v", s.Revenue, s.Earned, s.RevenueOf, s.Lines)
	}
	if s.Calls[0].Params["auction"][0] != "a1" || s.Calls[0].LineItem != "exchange-1.55" || s.Last.Served != "exchange" {
		t.Errorf("first call %+v, last %+v", s.Calls[0], s.Last)
	}
}

func TestBadSettings(t *testing.T) {
	for _, bad := range []func(*Settings){
		func(s *Settings) { s.Choice = "x" }, func(s *Settings) { s.Answer = "x" }, func(s *Settings) { s.Failure = "x" },
		func(s *Settings) { s.Repeat = 0 }, func(s *Settings) { s.Repeat = repeatMax + 1 },
		func(s *Settings) { s.Buckets = Buckets{Prices: []control.Price{2, 1}} }, func(s *Settings) { s.Buckets = Buckets{Name: "thick"} },
		func(s *Settings) { s.Buckets = Buckets{Prices: make([]control.Price, linesMax+1)} },
		func(s *Settings) { s.OwnLines = []OwnLine{{"", 1, 1}} }, func(s *Settings) { s.OwnLines = []OwnLine{{"a", 1, 0}} },
		func(s *Settings) { s.OwnLines = []OwnLine{{"a", 1, 1.01}} },
		func(s *Settings) { s.LineItems = []LineItem{{Name: "a"}} },
		func(s *Settings) { s.LineItems = []LineItem{{Name: "a", Value: "1"}, {Name: "b", Value: "1"}} },
		func(s *Settings) { s.LineItems = []LineItem{{Name: "a", Value: "1", Currency: "EUR"}} },
		func(s *Settings) { s.PriceKey.Scheme = "rot13" }, func(s *Settings) { s.PriceKey.Encryption = "short" },
		func(s *Settings) { s.PriceKey.Scheme = "xor" },
	} {
		s := Defaults()
		bad(&s)
		if _, err := compile(&s); err == nil {
			t.Errorf("no error for %+v", s)
		}
	}
}

func TestCallsAreBounded(t *testing.T) {
	var a AdServer
	for i := range callsKept + 5 {
		a.record(Call{Served: "own", Reason: strings.Repeat("x", i)})
	}
	s := a.Stats()
	if len(s.Calls) != callsKept || len(s.Calls[0].Reason) != 5 || s.Requests != callsKept+5 {
		t.Errorf("%d calls kept of %d, the first has %d", len(s.Calls), s.Requests, len(s.Calls[0].Reason))
	}
}

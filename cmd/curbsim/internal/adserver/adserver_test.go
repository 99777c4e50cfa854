package adserver

import (
	"context"
	"encoding/json"
	"io"
	"net"
	"net/http"
	"net/url"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
	"go.uber.org/goleak"

	"curb/cmd/curbsim/internal/control"
)

func TestMain(m *testing.M) { goleak.VerifyTestMain(m) }

func TestDecide(t *testing.T) {
	s := Settings{OwnPrice: 1_000_000, OwnName: "own", Buckets: []control.Price{100_000, 500_000, 1_000_000, 2_000_000}, Choice: "auto"}
	cases := []struct {
		name   string
		price  control.Price
		accept string
		choice string
		want   decision
	}{
		{"nothing won", 5_000_000, "", "auto", decision{false, "own", "no accept URL: the exchange has no ad"}},
		{"below every bucket", 99_999, "u", "auto", decision{false, "own", "price below every bucket"}},
		{"a cheap bucket", 999_999, "u", "auto", decision{false, "own", "the direct campaign pays 1, the bucket 0.5"}},
		{"a tie goes to the exchange", 1_999_999, "u", "auto", decision{true, "exchange-1", "highest bucket at or below the price"}},
		{"the top bucket is open above", 900_000_000, "u", "auto", decision{true, "exchange-2", "highest bucket at or below the price"}},
		{"told to accept", 1, "u", "accept", decision{true, "exchange", "set to accept"}},
		{"told not to", 9_000_000, "u", "own", decision{false, "own", "set to serve its own ad"}},
		{"told to accept nothing", 1, "", "accept", decision{false, "own", "no accept URL: the exchange has no ad"}},
	}
	for _, c := range cases {
		s.Choice = c.choice
		if diff := cmp.Diff(c.want, decide(&s, c.price, c.accept)); diff != "" {
			t.Errorf("%s (-want +got):\n%s", c.name, diff)
		}
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

func TestAdServer(t *testing.T) {
	listener, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	a, err := Start(listener, Options{Settings: Defaults()})
	if err != nil {
		t.Fatal(err)
	}
	defer a.Stop(context.Background())
	client := &http.Client{Transport: &http.Transport{}, CheckRedirect: func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse }}
	defer client.CloseIdleConnections()
	base := "http://" + listener.Addr().String()
	const accept = "https://localhost:8443/ab?e=tok&x=1"
	get := func(params string) (*http.Response, string) {
		t.Helper()
		resp, err := client.Get(base + "/ad?accept=" + url.QueryEscape(accept) + "&" + params)
		if err != nil {
			t.Fatal(err)
		}
		defer resp.Body.Close()
		body, _ := io.ReadAll(resp.Body)
		return resp, string(body)
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
	resp, err := client.Post(base+"/ctl", "", strings.NewReader(`{"choice": "accept", "answer": "html", "repeat": 2}`))
	if err != nil || resp.StatusCode != 200 {
		t.Fatal(err, resp)
	}
	resp.Body.Close()
	if _, body := get("price=0.01"); strings.Count(body, "<iframe") != 2 {
		t.Errorf("called twice: %s", body)
	}
	if resp, err = client.Get(base + "/ctl/stats"); err != nil {
		t.Fatal(err)
	}
	defer resp.Body.Close()
	var s Stats
	if err := json.NewDecoder(resp.Body).Decode(&s); err != nil {
		t.Fatal(err)
	}
	if s.Requests != 8 || s.Accepted != 4 || s.Own != 1 || s.Refused != 3 || len(s.Calls) != 8 {
		t.Errorf("stats %+v", s)
	}
	if s.Calls[0].Params["auction"][0] != "a1" || s.Calls[0].LineItem != "exchange-1.5" || s.Last.Served != "exchange" {
		t.Errorf("first call %+v, last %+v", s.Calls[0], s.Last)
	}
}

func TestBadSettings(t *testing.T) {
	for _, bad := range []func(*Settings){
		func(s *Settings) { s.Choice = "x" }, func(s *Settings) { s.Answer = "x" }, func(s *Settings) { s.Failure = "x" },
		func(s *Settings) { s.Repeat = 0 }, func(s *Settings) { s.Repeat = 6 }, func(s *Settings) { s.Buckets = []control.Price{2, 1} },
		func(s *Settings) { s.Buckets = make([]control.Price, bucketsMax+1) },
	} {
		s := Defaults()
		bad(&s)
		if _, err := check(&s); err == nil {
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

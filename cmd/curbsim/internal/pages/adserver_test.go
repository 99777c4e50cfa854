package pages

import (
	"context"
	"encoding/json"
	"io"
	"net"
	"net/http"
	"net/url"
	"strings"
	"testing"

	"curb/cmd/curbsim/internal/adserver"
)

// publisher is the pages with an ad server.
type publisher struct {
	t               *testing.T
	pages, adServer string
	client          *http.Client
}

func startPublisher(t *testing.T) *publisher {
	t.Helper()
	var listeners [2]net.Listener
	for i := range listeners {
		var err error
		if listeners[i], err = net.Listen("tcp", "127.0.0.1:0"); err != nil {
			t.Fatal(err)
		}
	}
	u := &publisher{t: t, pages: "http://" + listeners[0].Addr().String(), adServer: "http://" + listeners[1].Addr().String()}
	settings := Defaults()
	settings.AdServer = u.adServer
	server, err := adserver.Start(listeners[1], adserver.Options{Settings: adserver.Defaults()})
	if err != nil {
		t.Fatal(err)
	}
	pages, err := Start(listeners[0], Options{Settings: settings})
	if err != nil {
		t.Fatal(err)
	}
	u.client = &http.Client{Transport: &http.Transport{}, CheckRedirect: func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse }}
	t.Cleanup(func() {
		u.client.CloseIdleConnections()
		pages.Stop(context.Background())
		server.Stop(context.Background())
	})
	return u
}

func (u *publisher) get(url string) string {
	u.t.Helper()
	resp, err := u.client.Get(url)
	if err != nil {
		u.t.Fatal(err)
	}
	defer resp.Body.Close()
	body, _ := io.ReadAll(resp.Body)
	return string(body)
}

// call is an ad call as a preemptive tag makes it.
func (u *publisher) call(cb, price, accept string) {
	u.get(u.adServer + "/ad?price=" + price + "&cb=" + cb + "&accept=" + url.QueryEscape(accept))
}

func (u *publisher) outcome(cb string) (v verdict) {
	u.t.Helper()
	if err := json.Unmarshal([]byte(u.get(u.pages+"/outcome?cb="+cb)), &v); err != nil {
		u.t.Fatal(err)
	}
	return v
}

func (u *publisher) press(form string) (status int, location string) {
	u.t.Helper()
	resp, err := u.client.Post(u.pages+"/ad-server", "application/x-www-form-urlencoded", strings.NewReader(form))
	if err != nil {
		u.t.Fatal(err)
	}
	resp.Body.Close()
	return resp.StatusCode, resp.Header.Get("Location")
}

// TestBothOutcomes: the buttons change who wins, and the page says who did and why.
func TestBothOutcomes(t *testing.T) {
	u := startPublisher(t)
	const accept = "https://localhost:8443/ab?e=x"
	if body := u.get(u.pages + "/preemptive"); !strings.Contains(body, `<strong id="own-price">$1</strong>`) || !strings.Contains(body, "Spring Campaign") {
		t.Errorf("the campaign is not told: %s", body)
	}
	u.call("c1", "2.9", accept)
	if v := u.outcome("c1"); v.Outcome != "exchange" || !strings.Contains(v.Text, "line item exchange-2.9 for our price of 2.9") {
		t.Errorf("%+v", v)
	}
	if status, to := u.press("own_price=9&back=%2Fpreemptive"); status != http.StatusSeeOther || to != "/preemptive" {
		t.Errorf("the button: %d to %s", status, to)
	}
	if body := u.get(u.pages + "/preemptive-script"); !strings.Contains(body, `<strong id="own-price">$9</strong>`) {
		t.Errorf("the new price is not told: %s", body)
	}
	u.call("c2", "2.9", accept)
	if v := u.outcome("c2"); v.Outcome != "own" || !strings.Contains(v.Text, "it pays 9, the exchange's bucket 2.9") {
		t.Errorf("%+v", v)
	}
	u.call("c3", "0", "")
	if v := u.outcome("c3"); v.Outcome != "no_bid" {
		t.Errorf("%+v", v)
	}
	u.call("c4", "2.9", "https://elsewhere.example/ab")
	if v := u.outcome("c4"); v.Outcome != "failure" {
		t.Errorf("%+v", v)
	}
	if v := u.outcome("c1"); v.Outcome != "exchange" {
		t.Errorf("an earlier view: %+v", v)
	}
	for _, cb := range []string{"", "c5", "%22"} {
		if v := u.outcome(cb); v.Outcome != "unknown" {
			t.Errorf("cb %q: %+v", cb, v)
		}
	}
	for _, bad := range []string{"own_price=much&back=/preemptive", "own_price=1&back=https://elsewhere.example/", "own_price=1", ""} {
		if status, to := u.press(bad); status != http.StatusBadRequest || to != "" {
			t.Errorf("%q: %d to %s", bad, status, to)
		}
	}
}

func TestAdServerPlace(t *testing.T) {
	for text, want := range map[string]string{
		"http://127.0.0.1:9800": "http://127.0.0.1:9800", "http://localhost:1/": "http://localhost:1", "http://[::1]:9800": "http://[::1]:9800",
		"": "", "https://127.0.0.1": "", "http://ads.example": "", "http://192.0.2.1": "", "http://u@localhost": "", "http://localhost/x": "", "http://localhost?x": "",
	} {
		if got, err := adServerPlace(text); got != want || (err == nil) != (want != "") {
			t.Errorf("%s: %q, %v", text, got, err)
		}
	}
}

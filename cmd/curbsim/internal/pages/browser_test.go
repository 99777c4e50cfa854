//go:build browser

package pages

import (
	"context"
	"net/http"
	"net/http/httptest"
	"net/url"
	"os/exec"
	"strings"
	"sync/atomic"
	"testing"
	"time"
)

// TestBrowserSeesBothOutcomes: in Chromium the pages of preemptive tags say who served, and our ad is called only when it won.
func TestBrowserSeesBothOutcomes(t *testing.T) {
	u := startPublisher(t)
	var accepted atomic.Int64
	node := httptest.NewTLSServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		query := r.URL.Query()
		price, accept := "2.9", "https://"+r.Host+"/ab?e=x"
		if query.Get("reserve") != "" {
			price, accept = "0", ""
		}
		target := u.adServer + "/ad?price=" + price + "&size=728x90&cb=" + query.Get("cb") + "&accept=" + url.QueryEscape(accept)
		w.Header().Set("Access-Control-Allow-Origin", "*")
		w.Header().Set("Timing-Allow-Origin", "*")
		switch r.URL.Path {
		case "/pt":
			http.Redirect(w, r, target, http.StatusFound)
		case "/ptj":
			w.Write([]byte(`const f=document.createElement("iframe");f.src="` + target + `";document.getElementById("` + query.Get("target") + `").append(f)`))
		case "/jpt":
			w.Write([]byte(`{"cpm":` + price + `,"width":728,"height":90,"accept":"` + accept + `"}`))
		case "/ab":
			accepted.Add(1)
			w.Header().Set("Content-Type", "text/html")
			w.Write([]byte("<p>the bidder's ad</p>"))
		}
	}))
	defer node.Close()
	u.set(`{"node":"` + node.URL + `"}`)
	for _, c := range []struct {
		path, campaign, outcome, text string
		accepts                       bool
	}{
		{"/preemptive", "1", "exchange", "Our bucket won", true},
		{"/preemptive", "9", "own", "The ad server’s own ad won: Spring Campaign", false},
		{"/preemptive?reserve=900", "1", "no_bid", "Nothing was sold", false},
		{"/preemptive-script", "1", "exchange", "Our bucket won", true},
		{"/preemptive-script", "9", "own", "The ad server’s own ad won", false},
		{"/preemptive-json", "1", "exchange", "Our price won", true},
		{"/preemptive-json?own=9", "1", "own", "The page’s own ad won", false},
		{"/preemptive-json?reserve=900", "1", "no_bid", "Nothing was sold", false},
	} {
		u.press("own_price=" + c.campaign + "&back=/preemptive")
		accepted.Store(0)
		dom := browse(t, u.pages+c.path)
		if !strings.Contains(dom, `data-outcome="`+c.outcome+`"`) || !strings.Contains(dom, c.text) || (accepted.Load() > 0) != c.accepts {
			t.Errorf("%s with a campaign at %s: accepted %d times, want %q in\n%s", c.path, c.campaign, accepted.Load(), c.text, dom)
		}
	}
}

// set changes the pages.
func (u *publisher) set(fields string) {
	u.t.Helper()
	resp, err := u.client.Post(u.pages+"/ctl", "", strings.NewReader(fields))
	if err != nil {
		u.t.Fatal(err)
	}
	defer resp.Body.Close()
	if resp.StatusCode != http.StatusOK {
		u.t.Fatalf("POST /ctl %s: %s", fields, resp.Status)
	}
}

// browse loads a page in headless Chromium and gives its document when it has come to rest.
func browse(t *testing.T, address string) string {
	t.Helper()
	ctx, cancel := context.WithTimeout(t.Context(), 40*time.Second)
	defer cancel()
	out, err := exec.CommandContext(ctx, "chromium", "--headless", "--no-sandbox", "--ignore-certificate-errors", "--disable-gpu",
		"--disable-background-networking", "--user-data-dir="+t.TempDir(), "--virtual-time-budget=8000", "--dump-dom", address).Output()
	if err != nil {
		t.Fatalf("chromium: %v", err)
	}
	return string(out)
}

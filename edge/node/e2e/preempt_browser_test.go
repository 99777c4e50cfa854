//go:build browser

package e2e

import (
	"fmt"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"
	"time"
)

// TestBrowserShowsWhoeverWins opens a publisher's page with preemptive tags on the demo's market: our ad stands there when our
// bucket wins at the ad server, and the ad server's own when it does not.
func TestBrowserShowsWhoeverWins(t *testing.T) {
	f, market := openDemo(t)
	server := control{partyURL(t, market, "ad server")}
	browser := startChromium(t, overHTTP3(f.Port, f.SPKI...)...)
	tags := map[string]string{
		"frame":  fmt.Sprintf(`<iframe src="https://localhost:%d/pt?id=1002" width=728 height=90></iframe>`, f.Port),
		"script": fmt.Sprintf(`<script src="https://localhost:%d/ptj?id=1002"></script>`, f.Port),
	}
	for name, tag := range tags {
		site := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) {
			w.Header().Set("Content-Type", "text/html; charset=utf-8")
			fmt.Fprintf(w, "<!doctype html><title>news</title><h1>The news</h1>%s", tag)
		}))
		t.Cleanup(site.Close)
		for _, outcome := range []struct{ name, own, shows, not string }{
			{"ours", "0.5", "bought by bidder 9702", "Spring Campaign"},
			{"own", "50", "Spring Campaign", "bought by bidder"},
		} {
			t.Run(name+"/"+outcome.name, func(t *testing.T) {
				server.set(t, fmt.Sprintf(`{"own_price": %s}`, outcome.own))
				before := f.bills(t, 1).Bills
				p := browser.open(site.URL)
				defer p.close()
				shown := p.texts()
				for begin := time.Now(); !strings.Contains(shown, outcome.shows) && time.Since(begin) < deadline; shown = p.texts() {
					time.Sleep(50 * time.Millisecond)
				}
				if !strings.Contains(shown, outcome.shows) || strings.Contains(shown, outcome.not) {
					t.Errorf("the page shows %s; answers: %+v", shown, p.responses())
				}
				p.screenshot("preemptive-" + name + "-" + outcome.name)
				want := 0
				if outcome.name == "ours" {
					want = 1
				}
				if billed := f.bills(t, 1).Bills - before; billed != want {
					t.Errorf("%d bills, want %d", billed, want)
				}
			})
		}
	}
}

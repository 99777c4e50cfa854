package load

import (
	"encoding/json"
	"fmt"
	"net/http"
	"net/http/httptest"
	"net/url"
	"strconv"
	"strings"
	"sync/atomic"
	"testing"

	"github.com/google/go-cmp/cmp"
)

// exchange is a node with preemptive tags and the ad server they lead to. Every call has a number; what becomes of its ad
// follows from that modulo 5: our ad twice, the ad server's own, no bid, and taken but never called.
type exchange struct {
	calls    atomic.Uint64
	accepts  atomic.Uint64
	adServer string
	format   string // of the ad server's answers: redirect, html, js
	spoil    func(w http.ResponseWriter, r *http.Request) bool
}

func (x *exchange) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	if x.spoil != nil && x.spoil(w, r) {
		return
	}
	if r.URL.Path == "/ab" {
		x.accepts.Add(1)
		w.Header().Set("X-Curb-Bill", "first")
		fmt.Fprint(w, "<p>our ad</p>")
		return
	}
	n := x.calls.Add(1)
	price, accept := "1.500001", "https://"+r.Host+"/ab?e="+strconv.FormatUint(n, 10)
	w.Header().Set(OutcomeHeader, "won")
	if n%5 == 3 {
		price, accept = "0", ""
		w.Header().Set(OutcomeHeader, "default")
	}
	target := x.adServer + "/ad?price=" + price + "&n=" + strconv.FormatUint(n%5, 10) + "&accept=" + url.QueryEscape(accept)
	quoted, _ := json.Marshal(target)
	switch r.URL.Path {
	case "/pt":
		http.Redirect(w, r, target, http.StatusFound)
	case "/ptj":
		fmt.Fprintf(w, `(function(d,a,v){f[a]=v})(document,"src",%s,"ad")`, quoted)
	case "/jpt":
		if n%5 == 2 {
			price = "0.25"
		}
		fmt.Fprintf(w, `{"cpm":%s,"ad":"","accept":%q}`, price, accept)
	case "/jsonp":
		fmt.Fprintf(w, `/**/show({"cpm":%s,"accept":%q});`, price, accept)
	}
}

// ad is the ad server.
func (x *exchange) ad(w http.ResponseWriter, r *http.Request) {
	accept, own := r.URL.Query().Get("accept"), ""
	switch r.URL.Query().Get("n") {
	case "2":
		own = "own"
	case "3":
		own = "no_bid"
	case "4":
		own = "never"
	}
	page := `<p data-outcome="` + own + `">own</p>`
	if own == "" {
		if x.format == "redirect" {
			http.Redirect(w, r, accept, http.StatusFound)
			return
		}
		page = `<iframe src="` + strings.ReplaceAll(accept, "&", "&amp;") + `"></iframe>`
	}
	if x.format == "js" {
		quoted, _ := json.Marshal(page)
		page = "document.write(" + string(quoted) + ");\n"
	}
	fmt.Fprint(w, page)
}

func startExchange(t *testing.T) (*exchange, *node) {
	t.Helper()
	x := &exchange{format: "redirect"}
	server := httptest.NewServer(http.HandlerFunc(x.ad))
	t.Cleanup(server.Close)
	x.adServer = server.URL
	return x, startNode(t, x)
}

func TestFollow(t *testing.T) {
	for _, c := range []struct {
		protocol     Protocol
		mode         Mode
		path, format string
	}{
		{H3, PT, "/pt", "redirect"}, {H2, PT, "/pt", "html"}, {H1, PT, "/pt", "js"}, {H2, PTJ, "/ptj", "redirect"}, {H3, PTJ, "/ptj", "html"},
		{H2, JPT, "/jpt", ""},
	} {
		x, n := startExchange(t)
		x.format = c.format
		o := options(n.url, c.protocol)
		o.Mode, o.Path, o.Count, o.OwnPrice = c.mode, c.path+"?id=1002", 50, 1_000_000
		r := mustRun(t, o)
		want := &Sales{Accepted: 20, Own: 10, NoBid: 10, Never: 10, Revenue: "30.00002", Statuses: map[string]uint64{"200": 20},
			Bills: map[string]uint64{"first": 20}, Errors: map[string]uint64{}, Examples: map[string]string{}}
		if c.mode == JPT { // a page with the JSON in its hands calls what it takes
			want.Accepted, want.Never, want.Revenue, want.Statuses["200"], want.Bills["first"] = 30, 0, "45.00003", 30, 30
		}
		if r.Sales == nil || r.Sales.Latency.Max == 0 {
			t.Fatalf("%s %s: sales %+v", c.mode, c.protocol, r.Sales)
		}
		r.Sales.Latency = Percentiles{}
		if diff := cmp.Diff(want, r.Sales); diff != "" || !r.OK() {
			t.Errorf("%s with %s over %s, OK %v (-want +got):\n%s", c.path, c.format, c.protocol, r.OK(), diff)
		}
		if x.accepts.Load() != want.Accepted || r.Requests != 50 || r.Opened != 4 {
			t.Errorf("%s: %d accepts came of %d requests over %d connections", c.path, x.accepts.Load(), r.Requests, r.Opened)
		}
	}
}

func TestFollowJSONP(t *testing.T) {
	_, n := startExchange(t)
	o := options(n.url, H2)
	o.Mode, o.Path, o.Count = JPT, "/jsonp", 5
	if r := mustRun(t, o); r.Sales.Accepted != 4 || r.Sales.NoBid != 1 || r.Sales.Revenue != "6.000004" {
		t.Errorf("sales %+v", r.Sales)
	}
}

// TestFollowAstray: what cannot be followed is told by its cause, and the run has failed.
func TestFollowAstray(t *testing.T) {
	for cause, spoil := range map[string]func(*exchange) func(http.ResponseWriter, *http.Request) bool{
		"tag_status": func(*exchange) func(http.ResponseWriter, *http.Request) bool {
			return func(w http.ResponseWriter, _ *http.Request) bool { return true }
		},
		"ad_server_url": redirecting("/relative"),
		"ad_server":     redirecting("http://192.0.2.1/ad?price=1"), // off this machine
		"accept_host": func(x *exchange) func(http.ResponseWriter, *http.Request) bool {
			return redirecting(x.adServer + "/ad?price=1&accept=" + url.QueryEscape("https://localhost/ab?e=1"))(x)
		},
		"accept_url": func(x *exchange) func(http.ResponseWriter, *http.Request) bool {
			return redirecting(x.adServer + "/ad?price=1&accept=" + url.QueryEscape("http://127.0.0.1/ab?e=1"))(x)
		},
		"accept_status": accepting(http.StatusOK, ""), // an empty body is no ad
		"token_expired": accepting(http.StatusGone, "token_expired"),
	} {
		x, n := startExchange(t)
		x.spoil = spoil(x)
		o := options(n.url, H2)
		o.Mode, o.Path, o.Count, o.Connections = PT, "/pt", 1, 1
		r := mustRun(t, o)
		if r.Sales.Errors[cause] != 1 || r.Sales.Failed != 1 || r.Sales.Accepted != 0 || r.Sales.Examples[cause] == "" || r.OK() || r.Failed != 0 {
			t.Errorf("%s: %+v", cause, r.Sales)
		}
	}
}

func redirecting(to string) func(*exchange) func(http.ResponseWriter, *http.Request) bool {
	return func(*exchange) func(http.ResponseWriter, *http.Request) bool {
		return func(w http.ResponseWriter, _ *http.Request) bool {
			w.Header().Set("Location", to)
			w.WriteHeader(http.StatusFound)
			return true
		}
	}
}

func accepting(status int, code string) func(*exchange) func(http.ResponseWriter, *http.Request) bool {
	return func(*exchange) func(http.ResponseWriter, *http.Request) bool {
		return func(w http.ResponseWriter, r *http.Request) bool {
			if r.URL.Path != "/ab" {
				return false
			}
			if code != "" {
				w.Header().Set("X-Curb-Error", code)
			}
			w.WriteHeader(status)
			return true
		}
	}
}

func TestParseMode(t *testing.T) {
	for text, want := range map[string]Mode{"": Plain, "pt": PT, "/ptj": PTJ, "jpt": JPT} {
		if got, err := ParseMode(text); err != nil || got != want {
			t.Errorf("%q: %q, %v", text, got, err)
		}
	}
	if _, err := ParseMode("tt"); err == nil {
		t.Error("tt passes")
	}
	o := options("https://127.0.0.1:1/pt", H2)
	o.Mode, o.Body = PT, []byte("{}")
	if o.check() == nil {
		t.Error("a body with a mode passes")
	}
}

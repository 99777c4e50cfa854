//go:build browser

package server

import (
	"fmt"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"

	"curb/edge/ad"
)

// TestBrowserCallsTheAdServerAndComesBack has a page with every preemptive tag, and an ad server that puts our ad into a frame or a
// script element, sends the reader on to it, or shows its own.
func TestBrowserCallsTheAdServerAndComesBack(t *testing.T) {
	s := &seller{sell: won(502, func(b *ad.Bid) { b.Markup = probe }), book: newBook()}
	var o Options
	h := rim(t, s, func(o *Options) { o.NewAuctionID = nil })
	mux := http.NewServeMux()
	for _, path := range passingPaths {
		mux.Handle(path, h)
	}
	mux.HandleFunc("/adserver", func(w http.ResponseWriter, r *http.Request) {
		q := r.URL.Query()
		accept := q.Get("a")
		w.Header().Set("Content-Type", "text/html")
		switch q.Get("cb") {
		case "moved":
			http.Redirect(w, r, accept, http.StatusFound)
		case "script":
			fmt.Fprintf(w, `<body><script src="%s"></script></body>`, accept)
		case "own":
			fmt.Fprint(w, `<script>top.postMessage("the ad server's own at `+q.Get("pb")+`","*")</script>`)
		default:
			fmt.Fprintf(w, `<iframe src="%s" width=300 height=250></iframe>`, accept)
		}
	})
	mux.HandleFunc("/page", func(w http.ResponseWriter, _ *http.Request) {
		w.Header().Set("Content-Type", "text/html")
		fmt.Fprint(w, `<!doctype html><html><head><script>onmessage=function(e){document.getElementById("log").append(e.data+"\n")};`+
			`function show(b){document.getElementById("jpt").innerHTML=b.ad}</script></head><body><pre id=log></pre><div id=slot></div><div id=jpt></div>`+
			`<iframe src="/pt?id=1009&cb=moved&pt1=moved"></iframe><iframe src="/pt?id=1009&cb=frame&pt1=frame"></iframe><iframe src="/pt?id=1009&cb=own&pt1=own"></iframe>`+
			`<script async src="/ptj?id=1009&cb=script&pt1=script&target=slot"></script><script src="/jpt?id=1009&pt1=json&callback=show"></script></body></html>`)
	})
	site := httptest.NewTLSServer(mux)
	defer site.Close()
	set := contents()
	for i := range set.Placements {
		if p := &set.Placements[i]; p.ID == 1009 {
			p.AdServers = []ad.AdServer{{Name: "own", URL: site.URL + "/adserver?a={ACCEPT_URL}&pb={PRICEBUCKET}&cb={CB}"}}
		}
	}
	withContents(t, set)(&o)
	h.snapshot = o.Snapshot
	dom := browse(t, site.URL+"/page")
	for _, tag := range []string{"moved", "frame", "script", "json"} {
		if !strings.Contains(dom, tag+": cookie SecurityError, storage SecurityError, top SecurityError, page SecurityError\n") {
			t.Errorf("our ad of the %s tag did not show in its sandbox", tag)
		}
	}
	if !strings.Contains(dom, "the ad server's own at 2.00\n") || strings.Contains(dom, "own: cookie") {
		t.Error("the ad server's own ad did not show, or ours did in its place")
	}
	if !strings.Contains(dom, `<div id="slot"><iframe title="Advertisement" width="300" height="250"`) {
		t.Error("the frame of /ptj is not in its element")
	}
	if s.book.billed() != 4 || s.book.writes != 5 {
		t.Errorf("%d bills and %d promises, want 4 and 5", s.book.billed(), s.book.writes)
	}
	if t.Failed() {
		t.Log(dom)
	}
}

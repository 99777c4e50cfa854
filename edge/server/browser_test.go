//go:build browser

package server

import (
	"context"
	"fmt"
	"net"
	"net/http"
	"net/http/httptest"
	"net/url"
	"os/exec"
	"strings"
	"sync"
	"testing"
	"time"

	"curb/edge/ad"
	"curb/edge/adcall"
	"curb/edge/token"
)

// probe tells the page what a creative can reach of the site it was served from.
const probe = `<script>var said=[];try{document.cookie="a=b";said.push("cookie "+document.cookie)}catch(e){said.push("cookie "+e.name)}` +
	`try{localStorage.a="b";said.push("storage")}catch(e){said.push("storage "+e.name)}` +
	`try{top.location="/moved";said.push("moved")}catch(e){said.push("top "+e.name)}` +
	`try{top.document.title="x";said.push("page")}catch(e){said.push("page "+e.name)}` +
	`top.postMessage("${PT1}: "+said.join(", "),"*")</script>`

// contexts has a value in every place that a creative may put one.
const contexts = `<b title="${PT1}" id='${PT1}' class=${PT1} style="width:${PT1}">${PT1}</b><a id=l href="${PT1}">x</a><a href="${CLICK_URL}https://x.example/${PT1}">y</a>` +
	`<img src="data:,${PT1}" onerror="var q='${PT1}';var n=${PT1}"><script>var a="${PT1}",b='${PT1}',c=` + "`${PT1}`" + `,d=${PT1};/* ${PT1} */ // ${PT1}
</script><textarea>${PT1}</textarea><style>b{color:${PT1}}</style><!-- ${PT1} --><script>document.getElementById("l").click();top.postMessage("drawn","*")</script>`

// attacks do B wherever they get out of their place.
var attacks = []string{
	`"><script>B</script>`, `'><script>B</script>`, ` onmouseover=B autofocus onfocus=B x=`, `" autofocus tabindex=1 onfocus="B`, `</script><script>B</script>`,
	`";B;//`, `';B;//`, "`;B;//", `${B}`, `\`, `\";B;//`, "\u2028B", `*/B/*`, `javascript:B`, `JaVaScRiPt:B`, ` javascript:B`, `data:text/html,<script>B</script>`,
	`</textarea><script>B</script>`, `</style><script>B</script>`, `--><script>B</script>`, `-->`, `<!--<script>`, `<img src=x onerror=B>`, `&quot;;B;//`, `&#39;);B;//`, `B`, `(B)`, `1;B`,
}

// browse gives the document as a browser has it in the end.
func browse(t *testing.T, address string) string {
	t.Helper()
	ctx, cancel := context.WithTimeout(t.Context(), time.Minute)
	defer cancel()
	out, err := exec.CommandContext(ctx, "chromium", "--headless", "--no-sandbox", "--ignore-certificate-errors", "--disable-gpu", "--disable-background-networking", "--user-data-dir="+t.TempDir(),
		"--virtual-time-budget=5000", "--dump-dom", address).Output()
	if err != nil {
		t.Fatalf("chromium: %v", err)
	}
	return string(out)
}

func TestBrowserDrawsTagsInASandbox(t *testing.T) {
	h := rim(t, &seller{sell: func(in adcall.Incoming) *adcall.Answer {
		markup := probe
		if in.Call.Cachebuster == "attack" {
			markup = contexts
		}
		return won(502, func(b *ad.Bid) { b.Markup = markup })(in)
	}})
	var tags strings.Builder
	tags.WriteString(`<iframe src="/tt?id=1001&pt1=frame" width=300 height=250></iframe>` +
		`<script async src="/ttj?id=1001&pt1=async"></script><script src="/ttj?id=1001&pt1=inline"></script><div id="slot-1"></div>` +
		`<p id=last></p><script src="/ttj?id=1001&pt1=missing&target=nowhere"></script>`)
	for _, attack := range attacks {
		attack = url.QueryEscape(strings.ReplaceAll(attack, "B", `top.postMessage("bro"+"ken","*")`))
		if len(attack) < ad.LabelBytesMax {
			fmt.Fprintf(&tags, `<iframe src="/tt?id=1001&cb=attack&pt1=%s"></iframe>`, attack)
		}
	}
	mux := http.NewServeMux()
	mux.Handle("/tt", h)
	mux.Handle("/ttj", h)
	mux.HandleFunc("/page", func(w http.ResponseWriter, _ *http.Request) {
		w.Header().Set("Content-Type", "text/html")
		w.Header().Set("Set-Cookie", "session=secret")
		fmt.Fprintf(w, `<!doctype html><html><head><script>onmessage=function(e){document.getElementById("log").append(e.data+"\n")}</script>`+
			`<script src="/ttj?id=1001&pt1=head&target=slot-1"></script></head><body><pre id=log></pre>%s</body></html>`, tags.String())
	})
	s := httptest.NewServer(mux)
	defer s.Close()
	dom := browse(t, s.URL+"/page")
	const confined = ": cookie SecurityError, storage SecurityError, top SecurityError, page SecurityError\n"
	for _, tag := range []string{"frame", "async", "inline", "head", "missing"} {
		if !strings.Contains(dom, tag+confined) {
			t.Errorf("the %s tag did not say %q", tag, confined)
		}
	}
	if strings.Contains(dom, "broken") {
		t.Error("a value got out of its place")
	}
	if drawn, want := strings.Count(dom, "drawn\n"), strings.Count(tags.String(), "cb=attack"); drawn != want || want < 20 {
		t.Errorf("%d of %d attacked creatives were drawn", drawn, want)
	}
	if !strings.Contains(dom, `<div id="slot-1"><iframe title="Advertisement" width="300" height="250"`) {
		t.Error("the frame of the script in the head is not in its element")
	}
	if t.Failed() {
		t.Logf("the page in the end:\n%s", dom)
	}
}

// TestBrowserCountsAndFollowsClicks shows ads over TLS and clicks them: with the landing page in the markup, through the
// publisher's tracker and the bidder's, and to a page that the ad may not lead to.
func TestBrowserCountsAndFollowsClicks(t *testing.T) {
	heard := &counting{}
	var landing string
	h := rim(t, &seller{sell: func(in adcall.Incoming) *adcall.Answer {
		return won(502, func(b *ad.Bid) {
			b.Advertiser = "shop.localhost"
			b.Markup = `<a id=l href="${CLICK_URL}` + landing + `?way=${PT1}">x</a><script>document.getElementById("l").click()</script>`
			switch in.Call.PassThrough[0] {
			case "bidder":
				b.ClickURL = strings.Replace(landing, "/landed", "/track?u=", 1)
			case "elsewhere":
				b.Markup = strings.ReplaceAll(b.Markup, "shop.localhost", "evil.localhost")
			}
		})(in)
	}}, func(o *Options) { o.Events, o.NewAuctionID = heard, nil })
	mux := http.NewServeMux()
	mux.Handle("/", h)
	mux.HandleFunc("/track", func(w http.ResponseWriter, r *http.Request) {
		http.Redirect(w, r, r.URL.Query().Get("u"), http.StatusFound)
	})
	mux.HandleFunc("/landed", func(w http.ResponseWriter, r *http.Request) {
		w.Header().Set("Content-Type", "text/html")
		fmt.Fprintf(w, `<script>top.postMessage("landed on %s by %s","*")</script>`, strings.Split(r.Host, ":")[0], r.URL.Query().Get("way"))
	})
	s := httptest.NewTLSServer(nil)
	defer s.Close()
	port := s.Listener.Addr().(*net.TCPAddr).Port
	landing = fmt.Sprintf("https://shop.localhost:%d/landed", port)
	mux.HandleFunc("/page", func(w http.ResponseWriter, _ *http.Request) {
		w.Header().Set("Content-Type", "text/html")
		fmt.Fprintf(w, `<!doctype html><script>onmessage=function(e){document.getElementById("log").append(e.data+"\n")}</script><pre id=log></pre>`+
			`<iframe src="/tt?id=1001&pt1=plain"></iframe><iframe src="/tt?id=1001&pt1=bidder"></iframe><iframe src="/tt?id=1001&pt1=elsewhere"></iframe>`+
			`<iframe src="/tt?id=1001&pt1=publisher&pubclick=https://localhost:%d/track?u="></iframe><script src="/ttj?id=1001&pt1=script"></script>`, port)
	})
	s.Config.Handler = mux
	dom := browse(t, fmt.Sprintf("https://localhost:%d/page", port))
	for _, way := range []string{"plain", "bidder", "publisher", "script"} {
		if !strings.Contains(dom, "landed on shop.localhost by "+way+"\n") {
			t.Errorf("the click on the way of %s did not land", way)
		}
	}
	if strings.Contains(dom, "evil.localhost by") {
		t.Error("a click led to a host that the ad had not named")
	}
	if impressions, clicks := heard.counts(); impressions != 5 || clicks != 4 {
		t.Errorf("%d impressions, %d clicks, want 5 and 4", impressions, clicks)
	}
	if t.Failed() {
		t.Logf("the page in the end:\n%s", dom)
	}
}

// counting counts events.
type counting struct {
	mu                  sync.Mutex
	impressions, clicks int
}

func (c *counting) Impression(*token.Claims, time.Time) { c.mu.Lock(); c.impressions++; c.mu.Unlock() }
func (c *counting) Click(*token.Claims, time.Time)      { c.mu.Lock(); c.clicks++; c.mu.Unlock() }

func (c *counting) counts() (impressions, clicks int) {
	c.mu.Lock()
	defer c.mu.Unlock()
	return c.impressions, c.clicks
}

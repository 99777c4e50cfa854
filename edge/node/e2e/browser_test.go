//go:build browser

package e2e

import (
	"crypto/sha256"
	"crypto/tls"
	"encoding/base64"
	"encoding/json"
	"fmt"
	"net/http"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"curb/edge/adtest"
)

// overHTTP3 are the flags that make Chromium speak HTTP/3 to a node whose certificate it has never heard of.
func overHTTP3(port int, spki ...string) []string {
	return []string{
		fmt.Sprintf("--origin-to-force-quic-on=localhost:%d", port),
		"--ignore-certificate-errors-spki-list=" + strings.Join(spki, ","),
		"--host-resolver-rules=MAP localhost 127.0.0.1", // forced QUIC does not fall back from ::1, where nobody listens
	}
}

// leafDigest is the digest of the key of the certificate that a node shows as localhost.
func leafDigest(t *testing.T, port int) string {
	t.Helper()
	conn, err := tls.Dial("tcp", adtest.Address(port), &tls.Config{InsecureSkipVerify: true, ServerName: "localhost"})
	if err != nil {
		t.Fatal(err)
	}
	defer conn.Close()
	sum := sha256.Sum256(conn.ConnectionState().PeerCertificates[0].RawSubjectPublicKeyInfo)
	return base64.StdEncoding.EncodeToString(sum[:])
}

// startPages serves the publisher's pages with tags that call the node's port.
func startPages(t *testing.T, port int) string {
	t.Helper()
	p := adtest.Start(t, "pages", programs.Curbsim, "pages", "--listen", "127.0.0.1:0", "--node", fmt.Sprintf("https://localhost:%d", port),
		"--direct", "1001", "--openrtb", "1001", "--output", "json", "--for", "5m")
	return partyURL(t, p, "pages")
}

// TestBrowserShowsTheDemoPage opens the demo's page on the demo's market and rule set, as `make run` has them, but on free
// ports, so that a demo may run beside it.
func TestBrowserShowsTheDemoPage(t *testing.T) {
	ports := adtest.Ports(t, 2)
	market := startMarket(t, ports[0])
	pages := partyURL(t, market, "pages")
	rules := filepath.Join(t.TempDir(), "rules")
	adtest.WriteFiles(t, rules, marketRules(t, market))
	node := &adtest.Node{
		Process: adtest.Start(t, "curb", programs.Curb, "serve", "--demo", "--rules", rules, "--listen", adtest.Address(ports[0]), "--admin", adtest.Address(ports[1])),
		Port:    ports[0], Admin: ports[1],
	}
	node.Await(t, "ready node", func() bool { return node.Ready() == http.StatusOK })
	browser := startChromium(t, overHTTP3(node.Port, leafDigest(t, node.Port))...)
	for _, path := range []string{"direct", "openrtb"} {
		t.Run(path, func(t *testing.T) { showsAnAd(t, browser, pages+path, path) })
	}
}

// showsAnAd opens a page and looks for a won ad in it that came over HTTP/3.
func showsAnAd(t *testing.T, browser *chromium, url, name string) {
	p := browser.open(url)
	defer p.close()
	p.await("outcome of the page", `document.getElementById("status")?.dataset.state`, func(state string) bool { return state == "ad" })
	if measured := p.evaluate(p.session, `document.getElementById("protocol").dataset.protocol`); measured != "h3" {
		t.Errorf("the page measured protocol %q, want h3", measured)
	}
	shown := p.texts()
	for begin := time.Now(); !strings.Contains(shown, "bought by bidder 9701") && time.Since(begin) < 10*time.Second; shown = p.texts() {
		time.Sleep(50 * time.Millisecond)
	}
	if !strings.Contains(shown, "bought by bidder 9701") {
		t.Errorf("the page says that there is an ad, and no frame shows it: %s", shown)
	}
	time.Sleep(300 * time.Millisecond) // for the picture's sake: a frame that has its text may not be painted yet
	p.screenshot("demo-" + name)
	calls := 0
	for _, r := range p.responses() {
		if strings.Contains(r.URL, "/tt") || strings.Contains(r.URL, "/openrtb2/auction") {
			calls++
			if r.Protocol != "h3" || r.Status != http.StatusOK {
				t.Errorf("%s answered %d over %s", r.URL, r.Status, r.Protocol)
			}
		}
	}
	if calls == 0 {
		t.Error("the browser saw no ad call")
	}
}

// grabber is a creative that tries to leave its frame and to read what is not its own, and reports how it went.
const grabber = `<p id="ad">ad of 201</p><script>
const report = {};
const attempt = (name, act) => { try { report[name] = String(act()); } catch (e) { report[name] = "blocked"; } };
attempt("cookie", () => document.cookie);
attempt("storage", () => localStorage.length);
attempt("page", () => top.document.title);
attempt("parent", () => parent.document.title);
attempt("navigate", () => { top.location = "https://evil.example/"; return "allowed"; });
report.origin = self.origin;
top.postMessage(report, "*");
</script>`

// TestBrowserHoldsCreativesInTheirFrame serves that creative through both tags.
func TestBrowserHoldsCreativesInTheirFrame(t *testing.T) {
	bidders := programs.StartBidders(t, 1)
	rules := strings.Replace(adtest.Rules(bidders), `'<p id="ad">ad of 201</p>'`, fmt.Sprintf("%q", grabber), 1)
	node := programs.StartNode(t, map[string]string{"market.yaml": rules})
	pages := startPages(t, node.Port)
	browser := startChromium(t, overHTTP3(node.Port, node.SPKI...)...)
	p := browser.open(pages + "direct")
	p.await("ad", `document.getElementById("status")?.dataset.state`, func(state string) bool { return state == "ad" })
	for _, tag := range []string{"/tt?id=1001&size=300x250", "/ttj?id=1001&size=300x250&target=slot"} {
		t.Run(tag[1:strings.IndexByte(tag, '?')], func(t *testing.T) { holds(t, p, fmt.Sprintf("https://localhost:%d%s", node.Port, tag)) })
	}
	p.screenshot("held-creative")
}

// holds puts a tag into the page and waits for the creative's report.
func holds(t *testing.T, p *page, tag string) {
	insert := fmt.Sprintf(`const ad = document.createElement("iframe"); ad.src = %q; slot.append(ad);`, tag)
	if strings.Contains(tag, "/ttj") {
		insert = fmt.Sprintf(`const ad = document.createElement("script"); ad.src = %q; ad.crossOrigin = "anonymous"; slot.append(ad);`, tag)
	}
	p.evaluate(p.session, `(() => {
		window.reports = [];
		window.onmessage = (event) => { if (event.data && event.data.origin) reports.push(event.data); };
		document.getElementById("slot")?.remove();
		const slot = document.createElement("div"); slot.id = "slot"; document.body.prepend(slot);
		`+insert+` return true; })()`)
	text := p.await("report of the creative", `JSON.stringify(window.reports)`, func(value string) bool { return strings.Contains(value, "origin") })
	var reports []map[string]string
	if err := json.Unmarshal([]byte(text), &reports); err != nil {
		t.Fatal(err)
	}
	for _, name := range []string{"cookie", "storage", "page", "parent", "navigate"} {
		if reports[0][name] != "blocked" {
			t.Errorf("the creative got at %s: %q", name, reports[0][name])
		}
	}
	if reports[0]["origin"] != "null" {
		t.Errorf("the creative runs in the origin %q, want an opaque one", reports[0]["origin"])
	}
	if here := p.evaluate(p.session, `location.hostname + location.pathname`); here != "127.0.0.1/direct" {
		t.Errorf("the creative moved the page to %s", here)
	}
}

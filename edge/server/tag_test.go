package server

import (
	"net/http"
	"net/http/httptest"
	"net/netip"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"curb/edge/ad"
	"curb/edge/adcall"
	"curb/edge/catalog"
)

const head = documentHead

// TestDocuments has documents of calls that count for nothing, so that no URL leads back to the node.
func TestDocuments(t *testing.T) {
	frame := `<iframe src="https://chain.example/p?cb=1&amp;w=300&amp;h=250" width="300" height="250" title="Advertisement" scrolling="no" style="border:0;display:block" sandbox="` + chainSandbox + `"></iframe>`
	cases := []struct {
		name, target string
		sell         func(adcall.Incoming) *adcall.Answer
		outcome      string
		policy       string
		body         string
	}{
		{"picture", "/tt?id=1001", won(501), "won", "sandbox " + sandbox,
			head + `<a href="https://shop.example/?a=1&amp;p=2.25" target="_blank" rel="noopener"><img src="https://cdn.example/a.png?x=1&amp;a=00000000000000000000000000000001" width="300" height="250" alt="" style="border:0;display:block"></a>` + documentTail},
		{"picture after a tracker", "/tt?id=1001&pubclick=https://pub.example/c?to=", won(501), "won", "sandbox " + sandbox,
			head + `<a href="https://pub.example/c?to=https%3A%2F%2Fshop.example%2F%3Fa%3D1%26p%3D2.25" target="_blank" rel="noopener"><img src="https://cdn.example/a.png?x=1&amp;a=00000000000000000000000000000001" width="300" height="250" alt="" style="border:0;display:block"></a>` + documentTail},
		{"html", "/tt?id=1001&pubclickenc=https%3A%2F%2Fpub.example%2Fc%3Fa%26b%2F&referrer=https%3A%2F%2Fnews.example%2F%22%3C", won(502), "won", "sandbox " + sandbox,
			head + `<a href="https://pub.example/c?a&#38;b/https://shop.example/">Buy html</a><script>var r="https\u003a\u002f\u002fnews\u002eexample\u002f\u002522\u00253C"</script>` + documentTail},
		{"script", "/tt?id=1001&cb=1", won(503), "won", "sandbox " + sandbox,
			head + `<script src="https://cdn.example/ad.js?cb=1&amp;p=2.25"></script>` + documentTail},
		{"markup of the bid", "/tt?id=1001", won(502, func(b *ad.Bid) { b.Markup = `<b>${AUCTION_PRICE}</b>` }), "won", "sandbox " + sandbox, head + `<b>2.25</b>` + documentTail},
		{"video cannot be shown", "/tt?id=1001&psa=0", won(504), "blank", "", ""},
		{"markup beyond the limit", "/tt?id=1001&psa=0", won(502, func(b *ad.Bid) { b.Markup = strings.Repeat("x", ad.ResponseTailBytesMax) }), "blank", "", ""},
		{"video falls to the chain", "/tt?id=1005&cb=1", won(504), "chain", valueFrame[0], head + frame + documentTail},
		{"chain", "/tt?id=1005&cb=1", fall(adcall.Chain), "chain", valueFrame[0], head + frame + documentTail},
		{"public service", "/tt?id=1001", fall(adcall.PSA), "psa", valueStill[0], string(publicService()[ad.Size{W: 300, H: 250}])},
		{"no public service of the size", "/tt?id=1002&size=301x250", fall(adcall.PSA), "blank", "", ""},
		{"public service unwanted by the tag", "/tt?id=1001&psa=0", fall(adcall.PSA), "blank", "", ""},
		{"public service unwanted by the placement", "/tt?id=1006", fall(adcall.PSA), "blank", "", ""},
		{"blank", "/tt?id=1001", fall(adcall.Blank), "blank", "", ""},
	}
	for _, c := range cases {
		t.Run(c.name, func(t *testing.T) {
			w := get(rim(t, &seller{sell: c.sell}), strings.Replace(c.target, "?", "?test=1&dongle=owners-dongle&", 1))
			if w.Code != http.StatusOK {
				t.Fatalf("status %d, X-Curb-Error %q", w.Code, w.Header().Get("X-Curb-Error"))
			}
			if diff := cmp.Diff(c.body, w.Body.String()); diff != "" {
				t.Errorf("body (-want +got):\n%s", diff)
			}
			for name, want := range map[string]string{
				"X-Curb-Outcome": c.outcome, "Content-Security-Policy": c.policy, "Content-Type": "text/html; charset=utf-8", "Cache-Control": "no-store",
				"X-Content-Type-Options": "nosniff", "Cross-Origin-Resource-Policy": "cross-origin", "Referrer-Policy": "strict-origin-when-cross-origin",
				"Timing-Allow-Origin": "*", "X-Curb-Error": "",
			} {
				if got := w.Header().Get(name); got != want {
					t.Errorf("%s: %q, want %q", name, got, want)
				}
			}
			if c.body != "" && w.Header().Get("Permissions-Policy") == "" {
				t.Error("a document without Permissions-Policy")
			}
		})
	}
}

func TestOutcomeIsForTheLab(t *testing.T) {
	w := get(rim(t, &seller{sell: won(501)}, func(o *Options) { o.Lab = false }), "/tt?id=1001")
	if got := w.Header()["X-Curb-Outcome"]; got != nil {
		t.Errorf("X-Curb-Outcome: %q outside lab mode", got)
	}
}

func TestScript(t *testing.T) {
	h := rim(t, &seller{sell: won(502, func(b *ad.Bid) {
		b.Markup = "</script><\\/script><p><SCRIPT><!--<scrip\u2028'\"&éł\U0001f600\x01\n\r\t"
	})})
	w := get(h, "/ttj?id=1001&target=slot-1&test=1&dongle=owners-dongle")
	want := `,"srcdoc","` + strings.ReplaceAll(head, `"`, `\"`) +
		`\x3c/script><\\/script><p>\x3cSCRIPT>\x3c!--<scrip\u2028'\"&\xe9\u0142\ud83d\ude00\x01\n\r\t</body></html>",300,250,"slot-1","/ttj?id=1001&target=slot-1&test=1&dongle=owners-dongle");` + "\n"
	if got := w.Body.String(); !strings.HasSuffix(got, strings.TrimPrefix(want, ",")) {
		t.Errorf("the script ends\n%s\nwant\n%s", got[strings.Index(got, "srcdoc"):], want)
	}
	for i := range w.Body.Bytes() {
		if b := w.Body.Bytes()[i]; b >= 0x80 {
			t.Fatalf("byte %d is %#x: not ASCII", i, b)
		}
	}
	for name, want := range map[string]string{
		"Content-Type": "application/javascript", "Access-Control-Allow-Origin": "*", "Timing-Allow-Origin": "*", "X-Content-Type-Options": "nosniff",
		"Cross-Origin-Resource-Policy": "cross-origin", "X-Curb-Outcome": "won", "Cache-Control": "no-store",
	} {
		if got := w.Header().Get(name); got != want {
			t.Errorf("%s: %q, want %q", name, got, want)
		}
	}
	if !strings.Contains(w.Body.String(), `"sandbox","`+sandbox+`")`) {
		t.Error("the frame has no sandbox")
	}
}

func TestScriptOfAChainFramesTheAdServer(t *testing.T) {
	w := get(rim(t, &seller{sell: fall(adcall.Chain)}), "/ttj?id=1005&cb=1")
	if want := `"src","https://chain.example/p?cb=1&w=300&h=250",300,250,"","/ttj?id=1005&cb=1");`; !strings.Contains(w.Body.String(), want) {
		t.Errorf("the script is\n%s\nwant %s in it", w.Body, want)
	}
}

// TestSoldMarkupIsShown has the largest markup that a bid may have, in both tags.
func TestSoldMarkupIsShown(t *testing.T) {
	fill := func(piece string) string {
		return strings.Repeat(piece, ad.MarkupBytesMax/len(piece)) + strings.Repeat("x", ad.MarkupBytesMax%len(piece))
	}
	long := "/tt?id=1001&referrer=https%3A%2F%2Fnews.example%2F" + strings.Repeat("%3C", 2000)
	around := len(documentHead) + len(documentTail)
	for _, c := range []struct {
		name, target, markup string
		largest              int // of the script, in bytes
		outcome              string
	}{
		{"ordinary", "/tt?id=1001", fill("<div class=\"ad\" style=\"width:300px\">\n<a href='https://shop.example/?a=1&b=2'>Buy</a><script>go(1<2)</script></div>\n"), 40 << 10, "won"},
		{"quotes", "/tt?id=1001", fill(`"`), 70 << 10, "won"},
		{"beyond ASCII", "/tt?id=1001", fill("ł\U0001f600"), 100 << 10, "won"},
		{"control characters", "/tt?id=1001", fill("\x01"), 140 << 10, "won"},
		{"script ends", "/tt?id=1001", fill("<!--"), 70 << 10, "won"},
		{"macros", long, "${REFERER_URL}" + fill("x")[14:], 60 << 10, "won"},
		{"macros beyond the limit", long, fill("${REFERER_URL}"), 0, "blank"},
		{"document at the limit", "/tt?id=1001&test=1&dongle=owners-dongle", strings.Repeat("\x01", ad.ResponseTailBytesMax-around), 4*ad.ResponseTailBytesMax + 4<<10, "won"},
		{"document past the limit", "/tt?id=1001&test=1&dongle=owners-dongle", strings.Repeat("x", ad.ResponseTailBytesMax-around+1), 0, "blank"},
	} {
		h := rim(t, &seller{sell: won(502, func(b *ad.Bid) { b.Markup = c.markup })})
		frame, script := get(h, c.target+"&psa=0"), get(h, strings.Replace(c.target, "/tt", "/ttj", 1)+"&psa=0")
		for _, w := range []*httptest.ResponseRecorder{frame, script} {
			if got := w.Header().Get("X-Curb-Outcome"); got != c.outcome || (w.Body.Len() == 0) != (c.outcome == "blank") {
				t.Errorf("%s: %s with %d bytes, want %s", c.name, got, w.Body.Len(), c.outcome)
			}
		}
		if frame.Body.Len() > ad.ResponseTailBytesMax || script.Body.Len() > c.largest {
			t.Errorf("%s: %d bytes of document, %d of script, want %d at most", c.name, frame.Body.Len(), script.Body.Len(), c.largest)
		}
	}
}

// TestTheDefaultStandsInForWhatCannotBeShown sells slots to ads that no page can show.
func TestTheDefaultStandsInForWhatCannotBeShown(t *testing.T) {
	for _, c := range []struct {
		name, target string
		change       func(*catalog.Contents)
		outcome      string
		has          string
	}{
		{"default", "/tt?id=1005", func(*catalog.Contents) {}, "default", `alt="" style="border:0;display:block"></a>`},
		{"in a script", "/ttj?id=1005", func(*catalog.Contents) {}, "default", `300,250,"","/ttj?id=1005"`},
		{"its price macro is empty", "/tt?id=1005", func(*catalog.Contents) {}, "default", "a=1&amp;p=0"},
		{"none", "/tt?id=1005", func(s *catalog.Contents) { s.Placements[4].Defaults = nil }, "chain", "chain.example"},
		{"switched off", "/tt?id=1005", func(s *catalog.Contents) { s.Creatives[0].Active = false }, "chain", "chain.example"},
		{"insecure", "/tt?id=1005&referrer=https://a/", func(s *catalog.Contents) { s.Creatives[0].Secure = false }, "chain", "chain.example"},
		{"insecure on an insecure page", "/tt?id=1005&referrer=http://a/", func(s *catalog.Contents) { s.Creatives[0].Secure = false }, "default", "cdn.example"},
		{"cannot be shown either", "/tt?id=1005", func(s *catalog.Contents) { s.Creatives[0].Content = "none" }, "chain", "chain.example"},
	} {
		set := contents()
		set.Creatives[0].Member = 100
		set.Placements[4].Defaults = []ad.DefaultCreative{{Size: ad.Size{W: 300, H: 250}, Creative: 501}}
		c.change(&set)
		snap, err := catalog.New(set)
		if err != nil {
			t.Fatal(err)
		}
		h := rim(t, &seller{sell: won(504)}, func(o *Options) { o.Snapshot = func() *catalog.Snapshot { return snap } })
		if w := get(h, c.target); w.Header().Get("X-Curb-Outcome") != c.outcome || !strings.Contains(w.Body.String(), c.has) {
			t.Errorf("%s: %s: %s", c.name, w.Header().Get("X-Curb-Outcome"), w.Body)
		}
	}
}

func TestBlankScriptIsEmpty(t *testing.T) {
	w := get(rim(t, &seller{sell: fall(adcall.Blank)}), "/ttj?id=1001")
	if w.Code != 200 || w.Body.Len() != 0 || w.Header().Get("Content-Length") != "0" || w.Header().Get("Content-Type") != "application/javascript" {
		t.Errorf("status %d, headers %v, body %q", w.Code, w.Header(), w.Body)
	}
}

func TestAChainToOurselvesHasNoOrigin(t *testing.T) {
	h := rim(t, &seller{sell: fall(adcall.Chain)})
	for _, url := range []string{"https://localhost/x", "https://ADS.news.example:8443/x", "https://ads.other.example."} {
		if !h.ours(request{snap: h.snapshot()}, []byte(url)) {
			t.Errorf("%s passes for another's", url)
		}
	}
	if h.ours(request{snap: h.snapshot()}, []byte("https://chain.example/?https://localhost/")) {
		t.Error("another ad server passes for us")
	}
}

func TestHeadBuysNothing(t *testing.T) {
	s := &seller{sell: won(501)}
	h := rim(t, s)
	for target, status := range map[string]int{"/tt?id=1001": 200, "/ttj?id=1001": 200, "/tt": 400, "/tt?id=9": 404, "/status": 204, "/.well-known/curb": 204} {
		w := get(h, target, func(r *http.Request) { r.Method = http.MethodHead })
		if w.Code != status || w.Body.Len() != 0 {
			t.Errorf("HEAD %s: status %d, body %q; want %d", target, w.Code, w.Body, status)
		}
	}
	if s.calls() != 0 {
		t.Errorf("HEAD held %d auctions", s.calls())
	}
}

func TestClient(t *testing.T) {
	s := &seller{sell: fall(adcall.Blank)}
	h := rim(t, s)
	get(h, "/tt?id=1001", func(r *http.Request) {
		r.RemoteAddr = "10.1.2.3:4567"
		r.Header = http.Header{
			"X-Forwarded-For": {"6.6.6.6, 192.0.2.9", "10.9.9.9"}, "X-Forwarded-Host": {"ads.other.example"}, "User-Agent": {"Mozilla/5.0 \xff"},
			"Accept-Language": {"de-AT,de;q=0.9"}, "Sec-Ch-Ua": {`"Chromium";v="156"`}, "Sec-Ch-Ua-Mobile": {"?1"}, "Sec-Ch-Ua-Platform": {`"Android"`},
			"Sec-Gpc": {"1"}, "Dnt": {"1"}, "Referer": {`https://news.example/a"b<c`}, "Cookie": {"session=secret"}, "Authorization": {"Basic secret"},
		}
	})
	want := ad.Device{IP: netip.MustParseAddr("192.0.2.9"), UserAgent: "Mozilla/5.0 ", Language: "de-AT", SUA: ad.ClientHints{Brands: `"Chromium";v="156"`, Mobile: "?1", Platform: `"Android"`}}
	if diff := cmp.Diff(want, s.last.Device, cmp.Comparer(func(a, b netip.Addr) bool { return a == b })); diff != "" {
		t.Errorf("device (-want +got):\n%s", diff)
	}
	if !s.last.GPC || !s.last.DoNotTrack || s.last.Page != "https://news.example/a%22b%3Cc" || !s.last.Secure {
		t.Errorf("GPC %v, DNT %v, page %q, secure %v", s.last.GPC, s.last.DoNotTrack, s.last.Page, s.last.Secure)
	}
	get(h, "/tt?id=1001", func(r *http.Request) {
		r.RemoteAddr = "192.0.2.1:4567"
		r.Header = http.Header{"X-Forwarded-For": {"6.6.6.6"}, "Referer": {"javascript:alert(1)"}}
	})
	if s.last.Device.IP != netip.MustParseAddr("192.0.2.1") || s.last.Page != "" {
		t.Errorf("an untrusted peer passed for %v on page %q", s.last.Device.IP, s.last.Page)
	}
}

func TestCredentialsAreDroppedAtTheDoor(t *testing.T) {
	var left http.Header
	s := &seller{sell: fall(adcall.Blank)}
	h := rim(t, s)
	get(h, "/tt?id=1001", withHeader("Cookie", "PHPSESSID=1"), withHeader("Authorization", "Bearer x"), func(r *http.Request) { left = r.Header })
	for _, name := range []string{"Cookie", "Authorization"} {
		if left.Get(name) != "" {
			t.Errorf("%s is still there", name)
		}
	}
}

func TestAPanicAnswersAnyway(t *testing.T) {
	h := rim(t, &seller{sell: func(adcall.Incoming) *adcall.Answer { panic("broken") }})
	if w := get(h, "/tt?id=1001"); w.Code != 200 || w.Body.Len() != 0 || w.Header().Get("X-Curb-Error") != "internal" {
		t.Errorf("status %d, headers %v", w.Code, w.Header())
	}
	for range 2 { // the second must not wait for an answer that never comes
		if w := post(h, bidRequest); w.Code != 204 || w.Body.Len() != 0 {
			t.Errorf("status %d, headers %v", w.Code, w.Header())
		}
	}
}

package server

import (
	"encoding/json"
	"encoding/xml"
	"io"
	"net/url"
	"regexp"
	"strings"
	"testing"

	"curb/edge/ad"
	"curb/edge/adcall"
	"curb/edge/catalog"
)

// anyToken matches a token, which begins with its version: no two are the same.
var anyToken = regexp.MustCompile(`AQ[\w-]{100,}`)

// fragmentOf is the part of a document between head and tail, with TOKEN for each token.
func fragmentOf(t *testing.T, document string) string {
	t.Helper()
	body, ok := strings.CutPrefix(document, documentHead)
	body, ended := strings.CutSuffix(body, documentTail)
	if !ok || !ended {
		t.Fatalf("no document: %.200s", document)
	}
	return anyToken.ReplaceAllString(body, "TOKEN")
}

const (
	ownPixel = `<img src="https://localhost:8443/it?e=TOKEN" width="1" height="1" alt="" style="display:none">`
	ownClick = `https://localhost:8443/click?e=TOKEN`
	openURL  = `https://localhost:8443/click?e&#61;TOKEN&#38;r&#61;`
)

// tracked are creatives beside the fixture's, with pixels and trackers.
func tracked(change ...func(*catalog.Contents)) func(*Options) {
	set := contents()
	set.Creatives[0].Pixels = []string{"https://pixel.example/?a=${AUCTION_ID}&cb=${CACHEBUSTER}", "http://plain.example/p.gif", "none"}
	for _, f := range change {
		f(&set)
	}
	snap, err := catalog.New(set)
	if err != nil {
		panic(err)
	}
	return func(o *Options) { o.Snapshot = func() *catalog.Snapshot { return snap } }
}

// TestAdsLeadBack has the fragments of sold ads, with what is called when they show and when they are clicked.
func TestAdsLeadBack(t *testing.T) {
	const picture = `<img src="https://cdn.example/a.png?x=1&amp;a=00000000000000000000000000000001" width="300" height="250" alt="" style="border:0;display:block"></a>`
	const pixels = `<img src="https://pixel.example/?a=00000000000000000000000000000001&amp;cb=7" width="1" height="1" alt="" style="display:none">`
	const plain = `<img src="http://plain.example/p.gif" width="1" height="1" alt="" style="display:none">`
	link := func(to string) string { return `<a href="` + to + `" target="_blank" rel="noopener">` }
	bidder := func(url string) func(*ad.Bid) { return func(b *ad.Bid) { b.ClickURL = url } }
	markup := func(text string) func(*ad.Bid) { return func(b *ad.Bid) { b.Markup = text } }
	for _, c := range []struct {
		name, target string
		sell         func(adcall.Incoming) *adcall.Answer
		want         string
	}{
		{"picture", "/tt?id=1001&cb=7", won(501), link(ownClick) + picture + ownPixel + pixels + plain},
		{"picture on a secure page", "/tt?id=1001&cb=7&referrer=https://news.example/", won(501), link(ownClick) + picture + ownPixel + pixels},
		{"the publisher's tracker first", "/tt?id=1001&cb=7&pubclick=https://pub.example/c?u=", won(501),
			link("https://pub.example/c?u=https%3A%2F%2Flocalhost%3A8443%2Fclick%3Fe%3DTOKEN") + picture + ownPixel + pixels + plain},
		{"a tracker that takes URLs as they are", "/tt?id=1001&cb=7&pubclick=https://pub.example/c/", won(501), link("https://pub.example/c/"+ownClick) + picture + ownPixel + pixels + plain},
		{"markup", "/tt?id=1001", won(502), `<a href="` + openURL + `https://shop.example/">Buy html</a><script>var r=""</script>` + ownPixel},
		{"markup after a tracker", "/tt?id=1001&pubclick=https://pub.example/c?u=", won(502, markup(`<a href="${CLICK_URL}https://shop.example/"><p>${CLICK_URL_ENC}`)),
			`<a href="https://pub.example/c?u&#61;https%3A%2F%2Flocalhost%3A8443%2Fclick%3Fe%3DTOKEN%26r%3Dhttps://shop.example/"><p>` +
				`https%3A%2F%2Fpub.example%2Fc%3Fu%3Dhttps%253A%252F%252Flocalhost%253A8443%252Fclick%253Fe%253DTOKEN%2526r%253D` + ownPixel},
		{"the bidder's tracker last", "/tt?id=1001", won(502, markup(`<a href="${CLICK_URL}https://shop.example/">`), bidder("https://dsp.example/c?to=")),
			`<a href="` + openURL + `https://dsp.example/c?to&#61;https://shop.example/">` + ownPixel},
		{"no tracker of the bidder's", "/tt?id=1001", won(502, markup(`<a href="${CLICK_URL}x">`), bidder("javascript:alert(1)//")), `<a href="` + openURL + `x">` + ownPixel},
		{"nobody knows where it leads", "/tt?id=1001&cb=0", won(503, bidder("")), `<script src="https://cdn.example/ad.js?cb=0&amp;p=2.25"></script>` + ownPixel},
	} {
		w := get(rim(t, &seller{sell: c.sell}, tracked()), c.target)
		if got := fragmentOf(t, w.Body.String()); got != c.want {
			t.Errorf("%s\n got %s\nwant %s", c.name, got, c.want)
		}
	}
}

// TestClicksArriveWhereTheyShould follows the links of an ad through every tracker to the end.
func TestClicksArriveWhereTheyShould(t *testing.T) {
	h := rim(t, &seller{sell: won(501, func(b *ad.Bid) { b.ClickURL = "https://dsp.example/c?to=" })})
	w := get(h, "/tt?id=1001&pubclick=https://pub.example/c?u=")
	link := linkOf(t, w.Body.String())
	u, err := url.Parse(link)
	if err != nil || u.Host != "pub.example" {
		t.Fatalf("the first stop is %s (%v)", link, err)
	}
	ours, err := url.Parse(u.Query().Get("u"))
	if err != nil || ours.Host != "localhost:8443" {
		t.Fatalf("the second stop is %s (%v)", ours, err)
	}
	next, err := url.Parse(get(h, ours.RequestURI()).Header().Get("Location"))
	if err != nil || next.Host != "dsp.example" {
		t.Fatalf("the third stop is %s (%v)", next, err)
	}
	if got := next.Query().Get("to"); got != "https://shop.example/?a=1&p=2.25" {
		t.Errorf("the end is %s", got)
	}
}

// TestMarkupMayNameItsLandingPage as it is or percent-encoded, on the advertiser's hosts and nowhere else.
func TestMarkupMayNameItsLandingPage(t *testing.T) {
	for _, c := range []struct{ landing, bidder, want string }{
		{"https://www.shop.example/?a=1&b=2#c", "", "https://www.shop.example/?a=1&b=2#c"},
		{"https%3A%2F%2Fshop.example%2F%3Fa%3D1%26b%3D2", "", "https://shop.example/?a=1&b=2"},
		{"https%3A%2F%2Fshop.example%2F%3Fa%3D1", "https://dsp.example/c?to=", "https://dsp.example/c?to=https%3A%2F%2Fshop.example%2F%3Fa%3D1"},
		{"https://own.example/", "", "https://own.example/"},
		{"https://evil.example/", "", ""}, {"https://shop.example.evil.example/", "", ""}, {"javascript:alert(1)", "", ""}, {"//shop.example/", "", ""},
	} {
		h := rim(t, &seller{sell: won(502, func(b *ad.Bid) {
			b.Markup, b.ClickURL, b.Advertiser = `<a href="${CLICK_URL}`+c.landing+`" x>`, c.bidder, "Own.example"
		})})
		ours, err := url.Parse(linkOf(t, get(h, "/tt?id=1001").Body.String()))
		if err != nil {
			t.Fatal(err)
		}
		ours.Fragment = "" // browsers keep it to themselves and put it back
		want, _, _ := strings.Cut(c.want, "#")
		w := get(h, ours.RequestURI())
		if got := w.Header().Get("Location"); got != want || (w.Code == 302) != (want != "") {
			t.Errorf("%s after %q leads to %d %s, want %s", c.landing, c.bidder, w.Code, got, want)
		}
	}
}

// linkOf is the first link of a document as a browser reads it.
func linkOf(t *testing.T, document string) string {
	t.Helper()
	_, rest, ok := strings.Cut(document, `<a href="`)
	link, _, ended := strings.Cut(rest, `"`)
	if !ok || !ended {
		t.Fatalf("no link in %s", document)
	}
	return strings.NewReplacer("&amp;", "&", "&#38;", "&", "&#61;", "=", "&#35;", "#").Replace(link)
}

// TestCallsThatCountForNothingLeadNowhere: test=1 shows the ad and nothing else.
func TestCallsThatCountForNothingLeadNowhere(t *testing.T) {
	for _, id := range []ad.CreativeID{501, 502, 503} {
		w := get(rim(t, &seller{sell: won(id)}), "/tt?id=1001&test=1&dongle=owners-dongle")
		if w.Body.Len() == 0 || strings.Contains(w.Body.String(), "/click?e=") || strings.Contains(w.Body.String(), "/it?e=") {
			t.Errorf("creative %d: %s", id, w.Body)
		}
	}
}

func TestLongLandingPagesStandBesideTheToken(t *testing.T) {
	long := "https://shop.example/?x=" + strings.Repeat("y", 2800)
	h := rim(t, &seller{sell: won(501)}, tracked(func(s *catalog.Contents) { s.Creatives[0].ClickURL = long }))
	ours, err := url.Parse(linkOf(t, get(h, "/tt?id=1001").Body.String()))
	if err != nil {
		t.Fatal(err)
	}
	if got := get(h, ours.RequestURI()).Header().Get("Location"); got != long || ours.Query().Get("r") != long {
		t.Errorf("%.100s leads to %.100s", ours, got)
	}
}

func TestPagesShowNoVideoAndNoNative(t *testing.T) {
	for _, id := range []ad.CreativeID{504, 505} {
		w := get(rim(t, &seller{sell: won(id, func(b *ad.Bid) { b.Markup = "<VAST/>" })}), "/tt?id=1001&psa=0")
		if w.Body.Len() != 0 {
			t.Errorf("creative %d: %s", id, w.Body)
		}
	}
}

// vastOf runs the writer over a document.
func vastOf(source string) (string, bool) {
	v := vastWriter{source: []byte(source), impressions: []byte("<Impression>I</Impression>"), click: []byte("<ClickTracking>C</ClickTracking>")}
	ok := v.write()
	return string(v.dst), ok
}

func TestVAST(t *testing.T) {
	const i, c = "<Impression>I</Impression>", "<ClickTracking>C</ClickTracking>"
	for _, x := range []struct{ name, source, want string }{
		{"inline", `<?xml version="1.0"?><!-- <InLine> --><VAST version="4.2"><Ad id="1"><InLine><AdSystem>a</AdSystem><Impression><![CDATA[https://x/?</InLine>]]></Impression><Creatives><Creative><Linear skipoffset="a>b"><Duration>00:00:15</Duration><VideoClicks><ClickThrough>x</ClickThrough></VideoClicks><MediaFiles/></Linear></Creative></Creatives></InLine></Ad></VAST>`,
			`<?xml version="1.0"?><!-- <InLine> --><VAST version="4.2"><Ad id="1"><InLine><AdSystem>a</AdSystem>` + i + `<Impression><![CDATA[https://x/?</InLine>]]></Impression><Creatives><Creative><Linear skipoffset="a>b"><Duration>00:00:15</Duration><VideoClicks><ClickThrough>x</ClickThrough>` + c + `</VideoClicks><MediaFiles/></Linear></Creative></Creatives></InLine></Ad></VAST>`},
		{"no impression", `<VAST><Ad><InLine><Creatives></Creatives></InLine></Ad></VAST>`, `<VAST><Ad><InLine>` + i + `<Creatives></Creatives></InLine></Ad></VAST>`},
		{"bare wrapper", `<VAST><Ad><Wrapper><VASTAdTagURI>x</VASTAdTagURI></Wrapper></Ad></VAST>`, `<VAST><Ad><Wrapper><VASTAdTagURI>x</VASTAdTagURI>` + i + `</Wrapper></Ad></VAST>`},
		{"no clicks", `<VAST><Ad><InLine><Creatives><Creative><Linear><MediaFiles/></Linear></Creative></Creatives></InLine></Ad></VAST>`,
			`<VAST><Ad><InLine>` + i + `<Creatives><Creative><Linear><MediaFiles/><VideoClicks>` + c + `</VideoClicks></Linear></Creative></Creatives></InLine></Ad></VAST>`},
		{"empty clicks", `<VAST><Ad><InLine><Creatives><Linear><VideoClicks/></Linear></Creatives></InLine></Ad></VAST>`,
			`<VAST><Ad><InLine>` + i + `<Creatives><Linear><VideoClicks>` + c + `</VideoClicks></Linear></Creatives></InLine></Ad></VAST>`},
		{"custom clicks come last", `<VAST><Ad><InLine><Creatives><Linear><VideoClicks><ClickThrough/><CustomClick/></VideoClicks></Linear></Creatives></InLine></Ad></VAST>`,
			`<VAST><Ad><InLine>` + i + `<Creatives><Linear><VideoClicks><ClickThrough/>` + c + `<CustomClick/></VideoClicks></Linear></Creatives></InLine></Ad></VAST>`},
		{"a pod", `<VAST><Ad><InLine><Impression/><Impression/></InLine></Ad><Ad><Wrapper></Wrapper></Ad></VAST>`,
			`<VAST><Ad><InLine>` + i + `<Impression/><Impression/></InLine></Ad><Ad><Wrapper>` + i + `</Wrapper></Ad></VAST>`},
		{"no ad", `<VAST version="3.0"/>`, ""}, {"not VAST", `<html><InLine></InLine></html>`, ""}, {"no XML", `hello`, ""}, {"nothing", ``, ""}, {"cut", `<VAST><Ad><InLine><Impression></InLine`, ""},
		{"comment without an end", `<VAST><Ad><InLine></InLine><!-- `, ""}, {"a document type", `<!DOCTYPE VAST [<!ENTITY x "y">]><VAST><Ad><InLine></InLine></Ad></VAST>`, ""}, {"a tag in a tag", `<VAST><Ad><InLine <Impression></InLine></Ad></VAST>`, ""},
	} {
		got, ok := vastOf(x.source)
		if ok != (x.want != "") || ok && got != x.want {
			t.Errorf("%s (%v)\n got %s\nwant %s", x.name, ok, got, x.want)
		}
	}
}

// FuzzVAST: what was well-formed stays so, and gains elements and nothing else.
func FuzzVAST(f *testing.F) {
	f.Add(`<VAST><Ad><InLine><Impression/><Creatives><Linear><VideoClicks/></Linear></Creatives></InLine></Ad></VAST>`)
	f.Add(`<?xml version="1.0"?><VAST><!-- > --><Ad a='>'><Wrapper><![CDATA[<Linear>]]></Wrapper></Ad></VAST>`)
	f.Fuzz(func(t *testing.T, source string) {
		got, ok := vastOf(source)
		if !ok || !wellFormed(source) {
			return
		}
		if !wellFormed(got) {
			t.Fatalf("%q becomes %q", source, got)
		}
		if rest := strings.NewReplacer("<Impression>I</Impression>", "", "<ClickTracking>C</ClickTracking>", "", "<VideoClicks><ClickTracking>C</ClickTracking></VideoClicks>", "").Replace(got); len(rest) > len(source) {
			t.Fatalf("%q becomes %q", source, got)
		}
	})
}

func wellFormed(text string) bool {
	d := xml.NewDecoder(strings.NewReader(text))
	for {
		if _, err := d.Token(); err != nil {
			return err == io.EOF
		}
	}
}

// nativeOf runs the writer over a response.
func nativeOf(source string) (string, bool) {
	n := nativeWriter{source: []byte(source), pixels: []string{"https://i/", "https://p/"}, click: "https://c/"}
	ok := json.Valid([]byte(source)) && n.write()
	return string(n.dst), ok
}

func TestNative(t *testing.T) {
	for _, c := range []struct{ name, source, want string }{
		{"nothing there", `{}`, `{"imptrackers":["https://i/","https://p/"]}`},
		{"wrapped", `{"native":{"link":{"url":"https://x"}}}`, `{"native":{"imptrackers":["https://i/","https://p/"],"link":{"clicktrackers":["https://c/"],"url":"https://x"}}}`},
		{"lists", ` { "link" : { "clicktrackers" : [ "a" ] } , "imptrackers":["b"]}`, ` { "link" : { "clicktrackers" : ["https://c/", "a" ] } , "imptrackers":["https://i/","https://p/","b"]}`},
		{"empty lists", `{"imptrackers":[],"link":{"clicktrackers":[ ]}}`, `{"imptrackers":["https://i/","https://p/"],"link":{"clicktrackers":["https://c/" ]}}`},
		{"events", `{"eventtrackers":[{"event":2}],"imptrackers":["b"]}`, `{"eventtrackers":[{"event":1,"method":1,"url":"https://i/"},{"event":1,"method":1,"url":"https://p/"},{"event":2}],"imptrackers":["b"]}`},
		{"links of assets", `{"assets":[{"id":1,"link":{"url":"x\"}{["}},{"id":-2.5e3},{"link":{}}],"link":{}}`,
			`{"imptrackers":["https://i/","https://p/"],"assets":[{"id":1,"link":{"clicktrackers":["https://c/"],"url":"x\"}{["}},{"id":-2.5e3},{"link":{"clicktrackers":["https://c/"]}}],"link":{"clicktrackers":["https://c/"]}}`},
		{"other types", `{"link":"x","assets":{},"imptrackers":1}`, `{"link":"x","assets":{},"imptrackers":1}`},
		{"not an object", `[1]`, ""}, {"native is not an object", `{"native":1}`, ""}, {"no JSON", `{`, ""},
	} {
		got, ok := nativeOf(c.source)
		if ok != (c.want != "") || ok && got != c.want {
			t.Errorf("%s (%v)\n got %s\nwant %s", c.name, ok, got, c.want)
		}
	}
}

// FuzzNative: what was JSON stays JSON.
func FuzzNative(f *testing.F) {
	for _, s := range []string{`{"native":{"link":{"url":"x"},"assets":[{"link":{}}]}}`, `{"imptrackers":[ "\\\""],"eventtrackers":[]}`, `{"a":-1.5e3,"b":null,"link":{"clicktrackers":[]}}`} {
		f.Add(s)
	}
	f.Fuzz(func(t *testing.T, source string) {
		if got, ok := nativeOf(source); ok && !json.Valid([]byte(got)) {
			t.Fatalf("%q becomes %q", source, got)
		}
	})
}

const videoAd = `<VAST version="4.2"><Ad id="1"><InLine><AdSystem>dsp</AdSystem><AdTitle>Shoes</AdTitle><Impression><![CDATA[https://dsp.example/i?p=1]]></Impression><Creatives><Creative><Linear><Duration>00:00:15</Duration>` +
	`<VideoClicks><ClickThrough><![CDATA[https://shop.example/]]></ClickThrough></VideoClicks><MediaFiles><MediaFile type="video/mp4" width="640" height="360">https://cdn.example/a.mp4</MediaFile></MediaFiles></Linear></Creative></Creatives></InLine></Ad></VAST>`

func BenchmarkVAST(b *testing.B) {
	v := vastWriter{source: []byte(videoAd), impressions: []byte("<Impression>I</Impression>"), click: []byte("<ClickTracking>C</ClickTracking>")}
	b.ReportAllocs()
	b.SetBytes(int64(len(videoAd)))
	for b.Loop() {
		v.dst, v.at, v.root, v.ads = v.dst[:0], 0, false, 0
		if !v.write() {
			b.Fatal("no ad")
		}
	}
}

func BenchmarkNative(b *testing.B) {
	source := []byte(`{"native":{"assets":[{"id":1,"title":{"text":"Shoes"}},{"id":2,"img":{"url":"https://cdn.example/a.png","w":300,"h":250},"link":{"url":"https://shop.example/2"}}],"link":{"url":"https://shop.example/"}}}`)
	var dst []byte
	b.ReportAllocs()
	b.SetBytes(int64(len(source)))
	for b.Loop() {
		n := nativeWriter{source: source, dst: dst[:0], pixels: []string{"https://node.example/it?e=T"}, click: "https://node.example/click?e=T"}
		if !n.write() {
			b.Fatal("no ad")
		}
		dst = n.dst
	}
}

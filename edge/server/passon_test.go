package server

import (
	"net/http"
	"net/url"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"curb/edge/ad"
	"curb/edge/adcall"
	"curb/edge/catalog"
	"curb/edge/token"
)

// locationOf is the Location of a 302 to an ad server; anything else fails the test.
func locationOf(t *testing.T, h http.Handler, target string, change ...func(*http.Request)) *url.URL {
	t.Helper()
	w := get(h, target, change...)
	if w.Code != http.StatusFound {
		t.Fatalf("%s: status %d, X-Curb-Error %q", target, w.Code, w.Header().Get("X-Curb-Error"))
	}
	where, err := url.Parse(w.Header().Get("Location"))
	if err != nil {
		t.Fatal(err)
	}
	return where
}

// targetOf cuts an accept URL into what get takes: path and query.
func targetOf(t *testing.T, accept, origin string) string {
	t.Helper()
	target, found := strings.CutPrefix(accept, origin)
	if !found {
		t.Fatalf("the URL %q does not begin with %s", accept, origin)
	}
	return target
}

// TestPreemptiveTagSells goes the whole way: /pt, the ad server, /ab, and again.
func TestPreemptiveTagSells(t *testing.T) {
	s := &seller{sell: won(502), book: newBook()}
	h := rim(t, s)
	w := get(h, "/pt?id=1009&cb=7")
	for name, want := range map[string]string{
		"Cache-Control": "no-store", "Referrer-Policy": "no-referrer", "X-Content-Type-Options": "nosniff", "Content-Length": "0", "Content-Type": "",
		"X-Curb-Outcome": "won",
	} {
		if got := w.Header().Get(name); got != want {
			t.Errorf("%s: %q, want %q", name, got, want)
		}
	}
	if w.Code != http.StatusFound || w.Body.Len() != 0 {
		t.Fatalf("status %d, body %q", w.Code, w.Body)
	}
	where, err := url.Parse(w.Header().Get("Location"))
	if err != nil {
		t.Fatal(err)
	}
	q := where.Query()
	accept := q.Get("a")
	q.Del("a")
	want := url.Values{"pb": {"2.00"}, "p": {"2"}, "s": {""}, "i": {"00000000000000000000000000000001"}, "c": {"502.html"}, "z": {"300x250"}, "w": {"300"},
		"h": {"250"}, "d": {""}, "cb": {"7"}, "l": {"1009"}, "x": {"{NO_SUCH}"}}
	if diff := cmp.Diff(want, q); diff != "" || where.Host != "ads.pub.example" || where.Path != "/ads" {
		t.Errorf("calls %s (-want +got):\n%s", where, diff)
	}
	if s.book.billed() != 0 {
		t.Fatal("passing a price on billed it")
	}
	target := targetOf(t, accept, "https://localhost:8443")
	for i, bill := range []string{"first", "dup", "dup"} {
		w := get(h, target)
		if w.Code != 200 || w.Header().Get("X-Curb-Bill") != bill || !strings.Contains(w.Body.String(), "Buy html") || s.book.billed() != 1 {
			t.Errorf("call %d: status %d, X-Curb-Bill %q, %d bills, body %s", i+1, w.Code, w.Header().Get("X-Curb-Bill"), s.book.billed(), w.Body)
		}
		for name, want := range map[string]string{
			"Content-Type": "text/html; charset=utf-8", "Content-Security-Policy": "sandbox " + sandbox, "Cache-Control": "no-store",
			"X-Content-Type-Options": "nosniff", "X-Curb-Error": "",
		} {
			if got := w.Header().Get(name); got != want {
				t.Errorf("%s: %q, want %q", name, got, want)
			}
		}
	}
}

// TestNothingSoldStillCallsTheAdServer has no bid, a winner that cannot be shown, and a sale that cannot be kept.
func TestNothingSoldStillCallsTheAdServer(t *testing.T) {
	full := newBook()
	full.full = true
	for name, s := range map[string]*seller{
		"no bid":           {sell: fall(adcall.Blank), book: newBook()},
		"default creative": {sell: fall(adcall.Default), book: newBook()},
		"not to be shown":  {sell: won(504), book: newBook()},
		"not to be kept":   {sell: won(502), book: full},
	} {
		q := locationOf(t, rim(t, s), "/pt?id=1009").Query()
		for key, want := range map[string]string{"pb": "0.00", "p": "0", "s": "", "a": "", "c": "0.", "z": "300x250", "d": ""} {
			if got, ok := q[key]; !ok || got[0] != want {
				t.Errorf("%s: %s=%q, want %q", name, key, got, want)
			}
		}
		if s.book.writes != 0 {
			t.Errorf("%s: %d promises were kept", name, s.book.writes)
		}
	}
}

// TestASaleThatMakesTheURLTooLong calls the ad server without it, as long as the URL fits at all.
func TestASaleThatMakesTheURLTooLong(t *testing.T) {
	redir := func(n int) string {
		return "/pt?id=1009&cb=7&redir=https://good.example/ads?p={PRICE}&a={ACCEPT_URL}&x=" + strings.Repeat("y", n)
	}
	fits := func(s *seller) int { // the longest for which the ad server is told of a sale, or called at all
		for n := 0; ; n++ {
			w := get(rim(t, s), redir(3600+n))
			if w.Code != http.StatusFound || s.book != nil && strings.Contains(w.Header().Get("Location"), "p=0&a=&") {
				return 3600 + n - 1
			}
		}
	}
	sold := &seller{sell: won(502), book: newBook()}
	withSale, without := fits(sold), fits(&seller{sell: fall(adcall.Blank)})
	if withSale >= without || without >= ad.RedirectBytesMax {
		t.Fatalf("%d bytes fit with a sale, %d without", withSale, without)
	}
	for _, c := range []struct {
		n, status, writes int
		want              string
	}{{withSale, 302, 1, "p=2&a=https"}, {withSale + 1, 302, 0, "p=0&a=&"}, {without, 302, 0, "p=0&a=&"}, {without + 1, 400, 0, ""}} {
		s := &seller{sell: won(502), book: newBook()}
		w := get(rim(t, s), redir(c.n))
		if w.Code != c.status || !strings.Contains(w.Header().Get("Location"), c.want) || s.book.writes != c.writes {
			t.Errorf("%d bytes: status %d %s, %d promises, calls %.80s", c.n, w.Code, w.Header().Get("X-Curb-Error"), s.book.writes, w.Header().Get("Location"))
		}
		if c.status == 400 && w.Header().Get("X-Curb-Error") != "redirect_too_long" {
			t.Errorf("%d bytes: %v", c.n, w.Header())
		}
	}
}

// TestTheAcceptURLIsOnTheHostOfTheCall binds it there too.
func TestTheAcceptURLIsOnTheHostOfTheCall(t *testing.T) {
	s := &seller{sell: won(502), book: newBook()}
	h := rim(t, s)
	for host, origin := range map[string]string{
		"ADS.news.example.": "https://ads.news.example", "ads.news.example:8443": "https://ads.news.example:8443", "[::1]:8443": "https://[::1]:8443",
		"localhost:x": "https://localhost",
	} {
		accept := locationOf(t, h, "/pt?id=1009", onHost(host)).Query().Get("a")
		target := targetOf(t, accept, origin+"/")
		if w := get(h, "/"+target, onHost(host)); w.Code != 200 || w.Body.Len() == 0 {
			t.Errorf("%s: status %d on its own host", host, w.Code)
		}
		if w := get(h, "/"+target, onHost("ads.other.example")); w.Code != 403 || w.Header().Get("X-Curb-Error") != "token_invalid" {
			t.Errorf("%s: status %d on another host", host, w.Code)
		}
	}
}

func TestSealedPriceIsForThePublisherOnly(t *testing.T) {
	key := ad.PriceKey{Scheme: ad.PriceAEAD, Encryption: [32]byte{1}}
	set := contents()
	set.Publishers[0].PriceKey = key
	h := rim(t, &seller{sell: won(502), book: newBook()}, withContents(t, set))
	sealed := locationOf(t, h, "/pt?id=1009").Query().Get("s")
	price, err := token.OpenPrice([]byte(sealed), &key, 1, ad.AuctionID{15: 1})
	if err != nil || price.Amount != 2_000_000 {
		t.Errorf("%q opens as %v, %v", sealed, price, err)
	}
}

func TestBucketsAreThePublishers(t *testing.T) {
	set := contents()
	set.Publishers[0].Buckets = ad.Buckets{Precision: 3, Ranges: []ad.BucketRange{{Max: 10_000_000, Increment: 1_500_000}}}
	h := rim(t, &seller{sell: won(502), book: newBook()}, withContents(t, set))
	if got := locationOf(t, h, "/pt?id=1009").Query().Get("pb"); got != "1.500" {
		t.Errorf("bucket %q, want 1.500", got)
	}
}

func TestAdServerOfTheTag(t *testing.T) {
	s := &seller{sell: won(502), book: newBook()}
	h := rim(t, s)
	for _, c := range []struct{ redir, want, server string }{
		{"", "https://ads.pub.example/ads?pb=2.00&p=2&s=&a=", "own"},
		{"&redir=second", "https://good.example/ads", "second"},
		{"&redir=https%3A%2F%2Fgood.example%2Fads%2Fbelow%3Fp%3D{PRICE}&cb=1", "https://good.example/ads/below?p=2", "second"},
		{"&redir=https://good.example/ads?pb={PRICEBUCKET}&redirect=x&id=7", "https://good.example/ads?pb=2.00&redirect=x&id=7", "second"},
		{"&redir=https://good.example/ads?pb=%7BPRICEBUCKET%7D&t=1", "https://good.example/ads?pb=2.00&t=1", "second"},
		{"&redir=https://old.example/adi/news;sz={SIZE};pb={PRICEBUCKET}?", "https://old.example/adi/news;sz=300x250;pb=2.00?", "old"},
	} {
		where := locationOf(t, h, "/pt?id=1009"+c.redir).String()
		if !strings.HasPrefix(where, c.want) || s.last.AdServer == nil || s.last.AdServer.Name != c.server {
			t.Errorf("%s: calls %s by %v, want %s by %s", c.redir, where, s.last.AdServer, c.want, c.server)
		}
	}
}

func TestPassingScript(t *testing.T) {
	s := &seller{sell: won(502), book: newBook()}
	h := rim(t, s)
	w := get(h, "/ptj?id=1009&target=slot&redir=second")
	want := `"src","https://good.example/ads",300,250,"slot","/ptj?id=1009&target=slot&redir=second");`
	if w.Code != 200 || w.Header().Get("Content-Type") != "application/javascript" || !strings.Contains(w.Body.String(), want) {
		t.Errorf("status %d, %v, body\n%s", w.Code, w.Header(), w.Body)
	}
	if strings.Contains(w.Body.String(), "document.write") {
		t.Error("it writes into the parser")
	}
	if s.book.writes != 1 || s.book.billed() != 0 {
		t.Errorf("%d promises, %d bills", s.book.writes, s.book.billed())
	}
}

func TestJSON(t *testing.T) {
	s := &seller{sell: won(502, func(b *ad.Bid) { b.Deal = &ad.Deal{ID: `d"</script>` + "\u2028\U0001f600"} }), book: newBook()}
	h := rim(t, s, func(o *Options) {
		o.NewNonce = func() [12]byte { return [12]byte{} }
	})
	accept := strings.Split(strings.Split(get(h, "/jpt?id=1001").Body.String(), `"accept":"`)[1], `"`)[0]
	bid := `{"cpm":2,"ad":"\u003ciframe src=\"` + accept + `\" width=\"300\" height=\"250\" title=\"Advertisement\" scrolling=\"no\" style=\"border:0;display:block\" sandbox=\"` +
		sandbox + `\"\u003e\u003c/iframe\u003e","width":300,"height":250,"deal_id":"d\"\u003c/script\u003e\u2028\ud83d\ude00","creative_id":502,"accept":"` + accept + `"}`
	none := `{"cpm":0,"ad":"","width":0,"height":0,"deal_id":"","creative_id":0,"accept":""}`
	legacy := strings.Replace(bid, `"cpm":2`, `"cpm":20000`, 1)
	nobody := rim(t, &seller{sell: fall(adcall.PSA)})
	for _, c := range []struct {
		h            *Handler
		query, kind  string
		status       int
		body, reason string
	}{
		{h, "", "application/json", 200, bid + "\n", ""},
		{h, "&callback=pb.$_1", "application/javascript", 200, "/**/pb.$_1(" + bid + ");\n", ""},
		{h, "&legacy=1", "application/json", 200, legacy + "\n", ""},
		{h, "&callback_uid=u-1", "application/json", 200, bid + "\n", ""},
		{h, "&callback_uid=u-1&legacy=1&callback=cb", "application/javascript", 200, `/**/cb({"callback_uid":"u-1","result":` + legacy + "});\n", ""},
		{nobody, "", "application/json", 200, none + "\n", ""},
		{nobody, "&callback_uid=u-1&legacy=1", "application/json", 200, `{"callback_uid":"u-1","result":` + none + "}\n", ""},
		{h, "&callback=" + strings.Repeat("f", 64), "application/javascript", 200, "/**/" + strings.Repeat("f", 64) + "(" + bid + ");\n", ""},
		{h, "&callback=" + strings.Repeat("f", 65), "text/plain", 400, "", "param_invalid"},
		{h, "&callback=alert(1)//", "text/plain", 400, "", "param_invalid"},
		{h, "&callback=1a", "text/plain", 400, "", "param_invalid"},
		{h, "&callback=.a", "text/plain", 400, "", "param_invalid"},
		{h, "&callback=a%E2%80%A8", "text/plain", 400, "", "param_invalid"},
		{h, "&callback_uid=%22", "text/plain", 400, "", "param_invalid"},
		{h, "&legacy=2", "text/plain", 400, "", "param_invalid"},
	} {
		w := get(c.h, "/jpt?id=1001"+c.query)
		if w.Code != c.status || w.Header().Get("Content-Type") != c.kind || w.Header().Get("X-Curb-Error") != c.reason || w.Header().Get("X-Content-Type-Options") != "nosniff" {
			t.Errorf("%s: status %d, %v", c.query, w.Code, w.Header())
		}
		if diff := cmp.Diff(c.body, w.Body.String()); diff != "" {
			t.Errorf("%s (-want +got):\n%s", c.query, diff)
		}
	}
	if w := get(h, targetOf(t, accept, "https://localhost:8443")); w.Code != 200 || w.Body.Len() == 0 {
		t.Errorf("its accept URL: status %d", w.Code)
	}
}

// TestTestsBuyNothing answers a test call as usual and keeps nothing of it.
func TestTestsBuyNothing(t *testing.T) {
	s := &seller{sell: won(502), book: newBook()}
	h := rim(t, s)
	if w := get(h, "/tt?id=1001&test=1&dongle=owners-dongle"); !strings.Contains(w.Body.String(), "Buy html") {
		t.Errorf("body %q", w.Body)
	}
	if q := locationOf(t, h, "/pt?id=1009&test=1&dongle=owners-dongle").Query(); q.Get("p") != "2" || q.Get("a") != "" || q.Get("c") != "502.html" {
		t.Errorf("the ad server is told %v", q)
	}
	want := `{"cpm":2,"ad":"","width":300,"height":250,"deal_id":"","creative_id":502,"accept":""}` + "\n"
	if diff := cmp.Diff(want, get(h, "/jpt?id=1009&test=1&dongle=owners-dongle").Body.String()); diff != "" {
		t.Errorf("(-want +got):\n%s", diff)
	}
	if s.book.writes != 0 || s.book.billed() != 0 {
		t.Errorf("%d writes, %d bills", s.book.writes, s.book.billed())
	}
}

// TestDirectTagsSellBeforeTheFirstByte bills what is shown, and shows nothing that is not billed.
func TestDirectTagsSellBeforeTheFirstByte(t *testing.T) {
	s := &seller{sell: won(502), book: newBook()}
	h := rim(t, s)
	if w := get(h, "/tt?id=1001"); w.Header().Get("X-Curb-Outcome") != "won" || s.book.billed() != 1 {
		t.Errorf("%s, %d bills", w.Header().Get("X-Curb-Outcome"), s.book.billed())
	}
	s = &seller{sell: won(502), book: newBook()}
	s.book.full = true
	h = rim(t, s)
	for target, outcome := range map[string]string{"/tt?id=1005&cb=1": "chain", "/ttj?id=1005&cb=1": "chain", "/tt?id=1001": "psa", "/tt?id=1001&psa=0": "blank"} {
		if w := get(h, target); w.Header().Get("X-Curb-Outcome") != outcome || strings.Contains(w.Body.String(), "Buy html") {
			t.Errorf("%s without a bill: %s, %s", target, w.Header().Get("X-Curb-Outcome"), w.Body)
		}
	}
	s = &seller{sell: won(504), book: newBook()}
	if w := get(rim(t, s), "/tt?id=1001&psa=0"); w.Body.Len() != 0 || s.book.billed() != 0 {
		t.Errorf("what cannot be shown was billed %d times: %s", s.book.billed(), w.Body)
	}
}

// withContents gives the handler another catalog.
func withContents(t testing.TB, set catalog.Contents) func(*Options) {
	t.Helper()
	snap, err := catalog.New(set)
	if err != nil {
		t.Fatal(err)
	}
	return func(o *Options) { o.Snapshot = func() *catalog.Snapshot { return snap } }
}

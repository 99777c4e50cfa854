package macro

import (
	"errors"
	"strings"
	"testing"

	"curb/edge/ad"
)

// registered are the ad servers of the tests' placement.
var registered = []ad.AdServer{
	{Name: "own", URL: "https://good.example/ads?pb={PRICEBUCKET}&u={ACCEPT_URL}"},
	{Name: "classic", URL: "https://classic.example:8443/adj/site/zone;pb={PRICEBUCKET};sz={SIZE};ord={CB}?"},
	{Name: "folder", URL: "https://folder.example/a/{PLACEMENT_ID}/x?p={PRICE}"},
	{Name: "root", URL: "https://root.example"},
	{Name: "deeper", URL: "https://good.example/ads/inner"},
	{Name: "slash", URL: "https://slash.example/ads/"},
}

func allowed(t testing.TB) *Allowed {
	t.Helper()
	a, err := Allow(registered, false)
	if err != nil {
		t.Fatal(err)
	}
	return a
}

// offered is what a sale gives an ad server.
func offered() RedirectValues {
	return RedirectValues{
		Bucket: []byte("1.20"), Price: 1_234_560, Sealed: []byte("c2VhbGVk_-"), AcceptURL: []byte("https://ads.news.example/ab?e=T&x=1"),
		Auction: ad.AuctionID{0xaf}, Creative: 5001, CreativeCode: `a b/c"é`, Size: ad.Size{W: 300, H: 250}, Deal: "d-1", Cachebuster: "42", Placement: 1001,
	}
}

// codeOf is the code of a redirect's error, "" without one.
func codeOf(err error) string {
	var fault *RedirectError
	if !errors.As(err, &fault) {
		return ""
	}
	return fault.Code
}

func TestRedirectsAreFilled(t *testing.T) {
	const auction = "af000000000000000000000000000000"
	for _, c := range []struct{ redir, want string }{
		{"own", "https://good.example/ads?pb=1.20&u=https%3A%2F%2Fads.news.example%2Fab%3Fe%3DT%26x%3D1"},
		{"classic", "https://classic.example:8443/adj/site/zone;pb=1.20;sz=300x250;ord=42?"},
		{"folder", "https://folder.example/a/1001/x?p=1.23456"},
		{"root", "https://root.example/"},
		{"https://root.example?a={AUCTION_ID}", "https://root.example/?a=" + auction},
		{"HTTPS://Good.Example:443/ads?c={CREATIVE_ID}&k={CREATIVE_CODE}", "https://good.example/ads?c=5001&k=a%20b%2Fc%22%C3%A9"},
		{"https://good.example/ads/x/{WIDTH}x{HEIGHT}/{CREATIVE_CODE};d={DEAL_ID}", "https://good.example/ads/x/300x250/a%20b%2Fc%22%C3%A9;d=d-1"},
		{"https://classic.example:8443/adj/site/zone;x={SEALED_PRICE}?", "https://classic.example:8443/adj/site/zone;x=c2VhbGVk_-?"},
		{"https://good.example/ads?x=${PRICE}&y={NOBODY}&z={price}&{{CB}}", "https://good.example/ads?x=$%7BPRICE%7D&y=%7BNOBODY%7D&z=%7Bprice%7D&%7B42%7D"},
		{"https://good.example/ads?x=%7BCB%7D&q=a+b%20c'\"<>^`|", "https://good.example/ads?x=%7BCB%7D&q=a+b%20c%27%22%3C%3E%5E%60%7C"},
		{"https://good.example/ads?u=https://evil.example/&{", "https://good.example/ads?u=https://evil.example/&%7B"},
		{"https://root.example/a/b.c/...d/;x=..", "https://root.example/a/b.c/...d/;x=.."},
	} {
		r, _, err := allowed(t).Match(c.redir)
		if err != nil {
			t.Errorf("%s: %v", c.redir, err)
			continue
		}
		got, err := r.Append([]byte("before "), offered())
		if err != nil || string(got) != "before "+c.want {
			t.Errorf("%s\n got %s (%v)\nwant %s", c.redir, got, err, c.want)
		}
	}
}

func TestANoBidIsPriceZeroWithNothingToAccept(t *testing.T) {
	r, err := ParseRedirect("https://good.example/ads?p={PRICE}&b={PRICEBUCKET}&u={ACCEPT_URL}&s={SIZE}&w={WIDTH}&c={CREATIVE_ID}&d={DEAL_ID}", false)
	if err != nil {
		t.Fatal(err)
	}
	got, err := r.Append(nil, RedirectValues{Bucket: []byte("0.00")})
	if want := "https://good.example/ads?p=0&b=0.00&u=&s=&w=&c=0&d="; string(got) != want || err != nil {
		t.Errorf("got %s (%v), want %s", got, err, want)
	}
}

// hostileRedirs are URLs of a tag with the code of the refusal.
var hostileRedirs = []struct{ redir, code string }{
	{"https://evil.example/", CodeRedirectNotAllowed},
	{"//evil.example", CodeRedirectInvalid}, {`/\evil.example`, CodeRedirectInvalid}, {`\\evil.example`, CodeRedirectInvalid}, {"///evil.example", CodeRedirectInvalid},
	{"javascript:alert(1)", CodeRedirectInvalid}, {"data:text/html,x", CodeRedirectInvalid}, {"https:evil.example", CodeRedirectInvalid},
	{"https:/good.example/ads", CodeRedirectInvalid}, {"https:///good.example/ads", CodeRedirectInvalid}, {`https:\\good.example\ads`, CodeRedirectInvalid},
	{"http://good.example/ads", CodeRedirectInvalid}, {"http://localhost/ads", CodeRedirectInvalid}, {" https://good.example/ads", CodeRedirectInvalid}, {"", CodeRedirectInvalid},
	{"https://good.example/ads\r\nX: y", CodeRedirectInvalid}, {"https://good.example/ads\n", CodeRedirectInvalid}, {"https://good.example/ads\x00", CodeRedirectInvalid},
	{"https://good.example/ads\t", CodeRedirectInvalid}, {"https://good.example/ads?%0d%0aX:y", CodeRedirectInvalid}, {"https://good.example/ads/%00", CodeRedirectInvalid},
	{"https://good.example/ads?%7f", CodeRedirectInvalid}, {"https://good.example/ads?é", CodeRedirectInvalid}, {"https://good.example/ads?a b", CodeRedirectInvalid},
	{"https://good.example/ads?%", CodeRedirectInvalid}, {"https://good.example/ads?%2", CodeRedirectInvalid}, {"https://good.example/ads?%zz", CodeRedirectInvalid},
	{"https://good.example@evil.example/", CodeRedirectInvalid}, {"https://good.example:443@evil.example/ads", CodeRedirectInvalid}, {"https://@good.example/ads", CodeRedirectInvalid},
	{"https://good.example.evil.example/ads", CodeRedirectNotAllowed}, {"https://good.example%2eevil/ads", CodeRedirectInvalid}, {"https://good.example./ads", CodeRedirectInvalid},
	{"https://evilgood.example/ads", CodeRedirectNotAllowed}, {"https://sub.good.example/ads", CodeRedirectNotAllowed}, {"https://good.example:8443/ads", CodeRedirectNotAllowed},
	{"https://good.example:0443/ads", CodeRedirectInvalid}, {"https://good.example:/ads", CodeRedirectInvalid}, {"https://good.example:65536/ads", CodeRedirectInvalid},
	{"https://good.example:4\t43/ads", CodeRedirectInvalid}, {"https://{CB}.example/ads", CodeRedirectInvalid}, {"https://good.example:{CB}/ads", CodeRedirectInvalid},
	{"{ACCEPT_URL}", CodeRedirectInvalid}, {"https://good.example{CB}/ads", CodeRedirectInvalid}, {"https://good.example;/ads", CodeRedirectInvalid},
	{"https://good.example/ads-evil", CodeRedirectNotAllowed}, {"https://good.example/adsevil/", CodeRedirectNotAllowed}, {"https://good.example/ads{CB}", CodeRedirectNotAllowed},
	{"https://good.example/ads;x=1", CodeRedirectNotAllowed}, {"https://good.example/Ads", CodeRedirectNotAllowed}, {"https://good.example/", CodeRedirectNotAllowed},
	{"https://good.example//ads", CodeRedirectNotAllowed}, {"https://good.example/%61ds", CodeRedirectNotAllowed}, {"https://slash.example/ads", CodeRedirectNotAllowed},
	{"https://classic.example:8443/adj/site/zone2;pb=1", CodeRedirectNotAllowed}, {"https://folder.example/a", CodeRedirectNotAllowed},
	{"https://good.example/ads/../evil", CodeRedirectInvalid}, {"https://good.example/ads/..", CodeRedirectInvalid}, {"https://good.example/ads/./x", CodeRedirectInvalid},
	{"https://good.example/ads/%2e%2e/evil", CodeRedirectInvalid}, {"https://good.example/ads/.%2E/evil", CodeRedirectInvalid}, {"https://good.example/ads/..;x/evil", CodeRedirectInvalid},
	{"https://good.example/ads%2f..%2fevil", CodeRedirectInvalid}, {"https://good.example/ads/%5c..%5cevil", CodeRedirectInvalid}, {`https://good.example/ads\..\evil`, CodeRedirectInvalid},
	{"https://good.example/ads/%252e%252e/evil", CodeRedirectInvalid}, {"https://good.example/ads/.{DEAL_ID}/evil", CodeRedirectInvalid}, {"https://good.example/ads#x", CodeRedirectInvalid},
	{"https://127.0.0.1/ads", CodeRedirectInvalid}, {"https://[::1]/ads", CodeRedirectInvalid}, {"https://2130706433/ads", CodeRedirectInvalid}, {"https://0x7f.1/ads", CodeRedirectInvalid},
	{"https://good.example/ads?" + strings.Repeat("x", ad.RedirectBytesMax), CodeRedirectTooLong}, {"nobody", CodeRedirectNotAllowed},
}

func TestHostileRedirsAreRefused(t *testing.T) {
	for _, c := range hostileRedirs {
		r, server, err := allowed(t).Match(c.redir)
		if r != nil || server != -1 || codeOf(err) != c.code {
			t.Errorf("%.80q: server %d, %v; want %s", c.redir, server, err, c.code)
		}
		if err != nil && len(c.redir) > 5 && strings.Contains(err.Error(), c.redir) {
			t.Errorf("%q is repeated in %v", c.redir, err)
		}
	}
}

func TestTheLongestPathAllows(t *testing.T) {
	for redir, want := range map[string]int{
		"own": 0, "https://good.example/ads/inn": 0, "https://good.example/ads/inner": 4, "https://good.example/ads/inner/x?y": 4, "https://root.example/any/where": 3,
		"https://classic.example:8443/adj/site/zone/more": 1, "https://folder.example/a/b/c": 2, "https://slash.example/ads/x": 5,
	} {
		if _, server, err := allowed(t).Match(redir); server != want {
			t.Errorf("%s is allowed by server %d (%v), want %d", redir, server, err, want)
		}
	}
}

func TestLabsMayCallThisMachine(t *testing.T) {
	for _, url := range []string{"http://localhost:9800/ads", "http://127.0.0.1:9800/ads", "http://[::1]:9800/ads", "https://127.0.0.1:9800/", "http://a.localhost/"} {
		if _, err := ParseRedirect(url, true); err != nil {
			t.Errorf("a lab refuses %s: %v", url, err)
		}
		if _, err := ParseRedirect(url, false); codeOf(err) != CodeRedirectInvalid {
			t.Errorf("%s outside a lab: %v", url, err)
		}
	}
	for _, url := range []string{"http://good.example/", "http://192.168.0.1/", "https://192.168.0.1/", "http://localhost.evil.example/", "http://127.0.0.1.evil.example/", "http://0177.0.0.1/"} {
		if _, err := ParseRedirect(url, true); codeOf(err) != CodeRedirectInvalid {
			t.Errorf("a lab takes %s: %v", url, err)
		}
	}
}

func TestABadAdServerIsNamedAndLeftOut(t *testing.T) {
	a, err := Allow([]ad.AdServer{{Name: "bad", URL: "ftp://x"}, registered[0]}, false)
	if err == nil || !strings.Contains(err.Error(), `ad server "bad"`) {
		t.Errorf("error %v", err)
	}
	if a.Server(0) != nil || a.Server(1) == nil || a.Server(2) != nil || a.Server(-1) != nil {
		t.Error("the wrong servers are left")
	}
	if _, _, err := a.Match("bad"); codeOf(err) != CodeRedirectNotAllowed {
		t.Errorf("the bad one: %v", err)
	}
	if _, server, err := a.Match("own"); server != 1 {
		t.Errorf("the good one: %d, %v", server, err)
	}
}

func TestRedirectsHaveALength(t *testing.T) {
	const base = "https://good.example/ads?x="
	r, err := ParseRedirect(base+"{DEAL_ID}", false)
	if err != nil {
		t.Fatal(err)
	}
	for rest, code := range map[int]string{0: "", 1: CodeRedirectTooLong} {
		text := strings.Repeat("x", ad.RedirectBytesMax-len(base)+rest)
		dst, err := r.Append([]byte("kept"), RedirectValues{Deal: text})
		if codeOf(err) != code || (err != nil && string(dst) != "kept") {
			t.Errorf("%d bytes past the limit, by a value: %d bytes, %v", rest, len(dst), err)
		}
		if _, err := ParseRedirect(base+text, false); codeOf(err) != code {
			t.Errorf("%d bytes past the limit, as written: %v", rest, err)
		}
	}
}

// TestAValueOfDotsIsNoStep: no value in a path may lead out of it.
func TestAValueOfDotsIsNoStep(t *testing.T) {
	r, err := ParseRedirect("https://good.example/ads/{DEAL_ID}/{DEAL_ID}{CREATIVE_CODE}/x?d={DEAL_ID}", false)
	if err != nil {
		t.Fatal(err)
	}
	for deal, want := range map[string]string{
		"..":  "https://good.example/ads/__/___/x?d=..",
		"":    "https://good.example/ads//_/x?d=",
		"../": "https://good.example/ads/..%2F/..%2F_/x?d=..%2F",
	} {
		if got, err := r.Append(nil, RedirectValues{Deal: deal, CreativeCode: "."}); string(got) != want || err != nil {
			t.Errorf("%q gives %s (%v), want %s", deal, got, err, want)
		}
	}
}

func TestRedirectingAllocatesNothing(t *testing.T) {
	a, dst, v := allowed(t), make([]byte, 0, ad.RedirectBytesMax+512), offered()
	if n := testing.AllocsPerRun(100, func() {
		r, _, _ := a.Match("own")
		dst, _ = r.Append(dst[:0], v)
	}); n != 0 || len(dst) == 0 {
		t.Errorf("a registered ad server: %v allocations, %d bytes", n, len(dst))
	}
	hosts := []string{"shop.example"}
	if n := testing.AllocsPerRun(100, func() { dst, _ = AppendClickTarget(dst[:0], "https://shop.example/?a=1", hosts) }); n != 0 || len(dst) == 0 {
		t.Errorf("a click: %v allocations, %d bytes", n, len(dst))
	}
}

func TestClickTargets(t *testing.T) {
	hosts := []string{"shop.example", "127.0.0.1", ""}
	for _, c := range []struct{ landing, want, code string }{
		{"https://shop.example", "https://shop.example/", ""},
		{"http://SHOP.example:80?a=é b\\c#d", "http://shop.example/?a=%C3%A9%20b%5Cc#d", ""},
		{"https://www.shop.example:8443/a/../b?u=https://x", "https://www.shop.example:8443/a/../b?u=https://x", ""},
		{"http://127.0.0.1:9900/shop", "http://127.0.0.1:9900/shop", ""},
		{"https://evilshop.example/", "", CodeRedirectNotAllowed}, {"https://shop.example.evil.example/", "", CodeRedirectNotAllowed}, {"https://evil.example/?shop.example", "", CodeRedirectNotAllowed},
		{"https://shop.example@evil.example/", "", CodeRedirectInvalid}, {`https://shop.example\@evil.example/`, "", CodeRedirectInvalid}, {`https://shop.example/\evil`, "", CodeRedirectInvalid},
		{"https://shop.example/\r\nX: y", "", CodeRedirectInvalid}, {"https://shop.example/\x00", "", CodeRedirectInvalid}, {"https://shop.example/\t", "", CodeRedirectInvalid},
		{"javascript:alert(1)//shop.example", "", CodeRedirectInvalid}, {"//shop.example/", "", CodeRedirectInvalid}, {"https:shop.example", "", CodeRedirectInvalid}, {"", "", CodeRedirectInvalid},
		{"https://shop.example/" + strings.Repeat("x", ad.RedirectBytesMax), "", CodeRedirectTooLong}, {"https://shop.example/" + strings.Repeat("é", ad.RedirectBytesMax/4), "", CodeRedirectTooLong},
	} {
		got, err := AppendClickTarget([]byte("kept"), c.landing, hosts)
		if string(got) != "kept"+c.want || codeOf(err) != c.code {
			t.Errorf("%.60q gives %s (%v), want %s %s", c.landing, got, err, c.want, c.code)
		}
		sealed, err := AppendSealedTarget(nil, c.landing)
		if c.code == CodeRedirectNotAllowed {
			if err != nil || len(sealed) == 0 {
				t.Errorf("%q out of a token: %v", c.landing, err)
			}
		} else if string(sealed) != c.want || codeOf(err) != c.code {
			t.Errorf("%.60q out of a token gives %s (%v)", c.landing, sealed, err)
		}
	}
	if host, ok := LandingHost("https://WWW.Shop.example:1/x"); host != "www.shop.example" || !ok {
		t.Errorf("LandingHost: %q %v", host, ok)
	}
}

func BenchmarkRedirect(b *testing.B) {
	a, dst, v := allowed(b), make([]byte, 0, 4096), offered()
	b.ReportAllocs()
	for b.Loop() {
		r, _, _ := a.Match("own")
		dst, _ = r.Append(dst[:0], v)
	}
}

func BenchmarkRedirectOfATag(b *testing.B) {
	a, dst, v := allowed(b), make([]byte, 0, 4096), offered()
	b.ReportAllocs()
	for b.Loop() {
		r, _, _ := a.Match("https://good.example/ads/x?pb={PRICEBUCKET}&u={ACCEPT_URL}&cb={CB}")
		dst, _ = r.Append(dst[:0], v)
	}
}

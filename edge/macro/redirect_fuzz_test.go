package macro

import (
	"fmt"
	"math/rand/v2"
	"net/url"
	"strconv"
	"strings"
	"testing"

	"curb/edge/ad"
)

// place is where a browser goes with a URL.
type place struct{ scheme, host, port, path string }

// browser reads a URL as browsers do, forgiving as they are (WHATWG URL §4.4), for schemes with hosts. It shares nothing
// with the package. ok is false where a browser goes nowhere.
func browser(text string) (p place, ok bool) {
	text = strings.TrimFunc(text, func(r rune) bool { return r <= ' ' })
	text = strings.NewReplacer("\t", "", "\n", "", "\r", "").Replace(text)
	scheme, rest, found := strings.Cut(text, ":")
	if p.scheme = strings.ToLower(scheme); !found || p.scheme != "https" && p.scheme != "http" {
		return p, false
	}
	rest = strings.TrimLeft(rest, `/\`)
	end := strings.IndexAny(rest, `/\?#`)
	if end < 0 {
		end = len(rest)
	}
	authority, rest := rest[:end], rest[end:]
	authority = authority[strings.LastIndexByte(authority, '@')+1:]
	p.host = authority
	if i := strings.LastIndexByte(authority, ':'); i > strings.LastIndexByte(authority, ']') {
		p.host, p.port = authority[:i], authority[i+1:]
	}
	if p.port != "" {
		n, err := strconv.ParseUint(p.port, 10, 16)
		if err != nil {
			return p, false
		}
		p.port = strconv.FormatUint(n, 10)
	}
	if p.scheme == "https" && p.port == "443" || p.scheme == "http" && p.port == "80" {
		p.port = ""
	}
	if p.host, ok = browserHost(p.host); !ok {
		return p, false
	}
	if end = strings.IndexAny(rest, "?#"); end >= 0 {
		rest = rest[:end]
	}
	p.path = browserPath(rest)
	return p, true
}

// browserHost decodes, lowers and canonicalises (WHATWG URL §3.5), apart from international names, which become something
// that is registered nowhere.
func browserHost(host string) (string, bool) {
	host, err := url.PathUnescape(host)
	if err != nil || host == "" {
		return "", false
	}
	if host = strings.ToLower(host); strings.ContainsAny(host, " #%/:<>?@\\^|\x00\t\n\r") && host[0] != '[' {
		return "", false
	}
	labels := strings.Split(strings.TrimSuffix(host, "."), ".")
	if last := labels[len(labels)-1]; strings.Trim(last, "0123456789") != "" || last == "" {
		if _, err := browserNumber(last); err != nil {
			return host, true
		}
	}
	var address uint64 // inet_aton: the last part fills what is left
	for i, label := range labels {
		n, err := browserNumber(label)
		if err != nil || len(labels) > 4 {
			return "", false
		}
		if i == len(labels)-1 {
			address |= n
		} else {
			address |= n << (24 - 8*i)
		}
	}
	return fmt.Sprintf("%d.%d.%d.%d", address>>24&255, address>>16&255, address>>8&255, address&255), true
}

// browserNumber is one part of an IPv4 address: decimal, octal after 0, hexadecimal after 0x.
func browserNumber(text string) (uint64, error) {
	if hex, ok := strings.CutPrefix(text, "0x"); ok {
		return strconv.ParseUint("0"+hex, 16, 64)
	}
	if len(text) > 1 && text[0] == '0' {
		return strconv.ParseUint(text, 8, 64)
	}
	return strconv.ParseUint(text, 10, 64)
}

// browserPath takes the steps of a path (WHATWG URL, path state).
func browserPath(path string) string {
	var out []string
	segments := strings.Split(strings.TrimPrefix(strings.ReplaceAll(path, `\`, "/"), "/"), "/")
	for _, s := range segments {
		switch strings.ReplaceAll(strings.ToLower(s), "%2e", ".") {
		case ".":
		case "..":
			if len(out) > 0 {
				out = out[:len(out)-1]
			}
		default:
			out = append(out, s)
		}
	}
	return "/" + strings.Join(out, "/")
}

// mayGo says where the registered ad servers let a browser go, in words of their own.
func mayGo(p place) bool {
	below := func(path string) bool { return p.path == path || strings.HasPrefix(p.path, path+"/") }
	switch p.scheme + "://" + p.host + ":" + p.port {
	case "https://good.example:":
		return below("/ads")
	case "https://classic.example:8443":
		return below("/adj/site/zone") || strings.HasPrefix(p.path, "/adj/site/zone;")
	case "https://folder.example:":
		return below("/a")
	case "https://root.example:":
		return true
	case "https://slash.example:":
		return strings.HasPrefix(p.path, "/ads/")
	}
	return false
}

// grammar is what hostile URLs are made of: one of each row. Rows begin with what an honest URL has.
var grammar = [][]string{
	{"https", "https", "https", "https", "https", "https", "http", "HTTPS", "javascript", "data", "", " https", "\thttps", "h\nttps", "https:https", "blob:https", "ftp", "https\x00"},
	{"://", "://", "://", "://", "://", "://", "://", ":", ":/", ":///", `:\\`, `:/\`, "//", "/\t/", ":%2f%2f"},
	{"", "", "", "", "", "", "", "", "", "", "user@", "good.example@", "good.example:443@", "a:b@", "@", "good.example%40", `good.example\@`, "good.example/@", "good.example?@", "good.example#@"},
	{"good.example", "good.example", "good.example", "classic.example:8443", "folder.example", "root.example", "slash.example", "Good.Example", "evil.example", "good.example.evil.example", "evilgood.example",
		"good.example%2eevil.example", "good.example%00.evil.example", "good.example.", "good。example", "127.0.0.1", "2130706433", "0x7f000001", "0177.1", "[::1]", "[::ffff:127.0.0.1]", "", "{CB}", "good.example{CB}",
		"{DEAL_ID}.good.example", "xn--good-example", "good_example", "good\texample", "good.example\r\n", "gооd.example"},
	{"", "", "", "", "", "", "", "", ":443", ":443", ":80", ":0443", ":", ":65536", ":99999999999999999999", ":{CB}", ":8443", ":443:443", ":-1", ":443\t"},
	{"/ads", "/ads", "/ads/", "/ads/x", "/adj/site/zone;a=1", "/a/1/x", "/", "", "/ads-evil", "/ads;x", "//ads", "/Ads", "/%61ds", `\ads`, "/./ads", "/x/../ads", "/{CB}", "/ads{CB}", "/adj/site/zone"},
	{"", "", "", "", "", "", "", "", "/{DEAL_ID}/x", "/../evil", "/%2e%2e/evil", "/.%2E/evil", "/..;/evil", "/%2f..%2f", `/..\evil`, "/.{DEAL_ID}/evil", "/{DEAL_ID}{CREATIVE_CODE}/y", "/{DEAL_ID}./z", "/%252e%252e/", "/\x00", "/%00", "/;..", "/é"},
	{"", "", "?a={PRICE}", "?a={CREATIVE_CODE}&b={ACCEPT_URL}", "?u=https://evil.example/", "?\r\nX: y", "?%0d%0aSet-Cookie:x", "#x", "?#{CB}", "?{{CB}}${CB}", "?%", "?a=é", "?a= b", "?a=\"'<>`^|"},
}

// hostileTexts are values that try to leave their place.
var hostileTexts = []string{"", ".", "..", "...", "/", "../..", "//evil.example", `\\evil.example`, "@evil.example", ":80", "?x", "#x", "&a=b", ";a=b", "%2e%2e", "%0d%0a", "\r\nX: y", "\x00", "é", "{CB}", "${PRICE}",
	"https://evil.example/", ".evil.example", "javascript:alert(1)", strings.Repeat("%", 100)}

// checkRedirect holds one redir and its values against the promise, and reports whether there was a Location.
func checkRedirect(t *testing.T, a *Allowed, redir, value string) bool {
	t.Helper()
	r, _, err := a.Match(redir)
	if err == nil {
		var location []byte
		if location, err = r.Append(nil, RedirectValues{Bucket: []byte("1.00"), AcceptURL: []byte(value), CreativeCode: value, Deal: value, Cachebuster: value, Sealed: []byte(value)}); err == nil {
			checkLocation(t, redir, value, string(location))
			return true
		}
	}
	if code := codeOf(err); code != CodeRedirectInvalid && code != CodeRedirectNotAllowed && code != CodeRedirectTooLong {
		t.Fatalf("redir %q: %v", redir, err)
	}
	return false
}

func checkLocation(t *testing.T, redir, value, location string) {
	t.Helper()
	if len(location) > ad.RedirectBytesMax || strings.ContainsFunc(location, func(r rune) bool { return r < 0x21 || r > 0x7e || r == '\\' }) {
		t.Fatalf("redir %q value %q gives %q", redir, value, location)
	}
	p, ok := browser(location)
	if !ok || !mayGo(p) {
		t.Fatalf("redir %q value %q gives %q, which leads to %+v", redir, value, location, p)
	}
	if std, err := url.Parse(location); err != nil || std.Scheme != p.scheme || std.Hostname() != p.host || std.User != nil || std.Fragment != "" {
		t.Fatalf("redir %q value %q gives %q: one reader sees %+v, another %v (%v)", redir, value, location, p, std, err)
	}
}

// TestNoRedirLeadsElsewhere draws URLs from the grammar.
func TestNoRedirLeadsElsewhere(t *testing.T) {
	a, rnd := allowed(t), rand.New(rand.NewPCG(1, 2))
	const draws = 60_000
	went := 0
	for range draws {
		var redir strings.Builder
		for _, row := range grammar {
			if rnd.IntN(3) > 0 {
				row = row[:len(row)/3] // mostly honest, so that what is not stands among what is
			}
			redir.WriteString(row[rnd.IntN(len(row))])
		}
		if checkRedirect(t, a, redir.String(), hostileTexts[rnd.IntN(len(hostileTexts))]) {
			went++
		}
	}
	if went < draws/100 {
		t.Errorf("only %d of %d redirs led anywhere: the grammar does not reach the builder", went, draws)
	}
	t.Logf("%d of %d redirs led to a registered ad server", went, draws)
}

// TestValuesSurviveTheirRedirect: whoever reads the query gets back what was put in.
func TestValuesSurviveTheirRedirect(t *testing.T) {
	rnd := rand.New(rand.NewPCG(3, 4))
	r, err := ParseRedirect("https://good.example/ads/{DEAL_ID}/x;c={CREATIVE_CODE}?d={DEAL_ID}&c={CREATIVE_CODE}&u={ACCEPT_URL}&b={PRICEBUCKET}&s={SEALED_PRICE}&r={CB}", false)
	if err != nil {
		t.Fatal(err)
	}
	draw := func() string {
		text := make([]byte, rnd.IntN(40))
		for i := range text {
			text[i] = byte(rnd.UintN(256))
		}
		return string(text)
	}
	for range 20_000 {
		v := RedirectValues{Deal: draw(), CreativeCode: draw(), AcceptURL: []byte(draw()), Bucket: []byte(draw()), Sealed: []byte(draw()), Cachebuster: draw()}
		location, err := r.Append(nil, v)
		if err != nil {
			t.Fatal(err)
		}
		u, err := url.Parse(string(location))
		if err != nil {
			t.Fatal(err)
		}
		q := u.Query()
		for name, want := range map[string]string{"d": v.Deal, "c": v.CreativeCode, "u": string(v.AcceptURL), "b": string(v.Bucket), "s": string(v.Sealed), "r": v.Cachebuster} {
			if got := q.Get(name); got != want {
				t.Fatalf("%s is %q after the redirect, was %q", name, got, want)
			}
		}
		segments := strings.Split(u.EscapedPath(), "/")
		if deal, err := url.PathUnescape(segments[2]); err != nil || deal != v.Deal && strings.Trim(v.Deal, ".") != "" || len(segments) != 4 {
			t.Fatalf("the path is %s, the deal was %q", u.EscapedPath(), v.Deal)
		}
	}
}

func FuzzRedirect(f *testing.F) {
	for i, c := range hostileRedirs {
		f.Add(c.redir, hostileTexts[i%len(hostileTexts)])
	}
	for _, s := range registered {
		f.Add(s.URL, "..")
	}
	f.Fuzz(func(t *testing.T, redir, value string) { checkRedirect(t, allowed(t), redir, value) })
}

// FuzzClickTarget: a click leads to an allowed host or nowhere, for browsers as for us.
func FuzzClickTarget(f *testing.F) {
	for _, c := range hostileRedirs {
		f.Add(c.redir)
	}
	for _, s := range []string{"http://shop.example/é ü?\\", "https://a.shop.example:1/../x#y"} {
		f.Add(s)
	}
	f.Fuzz(func(t *testing.T, landing string) {
		sealed, err := AppendSealedTarget(nil, landing)
		host, ok := LandingHost(landing)
		if err == nil {
			p, went := browser(string(sealed))
			before, _ := browser(landing)
			if !ok || !went || p.host != host || before.host != host || p.scheme != before.scheme || p.port != before.port {
				t.Fatalf("%q becomes %q: %+v, and was %+v", landing, sealed, p, before)
			}
			if strings.ContainsFunc(string(sealed), func(r rune) bool { return r < 0x21 || r > 0x7e }) {
				t.Fatalf("%q becomes %q", landing, sealed)
			}
		}
		if out, err := AppendClickTarget(nil, landing, []string{"shop.example"}); err == nil {
			if p, went := browser(string(out)); !went || p.host != "shop.example" && !strings.HasSuffix(p.host, ".shop.example") {
				t.Fatalf("%q leads to %+v", landing, p)
			}
		}
	})
}

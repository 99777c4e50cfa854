package server

import (
	"bufio"
	"bytes"
	"io"
	"maps"
	"net"
	"net/http"
	"net/http/httptest"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"curb/edge/ad"
	"curb/edge/token"
)

// checkFields fails if a header field holds a byte that could end it, or that some reader takes for something else.
func checkFields(t *testing.T, name string, header http.Header) {
	t.Helper()
	for field, values := range header {
		for _, text := range append([]string{field}, values...) {
			for i := range len(text) {
				if text[i] < 0x20 || text[i] > 0x7e {
					t.Errorf("%s: %s holds the byte %#x: %q", name, field, text[i], text)
				}
			}
		}
	}
}

// TestHostileRedirects are the inputs 01 to 11 of the table of hostile inputs, at the tags that call an ad server.
func TestHostileRedirects(t *testing.T) {
	long := strings.Repeat("a", ad.RedirectBytesMax)
	cases := []struct {
		name, query string
		status      int
		code        string
	}{
		{"01: nobody's", "redir=https://evil.example/", 400, "redirect_not_allowed"},
		{"01: nobody's, encoded", "redir=https%3A%2F%2Fevil.example%2F", 400, "redirect_not_allowed"},
		{"01: a name of nobody", "redir=third", 400, "redirect_not_allowed"},
		{"01: another port", "redir=https://good.example:8443/ads", 400, "redirect_not_allowed"},
		{"02: no scheme", "redir=//evil.example", 400, "redirect_invalid"},
		{"02: slash backslash", `redir=/\evil`, 400, "redirect_invalid"},
		{"02: backslashes", `redir=\\evil`, 400, "redirect_invalid"},
		{"02: three slashes", "redir=///evil", 400, "redirect_invalid"},
		{"03: javascript", "redir=javascript:alert(1)", 400, "redirect_invalid"},
		{"03: javascript with slashes", "redir=javascript://good.example/%250aalert(1)", 400, "redirect_invalid"},
		{"03: data", "redir=data:text/html,x", 400, "redirect_invalid"},
		{"03: no slashes", "redir=https:evil", 400, "redirect_invalid"},
		{"03: not https", "redir=http://good.example/ads", 400, "redirect_invalid"},
		{"04: encoded line end", "redir=https%3A%2F%2Fgood.example%2Fads%3F%0d%0aX:y", 400, "redirect_invalid"},
		{"04: line end in a URL as it is", "redir=https://good.example/ads?%0d%0aSet-Cookie:a=b", 400, "redirect_invalid"},
		{"04: raw line end", "redir=https://good.example/ads?\nX: y", 400, "redirect_invalid"},
		{"04: nothing", "redir=https%3A%2F%2Fgood.example%2Fads%00", 400, "redirect_invalid"},
		{"04: tab", "redir=https%3A%2F%2Fgood.example%2F%09ads", 400, "redirect_invalid"},
		{"04: raw tab", "redir=https://good.example/\tads", 400, "redirect_invalid"},
		{"04: beyond ASCII", "redir=https://good.example/ads?\u00e9", 400, "redirect_invalid"},
		{"04: bad encoding", "redir=https%3A%2F%2Fgood.example%2Fads%zz", 400, "redirect_invalid"},
		{"05: line end in a value", "cb=1%0d%0aX:y", 400, "param_invalid"},
		{"06: user name", "redir=https://good.example@evil.example/", 400, "redirect_invalid"},
		{"06: host that begins alike", "redir=https://good.example.evil.example", 400, "redirect_not_allowed"},
		{"06: encoded dot", "redir=https://good.example%2eevil", 400, "redirect_invalid"},
		{"06: final dot", "redir=https://good.example./ads", 400, "redirect_invalid"},
		{"07: the limit of a target", "redir=https://good.example/ads?" + long + long, 414, "target_too_long"},
		{"07: too long", "redir=https://good.example/ads?" + long, 400, "redirect_too_long"},
		{"07: too long with its values", "redir=https://good.example/ads?i={AUCTION_ID}&x=" + long[:ad.RedirectBytesMax-56], 400, "redirect_too_long"},
		{"09: below by letters only", "redir=https://good.example/ads-evil", 400, "redirect_not_allowed"},
		{"09: steps", "redir=https://good.example/ads/../evil", 400, "redirect_invalid"},
		{"10: twice", "redir=own&redir=second", 400, "param_duplicate"},
		{"10: twice, as they are", "redir=https://good.example/ads&redir=https://evil.example/", 400, "param_duplicate"},
		{"10: twice, one as it is", "redir=own&cb=1&redir=https://good.example/ads", 400, "param_duplicate"},
		{"11: script in a value", "cb=alert(1)//", 400, "param_invalid"},
		{"14: markup in size", `size=300x250"><svg`, 400, "param_invalid"},
	}
	for _, path := range []string{"/pt", "/ptj"} {
		for _, c := range cases {
			s := &seller{sell: won(502), book: newBook()}
			w := get(rim(t, s), path, func(r *http.Request) { r.URL.RawQuery = "id=1009&" + c.query })
			if w.Code != c.status || w.Header().Get("X-Curb-Error") != c.code || w.Body.Len() != 0 || w.Header()["Location"] != nil {
				t.Errorf("%s: %s: status %d, body %q, %v; want %d %s", path, c.name, w.Code, w.Body, w.Header(), c.status, c.code)
			}
			if w.Header().Get("X-Content-Type-Options") != "nosniff" || w.Header().Get("Cache-Control") != "no-store" {
				t.Errorf("%s: %s: %v", path, c.name, w.Header())
			}
			if s.book.writes != 0 {
				t.Errorf("%s: %s: a sale was promised that nobody hears of", path, c.name)
			}
			checkFields(t, c.name, w.Header())
		}
	}
}

// TestNobodyHearsOfASale: where a redirect cannot be written, the winner learns that nothing came of it.
func TestNobodyHearsOfASale(t *testing.T) {
	var bid *ad.Bid
	s := &seller{sell: won(502, func(b *ad.Bid) { bid = b }), book: newBook()}
	get(rim(t, s), "/pt?id=1009&redir=https://good.example/ads?a={ACCEPT_URL}&x="+strings.Repeat("a", ad.RedirectBytesMax-100))
	if bid.Reason != ad.InternalError {
		t.Errorf("the winner that nobody hears of is told %s", bid.Reason)
	}
	for id, code := range map[string]string{"1001": "ad_server_missing", "9999": "placement_unknown", "": "placement_missing"} {
		if w := get(rim(t, &seller{sell: won(502)}), "/pt?redir=own&id="+id); w.Header().Get("X-Curb-Error") != code {
			t.Errorf("placement %s: %d %s, want %s", id, w.Code, w.Header().Get("X-Curb-Error"), code)
		}
	}
}

// TestHostileValues are 08 and 13: what buyers and browsers supply is text in a redirect, and encoded.
func TestHostileValues(t *testing.T) {
	s := &seller{sell: won(502, func(b *ad.Bid) { b.Deal = &ad.Deal{ID: "{PRICE}${PRICE}&x=\r\nSet-Cookie: a=b\u2028\xff"} }), book: newBook()}
	h := rim(t, s)
	for redir, want := range map[string]string{
		"": "&d=%7BPRICE%7D%24%7BPRICE%7D%26x%3D%0D%0ASet-Cookie%3A%20a%3Db%E2%80%A8%FF&cb=",
		"&redir=https://good.example/ads?a=${PRICE}&b={NO_SUCH}&c={PRICE": "https://good.example/ads?a=$%7BPRICE%7D&b=%7BNO_SUCH%7D&c=%7BPRICE",
	} {
		w := get(h, "/pt", func(r *http.Request) {
			r.URL.RawQuery = "id=1009" + redir
			r.Header.Set("Referer", "https://a.example/<script>alert(1)</script>"+strings.Repeat("<b>", 2600))
			r.Header.Set("User-Agent", "<script>alert(2)</script>")
		})
		if where := w.Header().Get("Location"); w.Code != 302 || !strings.Contains(where, want) || strings.Contains(where, "alert") {
			t.Errorf("%s: status %d, calls %s; want %s in it", redir, w.Code, where, want)
		}
		checkFields(t, redir, w.Header())
	}
}

// TestHostilePaths are 15, 24 and 59 at the new endpoints.
func TestHostilePaths(t *testing.T) {
	h := rim(t, &seller{sell: won(502)})
	for _, path := range []string{"/pt", "/ptj", "/jpt", "/ab", "/it", "/click"} {
		for _, spelling := range []string{path + "/x.css", path + ";.js", "/x/%2e%2e" + path, "/" + path, path + "/", path + "%2f", strings.ToUpper(path), "/%3Cscript%3E"} {
			w := get(h, "/status", func(r *http.Request) {
				r.URL.Path, r.URL.RawPath = spelling, ""
				if strings.Contains(spelling, "%") {
					r.URL.Path, r.URL.RawPath = path, spelling
				}
			})
			if w.Code != 404 || w.Body.Len() != 0 || w.Header().Get("Cache-Control") != "no-store" || w.Header().Get("Content-Type") != "text/plain" {
				t.Errorf("%s: status %d, %v, body %q", spelling, w.Code, w.Header(), w.Body)
			}
		}
		for _, method := range []string{"POST", "PUT", "DELETE", "OPTIONS", "TRACE", "BREW"} {
			w := get(h, path+"?id=1009", func(r *http.Request) { r.Method = method })
			if w.Code != 405 || w.Header().Get("Allow") != "GET, HEAD" || w.Body.Len() != 0 {
				t.Errorf("%s %s: status %d, %v", method, path, w.Code, w.Header())
			}
		}
	}
}

// TestForgedTokens is 20: one answer for every token that is not ours for this use on this host.
func TestForgedTokens(t *testing.T) {
	s := &seller{sell: won(502), book: newBook()}
	h, now := rim(t, s), time.Now()
	accept := targetOf(t, locationOf(t, h, "/pt?id=1009").Query().Get("a"), origin)
	text := strings.TrimPrefix(accept, "/ab?e=")
	u := urls(h, now)
	impression := strings.TrimPrefix(string(u.appendImpression(nil, soldSlot(now))), origin+"/it?e=")
	click := strings.TrimPrefix(string(u.appendClick(nil, soldSlot(now), []byte("uhttps://shop.example/"))), origin+"/click?e=")
	other := rim(t, &seller{sell: won(502)}) // with keys of its own
	foreign := strings.TrimPrefix(string(urls(other, now).appendAccept(nil, soldSlot(now))), origin+"/ab?e=")
	queries := map[string]string{
		"none": "", "empty": "e=", "twice": "e=" + text + "&e=" + text, "another purpose": "e=" + impression, "a click's": "e=" + click,
		"other keys": "e=" + foreign, "10 KiB": "e=" + strings.Repeat("A", 8000), "no base64": "e=%%%", "padding": "e=" + text + "==", "a space": "e=" + text + "+",
		"line end": "e=" + text + "%0a", "markup": `e="><script>`, "zeroes": "e=" + strings.Repeat("A", len(text)), "name in capitals": "E=" + text,
	}
	for n := range len(text) {
		queries["cut at "+string(rune('0'+n%10))+text[:n]] = "e=" + text[:n]
	}
	const alphabet = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_"
	for i := range len(text) {
		for bit := range 6 {
			changed := []byte(text)
			changed[i] = alphabet[strings.IndexByte(alphabet, text[i])^1<<bit]
			queries["bit of "+string(changed)] = "e=" + string(changed)
		}
	}
	want := get(h, "/ab?e=x")
	for _, name := range slices.Sorted(maps.Keys(queries)) {
		w := get(h, "/ab", func(r *http.Request) { r.URL.RawQuery = queries[name] })
		if w.Code != 403 || !bytes.Equal(w.Body.Bytes(), want.Body.Bytes()) || !maps.EqualFunc(w.Header(), want.Header(), slices.Equal[[]string]) {
			t.Errorf("%s: status %d, %v, body %q", name, w.Code, w.Header(), w.Body)
		}
	}
	if want.Header().Get("X-Curb-Error") != "token_invalid" || want.Body.Len() != 0 {
		t.Errorf("%v", want.Header())
	}
	bill := strings.TrimPrefix(string(u.appendBill(nil, soldSlot(now))), origin+"/it?e=")
	for _, wrong := range []string{"/it?e=" + click, "/it?e=" + text, "/click?e=" + impression, "/click?e=" + text, "/click?e=" + bill, "/ab?e=" + bill} {
		w := get(h, wrong)
		if w.Code != 403 || !bytes.Equal(w.Body.Bytes(), want.Body.Bytes()) || !maps.EqualFunc(w.Header(), want.Header(), slices.Equal[[]string]) {
			t.Errorf("%s: status %d, %v", wrong, w.Code, w.Header())
		}
	}
	if w := get(h, accept, onHost("127.0.0.1:8443")); w.Code != 403 {
		t.Errorf("another host: status %d", w.Code)
	}
	if s.book.billed() != 0 {
		t.Errorf("%d bills", s.book.billed())
	}
	if w := get(h, accept+"&ord=1;x"); w.Code != 200 || s.book.billed() != 1 {
		t.Errorf("the token itself: status %d, %d bills", w.Code, s.book.billed())
	}
}

// TestManyClientsShowOneToken is 21, at once.
func TestManyClientsShowOneToken(t *testing.T) {
	s := &seller{sell: won(502), book: newBook()}
	h := rim(t, s)
	accept := targetOf(t, locationOf(t, h, "/pt?id=1009").Query().Get("a"), origin)
	var clients sync.WaitGroup
	var mu sync.Mutex
	said := map[string]int{}
	for range 100 {
		clients.Go(func() {
			w := get(h, accept)
			mu.Lock()
			defer mu.Unlock()
			said[w.Header().Get("X-Curb-Bill")+w.Body.String()]++
		})
	}
	clients.Wait()
	if len(said) != 2 || s.book.billed() != 1 {
		t.Errorf("%d different answers, %d bills", len(said), s.book.billed())
	}
	for answer, times := range said {
		if first := strings.HasPrefix(answer, "first"); first && times != 1 || !first && times != 99 {
			t.Errorf("%d times %s", times, answer)
		}
	}
}

// TestLateAndUnwantedAccepts are 22 and 23, and sales that may not be shown any more.
func TestLateAndUnwantedAccepts(t *testing.T) {
	now := time.Now()
	s := &seller{sell: won(502), book: newBook()}
	h := rim(t, s)
	late := string(urls(h, now).appendAccept(nil, soldSlot(now.Add(-ad.AcceptWindowBanner-ad.ClockSkewMax-2*time.Second))))
	unknown := string(urls(h, now).appendAccept(nil, soldSlot(now)))
	for name, url := range map[string]string{"late": late, "unknown": unknown, "unknown at /it": string(urls(h, now).appendBill(nil, soldSlot(now)))} {
		if w := get(h, targetOf(t, url, origin)); w.Code != 410 || w.Header().Get("X-Curb-Error") != "token_expired" || w.Body.Len() != 0 {
			t.Errorf("%s: status %d, %v", name, w.Code, w.Header())
		}
	}
	pixel := targetOf(t, firstBid(t, post(h, bidRequest).Body.String()).BURL, origin) // of the same sale: auction ids are fixed here
	accept := targetOf(t, locationOf(t, h, "/pt?id=1009").Query().Get("a"), origin)
	for name, change := range looksAheadCases {
		for _, target := range []string{accept, pixel} {
			w := get(h, target, change)
			if w.Code != 200 && w.Code != 204 || w.Body.Len() != 0 || s.book.billed() != 0 {
				t.Errorf("%s: status %d, %d bytes, %d bills", name, w.Code, w.Body.Len(), s.book.billed())
			}
		}
	}
	s.book.full = true
	for target, kind := range map[string]string{accept: "text/html; charset=utf-8", pixel: "image/gif"} {
		if w := get(h, target); w.Code != 200 || w.Header().Get("X-Curb-Error") != "unbillable" || w.Header().Get("Content-Type") != kind || strings.Contains(w.Body.String(), "Buy") {
			t.Errorf("unbillable: status %d, %v, body %q", w.Code, w.Header(), w.Body)
		}
	}
	s.book.full = false
	banned := contents()
	banned.Creatives[1].Banned = true
	var o Options
	withContents(t, banned)(&o)
	sound := h.snapshot
	h.snapshot = o.Snapshot
	if w := get(h, accept); w.Code != 200 || w.Header().Get("X-Curb-Error") != "creative_refused" || w.Body.Len() != 0 || s.book.billed() != 0 {
		t.Errorf("banned: status %d, %v, body %q, %d bills", w.Code, w.Header(), w.Body, s.book.billed())
	}
	h.snapshot = sound
	if w := get(h, accept); w.Code != 410 || s.book.billed() != 0 { // a sale that was refused is over
		t.Errorf("once refused: status %d, %d bills", w.Code, s.book.billed())
	}
	again := targetOf(t, locationOf(t, h, "/pt?id=1009").Query().Get("a"), origin)
	if w := get(h, again); w.Code != 200 || w.Body.Len() == 0 || s.book.billed() != 1 {
		t.Errorf("in the end: status %d, %d bills", w.Code, s.book.billed())
	}
}

// TestLookingAheadBuysNothing is HEAD and prefetch at the tags.
func TestLookingAheadBuysNothing(t *testing.T) {
	s := &seller{sell: won(502), book: newBook()}
	h := rim(t, s)
	for _, target := range []string{"/tt?id=1001", "/ttj?id=1001", "/pt?id=1009", "/ptj?id=1009", "/jpt?id=1001"} {
		for name, change := range looksAheadCases {
			w := get(h, target, change)
			if w.Code != 200 && w.Code != 204 || w.Body.Len() != 0 || w.Header()["Location"] != nil {
				t.Errorf("%s %s: status %d, %d bytes", name, target, w.Code, w.Body.Len())
			}
		}
		if w := get(h, strings.Replace(target, "id=", "id=x", 1), looksAheadCases["HEAD"]); w.Code != 400 {
			t.Errorf("a bad tag by HEAD: status %d", w.Code)
		}
	}
	if s.calls() != 0 || s.book.writes != 0 {
		t.Errorf("%d auctions, %d writes", s.calls(), s.book.writes)
	}
}

// TestAcceptedScript serves the ad to a script element as a script, with nothing in it that HTML could read (12).
func TestAcceptedScript(t *testing.T) {
	s := &seller{sell: won(502, func(b *ad.Bid) { b.Markup = "</script><!--\u2028" }), book: newBook()}
	h := rim(t, s)
	accept := targetOf(t, locationOf(t, h, "/ptj?id=1009&redir=own&callback=x", func(r *http.Request) { r.URL.Path = "/pt" }).Query().Get("a"), origin)
	w := get(h, accept, withHeader("Sec-Fetch-Dest", "script"))
	body := w.Body.String()
	if w.Code != 200 || w.Header().Get("Content-Type") != "application/javascript" || !strings.Contains(body, `,300,250,"",`) || s.book.billed() != 1 {
		t.Errorf("status %d, %v: %s", w.Code, w.Header(), body)
	}
	for _, bad := range []string{"</script", "<!--", "\u2028"} {
		if strings.Contains(body, bad) {
			t.Errorf("it holds %q", bad)
		}
	}
	if w := get(h, accept, withHeader("Sec-Fetch-Dest", "iframe")); w.Header().Get("Content-Type") != "text/html; charset=utf-8" || w.Header().Get("X-Curb-Bill") != "dup" {
		t.Errorf("for a frame: %v", w.Header())
	}
}

// TestFieldsOnTheWire reads the bytes of an answer as a client does: each field on a line of its own, in printable ASCII.
func TestFieldsOnTheWire(t *testing.T) {
	s := httptest.NewServer(rim(t, &seller{sell: won(502, func(b *ad.Bid) { b.Deal = &ad.Deal{ID: "d\r\nSet-Cookie: a=b"} }), book: newBook()}))
	defer s.Close()
	for _, target := range []string{"/pt?id=1009", "/ptj?id=1009", "/jpt?id=1001&callback=f", "/pt?id=1009&redir=//evil%0d%0aX:y", "/ab?e=%0d%0aX:y", "/click?e=x&r=https://a%0d%0a"} {
		conn, err := net.Dial("tcp", s.Listener.Addr().String())
		if err != nil {
			t.Fatal(err)
		}
		conn.SetDeadline(time.Now().Add(10 * time.Second))
		io.WriteString(conn, "GET "+target+" HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n\r\n")
		head := bufio.NewReader(conn)
		for {
			line, err := head.ReadString('\n')
			if err != nil {
				t.Fatalf("%s: %v", target, err)
			}
			if line = strings.TrimSuffix(line, "\r\n"); line == "" {
				break
			}
			if strings.HasPrefix(line, "Set-Cookie") || strings.HasPrefix(line, "X:") {
				t.Errorf("%s: a field that somebody else wrote: %s", target, line)
			}
			for i := range len(line) {
				if line[i] < 0x20 || line[i] > 0x7e {
					t.Errorf("%s: the byte %#x in %q", target, line[i], line)
				}
			}
		}
		conn.Close()
	}
}

// TestOldKeysStillOpen changes keys between the tag and its ad.
func TestOldKeysStillOpen(t *testing.T) {
	key := func(id byte) token.Key { return token.Key{ID: id, Secret: [32]byte{id}} }
	ring := token.NewRing(key(1), token.Key{})
	h := rim(t, &seller{sell: won(502), book: newBook()}, func(o *Options) { o.Tokens = func() *token.Ring { return ring } })
	accept := targetOf(t, locationOf(t, h, "/pt?id=1009").Query().Get("a"), origin)
	if ring = ring.Rotate(key(2)); get(h, accept).Code != 200 {
		t.Error("after one change of keys the token opens no more")
	}
	if ring = ring.Rotate(key(3)); get(h, accept).Code != 403 {
		t.Error("after two changes of keys the token still opens")
	}
}

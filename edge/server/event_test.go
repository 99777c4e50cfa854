package server

import (
	"encoding/json"
	"net/http"
	"regexp"
	"strconv"
	"strings"
	"testing"
	"time"

	"curb/edge/ad"
	"curb/edge/adcall"
	"curb/edge/openrtb"
	"curb/edge/token"
)

// returned matches what a bid response holds so that the sale comes back: tokens differ from answer to answer.
var returned = regexp.MustCompile(`<img src=\\"https://[^/]+/it\?e=[\w-]+\\"[^>]*>|,"burl":"[^"]*"|,"exp":\d+`)

func withoutReturns(body string) string {
	return anyToken.ReplaceAllString(returned.ReplaceAllString(body, ""), "TOKEN")
}

// listener hears of events.
type listener struct{ impressions, clicks []token.Claims }

func (l *listener) Impression(c *token.Claims, _ time.Time) {
	l.impressions = append(l.impressions, *c)
}
func (l *listener) Click(c *token.Claims, _ time.Time) { l.clicks = append(l.clicks, *c) }

func heardBy(l *listener) func(*Options) { return func(o *Options) { o.Events = l } }

// firstBid is the first bid of a response.
func firstBid(t *testing.T, body string) openrtb.Bid {
	t.Helper()
	var r struct {
		SeatBid []struct{ Bid []openrtb.Bid }
	}
	if err := json.Unmarshal([]byte(body), &r); err != nil || len(r.SeatBid) == 0 {
		t.Fatalf("%v in %s", err, body)
	}
	return r.SeatBid[0].Bid[0]
}

// TestOpenRTBBillsWhenItIsShown passes a sale on to a caller, which calls burl and shows the markup with the same URL in it.
func TestOpenRTBBillsWhenItIsShown(t *testing.T) {
	for name, c := range map[string]struct {
		body string
		id   ad.CreativeID
		exp  int
	}{
		"banner": {bidRequest, 502, 300},
		"video":  {`{"id":"r-3","imp":[{"id":"i-1","tagid":"1003","video":{"mimes":["video/mp4"]}}]}`, 504, 6 * 3600},
	} {
		s, l := &seller{sell: won(c.id, func(b *ad.Bid) { b.NURL, b.BURL = "https://bidder.example/n", "https://bidder.example/b" }), book: newBook()}, &listener{}
		h := rim(t, s, heardBy(l))
		bid := firstBid(t, post(h, c.body).Body.String())
		if bid.NURL != "" || bid.LURL != "" || bid.Exp != c.exp || strings.Contains(bid.AdM, "bidder.example") {
			t.Errorf("%s: nurl %q, lurl %q, exp %d", name, bid.NURL, bid.LURL, bid.Exp)
		}
		if strings.Count(bid.AdM, bid.BURL) != 1 {
			t.Errorf("%s: %s is not once in %s", name, bid.BURL, bid.AdM)
		}
		if s.book.writes != 1 || s.book.billed() != 0 {
			t.Fatalf("%s: %d promises, %d bills", name, s.book.writes, s.book.billed())
		}
		target := targetOf(t, bid.BURL, "https://localhost:8443")
		for _, bill := range []string{"first", "dup"} {
			w := get(h, target)
			if w.Code != 200 || w.Body.Len() != 43 || w.Header().Get("Content-Type") != "image/gif" || w.Header().Get("X-Curb-Bill") != bill || s.book.billed() != 1 {
				t.Errorf("%s: status %d, %v, %d bills", name, w.Code, w.Header(), s.book.billed())
			}
		}
		if len(l.impressions) != 1 || l.impressions[0].Creative != c.id {
			t.Errorf("%s: %d impressions", name, len(l.impressions))
		}
	}
}

// TestOpenRTBSellsWhatIsKept hands no bid on whose promise could not be kept.
func TestOpenRTBSellsWhatIsKept(t *testing.T) {
	s := &seller{sell: won(502), book: newBook()}
	s.book.full = true
	if w := post(rim(t, s), bidRequest); w.Code != 200 || !strings.Contains(w.Body.String(), `"seatbid":[]`) {
		t.Errorf("status %d: %s", w.Code, w.Body)
	}
}

// TestOpenRTBTestsHaveNothingToBill hands a test's bid on without a URL that would.
func TestOpenRTBTestsHaveNothingToBill(t *testing.T) {
	s := &seller{sell: won(502), book: newBook()}
	bid := firstBid(t, post(rim(t, s), strings.Replace(bidRequest, `"id"`, `"test":1,"id"`, 1)).Body.String())
	if bid.BURL != "" || strings.Contains(bid.AdM, "/it?e=") || bid.AdM == "" || s.book.writes != 0 {
		t.Errorf("burl %q, adm %q, %d writes", bid.BURL, bid.AdM, s.book.writes)
	}
}

// soldSlot is the slot of a sale, for URLs made by hand.
func soldSlot(at time.Time) *adcall.Slot {
	box := ad.Size{W: 300, H: 250}
	return &adcall.Slot{Outcome: adcall.Sold, Impression: &ad.Impression{Media: ad.Banner}, Size: box, Sale: ad.Sale{
		SaleKey: ad.SaleKey{Auction: ad.AuctionID{9}}, At: at, Publisher: 1, Placement: 1001, Buyer: 7, Bidder: 3, Creative: 502, Size: box, Paid: 2_250_000,
	}}
}

// urls makes URLs as the handler does for a call on localhost:8443.
func urls(h *Handler, now time.Time) *returns {
	u := &returns{}
	u.prepare(h, &http.Request{Host: "localhost:8443"}, request{host: "localhost", now: now})
	return u
}

const origin = "https://localhost:8443"

func TestImpressionsCountOnce(t *testing.T) {
	l := &listener{}
	h := rim(t, &seller{sell: won(502)}, heardBy(l))
	now := time.Now()
	target := targetOf(t, string(urls(h, now).appendImpression(nil, soldSlot(now))), origin)
	for range 3 {
		w := get(h, target)
		if w.Code != 200 || w.Body.String() != string(onePixel) || w.Header().Get("Content-Length") != "43" || w.Header().Get("Cache-Control") != "no-store" {
			t.Errorf("status %d, %v", w.Code, w.Header())
		}
	}
	for name, change := range looksAheadCases {
		if w := get(h, target, change); w.Code != 200 && w.Code != 204 || w.Body.Len() != 0 {
			t.Errorf("%s: status %d, body %q", name, w.Code, w.Body)
		}
	}
	if len(l.impressions) != 1 || l.impressions[0].Seat != 7 || l.impressions[0].Bidder != 3 || l.impressions[0].Price != 2_250_000 || len(l.clicks) != 0 {
		t.Errorf("heard %+v", l)
	}
	late := targetOf(t, string(urls(h, now).appendImpression(nil, soldSlot(now.Add(-2*ad.AcceptWindowBanner-ad.ClockSkewMax-2*time.Second)))), origin)
	if w := get(h, late); w.Code != 410 || w.Header().Get("X-Curb-Error") != "token_expired" {
		t.Errorf("late: status %d, %v", w.Code, w.Header())
	}
}

func TestClicks(t *testing.T) {
	now := time.Now()
	for _, c := range []struct {
		name, extra, more string
		status            int
		want              string // Location, or code
	}{
		{"sealed landing page", "uhttps://shop.example/a?b=1&c=2", "", 302, "https://shop.example/a?b=1&c=2"},
		{"r means nothing beside it", "uhttps://shop.example/", "&r=https://evil.example/", 302, "https://shop.example/"},
		{"allowed host", "hshop.example other.example", "&r=https%3A%2F%2Fwww.shop.example%2Fa%3Fb%3D1%2B2", 302, "https://www.shop.example/a?b=1+2"},
		{"last and as it is", "hshop.example", "&r=https://shop.example/a?b=1&c=+2&e=x", 302, "https://shop.example/a?b=1&c=+2&e=x"},
		{"a page after an encoded tracker", "htrack.example", "&r=https%3A%2F%2Ftrack.example%2F%3Fu%3Dhttps://shop.example/?a=1&b=2", 302, "https://track.example/?u=https://shop.example/?a=1&b=2"},
		{"quotes", "hshop.example", `&r=https%3A%2F%2Fshop.example%2F%22%3E%3Cscript%3E`, 302, "https://shop.example/%22%3E%3Cscript%3E"},
		{"another host", "hshop.example", "&r=https://evil.example/", 400, "redirect_not_allowed"},
		{"a host that ends alike", "hshop.example", "&r=https://evilshop.example/", 400, "redirect_not_allowed"},
		{"user information", "hshop.example", "&r=https://shop.example@evil.example/", 400, "redirect_invalid"},
		{"backslash", "hshop.example", `&r=https://evil.example%5C@shop.example/`, 400, "redirect_invalid"},
		{"no scheme", "hshop.example", "&r=//shop.example/", 400, "redirect_invalid"},
		{"script", "hshop.example", "&r=javascript:alert(1)", 400, "redirect_invalid"},
		{"line end", "hshop.example", "&r=https%3A%2F%2Fshop.example%2F%0d%0aX:y", 400, "redirect_invalid"},
		{"bad encoding", "hshop.example", "&r=https%3A%2F%2Fshop.example%zz", 400, "redirect_invalid"},
		{"no page at all", "hshop.example", "", 400, "redirect_invalid"},
		{"no hosts", "h", "&r=https://shop.example/", 400, "redirect_not_allowed"},
		{"too long", "hshop.example", "&r=https://shop.example/" + strings.Repeat("a", ad.RedirectBytesMax), 400, "redirect_too_long"},
		{"only counts", "", "", 200, ""},
	} {
		l := &listener{}
		h := rim(t, &seller{sell: won(502)}, heardBy(l))
		target := targetOf(t, string(urls(h, now).appendClick(nil, soldSlot(now), []byte(c.extra))), origin) + c.more
		for range 2 {
			w := get(h, target)
			got := w.Header().Get("Location")
			if c.status == 400 {
				got = w.Header().Get("X-Curb-Error")
			}
			if w.Code != c.status || got != c.want {
				t.Errorf("%s: status %d, %q, want %d, %q", c.name, w.Code, got, c.status, c.want)
			}
			if c.status == 302 && (w.Body.Len() != 0 || w.Header().Get("Cache-Control") != "no-store" || w.Header().Get("Referrer-Policy") != "no-referrer" || w.Header().Get("X-Content-Type-Options") != "nosniff") {
				t.Errorf("%s: %v, body %q", c.name, w.Header(), w.Body)
			}
		}
		if want := 1; (c.status < 400) != (len(l.clicks) == want) {
			t.Errorf("%s: %d clicks", c.name, len(l.clicks))
		}
	}
}

func TestClicksThatLookAhead(t *testing.T) {
	l := &listener{}
	h := rim(t, &seller{sell: won(502)}, heardBy(l))
	now := time.Now()
	target := targetOf(t, string(urls(h, now).appendClick(nil, soldSlot(now), []byte("uhttps://shop.example/"))), origin)
	for name, change := range looksAheadCases {
		if w := get(h, target, change); w.Code != 302 && w.Code != 204 || w.Body.Len() != 0 {
			t.Errorf("%s: status %d", name, w.Code)
		}
	}
	if len(l.clicks) != 0 {
		t.Errorf("%d clicks", len(l.clicks))
	}
	window := ad.AcceptWindowBanner + ad.ClickWindow
	for _, c := range []struct {
		age    time.Duration
		status int
	}{{window, 302}, {window + ad.ClockSkewMax + 2*time.Second, 410}} {
		target := targetOf(t, string(urls(h, now).appendClick(nil, soldSlot(now.Add(-c.age)), []byte("uhttps://shop.example/"))), origin)
		if w := get(h, target); w.Code != c.status {
			t.Errorf("a click after %v: status %d, want %d", c.age, w.Code, c.status)
		}
	}
}

// looksAheadCases are requests that are not a reader's.
var looksAheadCases = map[string]func(*http.Request){
	"HEAD":          func(r *http.Request) { r.Method = http.MethodHead },
	"prefetch":      withHeader("Sec-Purpose", "prefetch;anonymous-client-ip"),
	"prerender":     withHeader("Sec-Purpose", "prefetch;prerender"),
	"old prefetch":  withHeader("Purpose", "Prefetch"),
	"older":         withHeader("X-Moz", "prefetch"),
	"preview":       withHeader("X-Purpose", "preview"),
	"second of two": func(r *http.Request) { r.Header["Purpose"] = []string{"x", "prefetch"} },
}

// TestCountedForgetsInGenerations fills the memory of what was counted and goes on.
func TestCountedForgetsInGenerations(t *testing.T) {
	c, now := newCounted(), time.Now()
	key := func(i int) ad.SaleKey { return ad.SaleKey{Auction: ad.AuctionID{byte(i), byte(i >> 8), byte(i >> 16)}} }
	for i := range countedMax {
		c.first(key(i), token.Click, now)
	}
	if c.first(key(0), token.Click, now) || !c.first(key(0), token.Impression, now) {
		t.Error("a full generation forgot its oldest, or took a click for an impression")
	}
	if len(c.fresh)+len(c.old) > 2*countedMax {
		t.Error("it holds " + strconv.Itoa(len(c.fresh)+len(c.old)))
	}
	c = newCounted()
	for _, step := range []struct {
		after time.Duration
		first bool
	}{{0, true}, {countedTime, false}, {countedTime + 1, false}, {2*countedTime + 2, true}} {
		if got := c.first(key(1), token.Click, now.Add(step.after)); got != step.first {
			t.Errorf("after %v the first time is %v", step.after, got)
		}
	}
}

package e2e

import (
	"crypto/aes"
	"crypto/cipher"
	"encoding/base64"
	"encoding/binary"
	"encoding/hex"
	"encoding/json"
	"fmt"
	"html"
	"net/http"
	"net/url"
	"slices"
	"strings"
	"sync"
	"testing"

	"github.com/google/go-cmp/cmp"
)

const (
	preemptive = "/pt?id=1002"
	pageOfNews = "https://news.example/politics"
)

// goodServer has an ad server on https, on a placement of its own.
const goodServer = `apiVersion: curb/v1
kind: Placement
metadata: {name: good-server}
spec:
  id: 1101
  site: news
  sizes: [728x90]
  ad_servers: [{name: good, url: "https://good.example/ads?pb={PRICEBUCKET}&accept={ACCEPT_URL}"}]
`

// openPreemptive is a fair in which bidder 9701 pays 3.1575 for anything.
func openPreemptive(t *testing.T) *fair {
	f := openFair(t, map[string]string{"good.yaml": goodServer})
	f.buyers[9701].offer(terms{price: "3.1575", markup: f.buyers[9701].ownMarkup()})
	return f
}

// passedOn is what the ad server is told of a sale.
type passedOn struct {
	url.Values
	auction string
	accept  *url.URL
}

// pass calls a preemptive tag and reads the redirect, which must lead to the registered ad server.
func pass(t *testing.T, c *client, target string) passedOn {
	t.Helper()
	got := c.get(target, "Referer", pageOfNews)
	if got.StatusCode != http.StatusFound || got.body != "" || got.Header.Get("Cache-Control") != "no-store" || got.Header.Get("Referrer-Policy") != "no-referrer" {
		t.Fatalf("status %d %s, header %v, body %.100q", got.StatusCode, got.code(), got.Header, got.body)
	}
	to, err := url.Parse(got.Header.Get("Location"))
	if err != nil || to.Scheme+"://"+to.Host+to.Path != "http://127.0.0.1:9800/ad" {
		t.Fatalf("Location %s (%v), want the registered ad server", got.Header.Get("Location"), err)
	}
	told := passedOn{Values: to.Query(), auction: to.Query().Get("auction")}
	if told.accept, err = url.Parse(told.Get("accept")); err != nil {
		t.Fatal(err)
	}
	return told
}

// call calls a URL that the node made, over a client's protocol.
func (c *client) call(method string, to *url.URL, header ...string) *reply {
	c.t.Helper()
	if to.Scheme != "https" || to.Host != fmt.Sprintf("%s:%d", to.Hostname(), c.port) {
		c.t.Fatalf("the node's URL is %s, want https on the port that was called", to)
	}
	return c.must(c.do(method, to.Hostname(), to.RequestURI(), "", header...))
}

// sealedPrice opens a price as the documentation of the scheme says: nonce, then AES-256-GCM of eight bytes with publisher and
// auction beside them.
func sealedPrice(t *testing.T, sealed, auction string) uint64 {
	t.Helper()
	key, err := base64.RawURLEncoding.DecodeString("demo-key-of-news-example--not-for-real-use0")
	if err != nil {
		t.Fatal(err)
	}
	text, err := base64.RawURLEncoding.DecodeString(sealed)
	if err != nil || len(text) < 12 {
		t.Fatalf("sealed price %q: %v", sealed, err)
	}
	block, err := aes.NewCipher(key)
	if err != nil {
		t.Fatal(err)
	}
	gcm, err := cipher.NewGCM(block)
	if err != nil {
		t.Fatal(err)
	}
	id, err := hex.DecodeString(auction)
	if err != nil {
		t.Fatal(err)
	}
	price, err := gcm.Open(nil, text[:12], text[12:], append([]byte{0, 0, 0, 10}, id...))
	if err != nil {
		t.Fatalf("sealed price %q of auction %s: %v", sealed, auction, err)
	}
	return binary.BigEndian.Uint64(price)
}

func TestPreemptiveSale(t *testing.T) {
	f := openPreemptive(t)
	each(t, func(t *testing.T, proto string) {
		c := f.client(t, proto)
		told := pass(t, c, preemptive+"&cb=77")
		want := url.Values{"price": {"3.1575"}, "pb": {"3.15"}, "size": {"728x90"}, "creative": {"5012"}, "deal": {""}, "cb": {"77"}}
		for name := range want {
			if !slices.Equal(told.Values[name], want[name]) {
				t.Errorf("the ad server is told %s=%q, want %q", name, told.Values[name], want[name])
			}
		}
		if price := sealedPrice(t, told.Get("sealed"), told.auction); price != 3_157_500 {
			t.Errorf("the sealed price is %d micros, want 3157500", price)
		}
		if told.accept.Host != fmt.Sprintf("localhost:%d", f.Port) || told.accept.Path != "/ab" {
			t.Errorf("the accept URL is %s", told.accept)
		}
		if b := f.bills(t, 1000); len(b.of(told.auction)) != 0 {
			t.Error("billed before it was accepted")
		}
		got := c.call(http.MethodGet, told.accept)
		if got.StatusCode != http.StatusOK || !strings.Contains(got.body, adOf(201, told.auction)) || got.Header.Get("X-Curb-Bill") != "first" {
			t.Fatalf("accepted: status %d %s, bill %q, body %.300q", got.StatusCode, got.code(), got.Header.Get("X-Curb-Bill"), got.body)
		}
		b := f.bills(t, 1000)
		wantBill := []bill{{Auction: told.auction, PostPending: true, Placement: 1002, Bidder: 9701, Net: "3.1575", BuyerPays: "3.1575",
			BidPrice: "3.1575", Paid: "3.1575", Currency: "USD"}}
		if diff := cmp.Diff(wantBill, b.of(told.auction)); diff != "" {
			t.Errorf("bills of the auction (-want +got):\n%s", diff)
		}
	})
}

// TestOneBillForAHundredClients has a hundred clients show one token at the same moment.
func TestOneBillForAHundredClients(t *testing.T) {
	f := openPreemptive(t)
	each(t, func(t *testing.T, proto string) {
		told := pass(t, f.client(t, proto), preemptive)
		clients := make([]*client, 100)
		for i := range clients {
			clients[i] = f.client(t, proto)
			clients[i].get("/status") // connected before the race
		}
		bodies, first := make([]string, len(clients)), make([]string, len(clients))
		var calls sync.WaitGroup
		start := make(chan struct{})
		for i, c := range clients {
			calls.Go(func() {
				<-start
				got, err := c.do(http.MethodGet, "localhost", told.accept.RequestURI(), "")
				if err != nil || got.StatusCode != http.StatusOK {
					t.Errorf("client %d: %v, %+v", i, err, got)
					return
				}
				bodies[i], first[i] = got.body, got.Header.Get("X-Curb-Bill")
			})
		}
		close(start)
		calls.Wait()
		slices.Sort(first)
		if first[0] != "dup" || first[98] != "dup" || first[99] != "first" {
			t.Errorf("of a hundred answers these were the first bill: %q", first)
		}
		if bodies[0] == "" || slices.ContainsFunc(bodies, func(b string) bool { return b != bodies[0] }) {
			t.Error("the answers differ")
		}
		if b := f.bills(t, 1000); len(b.of(told.auction)) != 1 {
			t.Errorf("bills %+v, want one", b.of(told.auction))
		}
	})
}

// sameRefusal checks that an answer is 403 and says what the first one said, byte for byte but for the date.
func sameRefusal(t *testing.T, what string, got *reply, like **reply) {
	t.Helper()
	got.Header.Del("Date")
	if *like == nil {
		*like = got
	}
	if got.StatusCode != http.StatusForbidden || got.code() != "token_invalid" || got.body != "" {
		t.Errorf("%s: status %d %s, body %.100q, want 403 token_invalid", what, got.StatusCode, got.code(), got.body)
	}
	if diff := cmp.Diff((*like).Header, got.Header); diff != "" {
		t.Errorf("%s: the answer tells it from another refusal:\n%s", what, diff)
	}
}

func TestForgedTokens(t *testing.T) {
	f := openPreemptive(t)
	each(t, func(t *testing.T, proto string) {
		c := f.client(t, proto)
		told := pass(t, c, preemptive)
		token := told.accept.Query().Get("e")
		var like *reply
		for i := range token {
			forged := token[:i] + string(token[i]^1<<(i%5)) + token[i+1:]
			sameRefusal(t, fmt.Sprintf("a bit of byte %d", i), c.get("/ab?e="+url.QueryEscape(forged)), &like)
		}
		for _, end := range []int{0, 1, len(token) / 2, len(token) - 1} {
			sameRefusal(t, fmt.Sprintf("cut to %d bytes", end), c.get("/ab?e="+token[:end]), &like)
		}
		for name, text := range map[string]string{"longer": token + "A", "twice": token + "&e=" + token, "huge": strings.Repeat("A", 7<<10), "nothing": ""} {
			sameRefusal(t, name, c.get("/ab?e="+text), &like)
		}
		sameRefusal(t, "no token", c.get("/ab"), &like)
		sameRefusal(t, "another host", c.must(c.do(http.MethodGet, newsHost, told.accept.RequestURI(), "")), &like)
		sameRefusal(t, "as a click", c.get("/click?e="+token), &like)
		sameRefusal(t, "as a pixel", c.get("/it?e="+token), &like)
		direct := c.get("/tt?id=1015", "Referer", pageOfNews)
		for _, path := range []string{"/it", "/click"} {
			other := link(t, f, direct.body, path)
			sameRefusal(t, "the token of "+path, c.get("/ab?e="+url.QueryEscape(other.Query().Get("e"))), &like)
		}
		if b := f.bills(t, 1000); len(b.of(told.auction)) != 0 {
			t.Error("one of them was billed")
		}
		if got := c.call(http.MethodGet, told.accept); got.StatusCode != http.StatusOK || got.Header.Get("X-Curb-Bill") != "first" {
			t.Errorf("the token itself: status %d %s", got.StatusCode, got.code())
		}
	})
}

// link finds the node's URL of a path in a document.
func link(t *testing.T, f *fair, document, path string) *url.URL {
	t.Helper()
	prefix := fmt.Sprintf("https://localhost:%d%s?", f.Port, path)
	_, rest, found := strings.Cut(html.UnescapeString(document), `"`+prefix)
	query, _, closed := strings.Cut(rest, `"`)
	to, err := url.Parse(prefix + query)
	if !found || !closed || err != nil {
		t.Fatalf("no link to %s in %.600q", path, document)
	}
	return to
}

// TestLooking shows that nobody is billed for looking: HEAD, prefetches, other methods.
func TestLooking(t *testing.T) {
	f := openPreemptive(t)
	each(t, func(t *testing.T, proto string) {
		c := f.client(t, proto)
		told := pass(t, c, preemptive)
		if got := c.call(http.MethodHead, told.accept); got.StatusCode != http.StatusOK || got.body != "" {
			t.Errorf("HEAD: status %d, body %.100q", got.StatusCode, got.body)
		}
		for _, ahead := range [][2]string{{"Sec-Purpose", "prefetch;prerender"}, {"Sec-Purpose", "prefetch"}, {"Purpose", "prefetch"}, {"X-Moz", "prefetch"}, {"X-Purpose", "preview"}} {
			if got := c.call(http.MethodGet, told.accept, ahead[0], ahead[1]); got.StatusCode != http.StatusNoContent || got.body != "" {
				t.Errorf("%s: %s: status %d, body %.100q", ahead[0], ahead[1], got.StatusCode, got.body)
			}
		}
		for _, method := range []string{http.MethodPost, http.MethodPut, http.MethodDelete} {
			if got := c.call(method, told.accept); got.StatusCode != http.StatusMethodNotAllowed || got.Header.Get("Allow") != "GET, HEAD" {
				t.Errorf("%s: status %d, Allow %q", method, got.StatusCode, got.Header.Get("Allow"))
			}
		}
		if b := f.bills(t, 1000); len(b.of(told.auction)) != 0 {
			t.Error("one of them was billed")
		}
		if got := c.call(http.MethodGet, told.accept); got.Header.Get("X-Curb-Bill") != "first" {
			t.Errorf("then the reader comes: status %d %s, bill %q", got.StatusCode, got.code(), got.Header.Get("X-Curb-Bill"))
		}
	})
}

func TestDeclinedAndUnsold(t *testing.T) {
	f := openPreemptive(t)
	each(t, func(t *testing.T, proto string) {
		c := f.client(t, proto)
		before := f.bills(t, 1)
		for range 3 {
			pass(t, c, preemptive)
		}
		f.buyers[9701].offer(terms{})
		told := pass(t, c, preemptive)
		f.buyers[9701].offer(terms{price: "3.1575"})
		if told.Get("price") != "0" || told.Get("pb") != "0.00" || told.Get("sealed") != "" || told.Get("creative") != "0" || !told.Has("accept") || told.Get("accept") != "" {
			t.Errorf("nobody bids, and the ad server is told %v", told.Values)
		}
		if after := f.bills(t, 1); after.Bills != before.Bills {
			t.Errorf("%d bills for sales that nobody accepted", after.Bills-before.Bills)
		}
	})
}

func TestPreemptiveScript(t *testing.T) {
	f := openPreemptive(t)
	each(t, func(t *testing.T, proto string) {
		got := f.client(t, proto).get("/ptj?id=1002", "Referer", pageOfNews)
		if got.StatusCode != http.StatusOK || !strings.HasPrefix(got.Header.Get("Content-Type"), "application/javascript") || got.outcome() != "won" {
			t.Fatalf("status %d %s, header %v", got.StatusCode, got.code(), got.Header)
		}
		if !strings.Contains(got.body, "127.0.0.1:9800") || !strings.Contains(got.body, "pb=3.15") || strings.Contains(got.body, "</") {
			t.Errorf("body %.600q", got.body)
		}
	})
}

// offerOf is the answer of /jpt.
type offerOf struct {
	CPM           json.Number
	Ad            string
	Width, Height int
	DealID        string `json:"deal_id"`
	CreativeID    int    `json:"creative_id"`
	Accept        string
}

func TestPriceAsJSON(t *testing.T) {
	f := openPreemptive(t)
	each(t, func(t *testing.T, proto string) {
		c := f.client(t, proto)
		read := func(text string) (o offerOf) {
			if err := json.Unmarshal([]byte(text), &o); err != nil {
				t.Fatalf("%v: %.300q", err, text)
			}
			return o
		}
		got := c.get("/jpt?id=1002", "Referer", pageOfNews)
		o := read(got.body)
		if got.Header.Get("Content-Type") != "application/json" || o.CPM != "3.1575" || o.Width != 728 || o.Height != 90 || o.CreativeID != 5012 || o.DealID != "" {
			t.Errorf("Content-Type %s, %+v", got.Header.Get("Content-Type"), o)
		}
		to, err := url.Parse(o.Accept)
		if err != nil || !strings.Contains(o.Ad, o.Accept) {
			t.Fatalf("accept %s (%v), ad %s", o.Accept, err, o.Ad)
		}
		if shown := c.call(http.MethodGet, to); !strings.Contains(shown.body, "ad of 201") || shown.Header.Get("X-Curb-Bill") != "first" {
			t.Errorf("accepted: status %d %s, body %.300q", shown.StatusCode, shown.code(), shown.body)
		}
		got = c.get("/jpt?id=1002&callback=_take.it")
		inner, called := strings.CutPrefix(got.body, "/**/_take.it(")
		if !called || !strings.HasPrefix(got.Header.Get("Content-Type"), "application/javascript") || got.Header.Get("X-Content-Type-Options") != "nosniff" {
			t.Fatalf("Content-Type %s, body %.300q", got.Header.Get("Content-Type"), got.body)
		}
		if o := read(strings.TrimSuffix(strings.TrimSpace(inner), ");")); o.CPM != "3.1575" {
			t.Errorf("with a callback: %+v", o)
		}
		if o := read(c.get("/jpt?id=1002&legacy=1").body); o.CPM != "31575" {
			t.Errorf("legacy: cpm %s, want 31575", o.CPM)
		}
		var wrapped struct {
			UID    string `json:"callback_uid"`
			Result offerOf
		}
		if err := json.Unmarshal([]byte(c.get("/jpt?id=1002&legacy=1&callback_uid=u-1").body), &wrapped); err != nil || wrapped.UID != "u-1" || wrapped.Result.CPM != "31575" {
			t.Errorf("legacy with a uid: %+v (%v)", wrapped, err)
		}
	})
}

// TestASaleOverOpenRTB is billed when its ad is shown or its caller says so, whichever comes first, and once.
func TestASaleOverOpenRTB(t *testing.T) {
	f := openPreemptive(t)
	each(t, func(t *testing.T, proto string) {
		c := f.client(t, proto)
		got := c.post("/openrtb2/auction", strings.ReplaceAll(bidRequest("sale-"+proto, 1003), "https://news.test/", pageOfNews))
		var answer struct {
			SeatBid []struct {
				Bid []struct {
					AdM, BURL string
					Price     json.Number
				}
			}
		}
		if err := json.Unmarshal([]byte(got.body), &answer); err != nil || len(answer.SeatBid) != 1 {
			t.Fatalf("%v: %.300q", err, got.body)
		}
		bid := answer.SeatBid[0].Bid[0]
		auction := delivered.FindStringSubmatch(bid.AdM)
		burl, err := url.Parse(bid.BURL)
		if auction == nil || err != nil || bid.Price != "3.1575" {
			t.Fatalf("bid %+v (%v)", bid, err)
		}
		var like *reply
		sameRefusal(t, "the caller's token at the ad server's endpoint", c.get("/ab?"+burl.RawQuery), &like)
		if b := f.bills(t, 1000); len(b.of(auction[1])) != 0 {
			t.Error("billed before it was shown")
		}
		for i, way := range []*url.URL{link(t, f, bid.AdM, "/it"), burl, burl} {
			want := "dup"
			if i == 0 {
				want = "first"
			}
			if shown := c.call(http.MethodGet, way); shown.StatusCode != http.StatusOK || shown.Header.Get("X-Curb-Bill") != want {
				t.Errorf("call %d: status %d %s, bill %q, want %s", i+1, shown.StatusCode, shown.code(), shown.Header.Get("X-Curb-Bill"), want)
			}
		}
		if b := f.bills(t, 1000); len(b.of(auction[1])) != 1 || b.of(auction[1])[0].Net != "3.1575" {
			t.Errorf("bills %+v", b.of(auction[1]))
		}
	})
}

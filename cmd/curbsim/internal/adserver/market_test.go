package adserver

import (
	"encoding/hex"
	"fmt"
	"net/http"
	"net/http/httptest"
	"net/url"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"curb/edge/ad"
	"curb/edge/token"
)

const (
	linesCSV = "order,line_item,price_cpm,currency,key,value,targeting,sizes,creative\n" +
		"Curb news.example,Curb 0.50,0.50,USD,hb,0.50,hb=0.50,728x90 300x250,\"<script async src=\"\"%%PATTERN:accept%%\"\"></script>\"\n" +
		"Curb news.example,Curb 1.50,1.50,USD,hb,1.50,hb=1.50,728x90 300x250,\"<script async src=\"\"%%PATTERN:accept%%\"\"></script>\"\n"
	linesJSON = `[{"order":"Curb news.example","name":"Curb 0.50","price":"0.50","currency":"USD","key":"hb","value":"0.50","targeting":"hb=0.50","sizes":["728x90","300x250"],
		"creative":"<script async src=\"%%PATTERN:accept%%\"></script>"},
		{"order":"Curb news.example","name":"Curb 1.50","price":"1.50","currency":"USD","key":"hb","value":"1.50","targeting":"hb=1.50","sizes":["728x90","300x250"],
		"creative":"<script async src=\"%%PATTERN:accept%%\"></script>"}]`
)

// TestLineItems: what a publisher exports for its ad server works in this one, from a file and by POST /ctl.
func TestLineItems(t *testing.T) {
	fromCSV, err := ReadLineItems(strings.NewReader(linesCSV))
	if err != nil {
		t.Fatal(err)
	}
	fromJSON, err := ReadLineItems(strings.NewReader(linesJSON))
	if err != nil {
		t.Fatal(err)
	}
	if diff := cmp.Diff(fromCSV, fromJSON); diff != "" {
		t.Errorf("CSV and JSON say different things (-csv +json):\n%s", diff)
	}
	for _, bad := range []string{"", "a,b\n", "line_item,price_cpm\nx,much\n", "[{]", "line_item\n\"x\n"} {
		if _, err := ReadLineItems(strings.NewReader(bad)); err == nil {
			t.Errorf("%q passes", bad)
		}
	}
	p := start(t)
	p.set(`{"line_items":` + linesJSON + `}`)
	get := func(params string) string {
		t.Helper()
		_, body := p.get("/ad?accept=https%3A%2F%2Flocalhost%2Fab%3Fe%3D%22x%26y&format=html&" + params)
		return body
	}
	if body := get("hb=1.50&price=1.57"); !strings.Contains(body, `<script async src="https://localhost/ab?e=&#34;x&amp;y"></script>`) {
		t.Errorf("the line item's creative: %s", body)
	}
	if body := get("hb=0.50&price=0.57"); !strings.Contains(body, "Spring Campaign") {
		t.Errorf("a cheap line item: %s", body)
	}
	if body := get("hb=1.5&price=1.57"); !strings.Contains(body, "no line item is for hb=1.5") {
		t.Errorf("a value that no line item has to the letter: %s", body)
	}
	if s := p.stats(); s.Lines["Curb 1.50"] != 1 || s.RevenueOf["Curb 1.50"] != "1.57" || s.Own != 2 {
		t.Errorf("stats %+v", s)
	}
}

// TestGranularities: every bucket that a publisher's granularity makes has a line item.
func TestGranularities(t *testing.T) {
	for _, name := range []string{"low", "medium", "high", "auto", "dense"} {
		s := Defaults()
		s.Buckets = Buckets{Name: name}
		p := mustCompile(t, s)
		buckets, _ := ad.BucketsNamed(name)
		for _, price := range []ad.CPM{500_000, 3_157_300, 19_990_000, 75_000_000} {
			text := string(buckets.AppendFloor(nil, price))
			if l, why := p.find(url.Values{"pb": {text}}, price); l == nil || l.price != buckets.Floor(price) {
				t.Errorf("%s: %s: %v, %s", name, text, l, why)
			}
		}
	}
}

func TestSealedPrices(t *testing.T) {
	p := start(t)
	auction := ad.AuctionID{1, 2, 3}
	aead := Defaults().PriceKey
	xor := PriceKey{Scheme: "xor", Encryption: aead.Encryption, Integrity: "demo-tag-of-news-example--not-for-real-use0", Partner: 10}
	seal := func(key PriceKey, amount ad.CPM) string {
		opened, err := key.open()
		if err != nil {
			t.Fatal(err)
		}
		return string(token.SealPrice(nil, &opened, &token.Price{Partner: 10, Auction: auction, Amount: amount, At: time.Now()}, [12]byte{7}))
	}
	get := func(sealed, auction string) {
		t.Helper()
		p.get("/ad?price=1.25&sealed=" + sealed + "&auction=" + auction)
	}
	get(seal(aead, 1_250_000), auction.String())
	get(seal(aead, 1_250_001), auction.String())        // another price
	get(seal(aead, 1_250_000), ad.AuctionID{}.String()) // another auction
	get(seal(aead, 1_250_000), "none")
	get(seal(xor, 1_250_000), auction.String()) // another key
	get("", "")                                 // nothing sealed, nothing counted
	p.set(`{"price_key":{"scheme":"xor","encryption":"` + xor.Encryption + `","integrity":"` + xor.Integrity + `"}}`)
	get(seal(xor, 1_250_000), "")
	p.set(`{"price_key":{"scheme":""}}`)
	get(seal(xor, 1_250_000), "")
	if s := p.stats(); s.SealedOK != 2 || s.SealedBad != 4 {
		t.Errorf("%d sealed prices were right and %d wrong, want 2 and 4", s.SealedOK, s.SealedBad)
	}
	for text, ok := range map[string]bool{
		"none": true, "aead:" + aead.Encryption: true, "xor:" + xor.Encryption + ":" + xor.Integrity: true,
		"": false, "aead": false, "xor:" + xor.Encryption: false, "aead:" + aead.Encryption + "x": false, "aead:a:b:c": false,
	} {
		if _, err := ParsePriceKey(text, 10); (err == nil) != ok {
			t.Errorf("%s: %v", text, err)
		}
	}
	if hex.EncodeToString(auction[:]) != auction.String() {
		t.Error("auction ids are written otherwise than in hex")
	}
}

// TestFrameGetsADocument: a script's answer in a frame would be shown as text.
func TestFrameGetsADocument(t *testing.T) {
	p := start(t)
	for dest, kind := range map[string]string{"": "application/javascript", "script": "application/javascript", "iframe": "text/html", "document": "text/html"} {
		req, err := http.NewRequestWithContext(t.Context(), http.MethodGet, p.base+"/ad?price=2&pb=2.00&format=js&accept=https%3A%2F%2Flocalhost%2Fab", nil)
		if err != nil {
			t.Fatal(err)
		}
		if dest != "" {
			req.Header.Set("Sec-Fetch-Dest", dest)
		}
		resp, err := p.client.Do(req)
		if err != nil {
			t.Fatal(err)
		}
		resp.Body.Close()
		if got, _, _ := strings.Cut(resp.Header.Get("Content-Type"), ";"); got != kind {
			t.Errorf("for %q: %s, want %s", dest, got, kind)
		}
	}
}

// TestCallbacks: what the ad server itself calls, and what it does not.
func TestCallbacks(t *testing.T) {
	var mu sync.Mutex
	var purposes []string
	node := httptest.NewTLSServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		mu.Lock()
		purposes = append(purposes, r.Header.Get("Sec-Purpose"))
		mu.Unlock()
		if r.URL.Query().Get("e") == "old" {
			w.WriteHeader(http.StatusGone)
		}
	}))
	defer node.Close()
	p := start(t)
	get := func(token string, params string) string {
		t.Helper()
		resp, body := p.get("/ad?price=2&accept=" + url.QueryEscape(node.URL+"/ab?e="+token) + params)
		return fmt.Sprint(resp.StatusCode, " ", resp.Header.Get("Location"), body)
	}
	get("a", "")
	if len(purposes) != 0 {
		t.Errorf("called without being told to: %q", purposes)
	}
	p.set(`{"prefetch": true, "repeat": 3}`)
	if got := get("old", ""); got != "302 "+node.URL+"/ab?e=old"+`<a href="`+node.URL+`/ab?e=old">Found</a>.`+"\n\n" {
		t.Errorf("answer %s", got)
	}
	if got := get("b", "&format=html"); strings.Count(got, "<iframe") != 3 {
		t.Errorf("the page calls: %s", got)
	}
	if diff := cmp.Diff([]string{"prefetch", "", "", "prefetch"}, purposes); diff != "" {
		t.Errorf("calls (-want +got):\n%s", diff)
	}
	p.set(`{"never": true}`)
	if got := get("c", ""); !strings.Contains(got, "never called back") || strings.Contains(got, "/ab?e=") {
		t.Errorf("taken and never called: %s", got)
	}
	if _, body := p.get("/pixel?x=1"); len(body) != 43 || body[:3] != "GIF" {
		t.Errorf("pixel of %d bytes", len(body))
	}
	s := p.stats()
	if diff := cmp.Diff(map[string]uint64{"410": 3, "200": 1}, s.Callbacks); diff != "" {
		t.Errorf("callbacks (-want +got):\n%s", diff)
	}
	if s.Accepted != 3 || s.Never != 1 || s.Revenue != "6" || s.Pixels != 1 {
		t.Errorf("%d accepted for %s, %d never, %d pixels", s.Accepted, s.Revenue, s.Never, s.Pixels)
	}
	node.Close()
	p.set(`{"never": false, "repeat": 1}`)
	get("d", "")
	if s := p.stats(); s.Callbacks["error"] != 1 {
		t.Errorf("callbacks %v", s.Callbacks)
	}
}

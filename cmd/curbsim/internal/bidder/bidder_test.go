package bidder

import (
	"bytes"
	"context"
	"encoding/json"
	"io"
	"net/http"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"github.com/klauspost/compress/gzip"
	"github.com/klauspost/compress/zstd"
	"go.uber.org/goleak"

	"curb/edge/ad"
	"curb/edge/openrtb"
)

func TestMain(m *testing.M) { goleak.VerifyTestMain(m) }

// party is a bidder under test and a client of it.
type party struct {
	*Bidder
	t      *testing.T
	client *http.Client
}

func start(t *testing.T, settings Settings) *party {
	t.Helper()
	listener := listen(t)
	b, err := Start(listener, "http://"+listener.Addr().String(), settings)
	if err != nil {
		t.Fatal(err)
	}
	p := &party{b, t, &http.Client{
		Timeout: 10 * time.Second, Transport: &http.Transport{DisableCompression: true},
		CheckRedirect: func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse },
	}}
	t.Cleanup(func() {
		p.client.CloseIdleConnections()
		ctx, cancel := context.WithTimeout(context.Background(), time.Second)
		defer cancel()
		b.Stop(ctx)
	})
	return p
}

// answered is one answer, read whole.
type answered struct {
	status int
	header http.Header
	body   string
}

func (p *party) call(method, path, body string, header ...string) answered {
	p.t.Helper()
	a, err := p.try(method, path, body, header...)
	if err != nil {
		p.t.Fatalf("%s %s: %v", method, path, err)
	}
	return a
}

func (p *party) try(method, path, body string, header ...string) (answered, error) {
	req, err := http.NewRequest(method, p.base+path, strings.NewReader(body))
	if err != nil {
		return answered{}, err
	}
	for i := 0; i < len(header); i += 2 {
		req.Header.Set(header[i], header[i+1])
	}
	resp, err := p.client.Do(req)
	if err != nil {
		return answered{}, err
	}
	defer resp.Body.Close()
	got, err := io.ReadAll(resp.Body)
	return answered{resp.StatusCode, resp.Header, string(got)}, err
}

func (p *party) set(fields string) {
	p.t.Helper()
	if a := p.call("POST", "/ctl", fields); a.status != 200 {
		p.t.Fatalf("POST /ctl %s: %d %s", fields, a.status, a.body)
	}
}

const oneImp = `{"id":"r1","tmax":120,"imp":[{"id":"i1","banner":{"format":[{"w":970,"h":90},{"w":300,"h":250},{"w":728,"h":90}]}}]}`

func TestBid(t *testing.T) {
	const (
		twoImps = `{"id":"r2","imp":[{"id":"a","banner":{"w":728,"h":90}},{"id":"v","video":{"mimes":["video/mp4"]}},{"id":"b","banner":{"w":320,"h":50}}]}`
		noSize  = `{"id":"r3","imp":[{"id":"a","banner":{"w":970,"h":250}}]}`
		dealt   = `{"id":"r4","imp":[{"id":"a","banner":{"w":300,"h":250},"pmp":{"deals":[{"id":"D1","bidfloor":0.5},{"id":"D2","bidfloor":7}]}}]}`
		odd     = `{"id":"q\"\\\u0001é","imp":[{"id":"\n","banner":{"w":300,"h":250}}]}`
	)
	cases := []struct{ name, set, request, want string }{
		{"the first size it has a creative for", `{}`, oneImp,
			`{"id":"r1","seatbid":[{"seat":"201","bid":[{"id":"r1-1","impid":"i1","price":2.5,"crid":"c-300x250","adomain":["brand-201.example"],"w":300,"h":250}]}]}`},
		{"every banner", `{"adomain":[]}`, twoImps,
			`{"id":"r2","seatbid":[{"seat":"201","bid":[{"id":"r2-1","impid":"a","price":2.5,"crid":"c-728x90","w":728,"h":90},{"id":"r2-2","impid":"b","price":2.5,"crid":"c-320x50","w":320,"h":50}]}]}`},
		{"no size fits", `{}`, noSize, ``},
		{"price by size", `{"prices":{"300x250":0.000001},"adomain":[]}`, oneImp,
			`{"id":"r1","seatbid":[{"seat":"201","bid":[{"id":"r1-1","impid":"i1","price":0.000001,"crid":"c-300x250","w":300,"h":250}]}]}`},
		{"currency, seat, creative, markup", `{"currency":"EUR","seat":"77","creative":"x{size}y","markup":"<b a=\"1\">","adomain":["a.example","b.example"]}`, oneImp,
			`{"id":"r1","cur":"EUR","seatbid":[{"seat":"77","bid":[{"id":"r1-1","impid":"i1","price":2.5,"crid":"x300x250y","adomain":["a.example","b.example"],"w":300,"h":250,"adm":"<b a=\"1\">"}]}]}`},
		{"several bids", `{"bids":3,"price":"0.02","adomain":[]}`, oneImp,
			`{"id":"r1","seatbid":[{"seat":"201","bid":[{"id":"r1-1","impid":"i1","price":0.02,"crid":"c-300x250","w":300,"h":250},{"id":"r1-2","impid":"i1","price":0.01,"crid":"c-300x250","w":300,"h":250}]}]}`},
		{"no bids at all", `{"bids":0}`, oneImp, ``},
		{"never", `{"probability":0}`, oneImp, ``},
		{"a deal by name", `{"deal":"D2","adomain":[]}`, dealt,
			`{"id":"r4","seatbid":[{"seat":"201","bid":[{"id":"r4-1","impid":"a","price":7,"crid":"c-300x250","w":300,"h":250,"dealid":"D2"}]}]}`},
		{"any deal", `{"deal":"*","adomain":[]}`, dealt,
			`{"id":"r4","seatbid":[{"seat":"201","bid":[{"id":"r4-1","impid":"a","price":7,"crid":"c-300x250","w":300,"h":250,"dealid":"D2"}]}]}`},
		{"a deal below its own price", `{"deal":"D1","adomain":[]}`, dealt,
			`{"id":"r4","seatbid":[{"seat":"201","bid":[{"id":"r4-1","impid":"a","price":2.5,"crid":"c-300x250","w":300,"h":250,"dealid":"D1"}]}]}`},
		{"a deal at its own price", `{"deal":"*","deal_price":0.75,"adomain":[]}`, dealt,
			`{"id":"r4","seatbid":[{"seat":"201","bid":[{"id":"r4-1","impid":"a","price":0.75,"crid":"c-300x250","w":300,"h":250,"dealid":"D2"}]}]}`},
		{"a deal that is not offered", `{"deal":"D9","adomain":[]}`, dealt,
			`{"id":"r4","seatbid":[{"seat":"201","bid":[{"id":"r4-1","impid":"a","price":2.5,"crid":"c-300x250","w":300,"h":250}]}]}`},
		{"ids that need escaping", `{"adomain":[]}`, odd,
			`{"id":"q\"\\\u0001é","seatbid":[{"seat":"201","bid":[{"id":"q\"\\\u0001é-1","impid":"\u000a","price":2.5,"crid":"c-300x250","w":300,"h":250}]}]}`},
	}
	p := start(t, Defaults(201, 2_500_000))
	for _, c := range cases {
		p.call("POST", "/ctl/reset", "")
		p.set(c.set)
		a := p.call("POST", "/bid", c.request)
		if c.want == "" {
			if a.status != 204 {
				t.Errorf("%s: %d %s; want 204", c.name, a.status, a.body)
			}
			continue
		}
		if a.status != 200 || a.header.Get("Content-Type") != "application/json" {
			t.Errorf("%s: %d %v", c.name, a.status, a.header)
		}
		if diff := cmp.Diff(c.want, a.body); diff != "" {
			t.Errorf("%s (-want +got):\n%s", c.name, diff)
		}
	}
}

// TestNodesReader: what a bidder says, the node's own decoder takes.
func TestNodesReader(t *testing.T) {
	p := start(t, Demo(1))
	a := p.call("POST", "/bid", string(sample(t)))
	var d openrtb.Decoder
	got, err := d.DecodeResponse([]byte(a.body))
	if err != nil {
		t.Fatalf("%v in %s", err, a.body)
	}
	if got.SeatBid[0].Seat != "201" || got.SeatBid[0].Bid[0].Price != 2_500_000 || got.SeatBid[0].Bid[0].CrID != "c-300x250" {
		t.Errorf("read %+v", got.SeatBid)
	}
}

func TestNoticeURLs(t *testing.T) {
	p := start(t, Defaults(201, 2_500_000))
	p.set(`{"notices": true}`)
	const which = "auction=${AUCTION_ID}&imp=${AUCTION_IMP_ID}&bid=${AUCTION_BID_ID}"
	a := p.call("POST", "/bid", oneImp)
	for _, want := range []string{
		`"nurl":"` + p.base + `/win?` + which + `&price=${AUCTION_PRICE}&currency=${AUCTION_CURRENCY}"`,
		`"burl":"` + p.base + `/bill?` + which + `&price=${AUCTION_PRICE}&currency=${AUCTION_CURRENCY}"`,
		`"lurl":"` + p.base + `/loss?` + which + `&reason=${AUCTION_LOSS}"`,
	} {
		if !strings.Contains(a.body, want) {
			t.Errorf("%s lacks %s", a.body, want)
		}
	}
}

func TestCodings(t *testing.T) {
	var zipped bytes.Buffer
	w := gzip.NewWriter(&zipped)
	io.WriteString(w, oneImp)
	w.Close()
	encoder, _ := zstd.NewWriter(nil)
	defer encoder.Close()
	bomb := encoder.EncodeAll(bytes.Repeat([]byte{' '}, decodedBytesMax+1), nil)
	var gzipBomb bytes.Buffer
	w.Reset(&gzipBomb)
	w.Write(bytes.Repeat([]byte{' '}, decodedBytesMax+1))
	w.Close()
	p := start(t, Defaults(201, 2_500_000))
	plain := p.call("POST", "/bid", oneImp).body
	cases := []struct {
		coding, body string
		status       int
	}{
		{"gzip", zipped.String(), 200},
		{"zstd", string(encoder.EncodeAll([]byte(oneImp), nil)), 200},
		{"identity", oneImp, 200},
		{"br", "x", 415},
		{"gzip, gzip", zipped.String(), 415},
		{"gzip", "not gzip", 400},
		{"gzip", zipped.String()[:20], 400},
		{"zstd", "not zstd", 400},
		{"zstd", string(bomb), 413},
		{"gzip", gzipBomb.String(), 413},
		{"gzip", zipped.String(), 200}, // after the refusals
	}
	for _, c := range cases {
		a := p.call("POST", "/bid", c.body, "Content-Encoding", c.coding)
		if a.status != c.status || (c.status == 200 && a.body != plain) {
			t.Errorf("%s of %d bytes: %d %s; want %d", c.coding, len(c.body), a.status, a.body, c.status)
		}
	}
	p.set(`{"compress": true}`)
	for range 2 { // the second time with compressors in use before
		a := p.call("POST", "/bid", oneImp, "Accept-Encoding", "gzip, zstd")
		decoder, _ := zstd.NewReader(nil)
		if got, err := decoder.DecodeAll([]byte(a.body), nil); err != nil || string(got) != plain || a.header.Get("Content-Encoding") != "zstd" {
			t.Errorf("zstd answer: %v, %s", err, got)
		}
		decoder.Close()
		a = p.call("POST", "/bid", oneImp, "Accept-Encoding", "gzip")
		r, err := gzip.NewReader(strings.NewReader(a.body))
		if err != nil {
			t.Fatal(err)
		}
		if got, _ := io.ReadAll(r); string(got) != plain || a.header.Get("Content-Encoding") != "gzip" {
			t.Errorf("gzip answer: %s", got)
		}
		if a = p.call("POST", "/bid", oneImp, "Accept-Encoding", "br"); a.body != plain || a.header.Get("Content-Encoding") != "" {
			t.Errorf("answer to one who accepts neither: %v", a)
		}
	}
}

func TestChanceFollowsTheRequest(t *testing.T) {
	settings := Defaults(201, 1_000_000)
	settings.Probability, settings.Jitter = 0.3, 1000
	p, err := compiler("")(&settings)
	if err != nil {
		t.Fatal(err)
	}
	bids := 0
	for i := range 10_000 {
		hash := hashString(p.seed, ad.AuctionID{byte(i), byte(i >> 8)}.String())
		if p.bidsOn(hash) {
			bids++
		}
		if w := p.wait(hash); w < 0 || w >= 1000 {
			t.Fatalf("jitter of %d ns", w)
		}
	}
	if bids < 2700 || bids > 3300 {
		t.Errorf("bids on %d of 10000 requests, want about 3000", bids)
	}
}

func TestStats(t *testing.T) {
	p := start(t, Defaults(201, 2_500_000))
	stats := func() (s map[string]any) {
		t.Helper()
		if err := json.Unmarshal([]byte(p.call("GET", "/ctl/stats", "").body), &s); err != nil {
			t.Fatal(err)
		}
		return s
	}
	if s := stats(); s["last_request"] != nil || s["requests"] != 0.0 {
		t.Errorf("before the first request: %v", s)
	}
	p.call("POST", "/bid", oneImp)
	p.call("POST", "/bid", oneImp)
	if a := p.call("GET", "/ready", ""); a.body != "1" {
		t.Errorf("ready says %q", a.body)
	}
	p.set(`{"ready": false, "failure": "no_bid"}`)
	if a := p.call("GET", "/ready", ""); a.body != "0" {
		t.Errorf("not ready says %q", a.body)
	}
	p.call("POST", "/bid", oneImp)
	s := stats()
	for name, want := range map[string]float64{"requests": 3, "answers": 2, "bids": 2, "no_bids": 1, "ready_checks": 2, "bad_requests": 0, "connections_accepted": 1} {
		if s[name] != want {
			t.Errorf("%s is %v, want %v", name, s[name], want)
		}
	}
	if last, _ := s["last_request"].(map[string]any); last["id"] != "r1" {
		t.Errorf("last request %v", s["last_request"])
	}
	if a := p.call("POST", "/bid", "{nonsense"); a.status != 400 {
		t.Errorf("nonsense: %d", a.status)
	}
	if s := stats(); s["last_request"] != "{nonsense" || s["bad_requests"] != 1.0 {
		t.Errorf("after nonsense: %v", s)
	}
	p.call("POST", "/ctl/reset", "")
	if s := stats(); s["requests"] != 0.0 || s["last_request"] != nil {
		t.Errorf("after a reset: %v", s)
	}
}

func TestBadSettings(t *testing.T) {
	p := start(t, Defaults(201, 2_500_000))
	cases := []struct{ body, want string }{
		{`{"currency": "eur"}`, `is not an ISO 4217 code in capitals`},
		{`{"currency": ""}`, `is not an ISO 4217 code in capitals`},
		{`{"failure": "explode"}`, `failure: unknown \"explode\"; one of none, no_bid, empty`},
		{`{"probability": 1.01}`, `probability: 1.01 is not from 0 to 1`},
		{`{"bids": 201}`, `bids: 201 is not from 0 to 200`},
		{`{"sizes": ["300"]}`, `sizes: \"300\" is not a size such as 300x250`},
		{`{"prices": {"1x1": 1}}`, `prices: no creative of size \"1x1\"`},
		{`{"seat": ""}`, `seat: empty`},
		{`{"raw": {"status": 600}}`, `raw.status: 600 is not from 100 to 599`},
		{`{"raw": {"header": {"A": "b\r\nC: d"}}}`, `raw.header: `},
	}
	for _, c := range cases {
		if a := p.call("POST", "/ctl", c.body); a.status != 400 || !strings.Contains(a.body, c.want) {
			t.Errorf("%s: %d %s; want 400 with %s", c.body, a.status, a.body, c.want)
		}
	}
	p.set(`{"bids": 200, "probability": 1}`)
	if _, err := Start(listen(t), "", Settings{}); err == nil {
		t.Error("a bidder without settings starts")
	}
}

// TestDemoMarket: bidder 1 bids on everything at once and more than the others on 300x250; nobody comes near the deadline.
func TestDemoMarket(t *testing.T) {
	first := Demo(1)
	if first.Failure != "none" || first.Probability != 1 || first.Latency+first.Jitter != 0 || len(first.Prices) > 0 {
		t.Error("bidder 1 does not always bid at once")
	}
	const euro = 1.25 // no euro is worth more in the demo's rates
	for n := 1; n <= 8; n++ {
		s := Demo(n)
		if err := s.Check(); err != nil {
			t.Errorf("bidder %d: %v", n, err)
		}
		if _, special := s.Prices["300x250"]; n > 1 && (special || float64(s.Price)*euro >= float64(first.Price)*1.1) {
			t.Errorf("bidder %d bids %s, bidder 1 %s", n, s.Price, first.Price)
		}
		if time.Duration(s.Latency+s.Jitter) > 100*time.Millisecond {
			t.Errorf("bidder %d answers after up to %s: too close to the deadline", n, s.Latency+s.Jitter)
		}
	}
}

func TestAnswerAllocatesNothing(t *testing.T) {
	s := Defaults(201, 2_500_000)
	s.Deal = "*"
	p, err := compiler("http://127.0.0.1:9701")(&s)
	if err != nil {
		t.Fatal(err)
	}
	var a ask
	body, out := sample(t), []byte(nil)
	once := func() {
		if err := a.read(body); err != nil {
			t.Fatal(err)
		}
		var bids int
		if out, bids = p.appendAnswer(out[:0], &a, true); bids != 1 {
			t.Fatalf("%d bids", bids)
		}
	}
	once()
	if n := testing.AllocsPerRun(100, once); n != 0 {
		t.Errorf("reading a request and answering it allocates %v times", n)
	}
}

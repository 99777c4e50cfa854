package server

import (
	"encoding/json"
	"fmt"
	"io"
	"net/http"
	"net/http/httptest"
	"net/netip"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/google/go-cmp/cmp"

	"curb/edge/ad"
	"curb/edge/adcall"
	"curb/edge/openrtb"
)

const bidRequest = `{"id":"r-1","imp":[{"id":"i-1","tagid":"1001","banner":{"format":[{"w":300,"h":250}]}}]}`

func TestResponses(t *testing.T) {
	const id = "00000000000000000000000000000001"
	deal := func(b *ad.Bid) { b.Deal = &ad.Deal{ID: "d-1"} }
	cases := []struct {
		name, body string
		sell       func(adcall.Incoming) *adcall.Answer
		want       string
	}{
		{"sold", strings.Replace(bidRequest, `"banner"`, `"pmp":{"deals":[{"id":"d-1"}]},"banner"`, 1), won(501, deal), `{"id":"r-1","seatbid":[{"bid":[{"id":"` + id + `-1","impid":"i-1","price":2,"adm":"<a href=\"https://localhost:8443/click?e=TOKEN\" target=\"_blank\" rel=\"noopener\"><img src=\"https://cdn.example/a.png?x=1&amp;a=` + id + `\" width=\"300\" height=\"250\" alt=\"\" style=\"border:0;display:block\"></a>","adomain":["shop.example"],"crid":"pic","w":300,"h":250,"adid":"501","dealid":"d-1","cat":["IAB1"],"attr":[3],"mtype":1}],"seat":"7"}],"bidid":"` + id + `","cur":"USD"}`},
		{"in euros, with markup", `{"id":"r-2","cur":["XXX","EUR","USD"],"imp":[{"id":"i-1","tagid":"1001","banner":{}}]}`, won(502, func(b *ad.Bid) { b.Markup = "<b>${AUCTION_PRICE} ${AUCTION_IMP_ID}</b>" }),
			`{"id":"r-2","seatbid":[{"bid":[{"id":"` + id + `-1","impid":"i-1","price":1,"adm":"<b>2.25 i-1</b>","adomain":["shop.example"],"crid":"html","w":300,"h":250,"adid":"502","mtype":1}],"seat":"7"}],"bidid":"` + id + `","cur":"EUR"}`},
		{"video", `{"id":"r-3","imp":[{"id":"i-1","tagid":"1003","video":{"mimes":["video/mp4"]}}]}`, won(504),
			`{"id":"r-3","seatbid":[{"bid":[{"id":"` + id + `-1","impid":"i-1","price":2,"adm":"<VAST version=\"3.0\"><Ad id=\"504\"><Wrapper><AdSystem>curb</AdSystem><VASTAdTagURI><![CDATA[https://cdn.example/v.xml?p=2.25]]></VASTAdTagURI><Impression><![CDATA[https://localhost:8443/it?e=TOKEN]]></Impression><Creatives><Creative><Linear><VideoClicks><ClickTracking><![CDATA[https://localhost:8443/click?e=TOKEN]]></ClickTracking></VideoClicks></Linear></Creative></Creatives></Wrapper></Ad></VAST>","crid":"vast","w":300,"h":250,"adid":"504","mtype":2}],"seat":"7"}],"bidid":"` + id + `","cur":"USD"}`},
		{"native", `{"id":"r-4","app":{"id":"12"},"imp":[{"id":"i-1","tagid":"1006","native":{"request":"{}"}}]}`, won(505),
			`{"id":"r-4","seatbid":[{"bid":[{"id":"` + id + `-1","impid":"i-1","price":2,"adm":"{\"native\":{\"imptrackers\":[\"https://localhost:8443/it?e=TOKEN\"],\"link\":{\"clicktrackers\":[\"https://localhost:8443/click?e=TOKEN\"],\"url\":\"https://shop.example/?r=\"}}}","crid":"native","adid":"505","mtype":4}],"seat":"7"}],"bidid":"` + id + `","cur":"USD"}`},
		{"two of one seat", `{"id":"r-5","imp":[{"id":"a","tagid":"1001","banner":{}},{"id":"b","tagid":"1003","banner":{}}]}`, won(502, func(b *ad.Bid) { b.Markup = "x" }),
			`{"id":"r-5","seatbid":[{"bid":[{"id":"` + id + `-1","impid":"a","price":2,"adm":"x","adomain":["shop.example"],"crid":"html","w":300,"h":250,"adid":"502","mtype":1},{"id":"` + id + `-2","impid":"b","price":2,"adm":"x","adomain":["shop.example"],"crid":"html","w":300,"h":250,"adid":"502","mtype":1}],"seat":"7"}],"bidid":"` + id + `","cur":"USD"}`},
		{"an advertiser of the bid's own", bidRequest, won(502, func(b *ad.Bid) { b.Markup, b.Advertiser = "x", "brand.example" }),
			`{"id":"r-1","seatbid":[{"bid":[{"id":"` + id + `-1","impid":"i-1","price":2,"adm":"x","adomain":["shop.example","brand.example"],"crid":"html","w":300,"h":250,"adid":"502","mtype":1}],"seat":"7"}],"bidid":"` + id + `","cur":"USD"}`},
		{"the same advertiser", bidRequest, won(502, func(b *ad.Bid) { b.Markup, b.Advertiser = "x", "Shop.example" }),
			`{"id":"r-1","seatbid":[{"bid":[{"id":"` + id + `-1","impid":"i-1","price":2,"adm":"x","adomain":["shop.example"],"crid":"html","w":300,"h":250,"adid":"502","mtype":1}],"seat":"7"}],"bidid":"` + id + `","cur":"USD"}`},
		{"no bid", bidRequest, fall(adcall.Blank), `{"id":"r-1","seatbid":[],"bidid":"` + id + `","cur":"USD"}`},
		{"no size in common", `{"id":"r-6","imp":[{"id":"i-1","tagid":"1001","banner":{"format":[{"w":1,"h":1}]}}]}`, won(501), `{"id":"r-6","seatbid":[],"nbr":2}`},
		{"no currency in common", `{"id":"r-7","cur":["XXX"],"imp":[{"id":"i-1","tagid":"1001","banner":{}}]}`, won(501), `{"id":"r-7","seatbid":[],"nbr":2}`},
	}
	for _, c := range cases {
		t.Run(c.name, func(t *testing.T) {
			w := post(rim(t, &seller{sell: c.sell}), c.body)
			if w.Code != 200 || w.Header().Get("Content-Type") != "application/json" || w.Header().Get("Cache-Control") != "no-store" {
				t.Errorf("status %d, headers %v", w.Code, w.Header())
			}
			if diff := cmp.Diff(c.want, withoutReturns(w.Body.String())); diff != "" {
				t.Errorf("body (-want +got):\n%s", diff)
			}
			if !json.Valid(w.Body.Bytes()) {
				t.Error("the body is not JSON")
			}
		})
	}
}

func TestIncoming(t *testing.T) {
	type seen struct {
		Placements []ad.PlacementID
		Sizes      [][]ad.Size
		Reserve    ad.CPM
		TMax       time.Duration
		Media      ad.MediaType
		Position   uint8
	}
	box, tall := ad.Size{W: 300, H: 250}, ad.Size{W: 300, H: 600}
	imp := func(more string) string {
		return `{"id":"r","imp":[{"id":"i","tagid":"1001","banner":{}` + more + `}]}`
	}
	cases := []struct {
		body string
		want seen
	}{
		{imp(``), seen{Placements: []ad.PlacementID{1001}, Sizes: [][]ad.Size{{box}}, Media: ad.Banner}},
		{imp(`,"bidfloor":1.5`), seen{Placements: []ad.PlacementID{1001}, Sizes: [][]ad.Size{{box}}, Media: ad.Banner, Reserve: 1_500_000}},
		{imp(`,"bidfloor":1.5,"bidfloorcur":"EUR"`), seen{Placements: []ad.PlacementID{1001}, Sizes: [][]ad.Size{{box}}, Media: ad.Banner, Reserve: 3_000_000}},
		{imp(`,"bidfloor":1.5,"bidfloorcur":"SEK"`), seen{Placements: []ad.PlacementID{1001}, Sizes: [][]ad.Size{{box}}, Media: ad.Banner, Reserve: 137_468}},
		{`{"id":"r","tmax":-1,` + bidRequest[12:], seen{Placements: []ad.PlacementID{1001}, Sizes: [][]ad.Size{{box}}, Media: ad.Banner, TMax: ad.TMaxMin}},
		{`{"id":"r","tmax":100,` + bidRequest[12:], seen{Placements: []ad.PlacementID{1001}, Sizes: [][]ad.Size{{box}}, Media: ad.Banner, TMax: 100 * time.Millisecond}},
		{`{"id":"r","tmax":1000000000,` + bidRequest[12:], seen{Placements: []ad.PlacementID{1001}, Sizes: [][]ad.Size{{box}}, Media: ad.Banner, TMax: ad.TMaxMax}},
		{`{"id":"r","tmax":0,` + bidRequest[12:], seen{Placements: []ad.PlacementID{1001}, Sizes: [][]ad.Size{{box}}, Media: ad.Banner}},
		{`{"id":"r","imp":[{"id":"i","tagid":"1003","banner":{"w":1,"h":1,"format":[{"w":300,"h":600},{"w":728,"h":90},{"w":300,"h":250},{"w":300,"h":600}]},"video":{},"audio":{}}]}`,
			seen{Placements: []ad.PlacementID{1003}, Sizes: [][]ad.Size{{tall, box}}, Media: ad.Banner | ad.Video}},
		{`{"id":"r","imp":[{"id":"i","tagid":"1002","banner":{"w":320,"h":50,"pos":7}}]}`, seen{Placements: []ad.PlacementID{1002}, Sizes: [][]ad.Size{{{W: 320, H: 50}}}, Media: ad.Banner, Position: 7}},
		{`{"id":"r","site":{"publisher":{"id":"1"}},"imp":[{"id":"i","tagid":"home-top","banner":{}}]}`, seen{Placements: []ad.PlacementID{1001}, Sizes: [][]ad.Size{{box}}, Media: ad.Banner}},
		{`{"id":"r","site":{"publisher":{"id":"2"}},"imp":[{"id":"i","tagid":"home-top","banner":{}}]}`, seen{Placements: []ad.PlacementID{2001}, Sizes: [][]ad.Size{{box}}, Media: ad.Banner}},
		{`{"id":"r","app":{"id":"12"},"imp":[{"id":"i","banner":{}}]}`, seen{Placements: []ad.PlacementID{1006}, Sizes: [][]ad.Size{{box}}, Media: ad.Banner, Position: 3}},
		{`{"id":"r","site":{"publisher":{"id":"2"}},"imp":[{"id":"i","banner":{}}]}`, seen{Placements: []ad.PlacementID{2001}, Sizes: [][]ad.Size{{box}}, Media: ad.Banner}},
		{`{"id":"r","imp":[{"id":"x","tagid":"9999","banner":{}},{"id":"y","tagid":"1001","banner":{"w":9,"h":9}},{"id":"z","tagid":"2001","banner":{}},{"id":"i","tagid":"1001","banner":{}}]}`,
			seen{Placements: []ad.PlacementID{1001}, Sizes: [][]ad.Size{{box}}, Media: ad.Banner}},
	}
	for _, c := range cases {
		s := &seller{sell: func(in adcall.Incoming) *adcall.Answer {
			for i := range in.Call.Impressions {
				if in.Received.Imp[i].ID != in.Call.Impressions[i].ID || len(in.Received.Imp) != len(in.Call.Impressions) {
					t.Errorf("%s: impressions of call and request differ", c.body)
				}
			}
			return fall(adcall.Blank)(in)
		}}
		w := post(rim(t, s), c.body)
		if w.Code != 200 || s.calls() != 1 {
			t.Errorf("%s: status %d, %d auctions: %s", c.body, w.Code, s.calls(), w.Body)
			continue
		}
		got := seen{TMax: s.last.TMax}
		for _, i := range s.imps {
			got.Placements, got.Sizes = append(got.Placements, i.Placement.ID), append(got.Sizes, i.Sizes)
			got.Reserve, got.Media, got.Position = i.Reserve, i.Media, i.Position
		}
		if diff := cmp.Diff(c.want, got); diff != "" {
			t.Errorf("%s (-want +got):\n%s", c.body, diff)
		}
	}
}

func TestIncomingCall(t *testing.T) {
	year := uint16(time.Now().UTC().Year() - 30)
	s := &seller{sell: fall(adcall.Blank)}
	post(rim(t, s), `{"id":"r","test":1,"imp":[{"id":"i","tagid":"1001","secure":1,"banner":{}}],"site":{"page":"https://news.example/a b"},
		"device":{"ip":"198.51.100.7","ua":"UA","language":"fr","dnt":1},"user":{"yob":`+fmt.Sprint(year)+`,"gender":"F","consent":"C"},
		"regs":{"coppa":1,"gdpr":1,"gpp":"G","gpp_sid":[2],"us_privacy":"1YYN"}}`, withHeader("Sec-GPC", "1"), withHeader("Cookie", "a=b"))
	want := ad.Call{
		ID: ad.AuctionID{15: 1}, Format: ad.TagOpenRTB, Received: s.last.Received, Publisher: s.last.Publisher, Site: s.last.Site, Impressions: s.last.Impressions,
		Page: "https://news.example/a%20b", Secure: true, Test: true, Device: ad.Device{IP: netip.MustParseAddr("198.51.100.7"), UserAgent: "UA", Language: "fr"},
		Demographics: ad.Demographics{YearOfBirth: year, Gender: 'F'},
		Privacy:      ad.Privacy{GDPR: 1, TCF: "C", GPP: "G", GPPSID: []int{2}, USPrivacy: "1YYN", COPPA: true, GPC: true, DoNotTrack: true},
	}
	if diff := cmp.Diff(want, s.last, cmp.Comparer(func(a, b netip.Addr) bool { return a == b })); diff != "" {
		t.Errorf("call (-want +got):\n%s", diff)
	}
}

func TestSignalsOfTheBody(t *testing.T) {
	for _, c := range []struct {
		more            string
		gpc, doNotTrack bool
	}{
		{``, false, false},
		{`,"regs":{"ext":{"gpc":"1"}}`, true, false},
		{`,"regs":{"ext":{"gdpr":0,"gpc":1}}`, true, false},
		{`,"regs":{"coppa":0,"ext":{"gpc" : 1 ,"x":{}}}`, true, false},
		{`,"regs":{"ext":{"gpc":"0"}}`, false, false},
		{`,"regs":{"ext":{"gpc":0}}`, false, false},
		{`,"regs":{"ext":{"gpc":true}}`, false, false},
		{`,"regs":{"ext":{"gpc":null}}`, false, false},
		{`,"regs":{"ext":{"x":{"gpc":1}}}`, false, false},
		{`,"regs":{"ext":["gpc",1]}`, false, false},
		{`,"device":{"dnt":1}`, false, true},
		{`,"device":{"lmt":1}`, false, true},
		{`,"device":{"dnt":0,"lmt":1}`, false, true},
		{`,"device":{"dnt":0,"lmt":0}`, false, false},
	} {
		body := bidRequest[:len(bidRequest)-1] + c.more + "}"
		s := &seller{sell: fall(adcall.Blank)}
		if w := post(rim(t, s), body); w.Code != 200 || s.last.GPC != c.gpc || s.last.DoNotTrack != c.doNotTrack {
			t.Errorf("%s: status %d, GPC %v, do not track %v", c.more, w.Code, s.last.GPC, s.last.DoNotTrack)
		}
		post(rim(t, s), body, withHeader("Sec-GPC", "1"), withHeader("DNT", "1"))
		if !s.last.GPC || !s.last.DoNotTrack {
			t.Errorf("%s takes back what the headers say", c.more)
		}
	}
}

// slow is a body whose end takes its time.
type slow struct{ *strings.Reader }

func (s slow) Read(p []byte) (int, error) {
	if s.Len() > 10 {
		return s.Reader.Read(p[:s.Len()-10])
	}
	time.Sleep(700 * time.Millisecond)
	return s.Reader.Read(p)
}

func TestTimeCountsFromTheLastByte(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		s := &seller{sell: fall(adcall.Blank)}
		h := rim(t, s)
		begun := time.Now()
		late := func(r *http.Request) { r.Body = io.NopCloser(slow{strings.NewReader(bidRequest)}) }
		post(h, bidRequest, late)
		arrived := time.Now()
		if !arrived.After(begun) || !s.last.Received.Equal(arrived) {
			t.Errorf("the call was received %v after its first byte, its last came after %v", s.last.Received.Sub(begun), arrived.Sub(begun))
		}
		time.Sleep(replayTime - time.Millisecond)
		if post(h, bidRequest); s.calls() != 1 {
			t.Error("an answer is forgotten a minute after the request's first byte, not its last")
		}
	})
}

// TestRefusals has what is no bid request, each with its answer.
func TestRefusals(t *testing.T) {
	one := `{"id":"i","tagid":"1001","banner":{}}`
	imps := func(n int, same bool) string {
		list := make([]string, n)
		for i := range list {
			list[i] = strings.Replace(one, `"i"`, fmt.Sprintf(`"i%d"`, i), 1)
			if same {
				list[i] = one
			}
		}
		return `{"id":"r","imp":[` + strings.Join(list, ",") + `]}`
	}
	floor := func(v string) string {
		return `{"id":"r","imp":[{"id":"i","tagid":"1001","banner":{},"bidfloor":` + v + `}]}`
	}
	cases := []struct {
		name, body string
		status     int
		code       string
	}{
		{"64: depth 13", strings.Repeat(`{"a":`, 12) + `{}` + strings.Repeat(`}`, 12), 400, "json_too_deep"},
		{"64: 10,001 brackets", strings.Repeat("[", 10_001), 400, "json_too_deep"},
		{"65: duplicate names", `{"id":"r","id":"r",` + bidRequest[12:], 400, "json_invalid"},
		{"65: other case", `{"ID":"r",` + bidRequest[12:], 400, "json_invalid"},
		{"65: trailing data", bidRequest + "{}", 400, "json_invalid"},
		{"65: byte order mark", "\xef\xbb\xbf" + bidRequest, 400, "json_invalid"},
		{"65: not UTF-8", strings.Replace(bidRequest, "r-1", "\xff", 1), 400, "json_invalid"},
		{"65: lone surrogate", strings.Replace(bidRequest, "r-1", `\ud800`, 1), 400, "json_invalid"},
		{"66: 17 impressions", imps(17, false), 400, "request_invalid"},
		{"66: none", `{"id":"r","imp":[]}`, 400, "request_invalid"},
		{"66: same ids", imps(2, true), 400, "request_invalid"},
		{"66: a string too long", `{"id":"` + strings.Repeat("r", 70_000) + `",` + bidRequest[12:], 400, "request_invalid"},
		{"66: 20,001 tokens", `{"id":"r","ext":[` + strings.Repeat("1,", 20_000) + `1],` + bidRequest[12:], 400, "request_invalid"},
		{"67: floor below 0", floor("-1"), 400, "request_invalid"},
		{"67: floor beyond any price", floor("1e308"), 400, "request_invalid"},
		{"67: floor in a string", floor(`"1"`), 400, "request_invalid"},
		{"67: floor that is no number", floor("NaN"), 400, "json_invalid"},
		{"floor in an unknown currency", floor(`1,"bidfloorcur":"XXX"`), 400, "request_invalid"},
		{"floor in no currency", floor(`1,"bidfloorcur":"usd"`), 400, "request_invalid"},
		{"empty", "", 400, "json_invalid"},
		{"unknown placement", strings.Replace(bidRequest, "1001", "9999", 1), 404, "placement_unknown"},
		{"placement switched off", strings.Replace(bidRequest, "1001", "1004", 1), 404, "placement_unknown"},
		{"a code without its publisher", strings.Replace(bidRequest, "1001", "home-top", 1), 404, "placement_unknown"},
		{"several of a site", `{"id":"r","site":{"id":"11"},"imp":[{"id":"i","banner":{}}]}`, 404, "placement_unknown"},
	}
	s := &seller{sell: fall(adcall.Blank)}
	h := rim(t, s)
	if w := post(h, imps(16, false)); w.Code != 200 {
		t.Errorf("16 impressions: status %d %s", w.Code, w.Body)
	}
	held := s.calls()
	for _, c := range cases {
		t.Run(c.name, func(t *testing.T) {
			w := post(h, c.body, withHeader("Origin", "https://news.example"))
			checkProblem(t, recorded(w), c.status, c.code)
			if w.Header().Get("Access-Control-Allow-Origin") != "https://news.example" {
				t.Error("the page cannot read the error")
			}
		})
	}
	if s.calls() != held {
		t.Errorf("%d auctions were held", s.calls()-held)
	}
}

// reply is an answer as a caller sees it.
type reply struct {
	status int
	header http.Header
	body   []byte
}

func recorded(w *httptest.ResponseRecorder) reply { return reply{w.Code, w.Header(), w.Body.Bytes()} }

func checkProblem(t *testing.T, got reply, wantStatus int, wantCode string) {
	t.Helper()
	status, header, body := got.status, got.header, got.body
	if status != wantStatus || header.Get("Content-Type") != "application/problem+json" || header.Get("X-Curb-Error") != wantCode {
		t.Errorf("status %d, headers %v, want %d %s", status, header, wantStatus, wantCode)
	}
	var document map[string]any
	if err := json.Unmarshal(body, &document); err != nil {
		t.Fatalf("body %q: %v", body, err)
	}
	if document["title"] == "" {
		t.Error("no title")
	}
	delete(document, "title")
	delete(document, "detail") // TestDetails
	delete(document, "offset")
	want := map[string]any{"type": "/errors/" + wantCode, "status": float64(wantStatus), "code": wantCode, "request_id": "00000000000000000000000000000001"}
	if diff := cmp.Diff(want, document); diff != "" {
		t.Errorf("problem (-want +got):\n%s", diff)
	}
}

func TestPagesMayAsk(t *testing.T) {
	h := rim(t, &seller{sell: fall(adcall.Blank)})
	for origin, allowed := range map[string]bool{
		"https://news.example": true, "http://localhost:9900": true, "null": false, "": false, "https://news.example/x": false, "https://a,https://b": false,
		"https://news.example\"": false, "chrome-extension://abc": false,
	} {
		w := post(h, bidRequest, func(r *http.Request) {
			r.Header.Set("Content-Type", "text/plain")
			if origin != "" {
				r.Header["Origin"] = []string{origin}
			}
		})
		got, credentials := w.Header().Get("Access-Control-Allow-Origin"), w.Header().Get("Access-Control-Allow-Credentials")
		if allowed != (got == origin && credentials == "true") || !allowed && (got != "" || credentials != "") || w.Header().Get("Vary") != "Origin" {
			t.Errorf("Origin %q: Access-Control-Allow-Origin %q, credentials %q, Vary %q", origin, got, credentials, w.Header().Get("Vary"))
		}
	}
	w := get(h, "/openrtb2/auction", func(r *http.Request) {
		r.Method = http.MethodOptions
		r.Header = http.Header{"Origin": {"https://news.example"}, "Access-Control-Request-Method": {"POST"}, "Access-Control-Request-Headers": {"content-type,x-custom"}}
	})
	want := http.Header{
		"Access-Control-Allow-Origin": {"https://news.example"}, "Access-Control-Allow-Credentials": {"true"}, "Access-Control-Allow-Methods": {"POST"},
		"Access-Control-Allow-Headers": {"content-type,x-custom"}, "Access-Control-Max-Age": {"86400"}, "Allow": {"POST, OPTIONS"}, "Cache-Control": {"no-store"}, "Vary": {"Origin"},
	}
	if diff := cmp.Diff(want, w.Header()); diff != "" || w.Code != 204 {
		t.Errorf("status %d, headers (-want +got):\n%s", w.Code, diff)
	}
}

// FuzzOpenRTB: whatever the body, the answer is one of the few there are, and JSON that our own decoder takes.
func FuzzOpenRTB(f *testing.F) {
	f.Add(bidRequest)
	f.Add(`{"id":"r","cur":["EUR"],"imp":[{"id":"a","tagid":"home-top","bidfloor":0.5,"banner":{"w":300,"h":250}}],"site":{"page":"https://a/","publisher":{"id":"1"}},"regs":{"gdpr":1}}`)
	h := rim(f, &seller{sell: won(502)})
	f.Fuzz(func(t *testing.T, body string) {
		w := post(h, body)
		switch w.Code {
		case 200:
			var d openrtb.Decoder
			if _, err := d.DecodeResponse(w.Body.Bytes()); err != nil {
				t.Fatalf("body %q: %v in %s", body, err, w.Body)
			}
		case 400, 404, 413:
			if !json.Valid(w.Body.Bytes()) {
				t.Fatalf("body %q: %s", body, w.Body)
			}
		default:
			t.Fatalf("body %q: status %d", body, w.Code)
		}
	})
}

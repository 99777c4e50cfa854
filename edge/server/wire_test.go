package server

import (
	"bufio"
	"context"
	"fmt"
	"io"
	"net"
	"net/http"
	"net/http/httptest"
	"strings"
	"sync"
	"testing"
	"time"

	"curb/edge/ad"
	"curb/edge/adcall"
	"curb/edge/auction"
	"curb/edge/catalog"
	"curb/edge/openrtb"
)

// wire sends bytes to a real server and reads one answer.
func wire(t *testing.T, h http.Handler, method, request string) (*http.Response, string) {
	t.Helper()
	s := httptest.NewServer(h)
	defer s.Close()
	conn, err := net.Dial("tcp", s.Listener.Addr().String())
	if err != nil {
		t.Fatal(err)
	}
	defer conn.Close()
	conn.SetDeadline(time.Now().Add(10 * time.Second))
	go io.WriteString(conn, request)
	response, err := http.ReadResponse(bufio.NewReader(conn), &http.Request{Method: method})
	if err != nil {
		t.Fatal(err)
	}
	defer response.Body.Close()
	body, err := io.ReadAll(response.Body)
	if err != nil {
		t.Fatal(err)
	}
	return response, string(body)
}

// TestHostileRequests sends what should not come over a real connection.
func TestHostileRequests(t *testing.T) {
	long := strings.Repeat("a", ad.TargetBytesMax)
	cases := []struct {
		name, method, target, host, more string
		status                           int
		code                             string
	}{
		{"11: script in cb", "GET", "/tt?id=1001&cb=alert(1)//", "localhost", "", 400, "param_invalid"},
		{"05: line end in cb", "GET", "/tt?id=1001&cb=1%0d%0aX:y", "localhost", "", 400, "param_invalid"},
		{"13: markup in Referer", "GET", "/tt?id=1001&psa=0", "localhost", "Referer: https://a/<script>alert(1)</script>" + strings.Repeat("<b>", 2000) + "\r\n", 200, ""},
		{"14: markup in size", "GET", `/tt?id=1001&size=300x250"><svg/onload=alert(1)>`, "localhost", "", 400, "param_invalid"},
		{"15: unknown path", "GET", "/%3Cscript%3E", "localhost", "", 404, "not_found"},
		{"15: root", "GET", "/", "localhost", "", 404, "not_found"},
		{"40: long target", "GET", "/tt?id=1001&x=" + long, "localhost", "", 414, "target_too_long"},
		{"40: target at the limit", "GET", "/tt?id=1001&psa=0&x=" + long[:ad.TargetBytesMax-20], "localhost", "", 200, ""},
		{"43: absolute form", "GET", "http://other.example/tt?id=1001", "localhost", "", 421, "misdirected_request"},
		{"43: trace", "TRACE", "/tt?id=1001", "localhost", "", 405, "method_not_allowed"},
		{"43: unknown method", "BREW", "/tt?id=1001", "localhost", "", 405, "method_not_allowed"},
		{"post to a tag", "POST", "/ttj?id=1001", "localhost", "Content-Length: 0\r\n", 405, "method_not_allowed"},
		{"options of a tag", "OPTIONS", "/tt", "localhost", "", 405, "method_not_allowed"},
		{"56: unknown host", "GET", "/tt?id=1001", "nobody.example", "", 421, "misdirected_request"},
		{"57: same host, other spellings", "GET", "/tt?id=1001&psa=0", "ADS.news.example.:8443", "", 200, ""},
		{"57: user information", "GET", "/tt?id=1001", "a@localhost", "", 400, ""},
		{"57: long host", "GET", "/tt?id=1001", strings.Repeat("a", 300), "", 421, "misdirected_request"},
		{"58: forwarded host", "GET", "/tt?id=2001", "ads.news.example", "X-Forwarded-Host: ads.other.example\r\nForwarded: host=ads.other.example\r\n", 404, "placement_unknown"},
		{"another tenant's placement", "GET", "/tt?id=1001", "ads.other.example", "", 404, "placement_unknown"},
		{"another tenant's code", "GET", "/ttj?member=100&inv_code=home-top", "ads.other.example", "", 404, "placement_unknown"},
		{"own placement", "GET", "/tt?id=2001&psa=0", "ads.other.example", "", 200, ""},
		{"59: below a tag", "GET", "/tt/x.css?id=1001", "localhost", "", 404, "not_found"},
		{"59: path parameter", "GET", "/tt;.js?id=1001", "localhost", "", 404, "not_found"},
		{"59: encoded dots", "GET", "/x/%2e%2e/tt?id=1001", "localhost", "", 404, "not_found"},
		{"59: dots", "GET", "/x/../tt?id=1001", "localhost", "", 404, "not_found"},
		{"59: two slashes", "GET", "//tt?id=1001", "localhost", "", 404, "not_found"},
		{"59: trailing slash", "GET", "/tt/?id=1001", "localhost", "", 404, "not_found"},
		{"59: encoded letter", "GET", "/%74t?id=1001", "localhost", "", 404, "not_found"},
		{"59: encoded slash", "GET", "/%2ftt?id=1001", "localhost", "", 404, "not_found"},
		{"59: case", "GET", "/TT?id=1001", "localhost", "", 404, "not_found"},
		{"cookies", "GET", "/tt?id=1001&psa=0", "localhost", "Cookie: " + strings.Repeat("a=b; ", 100) + "\r\n", 200, ""},
	}
	h := rim(t, &seller{sell: fall(adcall.PSA)})
	for _, c := range cases {
		t.Run(c.name, func(t *testing.T) {
			r, body := wire(t, h, c.method, c.method+" "+c.target+" HTTP/1.1\r\nHost: "+c.host+"\r\n"+c.more+"\r\n")
			if r.StatusCode != c.status || r.Header.Get("X-Curb-Error") != c.code {
				t.Fatalf("status %d, X-Curb-Error %q, want %d %q", r.StatusCode, r.Header.Get("X-Curb-Error"), c.status, c.code)
			}
			if c.code != "" && (body != "" || r.Header.Get("Cache-Control") != "no-store" || r.Header.Get("Content-Type") != "text/plain") {
				t.Errorf("headers %v, body %q", r.Header, body)
			}
			if c.status == 200 && len(body) > 0 {
				t.Errorf("a blank with %d bytes", len(body))
			}
			if c.status == 405 && r.Header.Get("Allow") != "GET, HEAD" {
				t.Errorf("Allow: %q", r.Header.Get("Allow"))
			}
			if c.status == 414 && !r.Close {
				t.Error("the connection stays open")
			}
		})
	}
}

func TestOpenRTBOverTheWire(t *testing.T) {
	h := rim(t, &seller{sell: fall(adcall.Blank)})
	const head = "POST /openrtb2/auction HTTP/1.1\r\nHost: localhost\r\nContent-Type: application/json\r\n"
	endless := fmt.Sprintf("%x\r\n%s\r\n", 64<<10, strings.Repeat(" ", 64<<10))
	cases := []struct {
		name, request string
		status        int
		code          string
		close         bool
	}{
		{"sent in chunks", head + "Transfer-Encoding: chunked\r\n\r\n" + fmt.Sprintf("%x\r\n%s\r\n0\r\n\r\n", len(bidRequest), bidRequest), 200, "", false},
		{"61: announced 10 GB", head + "Content-Length: 10000000000\r\n\r\n", 413, "body_too_large", true},
		{"61: endless chunks", head + "Transfer-Encoding: chunked\r\n\r\n" + endless + endless + endless, 413, "body_too_large", true},
		{"46: a body that does not come", head + "Content-Length: 100\r\n\r\n{", 408, "timeout", true},
		{"get", "GET /openrtb2/auction HTTP/1.1\r\nHost: localhost\r\n\r\n", 405, "method_not_allowed", false},
		{"unknown host", strings.Replace(head, "localhost", "nobody.example", 1) + "Content-Length: 0\r\n\r\n", 421, "misdirected_request", false},
	}
	for _, c := range cases {
		t.Run(c.name, func(t *testing.T) {
			t.Parallel()
			r, body := wire(t, h, "POST", c.request)
			if c.code == "" {
				if r.StatusCode != c.status || !strings.HasPrefix(body, `{"id":"r-1"`) {
					t.Errorf("status %d, body %s", r.StatusCode, body)
				}
				return
			}
			checkProblem(t, reply{r.StatusCode, r.Header, []byte(body)}, c.status, c.code)
			if c.close && !r.Close {
				t.Error("the connection stays open")
			}
		})
	}
}

func TestOtherEndpoints(t *testing.T) {
	h := rim(t, &seller{}, func(o *Options) { o.NodeName = "edge 1\r\nX: y" })
	for major, protocol := range map[int]string{1: "http/1.1", 2: "h2", 3: "h3"} {
		w := get(h, "/.well-known/curb", onHost("ads.news.example"), func(r *http.Request) { r.ProtoMajor = major })
		if w.Code != 204 || w.Header().Get("X-Curb-Protocol") != protocol || w.Header().Get("X-Curb-Node") != "edge1X:y" {
			t.Errorf("protocol %d: status %d, headers %v", major, w.Code, w.Header())
		}
	}
	if w := get(h, "/status"); w.Code != 204 || w.Header().Get("Cache-Control") != "no-store" {
		t.Errorf("/status: %d", w.Code)
	}
	if w := get(h, "/status", onHost("nobody.example")); w.Code != 421 {
		t.Errorf("/status on an unknown host: %d", w.Code)
	}
}

// TestPagesSeeTheProtocol: without Timing-Allow-Origin a page's Resource Timing hides nextHopProtocol.
func TestPagesSeeTheProtocol(t *testing.T) {
	h := rim(t, &seller{sell: fall(adcall.Blank)})
	for name, w := range map[string]*httptest.ResponseRecorder{
		"/status": get(h, "/status"), "/.well-known/curb": get(h, "/.well-known/curb"), "/tt": get(h, "/tt?id=1001"), "/ttj": get(h, "/ttj?id=1001"),
		"a response": post(h, bidRequest), "the same again": post(h, bidRequest), "a refusal": post(h, "{"),
		"nothing to sell": post(h, `{"id":"r","cur":["XXX"],"imp":[{"id":"i-1","tagid":"1001","banner":{}}]}`),
	} {
		if got := w.Header().Get("Timing-Allow-Origin"); got != "*" {
			t.Errorf("%s: Timing-Allow-Origin %q", name, got)
		}
	}
}

// market bids $1.50 with creative 502 on everything, as a bidder adapter would.
type market struct{}

func (market) Ask(_ context.Context, snap *catalog.Snapshot, out *openrtb.Outgoing, answers *ad.Answers) {
	for i := range out.Targets {
		answers.Asked = append(answers.Asked, ad.Asked{Bidder: out.Targets[i].Bidder, Bids: 1})
		c := snap.Creative(502)
		answers.Bids = append(answers.Bids, ad.Bid{ID: "b", Bidder: out.Targets[i].Bidder, Member: 7, Creative: c, Size: c.Size, Price: 1_500_000, Currency: ad.USD, Rate: ad.RateOne,
			Markup: `<b>${AUCTION_PRICE} ${CREATIVE_CODE}</b>`})
	}
}

// TestTheWholeFlow puts the real adcall.Service behind the rim, and many clients before it.
func TestTheWholeFlow(t *testing.T) {
	c := contents()
	c.Bidders = []ad.Bidder{{ID: 1, Name: "b", Active: true, Endpoint: "https://bidder.example/bid", Members: []ad.MemberID{7}}}
	snap, err := catalog.New(c)
	if err != nil {
		t.Fatal(err)
	}
	service := adcall.New(adcall.Options{Asker: market{}, Salt: auction.Salt{1}})
	h := rim(t, nil, func(o *Options) {
		o.AdCalls, o.Snapshot, o.NewAuctionID = service, func() *catalog.Snapshot { return snap }, nil
	})
	var clients sync.WaitGroup
	for client := range 8 {
		clients.Go(func() {
			for i := range 50 {
				if w := get(h, "/tt?id=1001&test=1&dongle=owners-dongle"); w.Body.String() != documentHead+"<b>1.5 html</b>"+documentTail || w.Header().Get("X-Curb-Outcome") != "won" {
					t.Errorf("/tt answers %d %s", w.Code, w.Body)
					return
				}
				w := post(h, strings.Replace(bidRequest, "r-1", fmt.Sprintf("r-%d-%d", client, i), 1))
				if !strings.Contains(withoutReturns(w.Body.String()), `"impid":"i-1","price":1.5,"adm":"<b>1.5 html</b>"`) {
					t.Errorf("the endpoint answers %d %s", w.Code, w.Body)
					return
				}
			}
		})
	}
	clients.Wait()
}

package bidder

import (
	"bytes"
	"errors"
	"io"
	"net"
	"net/http"
	"net/http/httptrace"
	"net/textproto"
	"os"
	"strings"
	"testing"
	"time"

	"github.com/klauspost/compress/gzip"

	"curb/edge/openrtb"
)

// TestTwists: each failure that only says something else is valid JSON in all other respects.
func TestTwists(t *testing.T) {
	request := `{"id":"r1","imp":[{"id":"i1","banner":{"w":300,"h":250}}]}`
	honest := `{"id":"r1","seatbid":[{"seat":"201","bid":[{"id":"r1-1","impid":"i1","price":2.5,"crid":"c-300x250","w":300,"h":250}]}]}`
	cases := map[string][2]string{ // what is replaced in the honest answer
		"wrong_id":         {`{"id":"r1",`, `{"id":"some-other-request",`},
		"wrong_imp":        {`"impid":"i1"`, `"impid":"no-such-imp"`},
		"wrong_seat":       {`"seat":"201"`, `"seat":"999"`},
		"wrong_size":       {`"crid":"c-300x250","w":300,"h":250`, `"crid":"c-468x60","w":468,"h":60`},
		"bad_price":        {`"price":2.5`, `"price":-1`},
		"bad_currency":     {`"id":"r1","seatbid"`, `"id":"r1","cur":"XXX","seatbid"`},
		"bad_notice":       {`"h":250}`, `"h":250,"nurl":"http://169.254.169.254/latest"}`},
		"unknown_creative": {`"crid":"c-300x250"`, `"crid":"no-such-creative"`},
		"no_creative":      {`,"crid":"c-300x250"`, ``},
		"unknown_deal":     {`"h":250}`, `"h":250,"dealid":"no-such-deal"}`},
		"huge":             {`]}]}`, `]}]}` + strings.Repeat(" ", 1<<20)},
		"duplicate":        {`"h":250}`, `"h":250},{"id":"r1-1","impid":"i1","price":2.5,"crid":"c-300x250","w":300,"h":250}`},
	}
	p := start(t, Defaults(201, 2_500_000))
	for name, change := range cases {
		p.set(`{"adomain": [], "failure": "` + name + `"}`)
		want := strings.Replace(honest, change[0], change[1], 1)
		if a := p.call("POST", "/bid", request); a.status != 200 || a.body != want {
			t.Errorf("%s: %d\n got %.300s\nwant %.300s", name, a.status, a.body, want)
		}
	}
	p.set(`{"failure": "bad_price", "price_text": "1e309"}`)
	if a := p.call("POST", "/bid", request); !strings.Contains(a.body, `"price":1e309,`) {
		t.Errorf("price_text is not written: %s", a.body)
	}
	for _, f := range failures {
		if _, tested := cases[f.name]; f.act == nil && !tested && f.name != "none" {
			t.Errorf("%s is not tested", f.name)
		}
	}
}

func TestActs(t *testing.T) {
	p := start(t, Defaults(201, 2_500_000))
	get := func(failure string) answered {
		t.Helper()
		p.set(`{"failure": "` + failure + `"}`)
		return p.call("POST", "/bid", oneImp)
	}
	honest := get("none")
	if a := get("no_bid"); a.status != 204 || a.body != "" {
		t.Errorf("no_bid: %v", a)
	}
	if a := get("empty"); a.status != 200 || a.body != "" {
		t.Errorf("empty: %v", a)
	}
	if a := get("no_seats"); a.body != `{"id":"r1","seatbid":[],"nbr":2}` {
		t.Errorf("no_seats: %v", a)
	}
	if a := get("error_500"); a.status != 500 {
		t.Errorf("error_500: %v", a)
	}
	if a := get("redirect"); a.status != 302 || a.header.Get("Location") != p.base+"/redirected" {
		t.Errorf("redirect: %v", a)
	}
	p.call("GET", "/redirected", "")
	if p.Stats().Redirects != 1 {
		t.Error("a followed redirect is not counted")
	}
	var d openrtb.Decoder
	for _, failure := range []string{"invalid_json", "deep_json"} {
		if a := get(failure); a.status != 200 {
			t.Errorf("%s: %v", failure, a)
		} else if _, err := d.DecodeResponse([]byte(a.body)); err == nil {
			t.Errorf("%s: the node's decoder takes %s", failure, a.body)
		}
	}
	if a := get("bad_encoding"); a.header.Get("Content-Encoding") != "gzip" || a.body != honest.body {
		t.Errorf("bad_encoding: %v", a)
	}
	if a := get("big_header"); len(a.header.Get("X-Padding")) != 64<<10 || a.body != honest.body {
		t.Errorf("big_header: %d bytes", len(a.header.Get("X-Padding")))
	}
	p.set(`{"failure": "raw", "raw": {"status": 418, "header": {"X-A": "b"}, "body": "tea"}}`)
	if a := p.call("POST", "/bid", oneImp); a.status != 418 || a.header.Get("X-A") != "b" || a.body != "tea" {
		t.Errorf("raw: %v", a)
	}
}

func TestInformational(t *testing.T) {
	p := start(t, Defaults(201, 2_500_000))
	p.set(`{"failure": "informational"}`)
	seen := 0
	trace := &httptrace.ClientTrace{Got1xxResponse: func(code int, _ textproto.MIMEHeader) error { seen++; return nil }}
	req, err := http.NewRequestWithContext(httptrace.WithClientTrace(t.Context(), trace), "POST", p.base+"/bid", strings.NewReader(oneImp))
	if err != nil {
		t.Fatal(err)
	}
	resp, err := p.client.Do(req)
	if err != nil {
		t.Fatal(err)
	}
	resp.Body.Close()
	if seen != 1000 || resp.StatusCode != 200 {
		t.Errorf("%d early answers, then %s", seen, resp.Status)
	}
}

func TestBomb(t *testing.T) {
	p := start(t, Defaults(201, 2_500_000))
	p.set(`{"failure": "gzip_bomb"}`)
	a := p.call("POST", "/bid", oneImp)
	r, err := gzip.NewReader(strings.NewReader(a.body))
	if err != nil {
		t.Fatal(err)
	}
	n, err := io.Copy(io.Discard, r)
	if err != nil || n != 32<<20+1 || len(a.body) > 256<<10 || a.header.Get("Content-Encoding") != "gzip" {
		t.Errorf("%d bytes decode to %d, %v", len(a.body), n, err)
	}
}

// TestBrokenConnections: failures after which no whole answer arrives.
func TestBrokenConnections(t *testing.T) {
	p := start(t, Defaults(201, 2_500_000))
	for failure, want := range map[string]string{"close": "EOF", "cut_body": "unexpected EOF"} {
		p.set(`{"failure": "` + failure + `"}`)
		if a, err := p.try("POST", "/bid", oneImp); err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("%s: %v, %v; want an error with %s", failure, a, err, want)
		}
	}
	p.set(`{"failure": "silent"}`)
	p.client.Timeout = 100 * time.Millisecond
	if _, err := p.try("POST", "/bid", oneImp); !errors.Is(err, os.ErrDeadlineExceeded) && !isTimeout(err) {
		t.Errorf("silent: %v, want a timeout", err)
	}
}

func isTimeout(err error) bool {
	timeout, ok := errors.AsType[net.Error](err)
	return ok && timeout.Timeout()
}

// TestSlowBody: the header and a part arrive well before the rest.
func TestSlowBody(t *testing.T) {
	p := start(t, Defaults(201, 2_500_000))
	p.set(`{"failure": "slow_body"}`)
	resp, err := p.client.Post(p.base+"/bid", "application/json", strings.NewReader(oneImp))
	if err != nil {
		t.Fatal(err)
	}
	defer resp.Body.Close()
	first := make([]byte, 4)
	if _, err := io.ReadFull(resp.Body, first); err != nil || !bytes.Equal(first, []byte(`{"id`)) || resp.StatusCode != http.StatusOK {
		t.Errorf("began with %q, %v", first, err)
	}
	// The rest is not waited for: the end of the test hangs up, and the server must take that.
}

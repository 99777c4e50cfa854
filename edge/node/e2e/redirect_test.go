package e2e

import (
	"bufio"
	"bytes"
	"fmt"
	"net/http"
	"net/url"
	"slices"
	"strings"
	"testing"
)

// badRedirects are attempts to make the node send readers elsewhere, or to have it say what it must not. status 0 is 400.
var badRedirects = []struct {
	name, target string
	status       int
	code         string
}{
	{"somebody else", "/pt?id=1101&redir=https://evil.example/", 0, "redirect_not_allowed"},
	{"somebody else, encoded", "/pt?id=1101&redir=https%3A%2F%2Fevil.example%2F", 0, "redirect_not_allowed"},
	{"no scheme", "/pt?id=1101&redir=//evil.example", 0, "redirect_invalid"},
	{"slash and backslash", `/pt?id=1101&redir=/%5Cevil.example`, 0, "redirect_invalid"},
	{"two backslashes", `/pt?id=1101&redir=%5C%5Cevil.example`, 0, "redirect_invalid"},
	{"three slashes", "/pt?id=1101&redir=///evil.example", 0, "redirect_invalid"},
	{"a script", "/pt?id=1101&redir=javascript:alert(1)", 0, "redirect_invalid"},
	{"data", "/pt?id=1101&redir=data:text/html,x", 0, "redirect_invalid"},
	{"no slashes", "/pt?id=1101&redir=https:good.example/ads", 0, "redirect_invalid"},
	{"not secure", "/pt?id=1101&redir=http://good.example/ads", 0, "redirect_invalid"},
	{"CR and LF", "/pt?id=1101&redir=https://good.example/ads%0d%0aX-Evil:1", 0, "redirect_invalid"},
	{"CR and LF in a value", "/pt?id=1101&redir=https%3A%2F%2Fgood.example%2Fads%3Fa%3D%0d%0aSet-Cookie:a=b", 0, "redirect_invalid"},
	{"NUL", "/pt?id=1101&redir=https%3A%2F%2Fgood.example%2Fads%3Fa%3D%00", 0, "redirect_invalid"},
	{"a tab", "/pt?id=1101&redir=https%3A%2F%2Fgood.example%2Fads%3Fa%3D%09b", 0, "redirect_invalid"},
	{"CR and LF in the cachebuster", "/pt?id=1101&cb=1%0d%0aX:y", 0, "param_invalid"},
	{"a user", "/pt?id=1101&redir=https://good.example@evil.example/ads", 0, "redirect_invalid"},
	{"a longer host", "/pt?id=1101&redir=https://good.example.evil.example/ads", 0, "redirect_not_allowed"},
	{"an encoded dot in the host", "/pt?id=1101&redir=https://good.example%2eevil/ads", 0, "redirect_invalid"},
	{"another port", "/pt?id=1101&redir=https://good.example:8443/ads", 0, "redirect_not_allowed"},
	{"target of 9 KiB", "/pt?id=1101&redir=https://good.example/ads?" + strings.Repeat("a", 9<<10), http.StatusRequestURITooLong, "target_too_long"},
	{"redirect of 4 KiB with its values", "/pt?id=1101&redir=https://good.example/ads?x={AUCTION_ID}&" + strings.Repeat("a", 4050), 0, "redirect_too_long"},
	{"path prefix", "/pt?id=1101&redir=https://good.example/ads-evil", 0, "redirect_not_allowed"},
	{"step up", "/pt?id=1101&redir=https%3A%2F%2Fgood.example%2Fads%2F..%2Fevil", 0, "redirect_invalid"},
	{"two", "/pt?id=1101&redir=good&redir=good", 0, "param_duplicate"},
	{"a callback that is code", "/jpt?id=1101&callback=alert(1)//", 0, "param_invalid"},
	{"a cachebuster that is code", "/pt?id=1101&cb=alert(1)//", 0, "param_invalid"},
	{"a size that is markup", "/pt?id=1101&size=300x250%22%3E%3Csvg", 0, "param_invalid"},
	{"no ad server", "/pt?id=1003&size=300x250", 0, "ad_server_missing"},
	{"unknown path", "/%3Cscript%3E", http.StatusNotFound, "not_found"},
}

func TestOpenRedirects(t *testing.T) {
	f := openPreemptive(t)
	each(t, func(t *testing.T, proto string) {
		c := f.client(t, proto)
		for _, bad := range badRedirects {
			if bad.status == 0 {
				bad.status = http.StatusBadRequest
			}
			got := c.get(bad.target, "Referer", pageOfNews)
			if got.StatusCode != bad.status || got.code() != bad.code || got.body != "" || got.Header["Location"] != nil {
				t.Errorf("%s: status %d %s, Location %q, body %.100q, want %d %s", bad.name, got.StatusCode, got.code(), got.Header["Location"], got.body, bad.status, bad.code)
			}
			soundHeader(t, bad.name, got.Header)
		}
		f.harmless(t, c)
	})
}

// harmless calls tags whose text could do harm if it were anything but text.
func (f *fair) harmless(t *testing.T, c *client) {
	t.Helper()
	got := c.get("/pt?id=1101&redir=https%3A%2F%2Fgood.example%2Fads%2Fx%3Fa%3D%24%7BPRICE%7D%7BNOPE%7D%7BPRICEBUCKET%7D%26b%3D%25C3%25A9%22%3E", "Referer", pageOfNews)
	if to := got.Header.Get("Location"); got.StatusCode != http.StatusFound || to != "https://good.example/ads/x?a=$%7BPRICE%7D%7BNOPE%7D3.15&b=%C3%A9%22%3E" {
		t.Errorf("nested and unknown macros: status %d %s, Location %q", got.StatusCode, got.code(), to)
	}
	soundHeader(t, "nested macros", got.Header)
	hostile := "https://news.example/<script>alert(1)</script>" + strings.Repeat("x", 3900) + "\"'><svg onload=1>"
	for _, target := range []string{preemptive, "/ptj?id=1002", "/jpt?id=1002", "/tt?id=1001", "/ttj?id=1001"} {
		got := c.get(target, "Referer", hostile)
		all := fmt.Sprint(got.Header, got.body)
		if got.StatusCode >= 400 || strings.Contains(all, "alert(1)") || strings.Contains(all, "onload") {
			t.Errorf("%s with a hostile page: status %d, header %v, body %.300q", target, got.StatusCode, got.Header, got.body)
		}
		soundHeader(t, target, got.Header)
	}
}

// soundHeader checks every decoded field: nothing in it could end a line of HTTP/1.1.
func soundHeader(t *testing.T, what string, header http.Header) {
	t.Helper()
	for name, values := range header {
		for _, value := range values {
			if i := strings.IndexFunc(value, func(r rune) bool { return r < 0x20 || r > 0x7e }); i >= 0 {
				t.Errorf("%s: header field %s has a byte that no field should have, at %d: %q", what, name, i, value)
			}
		}
	}
}

// TestRawHeads looks at the very bytes of heads of HTTP/1.1.
func TestRawHeads(t *testing.T) {
	f := openPreemptive(t)
	s := &story{Node: f.Node}
	targets := []string{preemptive, "/pt?id=1101&redir=https%3A%2F%2Fgood.example%2Fads%2Fx%3Fb%3D%25C3%25A9%22%3E"}
	for _, bad := range badRedirects {
		targets = append(targets, bad.target)
	}
	for _, target := range targets {
		conn := connect(t, s, "http/1.1")
		if _, err := fmt.Fprintf(conn, "GET %s HTTP/1.1\r\nHost: localhost:%d\r\nConnection: close\r\n\r\n", target, f.Port); err != nil {
			t.Fatal(err)
		}
		in := bufio.NewReader(conn)
		for {
			line, err := in.ReadBytes('\n')
			if err != nil {
				t.Fatalf("%.100s: %v", target, err)
			}
			line, ended := bytes.CutSuffix(line, []byte("\r\n"))
			if !ended || slices.ContainsFunc(line, func(b byte) bool { return b < 0x20 || b > 0x7e }) {
				t.Errorf("%.100s: a line of the head is %q", target, line)
			}
			if bytes.HasPrefix(bytes.ToLower(line), []byte("x-evil")) || bytes.HasPrefix(bytes.ToLower(line), []byte("set-cookie")) {
				t.Errorf("%.100s: the head has a line of the caller's: %q", target, line)
			}
			if len(line) == 0 {
				break
			}
		}
		conn.Close()
	}
	raw := connect(t, s, "http/1.1")
	if _, err := fmt.Fprintf(raw, "GET /pt?id=1101&redir=https://good.example/ads\nX-Evil: 1 HTTP/1.1\r\nHost: localhost\r\n\r\n"); err != nil {
		t.Fatal(err)
	}
	got, err := http.ReadResponse(bufio.NewReader(raw), nil)
	if err != nil || got.StatusCode != http.StatusBadRequest || got.Header.Get("Location") != "" {
		t.Errorf("a raw line end in the target: %v, %+v", err, got)
	}
}

// TestDirectSale follows a direct tag: its bill, its pixel, its link.
func TestDirectSale(t *testing.T) {
	f := openPreemptive(t)
	buyer := f.buyers[9701]
	buyer.offer(terms{price: "1.25", markup: buyer.ownMarkup() + `<a href="${CLICK_URL}https%3A%2F%2Fwww.kite.example%2Fsale">buy</a>`})
	each(t, func(t *testing.T, proto string) {
		c := f.client(t, proto)
		f.billedFirst(t, c)
		got := c.get("/tt?id=1001", "Referer", pageOfNews)
		shows, clicks := f.Metric(t, "curb_events_impressions_total"), f.Metric(t, "curb_events_clicks_total")
		for range 2 {
			if pixel := c.call(http.MethodGet, link(t, f, got.body, "/it")); pixel.StatusCode != http.StatusOK || pixel.Header.Get("Content-Type") != "image/gif" {
				t.Errorf("pixel: status %d %s", pixel.StatusCode, pixel.code())
			}
		}
		way := link(t, f, got.body, "/click")
		if to := c.call(http.MethodGet, way); to.StatusCode != http.StatusFound || to.Header.Get("Location") != "https://www.kite.example/sale" {
			t.Errorf("click: status %d %s, Location %q", to.StatusCode, to.code(), to.Header.Get("Location"))
		}
		for r, code := range map[string]string{"https://evil.example/": "redirect_not_allowed", "https://kite.example.evil.example/": "redirect_not_allowed",
			"javascript:alert(1)": "redirect_invalid", "//evil.example": "redirect_invalid", "https://kite.example@evil.example/": "redirect_invalid",
			"https://kite.example/\r\nX: y": "redirect_invalid", "": "redirect_invalid"} {
			forged := *way
			forged.RawQuery = url.Values{"e": {way.Query().Get("e")}, "r": {r}}.Encode()
			if to := c.call(http.MethodGet, &forged); to.StatusCode != http.StatusBadRequest || to.code() != code || to.Header["Location"] != nil {
				t.Errorf("click to %q: status %d %s, Location %q, want %s", r, to.StatusCode, to.code(), to.Header["Location"], code)
			}
		}
		sealed := link(t, f, c.get("/tt?id=1015", "Referer", pageOfNews).body, "/click")
		if to := c.call(http.MethodGet, sealed); to.StatusCode != http.StatusFound || to.Header.Get("Location") != "https://news.example/subscribe" {
			t.Errorf("click on a picture: status %d %s, Location %q", to.StatusCode, to.code(), to.Header.Get("Location"))
		}
		if n := f.Metric(t, "curb_events_impressions_total") - shows; n != 1 {
			t.Errorf("%v impressions counted, want 1", n)
		}
		if n := f.Metric(t, "curb_events_clicks_total") - clicks; n != 2 {
			t.Errorf("%v clicks counted, want 2: one of each ad", n)
		}
	})
}

// billedFirst reads the head of a direct sale's answer and looks for the bill before it reads the ad.
func (f *fair) billedFirst(t *testing.T, c *client) {
	t.Helper()
	request, err := http.NewRequest(http.MethodGet, fmt.Sprintf("https://localhost:%d/tt?id=1001", f.Port), nil)
	if err != nil {
		t.Fatal(err)
	}
	response, err := c.http.Do(request)
	if err != nil {
		t.Fatal(err)
	}
	defer response.Body.Close()
	auction := f.buyers[9701].last().ID
	if b := f.bills(t, 1000); len(b.of(auction)) != 1 || b.of(auction)[0].Placement != 1001 || b.of(auction)[0].PostPending {
		t.Errorf("with the head of the answer there, the bills of the auction are %+v", b.of(auction))
	}
	var body bytes.Buffer
	if _, err := body.ReadFrom(response.Body); err != nil || !strings.Contains(body.String(), adOf(201, auction)) {
		t.Errorf("body %.300q (%v)", body.String(), err)
	}
}

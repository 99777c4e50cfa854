package e2e

import (
	"bytes"
	"compress/gzip"
	"fmt"
	"net/http"
	"strings"
	"testing"

	"curb/edge/adtest"
)

// badCall is a request that the node refuses, with the exact answer.
type badCall struct {
	name, target string
	status       int
	code         string
}

// badTags are ad calls that say what tags do not.
var badTags = []badCall{
	{"callback with code", "/ttj?id=1001&cb=alert(1)//", 400, "param_invalid"},
	{"line break in a macro value", "/tt?id=1001&cb=1%0d%0aX:y", 400, "param_invalid"},
	{"markup in the size", "/tt?id=1001&size=300x250%22%3E%3Csvg", 400, "param_invalid"},
	{"id of letters", "/tt?id=top", 400, "param_invalid"},
	{"the same parameter twice", "/tt?id=1001&id=1002", 400, "param_duplicate"},
	{"65 parameters", "/tt?id=1001" + strings.Repeat("&x=1", 65), 400, ""},
	{"target of 9 KiB", "/tt?id=1001&x=" + strings.Repeat("a", 9<<10), 414, ""},
	{"unknown path", "/%3Cscript%3E", 404, ""},
	{"path parameter", "/tt/x.css?id=1001", 404, ""},
	{"semicolon suffix", "/tt;.js?id=1001", 404, ""},
	{"dots", "/a/%2e%2e/tt?id=1001", 404, ""},
	{"two slashes", "//tt?id=1001", 404, ""},
}

func TestBadTags(t *testing.T) {
	s := begin(t, 1)
	each(t, func(t *testing.T, proto string) {
		for _, bad := range badTags {
			c := s.client(t, proto)
			got := c.must(c.do(http.MethodGet, "localhost", bad.target, ""))
			if got.StatusCode != bad.status || bad.code != "" && got.code() != bad.code {
				t.Errorf("%s: status %d %s, want %d %s", bad.name, got.StatusCode, got.code(), bad.status, bad.code)
			}
			if got.body != "" || got.Header.Get("Set-Cookie") != "" {
				t.Errorf("%s: body %.100q, cookie %q, want neither", bad.name, got.body, got.Header.Get("Set-Cookie"))
			}
		}
		if got := s.client(t, proto).get(tag); got.outcome() != "won" {
			t.Errorf("after all that, an honest call: status %d, outcome %q", got.StatusCode, got.outcome())
		}
	})
}

// TestNothingIsReflected sends markup where browsers put things, and looks for it in the answer.
func TestNothingIsReflected(t *testing.T) {
	s := begin(t, 1)
	const markup = `"><script>alert(1)</script>`
	each(t, func(t *testing.T, proto string) {
		got := s.client(t, proto).get(tag, "Referer", "https://news.test/"+markup, "User-Agent", markup, "X-Forwarded-Host", adtest.OtherHost)
		if got.StatusCode >= 300 || strings.Contains(got.body, "alert(1)") {
			t.Errorf("status %d, body %.300q", got.StatusCode, got.body)
		}
	})
}

// packed is text in gzip.
func packed(text []byte) string {
	var out bytes.Buffer
	w := gzip.NewWriter(&out)
	w.Write(text)
	w.Close()
	return out.String()
}

// badBody is a post to the OpenRTB endpoint that is refused.
type badBody struct {
	name, body string
	header     []string
	status     int
	code       string
}

func badBodies() []badBody {
	coded := func(coding string) []string { return []string{"Content-Encoding", coding} }
	good := bidRequest("x", 1001)
	imps := func(n int) string {
		var list []string
		for i := range n {
			list = append(list, fmt.Sprintf(`{"id":"i%d","tagid":"1001","banner":{"w":300,"h":250}}`, i))
		}
		return `{"id":"x","site":{"page":"https://news.test/"},"imp":[` + strings.Join(list, ",") + `]}`
	}
	whole := packed([]byte(good))
	return []badBody{
		{"gzip bomb", packed(bytes.Repeat([]byte{' '}, 64<<20)), coded("gzip"), 413, "decoded_too_large"},
		{"body of 129 KiB", good + strings.Repeat(" ", 129<<10), nil, 413, ""},
		{"unknown coding", good, coded("br"), 415, ""},
		{"two codings", whole, coded("gzip, gzip"), 415, ""},
		{"cut gzip", whole[:len(whole)-9], coded("gzip"), 400, "body_invalid"},
		{"garbage after gzip", whole + "garbage", coded("gzip"), 400, "body_invalid"},
		{"a million brackets", strings.Repeat("[", 100_000), nil, 400, "json_too_deep"},
		{"too deep", `{"id":"x","ext":` + strings.Repeat("[", 13) + strings.Repeat("]", 13) + `}`, nil, 400, "json_too_deep"},
		{"a name twice", `{"id":"x","id":"y"}`, nil, 400, "json_invalid"},
		{"something after", good + "{}", nil, 400, "json_invalid"},
		{"byte order mark", "\ufeff" + good, nil, 400, "json_invalid"},
		{"not UTF-8", "{\"id\":\"\xff\"}", nil, 400, "json_invalid"},
		{"empty", " ", nil, 400, "json_invalid"},
		{"no impression", imps(0), nil, 400, "request_invalid"},
		{"17 impressions", imps(17), nil, 400, "request_invalid"},
		{"the same impression twice", strings.ReplaceAll(imps(2), "i1", "i0"), nil, 400, "request_invalid"},
		{"negative floor", strings.Replace(good, `"secure":1`, `"bidfloor":-1`, 1), nil, 400, ""},
	}
}

func TestBadBodies(t *testing.T) {
	s := begin(t, 1)
	each(t, func(t *testing.T, proto string) {
		for _, bad := range badBodies() {
			header := append([]string{"Content-Type", "application/json"}, bad.header...)
			c := s.client(t, proto)
			got := c.must(c.do(http.MethodPost, "localhost", "/openrtb2/auction", bad.body, header...))
			if got.StatusCode != bad.status || bad.code != "" && !strings.Contains(got.body, `"`+bad.code+`"`) {
				t.Errorf("%s: status %d, body %.200q, want %d %s", bad.name, got.StatusCode, got.body, bad.status, bad.code)
			}
		}
		c := s.client(t, proto)
		if got := c.must(c.do(http.MethodPost, "localhost", "/openrtb2/auction", bidRequest("x", 1001), "Content-Type", "image/png")); got.StatusCode != http.StatusUnsupportedMediaType {
			t.Errorf("a picture: status %d, want 415", got.StatusCode)
		}
		if got := s.client(t, proto).post("/openrtb2/auction", bidRequest("good", 1001)); got.StatusCode != http.StatusOK {
			t.Errorf("after all that, an honest request: status %d", got.StatusCode)
		}
	})
}

// badHeads are requests in HTTP/1.1 as no honest client writes them. A status of 0 asks for any 4xx.
var badHeads = []struct {
	name, head string
	status     int
	open       bool // the connection stays
}{
	{"length and chunks", "POST /openrtb2/auction HTTP/1.1\r\nHost: localhost\r\nContent-Length: 5\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n", 400, false},
	{"two lengths", "POST /openrtb2/auction HTTP/1.1\r\nHost: localhost\r\nContent-Length: 2\r\nContent-Length: 3\r\n\r\n{}", 400, false},
	{"signed length", "POST /openrtb2/auction HTTP/1.1\r\nHost: localhost\r\nContent-Length: +2\r\n\r\n{}", 400, false},
	{"ten gigabytes", "POST /openrtb2/auction HTTP/1.1\r\nHost: localhost\r\nContent-Type: application/json\r\nContent-Length: 10000000000\r\n\r\n{", 413, false},
	{"folded header", "GET /status HTTP/1.1\r\nHost: localhost\r\nX-A: 1\r\n folded\r\n\r\n", 400, false},
	{"space before the colon", "GET /status HTTP/1.1\r\nHost: localhost\r\nX-A : 1\r\n\r\n", 400, false},
	{"two hosts", "GET /status HTTP/1.1\r\nHost: localhost\r\nHost: " + adtest.OtherHost + "\r\n\r\n", 400, false},
	{"no host", "GET /status HTTP/1.1\r\n\r\n", 400, false},
	{"no host in 1.0", "GET /status HTTP/1.0\r\n\r\n", 400, false},
	{"user in the host", "GET /status HTTP/1.1\r\nHost: a@localhost\r\n\r\n", 400, false},
	{"another host's URL", "GET http://" + adtest.OtherHost + "/status HTTP/1.1\r\nHost: localhost\r\n\r\n", 421, true},
	{"CONNECT", "CONNECT localhost:443 HTTP/1.1\r\nHost: localhost\r\n\r\n", 405, true},
	{"TRACE", "TRACE /tt HTTP/1.1\r\nHost: localhost\r\n\r\n", 405, true},
	{"method of 1 KiB", strings.Repeat("A", 1<<10) + " /tt HTTP/1.1\r\nHost: localhost\r\n\r\n", 400, false},
	{"65 fields", "GET /status HTTP/1.1\r\nHost: localhost\r\n" + strings.Repeat("X-A: 1\r\n", 64) + "\r\n", 431, false},
	{"cookies of 20 KiB", "GET /status HTTP/1.1\r\nHost: localhost\r\nCookie: a=" + strings.Repeat("b", 20<<10) + "\r\n\r\n", 431, false},
	{"target of 9 KiB", "GET /" + strings.Repeat("a", 9<<10) + " HTTP/1.1\r\nHost: localhost\r\n\r\n", 414, false},
}

func TestBadHeads(t *testing.T) {
	s := begin(t, 1)
	t.Run("each", func(t *testing.T) {
		for _, bad := range badHeads {
			t.Run(bad.name, func(t *testing.T) {
				t.Parallel()
				got, closed := raw(t, s.Port, "localhost", s.Pool, bad.head)
				if got.StatusCode != bad.status {
					t.Errorf("status %d %s, want %d", got.StatusCode, got.code(), bad.status)
				}
				if !closed && !bad.open {
					t.Error("the connection stayed open: what follows on it cannot be trusted")
				}
			})
		}
	})
	if got := s.client(t, "h1").get(tag); got.outcome() != "won" {
		t.Errorf("after all that, an honest call: status %d, outcome %q", got.StatusCode, got.outcome())
	}
}

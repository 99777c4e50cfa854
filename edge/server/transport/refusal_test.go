package transport

import (
	"encoding/json"
	"io"
	"net/http"
	"strconv"
	"strings"
	"testing"
)

// TestProblemPaths refuses requests for a path that wants problems, and for one beside it, over all protocols.
func TestProblemPaths(t *testing.T) {
	s := serve(t, http.HandlerFunc(echo), func(o *Options) { o.ProblemPaths = []string{"/openrtb2/auction"} })
	refused := func(t *testing.T, a answer, want refusal, problem bool) {
		t.Helper()
		if !problem {
			refusedWith(t, a, want)
			return
		}
		var got struct {
			Type, Title, Code string
			Status            int
		}
		if err := json.Unmarshal([]byte(a.body), &got); err != nil {
			t.Fatalf("%q: %v", a.body, err)
		}
		if got.Type != "/errors/"+want.String() || got.Title != http.StatusText(want.status()) || got.Status != want.status() || got.Code != want.String() {
			t.Errorf("%+v, want %d %q", got, want.status(), want)
		}
		if a.status != want.status() || a.code != want.String() || a.header.Get("Content-Type") != "application/problem+json" ||
			a.header.Get("Content-Length") != strconv.Itoa(len(a.body)) {
			t.Errorf("%d %q %v", a.status, a.code, a.header)
		}
	}
	for _, p := range allProtocols {
		for path, problem := range map[string]bool{"/openrtb2/auction": true, "/openrtb2/auction?a=b": true, "/openrtb2/auction/": false} {
			t.Run(p+" "+path, func(t *testing.T) {
				c := s.client(t, p)
				if p != "h1" { // its client may write until the connection is gone
					for _, size := range []int64{-1, 128<<10 + 1} {
						body := io.LimitReader(endless{}, 128<<10+1)
						refused(t, c.must("POST", path, body, func(r *http.Request) { r.ContentLength = size }), bodyTooLarge, problem)
					}
				}
				refused(t, c.must("GET", path, nil, func(r *http.Request) { r.Host = "other.example" }), misdirected, problem)
				if a := c.must("HEAD", path, nil, func(r *http.Request) { r.Host = "other.example" }); a.status != 421 || a.body != "" {
					t.Errorf("HEAD: %+v", a)
				}
				if a := c.must("GET", path, nil); a.status != 200 {
					t.Errorf("afterwards: %+v", a)
				}
			})
		}
	}
	w := s.dial(t, "localhost")
	w.send("POST /openrtb2/auction HTTP/1.1\r\nHost: localhost\r\nContent-Length: 200000\r\n\r\n" + strings.Repeat("x", 1000))
	refused(t, w.answer(), bodyTooLarge, true)
	w = s.dial(t, "localhost")
	w.send("POST /openrtb2/auction HTTP/1.1\r\nHost: localhost\r\nTransfer-Encoding: chunked\r\n\r\nno chunk\r\n")
	refused(t, w.answer(), requestMalformed, true)
}

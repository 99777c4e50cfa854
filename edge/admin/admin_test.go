package admin

import (
	"log/slog"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"
)

type node struct {
	status Status
	drains int
}

func (n *node) handler() http.Handler {
	return New(Options{
		Status:  func() Status { return n.status },
		Drain:   func() { n.drains++ },
		Metrics: http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) { writeText(w, 200, "curb_x 1\n") }),
		Logger:  slog.New(slog.DiscardHandler),
	})
}

func ask(h http.Handler, method, url string, header ...string) *httptest.ResponseRecorder {
	r := httptest.NewRequest(method, url, nil)
	for i := 0; i+1 < len(header); i += 2 {
		r.Header.Set(header[i], header[i+1])
	}
	w := httptest.NewRecorder()
	h.ServeHTTP(w, r)
	return w
}

func TestReadyzNamesWhatIsMissing(t *testing.T) {
	n := &node{status: Status{Missing: []string{"rules: none loaded", "draining"}}}
	w := ask(n.handler(), "GET", "http://127.0.0.1:7077/readyz")
	if w.Code != 503 || w.Body.String() != "rules: none loaded\ndraining\n" {
		t.Errorf("not ready answers %d %q", w.Code, w.Body)
	}
	n.status.Ready = true
	if w := ask(n.handler(), "GET", "http://localhost:7077/readyz"); w.Code != 200 {
		t.Errorf("ready answers %d", w.Code)
	}
}

func TestStatusAndDrain(t *testing.T) {
	n := &node{status: Status{Name: "edge-1", Rules: "abc", Bidders: []Bidder{{Name: "acme", Requests: 3}}}}
	w := ask(n.handler(), "GET", "http://[::1]:7077/v1/node")
	if w.Code != 200 || !strings.Contains(w.Body.String(), `"rules": "abc"`) || !strings.Contains(w.Body.String(), `"requests": 3`) {
		t.Errorf("status answers %d %s", w.Code, w.Body)
	}
	if w := ask(n.handler(), "POST", "http://127.0.0.1/v1/node/drain"); w.Code != 202 || n.drains != 1 {
		t.Errorf("drain answers %d after %d drains", w.Code, n.drains)
	}
}

func TestStrangersAreTurnedAway(t *testing.T) {
	n := &node{}
	cases := []struct {
		method, url, header, value string
		status                     int
		code                       string
	}{
		{"GET", "http://rebound.example:7077/v1/node", "", "", 421, "host_not_local"},
		{"GET", "http://10.0.0.1/metrics", "", "", 421, "host_not_local"},
		{"POST", "http://127.0.0.1:7077/v1/node/drain", "Sec-Fetch-Site", "cross-site", 403, "cross_origin"},
		{"POST", "http://127.0.0.1:7077/v1/node/drain", "Origin", "https://evil.example", 403, "cross_origin"},
		{"GET", "http://127.0.0.1:7077/nothing", "", "", 404, "not_found"},
	}
	for _, c := range cases {
		w := ask(n.handler(), c.method, c.url, c.header, c.value)
		if w.Code != c.status || !strings.Contains(w.Body.String(), `"code":"`+c.code+`"`) {
			t.Errorf("%s %s answers %d %s, want %d %s", c.method, c.url, w.Code, w.Body, c.status, c.code)
		}
	}
	if n.drains != 0 {
		t.Error("a refused write drained the node")
	}
}

package server

import (
	"net/http"
	"strings"
	"testing"
	"time"
)

// TestPassingOnAllocations holds the endpoints of preemptive tags to their budgets: two for Location or Content-Length.
func TestPassingOnAllocations(t *testing.T) {
	if racing {
		t.Skip("the race detector empties pools")
	}
	h := benchHandler(t, 502)
	for _, c := range []struct {
		target string
		status int
		budget float64
	}{
		{"/pt?id=1009&cb=1", 302, 2}, {"/jpt?id=1001&callback=f", 200, 2}, {acceptTarget(h), 200, 2}, {impressionTarget(h), 200, 0}, {"/ab?e=x", 403, 1},
	} {
		r, w := pageCall(c.target), &sink{header: http.Header{}}
		got := testing.AllocsPerRun(200, func() {
			clear(w.header)
			h.ServeHTTP(w, r)
		})
		if w.status != c.status {
			t.Fatalf("%s: status %d, %v", c.target, w.status, w.header)
		}
		if got > c.budget {
			t.Errorf("%s allocates %v times, the budget is %v", c.target, got, c.budget)
		}
	}
}

const benchOrigin = "https://ads.news.example"

// benchURLs makes URLs for the host that pageCall calls.
func benchURLs(h *Handler) *returns {
	u := &returns{}
	u.prepare(h, &http.Request{Host: "ads.news.example"}, request{host: "ads.news.example", now: time.Now()})
	return u
}

func acceptTarget(h *Handler) string {
	return strings.TrimPrefix(string(benchURLs(h).appendAccept(nil, soldSlot(time.Now()))), benchOrigin)
}

func impressionTarget(h *Handler) string {
	return strings.TrimPrefix(string(benchURLs(h).appendImpression(nil, soldSlot(time.Now()))), benchOrigin)
}

func benchmarkPassing(b *testing.B, target func(*Handler) string) {
	h := benchHandler(b, 502)
	r, w := pageCall(target(h)), &sink{header: http.Header{}}
	b.ReportAllocs()
	for b.Loop() {
		clear(w.header)
		h.ServeHTTP(w, r)
	}
	if w.status != 200 && w.status != 302 {
		b.Fatalf("status %d, %v", w.status, w.header)
	}
}

func BenchmarkPT(b *testing.B) {
	benchmarkPassing(b, func(*Handler) string { return "/pt?id=1009&cb=1&referrer=https%3A%2F%2Fnews.example%2F" })
}

func BenchmarkJPT(b *testing.B) {
	benchmarkPassing(b, func(*Handler) string { return "/jpt?id=1001&callback=f" })
}

func BenchmarkAB(b *testing.B) { benchmarkPassing(b, acceptTarget) }
func BenchmarkIT(b *testing.B) { benchmarkPassing(b, impressionTarget) }

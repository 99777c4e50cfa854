package server

import (
	"testing"
	"testing/synctest"
	"time"

	"curb/edge/ad"
)

// TestDebugAuctionsAreFew lets in as many as may go in at once, and then one each tenth of a second.
func TestDebugAuctionsAreFew(t *testing.T) {
	var gate turnstile
	now := time.Date(2026, 3, 2, 12, 0, 0, 0, time.UTC)
	for i := range ad.DebugsAtOnce {
		if !gate.pass(now) {
			t.Fatalf("number %d is not let in", i+1)
		}
	}
	const each = time.Second / ad.DebugsPerSecond
	for _, step := range []struct {
		after time.Duration
		in    bool
	}{{0, false}, {each - 1, false}, {1, true}, {0, false}, {each, true}, {each - 1, false}} {
		now = now.Add(step.after)
		if got := gate.pass(now); got != step.in {
			t.Errorf("after %v: let in %t, want %t", step.after, got, step.in)
		}
	}
	now = now.Add(time.Hour)
	let := 0
	for range 2 * ad.DebugsAtOnce {
		if gate.pass(now) {
			let++
		}
	}
	if let != ad.DebugsAtOnce {
		t.Errorf("%d are let in after a pause, want %d", let, ad.DebugsAtOnce)
	}
}

// TestDebugAuctionsPastTheLimit are refused, and cost nobody else anything.
func TestDebugAuctionsPastTheLimit(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		h, _, _ := debugRim(t)
		for range 2 * ad.DebugsAtOnce { // those without a dongle take nobody's turn
			get(h, "/tt?id=1001&debug=1&dongle=wrong")
		}
		for i := range ad.DebugsAtOnce {
			if w := get(h, "/pt?id=1009&debug=1&dongle=owners-dongle"); w.Code != 200 {
				t.Fatalf("number %d: status %d", i+1, w.Code)
			}
		}
		for _, path := range []string{"/tt", "/pt"} {
			w := get(h, path+"?id=1009&debug=1&dongle=owners-dongle")
			if w.Code != 429 || w.Header().Get("X-Curb-Error") != "debug_limited" || w.Header().Get("Retry-After") != "1" || w.Body.Len() != 0 ||
				w.Header().Get("Cache-Control") != "no-store" {
				t.Errorf("%s past the limit: status %d, %v, body %q", path, w.Code, w.Header(), w.Body)
			}
		}
		if w := get(h, "/tt?id=1001"); w.Code != 200 || w.Header().Get("X-Curb-Outcome") != "won" {
			t.Errorf("a call that counts: status %d, %v", w.Code, w.Header())
		}
		time.Sleep(time.Second)
		if w := get(h, "/tt?id=1001&debug=1&dongle=dongle-of-one"); w.Code != 200 {
			t.Errorf("a second later: status %d", w.Code)
		}
	})
}

package e2e

import (
	"net/http"
	"net/url"
	"os"
	"path/filepath"
	"testing"
	"time"

	"curb/edge/ad"
	"curb/edge/token"
)

// until gives a URL of the node's again whose token ends at another time. Only who has the node's keys can do that, so what the
// node is shown is as genuine as one that has waited.
func (f *fair) until(t *testing.T, to *url.URL, end time.Time) *url.URL {
	t.Helper()
	text, err := os.ReadFile(filepath.Join(f.dir, "data", "token.keys"))
	if err != nil {
		t.Fatal(err)
	}
	current, previous, err := token.ParseKeys(text)
	if err != nil {
		t.Fatal(err)
	}
	ring := token.NewRing(current, previous)
	var claims token.Claims
	extra, err := ring.Open([]byte(to.Query().Get("e")), token.Accept, to.Hostname(), time.Now(), &claims)
	if err != nil {
		t.Fatal(err)
	}
	claims.Expires = end
	again := *to
	again.RawQuery = "e=" + string(ring.Seal(nil, to.Hostname(), &claims, extra, [12]byte(claims.Auction[:12])))
	return &again
}

// TestExpiredSale: past its window and what clocks may differ a sale is gone and bills nothing; just before it still counts.
func TestExpiredSale(t *testing.T) {
	f := openPreemptive(t)
	each(t, func(t *testing.T, proto string) {
		c := f.client(t, proto)
		told := pass(t, c, preemptive)
		for _, late := range []time.Duration{ad.ClockSkewMax + 2*time.Second, time.Hour} {
			got := c.call(http.MethodGet, f.until(t, told.accept, time.Now().Add(-late)))
			if got.StatusCode != http.StatusGone || got.code() != "token_expired" || got.body != "" {
				t.Errorf("%v late: status %d %s, body %.100q", late, got.StatusCode, got.code(), got.body)
			}
		}
		books := f.bills(t, 100)
		if found := books.of(told.auction); len(found) != 0 {
			t.Errorf("an expired sale was billed: %+v", found)
		}
		if got := c.call(http.MethodGet, f.until(t, told.accept, time.Now().Add(10*time.Second-ad.ClockSkewMax))); got.StatusCode != http.StatusOK || got.body == "" {
			t.Errorf("just in time: status %d %s", got.StatusCode, got.code())
		}
		books = f.bills(t, 100)
		if found := books.of(told.auction); len(found) != 1 {
			t.Errorf("just in time: bills %+v", found)
		}
	})
}

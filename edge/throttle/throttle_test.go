package throttle

import (
	"encoding/binary"
	"testing"

	"curb/edge/ad"
)

// auction is the n-th of a row of auction ids that look random.
func auction(n int) (id ad.AuctionID) {
	x := uint64(n) * 0x9e3779b97f4a7c15
	for i := 0; i < len(id); i += 8 {
		x ^= x >> 30
		x *= 0xbf58476d1ce4e5b9
		x ^= x >> 27
		binary.LittleEndian.PutUint64(id[i:], x)
	}
	return id
}

func TestThrottleFollowsTheLastHundred(t *testing.T) {
	var th Throttle
	percent := func(want int) {
		t.Helper()
		if got := th.Percent(); got != want {
			t.Errorf("sends %d %%, want %d", got, want)
		}
	}
	percent(100)
	for range 4 {
		th.Record(true)
	}
	percent(100) // below 5 %
	th.Record(true)
	percent(95)
	for range 85 {
		th.Record(true)
	}
	percent(10) // 90 of 100
	for range 10 {
		th.Record(true)
	}
	percent(10) // all of them: the floor
	for range 50 {
		th.Record(false)
	}
	percent(50)
	for range 46 {
		th.Record(false)
	}
	percent(100) // 4 left
	for range 4 {
		th.Record(false)
	}
	if th.timeouts != 0 {
		t.Errorf("%d timeouts remembered", th.timeouts)
	}
}

// TestThrottleDraws: the share holds over many auctions, each auction draws the same again, and bidders draw apart.
func TestThrottleDraws(t *testing.T) {
	var th Throttle
	for range 70 {
		th.Record(true)
	}
	const auctions = 20_000
	sent, both := 0, 0
	for n := range auctions {
		id := auction(n)
		one, two := th.Lets(id, 9701), th.Lets(id, 9702)
		if one != th.Lets(id, 9701) {
			t.Fatal("the same auction drew twice differently")
		}
		if one {
			sent++
		}
		if one && two {
			both++
		}
	}
	if share := float64(sent) / auctions; share < 0.28 || share > 0.32 {
		t.Errorf("sent %.3f, want 0.30", share)
	}
	if share := float64(both) / auctions; share < 0.07 || share > 0.11 {
		t.Errorf("sent to both %.3f, want 0.09", share)
	}
}

package throttle

import (
	"encoding/binary"
	"math/bits"
	"sync"
	"sync/atomic"

	"curb/edge/ad"
)

// The documented throttle: of the last 100 requests, the share that timed out is the share of requests not sent. Below
// 5 % nothing is held back, and 10 % are always sent, so that a partner that has recovered is noticed.
const (
	window = 100
	from   = 5  // timeouts in the window
	floor  = 10 // percent always sent
)

// Throttle holds back requests to one partner. Requests that were never sent do not count; until a hundred have been,
// the missing ones count as answered.
type Throttle struct {
	share atomic.Uint32 // percent to send; 0 stands for 100, so that the zero value is open

	mu       sync.Mutex // guards all below
	late     [2]uint64  // a bit per request: it timed out
	next     int
	timeouts int
}

// Lets decides for one auction and one partner, the same way whenever it is asked.
func (t *Throttle) Lets(id ad.AuctionID, partner uint32) bool {
	share := t.share.Load()
	return share == 0 || draw(id, partner) < share
}

// Record notes what became of a request that was sent.
func (t *Throttle) Record(timedOut bool) {
	t.mu.Lock()
	defer t.mu.Unlock()
	word, bit := t.next/64, uint64(1)<<(t.next%64)
	if t.late[word]&bit != 0 {
		t.timeouts--
		t.late[word] &^= bit
	}
	if timedOut {
		t.timeouts++
		t.late[word] |= bit
	}
	t.next = (t.next + 1) % window
	share := uint32(0)
	if t.timeouts >= from {
		share = uint32(max(window-t.timeouts, floor))
	}
	t.share.Store(share)
}

// Percent is how many of a hundred requests are sent.
func (t *Throttle) Percent() int {
	if share := t.share.Load(); share != 0 {
		return int(share)
	}
	return 100
}

// draw is a number from 0 to 99 for a partner in an auction. Auction ids are random, so the two halves only need mixing
// with the partner, well enough that no two partners are throttled together.
func draw(id ad.AuctionID, partner uint32) uint32 {
	const odd1, odd2 = 0x9e3779b97f4a7c15, 0xd6e8feb86659fd93
	hi, lo := bits.Mul64(binary.LittleEndian.Uint64(id[:8])^uint64(partner)*odd1, odd2)
	hi, lo = bits.Mul64(hi^lo^binary.LittleEndian.Uint64(id[8:])^odd1, odd2)
	mixed := hi ^ lo
	percent, _ := bits.Mul64(mixed, 100)
	return uint32(percent)
}

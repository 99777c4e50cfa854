package bidder

import (
	"encoding/binary"
	"math/bits"
	"sync"
	"sync/atomic"

	"curb/edge/ad"
)

// The documented throttle: of the last 100 requests, the share that timed out is the share of requests not sent. Below
// 5 % nothing is held back, and 10 % are always sent, so that a bidder that has recovered is noticed.
const (
	throttleWindow = 100
	throttleFrom   = 5  // timeouts in the window
	throttleFloor  = 10 // percent always sent
)

// throttle holds back requests to a bidder that times out. Requests that were never sent do not count; until a hundred
// have been, the missing ones count as answered.
type throttle struct {
	share atomic.Uint32 // percent to send; 0 stands for 100, so that the zero value is open

	mu       sync.Mutex // guards all below
	window   [2]uint64  // a bit per request: it timed out
	next     int
	timeouts int
}

// lets decides for one auction, the same way whenever it is asked: a replay sends what was sent.
func (t *throttle) lets(id ad.AuctionID, bidder ad.BidderID) bool {
	share := t.share.Load()
	return share == 0 || draw(id, bidder) < share
}

// record notes what became of a request that was sent.
func (t *throttle) record(timedOut bool) {
	t.mu.Lock()
	defer t.mu.Unlock()
	word, bit := t.next/64, uint64(1)<<(t.next%64)
	if t.window[word]&bit != 0 {
		t.timeouts--
		t.window[word] &^= bit
	}
	if timedOut {
		t.timeouts++
		t.window[word] |= bit
	}
	t.next = (t.next + 1) % throttleWindow
	share := uint32(0)
	if t.timeouts >= throttleFrom {
		share = uint32(max(throttleWindow-t.timeouts, throttleFloor))
	}
	t.share.Store(share)
}

// percent is how many of a hundred requests are sent.
func (t *throttle) percent() int {
	if share := t.share.Load(); share != 0 {
		return int(share)
	}
	return 100
}

// draw is a number from 0 to 99 for a bidder in an auction. Auction ids are random, so the two halves only need mixing
// with the bidder, well enough that no two bidders are throttled together.
func draw(id ad.AuctionID, bidder ad.BidderID) uint32 {
	const odd1, odd2 = 0x9e3779b97f4a7c15, 0xd6e8feb86659fd93
	hi, lo := bits.Mul64(binary.LittleEndian.Uint64(id[:8])^uint64(bidder)*odd1, odd2)
	hi, lo = bits.Mul64(hi^lo^binary.LittleEndian.Uint64(id[8:])^odd1, odd2)
	mixed := hi ^ lo
	percent, _ := bits.Mul64(mixed, 100)
	return uint32(percent)
}

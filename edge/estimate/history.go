package estimate

import "curb/edge/ad"

const (
	// remembered is how many accepted prices a pair keeps; older ones are forgotten one by one. 512 put the highest 25 above
	// the 95 % mark, so that no single call moves it far.
	remembered = 512
	// above is how many of them may lie above the clear price: 5 %, rounded down.
	above = remembered * 5 / 100
	// outcomesMax is when the counts of accepted and declined calls are halved, so that what was long ago weighs less.
	outcomesMax = 8192
	// averagesMax is the same for the mean of bids.
	averagesMax = 1024

	// VerifiedAccepted is how many accepted calls an estimate needs at least to be verified.
	VerifiedAccepted = 100
	// VerifiedShare is which share of the calls has to be accepted: below it, the few that were say little.
	VerifiedShare = ad.ShareOne / 100
)

// pair names what is learnt apart.
type pair struct {
	placement ad.PlacementID
	size      ad.Size
}

// history is what one pair remembers.
type history struct {
	pair
	prices   []uint32 // accepted, micro-USD; a ring once it is full
	next     int      // of the ring: where the oldest is
	accepted uint32   // of the newer calls, halved together with declined
	declined uint32
	sum      int64 // of the bids' means, micro-USD
	means    int64 // how many

	learnt ad.EstimatedClear // what readers get

	older, newer *history // by when they last learnt
}

// accept learns from a call that was accepted.
func (h *history) accept(c *Call) {
	price := uint32(min(max(c.Price, 0), ad.CPMMax))
	if len(h.prices) < remembered {
		h.prices = append(h.prices, price)
	} else {
		h.prices[h.next] = price
		h.next = (h.next + 1) % remembered
	}
	h.accepted++
	h.observe(c)
	h.learnt.Clear = h.clear()
}

// decline learns from a call that was not.
func (h *history) decline(c *Call) {
	h.declined++
	h.observe(c)
}

// observe learns what accepted and declined calls have in common.
func (h *history) observe(c *Call) {
	if h.accepted+h.declined >= outcomesMax {
		h.accepted /= 2
		h.declined /= 2
	}
	if c.Average > 0 {
		if h.means >= averagesMax {
			h.sum /= 2
			h.means /= 2
		}
		h.sum += int64(min(c.Average, ad.CPMMax))
		h.means++
	}
	h.judge()
}

// judge says what follows from the counts.
func (h *history) judge() {
	if h.means > 0 {
		h.learnt.Average = ad.CPM(h.sum / h.means)
	}
	h.learnt.Verified = len(h.prices) >= VerifiedAccepted &&
		ad.Share(h.accepted)*ad.ShareOne >= VerifiedShare*ad.Share(h.accepted+h.declined)
}

// clear is the lowest remembered price with at least 95 % of them at or below it: the highest price that has no more than
// 5 % strictly above its rank. It keeps the highest few in order while it goes through all.
func (h *history) clear() ad.CPM {
	var top [above + 1]uint32 // highest first
	k := len(h.prices)*5/100 + 1
	filled := 0
	for _, p := range h.prices {
		if filled == k && p <= top[k-1] {
			continue
		}
		i := min(filled, k-1)
		for i > 0 && top[i-1] < p {
			top[i] = top[i-1]
			i--
		}
		top[i] = p
		if filled < k {
			filled++
		}
	}
	return ad.CPM(top[k-1])
}

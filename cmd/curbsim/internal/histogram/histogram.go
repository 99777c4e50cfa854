package histogram

import (
	"math"
	"math/bits"
	"time"
)

const (
	// subBits fixes the precision: 2^subBits buckets per power of two.
	subBits = 7
	sub     = 1 << subBits
	// topBits bounds what is told apart: values from 2^topBits µs (71 minutes) on share the last bucket.
	topBits = 32
	buckets = sub * (topBits - subBits + 1)
)

// Histogram counts durations in microseconds. The zero value is empty and ready.
type Histogram struct {
	counts [buckets]uint64
	total  uint64
	sum    float64 // microseconds
	min    time.Duration
	max    time.Duration
}

// Record counts a duration; negative ones count as 0.
func (h *Histogram) Record(d time.Duration) {
	d = max(d, 0)
	h.counts[bucketOf(uint64(d/time.Microsecond))]++
	if h.total == 0 || d < h.min {
		h.min = d
	}
	h.total++
	h.sum += float64(d) / float64(time.Microsecond)
	h.max = max(h.max, d)
}

// Merge adds everything the other counted.
func (h *Histogram) Merge(other *Histogram) {
	if other.total == 0 {
		return
	}
	for i, n := range other.counts {
		h.counts[i] += n
	}
	if h.total == 0 || other.min < h.min {
		h.min = other.min
	}
	h.total += other.total
	h.sum += other.sum
	h.max = max(h.max, other.max)
}

// Reset empties it.
func (h *Histogram) Reset() { *h = Histogram{} }

// Count is how many durations were recorded.
func (h *Histogram) Count() uint64 { return h.total }

// Min is the shortest duration, exact; 0 when empty.
func (h *Histogram) Min() time.Duration { return h.min }

// Max is the longest duration, exact; 0 when empty.
func (h *Histogram) Max() time.Duration { return h.max }

// Mean is the mean duration; 0 when empty.
func (h *Histogram) Mean() time.Duration {
	if h.total == 0 {
		return 0
	}
	return time.Duration(h.sum / float64(h.total) * float64(time.Microsecond))
}

// Quantile is the shortest duration that at least the share q (0 to 1) of all recorded ones do not exceed, rounded up to the
// end of its bucket; 0 when empty.
func (h *Histogram) Quantile(q float64) time.Duration {
	if h.total == 0 {
		return 0
	}
	rank := uint64(math.Ceil(q * float64(h.total)))
	rank = min(max(rank, 1), h.total)
	if rank == h.total {
		return h.max
	}
	var seen uint64
	for i, n := range h.counts {
		if seen += n; seen >= rank {
			return min(endOf(i), h.max)
		}
	}
	return h.max
}

func bucketOf(micros uint64) int {
	if micros < sub {
		return int(micros)
	}
	if micros >= 1<<topBits {
		return buckets - 1
	}
	exp := bits.Len64(micros) - subBits - 1
	return sub*exp + int(micros>>exp)
}

// endOf is the longest duration that falls into the bucket, to the nanosecond.
func endOf(bucket int) time.Duration {
	exp, mantissa := 0, bucket
	if bucket >= 2*sub {
		exp = bucket/sub - 1
		mantissa = bucket - sub*exp
	}
	return time.Duration(uint64(mantissa+1)<<exp)*time.Microsecond - 1
}

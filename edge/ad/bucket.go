package ad

import (
	"errors"
	"fmt"
	"iter"
)

// BucketRange is one stretch of prices that are rounded alike.
type BucketRange struct {
	Max       CPM // inclusive; the range starts where the one before it ends
	Increment CPM // at least 1 micro
}

// Buckets round prices down for the line items of a publisher's ad server. The zero value is Prebid's medium.
type Buckets struct {
	Ranges []BucketRange // by Max, at most BucketRangesMax
	// Precision is the decimals that are written, 0 to 6; without ranges it is not read.
	Precision uint8
}

// bucketPrecision is what Prebid writes unless it is told otherwise.
const bucketPrecision = 2

// Prebid's granularities, by its names for them.
var (
	bucketsLow    = []BucketRange{{5 * Dollar, 50 * Cent}}
	bucketsMedium = []BucketRange{{20 * Dollar, 10 * Cent}}
	bucketsHigh   = []BucketRange{{20 * Dollar, Cent}}
	bucketsAuto   = []BucketRange{{5 * Dollar, 5 * Cent}, {10 * Dollar, 10 * Cent}, {20 * Dollar, 50 * Cent}}
	bucketsDense  = []BucketRange{{3 * Dollar, Cent}, {8 * Dollar, 5 * Cent}, {20 * Dollar, 50 * Cent}}
)

// BucketsNamed is one of Prebid's granularities: low, medium, high, auto or dense.
func BucketsNamed(name string) (b Buckets, ok bool) {
	var ranges []BucketRange
	switch name {
	case "low":
		ranges = bucketsLow
	case "medium":
		ranges = bucketsMedium
	case "high":
		ranges = bucketsHigh
	case "auto":
		ranges = bucketsAuto
	case "dense":
		ranges = bucketsDense
	default:
		return Buckets{}, false
	}
	return Buckets{Ranges: append([]BucketRange(nil), ranges...), Precision: bucketPrecision}, true
}

// rules are the ranges and precision that hold.
func (b Buckets) rules() ([]BucketRange, uint8) {
	if len(b.Ranges) == 0 {
		return bucketsMedium, bucketPrecision
	}
	return b.Ranges, min(b.Precision, 6)
}

// Floor is the bucket that a price falls into: the largest at or below it. What is above the last range counts as its
// Max; what is below the first increment, or negative, is 0. It never falls when the price rises, and never exceeds it.
// A range counts its increments from where it starts, as Prebid's do.
func (b Buckets) Floor(c CPM) CPM {
	ranges, _ := b.rules()
	c = max(min(c, ranges[len(ranges)-1].Max), 0)
	start := CPM(0)
	for _, r := range ranges {
		if c <= r.Max {
			return c - (c-start)%max(r.Increment, 1)
		}
		start = r.Max
	}
	return start
}

// AppendFloor writes the bucket of a price with exactly Precision decimals, as line items name it: 3.15, 0.50, 20.00.
func (b Buckets) AppendFloor(dst []byte, c CPM) []byte { return b.AppendLine(dst, b.Floor(c)) }

// AppendLine writes a bucket that Floor or Lines gave, as AppendFloor writes it. It is not rounded again: where a range
// starts at a price that the increments before it miss, the price itself belongs to a lower bucket than the one it names.
func (b Buckets) AppendLine(dst []byte, line CPM) []byte {
	_, precision := b.rules()
	u := uint64(max(line, 0))
	dst = appendUint(dst, u/uint64(Dollar))
	if precision == 0 {
		return dst
	}
	dst = append(dst, '.')
	for digit := uint64(Dollar) / 10; precision > 0; precision, digit = precision-1, digit/10 {
		dst = append(dst, byte('0'+u/digit%10))
	}
	return dst
}

// Lines gives every bucket above 0 that a price falls into, ascending: a publisher's ad server needs one line item for
// each, called what AppendLine writes.
func (b Buckets) Lines() iter.Seq[CPM] {
	ranges, _ := b.rules()
	return func(yield func(CPM) bool) {
		start, last := CPM(0), CPM(0)
		for _, r := range ranges {
			increment := max(r.Increment, 1)
			for c := firstLine(start, last, increment); c <= r.Max; c += increment {
				if !yield(c) {
					return
				}
				last = c
			}
			start = r.Max
		}
	}
}

// firstLine is the first bucket of a range that no range before it has; the last of those is given. The start of a range
// is a bucket of its own where the increments before miss it and prices above the start still round down to it: in steps
// of 1 micro none does.
func firstLine(start, last, increment CPM) CPM {
	if start > last && increment > 1 {
		return start
	}
	return start + increment
}

// LineCount is how many Lines there are, without counting them one by one.
func (b Buckets) LineCount() int {
	ranges, _ := b.rules()
	start, last, n := CPM(0), CPM(0), CPM(0)
	for _, r := range ranges {
		increment := max(r.Increment, 1)
		if first := firstLine(start, last, increment); first <= r.Max {
			n += (r.Max-first)/increment + 1
			last = r.Max - (r.Max-first)%increment
		}
		start = r.Max
	}
	return int(n)
}

// Validate says everything that is wrong with the ranges: more than BucketRangesMax of them, a Max that does not rise or
// is over CPMMax, an increment of nothing, money finer than Precision writes, or more lines than BucketLinesMax.
func (b Buckets) Validate() error {
	if len(b.Ranges) == 0 {
		return nil
	}
	var wrong []error
	problem := func(format string, args ...any) { wrong = append(wrong, fmt.Errorf(format, args...)) }
	if len(b.Ranges) > BucketRangesMax {
		problem("%d price ranges; at most %d may be given", len(b.Ranges), BucketRangesMax)
	}
	if b.Precision > 6 {
		problem("precision %d; prices have at most 6 decimals", b.Precision)
	}
	finest := Dollar
	for range min(b.Precision, 6) {
		finest /= 10
	}
	start := CPM(0)
	for i, r := range b.Ranges {
		switch {
		case r.Max <= start:
			problem("price range %d: max %s must be above %s, where the range starts", i+1, r.Max, start)
		case r.Max > CPMMax:
			problem("price range %d: max %s is above %s, the highest price there is", i+1, r.Max, CPMMax)
		case r.Max%finest != 0:
			problem("price range %d: max %s has more decimals than the precision of %d", i+1, r.Max, b.Precision)
		}
		switch {
		case r.Increment <= 0:
			problem("price range %d: increment %s must be above 0", i+1, r.Increment)
		case r.Increment%finest != 0:
			problem("price range %d: increment %s has more decimals than the precision of %d", i+1, r.Increment, b.Precision)
		}
		start = r.Max
	}
	if n := b.LineCount(); len(wrong) == 0 && n > BucketLinesMax {
		problem("%d price buckets; at most %d may be made: use larger increments", n, BucketLinesMax)
	}
	return errors.Join(wrong...)
}

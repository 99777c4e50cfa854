package histogram

import (
	"slices"
	"testing"
	"time"

	"pgregory.net/rapid"
)

var durations = rapid.Custom(func(t *rapid.T) time.Duration {
	// Spread over the magnitudes: most of an even draw would be hours.
	limit := time.Microsecond << rapid.IntRange(0, 31).Draw(t, "magnitude")
	return time.Duration(rapid.Int64Range(0, int64(limit)).Draw(t, "duration"))
})

// TestQuantile compares with sorting: never below the true value, and within 1/128 above it or within its microsecond.
func TestQuantile(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		values := rapid.SliceOfN(durations, 1, 200).Draw(t, "values")
		var h Histogram
		for _, v := range values {
			h.Record(v)
		}
		slices.Sort(values)
		if h.Count() != uint64(len(values)) || h.Max() != values[len(values)-1] || h.Min() != values[0] {
			t.Fatalf("count %d, min %s, max %s", h.Count(), h.Min(), h.Max())
		}
		last := time.Duration(-1)
		for _, q := range []float64{0, .1, .5, .9, .99, .999, 1} {
			got := h.Quantile(q)
			rank := 0
			for float64(rank+1) < q*float64(len(values)) {
				rank++
			}
			want := values[rank]
			if got < want || got > want+max(want/sub, time.Microsecond) {
				t.Fatalf("quantile %v of %d values is %s, want %s", q, len(values), got, want)
			}
			if got < last {
				t.Fatalf("quantile %v is %s, below that of a smaller share", q, got)
			}
			last = got
		}
	})
}

func TestMergeEqualsRecording(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		parts := rapid.SliceOfN(rapid.SliceOfN(durations, 0, 20), 0, 5).Draw(t, "parts")
		var whole, merged Histogram
		for _, part := range parts {
			var h Histogram
			for _, v := range part {
				h.Record(v)
				whole.Record(v)
			}
			merged.Merge(&h)
		}
		if merged.counts != whole.counts || merged.total != whole.total || merged.min != whole.min || merged.max != whole.max {
			t.Fatalf("merged %d values, recorded %d: they differ", merged.total, whole.total)
		}
		if d := merged.Mean() - whole.Mean(); d < -time.Microsecond || d > time.Microsecond {
			t.Fatalf("mean %s merged, %s recorded", merged.Mean(), whole.Mean())
		}
	})
}

// TestBuckets: every bucket begins where the one before ends, and its end falls into it.
func TestBuckets(t *testing.T) {
	for i := range buckets {
		end := endOf(i)
		if got := bucketOf(uint64(end / time.Microsecond)); got != i {
			t.Fatalf("the end of bucket %d, %s, falls into bucket %d", i, end, got)
		}
		if next := bucketOf(uint64((end + 1) / time.Microsecond)); i+1 < buckets && next != i+1 {
			t.Fatalf("what follows the end of bucket %d falls into %d", i, next)
		}
	}
	if got := bucketOf(1 << 62); got != buckets-1 {
		t.Errorf("a huge value falls into bucket %d, want the last", got)
	}
}

func TestEmpty(t *testing.T) {
	var h Histogram
	if h.Quantile(.5) != 0 || h.Mean() != 0 || h.Max() != 0 || h.Min() != 0 {
		t.Error("an empty histogram has values")
	}
	h.Record(-time.Second)
	if h.Count() != 1 || h.Max() != 0 {
		t.Error("a negative duration does not count as 0")
	}
	h.Record(time.Hour * 3)
	if h.Quantile(1) != 3*time.Hour || h.Quantile(.5) >= time.Microsecond {
		t.Errorf("past the last bucket: %s, %s", h.Quantile(1), h.Quantile(.5))
	}
	h.Reset()
	if h.Count() != 0 {
		t.Error("Reset leaves values")
	}
}

func TestRecordAllocatesNothing(t *testing.T) {
	var h Histogram
	if n := testing.AllocsPerRun(100, func() { h.Record(time.Millisecond) }); n != 0 {
		t.Errorf("Record allocates %v times", n)
	}
}

func BenchmarkRecord(b *testing.B) {
	var h Histogram
	d := time.Duration(0)
	for b.Loop() {
		d += 777
		h.Record(d)
	}
}

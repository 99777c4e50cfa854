package ad

import (
	"fmt"
	"math/big"
	"slices"
	"strings"
	"testing"
)

var granularities = []string{"low", "medium", "high", "auto", "dense"}

// slowFloor is Prebid's definition in exact fractions: the range is the first whose max is not below the price, the
// bucket is min + floor((price - min) / increment) × increment, and a price above every max is the last max.
func slowFloor(b Buckets, c CPM) *big.Rat {
	price, start := big.NewRat(int64(c), int64(Dollar)), new(big.Rat)
	for i, r := range b.Ranges {
		most := big.NewRat(int64(r.Max), int64(Dollar))
		if price.Cmp(most) > 0 && i == len(b.Ranges)-1 {
			price.Set(most)
		}
		if price.Cmp(most) <= 0 {
			increment := big.NewRat(int64(r.Increment), int64(Dollar))
			steps := new(big.Rat).Sub(price, start)
			steps.Quo(steps, increment)
			whole := new(big.Int).Quo(steps.Num(), steps.Denom())
			return new(big.Rat).Add(start, new(big.Rat).Mul(new(big.Rat).SetInt(whole), increment))
		}
		start.Set(most)
	}
	panic("unreachable")
}

// checkBucket holds one price against the oracle.
func checkBucket(t *testing.T, b Buckets, c CPM) {
	t.Helper()
	want := slowFloor(b, c)
	if got := big.NewRat(int64(b.Floor(c)), int64(Dollar)); got.Cmp(want) != 0 {
		t.Errorf("%v: the bucket of %s is %s, want %s", b.Ranges, c, b.Floor(c), want.FloatString(6))
	}
	if got := string(b.AppendFloor(nil, c)); got != want.FloatString(int(b.Precision)) {
		t.Errorf("%v: the bucket of %s reads %s, want %s", b.Ranges, c, got, want.FloatString(int(b.Precision)))
	}
}

// TestBuckets tries every cent from 0 to 25, and the micro on either side of it.
func TestBuckets(t *testing.T) {
	for _, name := range granularities {
		b, ok := BucketsNamed(name)
		if !ok {
			t.Fatalf("no buckets called %s", name)
		}
		for c := CPM(0); c <= 25*Dollar; c += Cent {
			checkBucket(t, b, c)
			checkBucket(t, b, c+1)
			if c > 0 {
				checkBucket(t, b, c-1)
			}
		}
	}
	if _, ok := BucketsNamed("Medium"); ok {
		t.Error("names are in lower case")
	}
}

// TestIncrements: a price on the grid is its own bucket, for every increment of whole cents and some that are not.
func TestIncrements(t *testing.T) {
	increments := []CPM{1, 3, 100, 2_500, 3_333, 333_333}
	for cents := CPM(1); cents <= 100; cents++ {
		increments = append(increments, cents*Cent)
	}
	for _, increment := range increments {
		b := Buckets{Ranges: []BucketRange{{CPMMax, increment}}, Precision: 6}
		for i := CPM(0); i <= 500 && i*increment <= CPMMax; i++ {
			c := i * increment
			if b.Floor(c) != c {
				t.Fatalf("increment %s: the bucket of %s is %s", increment, c, b.Floor(c))
			}
			checkBucket(t, b, c)
			checkBucket(t, b, c+increment-1)
		}
	}
}

// TestBucketTexts are prices that readers with doubles put one bucket too low, and the edges of the ranges.
func TestBucketTexts(t *testing.T) {
	custom := Buckets{Ranges: []BucketRange{{Dollar, 30 * Cent}, {2 * Dollar, 25 * Cent}}, Precision: 2}
	for _, c := range []struct {
		name  string
		price CPM
		want  string
	}{
		{"auto", 3_150_000, "3.15"}, {"dense", 3_150_000, "3.15"}, {"high", 4_890_000, "4.89"}, {"high", 4_010_000, "4.01"}, {"high", 4_680_000, "4.68"},
		{"auto", 150_000, "0.15"}, {"auto", 1_150_000, "1.15"}, {"low", 740_000, "0.50"}, {"low", 499_999, "0.00"}, {"low", 5_010_000, "5.00"},
		{"medium", 20 * Dollar, "20.00"}, {"medium", CPMHuge, "20.00"}, {"medium", 0, "0.00"}, {"medium", -1, "0.00"}, {"", 1_290_000, "1.20"},
		{"custom", 990_000, "0.90"}, {"custom", Dollar, "0.90"}, {"custom", Dollar + 1, "1.00"}, {"custom", 1_260_000, "1.25"}, {"custom", 7 * Dollar, "2.00"},
	} {
		b, ok := BucketsNamed(c.name)
		if c.name == "custom" {
			b, ok = custom, true
		}
		if got := string(b.AppendFloor([]byte("pb="), c.price)); got != "pb="+c.want || ok != (c.name != "") {
			t.Errorf("%s: the bucket of %s reads %s, want %s", c.name, c.price, got, c.want)
		}
	}
	for precision, want := range []string{"1", "1.2", "1.23", "1.234", "1.2345", "1.23456", "1.234567"} {
		b := Buckets{Ranges: []BucketRange{{20 * Dollar, 1}}, Precision: uint8(precision)}
		if got := string(b.AppendFloor(nil, 1_234_567)); got != want {
			t.Errorf("precision %d: %s, want %s", precision, got, want)
		}
	}
}

// TestLines: the lines are exactly the buckets that prices fall into, in order.
func TestLines(t *testing.T) {
	all := map[string]Buckets{
		"zero":   {},
		"uneven": {Ranges: []BucketRange{{Dollar, 30 * Cent}, {2 * Dollar, 25 * Cent}, {210 * Cent, 50 * Cent}}, Precision: 2},
		"single": {Ranges: []BucketRange{{Cent, Dollar}}},
	}
	for _, name := range granularities {
		all[name], _ = BucketsNamed(name)
	}
	for name, b := range all {
		var want []CPM
		for c := CPM(0); c <= 25*Dollar; c += Cent / 2 {
			if f := b.Floor(c); f > 0 && (len(want) == 0 || want[len(want)-1] != f) {
				want = append(want, f)
			}
		}
		got := slices.Collect(b.Lines())
		if !slices.Equal(got, want) {
			t.Errorf("%s: lines %v, want %v", name, got, want)
		}
		if b.LineCount() != len(want) {
			t.Errorf("%s: counts %d lines, there are %d", name, b.LineCount(), len(want))
		}
		for first := range b.Lines() {
			if first != want[0] {
				t.Errorf("%s: the first line is %s", name, first)
			}
			break
		}
	}
}

func TestLineCounts(t *testing.T) {
	for name, want := range map[string]int{"low": 10, "medium": 200, "high": 2000, "auto": 170, "dense": 424} {
		if b, _ := BucketsNamed(name); b.LineCount() != want {
			t.Errorf("%s has %d lines, want %d", name, b.LineCount(), want)
		}
	}
}

func TestBucketsValidate(t *testing.T) {
	ranges := func(n int) (r []BucketRange) {
		for i := range n {
			r = append(r, BucketRange{Max: CPM(i+1) * Dollar, Increment: Cent})
		}
		return r
	}
	cases := []struct {
		name string
		b    Buckets
		want string // "" good; else a part of the error
	}{
		{"zero", Buckets{}, ""},
		{"without ranges precision is not read", Buckets{Precision: 9}, ""},
		{"ten ranges", Buckets{ranges(BucketRangesMax), 2}, ""},
		{"eleven ranges", Buckets{ranges(BucketRangesMax + 1), 2}, "11 price ranges; at most 10"},
		{"precision 6", Buckets{[]BucketRange{{Dollar, 25}}, 6}, ""},
		{"precision 7", Buckets{[]BucketRange{{Dollar, 25}}, 7}, "precision 7"},
		{"coarse precision", Buckets{[]BucketRange{{Dollar, 5 * Cent}}, 1}, "increment 0.05 has more decimals than the precision of 1"},
		{"coarse precision, max", Buckets{[]BucketRange{{Dollar / 2, Dollar}}, 0}, "max 0.5 has more decimals"},
		{"the same max", Buckets{[]BucketRange{{Dollar, Cent}, {Dollar, Cent}}, 2}, "price range 2: max 1 must be above 1"},
		{"no max", Buckets{[]BucketRange{{0, Cent}}, 2}, "max 0 must be above 0"},
		{"max at the cap", Buckets{[]BucketRange{{CPMMax, Cent}}, 2}, ""},
		{"max above the cap", Buckets{[]BucketRange{{CPMMax + Cent, Cent}}, 2}, "above 999"},
		{"no increment", Buckets{[]BucketRange{{Dollar, 0}}, 2}, "increment 0 must be above 0"},
		{"negative increment", Buckets{[]BucketRange{{Dollar, -Cent}}, 2}, "increment -0.01 must be above 0"},
		{"increment above max", Buckets{[]BucketRange{{Dollar, 2 * Dollar}}, 2}, ""},
		{"lines at the limit", Buckets{[]BucketRange{{100 * Dollar, Dollar / 1000}}, 3}, ""},
		{"lines past the limit", Buckets{[]BucketRange{{100*Dollar + Dollar/1000, Dollar / 1000}}, 3}, "100001 price buckets"},
	}
	for _, c := range cases {
		err := c.b.Validate()
		if (err == nil) != (c.want == "") || !strings.Contains(fmt.Sprint(err), c.want) && err != nil {
			t.Errorf("%s: %v, want %q", c.name, err, c.want)
		}
	}
	for _, name := range granularities {
		if b, _ := BucketsNamed(name); b.Validate() != nil {
			t.Errorf("%s: %v", name, b.Validate())
		}
	}
}

func TestBucketsAllocateNothing(t *testing.T) {
	b, _ := BucketsNamed("auto")
	dst := make([]byte, 0, 16)
	if n := testing.AllocsPerRun(100, func() { dst = b.AppendFloor(dst[:0], 3_150_000) }); n != 0 {
		t.Errorf("%v allocations, want 0", n)
	}
}

package estimate_test

import (
	"errors"
	"math/rand/v2"
	"slices"
	"sync"
	"testing"

	"github.com/google/go-cmp/cmp"

	"curb/edge/ad"
	"curb/edge/estimate"
)

var medium = ad.Size{W: 300, H: 250}

func accepted(price ad.CPM) *estimate.Call {
	return &estimate.Call{Placement: 1, Size: medium, Price: price}
}

// slow is the definition: the lowest of the newest 512 prices with 95 % of them at or below it.
func slow(prices []ad.CPM) ad.CPM {
	recent := slices.Sorted(slices.Values(prices[max(0, len(prices)-512):]))
	for _, p := range recent {
		below := 0
		for _, q := range recent {
			if q <= p {
				below++
			}
		}
		if below*100 >= len(recent)*95 {
			return p
		}
	}
	return 0
}

func TestClearIsTheDefinition(t *testing.T) {
	for seed := range uint64(20) {
		rng := rand.New(rand.NewPCG(seed, 1))
		b := estimate.New(estimate.Options{})
		spread := []int64{3, 100, 2_000_000, 999_000_000}[seed%4]
		var prices []ad.CPM
		for n := range 1400 {
			p := ad.CPM(1 + rng.Int64N(spread))
			prices = append(prices, p)
			b.Accepted(accepted(p))
			if rng.IntN(3) == 0 {
				b.Declined(accepted(ad.CPM(rng.Int64N(spread))))
			}
			e, ok := b.Estimate(1, medium)
			if n%17 > 0 && n > 120 {
				continue
			}
			if want := slow(prices); !ok || e.Clear != want {
				t.Fatalf("seed %d after %d prices: %v, want %v", seed, n+1, e.Clear, want)
			}
		}
	}
}

func TestClearByHand(t *testing.T) {
	b := estimate.New(estimate.Options{})
	for cents := range 100 { // $0.01 to $1.00
		b.Accepted(accepted(ad.CPM(cents+1) * ad.Cent))
	}
	if e, _ := b.Estimate(1, medium); e.Clear != 950_000 || e.Size != medium {
		t.Errorf("%+v", e)
	}
	b.Accepted(accepted(ad.CPMHuge))
	b.Accepted(accepted(-5))
	for range 512 {
		b.Accepted(accepted(3_150_000))
	}
	if e, _ := b.Estimate(1, medium); e.Clear != 3_150_000 {
		t.Errorf("%+v", e)
	}
}

func TestVerified(t *testing.T) {
	for _, c := range []struct {
		accepted, declined int
		want               bool
	}{{99, 0, false}, {100, 0, true}, {100, 7000, true}, {100, 100_000, false}, {0, 500, false}} {
		b := estimate.New(estimate.Options{})
		for range c.accepted {
			b.Accepted(accepted(1))
		}
		for range c.declined {
			b.Declined(accepted(1))
		}
		e, ok := b.Estimate(1, medium)
		if e.Verified != c.want || ok != (c.accepted > 0) {
			t.Errorf("%d accepted, %d declined: %+v", c.accepted, c.declined, e)
		}
		if c.want { // it stops to be when the ad server stops taking it
			for range 20_000 {
				b.Declined(accepted(1))
			}
			if e, _ := b.Estimate(1, medium); e.Verified {
				t.Errorf("%d accepted: it is still verified", c.accepted)
			}
		}
	}
}

func TestAverage(t *testing.T) {
	b := estimate.New(estimate.Options{})
	learn := func(average ad.CPM) {
		c := accepted(5)
		c.Average = average
		b.Accepted(c)
		b.Declined(c)
	}
	learn(1_000_000)
	learn(2_000_001)
	learn(0) // nobody said
	if e, _ := b.Estimate(1, medium); e.Average != 1_500_000 {
		t.Error(e.Average)
	}
	for range 20_000 {
		learn(4_000_000)
	}
	if e, _ := b.Estimate(1, medium); e.Average < 3_999_900 || e.Average > 4_000_000 {
		t.Errorf("%v, long after all bids changed", e.Average)
	}
}

func TestPairsAreApartAndBounded(t *testing.T) {
	b := estimate.New(estimate.Options{Pairs: 128})
	if _, ok := b.Estimate(1, medium); ok {
		t.Error("an estimate out of nothing")
	}
	b.Accepted(&estimate.Call{Placement: 1, Size: medium, Price: 7})
	b.Accepted(&estimate.Call{Placement: 1, Price: 8})
	b.Accepted(&estimate.Call{Placement: 2, Size: medium, Price: 9})
	for want, got := range map[ad.CPM]estimate.Call{7: {Placement: 1, Size: medium}, 8: {Placement: 1}, 9: {Placement: 2, Size: medium}} {
		if e, ok := b.Estimate(got.Placement, got.Size); !ok || e.Clear != want {
			t.Errorf("%+v: %+v", got, e)
		}
	}
	for p := range ad.PlacementID(5000) {
		b.Accepted(&estimate.Call{Placement: p + 10, Size: medium, Price: 1})
		b.Accepted(&estimate.Call{Placement: 2, Size: medium, Price: 9}) // never the one that learnt nothing for longest
	}
	if b.Len() != 128 {
		t.Errorf("%d pairs", b.Len())
	}
	if _, ok := b.Estimate(2, medium); !ok {
		t.Error("the one in use was forgotten")
	}
	if _, ok := b.Estimate(1, medium); ok {
		t.Error("nothing was forgotten")
	}
}

// learnt feeds n calls of a seed into books.
func learnt(seed uint64, n int, books ...*estimate.Book) {
	rng := rand.New(rand.NewPCG(seed, 5))
	for range n {
		c := &estimate.Call{Placement: ad.PlacementID(rng.IntN(300)), Size: medium, Price: ad.CPM(rng.IntN(5_000_000)), Average: ad.CPM(rng.IntN(4_000_000))}
		yes := rng.IntN(3) > 0
		for _, b := range books {
			if yes {
				b.Accepted(c)
			} else {
				b.Declined(c)
			}
		}
	}
}

func all(b *estimate.Book) (out []ad.EstimatedClear) {
	for p := range ad.PlacementID(300) {
		e, ok := b.Estimate(p, medium)
		if !ok {
			e.Clear = -1
		}
		out = append(out, e)
	}
	return out
}

// A book that is written and read back goes on as if nothing had happened, also about whom to forget.
func TestSnapshot(t *testing.T) {
	for _, pairs := range []int{0, 192} {
		options := estimate.Options{Pairs: pairs}
		b := estimate.New(options)
		learnt(1, 60_000, b)
		back := estimate.New(options)
		if err := back.RestoreSnapshot(b.AppendSnapshot([]byte("behind "))[7:]); err != nil {
			t.Fatal(err)
		}
		if d := cmp.Diff(all(b), all(back)); d != "" {
			t.Fatal(d)
		}
		learnt(2, 30_000, b, back)
		if d := cmp.Diff(all(b), all(back)); d != "" {
			t.Fatal(d)
		}
		if !slices.Equal(b.AppendSnapshot(nil), back.AppendSnapshot(nil)) {
			t.Error("they are not the same to the bit")
		}
	}
}

// A frozen book writes what it held then, whatever it learns before it is asked.
func TestFreeze(t *testing.T) {
	b := estimate.New(estimate.Options{})
	learnt(1, 5000, b)
	want := b.AppendSnapshot(nil)
	b.Freeze()
	var more sync.WaitGroup
	more.Go(func() { learnt(2, 5000, b) })
	got := b.AppendSnapshot(nil)
	more.Wait()
	if !slices.Equal(want, got) {
		t.Error("the snapshot moved")
	}
	if slices.Equal(want, b.AppendSnapshot(nil)) {
		t.Error("the book stood still")
	}
}

func TestSnapshotRefused(t *testing.T) {
	b := estimate.New(estimate.Options{})
	learnt(1, 50, b)
	whole := b.AppendSnapshot(nil)
	for n := range whole {
		if err := estimate.New(estimate.Options{}).RestoreSnapshot(whole[:n]); !errors.Is(err, estimate.ErrSnapshot) {
			t.Fatalf("cut after %d of %d bytes: %v", n, len(whole), err)
		}
	}
	for _, bad := range [][]byte{nil, {2}, append(whole[:len(whole):len(whole)], 0)} {
		if err := estimate.New(estimate.Options{}).RestoreSnapshot(bad); !errors.Is(err, estimate.ErrSnapshot) {
			t.Errorf("%d bytes: %v", len(bad), err)
		}
	}
}

// FuzzRestoreSnapshot restores anything: it never panics, and what it takes it can write again.
func FuzzRestoreSnapshot(f *testing.F) {
	b := estimate.New(estimate.Options{})
	f.Add(b.AppendSnapshot(nil))
	learnt(1, 20, b)
	f.Add(b.AppendSnapshot(nil))
	f.Fuzz(func(t *testing.T, snapshot []byte) {
		b := estimate.New(estimate.Options{})
		if b.RestoreSnapshot(snapshot) != nil {
			return
		}
		again := estimate.New(estimate.Options{})
		if err := again.RestoreSnapshot(b.AppendSnapshot(nil)); err != nil {
			t.Fatal(err)
		}
		learnt(1, 50, b, again)
		if !slices.Equal(b.AppendSnapshot(nil), again.AppendSnapshot(nil)) {
			t.Fatal("it is not what was written")
		}
	})
}

func TestReadingAllocatesNothing(t *testing.T) {
	b := estimate.New(estimate.Options{})
	learnt(1, 5000, b)
	if n := testing.AllocsPerRun(100, func() { b.Estimate(7, medium) }); n != 0 {
		t.Errorf("%v allocations", n)
	}
	c := accepted(5)
	for range 600 {
		b.Accepted(c)
	}
	if n := testing.AllocsPerRun(100, func() { b.Accepted(c); b.Declined(c) }); n != 0 {
		t.Errorf("learning: %v allocations", n)
	}
}

func BenchmarkEstimate(b *testing.B) {
	book := estimate.New(estimate.Options{})
	learnt(1, 50_000, book)
	b.ReportAllocs()
	for b.Loop() {
		book.Estimate(7, medium)
	}
}

func BenchmarkAccepted(b *testing.B) {
	book := estimate.New(estimate.Options{})
	rng := rand.New(rand.NewPCG(1, 1))
	calls := make([]estimate.Call, 1024)
	for i := range calls {
		calls[i] = estimate.Call{Placement: 1, Size: medium, Price: ad.CPM(rng.IntN(5_000_000))}
	}
	b.ReportAllocs()
	for i := 0; b.Loop(); i++ {
		book.Accepted(&calls[i%len(calls)])
	}
}

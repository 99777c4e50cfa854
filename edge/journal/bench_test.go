package journal

import (
	"context"
	"fmt"
	"path/filepath"
	"slices"
	"sync"
	"testing"
	"time"
)

// benchRecord is about as long as a bill.
const benchRecord = 200

// BenchmarkAppend is what callers see: records a second together, and how long the slowest in a hundred waits. The floor is
// BenchmarkSync of the same run.
func BenchmarkAppend(b *testing.B) {
	for _, goroutines := range []int{1, 16, 256} {
		b.Run(fmt.Sprint(goroutines), func(b *testing.B) {
			l := open(b, Options{Dir: b.TempDir()})
			defer l.Close()
			waits := make([][]time.Duration, goroutines)
			r := record(1, benchRecord)
			var all sync.WaitGroup
			b.ReportAllocs()
			b.ResetTimer()
			for g := range goroutines {
				all.Go(func() {
					for n := g; n < b.N; n += goroutines {
						before := time.Now()
						if err := l.Append(context.Background(), 1, r); err != nil {
							b.Error(err)
							return
						}
						waits[g] = append(waits[g], time.Since(before))
					}
				})
			}
			all.Wait()
			b.StopTimer()
			report(b, slices.Concat(waits...))
			b.ReportMetric(float64(b.N)/float64(l.Stats().Commits), "records/commit")
		})
	}
}

func report(b *testing.B, waits []time.Duration) {
	slices.Sort(waits)
	at := func(part float64) float64 { return float64(waits[int(float64(len(waits)-1)*part)].Microseconds()) }
	b.ReportMetric(float64(b.N)/b.Elapsed().Seconds(), "records/s")
	b.ReportMetric(at(0.5), "p50-µs")
	b.ReportMetric(at(0.99), "p99-µs")
}

// BenchmarkSync is the floor: one write of a record and one fsync, without anything around it.
func BenchmarkSync(b *testing.B) {
	f, err := localDisk{}.Create(filepath.Join(b.TempDir(), "floor"))
	if err != nil {
		b.Fatal(err)
	}
	defer f.Close()
	r := record(1, benchRecord+frameHeaderBytes)
	var waits []time.Duration
	for offset := int64(0); b.Loop(); offset += int64(len(r)) {
		before := time.Now()
		if _, err := f.WriteAt(r, offset); err != nil {
			b.Fatal(err)
		}
		if err := f.Sync(); err != nil {
			b.Fatal(err)
		}
		waits = append(waits, time.Since(before))
	}
	report(b, waits)
}

// BenchmarkPost is as many records as the disk takes: who finds the buffer full waits for the commit and posts again.
func BenchmarkPost(b *testing.B) {
	l := open(b, Options{Dir: b.TempDir()})
	defer l.Close()
	r := record(1, benchRecord)
	b.ReportAllocs()
	for b.Loop() {
		for l.Post(1, r) != nil {
			if err := l.Sync(b.Context()); err != nil {
				b.Fatal(err)
			}
		}
	}
	b.ReportMetric(float64(b.N)/b.Elapsed().Seconds(), "records/s")
	b.ReportMetric(float64(b.N)/float64(l.Stats().Commits), "records/commit")
}

// counting is a state that does as little as a state can.
type counting struct{ records, bytes int }

func (*counting) Kinds() []uint8 { return []uint8{1} }

func (s *counting) Apply(_ uint8, record []byte) error {
	s.records++
	s.bytes += len(record)
	return nil
}

func (*counting) AppendSnapshot(dst []byte) []byte { return dst }

func (*counting) RestoreSnapshot([]byte) error { return nil }

// BenchmarkReplay opens and restores a log of a million records without a snapshot; one operation is all of them.
func BenchmarkReplay(b *testing.B) {
	const records = 1_000_000
	o := Options{Dir: b.TempDir(), SnapshotEvery: 10 * records}
	l := open(b, o)
	r := record(1, 64)
	for n := range records {
		for l.Post(1, r) != nil {
			if err := l.Sync(b.Context()); err != nil {
				b.Fatal(err)
			}
		}
		if n%10_000 == 0 {
			if err := l.Sync(b.Context()); err != nil {
				b.Fatal(err)
			}
		}
	}
	closeLog(b, l)
	for b.Loop() {
		var state counting
		l := open(b, o, &state)
		if state.records != records {
			b.Fatalf("%d records", state.records)
		}
		closeLog(b, l)
	}
	b.ReportMetric(records*float64(b.N)/b.Elapsed().Seconds(), "records/s")
}

// TestAppendAllocatesNothing counts the whole way, the writer's part included.
func TestAppendAllocatesNothing(t *testing.T) {
	l := open(t, Options{Dir: t.TempDir()})
	defer l.Close()
	r := record(1, benchRecord)
	ctx := context.Background()
	each := func() {
		if err := l.Append(ctx, 1, r); err != nil {
			t.Fatal(err)
		}
		if err := l.Post(1, r); err != nil {
			t.Fatal(err)
		}
	}
	each()
	// A collection during the run empties the pool: less than one in each run is none.
	if n := testing.AllocsPerRun(100, each); n >= 1 {
		t.Errorf("%v allocations for a record appended and one posted", n)
	}
}

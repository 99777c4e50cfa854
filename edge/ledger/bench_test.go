package ledger_test

import (
	"bytes"
	"context"
	"encoding/binary"
	"fmt"
	"math/rand/v2"
	"runtime"
	"slices"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"curb/edge/ad"
	"curb/edge/ledger"
)

// nothing is a log that is always right.
type nothing struct{}

func (nothing) Append(context.Context, uint8, []byte) error { return nil }

func numbered(s *ad.Sale, n uint64) {
	binary.LittleEndian.PutUint64(s.Auction[:], n)
	binary.LittleEndian.PutUint32(s.Auction[4:], uint32(n*0x9E3779B1))
}

// BenchmarkBill bills from 256 goroutines over a log that syncs in 1.5 ms.
func BenchmarkBill(b *testing.B) {
	log := &memoryLog{sync: 1500 * time.Microsecond}
	l := ledger.New(ledger.Options{Log: log})
	var next atomic.Uint64
	var all sync.WaitGroup
	b.ReportAllocs()
	b.ResetTimer()
	for range 256 {
		all.Go(func() {
			s := sale(0)
			for {
				n := next.Add(1)
				if n > uint64(b.N) {
					return
				}
				numbered(s, n)
				if _, err := l.Bill(context.Background(), s, noon); err != nil {
					b.Error(err)
				}
			}
		})
	}
	all.Wait()
	b.ReportMetric(float64(b.N)/b.Elapsed().Seconds(), "bills/s")
}

// BenchmarkBillAlone is what the ledger itself costs.
func BenchmarkBillAlone(b *testing.B) {
	l := ledger.New(ledger.Options{Log: nothing{}})
	s := sale(0)
	b.ReportAllocs()
	for n := uint64(0); b.Loop(); n++ {
		numbered(s, n)
		if _, err := l.Bill(context.Background(), s, noon); err != nil {
			b.Fatal(err)
		}
	}
}

func BenchmarkMayServe(b *testing.B) {
	l := ledger.New(ledger.Options{Log: nothing{}})
	li := &ad.LineItem{ID: 700, Price: 1_500_000, Budget: ad.Budget{Lifetime: 1 << 40, Daily: 1 << 40}, Caps: ad.Caps{Hour: 9, Month: 200, Recency: 1}}
	s := managed(1, 700)
	s.User = user(1)
	l.Reserve(li, s)
	if _, err := l.Bill(context.Background(), s, noon); err != nil {
		b.Fatal(err)
	}
	now := noon.Add(time.Hour)
	b.ReportAllocs()
	for b.Loop() {
		l.MayServe(li, s.User, now)
	}
}

func BenchmarkReserve(b *testing.B) {
	l := ledger.New(ledger.Options{Log: nothing{}})
	li := &ad.LineItem{ID: 700, Budget: ad.Budget{Lifetime: 1 << 40, Daily: 1 << 40}, Caps: ad.Caps{Hour: 9, Month: 200}}
	s := managed(1, 700)
	s.User = user(1)
	b.ReportAllocs()
	for b.Loop() {
		if l.Reserve(li, s) != ad.Undecided {
			b.Fatal("it does not fit")
		}
		l.Release(s)
	}
}

func BenchmarkEstimate(b *testing.B) {
	l := ledger.New(ledger.Options{Log: nothing{}})
	p := pendingOf(sale(1))
	_ = l.Hold(context.Background(), p)
	_, _, _, _ = l.Accept(context.Background(), p.SaleKey, noon)
	b.ReportAllocs()
	for b.Loop() {
		l.Estimate(1001, ad.Size{W: 300, H: 250})
	}
}

// BenchmarkSettledKey tells what remembering a billed key takes, once its bill is not among the recent ones any more.
func BenchmarkSettledKey(b *testing.B) {
	const keys = 500_000
	for b.Loop() {
		var before, after runtime.MemStats
		runtime.GC()
		runtime.ReadMemStats(&before)
		l := ledger.New(ledger.Options{Log: nothing{}, RecentBytes: 1})
		s := sale(0)
		for n := range uint64(keys) {
			numbered(s, n)
			if _, err := l.Bill(context.Background(), s, noon); err != nil {
				b.Fatal(err)
			}
		}
		runtime.GC()
		runtime.ReadMemStats(&after)
		b.ReportMetric(float64(after.HeapAlloc-before.HeapAlloc)/keys, "B/key")
		runtime.KeepAlive(l)
	}
}

// BenchmarkSnapshot tells what a snapshot of 500,000 keys takes, and how long bills wait meanwhile: the worst and the slowest
// of a thousand, beside what they wait when there is none.
func BenchmarkSnapshot(b *testing.B) {
	l := ledger.New(ledger.Options{Log: nothing{}})
	s := sale(0)
	next := uint64(0)
	bill := func() time.Duration {
		next++
		numbered(s, next)
		start := time.Now()
		if _, err := l.Bill(context.Background(), s, noon); err != nil {
			b.Fatal(err)
		}
		return time.Since(start)
	}
	for range 500_000 {
		bill()
	}
	var buf []byte
	var during, alone []time.Duration
	for b.Loop() {
		done := make(chan struct{})
		go func() {
			buf = l.AppendSnapshot(buf[:0])
			close(done)
		}()
		for going := true; going; {
			select {
			case <-done:
				going = false
			default:
			}
			during = append(during, bill())
		}
		for range during[len(alone):] {
			alone = append(alone, bill())
		}
	}
	slices.Sort(during)
	slices.Sort(alone)
	b.ReportMetric(float64(len(buf)), "B")
	for name, waits := range map[string][]time.Duration{"during": during, "alone": alone} {
		b.ReportMetric(float64(waits[len(waits)*999/1000].Microseconds()), "p99.9-µs-"+name)
		b.ReportMetric(float64(waits[len(waits)-1].Microseconds()), "max-µs-"+name)
	}
}

// BenchmarkHoldAlone is what the ledger itself costs to keep a promise with a document, and to let it go.
func BenchmarkHoldAlone(b *testing.B) {
	l := ledger.New(ledger.Options{Log: nothing{}})
	p := pendingOf(sale(0))
	p.Document = make([]byte, 600)
	b.ReportAllocs()
	for n := uint64(0); b.Loop(); n++ {
		numbered(&p.Sale, n)
		if err := l.Hold(context.Background(), p); err != nil {
			b.Fatal(err)
		}
		if n%100_000 == 99_999 {
			elapse(l, noon, p.Expires.Add(time.Hour))
		}
	}
}

// BenchmarkAcceptAlone is what the ledger itself costs to look a promise up and to bill it. Making it is not counted.
func BenchmarkAcceptAlone(b *testing.B) {
	l := ledger.New(ledger.Options{Log: nothing{}})
	p := pendingOf(sale(0))
	p.Document = make([]byte, 600)
	b.ReportAllocs()
	const batch = 10_000
	b.ResetTimer()
	for done := 0; done < b.N; done += batch {
		b.StopTimer()
		elapse(l, noon, p.Expires.Add(time.Hour))
		for n := range batch {
			numbered(&p.Sale, uint64(done+n))
			if err := l.Hold(context.Background(), p); err != nil {
				b.Fatal(err)
			}
		}
		b.StartTimer()
		for n := range min(batch, b.N-done) {
			numbered(&p.Sale, uint64(done+n))
			l.Pending(p.SaleKey, noon)
			if _, first, _, err := l.Accept(context.Background(), p.SaleKey, noon); err != nil || !first {
				b.Fatal(first, err)
			}
		}
	}
}

// typicalDocument is a banner's document of some 5 KB: markup that repeats itself, and addresses that do not.
func typicalDocument(n uint64) []byte {
	random := rand.New(rand.NewPCG(n, 1))
	var b bytes.Buffer
	b.WriteString("<!DOCTYPE html><html><head><meta charset=\"utf-8\"><style>body{margin:0}img{border:0}</style></head><body>")
	for b.Len() < 5000 {
		fmt.Fprintf(&b, `<a href="https://exchange.example/click?e=%016x%016x%016x%016x&u=https%%3A%%2F%%2Fshop.example%%2Foffer%%2F%d" target="_blank" rel="noopener"><img src="https://cdn.example/%08x.jpg" width="300" height="250" alt=""></a>`,
			random.Uint64(), random.Uint64(), random.Uint64(), random.Uint64(), random.IntN(10_000), random.Uint32())
	}
	return b.Bytes()
}

// BenchmarkPendingMemory tells what a sale that was passed on takes: what Status counts, and what the heap says. Once with
// the documents of banners, which differ, and once as OpenRTB passes it on, without.
func BenchmarkPendingMemory(b *testing.B) {
	const pendings = 100_000
	var documents [100][]byte
	for n := range documents {
		documents[n] = typicalDocument(uint64(n))
	}
	for _, bare := range []bool{false, true} {
		b.Run(fmt.Sprintf("bare=%v", bare), func(b *testing.B) {
			for b.Loop() {
				var before, after runtime.MemStats
				runtime.GC()
				runtime.ReadMemStats(&before)
				l := ledger.New(ledger.Options{Log: nothing{}, PendingBytes: 1 << 40})
				p := pendingOf(sale(0))
				p.Terms.BidID, p.Terms.NURL = "7f1c2d9e-8a34-4c55-9d0b-0f2b6a7f9c11", "https://bidder.example/win?price=${AUCTION_PRICE}&imp=${AUCTION_IMP_ID}&id=7f1c2d9e8a34"
				for n := range uint64(pendings) {
					numbered(&p.Sale, n)
					if p.Document = documents[n%100]; bare {
						p.Document = nil
					}
					if err := l.Hold(context.Background(), p); err != nil {
						b.Fatal(err)
					}
				}
				runtime.GC()
				runtime.ReadMemStats(&after)
				b.ReportMetric(float64(after.HeapAlloc-before.HeapAlloc)/pendings, "B/pending")
				b.ReportMetric(float64(l.Status().PendingBytes)/pendings, "counted-B/pending")
				b.ReportMetric(float64(len(documents[0])), "document-B")
				runtime.KeepAlive(l)
			}
		})
	}
}

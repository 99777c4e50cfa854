package ledger_test

import (
	"errors"
	"math/rand/v2"
	"sync"
	"sync/atomic"
	"testing"
	"testing/synctest"
	"time"

	"github.com/google/go-cmp/cmp"

	"curb/edge/ad"
	"curb/edge/ledger"
)

func TestAcceptWindow(t *testing.T) {
	for _, c := range []struct {
		after time.Duration
		want  ledger.PendingState
	}{
		{-1 * time.Second, ledger.PendingBilled},
		{0, ledger.PendingBilled},
		{120 * time.Second, ledger.PendingBilled},
		{121 * time.Second, ledger.PendingExpired},
		{9 * time.Minute, ledger.PendingExpired},
		{48 * time.Hour, ledger.PendingUnknown}, // forgotten
	} {
		for _, swept := range []bool{false, true} {
			l := ledger.New(ledger.Options{Log: &memoryLog{}})
			p := pendingOf(sale(1))
			mustHold(t, l, p)
			now := p.Expires.Add(c.after)
			elapse(l, noon, now.Add(-time.Second))
			if l.Tick(now); swept {
				l.Expire(now)
			}
			_, first, state, err := l.Accept(t.Context(), p.SaleKey, now)
			if err != nil || state != c.want || first != (c.want == ledger.PendingBilled) {
				t.Errorf("%v after it expired, swept %v: first %v, %v, %v", c.after, swept, first, state, err)
			}
		}
	}
}

func TestManyAcceptOneBill(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		log := &memoryLog{sync: 1500 * time.Microsecond}
		l := ledger.New(ledger.Options{Log: log})
		p := pendingOf(sale(1))
		mustHold(t, l, p)
		var first atomic.Int32
		var all sync.WaitGroup
		for range 100 {
			all.Go(func() {
				got, yes, state, err := l.Accept(t.Context(), p.SaleKey, noon)
				if err != nil || state != ledger.PendingBilled || string(got.Document) != string(p.Document) {
					t.Error(state, err)
				}
				if yes {
					first.Add(1)
				}
			})
		}
		all.Wait()
		if first.Load() != 1 || log.appends != 2 {
			t.Fatalf("%d callers billed, %d records", first.Load(), log.appends)
		}
		mustCount(t, l, 1)
		if b := l.Recent(5); len(b) != 1 || !b[0].PostPending {
			t.Error(b)
		}
	})
}

func TestPendingOverRestart(t *testing.T) {
	l, log := replay(t, ledger.Options{}, nil, nil)
	li := &ad.LineItem{ID: 9, Budget: ad.Budget{Lifetime: 3_000_000}, Caps: ad.Caps{Day: 2}}
	var sales []*ad.Sale
	for n := range 2 {
		s := managed(n, 9)
		s.User = user(1)
		mustReserve(t, l, li, s, ad.Undecided)
		mustHold(t, l, pendingOf(s))
		sales = append(sales, s)
	}
	mustReserve(t, l, li, managed(3, 9), ad.BudgetExhausted)
	l.Release(sales[0]) // it stays with the pending
	snapshot := l.AppendSnapshot(nil)
	for _, from := range [][]byte{nil, snapshot} {
		back, _ := replay(t, ledger.Options{}, from, log.all())
		mustReserve(t, back, li, managed(3, 9), ad.BudgetExhausted)
		if r := back.MayServe(&ad.LineItem{ID: 9, Caps: ad.Caps{Day: 2}}, user(1), noon); r != ad.FrequencyCapped {
			t.Error(r)
		}
		p, first, _, err := back.Accept(t.Context(), sales[0].SaleKey, noon)
		if d := cmp.Diff(*pendingOf(sales[0]), p); d != "" || !first || err != nil {
			t.Error(d, first, err)
		}
		elapse(back, noon, noon.Add(time.Hour))
		mustReserve(t, back, li, managed(3, 9), ad.Undecided)
		mustReserve(t, back, li, managed(4, 9), ad.BudgetExhausted)
		mustCount(t, back, 1)
	}
}

func TestExpiryIsTold(t *testing.T) {
	var told []ad.Pending
	var why ad.Reason
	log := &memoryLog{}
	l := ledger.New(ledger.Options{Log: log, Expired: func(p *ad.Pending, r ad.Reason) { told, why = append(told, *p), r }})
	lost, taken := pendingOf(sale(1)), pendingOf(sale(2))
	mustHold(t, l, lost)
	mustHold(t, l, taken)
	if _, _, _, err := l.Accept(t.Context(), taken.SaleKey, noon); err != nil {
		t.Fatal(err)
	}
	over := lost.Expires.Add(ad.ClockSkewMax + time.Second)
	log.setFail(always(kept))
	elapse(l, noon, over) // the log cannot say so: nobody is told, and nobody may accept
	if len(told) > 0 {
		t.Fatal("told too early")
	}
	if _, state := l.Pending(lost.SaleKey, noon); state != ledger.PendingExpired {
		t.Error(state)
	}
	if _, _, state, err := l.Accept(t.Context(), lost.SaleKey, noon); state != ledger.PendingExpired || err != nil {
		t.Error(state, err)
	}
	log.setFail(nil)
	l.Expire(over)
	l.Expire(over.Add(time.Second))
	lost.Document = nil
	if d := cmp.Diff([]ad.Pending{*lost}, told); d != "" || why != ad.Declined {
		t.Error(d, why)
	}
	if e, ok := l.Estimate(1001, ad.Size{W: 300, H: 250}); !ok || e.Clear != 1_350_000 || e.Average != 1_100_000 {
		t.Error(e, ok)
	}
	back, _ := replay(t, ledger.Options{Expired: func(*ad.Pending, ad.Reason) { t.Error("told again") }}, nil, log.all())
	elapse(back, over, over.Add(8*time.Minute))
	if _, state := back.Pending(lost.SaleKey, noon); state != ledger.PendingExpired {
		t.Error(state)
	}
}

func TestPendingsAreBounded(t *testing.T) {
	log := &memoryLog{}
	l := ledger.New(ledger.Options{Log: log, Pendings: 4})
	mustHold(t, l, pendingOf(sale(1)))
	mustHold(t, l, pendingOf(sale(2)))
	mustHold(t, l, pendingOf(sale(2))) // the same again
	if err := l.Hold(t.Context(), pendingOf(sale(3))); !errors.Is(err, ledger.ErrFull) {
		t.Error(err)
	}
	elapse(l, noon, noon.Add(time.Hour))
	mustHold(t, l, pendingOf(sale(4)))

	one := len(log.entries[0].record) + 256
	l = ledger.New(ledger.Options{Log: &memoryLog{}, PendingBytes: int64(4 * one)})
	mustHold(t, l, pendingOf(sale(1)))
	longer := pendingOf(sale(2))
	longer.Document = append(longer.Document, 'x')
	if err := l.Hold(t.Context(), longer); !errors.Is(err, ledger.ErrFull) {
		t.Error(err)
	}
	mustHold(t, l, pendingOf(sale(2)))
	other := pendingOf(sale(1))
	other.Document = []byte("another")
	if err := l.Hold(t.Context(), other); !errors.Is(err, ledger.ErrHeld) {
		t.Error(err)
	}
	largest := pendingOf(sale(1))
	largest.Document = make([]byte, 512<<10-len(log.entries[0].record)+len(largest.Document))
	for i := range largest.Document { // nothing that can be compressed
		largest.Document[i] = byte(rand.Uint32())
	}
	l = ledger.New(ledger.Options{Log: &memoryLog{}})
	mustHold(t, l, largest)
	larger := pendingOf(sale(2))
	larger.Document = append(largest.Document, 0)
	if err := l.Hold(t.Context(), larger); !errors.Is(err, ledger.ErrSale) {
		t.Error(err)
	}
}

// A hold that failed keeps what is set aside until the log says that it is void.
func TestFailedHold(t *testing.T) {
	log := &memoryLog{fail: always(kept)}
	l := ledger.New(ledger.Options{Log: log, Pendings: 2, Expired: func(*ad.Pending, ad.Reason) { t.Error("nobody was told of it") }})
	li := &ad.LineItem{ID: 1, Budget: ad.Budget{LifetimeImpressions: 1}}
	s := managed(1, 1)
	mustReserve(t, l, li, s, ad.Undecided)
	if err := l.Hold(t.Context(), pendingOf(s)); err == nil {
		t.Fatal("no error")
	}
	l.Release(s)
	mustReserve(t, l, li, managed(2, 1), ad.BudgetExhausted)
	log.setFail(nil)
	l.Expire(noon)
	mustReserve(t, l, li, managed(2, 1), ad.Undecided)
	mustHold(t, l, pendingOf(managed(2, 1)))
	back, _ := replay(t, ledger.Options{}, nil, log.all())
	if _, state := back.Pending(s.SaleKey, noon); state != ledger.PendingExpired {
		t.Error(state)
	}
}

package ledger_test

import (
	"context"
	"errors"
	"sync"
	"sync/atomic"
	"testing"
	"testing/synctest"
	"time"

	"github.com/google/go-cmp/cmp"

	"curb/edge/ad"
	"curb/edge/ledger"
)

func TestOneBillPerKey(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		log := &memoryLog{sync: 1500 * time.Microsecond}
		l := ledger.New(ledger.Options{Log: log})
		s := sale(1)
		start := time.Now()
		var first atomic.Int32
		var all sync.WaitGroup
		for range 100 {
			all.Go(func() {
				yes, err := l.Bill(t.Context(), s, s.At)
				if err != nil {
					t.Error(err)
				}
				if yes {
					first.Add(1)
				}
				if time.Since(start) < log.sync {
					t.Error("it returned before the first bill was durable")
				}
			})
		}
		all.Wait()
		if first.Load() != 1 || log.appends != 1 {
			t.Fatalf("%d callers billed, %d records", first.Load(), log.appends)
		}
		mustCount(t, l, 1)
		mustBill(t, l, s, false)
		other := *s
		other.Impression = 1
		mustBill(t, l, &other, true)
	})
}

func TestLogDownFailsClosed(t *testing.T) {
	log := &memoryLog{fail: always(lost)}
	l := ledger.New(ledger.Options{Log: log})
	if first, err := l.Bill(t.Context(), sale(1), noon); first || !errors.Is(err, errDisk) {
		t.Errorf("bill: first %v, error %v", first, err)
	}
	if err := l.Hold(t.Context(), pendingOf(sale(2))); !errors.Is(err, errDisk) {
		t.Errorf("hold: %v", err)
	}
	if _, state := l.Pending(sale(2).SaleKey, noon); state != ledger.PendingUnknown {
		t.Errorf("a pending that is not durable is %v", state)
	}
	log.setFail(nil)
	p := pendingOf(sale(3))
	mustHold(t, l, p)
	log.setFail(always(lost))
	if _, first, state, err := l.Accept(t.Context(), p.SaleKey, noon); first || state != ledger.PendingOpen || !errors.Is(err, errDisk) {
		t.Errorf("accept: first %v, state %v, error %v", first, state, err)
	}
	mustCount(t, l, 0)
	log.setFail(nil)
	got, first, state, err := l.Accept(t.Context(), p.SaleKey, noon)
	if !first || state != ledger.PendingBilled || err != nil {
		t.Errorf("accept once the log is back: first %v, state %v, error %v", first, state, err)
	}
	if d := cmp.Diff(*p, got); d != "" {
		t.Error(d)
	}
	mustCount(t, l, 1)
}

func TestContextEndsTheWaiting(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		log := &memoryLog{sync: time.Second}
		l := ledger.New(ledger.Options{Log: log})
		ctx, cancel := context.WithTimeout(t.Context(), ad.BillTimeout)
		defer cancel()
		if first, err := l.Bill(ctx, sale(1), noon); first || !errors.Is(err, context.DeadlineExceeded) {
			t.Fatalf("first %v, error %v", first, err)
		}
		mustCount(t, l, 0)
		if first, err := l.Bill(ctx, sale(2), noon); first || err == nil || log.appends != 1 {
			t.Fatalf("with a context that is over: first %v, error %v, %d records", first, err, log.appends)
		}
		mustBill(t, l, sale(1), true) // presented again: written again, counted once
		mustCount(t, l, 1)
		after, _ := replay(t, ledger.Options{}, nil, log.all())
		if d := cmp.Diff(l.Totals(), after.Totals()); d != "" {
			t.Error(d)
		}
		time.Sleep(2 * time.Second)
	})
}

// A bill that reached the disk although nobody was served is taken back there.
func TestUnservedBillIsWithdrawn(t *testing.T) {
	for _, given := range []string{"back", "up"} {
		log := &memoryLog{fail: always(kept)}
		l := ledger.New(ledger.Options{Log: log})
		li := &ad.LineItem{ID: 1, Budget: ad.Budget{Lifetime: 2_000_000}}
		s := managed(1, 1)
		mustReserve(t, l, li, s, ad.Undecided)
		if _, err := l.Bill(t.Context(), s, noon); err == nil {
			t.Fatal("no error")
		}
		if given == "back" {
			l.Release(s)
		}
		// Until the log says so, it is set aside: it may be billed after a restart.
		mustReserve(t, l, li, managed(2, 1), ad.BudgetExhausted)
		log.setFail(nil)
		for i := range 10 {
			l.Expire(noon.Add(time.Duration(i) * time.Second))
		}
		if _, err := l.Bill(t.Context(), s, noon); !errors.Is(err, ledger.ErrGivenUp) {
			t.Errorf("given %s: %v", given, err)
		}
		mustReserve(t, l, li, managed(3, 1), ad.Undecided)
		after, _ := replay(t, ledger.Options{}, nil, log.all())
		if d := cmp.Diff(ledger.Totals{}.Money, after.Totals().Money); d != "" {
			t.Error(d)
		}
		mustReserve(t, after, li, managed(4, 1), ad.Undecided)
		half, _ := replay(t, ledger.Options{}, nil, log.all()[:1])
		mustCount(t, half, 1)
	}
}

func TestRefusedSales(t *testing.T) {
	l := ledger.New(ledger.Options{Log: &memoryLog{}})
	for name, change := range map[string]func(*ad.Sale){
		"negative net":   func(s *ad.Sale) { s.Net = -1 },
		"negative paid":  func(s *ad.Sale) { s.Paid = -1 },
		"beyond reason":  func(s *ad.Sale) { s.BuyerPays = 10_000_000*ad.Dollar + 1 },
		"before Unix":    func(s *ad.Sale) { s.At = time.Time{} },
		"not set aside":  func(s *ad.Sale) { s.LineItem = 5 },
		"beyond reason2": func(s *ad.Sale) { s.Net = ad.CPMHuge },
	} {
		s := sale(1)
		change(s)
		_, err := l.Bill(t.Context(), s, noon)
		held := l.Hold(t.Context(), pendingOf(s))
		for _, err := range []error{err, held} {
			if !errors.Is(err, ledger.ErrSale) && !errors.Is(err, ledger.ErrNotReserved) {
				t.Errorf("%s: %v", name, err)
			}
		}
	}
	s := sale(1)
	s.Net, s.BuyerPays = 10_000_000*ad.Dollar, 10_000_000*ad.Dollar
	mustBill(t, l, s, true)
}

func TestCostsNoMoreThanSetAside(t *testing.T) {
	l := ledger.New(ledger.Options{Log: &memoryLog{}})
	li := &ad.LineItem{ID: 1, Budget: ad.Budget{Lifetime: 2_000_000}}
	s := managed(1, 1)
	mustReserve(t, l, li, s, ad.Undecided)
	dearer := *s
	dearer.BuyerPays++
	if _, err := l.Bill(t.Context(), &dearer, noon); !errors.Is(err, ledger.ErrNotReserved) {
		t.Error(err)
	}
	cheaper := *s
	cheaper.BuyerPays = 500_000
	mustBill(t, l, &cheaper, true)
	if got := l.Totals().LineItems[0].BuyerPays; got != 500_000 {
		t.Error(got)
	}
	mustReserve(t, l, li, managed(2, 1), ad.Undecided) // 0.5 + 1.5 of 2
	mustReserve(t, l, li, managed(3, 1), ad.BudgetExhausted)
}

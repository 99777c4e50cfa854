package ledger_test

import (
	"context"
	"testing"
	"time"

	"curb/edge/ledger"
)

// TestBookingAllocations holds booking to its budget: what is remembered of a promise takes memory (its record, its claim), and
// a bill none of its own once the ledger has seen some.
func TestBookingAllocations(t *testing.T) {
	if racing {
		t.Skip("the race detector empties pools")
	}
	const runs = 2000
	l := ledger.New(ledger.Options{Log: nothing{}})
	ctx, s, n := context.Background(), sale(0), uint64(0)
	next := func(book func()) float64 {
		return testing.AllocsPerRun(runs, func() {
			n++
			numbered(s, n)
			book()
		})
	}
	bill := func() {
		if _, err := l.Bill(ctx, s, noon); err != nil {
			t.Fatal(err)
		}
	}
	next(bill) // fills pools
	if got := next(bill); got > 0 {
		t.Errorf("a bill allocates %v times", got)
	}
	p := pendingOf(s)
	p.Document = make([]byte, 600)
	hold := func() {
		p.SaleKey = s.SaleKey
		if err := l.Hold(ctx, p); err != nil {
			t.Fatal(err)
		}
	}
	if got := next(hold); got > 2 {
		t.Errorf("a promise allocates %v times, the budget is 2", got)
	}
	n -= runs + 1 // the same keys again
	accept := func() {
		if _, first, _, err := l.Accept(ctx, s.SaleKey, noon.Add(time.Second)); err != nil || !first {
			t.Fatal(first, err)
		}
	}
	if got := next(accept); got > 3 {
		t.Errorf("accepting allocates %v times, the budget is 3: the texts of the sale, its document, and what estimates are told", got)
	}
}

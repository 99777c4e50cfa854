package ledger_test

import (
	"context"
	"errors"
	"sync"
	"testing"
	"time"

	"curb/edge/ad"
	"curb/edge/ledger"
)

// entry is one record of a memoryLog.
type entry struct {
	kind   uint8
	record []byte
}

var errDisk = errors.New("no space left on device")

// memoryLog is a log in memory that can fail and be slow. Like one on disk it may keep a record whose writer was told
// otherwise.
type memoryLog struct {
	mu      sync.Mutex
	entries []entry
	acked   int // entries that a caller knows of, and all before them
	// fail decides the fate of the next records; nil: all is well.
	fail func(kind uint8) fate
	// sync is how long a group commit takes; 0: none.
	sync    time.Duration
	commit  chan struct{}
	appends int
}

type fate uint8

const (
	fine fate = iota
	lost      // an error, and the record is not there
	kept      // an error, and the record is there
)

func (l *memoryLog) Append(ctx context.Context, kind uint8, record []byte) error {
	if err := ctx.Err(); err != nil {
		return err
	}
	l.mu.Lock()
	l.appends++
	f := fine
	if l.fail != nil {
		f = l.fail(kind)
	}
	if f != lost {
		l.entries = append(l.entries, entry{kind, append([]byte(nil), record...)})
	}
	if f == fine && l.sync == 0 {
		l.acked = len(l.entries)
	}
	mine := len(l.entries)
	var done chan struct{}
	if l.sync > 0 && f == fine {
		done = l.join()
	}
	l.mu.Unlock()
	if f != fine {
		return errDisk
	}
	if done == nil {
		return nil
	}
	select {
	case <-done:
		l.mu.Lock()
		l.acked = max(l.acked, mine)
		l.mu.Unlock()
		return nil
	case <-ctx.Done():
		return ctx.Err()
	}
}

// join takes part in the commit that begins next. The caller holds the lock.
func (l *memoryLog) join() chan struct{} {
	if l.commit == nil {
		done := make(chan struct{})
		l.commit = done
		go func() {
			time.Sleep(l.sync)
			l.mu.Lock()
			l.commit = nil
			l.mu.Unlock()
			close(done)
		}()
	}
	return l.commit
}

func (l *memoryLog) setFail(fail func(kind uint8) fate) {
	l.mu.Lock()
	defer l.mu.Unlock()
	l.fail = fail
}

func always(f fate) func(uint8) fate { return func(uint8) fate { return f } }

func (l *memoryLog) all() []entry {
	l.mu.Lock()
	defer l.mu.Unlock()
	return append([]entry(nil), l.entries...)
}

// replay makes a ledger of records, on a log that goes on behind them.
func replay(t testing.TB, o ledger.Options, snapshot []byte, entries []entry) (*ledger.Ledger, *memoryLog) {
	t.Helper()
	log := &memoryLog{entries: append([]entry(nil), entries...), acked: len(entries)}
	o.Log = log
	l := ledger.New(o)
	if snapshot != nil {
		if err := l.RestoreSnapshot(snapshot); err != nil {
			t.Fatalf("restore: %v", err)
		}
	}
	for i, e := range entries {
		if err := l.Apply(e.kind, e.record); err != nil {
			t.Fatalf("apply record %d: %v", i, err)
		}
	}
	return l, log
}

// noon is a Wednesday.
var noon = time.Date(2026, 3, 11, 12, 0, 0, 0, time.UTC)

// sale makes a sale of which n is the number.
func sale(n int) *ad.Sale {
	s := &ad.Sale{At: noon, Publisher: 10, Placement: 1001, Owner: 100, Buyer: 201, Bidder: 7, Creative: 5001, Size: ad.Size{W: 300, H: 250},
		Net: 1_350_000, BuyerPays: 1_500_000, BidPrice: 1_600_000, Paid: 1_500_001, Currency: ad.USD, Rate: ad.RateOne,
		Terms: ad.BidTerms{BidID: "b", ImpressionID: "1", NURL: "https://bidder.example/won"}}
	s.Auction = auctionID(n)
	return s
}

func auctionID(n int) (id ad.AuctionID) {
	for i := range id {
		id[i] = byte(n*2654435761>>(8*(i%4))) ^ byte(i)
	}
	id[15], id[14], id[13] = byte(n), byte(n>>8), byte(n>>16)
	return id
}

func managed(n int, line ad.LineItemID) *ad.Sale {
	s := sale(n)
	s.Kind, s.Bidder, s.LineItem, s.Buyer = ad.Managed, 0, line, s.Owner
	return s
}

func pendingOf(s *ad.Sale) *ad.Pending {
	return &ad.Pending{Sale: *s, Expires: s.At.Add(ad.AcceptWindowBanner), Document: []byte("<b>ad</b>"), Average: 1_100_000}
}

func user(n byte) ad.UserKey { return ad.UserKey{1, n} }

// elapse lets time go by for a ledger, as its wall clock and its own clock see it alike.
func elapse(l *ledger.Ledger, from, to time.Time) {
	for ; from.Before(to); from = from.Add(time.Minute) {
		l.Expire(from)
	}
	l.Expire(to)
}

func mustBill(t testing.TB, l *ledger.Ledger, s *ad.Sale, want bool) {
	t.Helper()
	first, err := l.Bill(t.Context(), s, s.At)
	if err != nil || first != want {
		t.Fatalf("bill: first %v, error %v, want first %v", first, err, want)
	}
}

func mustHold(t testing.TB, l *ledger.Ledger, p *ad.Pending) {
	t.Helper()
	if err := l.Hold(t.Context(), p); err != nil {
		t.Fatal(err)
	}
}

func mustReserve(t testing.TB, l *ledger.Ledger, li *ad.LineItem, s *ad.Sale, want ad.Reason) {
	t.Helper()
	if got := l.Reserve(li, s); got != want {
		t.Fatalf("reserve: %v, want %v", got, want)
	}
}

func mustCount(t testing.TB, l *ledger.Ledger, want int64) {
	t.Helper()
	if got := l.Totals().Count; got != want {
		t.Fatalf("%d bills, want %d", got, want)
	}
}

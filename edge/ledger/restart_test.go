package ledger_test

import (
	"context"
	"errors"
	"fmt"
	"math/rand/v2"
	"sync"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"curb/edge/ad"
	"curb/edge/ledger"
)

// The newest bills can be enumerated over a restart: the whole last quarter of an hour, and no more than memory allows.
func TestRecentBills(t *testing.T) {
	l, log := replay(t, ledger.Options{}, nil, nil)
	n := 0
	now := noon
	for ; n < 4000; n++ { // two a second
		s := sale(n)
		s.At = now
		mustBill(t, l, s, true)
		now = now.Add(500 * time.Millisecond)
		l.Expire(now)
	}
	count := func(l *ledger.Ledger, since time.Time) (all int) {
		before := time.Time{}
		l.Billed(since, func(b *ad.Bill) bool {
			if b.Billed.Before(before) || b.Billed.Before(since) {
				t.Fatal("out of order")
			}
			before = b.Billed
			all++
			return true
		})
		return all
	}
	if got := l.Status().Recent; got < 1800 || got > 1800+2*256 {
		t.Errorf("%d bills are kept", got)
	}
	back, _ := replay(t, ledger.Options{}, l.AppendSnapshot(nil), nil)
	whole, _ := replay(t, ledger.Options{}, nil, log.all())
	for _, l := range []*ledger.Ledger{l, back, whole} {
		if got := count(l, now.Add(-ledger.RecentAge)); got != 1800 {
			t.Errorf("%d bills in the last quarter of an hour", got)
		}
		newest := l.Recent(3)
		if len(newest) != 3 || newest[0].Auction != sale(n-1).Auction || newest[2].Auction != sale(n-3).Auction {
			t.Error("the newest bills are others")
		}
		if d := cmp.Diff(sale(n-1).Terms, newest[0].Terms); d != "" {
			t.Error(d)
		}
		if l.Billed(noon, func(*ad.Bill) bool { return false }) {
			t.Error("it went on")
		}
	}
	small, _ := replay(t, ledger.Options{RecentBytes: 100 << 10}, nil, log.all())
	if s := small.Status(); s.RecentBytes > 100<<10+256*300 || s.Recent == 0 {
		t.Errorf("%+v", s)
	}
	mustCount(t, small, 4000)
}

// Settled keys are remembered for ten minutes by the ledger's own clock, whatever the wall clock does, and then forgotten.
func TestSettledKeysAreForgotten(t *testing.T) {
	l, _ := replay(t, ledger.Options{}, nil, nil)
	mustBill(t, l, sale(1), true)
	now := noon
	for range 9 {
		for _, jump := range []time.Duration{0, 90 * 24 * time.Hour, 0} {
			l.Expire(now.Add(jump))
		}
		mustBill(t, l, sale(1), false)
		now = now.Add(time.Second)
	}
	l, _ = replay(t, ledger.Options{}, nil, nil)
	mustBill(t, l, sale(1), true)
	var back *ledger.Ledger
	for i := range 80 * 6 {
		l.Expire(noon.Add(time.Duration(i) * 10 * time.Second))
		if i == 6*6 {
			back, _ = replay(t, ledger.Options{}, l.AppendSnapshot(nil), nil)
		}
		if i == 10*6-1 {
			mustBill(t, l, sale(1), false)
		}
	}
	if got := l.Status().Settled; got != 0 {
		t.Errorf("%d keys are remembered", got)
	}
	for i := range 70 * 6 { // six minutes before the restart count
		back.Expire(noon.Add(time.Duration(i) * 10 * time.Second))
		if i == 4*6-1 {
			mustBill(t, back, sale(1), false)
		}
	}
	if got := back.Status().Settled; got != 0 {
		t.Errorf("%d keys are remembered after a restart", got)
	}
}

func TestTotals(t *testing.T) {
	l, log := replay(t, ledger.Options{}, nil, nil)
	rng := rand.New(rand.NewPCG(9, 9))
	currencies := []ad.Currency{{}, ad.USD, {'E', 'U', 'R'}, {'V', 'N', 'D'}}
	var want ledger.Money
	byDay := map[string]ledger.Money{}
	paid := map[string]int64{}
	for n := range 3000 {
		s := sale(n)
		s.At = noon.AddDate(0, 0, rng.IntN(1300)-650)
		s.Net, s.BuyerPays, s.Paid = ad.CPM(rng.Int64N(1e12)), ad.CPM(rng.Int64N(1e12)), ad.CPM(rng.Int64N(1e13))
		s.Bidder, s.Publisher = ad.BidderID(rng.IntN(5)), ad.PublisherID(rng.IntN(4))
		s.Currency = currencies[rng.IntN(len(currencies))]
		mustBill(t, l, s, true)
		add := func(m *ledger.Money) {
			m.Count++
			m.Net += ad.Amount(s.Net)
			m.BuyerPays += ad.Amount(s.BuyerPays)
		}
		add(&want)
		day := byDay[s.At.Format(time.DateOnly)]
		add(&day)
		byDay[s.At.Format(time.DateOnly)] = day
		paid[fmt.Sprint(s.Bidder, s.Currency)] += int64(s.Paid)
	}
	whole, _ := replay(t, ledger.Options{}, nil, log.all())
	back, _ := replay(t, ledger.Options{}, l.AppendSnapshot(nil), log.all()[1500:])
	got := l.Totals()
	for _, other := range []*ledger.Ledger{whole, back} {
		if d := cmp.Diff(got, other.Totals()); d != "" {
			t.Fatal(d)
		}
	}
	if got.Money != want {
		t.Errorf("%+v, the bills say %+v", got.Money, want)
	}
	var bidders, publishers, days ledger.Money
	sum := func(into *ledger.Money, m ledger.Money) {
		into.Count, into.Net, into.BuyerPays = into.Count+m.Count, into.Net+m.Net, into.BuyerPays+m.BuyerPays
	}
	for _, b := range got.Bidders {
		sum(&bidders, b.Money)
		for _, p := range b.Paid {
			if micros := p.Sum.Units*1e6 + p.Sum.Micros; micros != paid[fmt.Sprint(b.Bidder, p.Currency)] || p.Sum.Micros < 0 || p.Sum.Micros > 999_999 {
				t.Errorf("bidder %d paid %v %v", b.Bidder, p.Sum, p.Currency)
			}
		}
	}
	for _, p := range got.Publishers {
		sum(&publishers, p.Money)
	}
	for i, d := range got.Days {
		sum(&days, d.Money)
		if !d.Day.IsZero() && d.Money != byDay[d.Day.Format(time.DateOnly)] || d.Day.IsZero() != (i == 0) {
			t.Errorf("day %v: %+v", d.Day, d.Money)
		}
	}
	if bidders != want || publishers != want || days != want || len(got.Days) > 1100 {
		t.Errorf("rows add up to %+v, %+v, %+v in %d days", bidders, publishers, days, len(got.Days))
	}
}

func TestSumText(t *testing.T) {
	for want, s := range map[string]ledger.Sum{"0": {}, "0.5": {Micros: 500_000}, "12.000001": {Units: 12, Micros: 1}, "9223372036854775807.999999": {Units: 1<<63 - 1, Micros: 999_999}, "10": {Units: 10}} {
		if got := s.String(); got != want {
			t.Errorf("%q, want %q", got, want)
		}
	}
}

// meddlingLog takes a snapshot in the middle of an append, and fails it or not.
type meddlingLog struct {
	*memoryLog
	during func()
}

func (l *meddlingLog) Append(ctx context.Context, kind uint8, record []byte) error {
	if l.during != nil {
		during := l.during
		l.during = nil
		during()
	}
	return l.memoryLog.Append(ctx, kind, record)
}

// A snapshot taken while a record is under way must neither lose nor double it, wherever the log is replayed from.
func TestSnapshotDuringAppend(t *testing.T) {
	for _, behind := range []bool{false, true} { // the replay begins behind the record
		log := &meddlingLog{memoryLog: &memoryLog{}}
		l := ledger.New(ledger.Options{Log: log})
		li := &ad.LineItem{ID: 1, Budget: ad.Budget{Lifetime: 3_000_000}, Caps: ad.Caps{Day: 1}}
		first, second := managed(1, 1), managed(2, 1)
		first.User, second.User = user(1), user(2)
		mustReserve(t, l, li, first, ad.Undecided)
		mustReserve(t, l, li, second, ad.Undecided)
		var atBill, atHold, atAccept []byte
		log.during = func() { atBill = l.AppendSnapshot(nil) }
		mustBill(t, l, first, true)
		log.during = func() { atHold = l.AppendSnapshot(nil) }
		mustHold(t, l, pendingOf(second))
		log.during = func() { atAccept = l.AppendSnapshot(nil) }
		if _, yes, _, err := l.Accept(t.Context(), second.SaleKey, noon); !yes || err != nil {
			t.Fatal(err)
		}
		for i, snapshot := range [][]byte{atBill, atHold, atAccept} {
			from := i
			if behind {
				from++
			}
			back, _ := replay(t, ledger.Options{}, snapshot, log.all()[from:])
			if d := cmp.Diff(l.Totals(), back.Totals()); d != "" {
				t.Errorf("snapshot %d, replay behind it %v: %s", i, behind, d)
			}
			if d := cmp.Diff(l.Spent(1, noon), back.Spent(1, noon)); d != "" {
				t.Error(d)
			}
			mustBill(t, back, first, false)
			if _, yes, state, err := back.Accept(t.Context(), second.SaleKey, noon); yes || state != ledger.PendingBilled || err != nil {
				t.Error(yes, state, err)
			}
			if e, ok := back.Estimate(1001, ad.Size{W: 300, H: 250}); !ok || e.Clear != second.Net {
				t.Error(e, ok)
			}
		}
	}
}

// busy does a little of everything, six hundred times, and gives back what it left in doubt, to be given up later.
func busy(t *testing.T, l *ledger.Ledger, log *memoryLog, from int) (doubts []*ad.Sale) {
	li := &ad.LineItem{ID: 1, Caps: ad.Caps{Day: 200}, Budget: ad.Budget{Lifetime: 1 << 50}}
	for n := from; n < from+600; n++ {
		s := managed(n, 1)
		s.User = user(byte(n))
		s.Net = ad.CPM(n) * 1000
		mustReserve(t, l, li, s, ad.Undecided)
		switch {
		case n%4 == 0:
			mustBill(t, l, s, true)
		case n%4 == 1:
			log.setFail(always(kept))
			if _, err := l.Bill(t.Context(), s, noon); err == nil {
				t.Fatal("no error")
			}
			log.setFail(nil)
			doubts = append(doubts, s)
		default:
			mustHold(t, l, pendingOf(s))
			if n%4 == 2 {
				if _, _, _, err := l.Accept(t.Context(), s.SaleKey, noon); err != nil {
					t.Fatal(err)
				}
			}
		}
	}
	return doubts
}

// sameLedgers compares everything that can be asked.
func sameLedgers(t *testing.T, want, got *ledger.Ledger) {
	t.Helper()
	if d := cmp.Diff(want.Totals(), got.Totals()); d != "" {
		t.Error(d)
	}
	if d := cmp.Diff(want.Spent(1, noon), got.Spent(1, noon)); d != "" {
		t.Error(d)
	}
	if d := cmp.Diff(want.Status(), got.Status()); d != "" {
		t.Error(d)
	}
	for n := range 256 {
		for day := range uint8(12) {
			li := &ad.LineItem{ID: 1, Caps: ad.Caps{Day: day + 1}}
			if want.MayServe(li, user(byte(n)), noon) != got.MayServe(li, user(byte(n)), noon) {
				t.Fatalf("user %d is counted otherwise", n)
			}
		}
	}
	a, _ := want.Estimate(1001, ad.Size{W: 300, H: 250})
	b, _ := got.Estimate(1001, ad.Size{W: 300, H: 250})
	if a != b {
		t.Errorf("estimates %+v and %+v", a, b)
	}
}

// A snapshot shows the moment at which it was decided, whatever happens first until it is written.
func TestSnapshotShowsOneMoment(t *testing.T) {
	over := noon.Add(time.Hour)
	for name, meanwhile := range map[string]func(*ledger.Ledger, *memoryLog, []*ad.Sale){
		"everything": func(l *ledger.Ledger, log *memoryLog, doubts []*ad.Sale) {
			for _, s := range append(busy(t, l, log, 600), doubts...) {
				l.Release(s)
			}
			elapse(l, noon, over)
		},
		"expiry":      func(l *ledger.Ledger, _ *memoryLog, _ []*ad.Sale) { elapse(l, noon, over) },
		"giving up":   func(l *ledger.Ledger, _ *memoryLog, doubts []*ad.Sale) { l.Release(doubts[0]) },
		"another try": func(l *ledger.Ledger, _ *memoryLog, doubts []*ad.Sale) { mustBill(t, l, doubts[0], true) },
		"a hold":      func(l *ledger.Ledger, _ *memoryLog, _ []*ad.Sale) { mustHold(t, l, pendingOf(sale(5000))) },
	} {
		log := &memoryLog{}
		l := ledger.New(ledger.Options{Log: log})
		doubts := busy(t, l, log, 0)
		still, _ := replay(t, ledger.Options{}, l.AppendSnapshot(nil), nil)
		snapshot := l.SnapshotAround(func() { meanwhile(l, log, doubts) })
		moved, _ := replay(t, ledger.Options{}, snapshot, nil)
		t.Run(name, func(t *testing.T) { sameLedgers(t, still, moved) })
		still, _ = replay(t, ledger.Options{}, nil, log.all())
		moved, _ = replay(t, ledger.Options{}, snapshot, log.all())
		t.Run(name+", with the whole log behind", func(t *testing.T) {
			if d := cmp.Diff(still.Totals(), moved.Totals()); d != "" {
				t.Error(d)
			}
			if d := cmp.Diff(still.Spent(1, noon), moved.Spent(1, noon)); d != "" {
				t.Error(d)
			}
		})
	}
}

// A bill that was given up stays so, although the log holds it and does not say yet that it is void.
func TestGivenUpInSnapshot(t *testing.T) {
	log := &memoryLog{}
	l := ledger.New(ledger.Options{Log: log})
	for _, s := range busy(t, l, log, 0) {
		l.Release(s)
	}
	back, _ := replay(t, ledger.Options{}, l.AppendSnapshot(nil), log.all())
	if got := back.Spent(1, noon); got.Bills != 300 || got.ReservedBills != 300 {
		t.Errorf("%+v", got)
	}
	elapse(back, noon, noon.Add(time.Hour))
	if got := back.Spent(1, noon); got.Bills != 300 || got.ReservedBills != 0 {
		t.Errorf("%+v", got)
	}
}

// An append that is under way when the moment is decided, and ends before its shard is written, is in the snapshot as under
// way: the whole of it, once.
func TestAppendEndsDuringSnapshot(t *testing.T) {
	for _, f := range []fate{fine, lost} {
		freeze, appended := make(chan struct{}), make(chan struct{})
		log := &meddlingLog{memoryLog: &memoryLog{fail: always(f)}}
		l := ledger.New(ledger.Options{Log: log})
		log.during = func() {
			close(freeze)
			<-appended
		}
		done := make(chan error, 1)
		go func() {
			_, err := l.Bill(context.Background(), sale(1), noon)
			done <- err
		}()
		<-freeze
		snapshot := l.SnapshotAround(func() {
			close(appended)
			<-done
		})
		back, _ := replay(t, ledger.Options{}, snapshot, nil)
		mustCount(t, back, 1)
		log.setFail(nil)
		for i := range 7 {
			l.Expire(noon.Add(time.Duration(i) * time.Second))
		}
		back, _ = replay(t, ledger.Options{}, snapshot, log.all())
		mustCount(t, back, l.Totals().Count)
	}
}

// Snapshots taken under load are whole: with what the log says of the time behind them they give the ledger they were
// taken of, however the two overlap.
func TestSnapshotsUnderLoad(t *testing.T) {
	log := &memoryLog{}
	l := ledger.New(ledger.Options{Log: log, RecentBytes: 1 << 30})
	li := &ad.LineItem{ID: 1, Caps: ad.Caps{Day: 200}, Budget: ad.Budget{Lifetime: 1 << 50}}
	var all sync.WaitGroup
	for worker := range 4 {
		all.Go(func() {
			for i := range 1500 {
				s := managed(worker*10_000+i, 1)
				s.User = user(byte(i))
				if r := l.Reserve(li, s); r != ad.Undecided {
					t.Error(r)
				}
				p := pendingOf(s)
				err := l.Hold(context.Background(), p)
				if i%3 > 0 {
					_, _, _, accepting := l.Accept(context.Background(), s.SaleKey, noon)
					err = errors.Join(err, accepting)
				}
				if err != nil {
					t.Error(err)
				}
			}
		})
	}
	type taken struct {
		snapshot []byte
		from     int
	}
	var snapshots []taken
	for range 12 {
		from := len(log.all())
		snapshots = append(snapshots, taken{l.AppendSnapshot(nil), from})
		time.Sleep(time.Millisecond)
	}
	all.Wait()
	want, spent := l.Totals(), l.Spent(1, noon)
	for i, s := range snapshots {
		back, _ := replay(t, ledger.Options{RecentBytes: 1 << 30}, s.snapshot, log.all()[s.from:])
		if d := cmp.Diff(want, back.Totals()); d != "" {
			t.Fatalf("snapshot %d: %s", i, d)
		}
		if d := cmp.Diff(spent, back.Spent(1, noon)); d != "" {
			t.Fatalf("snapshot %d: %s", i, d)
		}
		if got := back.Status(); got.Recent != int(want.Count) || got.Pendings != 6000 || got.Settled != int(want.Count) {
			t.Fatalf("snapshot %d: %+v", i, got)
		}
		for u := range byte(255) {
			li := &ad.LineItem{ID: 1, Caps: ad.Caps{Day: 24}}
			if back.MayServe(li, user(u), noon) != l.MayServe(li, user(u), noon) {
				t.Fatalf("snapshot %d: user %d is counted otherwise", i, u)
			}
		}
	}
}

func TestSnapshotRefused(t *testing.T) {
	l, _ := replay(t, ledger.Options{}, nil, nil)
	mustBill(t, l, sale(1), true)
	mustHold(t, l, pendingOf(sale(2)))
	whole := l.AppendSnapshot(nil)
	for n := range whole {
		if err := ledger.New(ledger.Options{}).RestoreSnapshot(whole[:n]); err == nil {
			t.Fatalf("cut after %d bytes of %d: no error", n, len(whole))
		}
	}
	whole[0] = 9
	if err := ledger.New(ledger.Options{}).RestoreSnapshot(whole); !errors.Is(err, ledger.ErrSnapshot) {
		t.Error(err)
	}
}

// While the log fails, bills in doubt are bounded; nothing is billed beyond them until they are withdrawn.
func TestDoubtsAreBounded(t *testing.T) {
	log := &memoryLog{fail: always(lost)}
	l := ledger.New(ledger.Options{Log: log})
	for n := range 1 << 16 {
		if _, err := l.Bill(t.Context(), sale(n), noon); !errors.Is(err, errDisk) {
			t.Fatal(err)
		}
	}
	log.setFail(nil)
	if _, err := l.Bill(t.Context(), sale(1<<17), noon); !errors.Is(err, ledger.ErrFull) {
		t.Fatal(err)
	}
	mustBill(t, l, sale(1), true) // one of them, again
	for i := range 7 {
		l.Expire(noon.Add(time.Duration(i) * time.Second))
	}
	if got := l.Status(); got.Doubts != 0 || got.Settled != 1<<16 {
		t.Errorf("%+v", got)
	}
	mustBill(t, l, sale(1<<17), true)
	mustCount(t, l, 2)
}

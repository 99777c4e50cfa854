package notice

import (
	"context"
	"encoding/json"
	"fmt"
	"net/http"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"curb/edge/ad"

	"github.com/google/go-cmp/cmp"
)

func billOf(n *ad.Notice, at time.Time) *ad.Bill {
	b := &ad.Bill{Billed: at, PostPending: n.PostPending}
	b.SaleKey, b.At, b.Bidder, b.Buyer, b.Publisher, b.Placement = n.SaleKey, n.At, n.Bidder, n.Member, n.Publisher, n.Placement
	b.Creative, b.BidPrice, b.Paid, b.Currency, b.Terms = n.Creative, n.BidPrice, n.Price, n.Currency, n.Terms
	return b
}

// wonCalls is a won notice with both URLs.
func wonCalls(i int) *ad.Notice {
	n := wonNotice(i, bubbleURL)
	n.Terms.LURL = ""
	return n
}

// TestKilledAnywhere: bills are durable, and the log is cut at every point of a run. With what is in it, a new node sends
// everything that had not arrived by then, and every repetition has the id of the first.
func TestKilledAnywhere(t *testing.T) {
	const won = 40
	log := &memoryLog{stall: time.Millisecond}
	first := &arrivals{log: log}
	inBubble(t, log, func(t *testing.T, r *room) {
		r.ear.answers(first.note)
		r.Start()
		for i := range won {
			r.Notify(wonCalls(i))
			if i%7 == 0 {
				time.Sleep(15 * time.Millisecond)
			}
		}
		time.Sleep(time.Second)
		synctest.Wait()
	})
	if got := first.by(1 << 30); len(got) != 3*won {
		t.Fatalf("the first run delivered %d of %d", len(got), 3*won)
	}
	for cut := range log.length() + 1 {
		inBubble(t, nil, func(t *testing.T, r *room) {
			second := &arrivals{log: &memoryLog{}}
			r.ear.answers(second.note)
			log.replay(t, r.Notices, cut)
			for i := range won {
				r.Recover(billOf(wonCalls(i), time.Now()))
			}
			r.Start()
			time.Sleep(time.Minute)
			synctest.Wait()
			all := first.by(cut)
			again := second.by(1 << 30)
			for key, id := range again {
				if before, ok := all[key]; ok && before != id {
					t.Errorf("cut %d: %s has event id %s, then %s", cut, key, before, id)
				}
				all[key] = id
			}
			if len(all) != 3*won {
				t.Errorf("cut %d: %d of %d delivered", cut, len(all), 3*won)
			}
			if cut == log.length() && len(again) != 0 {
				t.Errorf("after a run that acknowledged everything %d were sent again", len(again))
			}
		})
	}
}

// arrivals are deliveries by auction and way, with the length of the log when each arrived.
type arrivals struct {
	log *memoryLog
	mu  sync.Mutex
	all []arrival
}

type arrival struct {
	key, id string
	log     int
}

func (a *arrivals) add(key, id string) {
	a.mu.Lock()
	defer a.mu.Unlock()
	a.all = append(a.all, arrival{key, id, a.log.length()})
}

// by is what had arrived when the log was so long.
func (a *arrivals) by(cut int) map[string]string {
	a.mu.Lock()
	defer a.mu.Unlock()
	out := map[string]string{}
	for _, x := range a.all {
		if x.log <= cut {
			out[x.key] = x.id
		}
	}
	return out
}

// TestSnapshotAnywhere: a snapshot at any point with the log from any point before it on gives what the log alone gives.
func TestSnapshotAnywhere(t *testing.T) {
	log := &memoryLog{}
	inBubble(t, log, func(t *testing.T, r *room) {
		r.ear.answers(func(w http.ResponseWriter, q *http.Request) bool { return q.URL.Path == "/bill" && hold(w) })
		r.Start()
		for i := range 100 {
			r.Notify(wonCalls(i))
		}
		time.Sleep(time.Second)
		synctest.Wait()
	})
	open := func(restore, from, to int) []string {
		n, err := New(Options{Guard: labGuard(t), Bidders: func(ad.BidderID) *ad.Bidder { return nil }})
		if err != nil {
			t.Fatal(err)
		}
		if restore > 0 {
			before, _ := New(Options{Guard: labGuard(t), Bidders: func(ad.BidderID) *ad.Bidder { return nil }})
			log.replay(t, before, restore)
			if err := n.RestoreSnapshot(before.AppendSnapshot(nil)); err != nil {
				t.Fatal(err)
			}
		}
		for _, r := range log.records[from:to] {
			if err := n.Apply(r.kind, r.record); err != nil {
				t.Fatal(err)
			}
		}
		var left []string
		for _, e := range n.spool.restored() {
			left = append(left, fmt.Sprint(e.id, e.open, e.Terms, e.Price, e.taken.UnixNano()))
		}
		return left
	}
	last := log.length()
	want := open(0, 0, last)
	if len(want) != 100 {
		t.Fatalf("%d events left, want those whose burl did not arrive", len(want))
	}
	for at := 1; at <= last; at++ {
		for _, from := range []int{0, at / 2, at} {
			if diff := cmp.Diff(want, open(at, from, last)); diff != "" {
				t.Fatalf("snapshot after %d of %d, log from %d: %s", at, last, from, diff)
			}
		}
	}
}

// TestStoreOutlivesRestart: what waits in the store is in the snapshot, settled ones are not sent again, and all arrive.
func TestStoreOutlivesRestart(t *testing.T) {
	const won = 2*hotMax + 5000
	log := &memoryLog{}
	var snapshot []byte
	inBubble(t, log, func(t *testing.T, r *room) {
		r.pipes.turn(true)
		r.Start()
		for i := range won {
			r.Notify(notice(ad.NoticeWon, i))
		}
		time.Sleep(time.Minute)
		synctest.Wait()
		if s := r.Stats().Total; s.Queued > hotMax || s.Queued+s.Spooled != won {
			t.Errorf("%d queued, %d spooled", s.Queued, s.Spooled)
		}
		snapshot = r.AppendSnapshot(nil)
		if each := len(snapshot) / won; each > 150 {
			t.Errorf("%d bytes a notice in the snapshot", each)
		}
		log.mu.Lock()
		log.records = nil
		log.mu.Unlock()
		r.pipes.turn(false)
		time.Sleep(61 * time.Second) // some arrive, perhaps all
		synctest.Wait()
		heard, _ := r.ear.heard()
		if got := byKind(heard)["won"]; got != won {
			t.Errorf("%d of %d arrived", got, won)
		}
	})
	cut, settled := 0, 0
	for ; settled < won/3; cut++ {
		settled += (len(log.records[cut].record) - 1) / settledBytes
	}
	if cut == log.length() || settled > won-1000 {
		t.Fatalf("the log says that %d of %d were settled at once", settled, won)
	}
	inBubble(t, nil, func(t *testing.T, r *room) {
		if err := r.RestoreSnapshot(snapshot); err != nil {
			t.Fatal(err)
		}
		log.replay(t, r.Notices, cut)
		r.Start()
		time.Sleep(time.Minute)
		synctest.Wait()
		heard, _ := r.ear.heard()
		if got := byKind(heard)["won"]; got != won-settled || len(heard) != got {
			t.Errorf("%d sent again, in %d notices, want %d", got, len(heard), won-settled)
		}
		if s := r.Stats().Total; s.Queued+s.Spooled != 0 {
			t.Errorf("%+v", s)
		}
	})
}

// TestDiskFails: won notices go out all the same, and a bill makes up for the log after the next crash.
func TestDiskFails(t *testing.T) {
	for name, log := range map[string]*memoryLog{"full": {fail: true}, "stalled": {stall: time.Hour}} {
		inBubble(t, log, func(t *testing.T, r *room) {
			r.Start()
			r.Notify(notice(ad.NoticeWon, 1))
			time.Sleep(time.Minute)
			synctest.Wait()
			heard, _ := r.ear.heard()
			if s := r.Stats(); len(heard) != 1 || s.Unspooled != 1 || s.Spooled != 0 {
				t.Errorf("%s: %d heard, %+v", name, len(heard), s)
			}
		})
	}
}

// TestToldTwice: the same sale told again, or recovered while it is under way, is one event.
func TestToldTwice(t *testing.T) {
	inBubble(t, &memoryLog{}, func(t *testing.T, r *room) {
		r.Start()
		r.Notify(wonCalls(1))
		r.Notify(wonCalls(1))
		time.Sleep(time.Second)
		r.Notify(wonCalls(1))
		r.Recover(billOf(wonCalls(1), time.Now()))
		r.Recover(&ad.Bill{Sale: ad.Sale{Kind: ad.Managed}})
		time.Sleep(time.Second)
		synctest.Wait()
		heard, calls := r.ear.heard()
		if len(heard) != 1 || len(calls) != 2 {
			t.Errorf("told %d times, called %d", len(heard), len(calls))
		}
	})
}

// TestForgottenBills: a bill of before the oldest remembered event is taken as told.
func TestForgottenBills(t *testing.T) {
	s := newSpool()
	at := time.Unix(1_700_000_000, 0)
	for i := range knownMax + 10 {
		s.learn(EventID{0: byte(i >> 24), 1: byte(i >> 16), 2: byte(i >> 8), 3: byte(i)}, at.Add(time.Duration(i)*time.Second).Unix())
	}
	if len(s.known) != knownMax || len(s.ring) != knownMax {
		t.Errorf("%d known, %d in the ring", len(s.known), len(s.ring))
	}
	unknown := EventID{15: 1, 7: 1}
	if !s.recorded(unknown, at.Add(8*time.Second)) || s.recorded(unknown, at.Add(9*time.Second)) {
		t.Error("the horizon is not where the newest forgotten event was taken")
	}
}

// TestCloseKeepsTheRest: what cannot be delivered is in the log when Close returns, and nothing else.
func TestCloseKeepsTheRest(t *testing.T) {
	log := &memoryLog{}
	inBubble(t, log, func(t *testing.T, r *room) {
		r.Start()
		r.ear.answers(func(w http.ResponseWriter, q *http.Request) bool { return q.URL.Path == "/bill" && hold(w) })
		for i := range 10 {
			r.Notify(wonCalls(i))
		}
		ctx, cancel := context.WithTimeout(t.Context(), 3*time.Second)
		defer cancel()
		r.Close(ctx)
		heard, calls := r.ear.heard()
		if len(heard) != 10 || len(calls) != 10 {
			t.Errorf("before closing %d notices and %d URLs", len(heard), len(calls))
		}
		r.Notify(wonCalls(11))
		if s := r.Stats(); s.Late != 1 {
			t.Errorf("%+v", s)
		}
	})
	inBubble(t, nil, func(t *testing.T, r *room) {
		log.replay(t, r.Notices, log.length())
		r.Start()
		time.Sleep(time.Minute)
		synctest.Wait()
		heard, calls := r.ear.heard()
		if len(heard) != 0 || len(calls) != 10 {
			t.Errorf("after the restart %d notices and %d URLs, want the ten burls", len(heard), len(calls))
		}
	})
}

// TestDamagedRecords: no prefix of a record or snapshot is taken for one, but those that end between two entries.
func TestDamagedRecords(t *testing.T) {
	s := newSpool()
	e := newEvent(wonCalls(1), byPost|byNURL, calledAt)
	_, record := s.admit([]*event{e}, nil)
	for i := range record {
		n := empty(t)
		if err := n.Apply(kindWon, record[:i]); (err == nil) != (i == 1) {
			t.Errorf("the first %d bytes of a record: %v", i, err)
		}
	}
	n := empty(t)
	n.spool = s
	snapshot := n.AppendSnapshot(nil)
	for i := range snapshot {
		if err := empty(t).RestoreSnapshot(snapshot[:i]); err == nil {
			t.Errorf("the first %d of %d bytes of a snapshot were taken", i, len(snapshot))
		}
	}
	if err := empty(t).RestoreSnapshot(snapshot); err != nil {
		t.Error(err)
	}
	for kind, bad := range map[uint8][]byte{kindSettled: {1, 2, 3}, 12: {1}} {
		if err := empty(t).Apply(kind, bad); err == nil {
			t.Errorf("kind %d was taken", kind)
		}
	}
}

func empty(t testing.TB) *Notices {
	n, err := New(Options{Guard: labGuard(t), Bidders: func(ad.BidderID) *ad.Bidder { return nil }})
	if err != nil {
		t.Fatal(err)
	}
	return n
}

// hold answers that it may work later.
func hold(w http.ResponseWriter) bool {
	w.WriteHeader(http.StatusServiceUnavailable)
	return true
}

// note takes everything and remembers it by auction and way.
func (a *arrivals) note(w http.ResponseWriter, r *http.Request) bool {
	if r.Method == http.MethodGet {
		a.add(r.URL.RequestURI(), "")
	} else {
		var batch struct{ Notices []told }
		if err := json.NewDecoder(r.Body).Decode(&batch); err != nil {
			w.WriteHeader(http.StatusBadRequest)
			return true
		}
		for _, n := range batch.Notices {
			a.add(n.AuctionID, n.EventID)
		}
	}
	w.WriteHeader(http.StatusNoContent)
	return true
}

package ledger_test

import (
	"testing"
	"time"

	"curb/edge/ad"
	"curb/edge/ledger"
)

// A wall clock that jumps ahead ends nothing: what was passed on may be accepted for as long as it would have been, by the
// clock of the ledger, and no longer, whether the jump is taken back or not.
func TestWallClockJumpsAhead(t *testing.T) {
	for _, back := range []bool{false, true} {
		declined := 0
		l, _ := replay(t, ledger.Options{Expired: func(*ad.Pending, ad.Reason) { declined++ }}, nil, nil)
		taken, left := pendingOf(sale(1)), pendingOf(sale(2))
		mustHold(t, l, taken)
		mustHold(t, l, left)
		l.Expire(noon)
		jump := 24 * time.Hour
		for s := range 60 {
			l.Expire(noon.Add(jump + time.Duration(s)*time.Second))
		}
		if s := l.Status(); declined > 0 || s.Pendings != 2 {
			t.Fatalf("%d sales were declined at once", declined)
		}
		if _, _, state, err := l.Accept(t.Context(), taken.SaleKey, noon.Add(jump)); state != ledger.PendingBilled || err != nil {
			t.Error(state, err)
		}
		if back {
			jump = 0
		}
		elapse(l, noon.Add(jump+time.Minute), noon.Add(jump+6*time.Minute))
		if declined > 0 {
			t.Errorf("declined a minute early, taken back %v", back)
		}
		elapse(l, noon.Add(jump+6*time.Minute), noon.Add(jump+9*time.Minute))
		if s := l.Status(); declined != 1 || s.Pendings != 0 {
			t.Errorf("declined %d, %d held, taken back %v", declined, s.Pendings, back)
		}
	}
}

// One that is set back keeps money aside for twice the time and no longer.
func TestWallClockIsSetBack(t *testing.T) {
	declined := 0
	l, _ := replay(t, ledger.Options{Expired: func(*ad.Pending, ad.Reason) { declined++ }}, nil, nil)
	mustHold(t, l, pendingOf(sale(1)))
	l.Expire(noon)
	then := noon.Add(-24 * time.Hour)
	elapse(l, then, then.Add(13*time.Minute))
	if declined > 0 {
		t.Error("declined early")
	}
	elapse(l, then.Add(13*time.Minute), then.Add(15*time.Minute))
	if declined != 1 {
		t.Error("not declined")
	}
}

// The clock goes on after a restart where the log says that it was: the time that the process was down is nobody's fault.
func TestClockOverRestart(t *testing.T) {
	l, log := replay(t, ledger.Options{}, nil, nil)
	elapse(l, noon, noon.Add(time.Hour))
	s := sale(1)
	s.At = noon.Add(time.Hour)
	mustHold(t, l, pendingOf(s))
	later := s.At.Add(10 * time.Minute) // it starts again when the window is over by the wall clock
	for _, from := range [][]byte{nil, l.AppendSnapshot(nil)} {
		back, _ := replay(t, ledger.Options{}, from, log.all())
		if back.Clock() != time.Hour {
			t.Errorf("the clock is at %v", back.Clock())
		}
		elapse(back, later, later.Add(6*time.Minute))
		if _, state := back.Pending(s.SaleKey, later); state != ledger.PendingOpen {
			t.Error(state)
		}
		elapse(back, later.Add(6*time.Minute), later.Add(8*time.Minute))
		if _, state := back.Pending(s.SaleKey, later); state != ledger.PendingExpired {
			t.Error(state)
		}
	}
}

// A key that a snapshot has forgotten is not booked again, however far back the log is replayed from.
func TestForgottenKeysAreNotReplayed(t *testing.T) {
	l, log := replay(t, ledger.Options{}, nil, nil)
	mustBill(t, l, sale(1), true)
	taken, left, long := pendingOf(sale(2)), pendingOf(sale(3)), offered(4, 10, true)
	for _, p := range []*ad.Pending{taken, left, long} {
		mustHold(t, l, p)
	}
	if _, _, _, err := l.Accept(t.Context(), taken.SaleKey, noon); err != nil {
		t.Fatal(err)
	}
	elapse(l, noon, noon.Add(3*time.Hour))
	if s := l.Status(); s.Settled != 0 || s.Pendings != 1 {
		t.Fatalf("%+v", s)
	}
	snapshot := l.AppendSnapshot(nil)
	late := sale(5)
	late.At = noon.Add(3 * time.Hour)
	mustBill(t, l, late, true)
	back, _ := replay(t, ledger.Options{}, snapshot, log.all())
	mustCount(t, back, 3)
	if s := back.Status(); s.Pendings != 1 {
		t.Errorf("%+v", s)
	}
	if _, first, _, err := back.Accept(t.Context(), long.SaleKey, late.At); !first || err != nil {
		t.Error(first, err)
	}
}

// Records of releases that did not write the clock are replayed, also by a ledger whose clock is ahead; their pendings are
// over when the wall clock says so.
func TestRecordsWithoutClock(t *testing.T) {
	l, log := replay(t, ledger.Options{}, nil, nil)
	mustBill(t, l, sale(1), true)
	mustHold(t, l, pendingOf(sale(2)))
	mustHold(t, l, pendingOf(sale(3)))
	old := log.all()
	for i := range old {
		old[i].record = ledger.Unclocked(old[i].kind, old[i].record)
	}
	elapse(l, noon, noon.Add(time.Hour))
	ahead, _ := replay(t, ledger.Options{}, nil, nil)
	elapse(ahead, noon, noon.Add(time.Hour))
	for _, from := range [][]byte{nil, ahead.AppendSnapshot(nil)} {
		back, _ := replay(t, ledger.Options{}, from, append(old[:len(old):len(old)], old...))
		mustCount(t, back, 1)
		window := ad.AcceptWindowBanner + ad.ClockSkewMax
		back.Expire(noon.Add(window))
		if _, first, _, err := back.Accept(t.Context(), sale(2).SaleKey, noon.Add(window)); !first || err != nil {
			t.Error(first, err)
		}
		back.Expire(noon.Add(window + time.Second))
		back.Expire(noon.Add(window + 2*time.Minute))
		if s := back.Status(); s.Pendings != 0 {
			t.Errorf("%+v", s)
		}
	}
}

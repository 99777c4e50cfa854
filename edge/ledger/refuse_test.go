package ledger_test

import (
	"errors"
	"testing"
	"time"

	"curb/edge/ad"
	"curb/edge/ledger"
)

func TestRefuse(t *testing.T) {
	var told []ad.Reason
	options := ledger.Options{Expired: func(_ *ad.Pending, why ad.Reason) { told = append(told, why) }}
	l, log := replay(t, options, nil, nil)
	li := &ad.LineItem{ID: 1, Budget: ad.Budget{LifetimeImpressions: 1}}
	s := managed(1, 1)
	mustReserve(t, l, li, s, ad.Undecided)
	mustHold(t, l, pendingOf(s))
	refuse := func(l *ledger.Ledger) {
		t.Helper()
		if err := l.Refuse(t.Context(), s.SaleKey, ad.CreativeInvalid, noon); err != nil {
			t.Fatal(err)
		}
	}
	refuse(l)
	refuse(l)
	if len(told) != 1 || told[0] != ad.CreativeInvalid {
		t.Errorf("told %v", told)
	}
	if _, _, state, err := l.Accept(t.Context(), s.SaleKey, noon); state != ledger.PendingExpired || err != nil {
		t.Error(state, err)
	}
	if got := l.Spent(1, noon); got != (ledger.Spent{}) {
		t.Errorf("%+v", got)
	}
	if _, ok := l.Estimate(1001, ad.Size{W: 300, H: 250}); ok {
		t.Error("an estimate learnt from it")
	}
	mustReserve(t, l, li, managed(2, 1), ad.Undecided)
	mustBill(t, l, managed(2, 1), true)
	for _, back := range []*ledger.Ledger{first(replay(t, options, nil, log.all())), first(replay(t, options, l.AppendSnapshot(nil), log.all()))} {
		elapse(back, noon, noon.Add(8*time.Minute))
		if _, state := back.Pending(s.SaleKey, noon); state != ledger.PendingExpired || len(told) != 1 {
			t.Error(state, told)
		}
		mustCount(t, back, 1)
	}
}

func first(l *ledger.Ledger, _ *memoryLog) *ledger.Ledger { return l }

// What is billed stays so; what is over is declined, and what nobody knows is left alone.
func TestRefuseTooLate(t *testing.T) {
	var told []ad.Reason
	l, log := replay(t, ledger.Options{Expired: func(_ *ad.Pending, why ad.Reason) { told = append(told, why) }}, nil, nil)
	taken, late := pendingOf(sale(1)), pendingOf(sale(2))
	mustHold(t, l, taken)
	mustHold(t, l, late)
	if _, _, _, err := l.Accept(t.Context(), taken.SaleKey, noon); err != nil {
		t.Fatal(err)
	}
	before := len(log.all())
	over := noon.Add(ad.AcceptWindowBanner + ad.ClockSkewMax + time.Second)
	elapse(l, noon, over.Add(-time.Second))
	l.Tick(over)
	for _, key := range []ad.SaleKey{taken.SaleKey, late.SaleKey, sale(3).SaleKey} {
		if err := l.Refuse(t.Context(), key, ad.CreativeInvalid, over); err != nil {
			t.Error(err)
		}
	}
	if len(log.all()) != before || len(told) > 0 {
		t.Errorf("told %v", told)
	}
	l.Expire(over)
	if len(told) != 1 || told[0] != ad.Declined {
		t.Errorf("told %v", told)
	}
	mustCount(t, l, 1)
}

// A refusal that the log does not take is final all the same, and is written as soon as the log works; also if a bill of the
// sale may be in the log.
func TestRefuseWithoutLog(t *testing.T) {
	for _, f := range []fate{lost, kept} {
		for _, tried := range []bool{false, true} {
			var told []ad.Reason
			l, log := replay(t, ledger.Options{Expired: func(_ *ad.Pending, why ad.Reason) { told = append(told, why) }}, nil, nil)
			p := pendingOf(sale(1))
			mustHold(t, l, p)
			log.setFail(always(f))
			if tried {
				if _, _, _, err := l.Accept(t.Context(), p.SaleKey, noon); err == nil {
					t.Fatal("no error")
				}
			}
			if err := l.Refuse(t.Context(), p.SaleKey, ad.CreativeInvalid, noon); !errors.Is(err, errDisk) {
				t.Error(err)
			}
			if _, _, state, _ := l.Accept(t.Context(), p.SaleKey, noon); state != ledger.PendingExpired {
				t.Error(state)
			}
			snapshot := l.AppendSnapshot(nil)
			log.setFail(nil)
			if l.Expire(noon); len(told) != 1 || told[0] != ad.CreativeInvalid {
				t.Errorf("told %v", told)
			}
			if s := l.Status(); s.Doubts != 0 || s.Pendings != 0 || s.PendingBytes != 0 {
				t.Errorf("%+v", s)
			}
			for _, from := range [][]byte{nil, snapshot} {
				back, _ := replay(t, ledger.Options{}, from, log.all())
				back.Expire(noon)
				mustCount(t, back, 0)
				if _, state := back.Pending(p.SaleKey, noon); state != ledger.PendingExpired || back.Status().Pendings != 0 {
					t.Error(state)
				}
			}
		}
	}
}

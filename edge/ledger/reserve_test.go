package ledger_test

import (
	"context"
	"math/rand/v2"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"curb/edge/ad"
	"curb/edge/ledger"
)

func TestBudgets(t *testing.T) {
	for name, c := range map[string]struct {
		budget ad.Budget
		fit    int // sales of 1.5 million nano-dollars that fit on one day
		next   int // and on the next
	}{
		"none":                  {ad.Budget{}, 9, 9},
		"lifetime":              {ad.Budget{Lifetime: 6_000_000}, 4, 0},
		"lifetime, almost":      {ad.Budget{Lifetime: 5_999_999}, 3, 0},
		"daily":                 {ad.Budget{Daily: 3_000_000}, 2, 2},
		"both":                  {ad.Budget{Lifetime: 4_500_000, Daily: 3_000_000}, 2, 1},
		"impressions":           {ad.Budget{LifetimeImpressions: 1}, 1, 0},
		"daily impressions":     {ad.Budget{DailyImpressions: 5}, 5, 5},
		"impressions and money": {ad.Budget{Lifetime: 4_500_000, DailyImpressions: 2}, 2, 1},
		"too small":             {ad.Budget{Lifetime: 1_499_999}, 0, 0},
	} {
		l := ledger.New(ledger.Options{Log: &memoryLog{}})
		li := &ad.LineItem{ID: 1, Price: 1_500_000, Budget: c.budget}
		n := 0
		for day, want := range []int{c.fit, c.next} {
			now := noon.AddDate(0, 0, day).Truncate(24 * time.Hour)
			for i := range 9 {
				s := managed(n, 1)
				s.At = now.Add(time.Duration(i) * (24*time.Hour - 1) / 8) // from midnight to the last nanosecond
				expected := ad.Undecided
				if i >= want {
					expected = ad.BudgetExhausted
				}
				if got := l.MayServe(li, user(1), s.At); got != expected {
					t.Errorf("%s, sale %d of day %d: may serve: %v", name, i, day, got)
				}
				if got := l.Reserve(li, s); got != expected {
					t.Errorf("%s, sale %d of day %d: reserve: %v", name, i, day, got)
				}
				if expected == ad.Undecided && i%2 == 0 {
					mustBill(t, l, s, true)
				}
				n++
			}
		}
	}
}

func TestCaps(t *testing.T) {
	at := func(text string) time.Time {
		when, err := time.Parse(time.DateTime, text)
		if err != nil {
			t.Fatal(err)
		}
		return when
	}
	for name, c := range map[string]struct {
		caps   ad.Caps
		seen   []string
		now    string
		reason ad.Reason
	}{
		"hour, at its end":       {ad.Caps{Hour: 1}, []string{"2026-03-11 12:00:00"}, "2026-03-11 12:59:59", ad.FrequencyCapped},
		"hour, over":             {ad.Caps{Hour: 1}, []string{"2026-03-11 12:59:59"}, "2026-03-11 13:00:00", ad.Undecided},
		"day, at its end":        {ad.Caps{Day: 2}, []string{"2026-03-11 00:00:00", "2026-03-11 12:00:00"}, "2026-03-11 23:59:59", ad.FrequencyCapped},
		"day, one left":          {ad.Caps{Day: 3}, []string{"2026-03-11 00:00:00", "2026-03-11 12:00:00"}, "2026-03-11 23:59:59", ad.Undecided},
		"day, over":              {ad.Caps{Day: 1}, []string{"2026-03-11 23:59:59"}, "2026-03-12 00:00:00", ad.Undecided},
		"week, Sunday to":        {ad.Caps{Week: 1}, []string{"2026-03-08 00:00:00"}, "2026-03-14 23:59:59", ad.FrequencyCapped},
		"week, begins on Sunday": {ad.Caps{Week: 1}, []string{"2026-03-14 23:59:59"}, "2026-03-15 00:00:00", ad.Undecided},
		"month, at its end":      {ad.Caps{Month: 1}, []string{"2026-02-01 00:00:00"}, "2026-02-28 23:59:59", ad.FrequencyCapped},
		"month, over":            {ad.Caps{Month: 1}, []string{"2026-02-28 23:59:59"}, "2026-03-01 00:00:00", ad.Undecided},
		"month of next year":     {ad.Caps{Month: 1}, []string{"2025-03-11 12:00:00"}, "2026-03-11 12:00:00", ad.Undecided},
		"lifetime":               {ad.Caps{Lifetime: 2}, []string{"2020-01-01 00:00:00", "2024-01-01 00:00:00"}, "2026-03-11 12:00:00", ad.FrequencyCapped},
		"recency, within":        {ad.Caps{Recency: 30}, []string{"2026-03-11 23:45:00"}, "2026-03-12 00:14:59", ad.RecencyCapped},
		"recency, over":          {ad.Caps{Recency: 30}, []string{"2026-03-11 23:45:00"}, "2026-03-12 00:15:00", ad.Undecided},
		"frequency is told first": {ad.Caps{Day: 1, Recency: 30}, []string{"2026-03-11 12:00:00"}, "2026-03-11 12:01:00",
			ad.FrequencyCapped},
		"a clock set back": {ad.Caps{Hour: 1}, []string{"2026-03-11 12:00:00"}, "2026-03-09 10:00:00", ad.FrequencyCapped},
	} {
		l := ledger.New(ledger.Options{Log: &memoryLog{}})
		li := &ad.LineItem{ID: 1, Caps: c.caps}
		for n, when := range c.seen {
			s := managed(n, 1)
			s.At, s.User = at(when), user(1)
			mustReserve(t, l, li, s, ad.Undecided)
			mustBill(t, l, s, true)
		}
		if got := l.MayServe(li, user(1), at(c.now)); got != c.reason {
			t.Errorf("%s: %v, want %v", name, got, c.reason)
		}
		if got := l.MayServe(li, user(2), at(c.now)); got != ad.Undecided {
			t.Errorf("%s: another user: %v", name, got)
		}
		if got := l.MayServe(&ad.LineItem{ID: 2, Caps: c.caps}, user(1), at(c.now)); got != ad.Undecided {
			t.Errorf("%s: another line item: %v", name, got)
		}
	}
}

func TestUnknownUsers(t *testing.T) {
	l := ledger.New(ledger.Options{Log: &memoryLog{}})
	for _, c := range []struct {
		caps ad.Caps
		want ad.Reason
	}{{ad.Caps{Day: 1, Recency: 5}, ad.Undecided}, {ad.Caps{Day: 1, RequireUser: true}, ad.FrequencyCapped}, {ad.Caps{RequireUser: true}, ad.FrequencyCapped}} {
		li := &ad.LineItem{ID: 1, Caps: c.caps}
		for n := range 3 {
			if got := l.MayServe(li, ad.UserKey{}, noon); got != c.want {
				t.Errorf("%+v: %v", c.caps, got)
			}
			mustReserve(t, l, li, managed(n, 1), c.want)
		}
	}
}

// What is set aside counts, and counts no more when it is given back.
func TestReservationsCount(t *testing.T) {
	l := ledger.New(ledger.Options{Log: &memoryLog{}})
	li := &ad.LineItem{ID: 1, Caps: ad.Caps{Day: 1}}
	recent := &ad.LineItem{ID: 1, Caps: ad.Caps{Recency: 1}}
	s := managed(1, 1)
	s.User = user(1)
	mustReserve(t, l, li, s, ad.Undecided)
	if got := l.MayServe(li, user(1), noon); got != ad.FrequencyCapped {
		t.Error(got)
	}
	if got := l.MayServe(recent, user(1), noon); got != ad.RecencyCapped {
		t.Error(got)
	}
	mustReserve(t, l, li, s, ad.Undecided) // again: it replaces itself
	l.Release(s)
	l.Release(s)
	if got := l.MayServe(li, user(1), noon); got != ad.Undecided {
		t.Error(got)
	}
	if got := l.Spent(1, noon); got != (ledger.Spent{}) {
		t.Error(got)
	}
	mustReserve(t, l, li, s, ad.Undecided)
	for n := range 400 { // forgotten by its owner
		l.Expire(noon.Add(time.Duration(n) * time.Second))
	}
	if got := l.Spent(1, noon); got != (ledger.Spent{}) {
		t.Error(got)
	}
}

func TestCountersAreBounded(t *testing.T) {
	const most = 64 * 4
	l, log := replay(t, ledger.Options{Counters: most}, nil, nil)
	li := &ad.LineItem{ID: 1, Caps: ad.Caps{Lifetime: 1}}
	rng := rand.New(rand.NewPCG(1, 1))
	var users []ad.UserKey
	for n := range 20 * most {
		s := managed(n, 1)
		for i := range s.User {
			s.User[i] = byte(rng.Uint32())
		}
		users = append(users, s.User)
		mustReserve(t, l, li, s, ad.Undecided)
		mustBill(t, l, s, true)
	}
	if got := l.Status().Counters; got != most {
		t.Fatalf("%d counters", got)
	}
	back, _ := replay(t, ledger.Options{Counters: most}, nil, log.all())
	also, _ := replay(t, ledger.Options{Counters: most}, l.AppendSnapshot(nil), nil)
	known := 0
	for _, u := range users {
		got := l.MayServe(li, u, noon)
		if back.MayServe(li, u, noon) != got || also.MayServe(li, u, noon) != got {
			t.Fatal("a restart forgets other users")
		}
		if got == ad.FrequencyCapped {
			known++
		}
	}
	if known != most || l.MayServe(li, users[len(users)-1], noon) != ad.FrequencyCapped || l.MayServe(li, users[0], noon) != ad.Undecided {
		t.Errorf("%d users are known", known)
	}
}

// Ten thousand callers fight for a budget: at no moment is more promised than there is.
func TestNeverOverspent(t *testing.T) {
	const budget, cost = 1_000 * 1_500_000, 1_500_000
	log := &memoryLog{}
	l := ledger.New(ledger.Options{Log: log})
	li := &ad.LineItem{ID: 1, Budget: ad.Budget{Lifetime: budget, Daily: budget - cost}}
	stop := make(chan struct{})
	var watch, all sync.WaitGroup
	watch.Go(func() {
		for {
			s := l.Spent(1, noon)
			if s.Settled+s.Reserved > budget || s.TodaySettled+s.TodayReserved > budget-cost {
				t.Errorf("%+v of %d", s, budget)
			}
			select {
			case <-stop:
				return
			default:
			}
		}
	})
	var billed atomic.Int64
	for n := range 10_000 {
		all.Go(func() {
			s := managed(n, 1)
			if l.Reserve(li, s) != ad.Undecided {
				return
			}
			switch n % 4 {
			case 0:
				l.Release(s)
			case 1:
				if err := l.Hold(context.Background(), pendingOf(s)); err != nil {
					t.Error(err)
				}
				if _, first, _, err := l.Accept(context.Background(), s.SaleKey, noon); first && err == nil {
					billed.Add(1)
				}
			default:
				if first, err := l.Bill(context.Background(), s, noon); first && err == nil {
					billed.Add(1)
				}
			}
		})
	}
	all.Wait()
	close(stop)
	watch.Wait()
	// What the last of them gave back is left, and can be spent to the last impression.
	for n := 10_000; l.Reserve(li, managed(n, 1)) == ad.Undecided; n++ {
		mustBill(t, l, managed(n, 1), true)
		billed.Add(1)
	}
	if got := l.Spent(1, noon); got.Bills != billed.Load() || got.Reserved != 0 || got.Settled != ad.Amount(billed.Load()*cost) || got.Bills != 999 {
		t.Errorf("%+v, %d billed", got, billed.Load())
	}
}

func TestAllocations(t *testing.T) {
	l := ledger.New(ledger.Options{Log: &memoryLog{}})
	li := &ad.LineItem{ID: 700, Price: 1_500_000, Budget: ad.Budget{Lifetime: 1 << 40, Daily: 1 << 40}, Caps: ad.Caps{Hour: 9, Month: 200, Recency: 1}}
	s := managed(1, 700)
	s.User = user(1)
	mustReserve(t, l, li, s, ad.Undecided)
	mustBill(t, l, s, true)
	p := pendingOf(sale(2))
	mustHold(t, l, p)
	if _, _, _, err := l.Accept(t.Context(), p.SaleKey, noon); err != nil {
		t.Fatal(err)
	}
	now := noon.Add(time.Hour)
	if n := testing.AllocsPerRun(100, func() { l.MayServe(li, s.User, now) }); n != 0 {
		t.Errorf("MayServe: %v allocations", n)
	}
	if n := testing.AllocsPerRun(100, func() { l.Estimate(1001, ad.Size{W: 300, H: 250}) }); n != 0 {
		t.Errorf("Estimate: %v allocations", n)
	}
}

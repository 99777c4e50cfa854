package ledger

import (
	"sync"
	"time"

	"curb/edge/ad"
)

// daysKept is how many days an account tells apart; the earliest without a reservation is forgotten first. Its money stays
// in the lifetime sums.
const daysKept = 40

// accounts are the budgets of line items: what is spent and what is set aside.
type accounts struct {
	mu   sync.RWMutex
	byID map[ad.LineItemID]*account
}

func (a *accounts) init() { a.byID = make(map[ad.LineItemID]*account) }

// find gives an account, nil if nothing was ever reserved or billed.
func (a *accounts) find(id ad.LineItemID) *account {
	a.mu.RLock()
	defer a.mu.RUnlock()
	return a.byID[id]
}

// open finds or makes an account.
func (a *accounts) open(id ad.LineItemID) *account {
	if found := a.find(id); found != nil {
		return found
	}
	a.mu.Lock()
	defer a.mu.Unlock()
	found := a.byID[id]
	if found == nil {
		found = &account{line: id}
		a.byID[id] = found
	}
	return found
}

// spending is money and impressions, settled and set aside.
type spending struct {
	settled, reserved    ad.Amount
	bills, reservedBills int64
}

// account is what one line item spent.
type account struct {
	line ad.LineItemID
	mu   sync.Mutex
	spending
	days []daySpending // in no order; the one in use is usually last
}

// daySpending is one UTC day of it.
type daySpending struct {
	day int32 // since 1970
	spending
}

// dayOf is the UTC day of a moment.
func dayOf(t time.Time) int32 {
	seconds := t.Unix()
	day := seconds / 86400
	if seconds%86400 < 0 {
		day--
	}
	return int32(max(min(day, 1<<31-1), -1<<31))
}

// room tells whether a sale of the cost fits the budget on that day. A nil account has spent nothing.
func (a *account) room(b *ad.Budget, day int32, cost ad.Amount) bool {
	if *b == (ad.Budget{}) {
		return true
	}
	var all, today spending
	if a != nil {
		a.mu.Lock()
		all = a.spending
		if d := a.findDay(day); d != nil {
			today = d.spending
		}
		a.mu.Unlock()
	}
	return fits(all, b.Lifetime, b.LifetimeImpressions, cost) && fits(today, b.Daily, b.DailyImpressions, cost)
}

func fits(s spending, budget ad.Amount, impressions int64, cost ad.Amount) bool {
	return (budget <= 0 || s.settled+s.reserved+cost <= budget) && (impressions <= 0 || s.bills+s.reservedBills < impressions)
}

// reserve sets the cost of one impression aside if it fits, and nothing otherwise.
func (a *account) reserve(b *ad.Budget, day int32, cost ad.Amount) bool {
	a.mu.Lock()
	defer a.mu.Unlock()
	var today spending
	if d := a.findDay(day); d != nil {
		today = d.spending
	}
	if !fits(a.spending, b.Lifetime, b.LifetimeImpressions, cost) || !fits(today, b.Daily, b.DailyImpressions, cost) {
		return false
	}
	a.setAside(day, cost, 1)
	return true
}

// restoreReservation sets aside what was judged before a restart.
func (a *account) restoreReservation(day int32, cost ad.Amount) {
	a.mu.Lock()
	defer a.mu.Unlock()
	a.setAside(day, cost, 1)
}

// release gives back what reserve set aside.
func (a *account) release(day int32, cost ad.Amount) {
	a.mu.Lock()
	defer a.mu.Unlock()
	a.setAside(day, -cost, -1)
}

// settle books the cost of one impression, out of what was set aside for it or, when a log is replayed, of nothing. It is
// one step, so that nobody else can reserve in between.
func (a *account) settle(day int32, cost ad.Amount, from *reservation) {
	a.mu.Lock()
	defer a.mu.Unlock()
	a.book(day, cost, 1)
	if from.account == a {
		a.setAside(from.day, -from.cost, -1)
	}
}

// unsettle takes a booking back.
func (a *account) unsettle(day int32, cost ad.Amount) {
	a.mu.Lock()
	defer a.mu.Unlock()
	a.book(day, -cost, -1)
}

func (a *account) book(day int32, cost ad.Amount, bills int64) {
	a.settled += cost
	a.bills += bills
	d := a.day(day)
	d.settled += cost
	d.bills += bills
}

func (a *account) setAside(day int32, cost ad.Amount, bills int64) {
	a.reserved += cost
	a.reservedBills += bills
	d := a.day(day)
	d.reserved += cost
	d.reservedBills += bills
}

func (a *account) findDay(day int32) *daySpending {
	for i := len(a.days) - 1; i >= 0; i-- {
		if a.days[i].day == day {
			return &a.days[i]
		}
	}
	return nil
}

// day finds or makes a day, in the place of the earliest one if there are too many.
func (a *account) day(day int32) *daySpending {
	if d := a.findDay(day); d != nil {
		return d
	}
	if len(a.days) >= daysKept {
		a.forgetDay()
	}
	a.days = append(a.days, daySpending{day: day})
	return &a.days[len(a.days)-1]
}

func (a *account) forgetDay() {
	earliest := -1
	for i := range a.days {
		if a.days[i].reservedBills == 0 && (earliest < 0 || a.days[i].day < a.days[earliest].day) {
			earliest = i
		}
	}
	if earliest >= 0 {
		a.days = append(a.days[:earliest], a.days[earliest+1:]...)
	}
}

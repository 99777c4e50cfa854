package ledger

import (
	"time"

	"curb/edge/ad"
)

// reservation is what is set aside for one sale; a nil account: nothing is.
type reservation struct {
	account *account
	cost    ad.Amount
	day     int32
	capped  bool       // an impression of the user is set aside, too
	user    ad.UserKey // capped only
	clock   uint32     // the ledger's clock when it was made
}

// MayServe tells why a line item cannot serve a user any more, or Undecided if it can. What is set aside counts as spent. A
// line item priced per thousand impressions needs its price left in the budget. It allocates nothing.
func (l *Ledger) MayServe(li *ad.LineItem, user ad.UserKey, now time.Time) ad.Reason {
	cost := ad.Amount(1)
	if li.Goal == (ad.Goal{}) {
		cost = max(cost, li.Price.Cost())
	}
	if !l.accounts.find(li.ID).room(&li.Budget, dayOf(now), cost) {
		return ad.BudgetExhausted
	}
	if user == (ad.UserKey{}) {
		return unknownUser(li)
	}
	if !li.Caps.Any() {
		return ad.Undecided
	}
	return l.counters.judge(subject{user, li.ID}, &li.Caps, now)
}

// unknownUser judges users whose impressions cannot be counted.
func unknownUser(li *ad.LineItem) ad.Reason {
	if li.Caps.RequireUser {
		return ad.FrequencyCapped
	}
	return ad.Undecided
}

// Reserve sets what the sale costs and one impression aside, in the budget and for the caps, or nothing at all: Undecided
// means that it did. A second call for the same key replaces the first. What neither becomes a bill nor a pending within two
// minutes is given back.
func (l *Ledger) Reserve(li *ad.LineItem, sale *ad.Sale) ad.Reason {
	if reasonNot(sale) != "" {
		return ad.InternalError
	}
	s := l.lock(sale.SaleKey)
	defer l.unlock(s)
	if _, settled := s.marks[sale.SaleKey]; settled {
		return ad.BudgetExhausted
	}
	c := s.claim(sale.SaleKey)
	defer s.drop(sale.SaleKey, c)
	if c.flying || c.record != nil || c.holds() || c.closing != open {
		return ad.BudgetExhausted
	}
	l.giveBack(c)
	if sale.User == (ad.UserKey{}) {
		if reason := unknownUser(li); reason != ad.Undecided {
			return reason
		}
	}
	r := reservation{account: l.accounts.open(li.ID), cost: sale.BuyerPays.Cost(), day: dayOf(sale.At), clock: l.clock.Load()}
	if !r.account.reserve(&li.Budget, r.day, r.cost) {
		return ad.BudgetExhausted
	}
	if li.Caps.Any() && sale.User != (ad.UserKey{}) {
		if reason := l.counters.reserve(subject{sale.User, li.ID}, &li.Caps, sale.At); reason != ad.Undecided {
			r.account.release(r.day, r.cost)
			return reason
		}
		r.capped, r.user = true, sale.User
	}
	c.reservation = r
	return ad.Undecided
}

// Release gives back what was set aside for a sale that is not sold after all. It does nothing for one that was billed or
// passed on, and nothing the second time. What may be in the log already stays set aside until it is withdrawn there.
func (l *Ledger) Release(sale *ad.Sale) {
	s := l.lock(sale.SaleKey)
	defer l.unlock(s)
	c := s.claims[sale.SaleKey]
	if c == nil || c.flying || c.holds() || c.closing != open {
		return
	}
	if c.record != nil {
		l.close(s, sale.SaleKey, c, withdrawn)
		return
	}
	l.giveBack(c)
	s.drop(sale.SaleKey, c)
}

// giveBack releases a claim's reservation, if there is one.
func (l *Ledger) giveBack(c *claim) {
	r := &c.reservation
	if r.account == nil {
		return
	}
	r.account.release(r.day, r.cost)
	if r.capped {
		l.counters.release(subject{r.user, r.account.line})
	}
	*r = reservation{}
}

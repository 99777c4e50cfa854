package adcall

import (
	"context"
	"errors"
	"slices"
	"strings"
	"time"

	"curb/edge/ad"
	"curb/edge/auction"
	"curb/edge/catalog"
	"curb/edge/openrtb"
)

// till is a Ledger that behaves, for one goroutine: impressions per line item are its budgets.
type till struct {
	room     map[ad.LineItemID]int
	reserved map[ad.SaleKey]ad.LineItemID
	bills    map[ad.SaleKey]ad.Bill
	pendings map[ad.SaleKey]ad.Pending
	learnt   ad.EstimatedClear
	fails    bool
	// expired is told of sales that came to nothing.
	expired func(*ad.Pending, ad.Reason)
	// raced lets MayServe see room that Reserve finds taken, as when another call was quicker.
	raced map[ad.LineItemID]bool
}

var errDisk = errors.New("the disk is full")

func newTill() *till {
	return &till{room: map[ad.LineItemID]int{}, reserved: map[ad.SaleKey]ad.LineItemID{}, bills: map[ad.SaleKey]ad.Bill{}, pendings: map[ad.SaleKey]ad.Pending{},
		raced: map[ad.LineItemID]bool{}}
}

func (l *till) MayServe(li *ad.LineItem, user ad.UserKey, _ time.Time) ad.Reason {
	if room, bounded := l.room[li.ID]; bounded && room == 0 && !l.raced[li.ID] {
		return ad.BudgetExhausted
	}
	if li.Caps.RequireUser && user == (ad.UserKey{}) {
		return ad.FrequencyCapped
	}
	return ad.Undecided
}

func (l *till) Reserve(li *ad.LineItem, sale *ad.Sale) ad.Reason {
	room, bounded := l.room[li.ID]
	if bounded && room == 0 {
		return ad.BudgetExhausted
	}
	if bounded {
		l.room[li.ID]--
	}
	l.reserved[sale.SaleKey] = li.ID
	return ad.Undecided
}

func (l *till) Release(sale *ad.Sale) {
	if li, held := l.reserved[sale.SaleKey]; held {
		if _, bounded := l.room[li]; bounded {
			l.room[li]++
		}
		delete(l.reserved, sale.SaleKey)
	}
}

func (l *till) Bill(_ context.Context, sale *ad.Sale, now time.Time) (bool, error) {
	if l.fails {
		return false, errDisk
	}
	if _, known := l.bills[sale.SaleKey]; known {
		return false, nil
	}
	l.bills[sale.SaleKey] = ad.Bill{Sale: *sale, Billed: now}
	delete(l.reserved, sale.SaleKey)
	return true, nil
}

func (l *till) Hold(_ context.Context, p *ad.Pending) error {
	if l.fails {
		return errDisk
	}
	l.pendings[p.SaleKey] = *p
	return nil
}

func (l *till) Pending(key ad.SaleKey, now time.Time) (ad.Pending, ad.PendingState) {
	p, known := l.pendings[key]
	switch {
	case !known:
		return p, ad.PendingUnknown
	case now.After(p.Expires):
		return p, ad.PendingExpired
	case l.bills[key].SaleKey == key:
		return p, ad.PendingBilled
	}
	return p, ad.PendingOpen
}

func (l *till) Accept(ctx context.Context, key ad.SaleKey, now time.Time) (ad.Pending, bool, ad.PendingState, error) {
	p, state := l.Pending(key, now)
	if state != ad.PendingOpen {
		return p, false, state, nil
	}
	first, err := l.Bill(ctx, &p.Sale, now)
	return p, first, ad.PendingBilled, err
}

func (l *till) Refuse(_ context.Context, key ad.SaleKey, why ad.Reason, _ time.Time) error {
	if p, held := l.pendings[key]; held && l.bills[key].SaleKey != key {
		delete(l.pendings, key)
		l.expired(&p, why)
	}
	return nil
}

func (l *till) Estimate(ad.PlacementID, ad.Size) (ad.EstimatedClear, bool) {
	return l.learnt, l.learnt.Clear > 0
}

// ear is a Notifier that remembers.
type ear struct{ heard []ad.Notice }

func (e *ear) Notify(n *ad.Notice) {
	kept := *n
	kept.Full = slices.Clone(n.Full)
	e.heard = append(e.heard, kept)
}

// of lists what a bidder heard, as KIND/reason.
func (e *ear) of(b ad.BidderID) (all []string) {
	for i := range e.heard {
		if n := &e.heard[i]; n.Bidder == b {
			text := n.Kind.String()
			if n.Kind == ad.NoticeLost || n.Kind == ad.NoticeError {
				text += "/" + n.Reason.String()
			}
			if n.PostPending {
				text += "/post_pending"
			}
			all = append(all, text)
		}
	}
	return all
}

// shop is a fixture with money and ears.
type shop struct {
	*fixture
	till *till
	ear  *ear
}

func newShop(f *fixture) *shop {
	s := &shop{f, newTill(), &ear{}}
	s.service = New(Options{Asker: f.market, Ledger: s.till, Notifier: s.ear, Salt: auction.Salt{1}, Seller: "curb.example"})
	s.till.expired = func(p *ad.Pending, why ad.Reason) { s.service.Expired(s.snap, p, why) }
	return s
}

// weather is a Providers that behaves: it says the same of every page.
type weather struct {
	asked    int
	personal bool
	deadline time.Time
}

func (w *weather) Ask(_ context.Context, snap *catalog.Snapshot, in ad.Inquiry, dst []ad.Provided) []ad.Provided {
	w.asked, w.personal, w.deadline = w.asked+1, in.Personal, in.Deadline
	for _, p := range snap.DataProviders() {
		dst = append(dst, ad.Provided{Provider: p, Segments: []ad.Segment{{Code: "rain", Value: 3}}})
	}
	return dst
}

// ownersMarket lets the owner's bidder answer its phase in its own way, and the rest as market does.
type ownersMarket struct {
	*market
	first func(out *openrtb.Outgoing, answers *ad.Answers)
}

func (m *ownersMarket) Ask(ctx context.Context, snap *catalog.Snapshot, out *openrtb.Outgoing, answers *ad.Answers) {
	if strings.Contains(string(out.Request.Ext), "owner_phase") {
		m.first(out, answers)
		return
	}
	m.market.Ask(ctx, snap, out, answers)
}

package ledger

import (
	"cmp"
	"maps"
	"slices"
	"strconv"
	"strings"
	"sync"
	"time"

	"curb/edge/ad"
)

// daysTold is how many days the totals tell apart; earlier ones are one row together.
const daysTold = 1100

// Sum is a sum of prices per thousand impressions in one currency. Unlike an ad.CPM it has room for every bill there will
// ever be in the smallest of currencies.
type Sum struct {
	Units  int64 // whole units of the currency per mille
	Micros int64 // and millionths, 0 to 999,999
}

// plus adds n times a price; n is 1 or -1.
func (s Sum) plus(c ad.CPM, n int64) Sum {
	s.Units += n * int64(c/ad.Dollar)
	s.Micros += n * int64(c%ad.Dollar)
	switch {
	case s.Micros >= int64(ad.Dollar):
		s.Units, s.Micros = s.Units+1, s.Micros-int64(ad.Dollar)
	case s.Micros < 0:
		s.Units, s.Micros = s.Units-1, s.Micros+int64(ad.Dollar)
	}
	return s
}

// Append writes the sum as the shortest decimal text.
func (s Sum) Append(dst []byte) []byte {
	dst = strconv.AppendInt(dst, s.Units, 10)
	if s.Micros == 0 {
		return dst
	}
	whole := len(dst) - 1
	last := dst[whole]
	dst = ad.CPM(s.Micros).Append(dst[:whole]) // 0.5: its zero stands where the last whole digit was
	dst[whole] = last
	return dst
}

// String is Append as a string.
func (s Sum) String() string { return string(s.Append(nil)) }

// Money is how much was sold.
type Money struct {
	Count     int64
	Net       ad.Amount // what sellers get
	BuyerPays ad.Amount // what buyers owe
}

func (m *Money) add(b *ad.Bill, n int64) {
	m.Count += n
	m.Net += ad.Amount(n) * b.Net.Cost()
	m.BuyerPays += ad.Amount(n) * b.BuyerPays.Cost()
}

// Paid is what a bidder pays in one currency, as prices per thousand impressions added up.
type Paid struct {
	Currency ad.Currency
	Sum      Sum
}

// BidderTotal is one bidder's part; Bidder 0 is managed demand.
type BidderTotal struct {
	Bidder ad.BidderID
	Money
	Paid []Paid // by currency, in alphabetical order
}

// PublisherTotal is one publisher's part.
type PublisherTotal struct {
	Publisher ad.PublisherID
	Money
}

// LineItemTotal is one line item's part.
type LineItemTotal struct {
	LineItem ad.LineItemID
	Money
}

// DayTotal is one UTC day's part, by the time of the ad calls. A zero Day is everything before the days that are told apart.
type DayTotal struct {
	Day time.Time
	Money
}

// Totals is everything that was ever billed. Each list adds up to Money, but the line items', which are the managed part of
// it. Lists are in order of their ids, days in order of time.
type Totals struct {
	Money
	Bidders    []BidderTotal
	Publishers []PublisherTotal
	LineItems  []LineItemTotal
	Days       []DayTotal
}

// paidKey is a bidder and a currency.
type paidKey struct {
	bidder   ad.BidderID
	currency ad.Currency
}

// earlier is the day of the row of days that are not told apart any more.
const earlier = -1 << 31

// totals are the sums as bills move them.
type totals struct {
	mu         sync.Mutex
	all        Money
	bidders    map[ad.BidderID]*Money
	paid       map[paidKey]Sum
	publishers map[ad.PublisherID]*Money
	lines      map[ad.LineItemID]*Money
	days       map[int32]*Money
}

func (t *totals) init() {
	t.bidders = make(map[ad.BidderID]*Money)
	t.paid = make(map[paidKey]Sum)
	t.publishers = make(map[ad.PublisherID]*Money)
	t.lines = make(map[ad.LineItemID]*Money)
	t.days = make(map[int32]*Money)
}

// add moves every sum by a bill; n is 1, or -1 for one that is void.
func (t *totals) add(b *ad.Bill, n int64) {
	t.mu.Lock()
	defer t.mu.Unlock()
	t.all.add(b, n)
	row(t.bidders, b.Bidder).add(b, n)
	row(t.publishers, b.Publisher).add(b, n)
	if b.LineItem != 0 {
		row(t.lines, b.LineItem).add(b, n)
	}
	currency := b.Currency
	if currency.IsUSD() {
		currency = ad.USD
	}
	k := paidKey{b.Bidder, currency}
	t.paid[k] = t.paid[k].plus(b.Paid, n)
	row(t.days, dayOf(b.At)).add(b, n)
	t.fold()
}

func row[K comparable](m map[K]*Money, k K) *Money {
	found := m[k]
	if found == nil {
		found = new(Money)
		m[k] = found
	}
	return found
}

// fold adds the first days to the row of earlier ones while there are too many.
func (t *totals) fold() {
	for len(t.days) > daysTold {
		first := t.firstDay()
		m, into := t.days[first], row(t.days, earlier)
		into.Count += m.Count
		into.Net += m.Net
		into.BuyerPays += m.BuyerPays
		delete(t.days, first)
	}
}

func (t *totals) firstDay() int32 {
	first := int32(1<<31 - 1)
	for day := range t.days {
		if day != earlier {
			first = min(first, day)
		}
	}
	return first
}

// Totals adds up to the nano-dollar: every row is the sum of bills.
func (l *Ledger) Totals() Totals {
	t := &l.totals
	t.mu.Lock()
	defer t.mu.Unlock()
	out := Totals{Money: t.all}
	for _, id := range slices.Sorted(maps.Keys(t.bidders)) {
		out.Bidders = append(out.Bidders, BidderTotal{Bidder: id, Money: *t.bidders[id]})
	}
	for k, sum := range t.paid {
		i, _ := slices.BinarySearchFunc(out.Bidders, k.bidder, func(b BidderTotal, id ad.BidderID) int { return cmp.Compare(b.Bidder, id) })
		out.Bidders[i].Paid = append(out.Bidders[i].Paid, Paid{k.currency, sum})
	}
	for i := range out.Bidders {
		slices.SortFunc(out.Bidders[i].Paid, func(a, b Paid) int { return strings.Compare(a.Currency.String(), b.Currency.String()) })
	}
	for _, id := range slices.Sorted(maps.Keys(t.publishers)) {
		out.Publishers = append(out.Publishers, PublisherTotal{id, *t.publishers[id]})
	}
	for _, id := range slices.Sorted(maps.Keys(t.lines)) {
		out.LineItems = append(out.LineItems, LineItemTotal{id, *t.lines[id]})
	}
	for _, day := range slices.Sorted(maps.Keys(t.days)) {
		d := DayTotal{Money: *t.days[day]}
		if day != earlier {
			d.Day = time.Unix(int64(day)*86400, 0).UTC()
		}
		out.Days = append(out.Days, d)
	}
	return out
}

package ledger_test

import (
	"context"
	"fmt"
	"maps"
	"math/rand/v2"
	"slices"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"curb/edge/ad"
	"curb/edge/ledger"
)

// stage is where the slow model sees a sale.
type stage uint8

const (
	fresh    stage = iota // nothing happened, or it was released
	reserved              // set aside
	doubtful              // a bill failed; it may be presented again
	passedOn              // held
	accepted              // held, and its bill failed once
	ending                // given up or over; still set aside
	booked
	gone
)

// track is what the model knows of one key.
type track struct {
	pending ad.Pending
	stage   stage
	since   time.Duration // of the ledger's clock: reserved or doubtful
	until   time.Duration // of the ledger's clock: passedOn or accepted
	settled time.Duration // m.ran when it was booked
	told    bool          // a caller was told that it is billed
	tried   bool          // a bill was handed to the log
	withheld
}

type withheld struct{ amount ad.Amount }

// model runs one random history against a ledger.
type model struct {
	t        *testing.T
	rng      *rand.Rand
	l        *ledger.Ledger
	log      *memoryLog
	now      time.Time
	clock    time.Duration
	last     time.Time
	ran      time.Duration // what the clocks of all ledgers moved together
	taken    time.Duration // the clock of the snapshot
	began    time.Duration // the clock that the ledger was restored with
	lines    []*ad.LineItem
	tracks   map[ad.SaleKey]*track
	order    []ad.SaleKey
	bills    []ad.Bill // in the order in which they were booked
	tainted  map[string]bool
	expired  map[ad.SaleKey]int
	snapshot []byte
	history  []string // for messages
	behind   int      // entries that the snapshot holds for sure
	from     int      // where the log is replayed from with it: anywhere before that
}

func newModel(t *testing.T, seed uint64) *model {
	m := &model{t: t, rng: rand.New(rand.NewPCG(seed, 1)), now: noon, tracks: map[ad.SaleKey]*track{},
		tainted: map[string]bool{}, expired: map[ad.SaleKey]int{}}
	m.lines = []*ad.LineItem{
		{ID: 1, Budget: ad.Budget{Lifetime: 20_000_000, Daily: 7_000_000}},
		{ID: 2, Budget: ad.Budget{LifetimeImpressions: 12, DailyImpressions: 3}, Caps: ad.Caps{Hour: 1, Week: 3, RequireUser: true}},
		{ID: 3, Caps: ad.Caps{Day: 2, Month: 4, Lifetime: 6, Recency: 30}},
		{ID: 4, Budget: ad.Budget{Daily: 5_000_000}},
	}
	m.start(nil, nil)
	return m
}

func (m *model) start(snapshot []byte, entries []entry) {
	m.l, m.log = replay(m.t, ledger.Options{Expired: func(p *ad.Pending, _ ad.Reason) { m.expired[p.SaleKey]++ }}, snapshot, entries)
	m.last, m.clock = time.Time{}, m.l.Clock()
}

func TestAgainstModel(t *testing.T) {
	runs := 150
	if testing.Short() {
		runs = 30
	}
	for seed := range runs {
		if !t.Run(fmt.Sprint(seed), func(t *testing.T) {
			m := newModel(t, uint64(seed))
			for range 250 {
				m.step()
				m.check()
			}
		}) {
			return
		}
	}
}

func (m *model) step() {
	m.log.setFail(nil)
	if m.rng.IntN(6) == 0 {
		f := fate(1 + m.rng.IntN(2))
		m.log.setFail(always(f))
	}
	switch n := m.rng.IntN(100); {
	case n < 30:
		m.reserve()
	case n < 40:
		m.bill(m.pick(func(*track) bool { return true }))
	case n < 50:
		m.bill(m.pick(func(k *track) bool { return k.stage == reserved || k.stage == doubtful }))
	case n < 62:
		m.hold(m.pick(func(k *track) bool { return k.stage == reserved }))
	case n < 72:
		m.accept(m.pick(func(k *track) bool { return k.stage == passedOn || k.stage == accepted || k.stage == booked }))
	case n < 76:
		m.release(m.pick(func(k *track) bool { return k.stage != gone }))
	case n < 90:
		m.pass()
	case n < 94:
		m.behind = max(0, len(m.log.entries)-m.rng.IntN(4))
		m.from = m.rng.IntN(m.behind + 1)
		m.snapshot, m.taken = m.l.AppendSnapshot(nil), m.l.Clock()
		m.history = append(m.history, fmt.Sprintf("snapshot: %d of %d records", m.behind, len(m.log.entries)))
	default:
		m.crash()
	}
}

func (m *model) pick(want func(*track) bool) *track {
	for range 20 {
		if len(m.order) == 0 {
			return nil
		}
		if k := m.tracks[m.order[m.rng.IntN(len(m.order))]]; want(k) {
			return k
		}
	}
	return nil
}

func subjectOf(s *ad.Sale) string { return fmt.Sprint(s.User, s.LineItem) }

func (m *model) reserve() {
	li := m.lines[m.rng.IntN(len(m.lines))]
	s := managed(len(m.order)+1, li.ID)
	s.At = m.now
	s.BuyerPays = ad.CPM(m.rng.Int64N(3_000_000))
	s.Net = s.BuyerPays - s.BuyerPays/10
	s.Paid, s.Publisher = s.BuyerPays, ad.PublisherID(1+m.rng.IntN(3))
	s.Currency = []ad.Currency{{}, ad.USD, {'E', 'U', 'R'}}[m.rng.IntN(3)]
	if u := byte(m.rng.IntN(4)); u > 0 {
		s.User = user(u)
	}
	k := &track{pending: *pendingOf(s)}
	m.tracks[s.SaleKey] = k
	m.order = append(m.order, s.SaleKey)
	want := m.judge(li, s)
	got := m.l.Reserve(li, s)
	if got != want && !m.tainted[subjectOf(s)] {
		m.t.Fatalf("reserve: %v, the model says %v", got, want)
	}
	if got == ad.Undecided {
		k.stage, k.since, k.amount = reserved, m.clock, s.BuyerPays.Cost()
	}
}

// judge is the slow way to decide about a reservation.
func (m *model) judge(li *ad.LineItem, s *ad.Sale) ad.Reason {
	if s.User == (ad.UserKey{}) && li.Caps.RequireUser {
		return ad.FrequencyCapped
	}
	settled, aside := m.spent(li.ID, func(time.Time) bool { return true })
	today, asideToday := m.spent(li.ID, func(at time.Time) bool { return at.Format(time.DateOnly) == s.At.Format(time.DateOnly) })
	b, cost := &li.Budget, s.BuyerPays.Cost()
	if b.Lifetime > 0 && settled.BuyerPays+aside.BuyerPays+cost > b.Lifetime || b.Daily > 0 && today.BuyerPays+asideToday.BuyerPays+cost > b.Daily ||
		b.LifetimeImpressions > 0 && settled.Count+aside.Count >= b.LifetimeImpressions ||
		b.DailyImpressions > 0 && today.Count+asideToday.Count >= b.DailyImpressions {
		return ad.BudgetExhausted
	}
	if s.User == (ad.UserKey{}) {
		return ad.Undecided
	}
	return m.capped(li, s)
}

func (k *track) aside() bool {
	return k.pending.LineItem != 0 && (k.stage == reserved || k.stage == doubtful || k.stage == passedOn || k.stage == accepted || k.stage == ending)
}

func (m *model) spent(id ad.LineItemID, when func(time.Time) bool) (settled, aside ledger.Money) {
	for i := range m.bills {
		if b := &m.bills[i]; b.LineItem == id && when(b.At) {
			settled.Count++
			settled.BuyerPays += b.BuyerPays.Cost()
		}
	}
	for _, key := range m.order {
		if k := m.tracks[key]; k.aside() && k.pending.LineItem == id && when(k.pending.At) {
			aside.Count++
			aside.BuyerPays += k.amount
		}
	}
	return settled, aside
}

// window is the start of the period a moment lies in.
func window(period int, t time.Time) time.Time {
	t = t.UTC()
	year, month, day := t.Date()
	switch period {
	case 0:
		return time.Date(year, month, day, t.Hour(), 0, 0, 0, time.UTC)
	case 1:
		return time.Date(year, month, day, 0, 0, 0, 0, time.UTC)
	case 2:
		return time.Date(year, month, day-int(t.Weekday()), 0, 0, 0, 0, time.UTC)
	case 3:
		return time.Date(year, month, 1, 0, 0, 0, 0, time.UTC)
	}
	return time.Time{}
}

// capped is the slow way to decide about caps: the time of a user and a line item never goes back.
func (m *model) capped(li *ad.LineItem, s *ad.Sale) ad.Reason {
	standing := 0
	for _, k := range m.tracks {
		if k.aside() && k.pending.LineItem == li.ID && k.pending.User == s.User {
			standing++
		}
	}
	var seen []time.Time
	now := s.At.Truncate(time.Second)
	for i := range m.bills {
		if b := &m.bills[i]; b.LineItem == li.ID && b.User == s.User {
			at := b.Billed.Truncate(time.Second)
			if n := len(seen); n > 0 && at.Before(seen[n-1]) {
				at = seen[n-1]
			}
			seen = append(seen, at)
			if now.Before(at) {
				now = at
			}
		}
	}
	for p, most := range []uint8{li.Caps.Hour, li.Caps.Day, li.Caps.Week, li.Caps.Month, li.Caps.Lifetime} {
		count := standing
		for _, at := range seen {
			if window(p, at).Equal(window(p, now)) {
				count++
			}
		}
		if most > 0 && count >= int(most) {
			return ad.FrequencyCapped
		}
	}
	recency := time.Duration(li.Caps.Recency) * time.Minute
	if recency > 0 && (standing > 0 || len(seen) > 0 && now.Sub(seen[len(seen)-1]) < recency) {
		return ad.RecencyCapped
	}
	return ad.Undecided
}

// booked takes a bill over. A bill that was tried before says when that was.
func (m *model) booked(k *track, post bool) {
	k.stage, k.told, k.settled = booked, true, m.ran
	newest := m.l.Recent(1)[0]
	want := ad.Bill{Sale: k.pending.Sale, Billed: m.now, PostPending: post}
	if k.tried {
		want.Billed = newest.Billed
	}
	if d := cmp.Diff(want, newest); d != "" {
		m.t.Fatal(d)
	}
	m.bills = append(m.bills, newest)
}

func (m *model) bill(k *track) {
	if k == nil || k.stage == passedOn || k.stage == accepted || k.stage == booked && m.forgets(k) {
		return
	}
	first, err := m.l.Bill(context.Background(), &k.pending.Sale, m.now)
	switch {
	case k.stage == booked:
		if first || err != nil {
			m.t.Fatalf("a second bill: %v, %v", first, err)
		}
	case k.stage != reserved && k.stage != doubtful:
		if first || err == nil {
			m.t.Fatalf("a bill in stage %d: %v", k.stage, first)
		}
	case err == nil:
		if !first {
			m.t.Fatal("nobody is first")
		}
		m.booked(k, false)
	default:
		k.stage, k.since, k.tried = doubtful, m.clock, true
	}
}

func (m *model) hold(k *track) {
	if k == nil {
		return
	}
	k.pending.Expires = m.now.Add(ad.AcceptWindowBanner)
	k.until = m.until(k)
	if err := m.l.Hold(context.Background(), &k.pending); err != nil {
		k.stage = ending
		return
	}
	k.stage = passedOn
}

// forgets tells whether the ledger may have forgotten a key; nobody presents it that late.
func (m *model) forgets(k *track) bool { return m.ran-k.settled > 9*time.Minute }

// window is how long a pending may be accepted.
func (k *track) window() time.Duration {
	open := min(max(k.pending.Expires.Sub(k.pending.At), 0), ad.AcceptWindowLong) + ad.ClockSkewMax
	return (open + time.Second - 1).Truncate(time.Second)
}

// until is the last second of the ledger's clock at which a pending that is passed on now may be accepted.
func (m *model) until(k *track) time.Duration {
	return m.clock.Truncate(time.Second) + k.window()
}

// over is what both clocks say, or the ledger's alone when it is twice the time.
func (m *model) over(k *track) bool {
	clock, window := m.clock.Truncate(time.Second), k.window()
	return clock > k.until && m.now.Unix() > k.pending.Expires.Add(ad.ClockSkewMax).Unix() || clock > k.until+window
}

func (m *model) accept(k *track) {
	if k == nil {
		return
	}
	p, first, state, err := m.l.Accept(context.Background(), k.pending.SaleKey, m.now)
	switch {
	case k.stage == booked:
		if first || err != nil || state != ledger.PendingBilled && state != ledger.PendingExpired && !(state == ledger.PendingUnknown && m.forgets(k)) {
			m.t.Fatalf("accepted again: %v, %v, %v", first, state, err)
		}
	case m.over(k):
		if first || state != ledger.PendingExpired || err != nil {
			m.t.Fatalf("accepted late: %v, %v, %v", first, state, err)
		}
	case err != nil:
		k.stage, k.tried = accepted, true
	default:
		if !first || state != ledger.PendingBilled {
			m.t.Fatalf("accepted: %v, %v", first, state)
		}
		if d := cmp.Diff(k.pending, p); d != "" {
			m.t.Fatal(d)
		}
		m.booked(k, true)
	}
}

func (m *model) release(k *track) {
	if k == nil {
		return
	}
	m.l.Release(&k.pending.Sale)
	switch k.stage {
	case reserved:
		k.stage = fresh
	case doubtful:
		k.stage = ending
	}
}

// pass lets time go by, forwards or backwards, and has what is over closed.
func (m *model) pass() {
	switch m.rng.IntN(6) {
	case 0:
		m.now = m.now.Add(time.Duration(m.rng.Int64N(int64(100*time.Hour))) - 50*time.Hour)
	case 1:
		m.now = m.now.Add(time.Duration(m.rng.Int64N(int64(2 * time.Hour))))
	case 2:
		if m.rng.IntN(4) == 0 { // long enough for keys to be forgotten in all shards
			for range 80 {
				m.now = m.now.Add(20 * time.Second)
				m.expire()
			}
		}
	default:
		m.now = m.now.Add(time.Duration(m.rng.Int64N(int64(10 * time.Second))))
	}
	if m.rng.IntN(3) > 0 {
		m.expire()
	}
}

// expire has what is over closed.
func (m *model) expire() {
	for _, key := range m.order { // what lies idle for two minutes is given back by the ledger; be faster
		if k := m.tracks[key]; k.stage == reserved && m.clock-k.since > 50*time.Second {
			m.release(k)
		}
	}
	if !m.last.IsZero() {
		step := max(0, min(m.now.Sub(m.last), time.Minute))
		m.clock += step
		m.ran += step
	}
	m.last = m.now
	failed := m.log.fail != nil
	m.l.Expire(m.now)
	for _, key := range m.order {
		k := m.tracks[key]
		late := (k.stage == passedOn || k.stage == accepted) && m.over(k)
		if late || k.stage == doubtful && m.clock.Truncate(time.Second)-k.since.Truncate(time.Second) >= 5*time.Second {
			k.stage = ending
		}
		if k.stage == ending && !failed {
			k.stage = gone
		}
	}
}

// crash ends the process at any point behind the last record that somebody knows of, and begins the next one.
func (m *model) crash() {
	entries := m.log.all()
	keep := m.log.acked + m.rng.IntN(len(entries)-m.log.acked+1)
	from := 0
	snapshot := m.snapshot
	if m.rng.IntN(3) == 0 || m.behind > keep {
		snapshot = nil
	}
	if snapshot != nil {
		from = m.from
	}
	m.history = append(m.history, fmt.Sprintf("crash: %d of %d records, from %d, snapshot %v", keep, len(entries), from, snapshot != nil))
	m.began = 0
	if snapshot != nil {
		m.began = m.taken
	}
	m.start(snapshot, entries[from:keep])
	m.log.entries = append([]entry(nil), entries[:keep]...)
	m.log.acked = keep
	if snapshot == nil {
		m.snapshot, m.behind = nil, 0
	}
	m.adopt()
}

// adopt checks what the next process knows, and takes it over where nobody could know.
func (m *model) adopt() {
	before := m.bills
	m.bills = nil
	known, told := map[ad.SaleKey]bool{}, map[ad.SaleKey]ad.Bill{}
	for _, b := range before {
		told[b.SaleKey] = b
	}
	m.l.Billed(time.Time{}, func(b *ad.Bill) bool {
		k := m.tracks[b.SaleKey]
		if known[b.SaleKey] {
			m.t.Fatal("billed twice over a restart")
		}
		if !k.told && !k.tried || k.stage == gone {
			m.t.Fatalf("a bill that nobody made, in stage %d", k.stage)
		}
		if was, ok := told[b.SaleKey]; ok && was != *b {
			m.t.Fatal("a bill says something else over a restart", cmp.Diff(was, *b))
		}
		known[b.SaleKey] = true
		m.bills = append(m.bills, *b)
		k.stage, k.told = booked, true
		return true
	})
	for i := range before {
		if !known[before[i].SaleKey] {
			m.t.Fatalf("a bill was lost: %s", m.story(before[i].SaleKey))
		}
	}
	for key, k := range m.tracks {
		if known[key] {
			continue
		}
		if k.tried {
			m.tainted[subjectOf(&k.pending.Sale)] = true
		}
		m.resume(key, k)
	}
}

// resume says where a sale stands that was not billed before a crash.
func (m *model) resume(key ad.SaleKey, k *track) {
	_, state := m.l.Pending(key, k.pending.Expires)
	switch k.stage {
	case reserved:
		k.stage = fresh
	case doubtful:
		if k.stage, k.since = gone, m.began; m.l.InDoubt(key) {
			k.stage = doubtful // a snapshot remembers it
		}
	case passedOn, accepted:
		if late := m.clock > k.until+k.window(); state != ledger.PendingOpen && !late {
			m.t.Fatalf("a pending is %v after a restart", state)
		}
		k.stage = passedOn
	case ending:
		switch {
		case state == ledger.PendingOpen, m.l.Held(key):
			k.stage = passedOn // its end never reached the log
		case m.l.InDoubt(key):
			k.stage, k.since = doubtful, m.began
		case !m.lasts(key):
			k.stage = gone
		}
	}
}

// lasts tells whether something is still set aside for a sale, as what a line item has set aside shows.
func (m *model) lasts(key ad.SaleKey) bool {
	first, err := m.l.Bill(context.Background(), &m.tracks[key].pending.Sale, m.now)
	if first {
		m.t.Fatal("a sale that was given up was billed")
	}
	if m.l.Closing(key) && err == nil {
		m.t.Fatal("a sale that waits for its end counts as billed")
	}
	return m.l.Closing(key)
}

// check compares sums after every step.
func (m *model) check() {
	var want ledger.Totals
	lines := map[ad.LineItemID]ledger.Money{}
	for i := range m.bills {
		b := &m.bills[i]
		want.Count++
		want.Net += ad.Amount(b.Net)
		want.BuyerPays += ad.Amount(b.BuyerPays)
		line := lines[b.LineItem]
		line.Count, line.Net, line.BuyerPays = line.Count+1, line.Net+ad.Amount(b.Net), line.BuyerPays+ad.Amount(b.BuyerPays)
		lines[b.LineItem] = line
	}
	got := m.l.Totals()
	if got.Money != want.Money {
		m.t.Fatalf("totals %+v, the bills say %+v", got.Money, want.Money)
	}
	byLine := map[ad.LineItemID]ledger.Money{}
	for _, line := range got.LineItems {
		if line.Money != (ledger.Money{}) {
			byLine[line.LineItem] = line.Money
		}
	}
	if !maps.Equal(byLine, lines) {
		m.t.Fatalf("line items %v, the bills say %v", byLine, lines)
	}
	for _, li := range m.lines {
		settled, aside := m.spent(li.ID, func(time.Time) bool { return true })
		spent := m.l.Spent(li.ID, m.now)
		if spent.Settled != settled.BuyerPays || spent.Reserved != aside.BuyerPays || spent.Bills != settled.Count || spent.ReservedBills != aside.Count {
			m.t.Fatalf("%s line item %d: %+v, the model says settled %+v, set aside %+v", m.stages(li.ID), li.ID, spent, settled, aside)
		}
		if b := li.Budget.Lifetime; b > 0 && spent.Settled+spent.Reserved > b {
			m.t.Fatalf("line item %d spent %d + %d of %d", li.ID, spent.Settled, spent.Reserved, b)
		}
		if b := li.Budget.Daily; b > 0 && spent.TodaySettled+spent.TodayReserved > b {
			m.t.Fatalf("line item %d spent %d + %d of %d today", li.ID, spent.TodaySettled, spent.TodayReserved, b)
		}
	}
	recent := m.l.Recent(1 << 20)
	slices.Reverse(recent)
	if len(recent) != len(m.bills) {
		m.t.Fatalf("%d bills can be enumerated of %d", len(recent), len(m.bills))
	}
}

// stages is for messages: where the model sees the sales of a line item.
func (m *model) stages(id ad.LineItemID) (text string) {
	for i, key := range m.order {
		if k := m.tracks[key]; k.pending.LineItem == id && k.stage != fresh && k.stage != booked {
			text += fmt.Sprintf("%d: stage %d, %d, closing %v, in doubt %v\n", i, k.stage, k.amount, m.l.Closing(key), m.l.InDoubt(key))
		}
	}
	return text
}

// story is for messages: what the log says of a sale.
func (m *model) story(key ad.SaleKey) (text string) {
	for i, e := range m.log.all() {
		if s := ledger.Story(e.kind, e.record, key); s != "" {
			text += fmt.Sprintf("%d %s, ", i, s)
		}
	}
	return fmt.Sprintf("%sof %d, %q", text, len(m.log.all()), m.history)
}

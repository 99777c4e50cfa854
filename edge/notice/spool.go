package notice

import (
	"cmp"
	"maps"
	"slices"
	"sync"
	"time"

	"curb/edge/ad"
)

const (
	// knownMax is how many won events are remembered after they were taken, so that none is sent twice and no bill is
	// recovered in vain.
	knownMax = 1 << 17
	// storedMax is how many won events, of all bidders, wait for a place in a queue; past it the newest are given up.
	storedMax = 1_000_000
	// recordAcksMax is how many acknowledgements one record holds, acksMax how many wait for a log that does not take them.
	recordAcksMax = 16_384
	acksMax       = 262_144
)

// spool is the memory of won events: those that have not arrived everywhere, and which ones there were. What it holds
// is what the log says, a moment earlier.
type spool struct {
	settled chan struct{} // one token: there are acknowledgements

	mu     sync.Mutex // guards all below; no line is locked under it
	known  map[uint64]struct{}
	ring   []seen // the known, oldest at oldest
	oldest int
	// horizon is when the newest event was taken that has been forgotten again: bills of before are settled.
	horizon int64
	open    map[EventID]*event // in queues, or on the way there
	stores  map[ad.BidderID]*store
	stored  int // in all stores
	room    int // for them: storedMax
	packer  *packer
	early   map[EventID]way // settled while their events were still in a restored store
	acks    []byte

	spooled, unspooled uint64
}

// seen is a known event.
type seen struct {
	key   uint64
	taken int64 // Unix seconds
}

func newSpool() *spool {
	return &spool{
		settled: make(chan struct{}, 1), known: map[uint64]struct{}{}, open: map[EventID]*event{},
		stores: map[ad.BidderID]*store{}, packer: newPacker(), room: storedMax, early: map[EventID]way{},
	}
}

// key is enough of an id to tell events apart: two among the known share one once in 10^9 years of full load.
func (id EventID) key() uint64 {
	var k uint64
	for _, b := range id[:8] {
		k = k<<8 | uint64(b)
	}
	return k
}

// admit makes events known and gives those that were not, with the record to be logged. They count as held from here on,
// before the log has them: a snapshot taken in between must not miss them.
func (s *spool) admit(events []*event, record []byte) (news []*event, _ []byte) {
	news = events[:0]
	record = append(record, recordVersion)
	for _, e := range events {
		e.id = eventID(ad.NoticeWon, &e.Notice)
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	for _, e := range events {
		if !s.learn(e.id, e.taken.Unix()) {
			continue
		}
		s.open[e.id] = e
		record = appendEvent(record, e)
		news = append(news, e)
	}
	return news, record
}

// learn makes an event known; false: it was.
func (s *spool) learn(id EventID, taken int64) bool {
	key := id.key()
	if _, ok := s.known[key]; ok {
		return false
	}
	s.known[key] = struct{}{}
	if len(s.ring) < knownMax {
		s.ring = append(s.ring, seen{key, taken})
		return true
	}
	out := &s.ring[s.oldest]
	delete(s.known, out.key)
	s.horizon = max(s.horizon, out.taken)
	*out = seen{key, taken}
	s.oldest = (s.oldest + 1) % knownMax
	return true
}

// knows reports whether an event has been taken, as far as that is remembered.
func (s *spool) knows(id EventID) bool {
	s.mu.Lock()
	defer s.mu.Unlock()
	_, ok := s.known[id.key()]
	return ok
}

// recorded reports whether a bill's event needs no recovery: it is known, or so old that it has been forgotten again.
func (s *spool) recorded(id EventID, billed time.Time) bool {
	s.mu.Lock()
	defer s.mu.Unlock()
	_, ok := s.known[id.key()]
	return ok || billed.Unix() < s.horizon
}

func (s *spool) written(count int, err error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if err != nil {
		s.unspooled += uint64(count)
		return
	}
	s.spooled += uint64(count)
}

func (s *spool) store(bidder ad.BidderID) *store {
	st := s.stores[bidder]
	if st == nil {
		st = &store{}
		s.stores[bidder] = st
	}
	return st
}

// where is the place of a won event.
type where uint8

const (
	hot     where = iota // in its bidder's queues
	spooled              // in the store, behind those that wait there
	nowhere              // given up: the stores are full
)

// place finds one for an open event.
func (s *spool) place(e *event) where {
	s.mu.Lock()
	defer s.mu.Unlock()
	st := s.store(e.Bidder)
	switch {
	case st.hot < hotMax && st.count == 0:
		st.hot++
		return hot
	case s.keep(st, e):
		return spooled
	}
	return nowhere
}

// keep moves an open event into the store; false: the stores are full.
func (s *spool) keep(st *store, e *event) bool {
	delete(s.open, e.id)
	if s.stored >= s.room {
		s.acknowledge(e.id, e.open)
		return false
	}
	st.put(e, s.packer)
	s.stored++
	return true
}

// refill moves events up from the store while the queues are less than half full.
func (s *spool) refill(st *store) (events []*event) {
	for st.hot < hotMax/2 && st.count > 0 {
		more := s.fetch(st)
		st.hot += len(more)
		events = append(events, more...)
	}
	return events
}

func (s *spool) acknowledge(id EventID, gone way) {
	entry := [settledBytes]byte{settledBytes - 1: byte(gone)}
	copy(entry[:], id[:])
	s.addAcks(entry[:])
}

// settle takes note of deliveries that need no more tries, and gives the events that move up from the store.
func (s *spool) settle(bidder ad.BidderID, done, dead []*delivery) []*event {
	if !anyWon(done) && !anyWon(dead) {
		return nil
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	st := s.store(bidder)
	for _, parts := range [...][]*delivery{done, dead} {
		for _, d := range parts {
			if d.won() {
				s.arrive(st, d)
			}
		}
	}
	return s.refill(st)
}

func anyWon(parts []*delivery) bool {
	return slices.ContainsFunc(parts, (*delivery).won)
}

func (s *spool) arrive(st *store, d *delivery) {
	e := d.event
	s.acknowledge(e.id, d.way)
	e.open &^= d.way
	if e.open == 0 {
		delete(s.open, e.id)
		st.hot--
	}
}

// fetch opens the store's oldest block. What was settled before a restart is left out.
func (s *spool) fetch(st *store) []*event {
	events, fewer := st.get(s.packer)
	s.stored -= fewer
	keep := events[:0]
	for _, e := range events {
		if gone, ok := s.early[e.id]; ok {
			delete(s.early, e.id)
			if e.open &^= gone; e.open == 0 {
				continue
			}
		}
		e.ways = e.open
		s.open[e.id] = e
		keep = append(keep, e)
	}
	if s.stored == 0 {
		clear(s.early)
	}
	return keep
}

// acknowledgements are what has been settled and not been asked for yet, as a record; nil: nothing has.
func (s *spool) acknowledgements() []byte {
	s.mu.Lock()
	defer s.mu.Unlock()
	if len(s.acks) == 0 {
		return nil
	}
	n := min(len(s.acks), settledBytes*recordAcksMax)
	record := append([]byte{recordVersion}, s.acks[:n]...)
	s.acks = append(s.acks[:0], s.acks[n:]...)
	return record
}

// unacknowledged takes a record back that the log did not take.
func (s *spool) unacknowledged(record []byte) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.addAcks(record[1:])
}

// addAcks keeps acknowledgements for the next record. Past acksMax, behind a log that has been failing for long, they are
// dropped: after a restart their notices are sent again.
func (s *spool) addAcks(acks []byte) {
	if len(s.acks)+len(acks) <= settledBytes*acksMax {
		s.acks = append(s.acks, acks...)
	}
	select {
	case s.settled <- struct{}{}:
	default:
	}
}

// restored gives the events that a replay left, bidder by bidder in the order they were taken, as many as their queues
// take; the rest is in the stores.
func (s *spool) restored() []*event {
	s.mu.Lock()
	defer s.mu.Unlock()
	open := slices.SortedFunc(maps.Values(s.open), func(a, b *event) int {
		return cmp.Or(a.taken.Compare(b.taken), slices.Compare(a.id[:], b.id[:]))
	})
	var events []*event
	for _, e := range open {
		e.ways = e.open
		if st := s.store(e.Bidder); st.hot < hotMax {
			st.hot++
			events = append(events, e)
		} else {
			s.keep(st, e)
		}
	}
	for _, st := range s.stores {
		events = append(events, s.refill(st)...)
	}
	return events
}

func (s *spool) counts() (spooled, unspooled uint64, stored map[ad.BidderID]int) {
	s.mu.Lock()
	defer s.mu.Unlock()
	stored = make(map[ad.BidderID]int, len(s.stores))
	for id, st := range s.stores {
		stored[id] = st.count
	}
	return s.spooled, s.unspooled, stored
}

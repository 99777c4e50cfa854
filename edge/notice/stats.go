package notice

import (
	"log/slog"
	"sync"
	"time"

	"curb/edge/ad"
)

// KindCount is how many kinds of notices there are.
const KindCount = int(ad.NoticeError) + 1

// BidderStats counts the deliveries of one bidder. A delivery is one notice by one way: a won notice that goes to the
// notify URL, to nurl and to burl is three.
type BidderStats struct {
	Bidder ad.BidderID
	// Queued wait for their first or next try, in memory; Spooled won notices wait for a place there.
	Queued, Spooled int
	// Sent arrived, by kind.
	Sent [KindCount]uint64
	// Dropped gave way to others in a full queue, by kind. Won is never among them.
	Dropped [KindCount]uint64
	// Overtaken were not sent because the bid had won since, or the bidder has no notify URL any more.
	Overtaken uint64
	// Failed counts tries in vain, Retried those that were not the first.
	Failed, Retried uint64
	// Dead were given up.
	Dead uint64
	// Down counts servers that get probes only.
	Down int
}

// Stats is what Notices has done since it was made.
type Stats struct {
	Bidders []BidderStats // by id
	Total   BidderStats
	// Spooled won notices are in the log, or were; Unspooled could not be written there and were sent all the same.
	Spooled, Unspooled uint64
	// Late came after Close; won ones among them are recovered after the restart.
	Late uint64
}

type tally struct {
	won                              int // deliveries of won that wait in queues
	sent, dropped                    [KindCount]uint64
	overtaken, failed, retried, dead uint64
}

func (t *tally) count(d *delivery, f fate) {
	if d.retry && f != moot {
		t.retried++
	}
	switch f {
	case arrived:
		t.sent[d.event.Kind]++
	case moot:
		t.overtaken++
	default:
		t.failed++
	}
}

// Stats counts, by bidder and in all.
func (n *Notices) Stats() Stats {
	s := Stats{Late: n.late.Load()}
	var spooled map[ad.BidderID]int
	s.Spooled, s.Unspooled, spooled = n.spool.counts()
	for _, l := range n.all() {
		s.Bidders = append(s.Bidders, l.stats())
	}
	for i := range s.Bidders {
		b := &s.Bidders[i]
		b.Spooled = spooled[b.Bidder]
		s.Total.add(b)
	}
	return s
}

func (l *line) stats() BidderStats {
	l.mu.Lock()
	defer l.mu.Unlock()
	s := BidderStats{
		Bidder: l.bidder, Queued: l.waiting + l.tally.won, Sent: l.tally.sent, Dropped: l.tally.dropped,
		Overtaken: l.tally.overtaken, Failed: l.tally.failed, Retried: l.tally.retried, Dead: l.tally.dead,
	}
	for _, e := range l.endpoints {
		if e.circuit.open() {
			s.Down++
		}
	}
	return s
}

func (s *BidderStats) add(b *BidderStats) {
	s.Queued += b.Queued
	s.Spooled += b.Spooled
	for i := range KindCount {
		s.Sent[i] += b.Sent[i]
		s.Dropped[i] += b.Dropped[i]
	}
	s.Overtaken += b.Overtaken
	s.Failed += b.Failed
	s.Retried += b.Retried
	s.Dead += b.Dead
	s.Down += b.Down
}

// Dead is a delivery that was given up.
type Dead struct {
	At         time.Time
	Event      EventID
	Kind       ad.NoticeKind
	Bidder     ad.BidderID
	Auction    ad.AuctionID
	Impression uint8
	BidID      string
	Way        string // notify_url, nurl, burl or lurl
	Tries      int
	Why        string // of the last try
}

// deadMax is how many dead letters are remembered; logEvery how often one bidder's are logged.
const (
	deadMax  = 1000
	logEvery = 10 * time.Second
)

// graveyard remembers the newest dead letters.
type graveyard struct {
	mu   sync.Mutex
	ring []Dead
	next int
}

func (g *graveyard) add(d Dead) {
	g.mu.Lock()
	defer g.mu.Unlock()
	if len(g.ring) < deadMax {
		g.ring = append(g.ring, d)
		return
	}
	g.ring[g.next] = d
	g.next = (g.next + 1) % deadMax
}

// DeadLetters gives the newest n, newest first; at most 1000 are remembered, and none of before the start.
func (n *Notices) DeadLetters(count int) []Dead {
	g := &n.graves
	g.mu.Lock()
	defer g.mu.Unlock()
	out := make([]Dead, 0, max(0, min(count, len(g.ring))))
	for i := len(g.ring) - 1; i >= 0 && len(out) < cap(out); i-- {
		out = append(out, g.ring[(g.next+i)%len(g.ring)])
	}
	return out
}

// bury counts dead letters, and says how many a line of the log should speak of now.
func (l *line) bury(dead int, now time.Time) uint64 {
	if dead == 0 {
		return 0
	}
	l.tally.dead += uint64(dead)
	l.unspoken += uint64(dead)
	if now.Sub(l.spokenOf) < logEvery {
		return 0
	}
	count := l.unspoken
	l.spokenOf, l.unspoken = now, 0
	return count
}

// report logs what an operator should know: servers that go out or come back, and notices that were given up.
func (n *Notices) report(l *line, changed int, dead uint64, why string) {
	switch {
	case changed > 0:
		n.log.Warn("notices held back: the bidder's server does not take them", slog.Uint64("bidder", uint64(l.bidder)), slog.String("why", why))
	case changed < 0:
		n.log.Info("notices go out again", slog.Uint64("bidder", uint64(l.bidder)))
	}
	if dead > 0 {
		n.log.Warn("notices given up", slog.Uint64("bidder", uint64(l.bidder)), slog.Uint64("count", dead), slog.String("why", why))
	}
}

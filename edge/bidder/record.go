package bidder

import (
	"log/slog"
	"sync/atomic"

	"curb/edge/ad"
	"curb/edge/throttle"
)

// reasonsMax is above the number of reasons; a test checks it.
const reasonsMax = 128

// timeoutCountsFrom is the least time a bidder must have had for a timeout to be its own: with less, the deadline was
// ours to miss.
const timeoutCountsFrom = ad.TMaxMin

// record is what a node remembers of one bidder, whatever its endpoint: counters, and the state of its regulators.
type record struct {
	bidder   ad.BidderID
	log      *slog.Logger
	throttle throttle.Throttle
	rate     rate
	breaker  *breaker

	outcomes [reasonsMax]atomic.Uint64 // of targets, by reason; ad.Undecided: answered with bids
	bids     atomic.Uint64
	sent     atomic.Uint64
	answered atomic.Uint64
	unsent   atomic.Uint64
	lates    atomic.Uint64
	retries  atomic.Uint64
	dials    atomic.Uint64
	failed   atomic.Uint64
}

func newRecord(id ad.BidderID, log *slog.Logger) *record {
	r := &record{bidder: id, log: log}
	r.breaker = newBreaker(func(state string) {
		log.Info("bidder breaker is "+state, "bidder", uint32(id))
	})
	return r
}

// dialled hears of every attempt to connect.
func (r *record) dialled(reason ad.Reason) {
	r.dials.Add(1)
	if reason != ad.Undecided {
		r.failed.Add(1)
	}
	r.breaker.dialled(reason)
}

// late hears of an inquiry that came back after its asker had left.
func (r *record) late(q *inquiry) {
	switch {
	case !q.sent:
		r.unsent.Add(1)
	case q.reason == ad.Undecided:
		r.sent.Add(1)
		r.lates.Add(1)
	default:
		r.sent.Add(1)
	}
	if q.retried {
		r.retries.Add(1)
	}
}

// settled hears of an inquiry that came back in time.
func (r *record) settled(q *inquiry) {
	if q.sent {
		r.sent.Add(1)
	} else {
		r.unsent.Add(1)
	}
	if q.head.status != 0 {
		r.answered.Add(1)
	}
	if q.retried {
		r.retries.Add(1)
	}
}

// judged hears what became of a bidder that was let through. fair: it had its time, and the call was not cut short.
func (r *record) judged(reason ad.Reason, fair bool) {
	if fair && reason != ad.Cancelled {
		r.throttle.Record(reason == ad.Timeout)
	}
	r.breaker.record(reason)
}

// Stats is what one bidder's counters say since the start of the node.
type Stats struct {
	Bidder ad.BidderID
	// Outcomes counts targets by what became of them, by ad.Reason; ad.Undecided: answered with bids.
	Outcomes [reasonsMax]uint64
	Bids     uint64 // received in time, refused ones included
	Sent     uint64 // requests written; those still under way are not counted yet
	Answered uint64 // whole answers that came in time, whatever they say
	Unsent   uint64 // requests that expired or failed waiting for a connection
	Late     uint64 // whole answers that came too late and were dropped
	Retried  uint64 // requests sent again, because a kept connection had been closed by the bidder
	Dials    uint64 // attempts to connect
	Failed   uint64 // of them without success

	Connections int // open
	Idle        int // of them free
	Ready       bool
	Breaker     string // closed, open or half-open
	SendPercent int    // what the throttle lets through
}

// Stats lists the bidders of the current snapshot, in the snapshot's order.
func (f *Fanout) Stats() []Stats {
	b := f.board.Load()
	if b.snap == nil {
		return nil
	}
	var all []Stats
	for _, bidder := range b.snap.Bidders() {
		if l := b.lines[bidder.ID]; l != nil {
			all = append(all, l.stats())
		}
	}
	return all
}

func (l *line) stats() Stats {
	r := l.record
	s := Stats{
		Bidder: r.bidder, Bids: r.bids.Load(), Sent: r.sent.Load(), Answered: r.answered.Load(), Unsent: r.unsent.Load(),
		Late: r.lates.Load(), Retried: r.retries.Load(), Dials: r.dials.Load(), Failed: r.failed.Load(),
		Ready: l.ready.is(), Breaker: r.breaker.state(), SendPercent: r.throttle.Percent(),
	}
	for i := range s.Outcomes {
		s.Outcomes[i] = r.outcomes[i].Load()
	}
	s.Connections, s.Idle = l.origin.counts()
	return s
}

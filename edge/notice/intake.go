package notice

import (
	"context"
	"errors"
	"log/slog"
	"sync"
	"time"
)

const (
	// intakeMax is how many won notices wait to be written to the log; past it they are sent without, and recovered from
	// their bills if the node dies meanwhile.
	intakeMax = 1 << 16
	// appendMax is how long a record is waited for; past it its notices are sent without.
	appendMax = 2 * time.Second
	// recordEventsMax and recordBytesMax bound a record of the log.
	recordEventsMax = 64
	recordBytesMax  = 48 << 10
	// acknowledgeWait is how long acknowledgements are gathered into one record.
	acknowledgeWait = 20 * time.Millisecond
	// acknowledgeLater is the wait when the log does not take them.
	acknowledgeLater = time.Second
	// lastWordMax bounds writing the last ones at Close.
	lastWordMax = time.Second
)

// intake holds won notices until they are in the log.
type intake struct {
	wake chan struct{}

	mu     sync.Mutex
	events []*event
	busy   bool // some have been taken out and not been placed yet
}

func (in *intake) add(e *event) (taken bool) {
	in.mu.Lock()
	if len(in.events) >= intakeMax {
		in.mu.Unlock()
		return false
	}
	in.events = append(in.events, e)
	in.mu.Unlock()
	select {
	case in.wake <- struct{}{}:
	default:
	}
	return true
}

// take empties the intake into dst.
func (in *intake) take(dst []*event) []*event {
	in.mu.Lock()
	defer in.mu.Unlock()
	dst = append(dst[:0], in.events...)
	clear(in.events)
	in.events = in.events[:0]
	in.busy = len(dst) > 0
	return dst
}

func (in *intake) empty() bool {
	in.mu.Lock()
	defer in.mu.Unlock()
	return len(in.events) == 0 && !in.busy
}

// fill moves won notices from the intake through the log into the queues.
func (n *Notices) fill() {
	var events []*event
	var record []byte
	for {
		if events = n.intake.take(events); len(events) == 0 {
			select {
			case <-n.intake.wake:
			case <-n.ctx.Done():
				return
			}
			continue
		}
		for rest := events; len(rest) > 0; {
			piece := recordful(rest)
			rest = rest[len(piece):]
			record = n.write(piece, record[:0])
		}
	}
}

// recordful is as many events as fit one record, one at least.
func recordful(events []*event) []*event {
	bytes := 0
	for i, e := range events {
		bytes += e.bytes - len(e.Full)
		if i > 0 && (i == recordEventsMax || bytes > recordBytesMax) {
			return events[:i]
		}
	}
	return events
}

// write logs the events that are news and places them.
func (n *Notices) write(events []*event, record []byte) []byte {
	news, record := n.spool.admit(events, record)
	if len(news) == 0 {
		return record
	}
	if n.options.Log != nil {
		ctx, cancel := context.WithTimeout(context.Background(), appendMax)
		err := n.options.Log.Append(ctx, kindWon, record)
		cancel()
		n.spool.written(len(news), err)
	}
	for _, e := range news {
		n.place(e)
	}
	return record
}

// place queues an event, or leaves it to the spool if the bidder's queues are full.
func (n *Notices) place(e *event) {
	l := n.line(e.Bidder)
	switch n.spool.place(e) {
	case hot:
		l.pushWon([]*event{e})
	case spooled:
		l.unload(e)
	case nowhere:
		l.unload(e)
		n.giveUp(e, "the spool is full")
	}
}

// bypass takes a won notice that finds no room in the intake.
func (n *Notices) bypass(e *event) {
	news, _ := n.spool.admit([]*event{e}, nil)
	if len(news) > 0 {
		n.spool.written(1, errIntake)
		n.place(e)
	}
}

var errIntake = errors.New("too many won notices wait to be written")

// giveUp makes dead letters of a won event that has not been queued.
func (n *Notices) giveUp(e *event, why string) {
	l := n.line(e.Bidder)
	parts := e.deliveries(e.ways, time.Now())
	l.mu.Lock()
	count := l.bury(len(parts), time.Now())
	l.mu.Unlock()
	n.report(l, 0, count, why)
	for i := range parts {
		n.graves.add(parts[i].epitaph(n.options.Now(), why))
	}
}

// epitaph is the delivery as a dead letter.
func (d *delivery) epitaph(at time.Time, why string) Dead {
	e := d.event
	id := e.id
	if id == (EventID{}) {
		id = eventID(e.Kind, &e.Notice)
	}
	return Dead{At: at, Event: id, Kind: e.Kind, Bidder: e.Bidder, Auction: e.Auction, Impression: e.Impression,
		BidID: e.Terms.BidID, Way: d.way.String(), Tries: int(d.tries), Why: why}
}

// finish draws the last consequences of a settled job, outside all locks of its line.
func (n *Notices) finish(l *line, done, dead []*delivery, why string) {
	for _, d := range dead {
		n.graves.add(d.epitaph(n.options.Now(), why))
	}
	for _, parts := range [...][]*delivery{done, dead} {
		for _, d := range parts {
			if d.way == byPost && d.won() {
				l.unload(d.event)
			}
		}
	}
	if events := n.spool.settle(l.bidder, done, dead); len(events) > 0 {
		l.pushWon(events)
	}
}

// acknowledge writes to the log what need not be sent again. A record that is lost costs a repetition, no more, so
// nobody waits for it; one that the log has no room for is offered again.
func (n *Notices) acknowledge() {
	timer := time.NewTimer(acknowledgeWait)
	defer timer.Stop()
	for wait := acknowledgeWait; ; {
		select {
		case <-n.spool.settled:
		case <-n.ctx.Done():
			return
		}
		timer.Reset(wait)
		select {
		case <-timer.C:
		case <-n.ctx.Done():
			return
		}
		wait = acknowledgeWait
		for record := n.spool.acknowledgements(); record != nil; record = n.spool.acknowledgements() {
			if n.options.Log == nil {
				continue
			}
			if err := n.options.Log.Post(kindSettled, record); err != nil {
				n.spool.unacknowledged(record)
				wait = acknowledgeLater
				break
			}
		}
	}
}

// flushLast writes what came too late to be sent, and the last acknowledgements, so that an orderly restart neither misses
// nor repeats anything.
func (n *Notices) flushLast() {
	if n.options.Log == nil {
		return
	}
	ctx, cancel := context.WithTimeout(context.Background(), lastWordMax)
	defer cancel()
	var err error
	for rest := n.intake.take(nil); len(rest) > 0 && err == nil; {
		piece := recordful(rest)
		rest = rest[len(piece):]
		if news, record := n.spool.admit(piece, nil); len(news) > 0 {
			err = n.options.Log.Append(ctx, kindWon, record)
			n.spool.written(len(news), err)
		}
	}
	for record := n.spool.acknowledgements(); record != nil && err == nil; record = n.spool.acknowledgements() {
		err = n.options.Log.Append(ctx, kindSettled, record)
	}
	if err != nil {
		n.log.Warn("the log does not take the last notices: some may be sent again after the restart", slog.String("why", err.Error()))
	}
}

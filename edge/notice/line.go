package notice

import (
	"net/http"
	"sync"
	"sync/atomic"
	"time"

	"curb/edge/ad"
)

// Bounds of one bidder's notices.
const (
	// queueMax is how many deliveries of what may be dropped wait for one bidder, queueBytesMax their bytes together.
	queueMax      = 10_000
	queueBytesMax = 16 << 20
	// hotMax is how many won events of one bidder are in its queues; the rest stays in the spool.
	hotMax = 10_000
	// hostsMax is how many servers of one bidder are told apart; the rest shares one endpoint.
	hostsMax = 8
	// fullBytesMax bounds a bid request that rides along; a longer one is left out.
	fullBytesMax = 128 << 10
)

// line is everything about one bidder.
type line struct {
	notices   *Notices
	bidder    ad.BidderID
	transport *http.Transport // its connections are no other bidder's
	loaded    atomic.Int64    // bytes of bid requests that won events carry

	mu        sync.Mutex // guards all below, and what the endpoints hold
	posts     *endpoint
	hosts     map[string]*endpoint
	rest      *endpoint // servers past hostsMax
	classes   [classCount]list
	waiting   int // deliveries that may be dropped, delayed ones included
	bytes     int // theirs
	budget    budget
	tally     tally
	spokenOf  time.Time // when a dead letter was last logged
	unspoken  uint64    // dead letters since
	endpoints []*endpoint
	flight    int // jobs under way to all of them
}

// push queues what may be dropped: an event of anything but won.
func (l *line) push(e *event, ways way) {
	now := time.Now()
	l.mu.Lock()
	defer l.mu.Unlock()
	class := classOf(e.Kind)
	parts := e.deliveries(ways, now)
	for i := range parts {
		d := &parts[i]
		endpoint := l.endpoint(d)
		if endpoint == nil || !l.room(class, e.bytes) {
			l.tally.dropped[e.Kind]++
			continue
		}
		l.waiting++
		l.bytes += e.bytes
		l.classes[class].pushBack(&d.age)
		endpoint.add(d)
	}
}

// pushWon queues events that the spool has given places to.
func (l *line) pushWon(events []*event) {
	now := time.Now()
	l.mu.Lock()
	defer l.mu.Unlock()
	for _, e := range events {
		parts := e.deliveries(e.ways, now)
		for i := range parts {
			if endpoint := l.endpoint(&parts[i]); endpoint != nil {
				l.tally.won++
				endpoint.add(&parts[i])
			}
		}
	}
}

// room drops from the least missed class up to the newcomer's own, oldest first, until there is room for it; false:
// there is none.
func (l *line) room(newcomer class, bytes int) bool {
	for l.waiting >= queueMax || l.bytes+bytes > queueBytesMax {
		victim := l.victim(newcomer)
		if victim == nil {
			return false
		}
		l.tally.dropped[victim.event.Kind]++
		victim.lane.remove()
		l.forget(victim)
	}
	return true
}

func (l *line) victim(newcomer class) *delivery {
	for c := range newcomer + 1 {
		if d := l.classes[c].first(); d != nil {
			return d
		}
	}
	return nil
}

// forget takes a delivery out of the accounts of what waits.
func (l *line) forget(d *delivery) {
	if d.won() {
		l.tally.won--
		return
	}
	d.age.remove()
	l.waiting--
	l.bytes -= d.event.bytes
}

// remember is forget undone: a delivery waits again. It cannot be dropped, or it would be tried for nothing.
func (l *line) remember(d *delivery) {
	if d.won() {
		l.tally.won++
		return
	}
	l.waiting++
	l.bytes += d.event.bytes
}

// endpoint finds or makes the one a delivery goes to; nil: it is too late to make one.
func (l *line) endpoint(d *delivery) *endpoint {
	if d.way == byPost {
		if l.posts == nil {
			l.posts = l.open(postsMax, false)
		}
		return l.posts
	}
	host := hostOf(d.event.template(d.way))
	if e := l.hosts[host]; e != nil {
		return e
	}
	if len(l.hosts) >= hostsMax {
		if l.rest == nil {
			l.rest = l.open(callsMax, true)
		}
		return l.rest
	}
	e := l.open(callsMax, false)
	if e != nil {
		l.hosts[host] = e
	}
	return e
}

// open starts an endpoint with its pump; nil: Notices have ended.
func (l *line) open(most int, shared bool) *endpoint {
	n := l.notices
	n.making.Lock()
	defer n.making.Unlock()
	if n.ended {
		return nil
	}
	e := &endpoint{line: l, most: most, shared: shared, wake: make(chan struct{}, 1)} // one token: something has changed
	l.endpoints = append(l.endpoints, e)
	n.children.Go(e.run)
	return e
}

// idle reports whether nothing is under way or could be sent now.
func (l *line) idle(now time.Time) bool {
	l.mu.Lock()
	defer l.mu.Unlock()
	for _, e := range l.endpoints {
		if e.flight > 0 || (e.won.length+e.told.length > 0 && e.circuit.wait(now) == 0) {
			return false
		}
	}
	return true
}

package notice

import (
	"slices"
	"time"

	"curb/edge/ad"
)

// fate is what came of sending something.
type fate uint8

const (
	arrived fate = iota // 2xx
	failed              // no answer, 408, 429 or 5xx: the same may arrive later
	astray              // 3xx: nobody follows it
	refused             // any other status, or an address we may not call: hardly
	denied              // never sent, and never will be
	moot                // no need to send it any more
)

// result is a fate with its cause.
type result struct {
	fate fate
	why  string
}

// deliver sends a job and settles what came of it.
func (e *endpoint) deliver(j *job) {
	if j.parts[0].way == byPost {
		e.deliverBatch(j)
	} else {
		e.settle(j.parts, e.line.call(j.parts[0], !e.shared), j.probe)
	}
	l := e.line
	l.mu.Lock()
	defer l.mu.Unlock()
	if j.probe {
		e.circuit.probing = false
	}
	e.flight--
	l.flight--
	e.rouse()
	if l.flight == flightMax-1 {
		for _, other := range l.endpoints {
			other.rouse()
		}
	}
}

// deliverBatch posts a job in as many pieces as its size asks for, usually one.
func (e *endpoint) deliverBatch(j *job) {
	n := e.line.notices
	parts := e.current(j)
	bidder := n.options.Bidders(e.line.bidder)
	switch {
	case bidder == nil:
		e.settle(parts, result{failed, errRuleSet.Error()}, j.probe)
		return
	case bidder.NotifyURL == "":
		e.settle(parts, result{fate: moot}, false)
		return
	}
	for probe := j.probe; len(parts) > 0; probe = false {
		// The body is nobody's after this: a transport may still read it when it has given the answer.
		body, used := appendBatch(nil, parts, n.options.Now())
		r := e.line.post(bidder, body)
		e.settle(parts[:used], r, probe)
		parts = parts[used:]
	}
}

// current settles what a win has overtaken, and gives the rest.
func (e *endpoint) current(j *job) []*delivery {
	var rest, overtaken []*delivery
	for i, d := range j.parts {
		kind := d.event.Kind
		if kind != ad.NoticeWon && d.event.id == (EventID{}) {
			d.event.id = eventID(kind, &d.event.Notice)
		}
		if e.line.notices.overtaken(d.event) {
			if overtaken == nil {
				rest = append(rest, j.parts[:i]...)
			}
			overtaken = append(overtaken, d)
		} else if overtaken != nil {
			rest = append(rest, d)
		}
	}
	if overtaken == nil {
		return j.parts
	}
	e.settle(overtaken, result{fate: moot}, false)
	return rest
}

// overtaken reports whether the bid that an event calls lost or pending has won since.
func (n *Notices) overtaken(e *event) bool {
	if e.Kind != ad.NoticeLost && e.Kind != ad.NoticePending {
		return false
	}
	return n.spool.knows(eventID(ad.NoticeWon, &e.Notice))
}

// appendBatch writes a batch of at most batchBytesMax, one notice at least, and says how many it holds.
func appendBatch(dst []byte, parts []*delivery, now time.Time) ([]byte, int) {
	const tail = 2
	size := 0
	for _, d := range parts {
		size += d.event.bytes
	}
	dst = appendHead(slices.Grow(dst, min(size, batchBytesMax)), now)
	for i, d := range parts {
		before := len(dst)
		if i > 0 {
			dst = append(dst, ',')
		}
		dst = appendNotice(dst, d.event)
		if i > 0 && len(dst)+tail > batchBytesMax {
			return appendTail(dst[:before]), i
		}
	}
	return appendTail(dst), len(parts)
}

// settle draws the consequences for each delivery: done, another try, or a dead letter.
func (e *endpoint) settle(parts []*delivery, r result, probe bool) {
	if len(parts) == 0 {
		return
	}
	l := e.line
	now := time.Now()
	wall := l.notices.options.Now()
	var done, dead []*delivery
	l.mu.Lock()
	changed := e.judge(r, probe, now)
	spare := l.spare(parts[0], r.fate, now)
	for _, d := range parts {
		l.tally.count(d, r.fate)
		switch {
		case r.fate == arrived || r.fate == moot:
			done = append(done, d)
		case r.fate == denied || !spare || d.exhausted(r.fate, wall):
			dead = append(dead, d)
		case d.won() && d.refused > 0:
			e.delay(d, now, backoff(refusedFirst, int(d.refused)))
		case d.won():
			e.delay(d, now, backoff(2*retryFirst, int(d.tries)))
		default:
			e.delay(d, now, backoff(retryFirst, int(d.tries)))
		}
	}
	if e.circuit.open() {
		dead = append(dead, e.expired(wall)...)
	}
	summary := l.bury(len(dead), now)
	l.mu.Unlock()
	l.notices.report(l, changed, summary, r.why)
	l.notices.finish(l, done, dead, r.why)
}

// spare reports whether what failed may be tried again. Retries of what is not won come out of a budget.
func (l *line) spare(d *delivery, f fate, now time.Time) bool {
	if f != denied && f != moot && !d.retry {
		l.budget.first()
	}
	switch {
	case f != failed && f != astray && f != refused:
		return false
	case d.won():
		return true
	}
	return f != refused && l.budget.retry(now)
}

// judge moves the circuit and says what changed: 1 it opened, -1 it closed.
func (e *endpoint) judge(r result, probe bool, now time.Time) int {
	switch r.fate {
	case arrived, refused, astray:
		if e.circuit.succeed() {
			return -1
		}
	case failed:
		if e.circuit.fail(probe, now) {
			return 1
		}
	}
	return 0
}

// exhausted counts a try in vain and reports whether it was the last.
func (d *delivery) exhausted(f fate, wall time.Time) bool {
	d.tries++
	if f == refused || f == astray {
		d.refused++
		return d.refused >= triesMax
	}
	if !d.won() {
		return d.tries >= triesMax
	}
	return d.tries >= triesMax && wall.Sub(d.event.taken) > retryFor
}

// expired takes out won deliveries that have waited too long behind an open circuit: the probes try others.
func (e *endpoint) expired(wall time.Time) []*delivery {
	var old []*delivery
	for d := e.won.first(); d != nil && wall.Sub(d.event.taken) > retryFor; d = e.won.first() {
		d.lane.remove()
		e.line.forget(d)
		old = append(old, d)
	}
	return old
}

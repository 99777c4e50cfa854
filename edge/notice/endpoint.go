package notice

import (
	"container/heap"
	"time"
)

const (
	// batchMax, batchWait and batchBytesMax bound a batch of notices to one notify URL.
	batchMax      = 64
	batchWait     = 50 * time.Millisecond
	batchBytesMax = 256 << 10
	// postsMax batches and callsMax URLs may be under way to one server at once.
	postsMax = 4
	callsMax = 32
	// flightMax bounds both over all servers of one bidder.
	flightMax = 64
	// retryFor is for how long a won notice is retried.
	retryFor = 24 * time.Hour

	forever = time.Duration(1<<63 - 1)
	// nap is how long a pump with nothing to wait for sleeps: it is woken.
	nap = time.Hour
)

// endpoint is one server of a bidder, or its notify URL: queues, a circuit, and a pump that sends what is due.
// line.mu guards it.
type endpoint struct {
	line   *line
	most   int  // jobs under way at once
	shared bool // by all hosts that have none of their own
	wake   chan struct{}

	won, told list // ready, oldest first
	delayed   delayed
	flight    int
	circuit   circuit
}

// job is what one request, or one batch cut into a few, carries.
type job struct {
	parts []*delivery
	probe bool
}

func (e *endpoint) lane(d *delivery) *list {
	if d.won() {
		return &e.won
	}
	return &e.told
}

// add queues a delivery as the newest. The pump hears of what changes its plans: a first one, or a batch that is full.
func (e *endpoint) add(d *delivery) {
	lane := e.lane(d)
	lane.pushBack(&d.lane)
	if lane.length == 1 || lane.length == batchMax || d.way != byPost {
		e.rouse()
	}
}

func (e *endpoint) rouse() {
	select {
	case e.wake <- struct{}{}:
	default:
	}
}

// run is the pump. It begins with Start and ends with Close.
func (e *endpoint) run() {
	n := e.line.notices
	closing := n.closing
	select {
	case <-n.starting:
	case <-n.ctx.Done():
		return
	}
	timer := time.NewTimer(nap)
	defer timer.Stop()
	for {
		j, wait := e.next(time.Now())
		if j != nil {
			n.children.Go(func() { e.deliver(j) })
			continue
		}
		timer.Reset(min(wait, nap))
		select {
		case <-e.wake:
		case <-timer.C:
		case <-closing:
			closing = nil // once: batches no longer wait for more
		case <-n.ctx.Done():
			return
		}
	}
}

// next takes what may be sent now, or says how long to wait.
func (e *endpoint) next(now time.Time) (*job, time.Duration) {
	e.line.mu.Lock()
	defer e.line.mu.Unlock()
	for len(e.delayed) > 0 && !e.delayed[0].due.After(now) {
		d := heap.Pop(&e.delayed).(*delivery)
		e.lane(d).pushFront(&d.lane)
	}
	wait := forever
	if due, ok := e.delayed.next(); ok {
		wait = due.Sub(now)
	}
	if e.flight >= e.most || e.line.flight >= flightMax || e.won.length+e.told.length == 0 {
		return nil, wait
	}
	if held := e.circuit.wait(now); held > 0 {
		return nil, max(held, time.Millisecond)
	}
	for _, lane := range [...]*list{&e.won, &e.told} {
		if lane.length == 0 {
			continue
		}
		if ripe := e.ripe(lane, now); ripe > 0 {
			wait = min(wait, ripe)
			continue
		}
		return e.take(lane), 0
	}
	return nil, wait
}

// ripe is how long a lane still waits for its batch to grow.
func (e *endpoint) ripe(lane *list, now time.Time) time.Duration {
	first := lane.first()
	if first.way != byPost || first.retry || lane.length >= batchMax || e.line.notices.isClosing() {
		return 0
	}
	return max(0, first.since.Add(batchWait).Sub(now))
}

// take cuts a job from the lane. Notices that were refused go in smaller company each time, alone at last, so that one
// that cannot be taken does not spoil others.
func (e *endpoint) take(lane *list) *job {
	first := lane.first()
	limit := 1
	if first.way == byPost {
		limit = max(1, batchMax>>(3*first.refused))
	}
	j := &job{probe: e.circuit.open()}
	for bytes := 0; lane.length > 0 && len(j.parts) < limit; {
		d := lane.first()
		bytes += d.event.bytes
		if len(j.parts) > 0 && (d.refused != first.refused || bytes > batchBytesMax) {
			break
		}
		d.lane.remove()
		e.line.forget(d)
		j.parts = append(j.parts, d)
	}
	e.circuit.probing = j.probe
	e.flight++
	e.line.flight++
	return j
}

// delay queues a delivery for another try.
func (e *endpoint) delay(d *delivery, now time.Time, wait time.Duration) {
	d.retry = true
	d.due = now.Add(wait)
	heap.Push(&e.delayed, d)
	e.line.remember(d)
}

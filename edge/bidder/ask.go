package bidder

import (
	"context"
	"sync/atomic"
	"time"

	"curb/edge/ad"
	"curb/edge/catalog"
	"curb/edge/openrtb"
)

// ask is one auction's questions. It is pooled; a connection touches it only between settling an inquiry and counting
// it off, and wait does not return before all that settled have been counted.
type ask struct {
	fanout  *Fanout
	free    func()
	done    chan struct{} // one token: the last inquiry has been counted off
	pending atomic.Int32
	timer   *time.Timer

	template openrtb.Template
	own      offer
	plain    []byte // a body before it is compressed

	begun     time.Time
	cutoff    time.Time
	cancelled bool
	rows      []row
	positions []int // of the request's impressions in the call
	judge     judge
	terms     openrtb.Terms
}

// row is one target: why it was not asked, or its inquiry.
type row struct {
	line     *line     // nil: the bidder has left the catalog
	reason   ad.Reason // why it was not asked, or that it did not answer in time
	live     ad.Reason // as ad.Asked.Live
	admitted bool      // it was asked
	inquiry  *inquiry  // nil: not asked, or not ours any more
}

func newAsk(f *Fanout) *ask {
	a := &ask{fanout: f, done: make(chan struct{}, 1), timer: time.NewTimer(time.Hour)}
	a.timer.Stop()
	a.free = a.release
	return a
}

// send encodes and sends one request after the other; none of it blocks.
func (a *ask) send(snap *catalog.Snapshot, out *openrtb.Outgoing) {
	lines := a.fanout.lines(snap)
	a.begun = time.Now()
	a.cutoff = out.Deadline.Add(-settleTime)
	a.rows = a.rows[:0]
	a.positions = positions(a.positions[:0], out)
	left := a.cutoff.Sub(a.begun)
	if left > 0 {
		out.Request.TMax = max(int(left/time.Millisecond), 1)
		a.template.Encode(out.Request)
		a.own.begin(snap, out.Call, a.positions)
	}
	a.pending.Store(1) // ours, until all are sent
	for i := range out.Targets {
		t := &out.Targets[i]
		r := row{line: lines.lines[t.Bidder.ID], reason: ad.Timeout}
		switch {
		case left <= 0:
		case r.line != nil && !a.offer(r.line, snap, out, t):
			r.reason = ad.NotAsked // there is nothing for it
		case out.Call.Debug:
			r.reason, r.live = r.line.inspect(out.Call.ID, a.begun)
		default:
			r.reason = r.line.admit(out.Call.ID, a.begun)
		}
		if r.reason == ad.Undecided {
			q := a.fanout.inquiries.Get().(*inquiry)
			q.ask, q.line, q.fanout, q.started = a, r.line, a.fanout, a.begun
			q.begin(a.cutoff)
			q.silent = out.Call.Debug
			a.encode(q)
			r.inquiry, r.admitted = q, true
			a.pending.Add(1)
			r.line.origin.send(&q.exchange)
		}
		a.rows = append(a.rows, r)
	}
}

// positions finds the impressions of the request in the call: the request may lack some of them, but keeps their order.
func positions(dst []int, out *openrtb.Outgoing) []int {
	at := 0
	for i := range out.Request.Imp {
		for at < len(out.Call.Impressions) && out.Call.Impressions[at].ID != out.Request.Imp[i].ID {
			at++
		}
		dst = append(dst, at)
		at++
	}
	return dst
}

// wait returns when every inquiry is settled, at the cutoff, or when ctx ends. Inquiries that are still out then are no
// longer ours.
func (a *ask) wait(ctx context.Context) {
	a.cancelled = false
	if a.pending.Add(-1) == 0 {
		return
	}
	a.timer.Reset(time.Until(a.cutoff))
	select {
	case <-a.done:
		a.timer.Stop()
		return
	case <-a.timer.C:
	case <-ctx.Done():
		a.timer.Stop()
		a.cancelled = true
	}
	reason := ad.Timeout
	if a.cancelled {
		reason = ad.Cancelled
	}
	left := int32(0)
	for i := range a.rows {
		if r := &a.rows[i]; r.inquiry != nil && r.inquiry.abandon() {
			r.inquiry, r.reason = nil, reason
			left++
		}
	}
	if left == 0 || a.pending.Add(-left) != 0 {
		<-a.done // somebody is between settling and counting off
	}
}

// settled counts one inquiry off.
func (a *ask) settled() {
	if a.pending.Add(-1) == 0 {
		a.done <- struct{}{}
	}
}

// release gives everything back.
func (a *ask) release() {
	for i := range a.rows {
		if q := a.rows[i].inquiry; q != nil {
			a.fanout.recycle(q)
		}
	}
	clear(a.rows)
	a.judge = judge{}
	a.fanout.asks.Put(a)
}

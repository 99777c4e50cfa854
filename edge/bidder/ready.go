package bidder

import (
	"bytes"
	"log/slog"
	"sync/atomic"
	"time"

	"curb/edge/ad"
)

// Ready checks: a bidder is asked while the answer of its ready URL holds the character 1, anywhere. One answer without
// it, or three failures in a row, take it out until the next answer that has it.
const (
	// ReadyEveryDefault is the time between two checks of one bidder.
	ReadyEveryDefault = 5 * time.Second
	readyTimeout      = time.Second
	readyFailuresMax  = 3
)

// verdict is what one check says.
type verdict uint8

const (
	readyFailed verdict = iota // no answer, or none with status 200
	readyNo
	readyYes
)

// readiness is the rule above. The zero value is ready: a bidder is not out before it has been asked.
type readiness struct {
	out      bool
	failures int
}

// next takes one verdict in and reports whether the bidder is ready.
func (r *readiness) next(v verdict) bool {
	switch v {
	case readyYes:
		*r = readiness{}
	case readyNo:
		*r = readiness{out: true}
	default:
		if r.failures++; r.failures >= readyFailuresMax {
			r.out = true
		}
	}
	return !r.out
}

// probe is a bidder's ready check. It has an origin of its own, so that bid requests neither delay nor hide it. nil is
// the probe of a bidder without a ready URL: always ready.
type probe struct {
	exchange
	origin *origin
	bidder ad.BidderID
	log    *slog.Logger
	denied bool // the URL may not be called: every check fails

	out  atomic.Bool // the bidder is not ready
	busy atomic.Bool // a check is under way; its goroutine owns state
	// due is when the next check is; of checkReady.
	due   time.Time
	state readiness
}

// newProbe readies the check of a bidder; f.mu is held.
func (f *Fanout) newProbe(b *ad.Bidder) *probe {
	p := &probe{bidder: b.ID, log: f.log}
	t, err := f.target(b.ReadyURL)
	if err != nil {
		p.denied = true
		f.log.Warn("bidder ready URL is not allowed, checks of it fail", "bidder", uint32(b.ID), "url", b.ReadyURL, "reason", err.Error())
	}
	p.owner, p.request = p, readyRequest(t)
	p.origin = f.newOrigin(t, 1, func(ad.Reason) {})
	return p
}

// is reports whether the bidder is ready.
func (p *probe) is() bool { return p == nil || !p.out.Load() }

// check asks once, unless a check is under way.
func (p *probe) check(now time.Time) {
	if !p.busy.CompareAndSwap(false, true) {
		return
	}
	p.begin(now.Add(readyTimeout))
	if p.denied {
		p.fail(ad.EgressDenied)
		return
	}
	p.origin.send(&p.exchange)
}

// received takes the verdict of one check in.
func (p *probe) received() {
	v := readyFailed
	if p.reason == ad.Undecided && p.head.status == 200 && !p.head.unknownCoding && p.head.coding == ad.Plain {
		v = readyNo
		if bytes.IndexByte(p.body, '1') >= 0 {
			v = readyYes
		}
	}
	if ready := p.state.next(v); ready == p.out.Load() {
		p.out.Store(!ready)
		p.log.Info("bidder readiness changed", "bidder", uint32(p.bidder), "ready", ready)
	}
	p.buffer = trimmed(p.buffer)
	p.busy.Store(false)
}

// wakeReady has ready URLs checked that are new.
func (f *Fanout) wakeReady() {
	select {
	case f.newcomer <- struct{}{}:
	default:
	}
}

// checkReady asks all ready URLs in turn, each every Options.ReadyEvery.
func (f *Fanout) checkReady() {
	timer := time.NewTimer(f.options.ReadyEvery)
	defer timer.Stop()
	for {
		select {
		case <-f.ctx.Done():
			return
		case <-f.newcomer:
		case <-timer.C:
		}
		now := time.Now()
		next := now.Add(f.options.ReadyEvery)
		for _, l := range f.board.Load().lines {
			p := l.ready
			if p == nil || !l.bidder.Active {
				continue
			}
			if !now.Before(p.due) {
				p.due = now.Add(f.options.ReadyEvery)
				p.check(now)
			}
			if p.due.Before(next) {
				next = p.due
			}
		}
		timer.Reset(time.Until(next))
	}
}

package bidder

import (
	"sync/atomic"
	"time"

	"github.com/failsafe-go/failsafe-go/circuitbreaker"

	"curb/edge/ad"
)

// When a bidder is left alone, and for how long.
const (
	breakerShare    = 0.5 // of at least breakerCalls within breakerPeriod are failures, or
	breakerCalls    = 20
	breakerPeriod   = 10 * time.Second
	breakerConnects = 5 // attempts to connect fail in a row
	breakerProbes   = 5 // requests of a half-open breaker, breakerGood of which must succeed
	breakerGood     = 3
	breakerDelay    = time.Second // doubled each time it opens again before it has closed
	breakerDelayMax = time.Minute
	breakerJitter   = 0.2
)

// breaker leaves a bidder alone that is broken: it cannot be reached, or what it sends is no answer. Slowness is not its
// business but the throttle's; see RATIONALE.md.
type breaker struct {
	circuit  circuitbreaker.CircuitBreaker[ad.Reason]
	connects atomic.Int32 // failures to connect in a row
	openings atomic.Int32 // since it was last closed
	until    atomic.Int64 // Unix nanoseconds before which it stays open
	// spare is how many probes of a half-open breaker came back without a verdict: their permits are given out again. The
	// circuit itself takes a permit back only together with a verdict.
	spare atomic.Int32
}

// newBreaker calls changed with "open", "half-open" and "closed".
func newBreaker(changed func(state string)) *breaker {
	b := &breaker{}
	b.circuit = circuitbreaker.NewBuilder[ad.Reason]().
		WithFailureRateThreshold(breakerShare, breakerCalls, breakerPeriod).
		WithSuccessThresholdRatio(breakerGood, breakerProbes).
		WithDelay(breakerDelay).WithJitterFactor(breakerJitter).
		OnStateChanged(func(e circuitbreaker.StateChangedEvent) {
			b.spare.Store(0)
			switch e.NewState {
			case circuitbreaker.OpenState:
				wait := min(breakerDelay<<min(b.openings.Add(1)-1, 6), breakerDelayMax)
				if wait > breakerDelay { // the first delay is the circuit's own
					b.until.Store(time.Now().Add(wait).UnixNano())
				}
			case circuitbreaker.ClosedState:
				b.openings.Store(0)
			}
			changed(e.NewState.String())
		}).Build()
	return b
}

// lets reports whether a request may be sent; each that was let must be recorded.
func (b *breaker) lets(now time.Time) bool {
	return now.UnixNano() >= b.until.Load() && (b.circuit.TryAcquirePermit() || b.takeSpare())
}

// stands reports whether it is open and will be a moment longer. Looking takes no permit.
func (b *breaker) stands(now time.Time) bool {
	return now.UnixNano() < b.until.Load() || b.circuit.RemainingDelay() > 0
}

// takeSpare takes a permit that was given back.
func (b *breaker) takeSpare() bool {
	for {
		n := b.spare.Load()
		if n <= 0 {
			return false
		}
		if b.spare.CompareAndSwap(n, n-1) {
			return true
		}
	}
}

// record notes what became of a request. A timeout says nothing while the breaker is closed; of a probe it is a failure.
// A cancelled request says nothing ever.
func (b *breaker) record(reason ad.Reason) {
	switch {
	case reason == ad.Cancelled:
		if b.circuit.IsHalfOpen() {
			b.spare.Add(1)
		}
	case broken(reason):
		b.circuit.RecordFailure()
	case reason != ad.Timeout:
		b.circuit.RecordSuccess()
	case b.circuit.IsHalfOpen():
		b.circuit.RecordFailure()
	}
}

// dialled notes whether a connection could be opened.
func (b *breaker) dialled(reason ad.Reason) {
	if reason == ad.Undecided {
		b.connects.Store(0)
		return
	}
	if b.connects.Add(1) >= breakerConnects && b.circuit.IsClosed() {
		b.connects.Store(0)
		b.circuit.Open()
	}
}

func (b *breaker) state() string { return b.circuit.State().String() }

// broken reports whether an outcome is the bidder's failure.
func broken(reason ad.Reason) bool {
	switch reason {
	case ad.ConnectFailed, ad.TLSFailed, ad.ConnectionLost, ad.EgressDenied, ad.HTTPStatus, ad.Redirected,
		ad.HeaderInvalid, ad.HeaderTooLarge, ad.ResponseTooLarge, ad.ContentEncoding, ad.BodyInvalid, ad.JSONInvalid,
		ad.JSONTooDeep, ad.ResponseInvalid, ad.IDMismatch:
		return true
	}
	return false
}

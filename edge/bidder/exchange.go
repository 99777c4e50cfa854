package bidder

import (
	"sync/atomic"
	"time"

	"curb/edge/ad"
)

// Who an exchange belongs to. It leaves waiting exactly once: its connection is done with it, or its asker stops waiting.
const (
	waiting uint32 = iota
	settled
	abandoned
)

// exchange is one request and what becomes of it. From origin.send until owner.received it belongs to a connection or a
// queue. Then, if settle succeeds, it is the asker's; if the asker had abandoned it, it is its owner's to reuse.
type exchange struct {
	owner    receiver
	request  []byte    // head and body, as sent
	deadline time.Time // nobody waits past it; the connection may linger a little longer

	state atomic.Uint32

	// reason is why there is no answer, or ad.Undecided: then head and body hold one.
	reason  ad.Reason
	head    head
	body    []byte    // as received, part of buffer
	buffer  []byte    // lent to the connection for the next answer, and given back with this one
	ended   time.Time // when the last byte had arrived, or the failure was known
	sent    bool
	silent  bool // of a debug auction: what becomes of it is nobody's record
	retried bool
}

// receiver owns an exchange.
type receiver interface {
	// received is called exactly once for every exchange that was sent, from whatever goroutine was done with it, and
	// must not block.
	received()
}

// begin readies a fresh or reused exchange for sending.
func (x *exchange) begin(deadline time.Time) {
	x.deadline = deadline
	x.reason, x.body, x.ended, x.sent, x.silent, x.retried = ad.Undecided, nil, time.Time{}, false, false, false
	x.state.Store(waiting)
}

// settle hands the exchange to its asker; false: the asker has left.
func (x *exchange) settle() bool { return x.state.CompareAndSwap(waiting, settled) }

// abandon is the asker leaving; false: the exchange was settled just before, and is the asker's.
func (x *exchange) abandon() bool { return x.state.CompareAndSwap(waiting, abandoned) }

// waited reports whether somebody still waits for the exchange.
func (x *exchange) waited() bool { return x.state.Load() == waiting }

// fail ends an exchange without an answer.
func (x *exchange) fail(reason ad.Reason) {
	x.reason, x.ended = reason, time.Now()
	x.owner.received()
}

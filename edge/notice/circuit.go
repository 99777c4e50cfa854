package notice

import (
	"math/rand/v2"
	"time"
)

const (
	// circuitFailures in a row open a circuit.
	circuitFailures = 5
	// circuitFirst is how long it stays open at first; each failed probe doubles that, up to circuitMax.
	circuitFirst = time.Second
	circuitMax   = time.Minute

	// triesMax is how often anything but won is sent, and how often anything is that is answered with 3xx or 4xx.
	triesMax = 3
	// retryFirst and retryMax bound the wait before a retry; it doubles in between. The refused wait longer: what refuses
	// them is a program that has to be repaired or deployed.
	retryFirst   = 500 * time.Millisecond
	retryMax     = time.Minute
	refusedFirst = 10 * time.Second

	// budgetShare is how many first tries pay for one retry; budgetMax bounds what is saved up that way.
	budgetShare = 10
	budgetMax   = 100
	// budgetFloor is how many retries may be made without that, one more each second.
	budgetFloor = 10
)

// circuit keeps a flood from an endpoint that is down: after some failures in a row nothing is sent for a while, then one
// probe.
type circuit struct {
	failures int
	span     time.Duration // that it stays open; 0: never was
	until    time.Time
	probing  bool
}

// open reports whether it holds deliveries back.
func (c *circuit) open() bool { return c.failures >= circuitFailures }

// wait is how long to hold back; 0: go. While a probe is under way that is until its end, which wakes the endpoint.
func (c *circuit) wait(now time.Time) time.Duration {
	switch {
	case !c.open():
		return 0
	case c.probing:
		return forever
	}
	return max(0, c.until.Sub(now))
}

// succeed closes the circuit and reports whether it was open.
func (c *circuit) succeed() bool {
	was := c.open()
	*c = circuit{}
	return was
}

// fail counts one and reports whether that opened the circuit. Of what was under way when it opened only the probe
// counts.
func (c *circuit) fail(probe bool, now time.Time) bool {
	was := c.open()
	if was && !probe {
		return false
	}
	c.failures++
	c.probing = false
	if !c.open() {
		return false
	}
	c.span = min(max(circuitFirst, 2*c.span), circuitMax)
	c.until = now.Add(jitter(c.span))
	return !was
}

// jitter is between half of d and all of it, so that many that failed together do not come back together.
func jitter(d time.Duration) time.Duration { return d/2 + rand.N(d/2+1) }

// backoff is the wait after so many failures: first doubled each time, up to retryMax, jittered.
func backoff(first time.Duration, failures int) time.Duration {
	wait := first
	for i := 1; i < failures && wait < retryMax; i++ {
		wait *= 2
	}
	return jitter(min(wait, retryMax))
}

// budget bounds the retries of what is not won: a share of the first tries, and a floor for those who send little.
type budget struct {
	saved int // in parts of a retry, budgetShare to one
	spent int // of the floor
	since time.Time
}

// first counts a first try.
func (b *budget) first() { b.saved = min(b.saved+1, budgetMax*budgetShare) }

// retry takes one retry; false: there is none left.
func (b *budget) retry(now time.Time) bool {
	if b.saved >= budgetShare {
		b.saved -= budgetShare
		return true
	}
	if back := int(now.Sub(b.since) / time.Second); back > 0 {
		b.spent = max(0, b.spent-back)
		b.since = now
	}
	if b.spent >= budgetFloor {
		return false
	}
	b.spent++
	return true
}

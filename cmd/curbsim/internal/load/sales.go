package load

import (
	"maps"
	"strconv"
	"time"

	"curb/cmd/curbsim/internal/histogram"
	"curb/edge/ad"
)

// Sales are what became of the ads of preemptive tags, once the publisher's ad server had chosen. What a node bills is Accepted,
// and Revenue is the sum of it.
type Sales struct {
	Accepted uint64 `json:"accepted"` // the accept URL answered 200, with an ad
	Own      uint64 `json:"own"`      // the ad server served its own ad
	NoBid    uint64 `json:"no_bid"`   // so it did because the exchange had none
	Never    uint64 `json:"never"`    // it took the exchange's ad and did not call it
	Failed   uint64 `json:"failed"`   // calls whose end was none of these

	Revenue string `json:"revenue"` // sum of the prices of Accepted, CPM, exact
	// Statuses are the answers of accept URLs, which may be called several times for one ad.
	Statuses map[string]uint64 `json:"accept_status"`
	Bills    map[string]uint64 `json:"accept_bills"`  // by X-Curb-Bill, which nodes in lab mode send: first, dup
	Errors   map[string]uint64 `json:"accept_errors"` // of Failed, by cause
	Examples map[string]string `json:"accept_error_examples"`
	Latency  Percentiles       `json:"accept_ms"`
}

// sales is what a tally counts of them.
type sales struct {
	accepted, own, noBid, never uint64
	revenue                     ad.CPM
	statuses                    map[int]uint64
	bills, errors               map[string]uint64
	examples                    map[string]string
	latency                     histogram.Histogram
}

func newSales() sales {
	return sales{statuses: map[int]uint64{}, bills: map[string]uint64{}, errors: map[string]uint64{}, examples: map[string]string{}}
}

// ending is what became of one ad.
type ending uint8

const (
	accepted ending = iota
	ownAd
	noBid
	never
)

func (t *tally) ended(e ending, price ad.CPM) {
	t.mu.Lock()
	defer t.mu.Unlock()
	switch s := &t.sales; e {
	case accepted:
		s.accepted++
		s.revenue += price
	case ownAd:
		s.own++
	case noBid:
		s.noBid++
	case never:
		s.never++
	}
}

// strayed counts an ad that came to no end, by cause.
func (t *tally) strayed(cause, example string) {
	t.mu.Lock()
	defer t.mu.Unlock()
	if _, known := t.sales.errors[cause]; !known && len(t.sales.errors) >= namesMax {
		cause = "other"
	}
	t.sales.errors[cause]++
	if t.sales.examples[cause] == "" {
		t.sales.examples[cause] = example
	}
}

// called counts an answer of an accept URL.
func (t *tally) called(status int, bill string, took time.Duration) {
	t.mu.Lock()
	defer t.mu.Unlock()
	t.sales.statuses[status]++
	t.sales.latency.Record(took)
	if bill == "" {
		return
	}
	if _, known := t.sales.bills[bill]; !known && len(t.sales.bills) >= namesMax {
		bill = "other"
	}
	t.sales.bills[bill]++
}

// merge adds what another tally counted; its lock is held.
func (s *sales) merge(other *sales) {
	s.accepted += other.accepted
	s.own += other.own
	s.noBid += other.noBid
	s.never += other.never
	s.revenue += other.revenue
	s.latency.Merge(&other.latency)
	for status, n := range other.statuses {
		s.statuses[status] += n
	}
	for bill, n := range other.bills {
		s.bills[bill] += n
	}
	for cause, n := range other.errors {
		s.errors[cause] += n
	}
	maps.Copy(s.examples, other.examples)
}

func (s *sales) report() *Sales {
	out := &Sales{Accepted: s.accepted, Own: s.own, NoBid: s.noBid, Never: s.never, Revenue: s.revenue.String(), Statuses: map[string]uint64{},
		Bills: s.bills, Errors: s.errors, Examples: s.examples, Latency: percentiles(&s.latency)}
	for status, n := range s.statuses {
		out.Statuses[strconv.Itoa(status)] = n
	}
	for _, n := range s.errors {
		out.Failed += n
	}
	return out
}

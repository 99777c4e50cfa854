package adserver

import (
	"maps"
	"slices"
	"time"

	"curb/cmd/curbsim/internal/control"
	"curb/edge/ad"
)

// Call is one received ad request.
type Call struct {
	Time     time.Time           `json:"time"`
	Params   map[string][]string `json:"params"`
	Referer  string              `json:"referer,omitempty"`
	Format   string              `json:"format,omitempty"` // redirect, html, js
	Served   string              `json:"served"`           // exchange, own, never, refused, failure
	LineItem string              `json:"line_item,omitempty"`
	Reason   string              `json:"reason"`

	price  ad.CPM
	noBid  bool
	sealed verdict
}

// callsKept is how many calls GET /ctl/stats shows.
const callsKept = 100

// Stats is the document of GET /ctl/stats. Sums of prices are exact, per thousand; money is a thousandth of them.
type Stats struct {
	Requests uint64 `json:"requests"`
	Accepted uint64 `json:"accepted"` // the accept URL was given out
	Own      uint64 `json:"own"`      // own ad served
	NoBid    uint64 `json:"no_bid"`   // of Own: the exchange had no ad
	Never    uint64 `json:"never"`    // the exchange's line item served, and the accept URL was not given out
	Refused  uint64 `json:"refused"`  // requests that made no sense
	Failures uint64 `json:"failures"` // requests answered by the failure set

	Revenue   string            `json:"revenue"` // sum of the prices of Accepted, CPM
	Earned    string            `json:"earned"`  // the money that comes to
	Lines     map[string]uint64 `json:"line_items"`
	RevenueOf map[string]string `json:"revenue_by_line_item"`

	SealedOK  uint64            `json:"sealed_ok"`  // sealed prices that say what stands beside them
	SealedBad uint64            `json:"sealed_bad"` // and those that do not, or that the key does not open
	Callbacks map[string]uint64 `json:"callbacks"`  // calls of accept URLs from here, by status; error: no answer
	Pixels    uint64            `json:"pixels"`     // GET /pixel

	Last  *Call  `json:"last_request"`
	Calls []Call `json:"calls"` // the last 100, oldest first
}

// counts is what requests add up to.
type counts struct {
	Stats   // the counters of it
	revenue map[string]ad.CPM
}

// Stats reads the counters.
func (a *AdServer) Stats() Stats {
	a.mu.Lock()
	defer a.mu.Unlock()
	s := a.counts.Stats
	s.Calls = append([]Call{}, s.Calls...)
	s.Lines, s.Callbacks, s.RevenueOf = map[string]uint64{}, map[string]uint64{}, map[string]string{}
	maps.Copy(s.Lines, a.counts.Lines)
	maps.Copy(s.Callbacks, a.counts.Callbacks)
	var sum ad.CPM
	for name, revenue := range a.counts.revenue {
		s.RevenueOf[name] = revenue.String()
		sum += revenue
	}
	s.Revenue, s.Earned = sum.String(), control.Money(sum)
	if n := len(s.Calls); n > 0 {
		s.Last = &s.Calls[n-1]
	}
	return s
}

func (a *AdServer) clear() {
	a.mu.Lock()
	a.counts = counts{}
	a.mu.Unlock()
}

func (a *AdServer) record(call Call) {
	a.mu.Lock()
	defer a.mu.Unlock()
	c := &a.counts
	c.Requests++
	switch call.Served {
	case "exchange":
		c.Accepted++
		if c.revenue == nil {
			c.revenue = map[string]ad.CPM{}
		}
		c.revenue[call.LineItem] += call.price
	case "own":
		c.Own++
		if call.noBid {
			c.NoBid++
		}
	case "never":
		c.Never++
	case "refused":
		c.Refused++
	case "failure":
		c.Failures++
	}
	switch call.sealed {
	case sealedOK:
		c.SealedOK++
	case sealedBad:
		c.SealedBad++
	}
	if call.LineItem != "" {
		if c.Lines == nil {
			c.Lines = map[string]uint64{}
		}
		c.Lines[call.LineItem]++
	}
	if len(c.Calls) == callsKept {
		c.Calls = slices.Delete(c.Calls, 0, 1)
	}
	c.Calls = append(c.Calls, call)
}

// calledBack counts a call of an accept URL from here.
func (a *AdServer) calledBack(status string) {
	a.mu.Lock()
	defer a.mu.Unlock()
	if a.counts.Callbacks == nil {
		a.counts.Callbacks = map[string]uint64{}
	}
	a.counts.Callbacks[status]++
}

package load

import (
	"strconv"
	"time"

	"curb/cmd/curbsim/internal/histogram"
)

// Report is the result of a run, or of a run so far. Its JSON names are a contract.
type Report struct {
	Target      string   `json:"target"`
	Host        string   `json:"host"`
	Protocol    Protocol `json:"proto"`
	Loop        string   `json:"loop"` // closed or open
	Connections int      `json:"connections"`
	Streams     int      `json:"streams"`
	Rate        float64  `json:"rate"` // asked for; 0 in the closed loop
	Seconds     float64  `json:"seconds"`
	Interrupted bool     `json:"interrupted"`

	Requests   uint64            `json:"requests"` // answered and failed
	Responses  uint64            `json:"responses"`
	Throughput float64           `json:"throughput"` // responses per second
	BytesIn    uint64            `json:"bytes_in"`   // of bodies
	Status     map[string]uint64 `json:"status"`
	Outcomes   map[string]uint64 `json:"outcomes"` // by X-Curb-Outcome
	Versions   map[string]uint64 `json:"versions"` // as the answers say
	Failed     uint64            `json:"failed"`   // transport errors
	Errors     map[string]uint64 `json:"errors"`   // by kind
	Examples   map[string]string `json:"error_examples"`
	// Unsent is how many requests of an open loop were due and never sent, because no stream was free.
	Unsent uint64 `json:"unsent"`

	Sales *Sales `json:"sales,omitempty"` // of preemptive tags

	Latency Percentiles `json:"latency_ms"` // open loop: from when a request was due
	Service Percentiles `json:"service_ms"` // from when it was sent
	Connect Percentiles `json:"connect_ms"`
	Opened  uint64      `json:"connections_opened"`
}

// Percentiles are in milliseconds; all 0 when nothing was measured.
type Percentiles struct {
	Min  float64 `json:"min"`
	Mean float64 `json:"mean"`
	P50  float64 `json:"p50"`
	P90  float64 `json:"p90"`
	P99  float64 `json:"p99"`
	P999 float64 `json:"p999"`
	Max  float64 `json:"max"`
}

// OK is true when there were answers, all of them 2xx or 3xx, no transport error, and no ad came to a bad end.
func (r *Report) OK() bool {
	if r.Failed > 0 || r.Responses == 0 || (r.Sales != nil && r.Sales.Failed > 0) {
		return false
	}
	for status := range r.Status {
		if status[0] != '2' && status[0] != '3' {
			return false
		}
	}
	return true
}

// Unreachable is true when no connection could be opened at all, though nothing was wrong with the target's TLS.
func (r *Report) Unreachable() bool {
	return r.Responses == 0 && r.Failed > 0 && r.Opened == 0 && r.Errors[kindTLS] == 0
}

// report sums up what was counted until now.
func (r *run) report(now time.Time) *Report {
	sum := newTally()
	for _, t := range r.tallies {
		sum.merge(t)
	}
	o := r.options
	rep := &Report{
		Target: r.target.url.String(), Host: r.target.host, Protocol: o.Protocol, Loop: "closed", Connections: o.Connections,
		Streams: o.Streams, Rate: o.Rate, Seconds: max(now.Sub(r.schedule.start).Seconds(), 0),
		Responses: sum.latency.Count(), BytesIn: sum.bytes, Status: map[string]uint64{}, Outcomes: sum.outcomes,
		Versions: sum.versions, Errors: sum.errors, Examples: sum.examples, Latency: percentiles(&sum.latency),
		Service: percentiles(&sum.service), Connect: percentiles(&sum.connect), Opened: sum.connect.Count(),
	}
	if o.Mode != Plain {
		rep.Sales = sum.sales.report()
	}
	for status, n := range sum.status {
		rep.Status[strconv.Itoa(status)] = n
	}
	for _, n := range sum.errors {
		rep.Failed += n
	}
	rep.Requests = rep.Responses + rep.Failed
	if rep.Seconds > 0 {
		rep.Throughput = float64(rep.Responses) / rep.Seconds
	}
	if o.Rate > 0 {
		rep.Loop = "open"
		if planned, drawn := r.schedule.planned(now), r.schedule.counted.Load(); planned > drawn {
			rep.Unsent = planned - drawn
		}
	}
	return rep
}

func percentiles(h *histogram.Histogram) Percentiles {
	ms := func(d time.Duration) float64 { return float64(d.Microseconds()) / 1000 }
	return Percentiles{
		Min: ms(h.Min()), Mean: ms(h.Mean()), P50: ms(h.Quantile(.5)), P90: ms(h.Quantile(.9)), P99: ms(h.Quantile(.99)),
		P999: ms(h.Quantile(.999)), Max: ms(h.Max()),
	}
}

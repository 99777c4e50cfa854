package metrics

import (
	"net/http"
	"sync"
	"time"

	"github.com/prometheus/client_golang/prometheus"
	"github.com/prometheus/client_golang/prometheus/collectors"
	"github.com/prometheus/client_golang/prometheus/promhttp"

	"curb/edge/ad"
)

// Registry holds every metric of one node.
type Registry struct {
	registry *prometheus.Registry
	calls    map[string]prometheus.Counter // by outcome
	duration prometheus.Histogram
	bids     []prometheus.Counter // by ad.Reason
	asked    *prometheus.CounterVec
	latency  *prometheus.HistogramVec
	bidders  sync.Map // bidder name → *bidderMetrics
}

// bidderMetrics are the children of one bidder, resolved once: resolving labels per call costs more than counting.
type bidderMetrics struct {
	asked   []prometheus.Counter // by ad.Reason
	latency prometheus.Observer
}

// latencyBuckets are seconds, dense where deadlines are set and densest around the default of 150 ms.
var latencyBuckets = []float64{.001, .0025, .005, .01, .02, .03, .05, .075, .1, .125, .145, .15, .155, .16, .175, .2, .3, .45, 1}

// New makes an empty registry. Outcomes is the closed list of outcomes that CountCall may be given.
func New(outcomes ...string) *Registry {
	r := &Registry{registry: prometheus.NewRegistry(), calls: map[string]prometheus.Counter{}}
	r.registry.MustRegister(collectors.NewGoCollector(), processMetrics{collectors.NewProcessCollector(collectors.ProcessCollectorOpts{})})
	calls := r.counterVec("curb_adcall_impressions_total", "Impressions answered, by what they were answered with.", "outcome")
	for _, outcome := range outcomes {
		r.calls[outcome] = calls.WithLabelValues(outcome)
	}
	r.duration = prometheus.NewHistogram(prometheus.HistogramOpts{Name: "curb_adcall_duration_seconds",
		Help: "Time from the last byte of an ad call to its decision.", Buckets: latencyBuckets})
	r.registry.MustRegister(r.duration)
	bids := r.counterVec("curb_auction_bids_total", "Bids judged, by what became of them.", "reason")
	for _, reason := range ad.Reasons() {
		r.bids = append(r.bids, bids.WithLabelValues(reason.String()))
	}
	r.asked = r.counterVec("curb_bidder_requests_total", "Bidders considered for a call, by what became of asking them; answered means bids came back.", "bidder", "reason")
	r.latency = prometheus.NewHistogramVec(prometheus.HistogramOpts{Name: "curb_bidder_duration_seconds",
		Help: "Time from the call-out to a bidder's answer or to giving up.", Buckets: latencyBuckets}, []string{"bidder"})
	r.registry.MustRegister(r.latency)
	return r
}

func (r *Registry) counterVec(name, help string, labels ...string) *prometheus.CounterVec {
	vec := prometheus.NewCounterVec(prometheus.CounterOpts{Name: name, Help: help}, labels)
	r.registry.MustRegister(vec)
	return vec
}

// CountImpression counts one answered impression. An outcome that New was not given is not counted.
func (r *Registry) CountImpression(outcome string) {
	if c := r.calls[outcome]; c != nil {
		c.Inc()
	}
}

// ObserveCall records how long a call took to decide.
func (r *Registry) ObserveCall(d time.Duration) { r.duration.Observe(d.Seconds()) }

// CountBid counts one judged bid.
func (r *Registry) CountBid(reason ad.Reason) { r.bids[reason].Inc() }

// CountAsked counts what became of asking one bidder.
func (r *Registry) CountAsked(asked *ad.Asked) {
	m := r.bidder(asked.Bidder.Name)
	m.asked[asked.Reason].Inc()
	if asked.Micros > 0 {
		m.latency.Observe(float64(asked.Micros) / 1e6)
	}
}

func (r *Registry) bidder(name string) *bidderMetrics {
	if m, ok := r.bidders.Load(name); ok {
		return m.(*bidderMetrics)
	}
	m := &bidderMetrics{latency: r.latency.WithLabelValues(name)}
	for _, reason := range ad.Reasons() {
		text := reason.String()
		if reason == ad.Undecided {
			text = "answered"
		}
		m.asked = append(m.asked, r.asked.WithLabelValues(name, text))
	}
	kept, _ := r.bidders.LoadOrStore(name, m)
	return kept.(*bidderMetrics)
}

// Counter shows a counter that somebody else keeps. Labels are name, value pairs.
func (r *Registry) Counter(name, help string, read func() float64, labels ...string) {
	r.registry.MustRegister(prometheus.NewCounterFunc(prometheus.CounterOpts{Name: name, Help: help, ConstLabels: pairs(labels)}, read))
}

// Gauge shows a value that somebody else keeps. Labels are name, value pairs.
func (r *Registry) Gauge(name, help string, read func() float64, labels ...string) {
	r.registry.MustRegister(prometheus.NewGaugeFunc(prometheus.GaugeOpts{Name: name, Help: help, ConstLabels: pairs(labels)}, read))
}

func pairs(labels []string) prometheus.Labels {
	set := prometheus.Labels{}
	for i := 0; i+1 < len(labels); i += 2 {
		set[labels[i]] = labels[i+1]
	}
	return set
}

// Handler serves the metrics page.
func (r *Registry) Handler() http.Handler {
	return promhttp.HandlerFor(r.registry, promhttp.HandlerOpts{MaxRequestsInFlight: 4, Timeout: 10 * time.Second})
}

package metrics

import (
	"strings"

	"github.com/prometheus/client_golang/prometheus"
)

// processMetrics are the process collector's, without its network counters: those count the machine's whole network
// namespace and would be read as this node's.
type processMetrics struct{ prometheus.Collector }

// Collect passes on what is about this process.
func (p processMetrics) Collect(out chan<- prometheus.Metric) {
	all := make(chan prometheus.Metric)
	go func() {
		p.Collector.Collect(all)
		close(all)
	}()
	for m := range all {
		if !strings.Contains(m.Desc().String(), "process_network_") {
			out <- m
		}
	}
}

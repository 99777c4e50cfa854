package node

import "curb/edge/server/transport"

// watchCounters shows what the listeners count on the metrics page.
func (n *Node) watchCounters() {
	// sum adds up what one counter says of a protocol on every door.
	sum := func(of func(transport.Stats) transport.ProtocolStats, count func(transport.ProtocolStats) float64) func() float64 {
		return func() (total float64) {
			for _, door := range n.doors {
				total += count(of(door.Stats()))
			}
			return total
		}
	}
	protocols := map[string]func(transport.Stats) transport.ProtocolStats{
		"http/1.1": func(s transport.Stats) transport.ProtocolStats { return s.H1 },
		"h2":       func(s transport.Stats) transport.ProtocolStats { return s.H2 },
		"h3":       func(s transport.Stats) transport.ProtocolStats { return s.H3 },
	}
	for name, of := range protocols {
		n.metrics.Counter("curb_transport_requests_total", "Requests, the refused ones included.",
			sum(of, func(s transport.ProtocolStats) float64 { return float64(s.Requests) }), "protocol", name)
		n.metrics.Counter("curb_transport_connections_total", "Connections that reached the protocol.",
			sum(of, func(s transport.ProtocolStats) float64 { return float64(s.Connections) }), "protocol", name)
		n.metrics.Gauge("curb_transport_connections_open", "Connections there now.",
			sum(of, func(s transport.ProtocolStats) float64 { return float64(s.Open) }), "protocol", name)
		n.metrics.Gauge("curb_transport_requests_in_flight", "Requests being answered now.",
			sum(of, func(s transport.ProtocolStats) float64 { return float64(s.InFlight) }), "protocol", name)
		n.metrics.Counter("curb_transport_refused_total", "Requests that were answered with an error before any handler saw them.",
			sum(of, func(s transport.ProtocolStats) float64 { return total(s.Refused) }), "protocol", name)
		n.metrics.Counter("curb_transport_cut_total", "Connections closed for what the client did.",
			sum(of, func(s transport.ProtocolStats) float64 { return total(s.Cut) }), "protocol", name)
	}
	n.metrics.Counter("curb_transport_panics_total", "Handlers that panicked and were answered for.",
		n.sum(func(s transport.Stats) uint64 { return s.Panics }))
	n.metrics.Counter("curb_transport_handshakes_failed_total", "TCP connections that ended inside TLS.",
		n.sum(func(s transport.Stats) uint64 { return s.HandshakeFailed }))
	n.metrics.Gauge("curb_node_lab_mode", "1 while plain http to loopback is allowed.",
		func() float64 {
			if n.config.Lab {
				return 1
			}
			return 0
		})
}

// sum adds up a counter over the doors.
func (n *Node) sum(of func(transport.Stats) uint64) func() float64 {
	return func() (total float64) {
		for _, door := range n.doors {
			total += float64(of(door.Stats()))
		}
		return total
	}
}

func total(by map[string]uint64) float64 {
	var sum uint64
	for _, n := range by {
		sum += n
	}
	return float64(sum)
}

package node

import "curb/edge/server/transport"

// watchCounters shows what the listeners count on the metrics page.
func (n *Node) watchCounters() {
	protocols := map[string]func(transport.Stats) transport.ProtocolStats{
		"http/1.1": func(s transport.Stats) transport.ProtocolStats { return s.H1 },
		"h2":       func(s transport.Stats) transport.ProtocolStats { return s.H2 },
		"h3":       func(s transport.Stats) transport.ProtocolStats { return s.H3 },
	}
	for name, of := range protocols {
		read := func() transport.ProtocolStats { return of(n.transport.Stats()) }
		n.metrics.Counter("curb_transport_requests_total", "Requests, the refused ones included.",
			func() float64 { return float64(read().Requests) }, "protocol", name)
		n.metrics.Counter("curb_transport_connections_total", "Connections that reached the protocol.",
			func() float64 { return float64(read().Connections) }, "protocol", name)
		n.metrics.Gauge("curb_transport_connections_open", "Connections there now.",
			func() float64 { return float64(read().Open) }, "protocol", name)
		n.metrics.Gauge("curb_transport_requests_in_flight", "Requests being answered now.",
			func() float64 { return float64(read().InFlight) }, "protocol", name)
		n.metrics.Counter("curb_transport_refused_total", "Requests that were answered with an error before any handler saw them.",
			func() float64 { return total(read().Refused) }, "protocol", name)
		n.metrics.Counter("curb_transport_cut_total", "Connections closed for what the client did.",
			func() float64 { return total(read().Cut) }, "protocol", name)
	}
	n.metrics.Counter("curb_transport_panics_total", "Handlers that panicked and were answered for.",
		func() float64 { return float64(n.transport.Stats().Panics) })
	n.metrics.Counter("curb_transport_handshakes_failed_total", "TCP connections that ended inside TLS.",
		func() float64 { return float64(n.transport.Stats().HandshakeFailed) })
	n.metrics.Gauge("curb_node_lab_mode", "1 while plain http to loopback is allowed.",
		func() float64 {
			if n.config.Lab {
				return 1
			}
			return 0
		})
}

func total(by map[string]uint64) float64 {
	var sum uint64
	for _, n := range by {
		sum += n
	}
	return float64(sum)
}

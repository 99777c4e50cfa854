package transport

// Stats are counters since Listen, by protocol.
type Stats struct {
	H1, H2, H3 ProtocolStats
	// AcceptRefused counts TCP connections closed at accept, over the caps.
	AcceptRefused uint64
	// HandshakeFailed counts TCP connections that ended inside TLS: time-outs, unknown names, noise.
	HandshakeFailed uint64
	// QUICRefused counts QUIC connection attempts refused over the caps.
	QUICRefused uint64
	// QUICRetried counts those asked to prove their address first.
	QUICRetried uint64
	// Panics counts handler panics.
	Panics uint64
}

// ProtocolStats are the counters of one protocol.
type ProtocolStats struct {
	// Connections counts connections that reached the protocol; Open are those there now.
	Connections uint64
	Open        int64
	// Requests counts all, the refused ones included; InFlight are those being answered now.
	Requests uint64
	InFlight int64
	// Early counts requests that arrived in 0-RTT data.
	Early uint64
	// Refused counts answers of this package by code (X-Curb-Error).
	Refused map[string]uint64
	// Cut counts connections closed for what the client did: calm (floods and resets), timeout, protocol.
	Cut map[string]uint64
}

package transport

import (
	"crypto/tls"
	"errors"
	"fmt"
	"log/slog"
	"net/http"
	"time"

	"curb/edge/ad"
)

// What a node that serves this transport should set once at start: fewer collections cost 13 % less CPU per HTTP/3
// request, and a memory limit keeps that safe.
const (
	// GCPercent is for debug.SetGCPercent (GOGC).
	GCPercent = 400
	// MemoryLimitPercent is the share of the machine's or cgroup's memory for debug.SetMemoryLimit (GOMEMLIMIT).
	MemoryLimitPercent = 80
)

// Hosts says whose host a name is. It is asked once per request, so it answers from memory and does not allocate.
type Hosts interface {
	// Tenant gives the owner of a normalised host (see NormalizeHost), and whether it is registered.
	Tenant(host string) (id uint32, ok bool)
}

// Certificates gives the certificate to show. It is asked inside handshakes, so it answers from memory, or by signing
// locally; it never waits for a network.
type Certificates interface {
	// Certificate returns the certificate for a normalised server name; "" means that the client named none and wants the
	// node's own. nil without an error refuses the handshake as unrecognized_name. Leaf must be set, and the key ECDSA.
	Certificate(serverName string) (*tls.Certificate, error)
}

// Options says what to serve, and where.
type Options struct {
	// Addr is where to listen, host:port, for TCP and UDP alike. Port 0 takes one that is free on both. A concrete IP
	// saves the kernel work per packet; no host is every address; localhost is 127.0.0.1 and ::1 on one port.
	Addr string
	// PublicPort is the port clients use, where it differs from the listening one: it goes into Alt-Svc, and a Host may
	// name it, as it may name 443, the default of https. 0 means the listening port.
	PublicPort int
	// Handler answers what passes the door.
	Handler http.Handler
	// Own are the node's own hosts: names, IP literals (IPv6 with or without brackets) and localhost. They are served with
	// and without SNI.
	Own []string
	// Hosts knows the tenants' hosts; nil means that there are none.
	Hosts Hosts
	// Certificates shows certificates for Own and tenants.
	Certificates Certificates
	// KeysDir keeps stateless-reset, token and ticket keys, mode 0600. Empty keeps them in memory: clients then notice a
	// restart.
	KeysDir string
	// EarlyPaths are the exact paths that may be answered from 0-RTT data, which an attacker can replay. Only what has no
	// side effect belongs here.
	EarlyPaths []string
	// ProblemPaths are the exact paths whose refusals have an application/problem+json body (RFC 9457). HTTP/1.1 and
	// HTTP/3 heads that are refused before their path is known have none.
	ProblemPaths []string
	// Limits bounds everything from outside; fields that are zero take the value of DefaultLimits.
	Limits Limits
	// Logger hears of state changes, never of requests; nil is silent.
	Logger *slog.Logger
}

// Limits bounds what clients may do. Zero fields mean the default, named in the comment.
type Limits struct {
	MethodBytes  int // 32; past it 400 method_invalid
	TargetBytes  int // 8 KiB of path and query; past it 414 target_too_long
	HeaderBytes  int // 16 KiB: names, values and 4 bytes per field; past it 431 header_too_large
	HeaderFields int // 64, Host included; past it 431
	CookieBytes  int // 8 KiB; past it 431
	BodyBytes    int // 128 KiB as sent; past it 413 body_too_large

	Handshake  time.Duration // 3 s for TLS, both transports
	HeaderRead time.Duration // 2 s from the first byte of a request to the last of its header; then 408 or a reset
	BodyRead   time.Duration // 2 s from there to the end of its body; then 408 timeout
	Write      time.Duration // 2 s for an answer to leave, from its first byte; then the connection or stream is cut (HTTP/2: see tcp.go)
	Idle       time.Duration // 15 s without a request; then closed

	H2Streams    int // 64 at a time per connection
	H3Streams    int // 32
	H3UniStreams int // 8

	Requests    int           // 10,000 per connection; then Connection: close or GOAWAY
	Resets      int           // 100 streams cancelled within ResetWindow; then ENHANCE_YOUR_CALM or H3_EXCESSIVE_LOAD
	ResetWindow time.Duration // 10 s

	Connections       int // 8,000 per transport (TCP, UDP); then closed at accept, or CONNECTION_REFUSED
	ConnectionsPerNet int // 200 of those per /24 or /56

	Handshakes         int // 1,000 QUIC handshakes in flight; then CONNECTION_REFUSED
	HandshakesVerified int // 500 in flight; past it clients prove their address first (Retry)
	HandshakeRate      int // 200 new QUIC connections per second; past it Retry

	ConnectionAge time.Duration // 10 min, then GOAWAY: bounds whatever a QUIC connection may hold on to
	DrainGrace    time.Duration // 1 s that connections without a request stay open while draining, so that none is cut mid-air

	StreamWindow     int // 64 KiB receive window of a stream
	ConnectionWindow int // 256 KiB receive window of a connection
}

// DefaultLimits returns the limits of the public listener.
func DefaultLimits() Limits {
	return Limits{
		MethodBytes: 32, TargetBytes: ad.TargetBytesMax, HeaderBytes: ad.HeaderBytesMax, HeaderFields: ad.HeaderFieldsMax,
		CookieBytes: ad.CookieBytesMax, BodyBytes: ad.BodyBytesMax,
		Handshake: 3 * time.Second, HeaderRead: 2 * time.Second, BodyRead: 2 * time.Second, Write: 2 * time.Second, Idle: 15 * time.Second,
		H2Streams: 64, H3Streams: 32, H3UniStreams: 8,
		Requests: 10_000, Resets: 100, ResetWindow: 10 * time.Second,
		Connections: 8_000, ConnectionsPerNet: 200,
		Handshakes: 1_000, HandshakesVerified: 500, HandshakeRate: 200,
		ConnectionAge: 10 * time.Minute, DrainGrace: time.Second,
		StreamWindow: 64 << 10, ConnectionWindow: 256 << 10,
	}
}

// withDefaults fills the zero fields.
func (l Limits) withDefaults() Limits {
	d := DefaultLimits()
	for _, f := range []struct {
		have    *int
		standin int
	}{
		{&l.MethodBytes, d.MethodBytes}, {&l.TargetBytes, d.TargetBytes}, {&l.HeaderBytes, d.HeaderBytes}, {&l.HeaderFields, d.HeaderFields},
		{&l.CookieBytes, d.CookieBytes}, {&l.BodyBytes, d.BodyBytes}, {&l.H2Streams, d.H2Streams}, {&l.H3Streams, d.H3Streams},
		{&l.H3UniStreams, d.H3UniStreams}, {&l.Requests, d.Requests}, {&l.Resets, d.Resets}, {&l.Connections, d.Connections},
		{&l.ConnectionsPerNet, d.ConnectionsPerNet}, {&l.Handshakes, d.Handshakes}, {&l.HandshakesVerified, d.HandshakesVerified},
		{&l.HandshakeRate, d.HandshakeRate}, {&l.StreamWindow, d.StreamWindow}, {&l.ConnectionWindow, d.ConnectionWindow},
	} {
		if *f.have <= 0 {
			*f.have = f.standin
		}
	}
	for _, f := range []struct {
		have    *time.Duration
		standin time.Duration
	}{
		{&l.Handshake, d.Handshake}, {&l.HeaderRead, d.HeaderRead}, {&l.BodyRead, d.BodyRead}, {&l.Write, d.Write}, {&l.Idle, d.Idle},
		{&l.ResetWindow, d.ResetWindow}, {&l.ConnectionAge, d.ConnectionAge}, {&l.DrainGrace, d.DrainGrace},
	} {
		if *f.have <= 0 {
			*f.have = f.standin
		}
	}
	return l
}

// validate returns everything that is wrong with the options.
func (o *Options) validate() error {
	var faults []error
	if o.Handler == nil {
		faults = append(faults, errors.New("listen: no handler"))
	}
	if o.Certificates == nil {
		faults = append(faults, errors.New("listen: no certificates: name certificate files, or use the local CA"))
	}
	if o.PublicPort < 0 || o.PublicPort > 65535 {
		faults = append(faults, fmt.Errorf("listen: public port %d is not a port (0 to 65535)", o.PublicPort))
	}
	for _, raw := range o.Own {
		if _, err := ownHost(raw); err != nil {
			faults = append(faults, fmt.Errorf("listen: own host %q: %w; write it as a client would, without scheme or port", raw, err))
		}
	}
	return errors.Join(faults...)
}

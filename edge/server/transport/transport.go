package transport

import (
	"context"
	"crypto/tls"
	"errors"
	"fmt"
	"log/slog"
	"net"
	"net/http"
	"net/netip"
	"strconv"
	"sync"
	"sync/atomic"
	"time"
)

// side is what listens on one socket.
type side interface {
	serve()                      // until nothing is accepted any more
	drain(context.Context) error // returns when every connection has ended
	closeAll()                   // ends every connection at once, and waits for serve and for them
}

// Transport listens on one port number, TCP and UDP, and serves one handler over three protocols.
type Transport struct {
	limits       Limits
	handler      http.Handler
	own          map[string]bool
	hosts        Hosts
	certificates Certificates
	early        map[string]bool
	problem      map[string]bool
	logger       *slog.Logger
	addr         netip.AddrPort
	publicPort   int

	keys     *keys
	sides    []side // two per address
	tcpGate  *gate
	udpGate  *gate
	governor governor
	tcpTLS   *tls.Config
	quicTLS  *tls.Config
	h3Offer  []string // Alt-Svc

	counters                                                         [protocols]counters
	acceptRefused, handshakeFailed, quicRefused, quicRetried, panics atomic.Uint64
	panicLogged, certificateLogged                                   everySecond
	date                                                             atomic.Pointer[dateText]

	draining atomic.Bool
	mu       sync.Mutex // guards served and closed
	served   bool
	closed   chan struct{} // when Close begins
	finished chan struct{} // when it ends
	wg       sync.WaitGroup
}

// Listen opens the sockets, reads or makes the keys, and checks that the node's own certificate is there. Clients may
// connect from here on; they are answered once Serve runs.
func Listen(o Options) (*Transport, error) {
	if err := o.validate(); err != nil {
		return nil, err
	}
	t := &Transport{limits: o.Limits.withDefaults(), handler: o.Handler, own: map[string]bool{}, hosts: o.Hosts, certificates: o.Certificates,
		early: map[string]bool{}, problem: map[string]bool{}, logger: o.Logger, publicPort: o.PublicPort,
		closed: make(chan struct{}), finished: make(chan struct{})}
	if t.logger == nil {
		t.logger = slog.New(slog.DiscardHandler)
	}
	for _, raw := range o.Own {
		host, _ := ownHost(raw) // validate has read it
		t.own[host] = true
	}
	for _, path := range o.EarlyPaths {
		t.early[path] = true
	}
	for _, path := range o.ProblemPaths {
		t.problem[path] = true
	}
	l := &t.limits
	t.tcpGate, t.udpGate = newGate(l.Connections, l.ConnectionsPerNet), newGate(l.Connections, l.ConnectionsPerNet)
	t.governor = governor{handshakes: l.Handshakes, verified: l.HandshakesVerified, rate: l.HandshakeRate}
	if err := t.prepareTLS(o.KeysDir); err != nil {
		return nil, fmt.Errorf("listen: %w", err)
	}
	pairs, err := openPairs(o.Addr)
	if err != nil {
		return nil, err
	}
	if err := t.take(pairs); err != nil {
		return nil, errors.Join(fmt.Errorf("listen on %s: %w", o.Addr, err), t.Close(), closePairs(pairs))
	}
	return t, nil
}

// take makes sides of sockets.
func (t *Transport) take(pairs []pair) error {
	t.addr = pairs[0].tcp.Addr().(*net.TCPAddr).AddrPort()
	if t.publicPort == 0 {
		t.publicPort = int(t.addr.Port())
	}
	t.h3Offer = []string{`h3=":` + strconv.Itoa(t.publicPort) + `"; ma=86400`}
	for _, p := range pairs {
		tcp, err := newTCPSide(t, p.tcp)
		if err != nil {
			return err
		}
		t.sides = append(t.sides, tcp)
		udp, err := newQUICSide(t, p.udp)
		if err != nil {
			return err
		}
		t.sides = append(t.sides, udp)
		t.checkBuffers(p.udp)
	}
	return nil
}

// Addr is the address the sockets are bound to; the IPv4 one, where localhost was asked for.
func (t *Transport) Addr() netip.AddrPort { return t.addr }

// Serve answers until Drain or Close is done, and returns nil then. It is called once.
func (t *Transport) Serve() error {
	t.mu.Lock()
	switch {
	case t.isClosed() || t.draining.Load():
		t.mu.Unlock()
		<-t.finished
		return nil
	case t.served:
		t.mu.Unlock()
		return errors.New("serve: the transport serves already")
	}
	t.start()
	t.wg.Go(t.rotateKeys)
	t.mu.Unlock()
	t.logger.Info("serving", "addr", t.addr.String(), "public port", t.publicPort, "protocols", "h3 h2 http/1.1")
	t.wg.Wait()
	return nil
}

// Drain ends the service without failing a request: nothing new is accepted, clients are told to go (GOAWAY, Connection:
// close, Alt-Svc: clear), requests in flight are answered, and connections end. When ctx ends first, what is left is cut
// and the error says so.
func (t *Transport) Drain(ctx context.Context) error {
	if t.draining.Swap(true) {
		return errors.New("drain: the transport drains already")
	}
	t.logger.Info("draining", "addr", t.addr.String())
	t.startAccepting()
	faults := make([]error, len(t.sides))
	var draining sync.WaitGroup
	for i, s := range t.sides {
		draining.Go(func() { faults[i] = s.drain(ctx) })
	}
	draining.Wait()
	cut := t.counters[protocolH1].inFlight.Load() + t.counters[protocolH2].inFlight.Load() + t.counters[protocolH3].inFlight.Load()
	err := t.Close()
	if late := errors.Join(faults...); late != nil {
		return fmt.Errorf("drain: %d requests in flight were cut: %w", cut, errors.Join(ctx.Err(), err))
	}
	return err
}

// Close ends everything at once and waits for it. It may be called more than once.
func (t *Transport) Close() error {
	t.startAccepting()
	t.mu.Lock()
	first := !t.isClosed()
	if first {
		close(t.closed)
	}
	t.mu.Unlock()
	if !first {
		<-t.finished
		return nil
	}
	t.draining.Store(true)
	var closing sync.WaitGroup
	for _, s := range t.sides {
		closing.Go(s.closeAll)
	}
	closing.Wait()
	t.wg.Wait()
	close(t.finished)
	t.logger.Info("closed", "addr", t.addr.String())
	return nil
}

// startAccepting stands in for a Serve that was never called: closing waits for its loops.
func (t *Transport) startAccepting() {
	t.mu.Lock()
	defer t.mu.Unlock()
	if !t.served {
		t.start()
	}
}

// start runs the loops. It is called with mu held.
func (t *Transport) start() {
	t.served = true
	for _, s := range t.sides {
		t.wg.Go(s.serve)
	}
}

func (t *Transport) isClosed() bool {
	select {
	case <-t.closed:
		return true
	default:
		return false
	}
}

// rotateKeys gives TLS a new ticket key in time.
func (t *Transport) rotateKeys() {
	tick := time.NewTicker(ticketKeyAge / 12)
	defer tick.Stop()
	for {
		select {
		case now := <-tick.C:
			changed, err := t.keys.rotate(now)
			if err != nil {
				t.logger.Warn("session ticket keys are not rotated", "error", err)
			} else if changed {
				t.tcpTLS.SetSessionTicketKeys(t.keys.sessionKeys())
				t.quicTLS.SetSessionTicketKeys(t.keys.sessionKeys())
			}
		case <-t.closed:
			return
		}
	}
}

// Stats returns the counters.
func (t *Transport) Stats() Stats {
	return Stats{
		H1: t.counters[protocolH1].stats(), H2: t.counters[protocolH2].stats(), H3: t.counters[protocolH3].stats(),
		AcceptRefused: t.acceptRefused.Load(), HandshakeFailed: t.handshakeFailed.Load(),
		QUICRefused: t.quicRefused.Load(), QUICRetried: t.quicRetried.Load(), Panics: t.panics.Load(),
	}
}

// idle is how long a connection may stay without a request.
func (t *Transport) idle() time.Duration {
	if t.draining.Load() {
		return min(t.limits.DrainGrace, t.limits.Idle)
	}
	return t.limits.Idle
}

// everySecond keeps a log readable when something goes wrong for every request.
type everySecond struct{ second atomic.Int64 }

func (e *everySecond) allow() bool {
	now := time.Now().Unix()
	last := e.second.Load()
	return last != now && e.second.CompareAndSwap(last, now)
}

// altSvc is the offer of HTTP/3 that answers over TCP carry (RFC 7838 §3), or its end.
func (t *Transport) altSvc() []string {
	if t.draining.Load() {
		return valueClear
	}
	return t.h3Offer
}

// dateText is the Date of one second.
type dateText struct {
	second int64
	value  []string
}

// dateValue formats Date once a second.
func (t *Transport) dateValue(now time.Time) []string {
	if d := t.date.Load(); d != nil && d.second == now.Unix() {
		return d.value
	}
	d := &dateText{now.Unix(), []string{now.UTC().Format(http.TimeFormat)}}
	t.date.Store(d)
	return d.value
}

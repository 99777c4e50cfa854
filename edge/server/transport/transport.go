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

// Transport listens on one port number, TCP and UDP, and serves one handler over three protocols.
type Transport struct {
	limits       Limits
	handler      http.Handler
	own          map[string]bool
	hosts        Hosts
	certificates Certificates
	early        map[string]bool
	logger       *slog.Logger
	addr         netip.AddrPort
	publicPort   int

	keys    *keys
	tcp     *tcpSide
	udp     *quicSide
	tcpTLS  *tls.Config
	quicTLS *tls.Config
	h3Offer []string // Alt-Svc

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

// Listen opens both sockets, reads or makes the keys, and checks that the node's own certificate is there. Clients may
// connect from here on; they are answered once Serve runs.
func Listen(o Options) (*Transport, error) {
	if err := o.validate(); err != nil {
		return nil, err
	}
	t := &Transport{limits: o.Limits.withDefaults(), handler: o.Handler, own: map[string]bool{}, hosts: o.Hosts, certificates: o.Certificates,
		early: map[string]bool{}, logger: o.Logger, closed: make(chan struct{}), finished: make(chan struct{})}
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
	var err error
	if t.keys, err = openKeys(o.KeysDir, time.Now()); err != nil {
		return nil, fmt.Errorf("listen: %w", err)
	}
	t.tcpTLS, t.quicTLS = t.tlsConfig(tls.VersionTLS12, "h2", "http/1.1"), t.tlsConfig(tls.VersionTLS13, "h3")
	tcp, udp, err := openPair(o.Addr)
	if err != nil {
		return nil, err
	}
	t.addr = tcp.Addr().(*net.TCPAddr).AddrPort()
	t.publicPort = o.PublicPort
	if t.publicPort == 0 {
		t.publicPort = int(t.addr.Port())
	}
	t.h3Offer = []string{`h3=":` + strconv.Itoa(t.publicPort) + `"; ma=86400`}
	t.tcp, err = newTCPSide(t, tcp)
	if err == nil {
		t.udp, err = newQUICSide(t, udp)
	}
	if err != nil {
		return nil, errors.Join(fmt.Errorf("listen on %s: %w", t.addr, err), tcp.Close(), udp.Close())
	}
	t.checkBuffers(udp)
	return t, nil
}

// Addr is the address both sockets are bound to.
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
	t.served = true
	t.wg.Go(t.tcp.serve)
	t.wg.Go(func() { t.tcp.h1.Serve(t.tcp.h1In) })
	t.wg.Go(t.udp.serve)
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
	var tcpErr, udpErr error
	var sides sync.WaitGroup
	sides.Go(func() { tcpErr = t.tcp.drain(ctx) })
	sides.Go(func() { udpErr = t.udp.drain(ctx) })
	sides.Wait()
	cut := t.counters[protocolH1].inFlight.Load() + t.counters[protocolH2].inFlight.Load() + t.counters[protocolH3].inFlight.Load()
	err := t.Close()
	if tcpErr != nil || udpErr != nil {
		return fmt.Errorf("drain: %d requests in flight were cut: %w", cut, errors.Join(tcpErr, udpErr, err))
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
	var sides sync.WaitGroup
	sides.Go(t.tcp.closeAll)
	sides.Go(t.udp.closeAll)
	sides.Wait()
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
		t.served = true
		t.wg.Go(t.tcp.serve)
		t.wg.Go(t.udp.serve)
		t.wg.Go(func() { t.tcp.h1.Serve(t.tcp.h1In) })
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

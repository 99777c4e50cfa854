package transport

import (
	"context"
	"crypto/tls"
	"net/http"
	"sync/atomic"
)

// protocol is one of the three.
type protocol uint8

const (
	protocolH1 protocol = iota
	protocolH2
	protocolH3
	protocols // how many there are
)

// cut says why a connection was closed for what its client did.
type cut uint8

const (
	cutCalm     cut = iota // floods and resets
	cutTimeout             // too slow
	cutProtocol            // not the protocol
	cuts                   // how many there are
)

// cutNames are the keys of ProtocolStats.Cut.
var cutNames = [cuts]string{cutCalm: "calm", cutTimeout: "timeout", cutProtocol: "protocol"}

// counters are those of one protocol.
type counters struct {
	connections, requests, early atomic.Uint64
	open, inFlight               atomic.Int64
	refused                      [refusals]atomic.Uint64
	cut                          [cuts]atomic.Uint64
}

func (c *counters) stats() ProtocolStats {
	s := ProtocolStats{Connections: c.connections.Load(), Open: c.open.Load(), Requests: c.requests.Load(), InFlight: c.inFlight.Load(),
		Early: c.early.Load(), Refused: map[string]uint64{}, Cut: map[string]uint64{}}
	for r := range c.refused {
		if n := c.refused[r].Load(); n > 0 {
			s.Refused[refusal(r).String()] = n
		}
	}
	for i := range c.cut {
		if n := c.cut[i].Load(); n > 0 {
			s.Cut[cutNames[i]] = n
		}
	}
	return s
}

// link is what the door knows of the connection a request came on.
type link struct {
	t        *Transport
	protocol protocol
	sni      string // normalised; "" where the client named none
	tls      *tls.ConnectionState
	requests atomic.Int64
	busy     atomic.Int32 // requests being answered
	// refused is set by an h1conn before it hands net/http the request that stands for a refused one.
	refused atomic.Uint32
	// malformed is set by an h1conn when the chunks of a body are: net/http does not always pass the error on.
	malformed atomic.Bool
}

// newLink counts a connection in; close counts it out.
func (t *Transport) newLink(p protocol, state *tls.ConnectionState) *link {
	l := &link{t: t, protocol: p, tls: state}
	if host, _, err := NormalizeHost(state.ServerName); err == nil {
		l.sni = host
	}
	l.counters().connections.Add(1)
	l.counters().open.Add(1)
	return l
}

func (l *link) close()              { l.counters().open.Add(-1) }
func (l *link) counters() *counters { return &l.t.counters[l.protocol] }
func (l *link) cut(why cut)         { l.counters().cut[why].Add(1) }

// mark sets the headers that every answer carries.
func (l *link) mark(h http.Header) {
	if l.protocol != protocolH3 {
		h["Alt-Svc"] = l.t.altSvc()
	}
}

// linkKey is where the context of an HTTP/1.1 or HTTP/2 connection holds its link.
type linkKey struct{}

func (l *link) context(ctx context.Context) context.Context {
	return context.WithValue(ctx, linkKey{}, l)
}

func linkOf(r *http.Request) *link {
	l, _ := r.Context().Value(linkKey{}).(*link)
	return l
}

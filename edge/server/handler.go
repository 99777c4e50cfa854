package server

import (
	"context"
	"crypto/rand"
	"log/slog"
	"net/http"
	"net/netip"
	"runtime/debug"
	"sync"
	"sync/atomic"
	"time"

	"curb/edge/ad"
	"curb/edge/adcall"
	"curb/edge/catalog"
	"curb/edge/token"
)

// AdCalls answers ad calls, and books sales that were passed on and came back. An answer is released once it is written.
type AdCalls interface {
	Serve(ctx context.Context, in adcall.Incoming) *adcall.Answer
	Accept(ctx context.Context, in adcall.Acceptance) (adcall.Accepted, error)
}

// Events hears that an ad was shown or clicked, once per sale and kind as far as this node remembers. It copies what it
// keeps of the claims and does not block.
type Events interface {
	Impression(c *token.Claims, now time.Time)
	Click(c *token.Claims, now time.Time)
}

// Options are what a Handler needs. AdCalls and Snapshot are required.
type Options struct {
	AdCalls AdCalls
	// Snapshot gives the catalog in force, never nil. A request calls it once.
	Snapshot func() *catalog.Snapshot
	// NodeName is what /.well-known/curb calls this node.
	NodeName string
	// Lab adds X-Curb-Outcome to tag answers.
	Lab bool
	// IsOwnHost reports whether a normalised host is the node's own, on which every placement may be used. Nil: none is.
	IsOwnHost func(host string) bool
	// TrustedProxies are peers whose X-Forwarded-For counts.
	TrustedProxies []netip.Prefix
	// Tokens gives the keys in force, never nil. A request calls it once. Nil: the handler draws keys that die with it.
	Tokens func() *token.Ring
	// NewNonce draws what a token or sealed price is made unique with; nil takes random ones.
	NewNonce func() [12]byte
	// Events hears of impressions and clicks; nil: nobody does.
	Events Events
	// NewAuctionID draws an auction's id; nil takes random ones.
	NewAuctionID func() ad.AuctionID
	// Logger hears of faults, never of requests; nil is silent.
	Logger *slog.Logger
}

// Handler answers the requests of the ad-call listener. It is an http.Handler for many goroutines at once.
type Handler struct {
	adCalls   AdCalls
	snapshot  func() *catalog.Snapshot
	lab       bool
	isOwnHost func(string) bool
	proxies   []netip.Prefix
	newID     func() ad.AuctionID
	tokens    func() *token.Ring
	nonce     func() [12]byte
	events    Events
	log       *slog.Logger

	node      []string // header value
	psa       map[ad.Size][]byte
	coder     *coder
	replays   *replays
	compiled  atomic.Pointer[compiled]
	adServers adServerCache
	counted   *counted
	debugs    turnstile
	visits    sync.Pool // *visit
	openCalls sync.Pool // *openCall
	tokenUses sync.Pool // *tokenUse
}

// New makes a handler.
func New(o Options) *Handler {
	h := &Handler{
		adCalls: o.AdCalls, snapshot: o.Snapshot, lab: o.Lab, isOwnHost: o.IsOwnHost, proxies: o.TrustedProxies,
		newID: o.NewAuctionID, tokens: o.Tokens, nonce: o.NewNonce, events: o.Events, log: o.Logger,
		node: []string{headerSafe(o.NodeName)}, psa: publicService(), coder: newCoder(), replays: newReplays(), counted: newCounted(),
	}
	if h.tokens == nil {
		own := ringOfOwn(time.Now())
		h.tokens = func() *token.Ring { return own }
	}
	if h.nonce == nil {
		h.nonce = randomNonce
	}
	if h.events == nil {
		h.events = unheard{}
	}
	if h.isOwnHost == nil {
		h.isOwnHost = func(string) bool { return false }
	}
	if h.newID == nil {
		h.newID = randomID
	}
	if h.log == nil {
		h.log = slog.New(slog.DiscardHandler)
	}
	return h
}

func randomID() (id ad.AuctionID) {
	// Read of crypto/rand never fails and never returns short.
	rand.Read(id[:]) //nolint:errcheck // see above
	return id
}

// headerSafe keeps the printable ASCII of a name.
func headerSafe(name string) string {
	safe := make([]byte, 0, len(name))
	for i := range len(name) {
		if name[i] > ' ' && name[i] < 0x7f {
			safe = append(safe, name[i])
		}
	}
	return string(safe)
}

// ServeHTTP answers one request.
func (h *Handler) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	now := time.Now()
	defer h.survive(w, r)
	dropCredentials(r.Header)
	snap := h.snapshot()
	host := normalHost(r.Host)
	tenant, ok := h.tenantOf(snap, host)
	if !ok {
		h.refuse(w, r, misdirected)
		return
	}
	if len(r.URL.Path)+1+len(r.URL.RawQuery) > ad.TargetBytesMax {
		h.refuse(w, r, targetTooLong)
		return
	}
	route := routeOf(r)
	if route == routeNone {
		h.refuse(w, r, notFound)
		return
	}
	if !allowed(route, r.Method) {
		w.Header()["Allow"] = allowOf(route)
		h.refuse(w, r, methodNotAllowed)
		return
	}
	h.serve(w, r, route, request{snap: snap, tenant: tenant, host: host, now: now, format: formatOf(route)})
}

// serve goes to the endpoint.
func (h *Handler) serve(w http.ResponseWriter, r *http.Request, to route, in request) {
	switch to {
	case routeHTML, routeScript:
		h.serveTag(w, r, in)
	case routeRedirect, routeRedirectScript, routeJSON:
		h.servePassedOn(w, r, in)
	case routeAccept:
		h.serveAccept(w, r, in)
	case routeImpression:
		h.serveImpression(w, r, in)
	case routeClick:
		h.serveClick(w, r, in)
	case routeOpenRTB:
		h.serveOpenRTB(w, r, in)
	case routeCurb:
		h.serveCurb(w, r)
	case routeStatus:
		serveStatus(w)
	}
}

// request is what is known of every ad call before its parameters are read.
type request struct {
	snap   *catalog.Snapshot
	tenant *ad.Publisher // whose host it came in on; nil: the node's own
	host   string        // that host, normalised: tokens are bound to it
	now    time.Time     // when its last byte came
	format ad.TagFormat
}

// survive answers for a handler that panicked: the ad call gets an empty answer and the operator the stack. Another
// layer's way to cut a connection (http.ErrAbortHandler) passes.
func (h *Handler) survive(w http.ResponseWriter, r *http.Request) {
	fault := recover()
	if fault == nil {
		return
	}
	if fault == http.ErrAbortHandler { //nolint:errorlint // a sentinel by contract of net/http
		panic(fault)
	}
	h.log.Error("a request made the handler panic", "path", r.URL.Path, "fault", fault, "stack", string(debug.Stack()))
	header := w.Header()
	clear(header)
	header["X-Curb-Error"] = []string{codeInternal}
	header["Cache-Control"] = valueNoStore
	if routeOf(r) == routeOpenRTB {
		w.WriteHeader(http.StatusNoContent)
		return
	}
	header["Content-Length"] = valueZero
	w.WriteHeader(http.StatusOK)
}

// dropCredentials forgets what a browser sends along for other services on a publisher's domain.
func dropCredentials(header http.Header) {
	delete(header, "Cookie")
	delete(header, "Authorization")
	delete(header, "Proxy-Authorization")
}

// tenantOf finds whose host, normalised, a request came in on. ok is false for one that nobody registered.
func (h *Handler) tenantOf(snap *catalog.Snapshot, host string) (tenant *ad.Publisher, ok bool) {
	if host == "" {
		return nil, false
	}
	if h.isOwnHost(host) {
		return nil, true
	}
	tenant = snap.PublisherByHost(host)
	return tenant, tenant != nil
}

// normalHost takes port, final dot and upper case off a host. Transport has checked it more closely; a malformed one is
// simply not registered.
func normalHost(host string) string {
	if host == "" || len(host) > 260 {
		return ""
	}
	for i := len(host) - 1; i >= 0 && host[i] != ']'; i-- {
		if host[i] == ':' {
			host = host[:i]
			break
		}
	}
	if n := len(host); n > 0 && host[n-1] == '.' {
		host = host[:n-1]
	}
	for i := range len(host) {
		if host[i] >= 'A' && host[i] <= 'Z' {
			return lowerASCII(host)
		}
	}
	return host
}

func lowerASCII(text string) string {
	b := []byte(text)
	for i := range b {
		if b[i] >= 'A' && b[i] <= 'Z' {
			b[i] += 'a' - 'A'
		}
	}
	return string(b)
}

package provider

import (
	"context"
	"crypto/tls"
	"crypto/x509"
	"log/slog"
	"net/http"
	"sync"
	"sync/atomic"
	"time"

	"curb/edge/ad"
	"curb/edge/catalog"
	"curb/edge/egress"
	"curb/edge/throttle"
)

// Options are what a Client needs. Guard is required.
type Options struct {
	Guard *egress.Guard
	// RootCAs are trusted for providers; nil: the system's.
	RootCAs *x509.CertPool
	// ReadyEvery is the time between two checks of one ready URL; 0: ReadyEveryDefault.
	ReadyEvery time.Duration
	// Logger hears of providers that go and come back, never of calls; nil is silent.
	Logger *slog.Logger
}

// ReadyEveryDefault is the time between two checks of one provider's ready URL.
const ReadyEveryDefault = 5 * time.Second

// connectionsIdle is how many connections to one provider wait for the next call.
const connectionsIdle = 64

// Client asks data providers. It is safe for concurrent use.
type Client struct {
	http  *http.Client
	guard *egress.Guard
	log   *slog.Logger
	every time.Duration

	lines  atomic.Pointer[map[string]*line] // by name
	mu     sync.Mutex                       // guards changes of lines
	ctx    context.Context
	cancel context.CancelFunc
	// inflight guards children: nothing is added once closed is set.
	inflight sync.Mutex
	closed   bool
	children sync.WaitGroup
}

// line is one provider as a snapshot has it, with what is known of it over the calls.
type line struct {
	provider *ad.DataProvider
	question question
	denied   bool // its URL may not be called
	*record
}

// record outlives snapshots.
type record struct {
	throttle throttle.Throttle
	out      atomic.Bool // its ready URL says that it is not ready
	failures int         // ready checks failed in a row; of the ready goroutine
	counts   counts
}

// New makes a client. Update tells it of the providers.
func New(o Options) *Client {
	c := &Client{guard: o.Guard, log: o.Logger, every: o.ReadyEvery}
	if c.log == nil {
		c.log = slog.New(slog.DiscardHandler)
	}
	if c.every == 0 {
		c.every = ReadyEveryDefault
	}
	c.ctx, c.cancel = context.WithCancel(context.Background())
	c.http = &http.Client{
		// A redirect would leave what was agreed on; its answer counts as a failure.
		CheckRedirect: func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse },
		Transport: &http.Transport{
			DialContext: o.Guard.Dial, TLSClientConfig: &tls.Config{RootCAs: o.RootCAs, MinVersion: tls.VersionTLS12},
			MaxIdleConnsPerHost: connectionsIdle, IdleConnTimeout: 30 * time.Second, DisableCompression: true,
			MaxResponseHeaderBytes: ad.ResponseHeaderBytesMax, TLSHandshakeTimeout: time.Second,
		},
	}
	c.lines.Store(&map[string]*line{})
	c.children.Go(c.checkReady)
	return c
}

// Update learns the providers of a snapshot. What is known of one is kept while its addresses stay as they were.
func (c *Client) Update(snap *catalog.Snapshot) {
	c.mu.Lock()
	defer c.mu.Unlock()
	before := *c.lines.Load()
	next := make(map[string]*line, len(before))
	for _, p := range snap.DataProviders() {
		l := &line{provider: p, question: parseQuestion(p.Endpoint), record: new(record)}
		if err := c.guard.CheckEndpoint(l.question.bare()); err != nil {
			l.denied = true
			c.log.Warn("a data provider's endpoint is not allowed, it is not asked", "provider", p.Name, "reason", err.Error())
		}
		if old := before[p.Name]; old != nil && old.provider.Endpoint == p.Endpoint && old.provider.ReadyURL == p.ReadyURL {
			l.record = old.record
		}
		next[p.Name] = l
	}
	c.lines.Store(&next)
}

// Close ends all that is under way and waits for it.
func (c *Client) Close() {
	c.inflight.Lock()
	c.closed = true
	c.inflight.Unlock()
	c.cancel()
	c.children.Wait()
	c.http.CloseIdleConnections()
}

// start runs f as a child of the client, unless that is closed.
func (c *Client) start(f func()) bool {
	c.inflight.Lock()
	defer c.inflight.Unlock()
	if c.closed {
		return false
	}
	c.children.Go(f)
	return true
}

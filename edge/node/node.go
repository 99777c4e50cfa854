package node

import (
	"context"
	"crypto/x509"
	"errors"
	"fmt"
	"log/slog"
	"net/http"
	"net/netip"
	"os"
	"sync"
	"sync/atomic"
	"syscall"
	"time"

	"curb/edge/ad"
	"curb/edge/adcall"
	"curb/edge/bidder"
	"curb/edge/catalog"
	"curb/edge/config"
	"curb/edge/creative"
	"curb/edge/egress"
	"curb/edge/journal"
	"curb/edge/ledger"
	"curb/edge/metrics"
	"curb/edge/notice"
	"curb/edge/provider"
	"curb/edge/server"
	"curb/edge/server/transport"
)

// Options are what a node is made from.
type Options struct {
	Config config.Config
	// Version of the program, for status and logs.
	Version string
	Logger  *slog.Logger
}

// ErrListener says that a listener of ad calls ended by itself; the log has the cause.
var ErrListener = errors.New("a listener of ad calls failed")

// Node is a running node. Start makes one; Drain or Close ends it.
type Node struct {
	config    config.Config
	version   string
	log       *slog.Logger
	started   time.Time
	catalog   catalog.Holder
	contents  catalog.Contents // of the rule set, without what is registered
	jumped    []ad.Jump        // rates that keep their currency out
	changed   chan struct{}    // one token: the catalog is to be made anew
	metrics   *metrics.Registry
	guard     *egress.Guard
	journal   *journal.Log
	ledger    *ledger.Ledger
	notices   *notice.Notices
	creatives *creative.Registry
	events    *events
	keys      *keyRing
	service   *adcall.Service
	fanout    *bidder.Fanout
	providers *provider.Client
	doors     []*transport.Transport // of ad calls, one per address
	admin     *adminDoor
	stop      context.CancelFunc // ends the caretaker
	draining  atomic.Bool
	failed    atomic.Bool // a listener ended by itself
	drainOnce sync.Once
	drained   chan struct{} // closed when a drain was asked for
	children  sync.WaitGroup
}

// Start loads the rule set, opens the listeners and serves. When it returns without an error, ad calls are answered.
func Start(o Options) (*Node, error) {
	n := &Node{config: o.Config, version: o.Version, log: o.Logger, started: time.Now(), drained: make(chan struct{}), changed: make(chan struct{}, 1)}
	tuneMemory(n.config.MemoryLimit)
	if dir := n.config.Data; dir != "" {
		if err := os.MkdirAll(dir, 0o700); err != nil {
			return nil, fmt.Errorf("make the data directory: %w", err)
		}
	}
	var err error
	if n.contents, err = n.loadRules(n.started); err != nil {
		return nil, err
	}
	if err := n.rebuild(); err != nil {
		return nil, err
	}
	if err := n.wire(); err != nil {
		n.Close()
		return nil, err
	}
	return n, nil
}

// wire builds the parts from the inside out and opens the doors last, so that nobody is let in before all is ready.
func (n *Node) wire() error {
	n.metrics = metrics.New(outcomes...)
	roots, err := partnerRoots(n.config.BidderCA)
	if err != nil {
		return err
	}
	if n.guard, err = n.newGuard(); err != nil {
		return err
	}
	if n.fanout, err = bidder.New(bidder.Options{
		Logger: n.log, Guard: n.guard, RootCAs: roots, ConnectionsMax: n.config.BidderConnections, Lab: n.config.Lab,
	}); err != nil {
		return err
	}
	n.providers = provider.New(provider.Options{Guard: n.guard, RootCAs: roots, Logger: n.log})
	salt, err := loadSalt(n.config.Data)
	if err != nil {
		return err
	}
	if n.keys, err = openKeyRing(n.config.Data, n.started); err != nil {
		return err
	}
	if err := n.openBooks(roots); err != nil { // ready checks of bidders begin here, with the first catalog that is whole
		return err
	}
	n.service = adcall.New(adcall.Options{
		Asker: n.fanout, Providers: n.providers, Ledger: money{n.ledger, n.creatives}, Notifier: n.notices,
		Recorders: []adcall.Recorder{&recorder{n.metrics, n.creatives}}, Salt: salt, Seller: n.config.Domain,
	})
	return n.openDoors()
}

// openDoors lets ad calls and the operator in.
func (n *Node) openDoors() error {
	handler := server.New(server.Options{
		AdCalls: n.service, Snapshot: n.catalog.Load, NodeName: n.config.Node, Lab: n.config.Lab,
		IsOwnHost: n.ownHost, TrustedProxies: n.config.TrustedProxies, Logger: n.log,
		Tokens: n.keys.ring.Load, Events: n.events,
	})
	certificates, err := n.certificates()
	if err != nil {
		return err
	}
	if err := n.listen(handler, certificates); err != nil {
		return err
	}
	if n.admin, err = n.openAdmin(); err != nil {
		return err
	}
	n.watchCounters()
	n.watchBooks()
	ctx, stop := context.WithCancel(context.Background())
	n.stop = stop
	n.children.Go(func() { n.takeCare(ctx) })
	for _, door := range n.doors {
		n.children.Go(func() { n.serve(door) })
	}
	n.children.Go(n.admin.serve)
	return nil
}

// listen opens the doors of ad calls. In lab mode an address that this machine lacks (::1 where there is no IPv6) is
// passed over, as long as one opens; in production the operator means what the settings say.
func (n *Node) listen(handler http.Handler, certificates transport.Certificates) error {
	var limits transport.Limits
	if n.config.Lab {
		limits.ConnectionsPerNet = labConnections // load comes from this machine only, and so from one network
	}
	for _, addr := range n.config.Listen {
		door, err := transport.Listen(transport.Options{
			Addr: addr.String(), PublicPort: n.config.PublicPort, Handler: handler, Own: n.config.Hosts, Hosts: tenants{n},
			Certificates: certificates, KeysDir: n.config.Data, EarlyPaths: []string{"/status", "/.well-known/curb"},
			ProblemPaths: []string{"/openrtb2/auction"}, Limits: limits, Logger: n.log,
		})
		if err != nil && n.config.Lab && (errors.Is(err, syscall.EADDRNOTAVAIL) || errors.Is(err, syscall.EAFNOSUPPORT)) {
			n.log.Warn("this machine lacks an address to listen on", "address", addr)
			continue
		}
		if errors.Is(err, syscall.EADDRINUSE) {
			return fmt.Errorf("%w: end what holds the port (ss -lntup shows it), or choose another with --listen", err)
		}
		if err != nil {
			return err
		}
		n.doors = append(n.doors, door)
	}
	if len(n.doors) == 0 {
		return errors.New("open the ad-call listener: this machine has none of the addresses in listen")
	}
	return nil
}

// labConnections is how many connections one network may hold in lab mode; in production transport's own limit stands.
const labConnections = 4096

// serve runs a door until it is closed, and asks for a drain if it fails.
func (n *Node) serve(door *transport.Transport) {
	if err := door.Serve(); err != nil && !n.draining.Load() {
		n.log.Error("the ad-call listener failed", "error", err)
		n.failed.Store(true)
		n.AskDrain()
	}
}

// newGuard makes the one dialler of everything that calls out.
func (n *Node) newGuard() (*egress.Guard, error) {
	var lab []netip.Prefix
	if n.config.Lab {
		lab = []netip.Prefix{netip.MustParsePrefix("127.0.0.0/8"), netip.MustParsePrefix("::1/128")}
	}
	return egress.New(egress.Options{Lab: lab})
}

// partnerRoots is the system's authorities and those of the file; nil, which means the system's, without a file.
func partnerRoots(file string) (*x509.CertPool, error) {
	if file == "" {
		return nil, nil
	}
	pem, err := os.ReadFile(file)
	if err != nil {
		return nil, fmt.Errorf("%w: bidder_ca: %w: name a PEM file of authorities", ErrSettings, err)
	}
	pool, err := x509.SystemCertPool()
	if err != nil {
		pool = x509.NewCertPool()
	}
	if !pool.AppendCertsFromPEM(pem) {
		return nil, fmt.Errorf("%w: bidder_ca: %s holds no certificate: name a PEM file of authorities", ErrSettings, file)
	}
	return pool, nil
}

// Addrs are the addresses of ad calls, at least one.
func (n *Node) Addrs() []netip.AddrPort {
	var all []netip.AddrPort
	for _, door := range n.doors {
		all = append(all, door.Addr())
	}
	return all
}

// AdminAddr is where the operator's door listens: IP:PORT or unix:/path.
func (n *Node) AdminAddr() string { return n.admin.address }

// Rules is the version of the rule set in use, and Counts what it holds.
func (n *Node) Rules() (version string, counts catalog.Counts) {
	snap := n.catalog.Load()
	return snap.Version(), snap.Counts()
}

// AskDrain asks whoever waits on Draining to end the node. It returns at once and may be called more than once.
func (n *Node) AskDrain() { n.drainOnce.Do(func() { close(n.drained) }) }

// Draining is closed once a drain was asked for.
func (n *Node) Draining() <-chan struct{} { return n.drained }

// Drain ends the node gracefully: readiness goes off, clients are told to go elsewhere, calls in flight are answered. It
// returns nil if all of that happened before ctx ended.
func (n *Node) Drain(ctx context.Context) error {
	n.draining.Store(true)
	n.AskDrain()
	failures := make([]error, len(n.doors))
	var doors sync.WaitGroup
	for i, door := range n.doors {
		doors.Go(func() { failures[i] = door.Drain(ctx) })
	}
	doors.Wait()
	n.Close()
	if n.failed.Load() {
		failures = append(failures, ErrListener)
	}
	return errors.Join(failures...)
}

// Close ends the node at once. Parts that were never opened are passed over.
func (n *Node) Close() {
	n.draining.Store(true)
	for _, door := range n.doors {
		if err := door.Close(); err != nil && !errors.Is(err, os.ErrClosed) {
			n.log.Warn("closing the ad-call listener", "error", err)
		}
	}
	if n.stop != nil {
		n.stop()
	}
	if n.admin != nil {
		n.admin.close()
	}
	n.children.Wait()
	if n.fanout != nil {
		n.fanout.Close()
	}
	if n.providers != nil {
		n.providers.Close()
	}
	ctx, cancel := context.WithTimeout(context.Background(), noticesLast)
	defer cancel()
	n.closeBooks(ctx)
}

// noticesLast is how long a node that ends tries to deliver the notices it still has. Those of wins are on disk, and go
// out after the next start.
const noticesLast = time.Second

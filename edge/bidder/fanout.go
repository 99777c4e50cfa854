package bidder

import (
	"context"
	"crypto/tls"
	"crypto/x509"
	"errors"
	"log/slog"
	"maps"
	"net"
	"slices"
	"sync"
	"sync/atomic"
	"time"

	"curb/edge/ad"
	"curb/edge/catalog"
	"curb/edge/egress"
	"curb/edge/openrtb"
)

// ConnectionsDefault is how many connections a bidder gets when neither it nor the node says.
const ConnectionsDefault = 64

// settleTime is how long before the deadline Ask stops waiting, so that it has judged what came by the deadline itself.
const settleTime = time.Millisecond

// sweepEvery is how often connections are looked over.
const sweepEvery = 50 * time.Millisecond

// Options configure a Fanout.
type Options struct {
	// Logger hears of bidders that go out or come back, never of a call. Nil: nobody does.
	Logger *slog.Logger
	// Guard dials and judges URLs. Required.
	Guard *egress.Guard
	// RootCAs vouch for bidders' certificates; nil: the system's.
	RootCAs *x509.CertPool
	// ConnectionsMax caps connections per bidder that names no cap; 0: ConnectionsDefault.
	ConnectionsMax int
	// Lab lets endpoints be http; which addresses open is the Guard's to say.
	Lab bool
	// ReadyEvery is the time between two ready checks of a bidder; 0: ReadyEveryDefault.
	ReadyEvery time.Duration
}

// Fanout asks bidders. It is safe for concurrent use.
type Fanout struct {
	options Options
	log     *slog.Logger
	config  *tls.Config
	coder   *coder
	dial    func(ctx context.Context, network, address string) (net.Conn, error)

	asks      sync.Pool // *ask
	inquiries sync.Pool // *inquiry

	mu       sync.Mutex // serialises changes of board
	board    atomic.Pointer[board]
	records  map[ad.BidderID]*record // outlive the lines, so that a new endpoint keeps its history; guarded by mu
	origins  map[*origin]struct{}    // also those that are retired and not empty yet; guarded by mu
	ctx      context.Context         // ends with Close
	cancel   context.CancelFunc
	children sync.WaitGroup
	newcomer chan struct{} // one token: there may be ready URLs that nobody has asked yet
}

// New starts the keeper of connections and ready checks; Close ends them.
func New(o Options) (*Fanout, error) {
	if o.Guard == nil {
		return nil, errors.New("bidder fan-out: no egress guard; pass the node's in Options.Guard")
	}
	if o.ConnectionsMax < 0 || o.ReadyEvery < 0 {
		return nil, errors.New("bidder fan-out: ConnectionsMax and ReadyEvery cannot be negative")
	}
	return start(o, o.Guard.Dial)
}

func start(o Options, dial func(ctx context.Context, network, address string) (net.Conn, error)) (*Fanout, error) {
	if o.ConnectionsMax == 0 {
		o.ConnectionsMax = ConnectionsDefault
	}
	if o.ReadyEvery == 0 {
		o.ReadyEvery = ReadyEveryDefault
	}
	if o.Logger == nil {
		o.Logger = slog.New(slog.DiscardHandler)
	}
	coder, err := newCoder()
	if err != nil {
		return nil, err
	}
	f := &Fanout{
		options: o, log: o.Logger, coder: coder, dial: dial,
		records: map[ad.BidderID]*record{}, origins: map[*origin]struct{}{}, newcomer: make(chan struct{}, 1),
		config: &tls.Config{
			RootCAs: o.RootCAs, MinVersion: tls.VersionTLS12, NextProtos: []string{"http/1.1"},
			ClientSessionCache: tls.NewLRUClientSessionCache(4 * ad.BiddersMax),
			// A request is one record, and so one write, from the first on.
			DynamicRecordSizingDisabled: true,
		},
	}
	f.asks.New = func() any { return newAsk(f) }
	f.inquiries.New = func() any { return newInquiry() }
	f.board.Store(&board{})
	f.ctx, f.cancel = context.WithCancel(context.Background())
	f.children.Go(f.keep)
	f.children.Go(f.checkReady)
	return f, nil
}

// Ask sends out's request to its targets and fills answers with what came back by out.Deadline: one Asked per target, in
// their order, and every bid, refused ones with their reason. It never returns later than the deadline; if ctx ends
// first, it returns then. Bids borrow memory until answers.Free is called.
//
// out.Request.TMax is set to what remains.
func (f *Fanout) Ask(ctx context.Context, snap *catalog.Snapshot, out *openrtb.Outgoing, answers *ad.Answers) {
	a := f.asks.Get().(*ask)
	a.send(snap, out)
	a.wait(ctx)
	a.collect(snap, out, answers)
	answers.Free = a.free
}

// Update makes the bidders of snap known, so that ready checks begin before the first call. Ask does the same on the
// first call with a new snapshot.
func (f *Fanout) Update(snap *catalog.Snapshot) { f.lines(snap) }

// Close ends all connections and waits for every goroutine. Asks under way get what they have.
func (f *Fanout) Close() {
	f.mu.Lock()
	f.board.Store(&board{closed: true})
	origins := slices.Collect(maps.Keys(f.origins))
	f.mu.Unlock()
	f.cancel()
	for _, o := range origins {
		o.close()
	}
	f.children.Wait()
	f.coder.close()
}

// keep looks over all connections now and then.
func (f *Fanout) keep() {
	tick := time.NewTicker(sweepEvery)
	defer tick.Stop()
	var origins []*origin
	for {
		select {
		case <-f.ctx.Done():
			return
		case now := <-tick.C:
			f.mu.Lock()
			origins = slices.AppendSeq(origins[:0], maps.Keys(f.origins))
			f.mu.Unlock()
			for _, o := range origins {
				if o.sweep(now) {
					f.mu.Lock()
					delete(f.origins, o)
					f.mu.Unlock()
				}
			}
		}
	}
}

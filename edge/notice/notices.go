package notice

import (
	"cmp"
	"context"
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
	"curb/edge/egress"
)

// Log is where won notices are written before they are sent.
type Log interface {
	// Append returns once the record is on disk.
	Append(ctx context.Context, kind uint8, record []byte) error
	// Post writes the record with the next commit and does not wait.
	Post(kind uint8, record []byte) error
}

// Options configure Notices.
type Options struct {
	// Log keeps won notices over a restart. Nil: nothing does.
	Log Log
	// Guard dials and judges URLs. Required.
	Guard *egress.Guard
	// RootCAs vouch for the servers' certificates; nil: the system's.
	RootCAs *x509.CertPool
	// Bidders finds a bidder in the current rule set; nil for one it does not have. Required, safe for concurrent use.
	Bidders func(ad.BidderID) *ad.Bidder
	// Seal seals prices for ${SEALED_PRICE}. Nil: that macro is empty.
	Seal Seal
	// Logger hears of servers that go out or come back and of dead letters, never of a notice. Nil: nobody does.
	Logger *slog.Logger
	// Lab lets URLs be http; which addresses open is the Guard's to say.
	Lab bool
	// Now is the wall clock of timestamps and of the day that a won notice is retried for. Nil: time.Now.
	Now func() time.Time
}

// Notices tells bidders. It is safe for concurrent use.
type Notices struct {
	options Options
	log     *slog.Logger
	dial    func(ctx context.Context, network, address string) (net.Conn, error)
	spool   *spool
	intake  intake
	graves  graveyard
	late    atomic.Uint64
	lines   atomic.Pointer[map[ad.BidderID]*line] // replaced, never changed

	making   sync.Mutex      // serialises changes of lines and guards the two below; taken under a line's lock
	shut     bool            // Close has begun
	ended    bool            // no goroutine is started any more
	starting chan struct{}   // closed by Start
	closing  chan struct{}   // closed by Close
	ctx      context.Context // ends with Close
	cancel   context.CancelFunc
	children sync.WaitGroup
}

// New makes Notices that take notices and send none before Start.
func New(o Options) (*Notices, error) {
	if o.Guard == nil {
		return nil, errors.New("notices: no egress guard; pass the node's in Options.Guard")
	}
	return build(o, o.Guard.Dial)
}

// build is New with another way to dial, for tests in bubbles of time.
func build(o Options, dial func(ctx context.Context, network, address string) (net.Conn, error)) (*Notices, error) {
	if o.Bidders == nil {
		return nil, errors.New("notices: no way to find a bidder; pass one in Options.Bidders")
	}
	if o.Logger == nil {
		o.Logger = slog.New(slog.DiscardHandler)
	}
	if o.Now == nil {
		o.Now = time.Now
	}
	n := &Notices{options: o, log: o.Logger, dial: dial, spool: newSpool(), starting: make(chan struct{}), closing: make(chan struct{})}
	n.intake.wake = make(chan struct{}, 1) // one token: there is something
	n.lines.Store(&map[ad.BidderID]*line{})
	n.ctx, n.cancel = context.WithCancel(context.Background())
	return n, nil
}

// Start begins to send, first of all what was left over when the node stopped. Call it once, after the log has been
// replayed.
func (n *Notices) Start() {
	close(n.starting)
	for _, e := range n.spool.restored() {
		n.line(e.Bidder).pushWon([]*event{e})
	}
	n.children.Go(n.fill)
	n.children.Go(n.acknowledge)
}

// gone stands in for a bidder that the rule set does not have any more.
var gone = ad.Bidder{NotifyURL: "unknown"}

// Notify takes a notice: it copies what it keeps and never waits for anybody. What nobody asked to be told is
// forgotten at once.
func (n *Notices) Notify(notice *ad.Notice) {
	if int(notice.Kind) >= KindCount {
		return
	}
	bidder := n.options.Bidders(notice.Bidder)
	if bidder == nil {
		if notice.Kind != ad.NoticeWon {
			return
		}
		bidder = &gone // it was there when it won, and may be again
	}
	ways := waysOf(bidder, notice)
	if ways == 0 {
		return
	}
	if n.isClosing() {
		n.late.Add(1)
		return
	}
	e := newEvent(notice, ways, n.options.Now())
	l := n.line(notice.Bidder)
	if bidder.NotifyFull {
		l.load(e, notice.Full)
	}
	switch {
	case notice.Kind != ad.NoticeWon:
		l.push(e, ways)
	case !n.intake.add(e):
		n.bypass(e)
	}
}

// Recover is told of a bill when the node has restarted: unless its won notice is known to be spooled, delivered or
// given up, it is sent again, as the same event.
func (n *Notices) Recover(b *ad.Bill) {
	if b.Bidder == 0 {
		return // managed: there is nobody to tell
	}
	notice := ad.Notice{
		Kind: ad.NoticeWon, PostPending: b.PostPending, SaleKey: b.SaleKey, At: b.At, Bidder: b.Bidder, Member: b.Buyer,
		Publisher: b.Publisher, Placement: b.Placement, Creative: b.Creative, BidPrice: b.BidPrice, Price: b.Paid,
		Currency: b.Currency, Terms: b.Terms,
	}
	if !n.spool.recorded(eventID(ad.NoticeWon, &notice), b.Billed) {
		n.Notify(&notice)
	}
}

// Close takes no more, delivers what can be delivered until ctx ends, and ends all connections. Won notices that are
// left stay in the log; the rest is lost.
func (n *Notices) Close(ctx context.Context) {
	n.making.Lock()
	if n.shut {
		n.making.Unlock()
		return
	}
	n.shut = true
	n.making.Unlock()
	close(n.closing)
	const look = 5 * time.Millisecond
	tick := time.NewTicker(look)
	defer tick.Stop()
	for isClosed(n.starting) && !n.idle() && ctx.Err() == nil {
		select {
		case <-ctx.Done():
		case <-tick.C:
		}
	}
	n.making.Lock()
	n.ended = true
	n.making.Unlock()
	n.cancel()
	n.children.Wait()
	n.flushLast()
	for _, l := range n.all() {
		l.transport.CloseIdleConnections()
	}
}

func (n *Notices) isClosing() bool { return isClosed(n.closing) }

func isClosed(c chan struct{}) bool {
	select {
	case <-c:
		return true
	default:
		return false
	}
}

// idle reports whether nothing is under way or could be sent now.
func (n *Notices) idle() bool {
	if !n.intake.empty() {
		return false
	}
	now := time.Now()
	for _, l := range n.all() {
		if !l.idle(now) {
			return false
		}
	}
	return true
}

// line finds or makes a bidder's.
func (n *Notices) line(id ad.BidderID) *line {
	if l := (*n.lines.Load())[id]; l != nil {
		return l
	}
	n.making.Lock()
	defer n.making.Unlock()
	lines := *n.lines.Load()
	if l := lines[id]; l != nil {
		return l
	}
	l := &line{notices: n, bidder: id, transport: n.newTransport(), hosts: map[string]*endpoint{}}
	lines = maps.Clone(lines)
	lines[id] = l
	n.lines.Store(&lines)
	return l
}

// all are the lines by bidder.
func (n *Notices) all() []*line {
	return slices.SortedFunc(maps.Values(*n.lines.Load()), func(a, b *line) int { return cmp.Compare(a.bidder, b.bidder) })
}

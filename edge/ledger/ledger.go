package ledger

import (
	"context"
	"errors"
	"log/slog"
	"sync"
	"sync/atomic"
	"time"

	"curb/edge/ad"
	"curb/edge/estimate"
)

// Log is where records go before anybody is served. Append returns once the record is on disk, or with an error and then
// the record may be there all the same, now or a little later. Records lie in the order in which they were handed over. A
// record is copied before Append returns, and so is not the log's afterwards.
type Log interface {
	Append(ctx context.Context, kind uint8, record []byte) error
}

// Kinds of records in the log.
const (
	KindBill    uint8 = 1 // a sale was booked
	KindPending uint8 = 2 // a sale was passed on
	KindClosed  uint8 = 3 // sales that will not be booked any more
)

// Defaults of Options.
const (
	PendingBytesDefault = 512 << 20
	PendingsDefault     = 1 << 21
	CountersDefault     = 1 << 20
	RecentBytesDefault  = 256 << 20
	CloseTimeoutDefault = time.Second
)

// RecentAge is for how long every bill stays enumerable, as far as Options.RecentBytes reach.
const RecentAge = 15 * time.Minute

// recentLeast bills stay enumerable whatever their age.
const recentLeast = 1000

// markAge is how long a settled key is remembered, at least; while its sale can be accepted it always is. Nobody presents a
// key that late: a direct sale's is its request's own, and a bill in doubt is settled after doubtAge.
const markAge = 10 * time.Minute

// reservationAge is when a reservation that became neither bill nor pending counts as forgotten by its owner.
const reservationAge = 2 * time.Minute

// doubtAge is how long a bill that may or may not be in the log may still be presented again before it is withdrawn.
const doubtAge = 5 * time.Second

// doubtsMax bounds such bills: while a log fails, they take memory. Beyond it nothing new is billed until they are withdrawn.
const doubtsMax = 1 << 16

// What callers may want to tell apart.
var (
	// ErrGivenUp: the sale was declined, expired or withdrawn, and is never billed any more.
	ErrGivenUp = errors.New("the sale was given up")
	// ErrNotReserved: a line item's sale costs more than what was set aside for it. Reserve comes first.
	ErrNotReserved = errors.New("nothing, or not enough, is set aside for the sale")
	// ErrSale: the sale cannot be billed as it stands; what it wraps says why.
	ErrSale = errors.New("the sale is not one")
	// ErrFull: a publisher, or all of them together, can pass no more sales on until some expire, or no more can be billed
	// until the log works. What wraps it says whose share is full.
	ErrFull = errors.New("too many sales are pending")
	// ErrHeld: a sale with this key was passed on already, and differs from this one.
	ErrHeld = errors.New("another sale with this key is pending")
	// ErrRecord: a record of the log or a snapshot cannot be read; what it wraps says why.
	ErrRecord = errors.New("record of the ledger")
)

// Options are how a ledger is made. Log is required.
type Options struct {
	Log    Log
	Logger *slog.Logger
	// Expired is told, from within Expire and Refuse, of every sale that was passed on and ended without a bill: with
	// ad.Declined if it was not accepted in time, with the reason that Refuse was given if it was refused. It may be told of
	// one twice, and of a refusal never, if the process ended in between. It is not given the document. It must not call the
	// ledger's Expire, and copies what it keeps.
	Expired func(*ad.Pending, ad.Reason)
	// PendingBytes bounds the memory of sales that were passed on, Pendings their number. Of each a publisher may hold as
	// much as it leaves free, and sales that may be accepted for longer than five minutes share half of it; beyond that Hold
	// refuses.
	PendingBytes int64
	Pendings     int
	// Counters is how many pairs of user and line item are counted for caps; who was not served for longest is forgotten.
	Counters int
	// RecentBytes bounds the bills that can be enumerated; the oldest go first.
	RecentBytes int64
	// EstimatePairs is how many placements and sizes estimates are learnt for.
	EstimatePairs int
	// CloseTimeout is how long Expire waits for the log.
	CloseTimeout time.Duration
}

func (o Options) withDefaults() Options {
	if o.Logger == nil {
		o.Logger = slog.New(slog.DiscardHandler)
	}
	if o.Expired == nil {
		o.Expired = func(*ad.Pending, ad.Reason) {}
	}
	if o.PendingBytes <= 0 {
		o.PendingBytes = PendingBytesDefault
	}
	if o.Pendings <= 0 {
		o.Pendings = PendingsDefault
	}
	if o.Counters <= 0 {
		o.Counters = CountersDefault
	}
	if o.RecentBytes <= 0 {
		o.RecentBytes = RecentBytesDefault
	}
	if o.CloseTimeout <= 0 {
		o.CloseTimeout = CloseTimeoutDefault
	}
	return o
}

// Ledger is the node's book of what was sold. It is safe for concurrent use.
//
// Locks, in the order in which they are taken: world for reading, a shard, an account, a counter shard, then the totals, the
// recent bills or the estimates. world is held for writing only to decide which moment a snapshot shows. No lock is held
// while the log works.
type Ledger struct {
	options Options
	logger  *slog.Logger

	world    sync.RWMutex
	cut      uint64 // the snapshot being taken; 0: none. Guarded by world.
	shards   [shardCount]shard
	accounts accounts
	counters counters
	totals   totals
	recent   recent
	learnt   *estimate.Book

	// clock is how many seconds this ledger has run, over restarts. It drops what is old without trusting the wall clock.
	clock  atomic.Uint32
	known  uint32 // the clock of the snapshot that was restored; only while records are replayed
	room   room
	packer packer
	doubts atomic.Int64

	attempts sync.Pool // *attempt
	offers   sync.Pool // *offer

	snapshotting sync.Mutex // one snapshot at a time
	cuts         uint64     // guarded by snapshotting
	sweep        sweep
}

// New makes an empty ledger. A log that holds its records restores it (Kinds, Apply, RestoreSnapshot) before it is used.
func New(o Options) *Ledger {
	o = o.withDefaults()
	l := &Ledger{options: o, logger: o.Logger, learnt: estimate.New(estimate.Options{Pairs: o.EstimatePairs})}
	for i := range l.shards {
		l.shards[i].marks = make(map[ad.SaleKey]mark)
		l.shards[i].claims = make(map[ad.SaleKey]*claim)
	}
	l.accounts.init()
	l.counters.init(o.Counters)
	l.totals.init()
	l.recent.bytesMax = o.RecentBytes
	l.room.limit, l.room.by = Usage{int64(o.Pendings), o.PendingBytes}, make(map[ad.PublisherID]*tenant)
	l.packer.init()
	l.offers.New = func() any { return new(offer) }
	l.attempts.New = func() any { return new(attempt) }
	return l
}

// Estimate is what was learnt of a placement and a size from sales that were passed on; ok is false before the first that
// was accepted. edge/estimate says what the numbers mean.
func (l *Ledger) Estimate(placement ad.PlacementID, size ad.Size) (e ad.EstimatedClear, ok bool) {
	return l.learnt.Estimate(placement, size)
}

// Spent is what a line item has spent, and what is set aside for sales that may yet be billed.
type Spent struct {
	Settled, Reserved           ad.Amount
	Bills, ReservedBills        int64
	TodaySettled, TodayReserved ad.Amount // of the UTC day that was asked for
	TodayBills, TodayReserves   int64
}

// Spent tells what a line item has spent, all in all and on the UTC day of now.
func (l *Ledger) Spent(id ad.LineItemID, now time.Time) Spent {
	a := l.accounts.find(id)
	if a == nil {
		return Spent{}
	}
	a.mu.Lock()
	defer a.mu.Unlock()
	s := Spent{Settled: a.settled, Reserved: a.reserved, Bills: a.bills, ReservedBills: a.reservedBills}
	if d := a.findDay(dayOf(now)); d != nil {
		s.TodaySettled, s.TodayReserved, s.TodayBills, s.TodayReserves = d.settled, d.reserved, d.bills, d.reservedBills
	}
	return s
}

// Status is what a ledger holds in memory, for metrics.
type Status struct {
	Pendings     int64 // passed on: open, or accepted and kept to be served again
	PendingBytes int64
	Long         Usage // those of them that may be accepted for longer than five minutes
	Bare         Usage // those of them without a document
	Publishers   int   // that have some
	// Fullest is what the publisher holds who has most.
	Fullest          Usage
	FullestPublisher ad.PublisherID

	Doubts      int64 // bills that the log may hold although it said no
	Settled     int   // keys that are remembered as settled
	Counters    int   // pairs of user and line item that are counted
	Recent      int   // bills that can be enumerated
	RecentBytes int64
	Estimates   int // placements and sizes with an estimate
}

// Status counts. It takes every lock for a moment, one after another.
func (l *Ledger) Status() Status {
	out := Status{Doubts: l.doubts.Load(), Estimates: l.learnt.Len()}
	l.room.status(&out)
	for i := range l.shards {
		s := &l.shards[i]
		s.mu.Lock()
		out.Settled += len(s.marks)
		s.mu.Unlock()
	}
	for i := range l.counters.shards {
		s := &l.counters.shards[i]
		s.mu.Lock()
		out.Counters += len(s.index)
		s.mu.Unlock()
	}
	l.recent.mu.Lock()
	defer l.recent.mu.Unlock()
	out.Recent, out.RecentBytes = l.recent.count, l.recent.bytes
	return out
}

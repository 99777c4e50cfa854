package bidder

import (
	"maps"
	"net"
	"slices"
	"strconv"
	"strings"
	"time"

	"curb/edge/ad"
	"curb/edge/catalog"
)

// board is the bidders of one snapshot, as this package needs them. It is immutable.
type board struct {
	snap   *catalog.Snapshot
	before *catalog.Snapshot // whose calls may still be under way
	since  time.Time
	lines  map[ad.BidderID]*line
	closed bool
}

// boardSettle is how long calls of the snapshot before are served by the new board, rather than taken for a roll-back.
const boardSettle = time.Second

// line is how one bidder is reached: what its settings say, worked out once.
type line struct {
	bidder *ad.Bidder
	record *record
	origin *origin
	denied ad.Reason // why its endpoint may not be called; ad.Undecided: it may
	prefix []byte    // the request's head up to the value of Content-Length
	seats  []string  // Bidder.Members as OpenRTB seats
	// currencies are Bidder.Currencies as OpenRTB writes them; nil: the request's.
	currencies []string
	ready      *probe // nil: always ready
}

// lines gives the board of a snapshot, and makes it when the snapshot is new.
func (f *Fanout) lines(snap *catalog.Snapshot) *board {
	b := f.board.Load()
	if b.snap == snap || b.closed || (b.before == snap && time.Since(b.since) < boardSettle) {
		return b
	}
	f.mu.Lock()
	defer f.mu.Unlock()
	last := f.board.Load()
	if last.snap == snap || last.closed {
		return last
	}
	next := &board{snap: snap, before: last.snap, since: time.Now(), lines: make(map[ad.BidderID]*line)}
	for _, bidder := range snap.Bidders() {
		old := last.lines[bidder.ID]
		if old != nil && reachedAlike(old.bidder, bidder) {
			next.lines[bidder.ID] = old
			continue
		}
		next.lines[bidder.ID] = f.newLine(bidder, old)
	}
	f.board.Store(next)
	for id, l := range last.lines {
		if now := next.lines[id]; now != l {
			l.retire(now)
		}
	}
	maps.DeleteFunc(f.records, func(id ad.BidderID, _ *record) bool {
		return next.lines[id] == nil && last.lines[id] == nil
	})
	f.wakeReady()
	return next
}

// reachedAlike reports whether two versions of a bidder are the same to this package.
func reachedAlike(a, b *ad.Bidder) bool {
	return a.Endpoint == b.Endpoint && a.ReadyURL == b.ReadyURL && a.Active == b.Active &&
		a.RequestCoding == b.RequestCoding && a.AcceptGzip == b.AcceptGzip && a.AcceptZstd == b.AcceptZstd &&
		a.QPSMax == b.QPSMax && a.ConnectionsMax == b.ConnectionsMax && a.Throttle == b.Throttle &&
		slices.Equal(a.Members, b.Members) && slices.Equal(a.Currencies, b.Currencies)
}

// retire lets go of what the line that comes after, nil for none, does not use.
func (l *line) retire(after *line) {
	l.origin.retire()
	if l.ready != nil && (after == nil || after.ready != l.ready) {
		l.ready.origin.retire()
	}
}

// newLine works a bidder's settings out; f.mu is held. old is the bidder's line so far, or nil.
func (f *Fanout) newLine(b *ad.Bidder, old *line) *line {
	r := f.records[b.ID]
	if r == nil {
		r = newRecord(b.ID, f.log)
		f.records[b.ID] = r
	}
	l := &line{bidder: b, record: r}
	connections := b.ConnectionsMax
	if connections == 0 {
		connections = f.options.ConnectionsMax
	}
	target, err := f.target(b.Endpoint)
	if err != nil {
		l.denied = ad.EgressDenied
		f.log.Warn("bidder endpoint is not allowed, it will not be asked", "bidder", uint32(b.ID), "endpoint", b.Endpoint, "reason", err.Error())
	}
	l.origin = f.newOrigin(target, connections, r.dialled)
	l.prefix = requestPrefix(target, b)
	for _, m := range b.Members {
		l.seats = append(l.seats, strconv.FormatUint(uint64(m), 10))
	}
	for _, c := range b.Currencies {
		l.currencies = append(l.currencies, c.String())
	}
	switch {
	case b.ReadyURL == "":
	case old != nil && old.ready != nil && old.bidder.ReadyURL == b.ReadyURL:
		l.ready = old.ready
	default:
		l.ready = f.newProbe(b)
	}
	return l
}

// target is a URL taken apart for dialling and asking.
type target struct {
	host    string // as in the Host field
	address string // host:port
	path    string // path and query
	secure  bool
}

// target takes a URL apart that the guard lets pass.
func (f *Fanout) target(raw string) (target, error) {
	if err := f.options.Guard.CheckEndpoint(raw); err != nil {
		return target{}, err
	}
	scheme, rest, _ := strings.Cut(raw, "://")
	t := target{secure: strings.EqualFold(scheme, "https"), path: "/"}
	if !t.secure && !f.options.Lab {
		return target{}, errPlain
	}
	t.host = rest
	if at := strings.IndexAny(rest, "/?"); at >= 0 {
		t.host, t.path = rest[:at], rest[at:]
		if t.path[0] == '?' {
			t.path = "/" + t.path
		}
	}
	t.host = strings.ToLower(t.host)
	t.address = t.host
	if _, _, err := net.SplitHostPort(t.host); err != nil {
		port := ":80"
		if t.secure {
			port = ":443"
		}
		t.address = t.host + port
	}
	return t, nil
}

// newOrigin is where a target's connections are kept; f.mu is held.
func (f *Fanout) newOrigin(t target, connections int, report func(ad.Reason)) *origin {
	o := &origin{
		address: t.address, dial: f.dial, max: connections, owner: &f.children, ctx: f.ctx, report: report,
		conns: make(map[*conn]struct{}), tokens: tokensMax * 1000,
	}
	if t.secure {
		o.config = f.config.Clone()
		host, _, _ := net.SplitHostPort(t.address)
		o.config.ServerName = host
	}
	f.origins[o] = struct{}{}
	return o
}

// accepts reports whether the bidder may answer in the coding.
func (l *line) accepts(coding ad.Compression) bool {
	switch coding {
	case ad.Gzip:
		return l.bidder.AcceptGzip
	case ad.Zstd:
		return l.bidder.AcceptZstd
	}
	return true
}

// inspect decides whether the bidder is asked in a debug auction, and says what keeps live calls from asking it: what the
// node thinks of a bidder does not hold up those who look at it. What the bidder itself says does: not ready, and its rate.
func (l *line) inspect(id ad.AuctionID, now time.Time) (reason, live ad.Reason) {
	switch {
	case l == nil || !l.bidder.Active:
		return ad.NotAsked, ad.Undecided
	case l.denied != ad.Undecided:
		return l.denied, ad.Undecided
	case !l.ready.is():
		return ad.NotReady, ad.Undecided
	case !l.record.rate.take(now, l.bidder.QPSMax):
		return ad.QPSLimited, ad.Undecided
	case l.bidder.Throttle && !l.record.throttle.Lets(id, uint32(l.bidder.ID)):
		return ad.Undecided, ad.Throttled
	case l.record.breaker.stands(now):
		return ad.Undecided, ad.BreakerOpen
	}
	return ad.Undecided, ad.Undecided
}

// admit decides whether the bidder is asked now: ad.Undecided, or why not. nil is a bidder that has left the catalog.
func (l *line) admit(id ad.AuctionID, now time.Time) ad.Reason {
	switch {
	case l == nil || !l.bidder.Active:
		return ad.NotAsked
	case l.denied != ad.Undecided:
		return l.denied
	case !l.ready.is():
		return ad.NotReady
	case l.bidder.Throttle && !l.record.throttle.Lets(id, uint32(l.bidder.ID)):
		return ad.Throttled
	case !l.record.rate.take(now, l.bidder.QPSMax):
		return ad.QPSLimited
	case !l.record.breaker.lets(now):
		return ad.BreakerOpen
	}
	return ad.Undecided
}

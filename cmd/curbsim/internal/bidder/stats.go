package bidder

import (
	"bytes"
	"encoding/json"
	"maps"
	"sync"
	"sync/atomic"

	"curb/cmd/curbsim/internal/control"
	"curb/edge/ad"
)

// counters count since the start or the last reset.
type counters struct {
	requests, answers, bids, noBids, badRequests atomic.Uint64
	bytesIn, bytesOut, readyChecks, redirects    atomic.Uint64
	failures, noticeFailures                     atomic.Uint64
	last                                         lastRequest
}

func (c *counters) clear() {
	for _, counter := range []*atomic.Uint64{&c.requests, &c.answers, &c.bids, &c.noBids, &c.badRequests, &c.bytesIn,
		&c.bytesOut, &c.readyChecks, &c.redirects, &c.failures, &c.noticeFailures} {
		counter.Store(0)
	}
	c.last.keep(nil, nil)
}

// lastRequest keeps a copy of the latest bid request.
type lastRequest struct {
	mu           sync.Mutex
	header, body []byte
}

func (l *lastRequest) keep(header, body []byte) {
	l.mu.Lock()
	l.header, l.body = append(l.header[:0], header...), append(l.body[:0], body...)
	l.mu.Unlock()
}

// show gives the body as JSON: itself, or a string holding it when it is not JSON, or null before the first.
func (l *lastRequest) show() (header string, body json.RawMessage) {
	l.mu.Lock()
	defer l.mu.Unlock()
	if len(l.header) == 0 {
		return "", json.RawMessage("null")
	}
	if json.Valid(l.body) {
		return string(l.header), json.RawMessage(append([]byte(nil), l.body...))
	}
	text, _ := json.Marshal(string(l.body)) // a string always encodes
	return string(l.header), text
}

// Stats is the document of GET /ctl/stats.
type Stats struct {
	Seat     string `json:"seat"`
	Requests uint64 `json:"requests"` // bid requests
	Answers  uint64 `json:"answers"`  // answers with bids
	Bids     uint64 `json:"bids"`
	NoBids   uint64 `json:"no_bids"`
	Failures uint64 `json:"failures"` // requests answered by the failure set
	Invalid  uint64 `json:"bad_requests"`

	Won         uint64            `json:"won"`          // auctions, however many messages tell of one
	Impressions uint64            `json:"impressions"`  // of them: as many as were won, each billed on its own
	Lost        map[string]uint64 `json:"lost"`         // bids by reason
	Pending     uint64            `json:"pending"`      // auctions passed on to an ad server
	PostPending uint64            `json:"post_pending"` // of Won: those that were accepted after pending
	Billed      uint64            `json:"billed"`       // of Won: those that a billing notice URL told of
	Paid        string            `json:"paid"`         // sum of the prices told with wins, CPM in the bidder's currency
	Spend       string            `json:"spend"`        // the money that comes to, a thousandth of Paid, exact
	PaidIn      map[string]string `json:"paid_by_currency"`
	Conflicts   uint64            `json:"price_conflicts"` // messages of one win whose prices differ

	Kept    uint64 `json:"kept"` // impressions told of to the owner's bidder
	Sold    uint64 `json:"sold"`
	Default uint64 `json:"default"`
	SoldFor string `json:"sold_for"` // sum of the prices told with Sold, CPM in USD
	ToldNo  uint64 `json:"no_bid"`   // impressions it was told to have said nothing to

	Errors         map[string]uint64 `json:"errors"`  // messages by reason
	Unknown        map[string]uint64 `json:"unknown"` // messages by type, of types that mean nothing here
	Notices        uint64            `json:"notices"` // messages of all kinds
	Duplicates     uint64            `json:"duplicate_notices"`
	NoticeFailures uint64            `json:"notify_failures"` // messages treated as notify_failure says, and not counted
	LastNotice     json.RawMessage   `json:"last_notice"`

	ReadyChecks uint64 `json:"ready_checks"`
	Redirects   uint64 `json:"redirects_followed"`
	Connections int    `json:"connections"`
	Accepted    uint64 `json:"connections_accepted"`
	BytesIn     uint64 `json:"bytes_in"`  // of bid request bodies as sent
	BytesOut    uint64 `json:"bytes_out"` // of bid bodies

	LastHeader  string          `json:"last_request_header"`
	LastRequest json.RawMessage `json:"last_request"`
}

// Stats reads the counters.
func (b *Bidder) Stats() Stats {
	c := &b.counters
	s := Stats{
		Seat: b.desk.Plan().Settings.Seat, Requests: c.requests.Load(), Answers: c.answers.Load(), Bids: c.bids.Load(),
		NoBids: c.noBids.Load(), Failures: c.failures.Load(), Invalid: c.badRequests.Load(), ReadyChecks: c.readyChecks.Load(),
		Redirects: c.redirects.Load(), BytesIn: c.bytesIn.Load(), BytesOut: c.bytesOut.Load(), NoticeFailures: c.noticeFailures.Load(),
	}
	s.Connections, s.Accepted = b.server.Connections()
	s.LastHeader, s.LastRequest = c.last.show()
	b.book.show(&s)
	return s
}

func (b *Bidder) clear() {
	b.counters.clear()
	b.book.clear()
}

func (bk *book) show(s *Stats) {
	bk.mu.Lock()
	defer bk.mu.Unlock()
	s.Won, s.Impressions, s.Pending, s.PostPending, s.Billed = bk.won, bk.impressions, bk.pending, bk.postPending, bk.billed
	s.Kept, s.Sold, s.Default, s.ToldNo, s.SoldFor = bk.kept, bk.sold, bk.fallback, bk.noBid, bk.soldFor.String()
	s.Notices, s.Duplicates, s.Conflicts = bk.notices, bk.duplicates, bk.conflicts
	s.Lost, s.Errors, s.Unknown = copied(bk.lost), copied(bk.errors), copied(bk.unknown)
	var paid ad.CPM
	s.PaidIn = make(map[string]string, len(bk.paid))
	for currency, sum := range bk.paid {
		paid += sum
		s.PaidIn[currency] = sum.String()
	}
	s.Paid, s.Spend = paid.String(), control.Money(paid)
	s.LastNotice = json.RawMessage("null")
	if len(bk.last) > 0 {
		s.LastNotice = bytes.Clone(bk.last)
	}
}

func copied(counts map[string]uint64) map[string]uint64 {
	out := make(map[string]uint64, len(counts))
	maps.Copy(out, counts)
	return out
}

func (bk *book) keepLast(notice []byte) {
	bk.mu.Lock()
	bk.last = append(bk.last[:0], notice...)
	bk.mu.Unlock()
}

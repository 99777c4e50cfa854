package auction

import (
	"slices"
	"strconv"
	"strings"

	"curb/edge/ad"
)

// Trace is the account of one auction: what it was given, what it worked out, what came of it. It copies all it keeps,
// so it outlives the bids' buffers. Its text is Append's; tools that want fields read Setting, Bids and Result.
type Trace struct {
	Setting Setting // without the salt, which is secret, and the trace
	Bids    []TracedBid
	Result  Result
	// Ranking is the indexes of the bids that competed, best first.
	Ranking []int
}

// TracedBid is one bid of a trace.
type TracedBid struct {
	ID       string
	Bidder   ad.BidderID // 0: managed
	Seat     ad.MemberID
	Kind     ad.BidKind
	Deal     string // id; empty without
	Private  bool   // the deal is
	Priority uint8  // of managed bids and private deals
	Price    ad.CPM // as submitted, for Goal, in Currency
	Goal     ad.Goal
	Currency ad.Currency
	Capped   bool
	Reason   ad.Reason
	Judged
}

// record takes the account down, once everything is decided.
func (t *Trace) record(c *contest, r *Result) {
	t.Setting, t.Result = *c.setting, *r
	t.Setting.Trace, t.Setting.Salt = nil, Salt{}
	t.Bids, t.Ranking = t.Bids[:0], t.Ranking[:0]
	for i := range c.entries {
		if c.entries[i].entered {
			t.Ranking = append(t.Ranking, i)
		}
	}
	// Sorting first: it draws the tickets of all ties, where the auction drew only those it needed.
	slices.SortStableFunc(t.Ranking, func(i, j int) int {
		if c.before(i, j) {
			return -1
		}
		if c.before(j, i) {
			return 1
		}
		return 0
	})
	for i := range c.bids {
		b, e := &c.bids[i], &c.entries[i]
		bidder := ad.BidderID(0)
		if b.Bidder != nil {
			bidder = b.Bidder.ID
		}
		t.Bids = append(t.Bids, TracedBid{
			ID: strings.Clone(b.ID), Bidder: bidder, Seat: b.Member, Kind: b.Kind, Deal: strings.Clone(dealID(b)),
			Private: b.Deal != nil && b.Deal.Type == ad.DealPrivate, Priority: e.priority,
			Price: b.Price, Goal: b.Goal, Currency: b.Currency, Capped: b.Capped, Reason: b.Reason,
			Judged: e.judged(c.stage),
		})
	}
}

// String is Append as a string.
func (t *Trace) String() string { return string(t.Append(nil)) }

// Append writes the account for people, a line per fact, in the order in which things happened. The text holds no
// control characters, whatever a bidder sent.
func (t *Trace) Append(dst []byte) []byte {
	dst = t.appendRules(dst)
	for i := range t.Bids {
		if b := &t.Bids[i]; b.Stage == NoStage {
			dst = b.appendRefused(dst)
		}
	}
	if t.Result.Winner < 0 {
		return append(dst, "unsold   no bid was eligible\n"...)
	}
	dst = t.appendStage(dst)
	for place, i := range t.Ranking {
		dst = t.Bids[i].appendRank(dst, place+1)
	}
	dst = t.appendSold(dst)
	for i := range t.Bids {
		if b := &t.Bids[i]; b.Stage != NoStage && b.Reason != ad.Won {
			dst = appendLine(dst, "lost", b.name(), " ", b.Reason.String())
		}
	}
	if t.Result.Shielded > 0 {
		dst = appendLine(dst, "shielded", t.Result.Shielded.String())
	}
	return dst
}

// appendLine writes one line: a label in a column of nine, then the parts.
func appendLine(dst []byte, label string, parts ...string) []byte {
	dst = append(dst, label...)
	for n := len(label); n < 9; n++ {
		dst = append(dst, ' ')
	}
	for _, p := range parts {
		dst = append(dst, p...)
	}
	return append(dst, '\n')
}

func (t *Trace) appendRules(dst []byte) []byte {
	s := &t.Setting
	parts := []string{s.PriceRule.String(), " price"}
	note := func(more ...string) { parts = append(append(parts, ", "), more...) }
	if s.ResellingPriority > 0 {
		note("reselling priority ", strconv.Itoa(int(s.ResellingPriority)))
	}
	if s.BelowThreshold == ad.ByPrice {
		note("below it by price")
	}
	if s.NoResale {
		note("no resale")
	}
	if s.Floor.Price > 0 {
		note("floor ", s.Floor.Price.String(), " (", s.Floor.Source.String(), ")")
	}
	if s.Floor.Soft > 0 {
		note("soft floor ", s.Floor.Soft.String())
	}
	if s.PassedOn {
		note("passed on to a contest estimated at ", s.Estimate.String())
	}
	if s.NextSecondPrice {
		note("which is second price")
	}
	dst = appendLine(dst, "rules", parts...)
	return appendLine(dst, "eligible", strconv.Itoa(t.Result.Eligible), " of ", strconv.Itoa(len(t.Bids)))
}

func (t *Trace) appendStage(dst []byte) []byte {
	r := &t.Result
	why := "nobody has a privilege"
	switch r.Stage {
	case Gate:
		why = "managed demand reaches the reselling priority"
	case Private:
		why = "a private deal is there"
	}
	return appendLine(dst, "stage", r.Stage.String(), ": ", why)
}

func (t *Trace) appendSold(dst []byte) []byte {
	r := &t.Result
	w := &t.Bids[r.Winner]
	dst = appendLine(dst, "sold", w.name(), " at ", r.ClearPrice.String(), ": ", r.Basis.String())
	if r.BuyerPays != r.ClearPrice || r.Paid != r.ClearPrice || !r.Currency.IsUSD() {
		dst = appendLine(dst, "pays", r.BuyerPays.String(), " to the platform, which keeps ", r.PlatformFee().String(),
			"; on the bid's own scale ", r.Paid.String(), " ", r.Currency.String())
	}
	return dst
}

func (b *TracedBid) appendRefused(dst []byte) []byte {
	if b.Reason == ad.BelowFloor || b.Reason == ad.BelowDealFloor {
		return appendLine(dst, "refused", b.name(), " ", b.Reason.String(), ": net ", b.Net.String(),
			" under ", max(b.Floor, priceLeast).String(), " (", b.FloorSource.String(), ")")
	}
	return appendLine(dst, "refused", b.name(), " ", b.Reason.String())
}

func (b *TracedBid) appendRank(dst []byte, place int) []byte {
	parts := []string{strconv.Itoa(place), " ", b.name(), " ", b.Rank.String()}
	note := func(more ...string) { parts = append(append(parts, ", "), more...) }
	if b.Goal.Kind != ad.PerMille || !b.Currency.IsUSD() {
		note("bid ", b.Price.String(), " ", b.Currency.String(), " ", b.Goal.Kind.String())
	}
	if b.Capped {
		note("capped")
	}
	if b.Gross != b.Net {
		note("gross ", b.Gross.String(), " net ", b.Net.String())
	}
	if b.Ticket != 0 {
		note("ticket ", strconv.FormatUint(b.Ticket, 16))
	}
	return appendLine(dst, "rank", parts...)
}

// nameBytesMax is how much of a bid's id a line shows; a bidder may send a long one.
const nameBytesMax = 64

// name is the bid as people may call it: its bidder, since ids are each bidder's own, its id, and what it is.
func (b *TracedBid) name() string {
	id := plain(b.ID)
	if b.Bidder != 0 {
		id = strconv.FormatUint(uint64(b.Bidder), 10) + "/" + id
	}
	kind := b.Kind.String()
	if b.Kind == ad.DealBid {
		kind = "open deal"
		if b.Private {
			kind = "private deal"
		}
		if b.Deal != "" {
			kind += " " + plain(b.Deal)
		}
	}
	if b.Priority > 0 {
		kind += ", priority " + strconv.Itoa(int(b.Priority))
	}
	return id + " (" + kind + ")"
}

// plain clips an id and quotes it where it would not print as it is.
func plain(id string) string {
	if len(id) > nameBytesMax {
		id = id[:nameBytesMax] + "..."
	}
	if id == "" || strings.ContainsFunc(id, func(r rune) bool { return r <= ' ' || r > '~' || r == '"' }) {
		return strconv.QuoteToASCII(id)
	}
	return id
}

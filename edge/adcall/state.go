package adcall

import (
	"time"

	"curb/edge/ad"
	"curb/edge/auction"
	"curb/edge/catalog"
	"curb/edge/openrtb"
)

// state is what a call needs between its steps. It lives in the answer and keeps its buffers from call to call.
type state struct {
	snapshot *catalog.Snapshot
	received *openrtb.Request
	deadline time.Time
	// personal: identifiers that the page or app supplied may be passed on to bidders.
	personal bool

	managed  []ad.Bid // the owner's demand for all impressions
	seats    []seat   // per impression
	bids     []ad.Bid // what competes, per impression one after the other
	setting  auction.Setting
	scratch  auction.Scratch
	first    ad.Answers // of the owner's bidder, asked alone
	answers  ad.Answers // of everybody else
	owner    *ad.Bidder // that was asked alone; nil: none was
	provided []ad.Provided
	outgoing openrtb.Outgoing
	request  requestParts
	floors   []auction.SizeFloor
	deals    []*ad.Deal // that bidders may use, one bidder and impression after the other
	dealRows [][]*ad.Deal
	promises []promise
	notice   ad.Notice  // the one that is being told
	full     []byte     // the bid request, for bidders that want it with their notices; empty before the first
	passed   []ad.Asked // bidders that were not asked because too many wanted to be
	// attributes are the publisher's blocked creative attributes as OpenRTB writes them.
	attributes []int
}

// seat is where an impression's managed bids stand, and whether they have closed it to everybody else.
type seat struct {
	from, to int
	closed   bool
	terms    ad.OwnerTerms // of the owner's bidder
}

// reset forgets the call and keeps the buffers. Pointers are cleared, so that a quiet node does not hold an old rule set.
func (st *state) reset() {
	st.snapshot, st.received = nil, nil
	clear(st.managed)
	clear(st.bids)
	st.first, st.answers = emptied(st.first), emptied(st.answers)
	clear(st.seats)
	clear(st.provided)
	st.owner, st.provided = nil, st.provided[:0]
	clear(st.outgoing.Targets)
	st.managed, st.seats, st.bids = st.managed[:0], st.seats[:0], st.bids[:0]
	clear(st.passed)
	st.floors, st.passed = st.floors[:0], st.passed[:0]
	clear(st.deals)
	clear(st.dealRows)
	st.deals, st.dealRows = st.deals[:0], st.dealRows[:0]
	clear(st.promises)
	st.promises, st.notice, st.full = st.promises[:0], ad.Notice{}, st.full[:0]
	st.setting = auction.Setting{}
	st.outgoing = openrtb.Outgoing{Targets: st.outgoing.Targets[:0]}
	st.request.reset()
}

// emptied forgets answers and keeps their buffers.
func emptied(a ad.Answers) ad.Answers {
	clear(a.Bids)
	clear(a.Asked)
	clear(a.Owner)
	return ad.Answers{Asked: a.Asked[:0], Bids: a.Bids[:0], Owner: a.Owner[:0]}
}

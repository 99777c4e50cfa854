package bidder

import (
	"slices"
	"strconv"
	"unsafe"

	"curb/edge/ad"
	"curb/edge/catalog"
	"curb/edge/openrtb"
)

// offer is what one bidder is told of its own, worked out in the ask's buffers one bidder after the other.
type offer struct {
	splice openrtb.Splice
	// What splice points into.
	deals   []openrtb.Deal
	floors  []ad.CPM
	private []bool
	skip    []bool
	seats   []string
	data    []openrtb.Data
	known   []openrtb.Segment
	digits  []byte // of segments' values

	// Of the auction: per impression of the request, what deals add to it. Each is nil or a part of text.
	exts [][]byte
	text []byte
	// usd: exchange rates are too old, only dollars are taken.
	usd bool
}

// dollars is what bidders are told then.
var dollars = []string{"USD"}

// fees are what comes off a bid before it meets a floor: the bidder's first, then the platform's.
type fees struct{ bidder, platform ad.Share }

// gross is the least bid that leaves net. Rounding up at each fee, it is never short of it.
func (f fees) gross(net ad.CPM) ad.CPM { return f.bidder.Gross(f.platform.Gross(net)) }

// begin works out what is the same for all bidders.
func (o *offer) begin(snap *catalog.Snapshot, call *ad.Call, positions []int) {
	o.usd = !snap.Rates().Fresh(call.Received)
	o.exts, o.text = o.exts[:0], o.text[:0]
	for _, at := range positions {
		from := len(o.text)
		o.text = appendSizes(o.text, call.Impressions[at].PrivateSizes)
		o.exts = append(o.exts, o.text[from:len(o.text):len(o.text)])
	}
}

// appendSizes writes the ext of deals on an impression that keeps sizes for them, as {"curb":{"sizes":["300x600"]}}.
func appendSizes(dst []byte, sizes []ad.Size) []byte {
	if len(sizes) == 0 {
		return dst
	}
	dst = append(dst, `{"curb":{"sizes":[`...)
	for i, size := range sizes {
		if i > 0 {
			dst = append(dst, ',')
		}
		dst = append(size.Append(append(dst, '"')), '"')
	}
	return append(dst, `]}}`...)
}

// offer fills the splice for one bidder and reports whether there is anything that it may bid on. Floors that the call knows
// are net; a buyer does not know what is taken off, so it is told what it must bid.
func (a *ask) offer(l *line, snap *catalog.Snapshot, out *openrtb.Outgoing, t *ad.Target) (some bool) {
	o := &a.own
	o.deals, o.floors, o.private, o.skip, o.seats = o.deals[:0], o.floors[:0], o.private[:0], o.skip[:0], o.seats[:0]
	o.splice.Deals = o.splice.Deals[:0]
	platform, seats := o.buyers(l, snap, out.Call, nil)
	open := fees{t.Bidder.BidderFee, platform}
	if len(seats) == 0 {
		return false
	}
	for i, at := range a.positions {
		imp := &out.Call.Impressions[at]
		floor := out.Request.Imp[i].BidFloor
		from := len(o.deals)
		if at < len(t.Deals) {
			for _, d := range t.Deals[at] {
				platform, invited := o.buyers(l, snap, out.Call, d.Members)
				if len(invited) == 0 {
					continue
				}
				o.deals = append(o.deals, deal(d, out.Request.AT, fees{t.Bidder.BidderFee, platform}, floor))
				last := &o.deals[len(o.deals)-1]
				last.Ext = o.exts[i]
				if len(d.Members) > 0 {
					last.WSeat = invited
				}
			}
		}
		deals := o.deals[from:len(o.deals):len(o.deals)]
		private := out.Call.PreventRTB || imp.PrivateAuction || (imp.Placement != nil && imp.Placement.NoResale)
		skip := private && len(deals) == 0
		some = some || !skip
		o.splice.Deals = append(o.splice.Deals, deals)
		o.floors, o.private, o.skip = append(o.floors, open.gross(floor)), append(o.private, private), append(o.skip, skip)
	}
	o.splice.WSeat, o.splice.Cur = seats, l.currencies
	if o.usd {
		o.splice.Cur = dollars
	}
	o.splice.UserData = o.provided(t.Data)
	o.splice.BidFloor, o.splice.Private, o.splice.Skip = o.floors, o.private, o.skip
	return some
}

// provided is what data providers said that the bidder may see, as user.data (OpenRTB 2.6 §3.2.21): a provider's name, its
// codes as ids, and their values where it gave some.
func (o *offer) provided(all []ad.Provided) []openrtb.Data {
	o.data, o.known, o.digits = o.data[:0], o.known[:0], o.digits[:0]
	for i := range all {
		p := &all[i]
		from := len(o.known)
		for _, s := range p.Segments {
			o.known = append(o.known, openrtb.Segment{ID: s.Code, Value: o.value(s.Value)})
		}
		if len(o.known) > from {
			o.data = append(o.data, openrtb.Data{Name: p.Provider.Name, Segment: o.known[from:len(o.known):len(o.known)]})
		}
	}
	return o.data
}

// value is a segment's value in decimal; "" for none. It lies in the offer's buffer until the next bidder's.
func (o *offer) value(v int32) string {
	if v == 0 {
		return ""
	}
	from := len(o.digits)
	o.digits = strconv.AppendInt(o.digits, int64(v), 10)
	return unsafe.String(&o.digits[from], len(o.digits)-from)
}

// buyers are the bidder's seats that may buy, of those invited if any are named, and the largest platform fee among them.
func (o *offer) buyers(l *line, snap *catalog.Snapshot, call *ad.Call, invited []ad.MemberID) (fee ad.Share, seats []string) {
	from := len(o.seats)
	for i, id := range l.bidder.Members {
		if len(invited) > 0 && !slices.Contains(invited, id) {
			continue
		}
		if m := snap.Member(id); m != nil && m.Active && call.SeatMayBuy(id) {
			fee = max(fee, m.PlatformFee)
			o.seats = append(o.seats, l.seats[i])
		}
	}
	return fee, o.seats[from:len(o.seats):len(o.seats)]
}

// deal says a deal in OpenRTB (2.6 §3.2.12). One without an ask has the floor of the impression, which is said again:
// without it a buyer would read that there is none.
func deal(d *ad.Deal, at int, f fees, floor ad.CPM) openrtb.Deal {
	if d.HasAsk {
		floor = d.Ask
	}
	offer := openrtb.Deal{ID: d.ID, AT: at}
	if d.Fixed {
		offer.AT = 3
	}
	if d.HasAsk || floor > 0 {
		offer.BidFloor, offer.BidFloorCur = f.gross(floor), "USD"
	}
	return offer
}

package bidder

import (
	"strconv"

	"curb/edge/ad"
	"curb/edge/catalog"
	"curb/edge/openrtb"
)

// judge holds what bidders answered against the catalog: every bid becomes an ad.Bid, refused ones with the first
// reason that applies. It takes values and gives values; creative.go, exclusion.go and deal.go hold its rules.
type judge struct {
	snap      *catalog.Snapshot
	call      *ad.Call
	request   *openrtb.Request
	positions []int // of the request's impressions in the call
	urls      urlChecker
	terms     *openrtb.Terms // reads what bids and answers say to us alone; what it gives lives as long as the bids
}

// urlChecker says whether a URL that a bidder named may be called.
type urlChecker interface {
	CheckURL(raw string, domains []string) error
}

// answer is one bidder's response while it is judged.
type answer struct {
	*judge
	bidder   *ad.Bidder
	deals    [][]*ad.Deal // per impression of the call
	response *openrtb.Response

	currency       ad.Currency
	rate           ad.Rate
	currencyReason ad.Reason
}

// seat is who a seatbid bids for.
type seat struct {
	member *ad.Member
	reason ad.Reason
}

// judge appends the response's bids to bids. reason is ad.Undecided if there are any, refused ones included.
func (j *judge) judge(t *ad.Target, r *openrtb.Response, bids []ad.Bid) (all []ad.Bid, reason ad.Reason) {
	switch {
	case !bidsIn(r):
		return bids, ad.NoBid // whatever else it says: an empty answer is one (OpenRTB 2.6 §4.2.1)
	case r.ID != j.request.ID:
		return bids, ad.IDMismatch
	}
	a := answer{judge: j, bidder: t.Bidder, deals: t.Deals, response: r}
	a.readCurrency()
	from := len(bids)
	for i := range r.SeatBid {
		s := a.seat(r.SeatBid[i].Seat)
		for k := range r.SeatBid[i].Bid {
			bids = append(bids, ad.Bid{})
			b := &bids[len(bids)-1]
			b.Reason = a.bid(b, &r.SeatBid[i].Bid[k], s, bids[from:len(bids)-1])
		}
	}
	return bids, ad.Undecided
}

// bidsIn reports whether a response holds a bid.
func bidsIn(r *openrtb.Response) bool {
	for i := range r.SeatBid {
		if len(r.SeatBid[i].Bid) > 0 {
			return true
		}
	}
	return false
}

// bid fills b with what the bidder said and the catalog knows, and gives the first reason against it. before is the
// response's bids so far.
func (a *answer) bid(b *ad.Bid, in *openrtb.Bid, s seat, before []ad.Bid) ad.Reason {
	b.ID, b.Bidder, b.Impression = in.ID, a.bidder, -1
	b.Price, b.Currency, b.Rate, b.BidderFee = in.Price, a.currency, a.rate, a.bidder.BidderFee
	b.Markup, b.NURL, b.BURL, b.LURL = in.AdM, in.NURL, in.BURL, in.LURL
	b.Size = sizeOf(in)
	if len(in.ADomain) > 0 {
		b.Advertiser = in.ADomain[0]
	}
	if s.member != nil {
		b.Member, b.PlatformFee = s.member.ID, s.member.PlatformFee
	}
	terms := a.readTerms(b, in)
	at := a.impression(in.ImpID)
	if at >= 0 {
		b.Impression = a.positions[at]
	}
	switch {
	case len(before) >= ad.BidsConsidered:
		return ad.TooManyBids
	case in.ID == "":
		return ad.ResponseInvalid
	case at < 0:
		return ad.ImpUnknown
	}
	for i := range before {
		if before[i].ID == in.ID {
			return ad.BidDuplicate
		}
	}
	switch {
	case s.reason != ad.Undecided:
		return s.reason
	case in.PriceReason != ad.Undecided:
		return in.PriceReason
	case in.Price <= 0:
		return ad.PriceInvalid
	case terms != ad.Undecided:
		return terms
	case a.currencyReason != ad.Undecided:
		return a.currencyReason
	}
	if reason := a.readDeal(b, in); reason != ad.Undecided {
		return reason
	}
	return a.content(b, in, at)
}

// content judges what would be shown, and who is told.
func (a *answer) content(b *ad.Bid, in *openrtb.Bid, at int) ad.Reason {
	imp := &a.call.Impressions[b.Impression]
	if reason := a.creative(b, in, imp); reason != ad.Undecided {
		return reason
	}
	if a.typeBlocked(b, at) {
		return ad.CreativeFormat
	}
	if reason := a.exclusions(b.Creative, in, imp); reason != ad.Undecided {
		return reason
	}
	for _, raw := range [...]string{in.NURL, in.BURL, in.LURL, b.ClickURL} {
		if raw != "" && a.urls.CheckURL(raw, a.bidder.Domains) != nil {
			return ad.NoticeURLDenied
		}
	}
	return ad.Undecided
}

// impression finds an imp of the request; -1: there is none with that id.
func (a *answer) impression(id string) int {
	for i := range a.request.Imp {
		if a.request.Imp[i].ID == id {
			return i
		}
	}
	return -1
}

// readCurrency settles currency and rate for all bids of the response. A currency that has no rate is as good as none.
// Under rates that are too old only dollars are taken, of everybody: so the bidder was told.
func (a *answer) readCurrency() {
	if a.response.CurReason != ad.Undecided {
		a.currencyReason = a.response.CurReason
		return
	}
	currency, ok := ad.ParseCurrency(a.response.Cur)
	rate := ad.Rate(0)
	if ok {
		rate = a.snap.Rates().Rate(currency)
	}
	if rate <= 0 {
		a.currencyReason = ad.CurrencyInvalid
		return
	}
	a.currency, a.rate = currency, rate
	if !a.snap.Rates().Fresh(a.call.Received) {
		if !currency.IsUSD() {
			a.currencyReason = ad.CurrencyNotAllowed
		}
		return
	}
	if len(a.bidder.Currencies) == 0 && currency.IsUSD() {
		return
	}
	for _, allowed := range a.bidder.Currencies {
		if allowed == currency || (allowed.IsUSD() && currency.IsUSD()) {
			return
		}
	}
	a.currencyReason = ad.CurrencyNotAllowed
}

// seat finds the member a seat names: its id in decimal, as we write it.
func (a *answer) seat(text string) seat {
	if text == "" {
		return seat{reason: ad.SeatMissing}
	}
	id, ok := decimal(text)
	if !ok {
		return seat{reason: ad.SeatForbidden}
	}
	for _, m := range a.bidder.Members {
		if uint32(m) != id {
			continue
		}
		member := a.snap.Member(m)
		switch {
		case member == nil:
			return seat{reason: ad.SeatForbidden}
		case !member.Active:
			return seat{member, ad.SeatInactive}
		case !a.call.SeatMayBuy(m):
			return seat{member, ad.SeatForbidden}
		}
		return seat{member: member}
	}
	return seat{reason: ad.SeatForbidden}
}

// decimal reads an id of ours: 1 to 4294967295 without sign or leading zeros.
func decimal(text string) (uint32, bool) {
	if text == "" || text[0] < '1' || text[0] > '9' || len(text) > 10 {
		return 0, false
	}
	for i := range len(text) {
		if text[i] < '0' || text[i] > '9' {
			return 0, false
		}
	}
	id, err := strconv.ParseUint(text, 10, 32)
	return uint32(id), err == nil
}

package server

import (
	"context"
	"slices"
	"strconv"
	"strings"
	"time"

	"curb/edge/ad"
	"curb/edge/adcall"
	"curb/edge/macro"
	"curb/edge/openrtb"
)

// No-bid reasons (OpenRTB 2.6, List: No-Bid Reason Codes).
const (
	nbrTechnicalError = 1
	nbrInvalidRequest = 2
)

// noSeats is the list of an answer without bids, written as [].
var noSeats = []openrtb.SeatBid{}

// Markup types of a bid (OpenRTB 2.6 §4.3.3, mtype).
const (
	markupBanner = 1 + iota
	markupVideo
	markupAudio
	markupNative
)

// respond writes the bid response: every sold impression as a bid of its buyer's seat, at what the seller gets, in the
// caller's currency. Each is promised before: the caller holds an auction of its own and may come back for it.
func (h *Handler) respond(ctx context.Context, c *openCall, in request, received *openrtb.Request, answer *adcall.Answer) []byte {
	id := c.call.ID.String()
	response := openrtb.Response{ID: received.ID, SeatBid: noSeats, BidID: id, Cur: c.currency.String()}
	for i := range answer.Slots {
		slot := &answer.Slots[i]
		if slot.Outcome != adcall.Sold || slot.Bid == nil {
			continue
		}
		bid, why := h.bid(c, in, slot, &received.Imp[i])
		if why != ad.Undecided {
			answer.Withdraw(slot, why)
			continue
		}
		if answer.Promise(ctx, slot, nil, false) != nil {
			continue
		}
		bid.ID = id + "-" + strconv.Itoa(i+1)
		c.seat(strconv.FormatUint(uint64(slot.Sale.Buyer), 10), bid)
	}
	if len(c.seats) > 0 {
		response.SeatBid = c.seats
	}
	return openrtb.AppendResponse(c.out[:0], &response)
}

// seat adds a bid to its seat.
func (c *openCall) seat(seat string, bid openrtb.Bid) {
	for i := range c.seats {
		if c.seats[i].Seat == seat {
			c.seats[i].Bid = append(c.seats[i].Bid, bid)
			return
		}
	}
	c.seats = append(c.seats, openrtb.SeatBid{Seat: seat, Bid: []openrtb.Bid{bid}})
}

// bid makes one bid. why is Undecided, or the reason why there is none: its creative has no markup to hand on, its price is
// nothing in the caller's currency, or its deal is none that the caller asks for.
func (h *Handler) bid(c *openCall, in request, slot *adcall.Slot, imp *openrtb.Imp) (out openrtb.Bid, why ad.Reason) {
	c.page.values = values{call: &c.call, slot: slot, size: slot.Size}
	c.page.document = c.page.document[:0]
	c.billing = c.returns.appendAccept(c.billing[:0], pathImpression, slot)
	kind, ok := h.markup(c, in, slot)
	if !ok {
		return out, ad.CreativeFormat
	}
	creative := slot.Creative
	out = openrtb.Bid{
		ImpID: slot.Impression.ID, Price: c.rate.FromUSD(slot.Result.ClearPrice), AdM: string(c.page.document),
		W: int(slot.Size.W), H: int(slot.Size.H), MType: kind,
		BURL: string(c.billing), Exp: int(ad.AcceptWindow(mediaOf(slot)) / time.Second),
	}
	if creative != nil {
		out.AdID = strconv.FormatUint(uint64(creative.ID), 10)
		out.CrID, out.ADomain, out.Cat = creative.Code, creative.Advertisers, creative.Categories
		for _, a := range creative.Attributes {
			out.Attr = append(out.Attr, int(a))
		}
	}
	if out.CrID == "" {
		out.CrID = out.AdID
	}
	out.ADomain = withDomain(out.ADomain, slot.Bid.Advertiser)
	if slot.Bid.Deal != nil && offers(imp, slot.Bid.Deal.ID) {
		out.DealID = slot.Bid.Deal.ID
	}
	switch {
	case out.Price <= 0:
		return out, ad.PriceInvalid
	case out.DealID == "" && slot.Impression.PrivateAuction:
		return out, ad.DealForbidden
	}
	return out, ad.Undecided
}

// withDomain adds the bid's own advertiser to the creative's, so that the caller can hold both against its blocks. The
// creative's list is left as it is.
func withDomain(domains []string, own string) []string {
	if own == "" || slices.ContainsFunc(domains, func(d string) bool { return strings.EqualFold(d, own) }) {
		return domains
	}
	return append(slices.Clip(domains), own)
}

// markup appends what the caller shows, and says of which kind it is. A banner and a wrapper around a VAST document bill
// themselves when they are shown, for callers that do not call burl.
func (h *Handler) markup(c *openCall, in request, slot *adcall.Slot) (kind int, ok bool) {
	p, creative := &c.page, slot.Creative
	media := ad.Banner
	if creative != nil && creative.Media != 0 {
		media = creative.Media
	}
	switch {
	case creative != nil && creative.Format == ad.FormatVAST:
		kind = markupVideo
		if media&ad.Video == 0 && media&ad.Audio != 0 {
			kind = markupAudio
		}
		return kind, h.vast(c, in, slot)
	case creative != nil && creative.Format == ad.FormatNative:
		return markupNative, h.data(p, in, slot)
	}
	if !h.fragment(p, in, slot) {
		return 0, false
	}
	p.document = append(append(append(p.document, pixelHead...), c.billing...), pixelTail...)
	return markupBanner, len(p.document) <= ad.ResponseTailBytesMax
}

// Around the URL of a picture that nobody sees. The URL is of our own making and needs no escaping.
const (
	pixelHead = `<img src="`
	pixelTail = `" width="1" height="1" alt="" style="position:absolute;left:-9999px">`
)

// data appends XML or JSON with its macros filled.
func (h *Handler) data(p *pageWriter, in request, slot *adcall.Slot) (ok bool) {
	if slot.Bid.Markup != "" {
		p.document, ok = macro.Expand(p.document, slot.Bid.Markup, macro.Data, &p.values)
		return ok
	}
	p.document, ok = h.template(in.snap, slot.Creative, macro.Data).content.Append(p.document, &p.values)
	return ok && len(p.document) > 0
}

// Around the URL of a VAST document (VAST 4.2 §3.19).
const (
	vastHead = `<VAST version="3.0"><Ad id="`
	vastURL  = `"><Wrapper><AdSystem>curb</AdSystem><VASTAdTagURI><![CDATA[`
	vastMid  = `]]></VASTAdTagURI><Impression><![CDATA[`
	vastTail = `]]></Impression></Wrapper></Ad></VAST>`
)

// vast appends a VAST document: the creative's own, or a wrapper around the URL of one.
func (h *Handler) vast(c *openCall, in request, slot *adcall.Slot) bool {
	p := &c.page
	if slot.Bid.Markup != "" || !foldPrefix(slot.Creative.Content, "http") {
		return h.data(p, in, slot)
	}
	if !p.url(h.template(in.snap, slot.Creative, macro.URL).content) {
		return false
	}
	p.document = append(p.document, vastHead...)
	p.document = number(p.document, slot.Creative.ID)
	p.document = append(p.document, vastURL...)
	p.document = appendURL(p.document, p.piece)
	p.document = append(append(append(p.document, vastMid...), c.billing...), vastTail...)
	return true
}

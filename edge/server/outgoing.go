package server

import (
	"context"
	"slices"
	"strconv"
	"strings"
	"time"

	"curb/edge/ad"
	"curb/edge/adcall"
	"curb/edge/openrtb"
)

// No-bid reasons (OpenRTB 2.6, List: No-Bid Reason Codes).
const (
	nbrTechnicalError = 1
	nbrInvalidRequest = 2
)

// noSeats is the list of an answer without bids, written as [].
var noSeats = []openrtb.SeatBid{}

// respond writes the bid response: every sold impression as a bid of its buyer's seat, at what the seller gets, in the
// caller's currency. All are promised before, together: the caller holds an auction of its own and may come back for each.
func (h *Handler) respond(ctx context.Context, c *openCall, in request, received *openrtb.Request, answer *adcall.Answer) []byte {
	id := c.call.ID.String()
	response := openrtb.Response{ID: received.ID, SeatBid: noSeats, BidID: id, Cur: c.currency.String()}
	c.page.follow(billing{c}, answer)
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
		c.bids[i] = bid
	}
	answer.PromiseAll(ctx) //nolint:errcheck // what could not be kept is not sold any more
	for i := range answer.Slots {
		slot := &answer.Slots[i]
		if slot.Outcome != adcall.Sold || slot.Bid == nil {
			continue
		}
		c.bids[i].ID = id + "-" + strconv.Itoa(i+1)
		c.seat(strconv.FormatUint(uint64(slot.Sale.Buyer), 10), c.bids[i])
	}
	if len(c.seats) > 0 {
		response.SeatBid = c.seats
	}
	return openrtb.AppendResponse(c.out[:0], &response)
}

// billing are the links of what is handed on: what counts it as shown bills it too, for callers that do not call burl.
type billing struct{ c *openCall }

func (b billing) appendImpression(dst []byte, _ *adcall.Slot) []byte {
	return append(dst, b.c.billing...)
}

func (b billing) appendClick(dst []byte, slot *adcall.Slot, extra []byte) []byte {
	return b.c.returns.appendClick(dst, slot, extra)
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
	h.begin(&c.page, in, &c.call, slot)
	c.billing = c.returns.appendBill(c.billing[:0], slot)
	kind, ok := h.markup(&c.page, in, slot)
	if !ok {
		return out, ad.CreativeFormat
	}
	creative := slot.Creative
	out = openrtb.Bid{
		ImpID: slot.Impression.ID, Price: c.rate.FromUSD(slot.Result.ClearPrice), AdM: string(c.page.document),
		W: int(slot.Size.W), H: int(slot.Size.H), MType: kind,
		Exp: int(ad.AcceptWindow(mediaOf(slot)) / time.Second),
	}
	if !c.call.Test { // a test's sale is nowhere, and there is nothing to bill
		out.BURL = string(c.billing)
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

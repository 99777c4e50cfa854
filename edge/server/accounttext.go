package server

import (
	"fmt"
	"strconv"
	"strings"

	"curb/edge/ad"
)

// text is the account for people, a line per fact. What others wrote stands in quotes, and no line is anybody's but ours.
func (a *account) text() []byte {
	out := fmt.Appendf(nil, "auction  %s, rules %s, as %s sees it\n", a.AuctionID, plain(a.Version), plain(a.View))
	i := &a.Inventory
	out = fmt.Appendf(out, "slot     placement %d (%s) of publisher %d, site %d, %s, position %d, secure %t\n",
		i.Placement, plain(i.Code), i.Publisher, i.Site, strings.Join(i.Sizes, " "), i.Position, i.Secure)
	out = fmt.Appendf(out, "reserve  of the call %s", i.Reserve)
	if i.Standing != nil {
		out = fmt.Appendf(out, ", of the placement %s", i.Standing)
	}
	out = append(out, '\n')
	out = fmt.Appendf(out, "page     %s\n", plain(i.Page))
	if i.AdServer != "" {
		out = fmt.Appendf(out, "calls    ad server %s\n", plain(i.AdServer))
	}
	u := &a.User
	out = fmt.Appendf(out, "user     known %t, identifiers may leave %t, born %d, gender %s, gdpr %d, gpc %t, coppa %t\n",
		u.Known, u.Personal, u.YearOfBirth, plain(u.Gender), u.GDPR, u.GPC, u.COPPA)
	for _, p := range a.Providers {
		out = fmt.Appendf(out, "data     %s:", plain(p.Name))
		for _, s := range p.Segments {
			out = fmt.Appendf(out, " %s=%d", plain(s.Code), s.Value)
		}
		out = append(out, '\n')
	}
	for _, b := range a.Bidders {
		out = b.text(out)
	}
	out = a.Auction.text(out)
	for i := range a.Bids {
		out = a.Bids[i].text(out)
	}
	for _, b := range a.Unplaced {
		out = fmt.Appendf(out, "unplaced %s, seat %d: %s %s: %s\n", named(b.Bidder, b.ID), b.Seat, b.Price, b.Currency, b.Reason)
	}
	if a.trace != nil {
		out = append(out, "\n"...)
		out = a.trace.Append(out)
		out = append(out, "\n"...)
	}
	out = a.Served.text(out, a.passedOn)
	return append(out, "notices  none: this is a debug auction, nothing is told, kept or billed\n"...)
}

func (s *accountServed) text(out []byte, passedOn bool) []byte {
	if s.Other {
		return append(out, "serves   another buyer's ad\n"...)
	}
	out = fmt.Appendf(out, "serves   %s", s.Outcome)
	if s.CreativeID != 0 {
		out = fmt.Appendf(out, ", creative %d (%s)", s.CreativeID, plain(s.Code))
	}
	out = fmt.Appendf(out, ", %s, %d bytes", s.Size, s.Bytes)
	if passedOn {
		out = fmt.Appendf(out, ", passed on at %s as %s", s.Price, plain(s.Bucket))
	}
	return append(out, '\n')
}

// named is a bid as people may call it: ids are each bidder's own. A line item has no bidder.
func named(bidder ad.BidderID, id string) string {
	if bidder == 0 {
		return plain(id)
	}
	return fmt.Sprintf("%d/%s", bidder, plain(id))
}

func (b *accountBidder) text(out []byte) []byte {
	if !b.Asked {
		return fmt.Appendf(out, "passed   bidder %d %s: %s\n", b.ID, plain(b.Name), b.Reason)
	}
	out = fmt.Appendf(out, "asked    bidder %d %s: %s, %d bids, %d us", b.ID, plain(b.Name), b.Reason, b.Bids, b.Micros)
	if b.Live != "" {
		out = fmt.Appendf(out, "; live calls leave it alone: %s", b.Live)
	}
	out = append(out, '\n')
	if b.Text != "" {
		out = fmt.Appendf(out, "says     bidder %d: %s\n", b.ID, strconv.QuoteToASCII(b.Text))
	}
	return out
}

func (a *accountAuction) text(out []byte) []byte {
	out = fmt.Appendf(out, "held     %s price, stage %s, gate %s, floor %s (%s)", a.Rule, a.Stage, a.Gate, a.Floor, a.FloorSource)
	if a.Field != nil {
		out = fmt.Appendf(out, ", %d eligible, %d competed", a.Field.Eligible, a.Field.Entered)
	}
	switch {
	case !a.Sold:
		return append(out, "\noutcome  not sold\n"...)
	case a.Basis == "":
		return append(out, "\noutcome  sold to another buyer\n"...)
	}
	return fmt.Appendf(out, "\noutcome  sold to %s at %s net (%s), the buyer pays %s\n", named(a.Bidder, a.Winner), a.Price, a.Basis, a.BuyerPays)
}

func (b *accountBid) text(out []byte) []byte {
	out = fmt.Appendf(out, "bid      %s, bidder %d, seat %d, %s", plain(b.ID), b.Bidder, b.Seat, b.Kind)
	if b.Deal != "" {
		out = fmt.Appendf(out, " %s", plain(b.Deal))
	}
	if b.Priority > 0 {
		out = fmt.Appendf(out, ", priority %d", b.Priority)
	}
	out = fmt.Appendf(out, ": %s %s, gross %s, net %s, rank %s", b.Price, b.Currency, b.Gross, b.Net, b.Rank)
	if b.Place > 0 {
		out = fmt.Appendf(out, ", place %d", b.Place)
	}
	return fmt.Appendf(out, ", floor %s (%s): %s\n", b.Floor, b.FloorSource, b.Reason)
}

// plain quotes a text where it would not print as one word.
func plain(text string) string {
	if text == "" || strings.ContainsFunc(text, func(r rune) bool { return r <= ' ' || r > '~' || r == '"' }) {
		return strconv.QuoteToASCII(text)
	}
	return text
}

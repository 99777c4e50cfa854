package server

import (
	"fmt"
	"strconv"
	"strings"
)

// text is the account for people, a line per fact. What others wrote stands in quotes, and no line is anybody's but ours.
func (a *account) text() []byte {
	out := fmt.Appendf(nil, "auction  %s, rules %s, as %s sees it\n", a.AuctionID, plain(a.Version), plain(a.View))
	i := &a.Inventory
	out = fmt.Appendf(out, "slot     placement %d (%s) of publisher %d, site %d, %s, position %d, reserve %s, secure %t\n",
		i.Placement, plain(i.Code), i.Publisher, i.Site, strings.Join(i.Sizes, " "), i.Position, i.Reserve, i.Secure)
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
	if a.trace != nil {
		out = append(out, "\n"...)
		out = a.trace.Append(out)
		out = append(out, "\n"...)
	}
	s := &a.Served
	out = fmt.Appendf(out, "serves   %s, creative %d (%s), %s, %d bytes", s.Outcome, s.CreativeID, plain(s.Code), s.Size, s.Bytes)
	if a.passedOn {
		out = fmt.Appendf(out, ", passed on at %s as %s", s.Price, plain(s.Bucket))
	}
	out = append(out, '\n')
	return append(out, "notices  none: this is a debug auction, nothing is told, kept or billed\n"...)
}

func (b *accountBidder) text(out []byte) []byte {
	if !b.Asked {
		return fmt.Appendf(out, "passed   bidder %d %s: %s\n", b.ID, plain(b.Name), b.Reason)
	}
	out = fmt.Appendf(out, "asked    bidder %d %s: %s, %d bids, %d us\n", b.ID, plain(b.Name), b.Reason, b.Bids, b.Micros)
	if b.Text != "" {
		out = fmt.Appendf(out, "says     bidder %d: %s\n", b.ID, strconv.QuoteToASCII(b.Text))
	}
	return out
}

func (a *accountAuction) text(out []byte) []byte {
	out = fmt.Appendf(out, "held     %s price, stage %s, gate %s, floor %s (%s), %d eligible, %d competed\n",
		a.Rule, a.Stage, a.Gate, a.Floor, a.FloorSource, a.Eligible, a.Entered)
	if a.Winner == "" {
		return fmt.Appendf(out, "outcome  sold %t\n", a.Sold)
	}
	return fmt.Appendf(out, "outcome  sold to %s at %s net (%s), the buyer pays %s\n", plain(a.Winner), a.Price, a.Basis, a.BuyerPays)
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

package vector

import (
	"encoding/hex"
	"encoding/json"
	"fmt"
	"slices"
	"strings"

	"curb/edge/ad"
	"curb/edge/auction"
)

// salt keys the tickets of all vectors; a known one, since nothing is at stake.
var salt = auction.Salt([]byte("auction vectors!"))

// parseCase reads one case; ok is false when it was unusable.
func (p *parser) parseCase(raw json.RawMessage) (c Case, ok bool) {
	before := len(p.problems)
	o, ok := p.object(wholeCase, raw)
	if !ok {
		return c, false
	}
	o.path = ""
	c.Name = p.place
	if name, ok := p.text(o, "name"); ok && name != "" {
		c.Name, p.place = name, fmt.Sprintf("case %q", name)
	}
	p.skip(o, "description")
	rates := p.setting(o, &c)
	p.bids(o, &c, rates)
	if expect, ok := p.child(o, "expect"); ok {
		p.expect(expect, &c)
	}
	p.unknown(o)
	return c, len(p.problems) == before
}

// setting reads the rules of the sale and gives the exchange rates.
func (p *parser) setting(parent *object, c *Case) map[ad.Currency]ad.Rate {
	s := &c.Setting
	s.Salt = salt
	copy(s.Auction[:], c.Name)
	o, ok := p.child(parent, "setting")
	if !ok {
		return nil // no setting: a first-price auction without floor or gate
	}
	if rule, _ := p.word(o, "price_rule", "first", "second"); rule == "second" {
		s.PriceRule = ad.SecondPrice
	}
	if reading, _ := p.word(o, "below_threshold", "tier", "price"); reading == "price" {
		s.BelowThreshold = ad.ByPrice
	}
	if n, ok := p.whole(o, "reselling_priority", 0, ad.PriorityMax); ok {
		s.ResellingPriority = uint8(n)
	}
	s.NoResale = !p.truth(o, "resale", true)
	s.Floor.Price, _ = p.money(o, "floor")
	if s.Floor.Price > 0 {
		s.Floor.Source = auction.FloorPlacement
	}
	s.Floor.Soft, _ = p.money(o, "soft_floor")
	s.Estimate, _ = p.money(o, "estimated_clear_price")
	s.PassedOn = p.truth(o, "passed_on", false)
	s.NextSecondPrice = p.truth(o, "next_auction_second_price", false)
	if text, ok := p.text(o, "rounding"); ok {
		c.Cents = strings.Contains(strings.ToLower(text), "cent")
	}
	p.auctionID(o, s)
	rates := p.rates(o)
	p.unknown(o)
	return rates
}

func (p *parser) auctionID(o *object, s *auction.Setting) {
	text, ok := p.text(o, "auction_id")
	if !ok {
		return
	}
	id, err := hex.DecodeString(text)
	if err != nil || len(id) != len(s.Auction) {
		p.fail(o.at("auction_id"), fmt.Sprintf("%q is not an auction id", text), "write 32 hex digits")
		return
	}
	s.Auction = ad.AuctionID(id)
}

func (p *parser) rates(parent *object) map[ad.Currency]ad.Rate {
	o, ok := p.child(parent, "rates")
	if !ok {
		return nil
	}
	rates := map[ad.Currency]ad.Rate{}
	for _, f := range o.fields {
		code, ok := ad.ParseCurrency(f.name)
		if !ok || f.name == "" {
			p.fail(o.at(f.name), "is not a currency", "write three upper-case letters, e.g. \"EUR\": 1.08")
			continue
		}
		if rate, ok := p.fine(o.at(f.name), f.raw, "e6"); ok {
			rates[code] = ad.Rate(rate)
		}
	}
	return rates
}

// bids reads the bids. Seats are numbered by first appearance; a bid that names none has one to itself.
func (p *parser) bids(parent *object, c *Case, rates map[ad.Currency]ad.Rate) {
	items, ok := p.list(parent, "bids")
	if !ok && !parent.has("bids") {
		p.fail("bids", "missing", "list the bids; [] is an auction without any")
	}
	if len(items) > ad.AuctionBidsMax {
		p.fail("bids", fmt.Sprintf("more than %d", ad.AuctionBidsMax), "an impression's auction takes no more")
		return
	}
	seats, ids := map[string]ad.MemberID{}, map[string]bool{}
	for i, raw := range items {
		o, ok := p.object(fmt.Sprintf("bids[%d]", i), raw)
		if !ok {
			continue
		}
		b := p.bid(o, &c.Setting)
		if ids[b.ID] {
			p.fail(o.at("id"), fmt.Sprintf("%q stands twice", b.ID), "give every bid of a case an id of its own")
		}
		ids[b.ID] = true
		b.Member = p.seat(o, b.ID, seats)
		b.Rate = rates[b.Currency]
		if !b.Currency.IsUSD() || b.Goal.Kind != ad.PerMille || b.BidderFee > 0 || b.PlatformFee > 0 {
			c.Inexact = true
		}
		p.unknown(o)
		c.Bids = append(c.Bids, b)
	}
}

// seat numbers the bid's seat, which a file names by a text or a number.
func (p *parser) seat(o *object, id string, seats map[string]ad.MemberID) ad.MemberID {
	name := "of bid " + id
	if raw, ok := o.take("seat"); ok {
		if kind := kindOf(raw); kind != "a text" && kind != "a number" {
			p.fail(o.at("seat"), "is "+kind, "write a text or a number")
		}
		name = "seat " + strings.Trim(string(raw), `"`)
	}
	number, known := seats[name]
	if !known {
		number = ad.MemberID(len(seats) + 1)
		seats[name] = number
	}
	return number
}

func (p *parser) bid(o *object, s *auction.Setting) ad.Bid {
	var b ad.Bid
	b.ID, _ = p.text(o, "id")
	if b.ID == "" {
		p.fail(o.at("id"), "missing", "give the bid an id that expect can name")
	}
	price, priced := p.signed(o, "price") // one that is zero or negative is for the auction to refuse
	b.Price = price
	b.BidderFee, b.PlatformFee = p.share(o, "bidder_fee"), p.share(o, "platform_fee")
	b.MinPrice, _ = p.money(o, "min_price")
	p.kind(o, &b)
	p.currencyAndGoal(o, &b)
	if amount, ok := p.signed(o, "bias"); ok {
		b.Bias.Share = ad.Share(amount)
	}
	b.Bias.CPM, _ = p.signed(o, "bias_cpm")
	p.refusals(o, &b, s)
	if !priced && b.Reason == ad.Undecided {
		b.Reason = ad.PriceMissing
	}
	return b
}

// kind reads what the bid is and what only that kind has. A priority on other kinds is read and means nothing.
func (p *parser) kind(o *object, b *ad.Bid) {
	kind, ok := p.word(o, "kind", "managed", "rtb", "deal")
	if !ok && !o.has("kind") {
		p.fail(o.at("kind"), "missing", "write managed, rtb or deal")
	}
	priority, ok := p.whole(o, "priority", 1, ad.PriorityMax)
	if !ok {
		priority = ad.DealPriorityDefault
	}
	deal, hasDeal := p.child(o, "deal")
	switch kind {
	case "managed":
		b.Kind, b.LineItem = ad.Managed, &ad.LineItem{Priority: uint8(priority)}
	case "deal":
		b.Kind = ad.DealBid
		if !hasDeal {
			p.fail(o.at("deal"), "missing for kind deal", "write deal: {\"type\": \"open\", \"ask\": …}, or kind rtb")
			return
		}
	}
	if !hasDeal {
		return
	}
	if kind != "deal" {
		p.fail(o.at("deal"), "stands on a bid of kind "+kind, "write kind deal, or leave the deal out")
	}
	b.Deal = p.deal(deal)
}

func (p *parser) deal(o *object) *ad.Deal {
	d := &ad.Deal{Active: true, Priority: ad.DealPriorityDefault}
	d.ID, _ = p.text(o, "id")
	if kind, _ := p.word(o, "type", "open", "private"); kind == "private" {
		d.Type = ad.DealPrivate
	}
	d.Ask, d.HasAsk = p.money(o, "ask")
	if d.Fixed = p.truth(o, "fixed", false); d.Fixed && !d.HasAsk {
		p.fail(o.at("fixed"), "is true without an ask", "write the ask that is the fixed price")
	}
	if n, ok := p.whole(o, "priority", 1, ad.PriorityMax); ok {
		d.Priority = uint8(n)
	}
	p.unknown(o)
	return d
}

func (p *parser) currencyAndGoal(o *object, b *ad.Bid) {
	if code, ok := p.text(o, "currency"); ok {
		if b.Currency, ok = ad.ParseCurrency(code); !ok {
			p.fail(o.at("currency"), fmt.Sprintf("%q is not a currency", code), "write three upper-case letters")
		}
	}
	switch goal, _ := p.word(o, "goal", "cpm", "cpc", "cpa"); goal {
	case "cpc":
		b.Goal.Kind = ad.PerClick
	case "cpa":
		b.Goal.Kind = ad.PerAction
	}
	raw, ok := o.take("chance")
	if !ok {
		if b.Goal.Kind != ad.PerMille {
			p.fail(o.at("chance"), "missing for goal "+b.Goal.Kind.String(), "write the expected events per impression, e.g. 0.0015")
		}
		return
	}
	chance, ok := p.fine(o.at("chance"), raw, "e3")
	if ok && chance > ad.CPM(ad.ChanceOne) {
		p.fail(o.at("chance"), "is more than one event per impression", "write a number from 0 to 1")
	}
	b.Goal.Chance = ad.Chance(chance)
}

// refusals reads the flags, and refuses the bid for the first that stands, in the order of the table.
func (p *parser) refusals(o *object, b *ad.Bid, s *auction.Setting) {
	for _, f := range refusals {
		if !p.truth(o, f.name, false) || b.Reason != ad.Undecided {
			continue
		}
		// What the auction itself would say comes first where it is the earlier check.
		if f.late && s.NoResale && b.Kind == ad.RTB {
			continue
		}
		b.Reason = f.reason
	}
	text, ok := p.text(o, "reason")
	if !ok {
		return
	}
	reason, known := ad.ParseReason(text)
	if !known || slices.Contains([]ad.Reason{ad.Undecided, ad.Won}, reason) {
		p.fail(o.at("reason"), fmt.Sprintf("%q does not refuse a bid", text), "write the text of a reason, e.g. creative_insecure")
	}
	b.Reason = reason
}

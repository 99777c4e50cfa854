package catalog

import (
	"bytes"
	"maps"
	"slices"
	"strconv"

	"curb/edge/ad"
)

func (v *validator) validateBidders() {
	for i := range v.c.Bidders {
		b := &v.c.Bidders[i]
		at := place{v, "Bidder", i, text(b.ID)}
		if b.Endpoint == "" {
			at.problem("endpoint", "there is none", "")
		}
		referAll(at, "members", "Member", v.members, b.Members)
		at.share("bidder_fee", b.BidderFee)
		at.notifyURL(b)
		at.priceKey(b.PriceKey)
		if b.QPSMax < 0 {
			at.problem("qps_max", text(b.QPSMax)+" is negative", "0 means no cap")
		}
		if b.ConnectionsMax < 0 {
			at.problem("connections_max", text(b.ConnectionsMax)+" is negative", "0 takes the node's default")
		}
	}
}

func (v *validator) validateCreatives() {
	taken := map[memberCode]ad.CreativeID{}
	for i := range v.c.Creatives {
		c := &v.c.Creatives[i]
		at := place{v, "Creative", i, text(c.ID)}
		refer(at, "member", "Member", v.members, c.Member)
		referAll(at, "approved_by", "Publisher", v.publishers, c.ApprovedBy)
		referAll(at, "banned_by", "Publisher", v.publishers, c.BannedBy)
		if n := len(c.Pixels); n > ad.PixelsMax {
			at.problem("pixels", strconv.Itoa(n)+" pixels are too many", "up to "+strconv.Itoa(ad.PixelsMax))
		}
		if c.Code == "" {
			continue
		}
		key := memberCode{c.Member, c.Code}
		if other, ok := taken[key]; ok {
			at.problem("code", strconv.Quote(c.Code)+" is taken by Creative "+text(other), "codes are unique within a member")
		}
		taken[key] = c.ID
	}
}

func (v *validator) validateLineItems() {
	for i := range v.c.LineItems {
		l := &v.c.LineItems[i]
		at := place{v, "LineItem", i, text(l.ID)}
		refer(at, "member", "Member", v.members, l.Member)
		at.priority("priority", l.Priority)
		if l.Goal.Kind == ad.PerMille {
			at.money("price", l.Price)
		} else if l.Price < 0 {
			at.problem("price", l.Price.String()+" is negative", "")
		}
		at.dates(l.Start, l.End)
		at.budget(l.Budget)
		for j, id := range l.Creatives {
			field := element("creatives", j)
			if c, ok := refer(at, field, "Creative", v.creatives, id); ok && c.Member != l.Member {
				at.problem(field, "Creative "+text(id)+" belongs to Member "+text(c.Member), "a line item shows its own member's creatives")
			}
		}
		for j, id := range l.Publishers {
			field := element("publishers", j)
			if p, ok := refer(at, field, "Publisher", v.publishers, id); ok && p.Member != l.Member {
				at.problem(field, "Publisher "+text(id)+" belongs to Member "+text(p.Member), "line items serve on their member's own inventory")
			}
		}
		for j, id := range l.Placements {
			field := element("placements", j)
			if p, ok := refer(at, field, "Placement", v.placements, id); ok && p.Member != l.Member {
				at.problem(field, "Placement "+text(id)+" belongs to Member "+text(p.Member), "line items serve on their member's own inventory")
			}
		}
	}
}

func (v *validator) validateDeals() {
	for i := range v.c.Deals {
		d := &v.c.Deals[i]
		at := place{v, "Deal", i, d.ID}
		referAll(at, "members", "Member", v.members, d.Members)
		referAll(at, "publishers", "Publisher", v.publishers, d.Publishers)
		referAll(at, "placements", "Placement", v.placements, d.Placements)
		at.priority("priority", d.Priority)
		at.money("ask", d.Ask)
		at.dates(d.Start, d.End)
		switch {
		case d.Fixed && !d.HasAsk:
			at.problem("fixed", "there is no ask to be fixed at", "set ask")
		case d.Fixed && d.Ask == 0:
			at.problem("fixed", "a deal fixed at 0 would rank and sell at nothing", "set an ask above 0, or remove fixed")
		}
		if d.Type == ad.DealOpen && d.Priority != 0 {
			at.problem("priority", "an open deal has none", "set type: private, or remove priority")
		}
	}
}

func (v *validator) validateDataProviders() {
	asked := 0
	for i := range v.c.DataProviders {
		d := &v.c.DataProviders[i]
		at := place{v, "DataProvider", i, d.Name}
		if d.Endpoint == "" {
			at.problem("endpoint", "there is none", "")
		}
		referAll(at, "bidders", "Bidder", v.bidders, d.Bidders)
		if d.Active {
			asked++
		}
		if d.Active && asked > ad.ProvidersMax {
			at.problem("active", "more than "+strconv.Itoa(ad.ProvidersMax)+" data providers are active", "an ad call asks no more: set active: false")
		}
	}
}

func sortedCurrencies(rates map[ad.Currency]ad.Rate) []ad.Currency {
	return slices.SortedFunc(maps.Keys(rates), func(a, b ad.Currency) int { return bytes.Compare(a[:], b[:]) })
}

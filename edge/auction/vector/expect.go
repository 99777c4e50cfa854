package vector

import (
	"encoding/json"
	"fmt"
	"slices"

	"curb/edge/ad"
	"curb/edge/auction"
)

// expect reads what the case demands.
func (p *parser) expect(o *object, c *Case) {
	o.path = "expect"
	e := &c.Expect
	p.expectWinner(o, c)
	e.Stage = p.stage(o)
	e.Basis = p.basis(o)
	for _, amount := range []struct {
		name string
		to   **ad.CPM
	}{
		{"price", &e.Price}, {"shielded_revenue", &e.Shielded}, {"seller_gets", &e.SellerGets},
		{"buyer_pays", &e.BuyerPays}, {"platform_fee", &e.PlatformFee}, {"paid", &e.Paid},
	} {
		if value, ok := p.money(o, amount.name); ok {
			*amount.to = &value
		}
	}
	if reasons, ok := p.child(o, "reasons"); ok {
		for _, f := range reasons.fields {
			var word string
			if json.Unmarshal(f.raw, &word) != nil {
				p.fail(reasons.at(f.name), "is "+kindOf(f.raw), "write the text of a reason")
			}
			p.mustBid(reasons.at(f.name), f.name, c)
			e.Reasons = append(e.Reasons, Named[string]{f.name, word})
		}
	}
	if net, ok := p.child(o, "net"); ok {
		for _, f := range net.fields {
			value, _ := p.decimal(net.at(f.name), f.raw)
			p.mustBid(net.at(f.name), f.name, c)
			e.Net = append(e.Net, Named[ad.CPM]{f.name, value})
		}
	}
	p.unknown(o)
}

func (p *parser) expectWinner(o *object, c *Case) {
	e := &c.Expect
	if o.has("winner") {
		winner, ok := p.text(o, "winner")
		e.Winner = &winner
		if ok {
			p.mustBid(o.at("winner"), winner, c)
		}
	}
	p.skip(o, "winner")
	e.OneOf, _ = p.texts(o, "winner_one_of")
	for i, id := range e.OneOf {
		p.mustBid(fmt.Sprintf("%s[%d]", o.at("winner_one_of"), i), id, c)
	}
	e.Fair = p.truth(o, "fair_over_auctions", false)
	if e.Fair && len(e.OneOf) < 2 {
		p.fail(o.at("fair_over_auctions"), "is true without several winners to be fair to", "list them in winner_one_of")
	}
}

// mustBid reports an id that no bid of the case has.
func (p *parser) mustBid(path, id string, c *Case) {
	ids := make([]string, len(c.Bids))
	for i := range c.Bids {
		ids[i] = c.Bids[i].ID
	}
	if slices.Contains(ids, id) {
		return
	}
	remedy := "name one of the case's bids"
	if near := nearest(id, ids); near != "" {
		remedy = fmt.Sprintf("did you mean %q?", near)
	}
	p.fail(path, fmt.Sprintf("no bid has the id %q", id), remedy)
}

func (p *parser) stage(o *object) *auction.Stage {
	stages := []auction.Stage{auction.NoStage, auction.Gate, auction.Private, auction.Open}
	return oneOf(p, o, "stage", stages)
}

func (p *parser) basis(o *object) *auction.Basis {
	var bases []auction.Basis
	for b := auction.NoPrice; b <= auction.AtEstimate; b++ {
		bases = append(bases, b)
	}
	return oneOf(p, o, "basis", bases)
}

// oneOf reads a word of a closed list; null is its first.
func oneOf[T fmt.Stringer](p *parser, o *object, name string, list []T) *T {
	words := make([]string, len(list))
	for i := range list {
		words[i] = list[i].String()
	}
	if o.has(name) && string(o.find(name).raw) == "null" {
		p.skip(o, name)
		return &list[0]
	}
	word, ok := p.word(o, name, words...)
	if !ok {
		return nil
	}
	return &list[slices.Index(words, word)]
}

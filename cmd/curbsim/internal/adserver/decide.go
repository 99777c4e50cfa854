package adserver

import (
	"fmt"
	"hash/fnv"
	"net/url"
	"slices"

	"curb/cmd/curbsim/internal/wire"
	"curb/edge/ad"
)

// question is what a request asks for.
type question struct {
	price  ad.CPM
	accept string // empty: the exchange has no ad
	params url.Values
}

// decision is which line item serves and why.
type decision struct {
	Accept   bool
	LineItem string
	Reason   string
	Creative string // of the exchange's line item; empty: a frame around the accept URL
}

// decide picks between the exchange's line item and the publisher's own. The exchange's competes at its bucket's price, as ad
// servers do that know prices only by key; a tie goes to the exchange.
func (p *plan) decide(q *question) decision {
	name, ownPrice := p.own(q.params)
	own := decision{LineItem: name}
	l, why := p.find(q.params, q.price)
	switch {
	case q.accept == "":
		own.Reason = "no accept URL: the exchange has no ad"
	case p.Choice == "own":
		own.Reason = "set to serve its own ad"
	case p.Choice == "accept":
		accept := decision{Accept: true, LineItem: "exchange", Reason: "set to accept"}
		if l != nil {
			accept.LineItem, accept.Creative = l.name, l.creative
		}
		return accept
	case l == nil:
		own.Reason = why
	case l.price < ownPrice:
		own.Reason = fmt.Sprintf("it pays %s, the exchange's bucket %s", ownPrice, l.price)
	default:
		return decision{true, l.name, why + ", and its own demand pays " + ownPrice.String(), l.creative}
	}
	return own
}

// own is the dearest line item of the publisher's that applies to a request.
func (p *plan) own(params url.Values) (name string, price ad.CPM) {
	name, price = p.OwnName, ad.CPM(p.OwnPrice)
	for _, own := range p.OwnLines {
		if ad.CPM(own.Price) > price && applies(own, params) {
			name, price = own.Name, ad.CPM(own.Price)
		}
	}
	return name, price
}

// applies tells by the request's auction whether it is among the share of a line item, so that a run repeats.
func applies(own OwnLine, params url.Values) bool {
	hash := fnv.New64a()
	hash.Write([]byte(own.Name + "\x00" + params.Get("auction") + "\x00" + params.Get("cb")))
	sum := hash.Sum64()
	sum ^= sum >> 32
	sum *= 0x9e3779b97f4a7c15 // spreads what differs in the last bytes only
	return own.Share >= 1 || float64(sum>>11)/(1<<53) < own.Share
}

// checkAccept reports why an accept URL may not be called: this server must not lead off the machine.
func checkAccept(raw string, hosts []string) error {
	target, err := url.Parse(raw)
	if err != nil || (target.Scheme != "https" && target.Scheme != "http") || target.Host == "" || target.User != nil {
		return fmt.Errorf("accept is not an absolute http or https URL")
	}
	if !wire.Loopback(target.Hostname()) && !slices.Contains(hosts, target.Hostname()) {
		return fmt.Errorf("accept names %q; only loopback hosts and those given with --accept-host are called", target.Hostname())
	}
	return nil
}

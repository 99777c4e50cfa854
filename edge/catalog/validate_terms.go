package catalog

import (
	"errors"
	"fmt"
	"net/url"
	"slices"
	"strconv"
	"strings"

	"curb/edge/ad"
	"curb/edge/macro"
)

// ownBidder checks a member's own bidder: what it says of the member's impressions must be able to become bids.
func (v *validator) ownBidder(at place, m *ad.Member) {
	if m.Bidder == 0 {
		return
	}
	if b, ok := refer(at, "bidder", "Bidder", v.bidders, m.Bidder); ok && !slices.Contains(b.Members, m.ID) {
		at.problem("bidder", "Bidder "+text(m.Bidder)+" does not bid for Member "+text(m.ID), "add the member to the bidder's members, or name another bidder")
	}
}

// precisionMax is how many decimals a price has.
const precisionMax = 6

func (at place) buckets(field string, b ad.Buckets) {
	if n := len(b.Ranges); n > ad.BucketRangesMax {
		at.problem(field+".ranges", strconv.Itoa(n)+" ranges are too many", fmt.Sprintf("up to %d", ad.BucketRangesMax))
	}
	if b.Precision > precisionMax {
		at.problem(field+".precision", text(b.Precision)+" is out of range", "0 to 6")
	}
	before := len(at.v.problems)
	var last ad.CPM
	for i, r := range b.Ranges {
		where := element(field+".ranges", i)
		switch {
		case r.Max <= last:
			at.problem(where+".max", r.Max.String()+" is not above "+last.String(), "write the ranges in ascending order, the first above 0")
		case r.Max > ad.CPMMax:
			at.problem(where+".max", r.Max.String()+" is out of range", "up to "+ad.CPMMax.String()+" USD CPM")
		}
		if r.Increment <= 0 || r.Increment > r.Max {
			at.problem(where+".increment", r.Increment.String()+" is out of range", "above 0, and no more than max")
		} else if !representable(r.Increment, b.Precision) {
			at.problem(where+".increment", r.Increment.String()+" has more decimals than are written", "raise precision, or round it")
		}
		last = max(last, r.Max)
	}
	if n := b.LineCount(); len(at.v.problems) == before && n > ad.BucketLinesMax {
		at.problem(field, text(n)+" buckets are too many", "an ad server takes one line item for each: up to "+text(ad.BucketLinesMax)+"; raise the increments")
	}
}

// representable says whether a price has no more than so many decimals.
func representable(c ad.CPM, decimals uint8) bool {
	unit := ad.Dollar
	for range min(decimals, precisionMax) {
		unit /= 10
	}
	return c%unit == 0
}

func (at place) adServers(servers []ad.AdServer) {
	if n := len(servers); n > ad.AdServersMax {
		at.problem("ad_servers", strconv.Itoa(n)+" ad servers are too many", fmt.Sprintf("up to %d", ad.AdServersMax))
	}
	seen := map[string]bool{}
	for i, s := range servers {
		where := element("ad_servers", i)
		switch {
		case s.Name == "":
			at.problem(where+".name", "there is none", "a tag's redir names it")
		case seen[s.Name]:
			at.problem(where+".name", strconv.Quote(s.Name)+" is listed twice", "names are unique within a placement")
		case strings.ContainsFunc(s.Name, notOfWords):
			at.problem(where+".name", strconv.Quote(s.Name)+" is not a word", "use letters, digits, - and _: a redir that is none is a URL")
		}
		seen[s.Name] = true
		// Whether http will do depends on the node, and is judged by whoever knows that: here it is taken for a lab.
		if _, err := macro.ParseRedirect(s.URL, true); err != nil {
			at.problem(where+".url", cause(err), "write https://host/path?price={PRICE}&accept={ACCEPT_URL}")
		}
	}
}

// cause is what is wrong with a redirect, without the code that callers are told.
func cause(err error) string {
	if refused := (*macro.RedirectError)(nil); errors.As(err, &refused) {
		return refused.Cause
	}
	return err.Error()
}

// notOfWords says which characters the name of an ad server has not.
func notOfWords(c rune) bool {
	return c != '-' && c != '_' && (c < '0' || c > '9') && (c < 'A' || c > 'Z') && (c < 'a' || c > 'z')
}

// notifyURL checks that notices go to where the bidder is at home.
func (at place) notifyURL(b *ad.Bidder) {
	if b.NotifyURL == "" {
		return
	}
	host := hostOf(b.NotifyURL)
	domains := b.Domains
	if len(domains) == 0 {
		domains = []string{hostOf(b.Endpoint)}
	}
	for _, d := range domains {
		if host != "" && (host == d || strings.HasSuffix(host, "."+d)) {
			return
		}
	}
	at.problem("notify_url", strconv.Quote(host)+" is not of the bidder's domains", "write a URL of "+strings.Join(domains, ", ")+", or add it to domains")
}

// hostOf is the host of a URL without its port, lower-case; "" if there is none.
func hostOf(text string) string {
	u, err := url.Parse(text)
	if err != nil {
		return ""
	}
	return strings.ToLower(u.Hostname())
}

func (at place) priceKey(key ad.PriceKey) {
	if key.Scheme > ad.PriceAEAD {
		at.problem("price_key.scheme", "it is not known", "aead or xor")
	}
}

func (at place) budget(b ad.Budget) {
	switch {
	case b.Lifetime < 0 || b.Daily < 0 || b.LifetimeImpressions < 0 || b.DailyImpressions < 0:
		at.problem("budget", "it is negative", "leave out what is not bounded")
	case b.Lifetime > 0 && b.Daily > b.Lifetime:
		at.problem("budget.daily", "a day may spend more than the lifetime", "lower daily, or raise lifetime")
	}
	if b.LifetimeImpressions > 0 && b.DailyImpressions > b.LifetimeImpressions {
		at.problem("budget.daily_impressions", "a day may show more than the lifetime", "lower daily_impressions, or raise lifetime_impressions")
	}
}

package catalog

import (
	"fmt"
	"strconv"
	"time"

	"curb/edge/ad"
)

// validator collects problems. Its maps find the first value of an id; later ones are reported as duplicates.
type validator struct {
	c          *Contents
	members    map[ad.MemberID]*ad.Member
	publishers map[ad.PublisherID]*ad.Publisher
	sites      map[ad.SiteID]*ad.Site
	placements map[ad.PlacementID]*ad.Placement
	bidders    map[ad.BidderID]*ad.Bidder
	creatives  map[ad.CreativeID]*ad.Creative
	problems   []Problem
}

// Validate reports everything that is wrong with contents, in the order of their lists; New refuses contents with
// problems.
func Validate(c *Contents) []Problem {
	v := &validator{c: c}
	v.members = keyed(v, "Member", c.Members, func(m *ad.Member) ad.MemberID { return m.ID })
	v.publishers = keyed(v, "Publisher", c.Publishers, func(p *ad.Publisher) ad.PublisherID { return p.ID })
	v.sites = keyed(v, "Site", c.Sites, func(s *ad.Site) ad.SiteID { return s.ID })
	v.placements = keyed(v, "Placement", c.Placements, func(p *ad.Placement) ad.PlacementID { return p.ID })
	v.bidders = keyed(v, "Bidder", c.Bidders, func(b *ad.Bidder) ad.BidderID { return b.ID })
	v.creatives = keyed(v, "Creative", c.Creatives, func(x *ad.Creative) ad.CreativeID { return x.ID })
	keyed(v, "LineItem", c.LineItems, func(l *ad.LineItem) ad.LineItemID { return l.ID })
	keyed(v, "Deal", c.Deals, func(d *ad.Deal) string { return d.ID })
	keyed(v, "DataProvider", c.DataProviders, func(d *ad.DataProvider) string { return d.Name })

	v.validateMembers()
	v.validatePublishers()
	v.validateSites()
	v.validatePlacements()
	v.validateBidders()
	v.validateCreatives()
	v.validateLineItems()
	v.validateDeals()
	v.validateDataProviders()
	v.validateRates()
	v.validateGeo()
	place{v, "Node", -1, ""}.timeout("timeout", c.Node.Timeout)
	return v.problems
}

// keyed maps values by id, reporting ids that are missing or taken.
func keyed[K comparable, V any](v *validator, kind string, values []V, id func(*V) K) map[K]*V {
	var none K
	byID := make(map[K]*V, len(values))
	for i := range values {
		key := id(&values[i])
		at := place{v, kind, i, text(key)}
		switch {
		case key == none:
			at.problem("id", "there is none", "ids are positive and unique within a kind")
		case byID[key] != nil:
			at.problem("id", at.id+" is taken by another "+kind, "ids are unique within a kind")
		default:
			byID[key] = &values[i]
		}
	}
	return byID
}

func text[K comparable](key K) string { return fmt.Sprint(key) }

// place is the value being looked at.
type place struct {
	v     *validator
	kind  string
	index int
	id    string
}

func (at place) problem(field, detail, remedy string) {
	at.v.problems = append(at.v.problems,
		Problem{Kind: at.kind, Index: at.index, ID: at.id, Field: field, Detail: detail, Remedy: remedy})
}

func element(field string, i int) string { return field + "[" + strconv.Itoa(i) + "]" }

// refer reports a reference that leads nowhere; ok is true where it leads to a value.
func refer[K comparable, V any](at place, field, kind string, in map[K]*V, id K) (value *V, ok bool) {
	value = in[id]
	if value == nil {
		at.problem(field, "there is no "+kind+" "+text(id), "")
	}
	return value, value != nil
}

// referAll reports every reference of a list that leads nowhere.
func referAll[K comparable, V any](at place, field, kind string, in map[K]*V, ids []K) {
	for i, id := range ids {
		refer(at, element(field, i), kind, in, id)
	}
}

func (at place) timeout(field string, d time.Duration) {
	if d < 0 || d > ad.TMaxConfigMax {
		at.problem(field, d.String()+" is out of range", "up to "+ad.TMaxConfigMax.String())
	}
}

func (at place) priority(field string, p uint8) {
	if p > ad.PriorityMax {
		at.problem(field, strconv.Itoa(int(p))+" is out of range", "1 to 20, 20 first")
	}
}

func (at place) share(field string, s ad.Share) {
	if s < 0 || s >= ad.ShareOne {
		at.problem(field, "the share is out of range", "0 % to below 100 %")
	}
}

// money accepts 0 to the highest price that counts.
func (at place) money(field string, c ad.CPM) {
	if c < 0 || c > ad.CPMMax {
		at.problem(field, c.String()+" is out of range", "0 to "+ad.CPMMax.String()+" USD CPM")
	}
}

func (at place) dates(start, end time.Time) {
	if !start.IsZero() && !end.IsZero() && !start.Before(end) {
		at.problem("end", "the end is not after the start", "the end no longer belongs to it")
	}
}

func (v *validator) validateGeo() {
	seen := make(map[string]bool, len(v.c.GeoRanges))
	for i, r := range v.c.GeoRanges {
		at := place{v, "GeoTable", i, r.Prefix.String()}
		switch {
		case !r.Prefix.IsValid() || r.Prefix != r.Prefix.Masked() || r.Prefix.Addr().Is4In6():
			at.problem("cidr", at.id+" is not a network prefix", "e.g. 192.0.2.0/24 or 2001:db8::/32, host bits zero")
		case seen[at.id]:
			at.problem("cidr", at.id+" is listed twice", "remove one")
		}
		seen[at.id] = true
		if !upper(r.Country, 2) {
			at.problem("country", strconv.Quote(r.Country)+" is not a country code", "two upper-case letters, ISO 3166-1 alpha-2")
		}
	}
}

func upper(text string, n int) bool {
	for i := range len(text) {
		if text[i] < 'A' || text[i] > 'Z' {
			return false
		}
	}
	return len(text) == n
}

func (v *validator) validateRates() {
	at := place{v, "ExchangeRates", -1, ""}
	for _, c := range sortedCurrencies(v.c.Rates.Rates) {
		rate := v.c.Rates.Rates[c]
		field := "rates." + c.String()
		switch {
		case !upper(string(c[:]), 3):
			at.problem(field, strconv.Quote(c.String())+" is not a currency code", "three upper-case letters, ISO 4217")
		case rate <= 0:
			at.problem(field, "the rate is not positive", "USD per unit of the currency")
		case c == ad.USD && rate != ad.RateOne:
			at.problem(field, "one USD is worth one USD", "leave USD out")
		case rate < ad.RateMin || rate > ad.RateMax:
			at.problem(field, "the rate is out of range", "a billionth of a dollar to a million dollars per unit of the currency")
		}
	}
}

package compile

import (
	"cmp"
	"net/netip"
	"slices"
	"strings"
	"time"

	"curb/edge/ad"
	"curb/edge/catalog"
	"curb/rules/schema"
)

// strong are the bid currencies of which one unit is worth about a dollar or more. A unit of any other is worth a
// fraction of one, so a rate of invertedMin or more there was written the wrong way round.
const strong = "AUD GBP CAD EUR NZD SGD CHF USD"

const invertedMin = 2 * ad.RateOne

func (c *compiler) exchangeRates(e *entry) {
	rates := ad.ExchangeRates{AsOf: c.asOf(e), Rates: map[ad.Currency]ad.Rate{}}
	keys, values := e.Spec.Field("rates").Entries()
	for i, key := range keys {
		currency, ok := ad.ParseCurrency(key.Text())
		if !ok {
			continue
		}
		rates.Rates[currency] = values[i].Rate()
		if rates.Rates[currency] >= invertedMin && slices.Contains(schema.BidCurrencies(), key.Text()) && !strings.Contains(strong, key.Text()) {
			c.problem(e, "rates."+key.Text(), "one "+key.Text()+" is not worth "+values[i].Text()+" USD", "write USD per "+key.Text()+", not "+key.Text()+" per USD")
		}
	}
	for i, v := range e.Spec.Field("accept_jumps").List() {
		currency, _ := ad.ParseCurrency(v.Text())
		if rates.Accept = append(rates.Accept, currency); rates.Rates[currency] == 0 && !e.Broken {
			c.problem(e, element("accept_jumps", i), "there is no rate of "+v.Text(), "remove it, or add the rate")
		}
	}
	c.contents.Rates = rates
	c.from(e)
}

// asOf is the day of the rates. A day that has not begun is a problem, one long past only a warning: rules must not stop
// working because nobody touched them.
func (c *compiler) asOf(e *entry) time.Time {
	v, now := e.Spec.Field("as_of"), c.options.Now
	if v == nil {
		return time.Time{}
	}
	day := v.Time()
	switch {
	case now.IsZero():
	case day.IsZero():
		day = now.UTC().Truncate(24*time.Hour).AddDate(0, 0, -1)
	case day.Sub(now) > ad.RatesAheadMax:
		c.problem(e, "as_of", v.Text()+" is in the future", "write the day of the close that the rates are from")
	case !(&ad.ExchangeRates{AsOf: day}).Fresh(now):
		c.warnings.Warn(v.At, "spec.as_of", "spec.as_of: the rates are more than 5 days old: only USD is bought and sold", "write the rates of the last close")
	}
	return day
}

func (c *compiler) geoTable(e *entry) {
	for i, v := range e.Spec.Field("ranges").List() {
		prefix, err := netip.ParsePrefix(v.Field("cidr").Text())
		if err != nil {
			continue
		}
		c.contents.GeoRanges = append(c.contents.GeoRanges, catalog.GeoRange{
			Prefix: prefix, Country: v.Field("country").Text(), Region: v.Field("region").Text(), City: v.Field("city").Text(),
			Postal: v.Field("postal").Text(), DMA: uint16(v.Field("dma").Whole()),
		})
		c.origins[e.Kind.Name] = append(c.origins[e.Kind.Name], origin{e, element("ranges", i) + "."})
	}
}

// sortContents puts every list in the order of its ids.
func sortContents(c *catalog.Contents) {
	slices.SortFunc(c.Members, func(a, b ad.Member) int { return cmp.Compare(a.ID, b.ID) })
	slices.SortFunc(c.Publishers, func(a, b ad.Publisher) int { return cmp.Compare(a.ID, b.ID) })
	slices.SortFunc(c.Sites, func(a, b ad.Site) int { return cmp.Compare(a.ID, b.ID) })
	slices.SortFunc(c.Placements, func(a, b ad.Placement) int { return cmp.Compare(a.ID, b.ID) })
	slices.SortFunc(c.Bidders, func(a, b ad.Bidder) int { return cmp.Compare(a.ID, b.ID) })
	slices.SortFunc(c.Creatives, func(a, b ad.Creative) int { return cmp.Compare(a.ID, b.ID) })
	slices.SortFunc(c.LineItems, func(a, b ad.LineItem) int { return cmp.Compare(a.ID, b.ID) })
	slices.SortFunc(c.Deals, func(a, b ad.Deal) int { return strings.Compare(a.ID, b.ID) })
	slices.SortFunc(c.DataProviders, func(a, b ad.DataProvider) int { return strings.Compare(a.Name, b.Name) })
	slices.SortFunc(c.GeoRanges, func(a, b catalog.GeoRange) int { return a.Prefix.Compare(b.Prefix) })
}

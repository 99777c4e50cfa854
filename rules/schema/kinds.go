package schema

import (
	"strings"

	"curb/edge/ad"
)

// APIVersion is the only apiVersion there is.
const APIVersion = "curb/v1"

// Kinds lists every kind, in the order in which they refer to each other: a kind refers only to kinds before it, but for
// a member's own bidder.
func Kinds() []*Kind { return kinds }

// kinds is the table of everything a rule set may hold.
var kinds = []*Kind{
	nodeKind(), memberKind(), publisherKind(), siteKind(), creativeKind(), placementKind(), bidderKind(), lineItemKind(),
	dealKind(), dataProviderKind(), exchangeRatesKind(), geoTableKind(),
}

// kindByName finds a kind.
func kindByName(name string) *Kind {
	for _, k := range kinds {
		if k.Name == name {
			return k
		}
	}
	return nil
}

func kindNames() []string {
	names := make([]string, len(kinds))
	for i, k := range kinds {
		names[i] = k.Name
	}
	return names
}

// labelsMax bounds the labels of one object.
const labelsMax = 32

// envelope is the description of a whole document, around the spec of its kind.
func envelope(spec *Type) *Type {
	return record(
		Field{Name: "apiVersion", Type: word(APIVersion), Required: true, Doc: "Version of the rule format.", Aka: []string{"version"}},
		Field{Name: "kind", Type: word(kindNames()...), Required: true, Doc: "What the document describes."},
		Field{Name: "metadata", Type: metadata, Required: true, Doc: "Who the object is."},
		Field{Name: "spec", Type: spec, Required: true, Doc: "What the object is."},
	)
}

// metadata describes the head of every object.
var metadata = record(
	Field{Name: "name", Type: form(FormName), Required: true,
		Doc: "How other objects refer to it. Unique within the kind; letters, digits and . _ -, up to 100, and not digits alone."},
	Field{Name: "labels", Type: &Type{Form: FormMap, Key: code(100), Of: text(200), Max: labelsMax},
		Doc: "Words for the operator's own use; the node ignores them."},
)

func nodeKind() *Kind {
	return &Kind{Name: "Node", Single: true,
		Doc: "What holds on every node that runs the rule set. What belongs to one machine (addresses, certificates, lab mode) stands in its own configuration, out of reach of rules.",
		Spec: record(
			Field{Name: "timeout", Type: timeout(), Default: ad.TMaxDefault.String(), Doc: "Deadline of an auction, from the last byte of the ad call, where neither placement nor publisher sets one.", Aka: []string{"tmax", "deadline"}},
			Field{Name: "price_rule", Type: word("first", "second"), Default: "first", Doc: "What winners pay on publishers that do not say: their own bid, or the runner-up plus 0.01."},
			Field{Name: "below_threshold", Type: word("tier", "price"), Default: "tier", Doc: "How managed demand below the reselling priority meets RTB on publishers that do not say: only its highest tier, or all of it."},
		)}
}

func exchangeRatesKind() *Kind {
	return &Kind{Name: "ExchangeRates", Single: true,
		Doc: "What one unit of a currency costs in USD. Bids convert at this rate, and prices back at the same. Without it only USD is bid.",
		Spec: record(
			Field{Name: "as_of", Type: &Type{Form: FormTime, Words: []string{PreviousDay}}, Required: true,
				Doc: "The day of the close. A table more than 5 days old is not used: then only USD is bought and sold."},
			Field{Name: "rates", Type: &Type{Form: FormMap, Key: form(FormCurrency), Of: &Type{Form: FormRate, Min: int64(ad.RateMin), Max: int64(ad.RateMax)}, Min: 1, Max: 200}, Required: true,
				Doc: "Currency to USD per unit, as decimal text: `EUR: 1.0842`, `JPY: 0.0066`. USD is always 1 and is left out. Bidders commonly use " + strings.Join(BidCurrencies(), ", ") + "; any other of ISO 4217 may stand here too."},
			Field{Name: "accept_jumps", Type: list(form(FormCurrency), 0, 200), Default: "none",
				Doc: "Currencies whose rate may differ by more than 20% from the table before. Others that do are not bought or sold in until they stand here.", Aka: []string{"accept", "jumps"}},
		)}
}

// PreviousDay is the as_of of exchange rates that never go stale: the day before they are read.
const PreviousDay = "previous-day"

func geoTableKind() *Kind {
	return &Kind{Name: "GeoTable",
		Doc: "Where networks are. Several tables add up; the longest network that holds an address counts.",
		Spec: record(
			Field{Name: "ranges", Required: true, Doc: "The networks.", Type: list(record(
				Field{Name: "cidr", Type: form(FormPrefix), Required: true, Doc: "Network, host bits zero.", Aka: []string{"prefix", "network"}},
				Field{Name: "country", Type: form(FormCountry), Required: true, Doc: "Country code."},
				Field{Name: "region", Type: code(3), Doc: "ISO 3166-2 code without the country, e.g. NY.", Aka: []string{"state"}},
				Field{Name: "city", Type: text(100), Doc: "Name of the city."},
				Field{Name: "postal", Type: text(16), Doc: "Postal code, as text: 02134 keeps its zero.", Aka: []string{"zip"}},
				Field{Name: "dma", Type: whole(1, 999), Doc: "Nielsen market, United States only.", Aka: []string{"metro"}},
			), 1, 10_000)},
		)}
}

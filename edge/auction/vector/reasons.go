package vector

import (
	"slices"

	"curb/edge/ad"
)

// finer lists, per word a file may use, the reasons that answer to it beside the one of that very text. Files written for
// other exchanges know fewer reasons than ours; a coarse word never accepts a reason of another step.
var finer = map[string][]ad.Reason{
	// A deal bid under its ask is under the floor that applies to it.
	"below_floor": {ad.BelowDealFloor},
	// A tie lost on the ticket was outbid by nothing else.
	"outbid": {ad.TieLost},
	// Both are privileges of a priority: of line items, and of private deals.
	"lower_priority": {ad.DealPriority},
	// The gate shuts out RTB and deals alike; private deals shut out the open auction.
	"gate_closed":      {ad.ResaleClosed, ad.LowerPriority},
	"outranked":        {ad.LowerPriority, ad.DealPriority, ad.ResaleClosed, ad.PrivateClosed},
	"budget_exhausted": {ad.BudgetExhausted},
	"capped":           {ad.FrequencyCapped, ad.RecencyCapped, ad.PageCapped},
	"blocked":          {ad.CreativeBlocked, ad.Excluded, ad.AdomainBlocked, ad.CategoryBlocked, ad.AttributeBlocked, ad.LanguageBlocked},
	"creative_invalid": {ad.CreativeUnapproved, ad.CreativeExpired, ad.CreativeSize, ad.CreativeFormat, ad.CreativeInsecure},
	"malformed":        {ad.PriceMissing, ad.PriceInvalid, ad.CurrencyInvalid},
	"no_bid":           {ad.PriceMissing, ad.PriceInvalid},
	"price_invalid":    {ad.PriceMissing},
}

// answers reports whether a reason is what the file's word means; known is false for a word that means nothing to us.
func answers(word string, reason ad.Reason) (ok, known bool) {
	list, coarse := finer[word]
	_, exact := ad.ParseReason(word)
	return reason.String() == word || slices.Contains(list, reason), coarse || exact
}

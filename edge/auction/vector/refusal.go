package vector

import "curb/edge/ad"

// refusal is a field of a bid that, when true, has it refused before the auction.
type refusal struct {
	name   string
	reason ad.Reason
	// late checks come after the one for resale.
	late bool
}

// refusals in the order in which the exchange checks: of several that stand, the first is the bid's reason.
var refusals = []refusal{
	{name: "seat_inactive", reason: ad.SeatInactive},
	{name: "creative_unapproved", reason: ad.CreativeUnapproved},
	{name: "creative_blocked", reason: ad.CreativeBlocked},
	{name: "excluded", reason: ad.Excluded},
	{name: "frequency_capped", reason: ad.FrequencyCapped, late: true},
	{name: "recency_capped", reason: ad.RecencyCapped, late: true},
	{name: "page_capped", reason: ad.PageCapped, late: true},
	{name: "budget_exhausted", reason: ad.BudgetExhausted, late: true},
	{name: "paced_out", reason: ad.PacedOut, late: true},
}

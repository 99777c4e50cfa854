package ad

// Budget bounds what a line item spends and how often it serves. Zero fields bound nothing. Days are UTC.
type Budget struct {
	Lifetime, Daily Amount // nano-USD of what the buyer pays
	// LifetimeImpressions and DailyImpressions count bills.
	LifetimeImpressions, DailyImpressions int64
}

// Caps bound how often one user sees a line item. Zero fields bound nothing. Hours, days, weeks (from Sunday) and months
// are calendar ones in UTC; recency is a rolling window.
type Caps struct {
	Hour, Day, Week, Month, Lifetime uint8 // impressions, 1 to 255
	// Recency is the least number of minutes between two impressions.
	Recency uint32
	// RequireUser keeps the line item from users that nobody knows; without it caps do not apply to them.
	RequireUser bool
}

// Any reports whether something is capped.
func (c *Caps) Any() bool {
	return c.Hour|c.Day|c.Week|c.Month|c.Lifetime != 0 || c.Recency != 0
}

package ad

// GoalKind says what a price is paid for. The zero value is a thousand impressions.
type GoalKind uint8

// Goals.
const (
	PerMille  GoalKind = iota // CPM: a thousand impressions
	PerClick                  // CPC: one click
	PerAction                 // CPA: one action, e.g. a sale
)

// String gives the word of rule files.
func (k GoalKind) String() string {
	switch k {
	case PerClick:
		return "cpc"
	case PerAction:
		return "cpa"
	}
	return "cpm"
}

// Chance is the expected number of events per impression in billionths: a click rate of 0.15 % is 1_500_000.
// Range 0 to ChanceOne.
type Chance int64

// ChanceOne is the certain event: one per impression.
const ChanceOne Chance = 1_000_000_000

// Goal is what a price is paid for, and how often that is expected to happen. The zero value is a plain CPM price.
type Goal struct {
	Kind GoalKind
	// Chance is the expected clicks or actions per impression; a PerMille goal ignores it.
	Chance Chance
}

// CPM is the price per thousand impressions that a price for the goal is worth (its eCPM), in the price's own
// currency, rounded down: price × chance × 1000. A chance out of range counts as the nearest in range; a negative price
// is given back as it is.
func (g Goal) CPM(price CPM) CPM {
	if g.Kind == PerMille || price < 0 {
		return price
	}
	chance := min(max(g.Chance, 0), ChanceOne)
	return mulDivDown(price, int64(chance), int64(ChanceOne/1000))
}

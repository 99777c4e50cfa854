package ad

// Segment is one thing a data provider says of the page or the user, for this impression only.
type Segment struct {
	Code  string // the provider's own
	Value int32  // 0: none was given
}

// Provided is what one data provider answered. Only bidders under its contract may see it.
type Provided struct {
	Provider *DataProvider
	Segments []Segment
}

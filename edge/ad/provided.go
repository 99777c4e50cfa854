package ad

import "time"

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

// Inquiry is what data providers are asked about.
type Inquiry struct {
	Call *Call
	// Personal: what is about the user may leave the node. Without it only contextual providers are asked, about the page.
	Personal bool
	Deadline time.Time // absolute
}

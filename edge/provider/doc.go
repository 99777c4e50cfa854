// Package provider asks data providers what they know of a page or a user, in the milliseconds before bidders are asked.
//
// Ask sends one GET per provider, in parallel, its URL's macros filled, and collects the segment codes that arrive by the
// deadline: 10 ms from the ad call at most. What comes later is dropped and its connection closed; it counts for no other
// call. An answer is segment codes, one a line, each with an optional :VALUE; an empty one says that there is nothing to
// say. A provider that times out is asked less often (edge/throttle), and one whose ready URL says so is not asked at all.
//
// It is given the catalog snapshot of the call and whether anything about the user may leave the node. If not, only
// contextual providers are asked, and their macros about the user are empty. A call without a page is about nothing, and
// nobody is asked.
//
// It promises that Ask returns by the deadline whatever providers do, that a broken answer is dropped as a whole with a
// counter, and that Close leaves no goroutine behind.
//
// It refuses to know: who may see what a provider said (edge/adcall reads the contracts), bids, and rule files.
//
// Read ask.go first, then answer.go.
package provider

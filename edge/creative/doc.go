// Package creative is the registry of creatives that members register while the node runs, beside those of the rule set:
// who registered what, where it stands with the auditors, whether it is banned, and when it last served.
//
// It is given drafts (ad.Creative), decisions of auditors, the ids of creatives that served, a log that keeps records,
// and the clock. It promises that a write is on disk before it is acknowledged; that a code is unique within its
// member, the rule set's included; that what auditors saw is what serves, because a change of anything a reader could see or
// a bidder is judged by puts the creative back to pending; that everything wrong with a draft is said at once, with
// field, cause and remedy; that Served, called for every bill, takes one lock shared and writes at most once a day per
// creative; and that replaying a record twice changes nothing.
//
// A creative expires when ad.CreativeExpiry has passed since it last served or changed. That is not kept: it follows
// from the days, so it needs no record and cannot be wrong after a restart. A change or a bid brings it back.
//
// It refuses to know: HTTP and JSON of the API (edge/admin), files (edge/journal), how a creative is rendered
// (edge/server), which publisher takes it (ad.Creative.ServesOn), and how a catalog is built; it gives the list for the
// next one and says through Options.Changed that a next one is due.
//
// Read registry.go for what there is, write.go for how it changes, check.go for what is refused, state.go for what is
// kept. RATIONALE.md answers why.
package creative

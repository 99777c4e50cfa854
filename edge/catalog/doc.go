// Package catalog is everything the exchange knows about inventory and demand, of one version: who sells, who buys, what
// is for sale, which ads are registered, what a currency is worth.
//
// It is given Contents: plain values, from rule files (rules/compile) or from a test. New checks that they fit
// together (every reference leads somewhere, ids, codes and hosts are unique, numbers are in range), reports all that
// does not, and builds the maps.
//
// It promises that a Snapshot never changes, so that any number of calls read it without locks; that every read is one
// map access or a few, and allocates nothing; that pointers stay valid and equal for as long as the snapshot is held;
// and that lists come in one order whatever the order of the contents was. One ad call loads one snapshot from a Holder
// and uses it to the end, so it sees one version.
//
// It refuses to know: files, YAML, sockets, clocks (the bounds of deals and line items are judged by whoever holds
// `now`, with ad.Live), and which bidders are asked.
//
// What was registered with the node while it ran joins the contents before New: registered.go keeps out what does not fit.
//
// Read contents.go for what goes in, snapshot.go for what comes out, validate.go for what is refused, and rules/compile
// for where contents come from.
package catalog

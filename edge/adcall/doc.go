// Package adcall is the flow: what happens to one ad call, in order, from its arrival to its answer.
//
// Service.Serve is the only function that knows that order: enrich (what is known of the call), gate (which demand may
// compete, and whether the owner's own demand closes the door to everybody else), ask (the bidders that are left, until
// the deadline), auction, settle (what was decided is counted and handed on), answer. Every other package does one step
// and calls no other.
//
// It is given an ad.Call that a rim package decoded, reads one catalog.Snapshot for the whole call, and promises an
// Answer for every impression: sold, the default creative, the daisy chain, a public service ad, or blank. Losing is
// never an error here.
//
// It refuses to know: HTTP, JSON, rule files, how bidders are reached (ports.go says what it needs of them), and how an
// answer looks on the wire (edge/server renders it).
//
// Read adcall.go first, then edge/auction.
package adcall

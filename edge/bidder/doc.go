// Package bidder asks bidders for bids: it sends one bid request to many of them at once, over HTTP/1.1 connections that
// are kept, and reads, checks and hands on what comes back by a deadline.
//
// It is given an outgoing request (edge/openrtb), the bidders to ask with the deals they may use, and the catalog of the
// call. It promises:
//
//   - Ask returns by the deadline, whatever bidders do: a connection that is silent, drips, floods or does not read holds
//     up nobody. What comes later is dropped and counted, and its connection used again if it comes soon.
//   - Every target ends with one reason, and so does every bid that may not compete: seat, price, currency, deal, creative
//     and exclusions are judged here against the catalog. Bids without a reason may go to auction.
//   - Limits stand on everything a bidder sends. Redirects are not followed, certificates always checked.
//   - A bidder that is over its rate, not ready, broken or slow is asked less or not at all, and always the same way for
//     the same auction.
//
// It refuses to know: which bidders fit a call, what is said of a user, floors, fees, ranking and who wins (edge/adcall,
// edge/auction), where settings come from, and metrics libraries: Stats is a plain value.
//
// Files, in the order of a request: fanout.go, ask.go (one auction), line.go (one bidder: admission by ready.go,
// throttle.go, rate.go, breaker.go), offer.go, request.go, coding.go, origin.go (connections of one bidder), conn.go, wire.go,
// framing.go and head.go (HTTP/1.1 answers), inquiry.go (what an answer says), collect.go, judge.go with creative.go,
// deal.go, exclusion.go and domain.go (what the catalog says of it), record.go (counters). RATIONALE.md has the
// measurements. Read edge/auction next.
package bidder

// Package auction judges the bids of one impression: who wins, at which stage, what is paid, and why everybody else lost.
//
// It is given a Setting (price rule, priorities, floors, salt, auction id) and the bids in ad.Bid, some of which an
// earlier step may have refused already. Run works in four steps, each in a file of its own:
//
//	prepare.go   goal → eCPM, currency → USD, $999 cap, fees → net, floor        (who is eligible)
//	stage.go     gate → private deals → open                                     (who may compete)
//	rank.go      net + bias in buckets of $0.0005, then a keyed ticket per seat   (who wins)
//	clear.go     first or second price, floors, estimate, and back to the bid's currency (what is paid)
//
// It is a staged tournament and not a sort: with priorities and prices mixed, "beats" is not transitive
// (RATIONALE.md#why-is-the-auction-not-a-sort).
//
// # Promises
//
// Every bid ends with exactly one ad.Reason. A bid that arrives with a reason keeps it, never wins and never sets a
// price. The order in which bids arrive changes nothing. The same setting and bids give the same result anywhere and
// any time. The price is never above the winner's own bid and never under the floor that applies to it. Nothing is
// allocated once a Scratch has grown to the number of bids, unless a Trace is asked for.
//
// # What it refuses to know
//
// Clocks, randomness, sockets, JSON, rule files; how bids were collected; which caps, budgets, exclusions and creative
// checks refused a bid before it came here; what becomes of the result (notices, bills, records). Money is ad.CPM,
// never a float.
//
// Read next: auction.go, then RATIONALE.md; testdata/*.txt are auctions told line by line, and edge/auction/vector runs
// files of known answers.
package auction

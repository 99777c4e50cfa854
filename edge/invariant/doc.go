// Package invariant states what must hold if the code is right: not what a caller, a bidder or a rule file may get wrong.
//
// It is given a condition and what it means. Under the race detector and under the build tag `invariants` a broken one
// panics, at the place that noticed; in production it is counted and told to the caller, who answers without an ad and
// goes on, because a page must not wait for a bug to be mended.
//
//	if !invariant.Check(winner.Reason == ad.Won, "the winner's reason is Won") {
//		return noAd
//	}
//
// A check costs a branch. One that costs more than that stands behind `if invariant.Enabled`, a constant, so that
// production does not compile it.
//
// It refuses to know: outcomes (a bid that loses has an ad.Reason), errors (a file that does not parse has one), who
// counts, and every other package of this module.
//
// Read edge/ad/reason.go next: the outcomes that are not bugs.
package invariant

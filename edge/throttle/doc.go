// Package throttle sends fewer requests to a partner that times out: a bidder or a data provider.
//
// A Throttle is given what became of each request that was sent, and says, per auction, whether the next one goes out.
// It promises that an auction gets the same answer whenever it asks while nothing new was recorded, so a replay sends
// what was sent, and that a partner that has recovered is noticed. It is safe for concurrent use; its zero value is open.
// It records a window of a hundred requests per partner, in a few words of memory, and allocates nothing.
//
// It refuses to know: time, what a request is, and who the partner is beyond a number.
package throttle

// Package load makes ad calls against one target and measures what comes back: over HTTP/3, HTTP/2 or HTTP/1.1, in a closed
// loop (each stream sends its next request when the last is answered) or an open one (requests are due at a fixed rate,
// whatever the answers do).
//
// It is given a target, how many connections and streams, a rate, and bounds in time and count. It promises to end: after
// its duration it sends nothing more, and every request has a timeout. Connections are reused as browsers do, each stays
// one connection, and a lost one is dialled again.
//
// In the open loop latency runs from the moment a request was due, not from when a stream became free to send it, so that
// a target that stalls is charged for every request it delayed; the time from sending stands beside it as service time.
//
// Targets must be loopback addresses unless the caller allows others; a name is resolved once and must mean loopback only.
//
// In the modes of preemptive tags it goes on where the answer leads, as a page would: to the publisher's ad server, and from there
// to the accept URL, which must be on the host that the tag was called on. It counts who served, and what a node has to bill.
//
// It refuses to know what an ad is: it counts statuses and the X-Curb-Outcome header as they come.
//
// Read options.go, then run.go for the loops, client.go for the protocols, follow.go for the modes, report.go for the result.
package load

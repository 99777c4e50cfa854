// Package bidder is a simulated bidder: an OpenRTB 2.6 endpoint over HTTP/1.1 whose price, latency, faults, currency, deals
// and creatives are set from outside while it runs.
//
// It is given a listener and the settings to start with. POST /bid takes a bid request, plain or compressed with gzip or
// zstd, and bids on every banner impression that has a size it owns a creative for. GET /ready answers 1. POST
// /notify takes notices of every kind, GET /win, /bill and /loss are the notice URLs of its bids: an auction counts once, however
// many messages tell of it, and so does the price of each impression. POST /ctl, GET /ctl/stats and POST /ctl/reset are the
// control desk.
//
// It promises to cost little next to the node under test: a bid is read by a decoder that reuses its memory, answered from
// prepared pieces, and leaves in one write. What it does by chance (probability, jitter) follows from the request's id,
// so a run repeats.
//
// It refuses to know what an auction is, who else bids, and what the node does with its answer.
//
// Read settings.go and terms.go for what can be set, failure.go for the faults, answer.go for how a bid is written, notice.go
// for how a notice is read, outcome.go for what counts as won.
package bidder

// Package provider is a simulated data provider: an endpoint that answers a GET, whose URL carries the macros the exchange
// filled in, with the user's segments as newline-separated codes, within a few milliseconds.
//
// It is given a listener and the settings to start with. Any GET path outside its own (/ready, /ctl…) is a question; paths may
// have answers of their own, so that one process stands for several providers. An empty answer is a single line end, since a
// provider must always answer. GET /ready answers 1.
//
// It refuses to know what a code means, who sees it, and the bid requests it ends up in.
//
// Read provider.go.
package provider

// Package adserver is a simulated third-party ad server, the one a publisher keeps beside the exchange: a preemptive tag
// holds the auction first and then redirects to GET /ad with the price and the accept URL.
//
// It is given a listener and the settings to start with. Like a real one it has a line item per price bucket, which stands
// for the exchange's demand and competes with a direct campaign of its own. When the exchange's line item wins it calls
// the accept URL, by redirect, from an HTML document, or from a script; otherwise it serves its own ad and the accept URL
// is never called. It keeps the last calls it received for GET /ctl/stats.
//
// It promises never to lead anyone off this machine: an accept URL must name a loopback host or a host it was started with.
//
// It refuses to know auctions, bidders and what the accept URL does.
//
// Read decide.go for the choice, serve.go for the answers, settings.go for what can be set.
package adserver

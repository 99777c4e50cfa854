// Package adserver is a simulated third-party ad server, the one a publisher keeps beside the exchange: a preemptive tag
// holds the auction first and then redirects to GET /ad with the price, its bucket and the accept URL.
//
// It is given a listener and the settings to start with. Like a real one it has a line item per price bucket, which stands
// for the exchange's demand and competes with line items of its own. It picks the one that the bucket sent names, to the
// letter; without a bucket, by the price. When the exchange's line item wins it calls the accept URL, by redirect, from an HTML
// document, or from a script; otherwise it serves its own ad and the accept URL is never called. It opens sealed prices and
// compares them with the open ones, adds up what it was promised, and keeps the last calls it received for GET /ctl/stats.
//
// It promises never to lead anyone off this machine: an accept URL must name a loopback host or a host it was started with.
//
// It refuses to know auctions, bidders and what the accept URL does.
//
// Read decide.go for the choice, lines.go for the line items, serve.go and view.go for the answers, callback.go for
// what it calls itself, settings.go for what can be set, stats.go for what it counts.
package adserver

// Command curbsim is the market around a node, over real sockets: bidders, a data provider, a third-party ad server, a
// publisher's pages with every kind of tag, and load.
//
//	curbsim up                 all parties on the demo's ports, until Ctrl-C
//	curbsim bidder             one bidder, or several on consecutive ports
//	curbsim provider | adserver | pages
//	curbsim load               ad calls over HTTP/3, 2 or 1.1, bounded, with percentiles; --mode pt, ptj, jpt follow the ads
//
// Every party takes POST /ctl (change it while it runs) and answers GET /ctl and GET /ctl/stats with JSON. What they count is
// exact, so that it can be held against a node's bills: an ad server's revenue is the sum of the prices it accepted,
// a bidder's paid that of what it was told it pays, both per thousand; earned and spend are the money that comes to.
//
// It makes no traffic of its own: up starts parties that wait to be asked; only load calls anybody. Parties listen on
// loopback and load calls loopback, unless --allow-remote says otherwise.
//
// Exit codes: 0 done, 1 failed, 2 usage, 5 unreachable.
//
// It refuses to know the node: it imports nothing of it but the vocabulary and codecs, and can be pointed at any exchange.
//
// Read cli.go, then up.go; the parties live below internal/, and RATIONALE.md says why they are as they are.
package main

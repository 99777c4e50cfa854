// Package e2e tells the stories of one ad call with the real binaries: a node, simulated bidders and a client, on
// loopback, over HTTP/3, HTTP/2 and HTTP/1.1.
//
// It is given nothing: TestMain builds curb and curbsim, and each story writes the rule set and the configuration it
// needs, starts what it needs on free ports, and says what a page, a bidder and an operator would see. Stories promise to leave
// nothing behind, to need no network, and never to judge by the clock except against the auction's own deadline.
//
//	node_test.go      how a node and its market are started
//	client_test.go    clients of the three protocols, and raw connections
//	story_test.go     win, no bid, late, silent and bad bidders
//	host_test.go      hosts, certificates, misdirected requests
//	drain_test.go     the end of a node under traffic
//	refuse_test.go    what a node refuses to start with
//	hostile_test.go   what clients may not say; flood_test.go: nor do
//	fair_test.go      the sample rule set with everybody but the node played by the test: buyer_test.go, provider_test.go
//	preempt_test.go   prices passed on, tokens accepted, replayed and forged; redirect_test.go: nobody is led astray
//	money_test.go     priorities, budgets, caps, currencies; notice_test.go: what bidders are told, and when
//	debug_test.go     auctions that leave no trace
//	crash_test.go     the node is killed, again and again (CURB_CRASH_ROUNDS)
//	market_test.go    the demo's market: everybody's books agree
//	browser_test.go   headless Chromium, with the build tag browser; preempt_browser_test.go: whose ad it shows
//
// It refuses to know: any package of the product. What it can see is what users can see.
//
// Read edge/node/bench next: the same market, measured.
package e2e

// Package bench measures one ad call from end to end: the real node beside a bare net/http fan-out that holds no auction,
// before the same simulated bidders, in the same run.
//
// It is given nothing but two idle cores and some minutes. For 1, 5 and 20 bidders a load of 16 keep-alive TLS
// connections in a closed loop calls, in turn, the bare fan-out over HTTP/1.1, the node over HTTP/1.1 and the node over
// HTTP/3, several rounds each; what counts is the CPU time of the serving process per ad call, read from /proc, so
// that neither the load nor the bidders are in the figure. A second part makes bidders silent or late and reports the
// client's longest waits beside the deadline.
//
// The bare fan-out takes the same ad call, sends the bid request that the node sent, byte by byte, to the same bidders in
// parallel, reads their answers and replies. It decodes nothing and decides nothing: what any exchange on net/http pays
// before it begins.
//
// It refuses to know: any package of the product. Figures in RATIONALE.md of other packages come from here.
//
//	go test -run '^$' -bench . -benchtime 1x ./edge/node/bench
//
// Read edge/bidder next: the fan-out that is measured.
package bench

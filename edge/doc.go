// Package edge holds the node: everything between an ad call on a socket and the ad that answers it.
//
// The packages below it are open to cmd, rules and plugins of this module, and to nobody else: the promise to outsiders
// is the commands, the endpoints and the rule files, not the Go API.
//
// # Who may import whom
//
//	cmd → edge/node → rim → edge/adcall → pure and memory packages → edge/ad
//
// The rim (server, admin) speaks protocols. adcall is the flow and declares the interfaces it needs. Pure packages
// (auction, openrtb, macro, token) take values and now and return values: they know no clock, socket, logger or
// randomness. Memory packages (catalog, creative, estimate, throttle) hold what is known. Adapters (bidder, provider,
// notice, journal, ledger, metrics, server/transport) hide one outside technology each and import each other never, except
// egress, the one dialler. A test in internal/archtest holds all of this, and says what to do instead.
//
// This package itself holds no code. It refuses to know anything; it is the map.
//
// Read next: README.md for the path of one ad call, RATIONALE.md for the reasons, edge/ad for the words.
package edge

// Package egress is the only dialler of the node: whoever calls a bidder, a data provider or a notice URL dials here.
//
// It is given the prefixes that a lab may reach besides the public Internet, and nothing else. It promises:
//
//   - No connection is made to an address that is not public, whatever name led to it. A name's addresses are all
//     looked at, the denied ones are never dialled, and the socket itself is asked once more, in the moment before it
//     connects, which address it is about to use. A name that changes its mind between the two gains nothing.
//   - A URL named by somebody outside passes CheckURL only if it is https on port 443, without credentials or fragment,
//     with a name for a host and that name within the owner's registered domains.
//   - Lab addresses (loopback, usually) open only where Options.Lab says so.
//
// It refuses to know: what is said over the connection (no TLS, no HTTP, no redirects), environment variables naming
// proxies, whose URL it is, and catalogs. It keeps no connection.
//
// Two files: address.go says which addresses are public, url.go what a URL from outside may look like. guard.go dials.
// RATIONALE.md says why the list is explicit. Read edge/bidder next: the adapter that dials most.
package egress

// Package server is the rim that ad calls come in by and ads go out by: it turns an HTTP request into an ad.Call, has it
// served, and writes the answer down as a document, a script or an OpenRTB response.
//
// Where the publisher's ad server or the caller decides what is shown, it passes the price on and takes the sale back by
// token: it is the only reader and writer of /pt, /ab, /it and /click.
//
// It is given an adcall.Service (AdCalls), the catalog and the token keys in force, and which hosts are the node's own; transport stands in
// front of it and has checked what can be checked without knowing the path. It promises:
//
//   - a request on a publisher's host reaches that publisher's placements only; what it may not use does not exist
//   - cookies and credentials are dropped before anything else is read
//   - every parameter is known, bounded and checked, or has no effect; errors have a stable code and repeat no input
//   - what buyers and pages supply is escaped for where it stands, and creatives run in a sandbox without our origin
//   - an ad call is always answered; no answer of this package is a 5xx
//   - no ad leaves before its bill is on disk, and no price before its promise is; what looks ahead (HEAD, prefetch) buys,
//     bills and counts nothing
//   - Location holds what edge/macro built, and nothing else
//   - the same OpenRTB request again within a minute gives the same bytes and no second auction
//
// It refuses to know: how auctions go (edge/adcall), how bids are asked for, TLS and protocols (transport), and metrics.
//
// ENDPOINTS.md lists every endpoint, every parameter of a tag with its rule, the OpenRTB fields that matter here, and every
// error code, transport's too, with status, cause and remedy.
//
// A reader starts at handler.go. A tag goes through tag.go, query.go, parameter.go, call.go and render.go; an OpenRTB
// request through openrtb.go, body.go, incoming.go and outgoing.go. What an ad is made of is in values.go, click_link.go,
// pixel.go and the files that begin with render. A preemptive tag goes on through passing.go and passon.go
// and comes back through accept.go; returns.go makes the URLs that lead back. RATIONALE.md has the reasons.
package server

// Package transport is the front door of a node: it serves one http.Handler over HTTP/3, HTTP/2 and HTTP/1.1 on one port
// number, TCP and UDP, and lets nothing ill-formed, oversized, slow or misdirected reach that handler.
//
// It is given an address, the handler, the node's own hosts, the hosts of its tenants (Hosts), where certificates come
// from (Certificates), a folder for keys, and limits. It promises:
//
//   - A request that reaches the handler has a host that is registered or our own, normalised in Request.Host (no
//     trailing dot, the port only if it is not 443), and that fits the certificate of its connection; everything else was answered here.
//   - Every limit of Limits holds on all three protocols, with the same status and the same code: answers of this package
//     have an empty body and X-Curb-Error: code. (RATIONALE.md names the few requests that x/net/http2 refuses first.)
//   - No 5xx leaves the listener, and no panic of the handler does.
//   - A request in 0-RTT data waits for the end of the handshake, unless its path is one of Options.EarlyPaths.
//   - Drain fails no request of a client that heeds GOAWAY and Connection: close.
//   - A crash and a restart cost clients one round trip, because stateless-reset, token and ticket keys are on disk.
//
// It refuses to know: what is behind the handler, catalogs (a Hosts is asked), metrics (Stats is read), configuration
// files, and ACME (a Certificates is asked). It is the only package that says quic.
//
// A reader starts at transport.go and door.go, the checks that all protocols share. h1head.go and h1conn.go stand before
// net/http, h2conn.go before x/net/http2; h3*.go and qpack*.go are HTTP/3 on quic-go's connections. localca.go and
// certfiles.go are the two Certificates. RATIONALE.md says why each of them is there, and what it costs.
// Read edge/server next: the handlers.
package transport

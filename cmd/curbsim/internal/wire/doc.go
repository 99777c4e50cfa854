// Package wire is a lean HTTP/1.1 server for simulated parties that answer on the hot path: bidders and data providers.
//
// It is given a listener, a Hot function for the few requests that matter, and an http.Handler for all others. One goroutine
// owns each connection and its buffers; a hot exchange parses in place, allocates nothing in steady state and leaves in one
// write. A party that plays a fault needs the bytes themselves, so an Exchange also lets its owner write raw bytes, fall
// silent or hang up, which net/http forbids or makes costly.
//
// It promises bounds (header HeadBytesMax, body BodyBytesMax, an idle time), keep-alive, pipelining, chunked request
// bodies, Expect: 100-continue, and that Stop returns only when every connection's goroutine has ended.
//
// It refuses to know: OpenRTB, prices, settings, TLS (a TLS listener is just a listener), HTTP/2 and HTTP/3, and anything
// of the Internet at large: Listen takes loopback addresses unless told otherwise.
//
// Read server.go for the life of a server, exchange.go for what a hot function may do, head.go for the parser.
package wire

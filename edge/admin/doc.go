// Package admin is the operator's door: one HTTP handler for health, readiness, metrics, profiles and the /v1 API.
//
// It is given functions that read and change the node, and promises: it is meant for a loopback listener or a Unix
// socket and refuses requests whose Host is not one of those (a web page that rebinds its name to 127.0.0.1 gets 421),
// refuses cross-origin writes, answers every error as RFC 9457 problem+json with a stable code, and audits every write
// in the log.
//
// It refuses to know how the node is built, the flow of ad calls, and anything about the listeners of ad calls.
//
// Read edge/node/admin.go next: it supplies the functions.
package admin

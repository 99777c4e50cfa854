// Package admin is the operator's door: one HTTP handler for health, readiness, metrics, profiles and the /v1 API.
//
// It is given functions that read and change the node, the registry of creatives and the catalog in force, and promises:
// it is meant for a loopback listener or a Unix socket and refuses requests whose Host is not one of those (a web page
// that rebinds its name to 127.0.0.1 gets 421), refuses cross-origin writes and bodies that are not declared as JSON,
// answers every error as RFC 9457 problem+json with a stable code and a remedy, says everything that is wrong with a
// request at once, takes names of fields to the letter and refuses those it does not know, lets no write overtake
// another unseen (ETag, If-Match), shows no secret, and audits every write in the log.
//
// It refuses to know how the node is built, the flow of ad calls, where bills and notices are kept (it declares what it
// shows of them), and anything about the listeners of ad calls.
//
// Read ENDPOINTS.md for what there is, admin.go for the routes, creatives.go for the largest part of them, body.go for how
// requests are read. edge/node/admin.go supplies the functions.
package admin

// Package control is the control desk that every simulated party has: POST /ctl changes its settings while it runs, GET /ctl
// shows them, GET /ctl/stats shows its counters, POST /ctl/reset puts both back.
//
// It is given a settings type with JSON tags, a function that checks settings and compiles them into what the hot path
// reads, and two functions for counters. It promises that a change is whole or not at all: a POST names the fields to
// change, an unknown field or a bad value changes nothing and is answered 400 with what was wrong and what would be right;
// readers see one compiled value per request, through one atomic pointer.
//
// It refuses to know what any setting means, and how the party is served.
//
// Read desk.go for the endpoints, nowhere.go for what is none, decode.go for how errors are told,
// values.go for prices and durations in JSON.
package control

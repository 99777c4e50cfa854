// Package localca makes a throw-away certificate authority for a simulated party that speaks TLS: one CA, one leaf for
// loopback, both ECDSA P-256 and valid for a week, keys in memory only.
//
// It promises that a client which trusts the CA it hands out verifies the party as 127.0.0.1, ::1, localhost and any
// extra name, and nothing else.
//
// It refuses to know who trusts it: writing the CA to a file is its caller's business.
//
// Read authority.go.
package localca

// Package metrics counts what the node does and shows it in the Prometheus text format.
//
// It is given plain values: a reason, an outcome, a duration, or a function that reads a counter kept elsewhere. It
// promises that counting on the path of an ad call allocates nothing once a bidder has been seen, that every name
// starts with curb_ and ends with its unit, and that label values come from closed lists or from rule files, never
// from a request.
//
// It refuses to know the flow, HTTP routes, and what a number means for the operator: alerts live beside the dashboards
// in cmd/curb/dist. It is the only package that says prometheus; no type of that module crosses its boundary.
//
// Read edge/node/record.go next: there a call's answer becomes counts.
package metrics

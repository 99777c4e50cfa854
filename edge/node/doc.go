// Package node is the composition root: what exists in a running node, and how it is wired.
//
// node.go reads as a parts list: the rule set, the bidders' door to the outside, the flow, the handlers, the listeners,
// the operator's door. It is given a config.Config and a logger, and promises that Start either gives a node whose
// listeners are open or an error that says what stood in the way, and that Drain ends it without failing a request.
//
// It refuses to decide anything about an ad call. It may import every package; nothing imports it but cmd and tests.
//
// Read node.go first, then record.go and admin.go for what operators see; e2e and bench run the real programs.
package node

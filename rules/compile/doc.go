// Package compile turns a directory of rule files into the contents of a catalog.
//
// It is given a file system and reads every rule file in it (rules/schema says which files and what they hold), links
// the objects by name or id, fills in what follows from elsewhere (a placement's publisher and owner from its site, a
// publisher's price rule from the Node object) and checks what can only be seen from several fields or objects.
//
// It promises that the same objects give the same contents and the same version, whatever files they stand in, in
// whatever order and on whatever day; that all problems of all files come at once, with their places; that contents without problems
// build a snapshot (catalog.New accepts them); and that references that lead nowhere, and what follows from a problem
// already reported, are reported once and not again from every object they touch.
//
// It refuses to know: where the file system comes from (a directory, an embedded sample, a bundle), clocks (who compiles says
// what time it is), sockets, which set is in force, and how a call is decided.
//
// Read compile.go for the steps, decode_supply.go, decode_demand.go and decode_terms.go for how fields become edge/ad values, and
// rules/KINDS.md for the fields.
package compile

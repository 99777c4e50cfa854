// Package samples holds ready rule sets, compiled into the programs that show them.
//
// It is given nothing: the sets are directories beside this file, and each is a file system of its own, as rules/compile
// takes it. They are also what an operator reads first and copies from, so each has a README.md that says what it shows.
//
// It promises that every set in it compiles without a problem, and that Demo is the market that curbsim simulates: the
// same ports, seats, creative codes and currencies.
//
// It refuses to know what a rule means, and who runs a set: it holds files.
//
// Read demo/README.md for what the demo set shows, rules/KINDS.md for the kinds.
package samples

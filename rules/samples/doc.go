// Package samples holds ready rule sets, compiled into the programs that show them.
//
// It promises that every set in it compiles without a problem, and that Demo is the market that curbsim simulates: the
// same ports, seats, creative codes and currencies.
//
// It refuses to know what a rule means: it holds files. Read demo/README.md for what the demo set shows.
package samples

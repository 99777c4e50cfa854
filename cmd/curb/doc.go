// Command curb is a node of the exchange and the command line around it.
//
// It is given flags and files, and promises one grammar: curb NOUN VERB, data on standard output, talk on standard
// error, and exit codes that scripts can rely on: 0 done, 1 failed, 2 usage or refused, 3 findings, 4 not found,
// 5 unreachable. One file holds one noun; each command is a constructor that main.go hangs under the root.
//
// It refuses to know how anything works: it reads arguments, calls a package, and prints what comes back.
//
// Read main.go first, then serve.go.
package main

// Package adtest runs the real programs for tests and benchmarks: what a test says of the binaries should be what an
// operator would see.
//
// It is given a test and a command line, and gives a process that ends with the test, whose output is in the test's log
// when the test fails, and whose CPU time can be read. Beside it stand what a node needs around it on loopback: free
// port numbers, and a certificate authority that lives as long as the test.
//
// It promises that nothing is left behind: processes are asked to end, then killed, and on Linux they die with the test
// binary whatever happens to it. It binds and calls loopback only.
//
// It refuses to know: what the programs do, protocols, rule files and the third-party modules that clients need. Only
// tests and cmd/curbsim import it.
//
// Read edge/node/e2e next: the stories that are told with it.
package adtest

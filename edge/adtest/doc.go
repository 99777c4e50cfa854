// Package adtest runs the real programs for tests and benchmarks: what a test says of the binaries should be what an
// operator would see.
//
// It is given a test, and gives processes that end with it: any program (Start), simulated bidders (StartBidders) that are
// changed and read over their control endpoint, and a node (StartNode) on a rule set (Rules) with certificates of an
// authority that lives as long as the test. A process's output is in the test's log when the test fails, and its CPU time can
// be read.
//
// It promises that nothing is left behind: processes are asked to end, then killed, and on Linux they die with the test
// binary whatever happens to it. It binds and calls loopback only.
//
// It refuses to know: packages of the product, and the third-party modules that clients of a node need. Only tests import it.
//
// Read edge/node/e2e next: the stories that are told with it.
package adtest

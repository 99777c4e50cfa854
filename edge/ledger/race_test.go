//go:build race

package ledger_test

// racing: the race detector empties pools at random, so allocations cannot be counted.
const racing = true

//go:build race

package adcall

// racing: the race detector empties pools at random, so allocations cannot be counted.
const racing = true

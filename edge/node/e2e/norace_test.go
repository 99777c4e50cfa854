//go:build !race

package e2e

// raceEnabled has the binaries built with the race detector that this test has.
const raceEnabled = false

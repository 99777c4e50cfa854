//go:build race

package bidder

// raceDetector drops pooled values at random, so that allocations of pooled code cannot be counted under it.
const raceDetector = true

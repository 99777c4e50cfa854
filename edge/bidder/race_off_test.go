//go:build !race

package bidder

const raceDetector = false

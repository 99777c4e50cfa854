//go:build !race

package adcall

const racing = false

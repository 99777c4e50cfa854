package transport

// runChild is the test binary in the role of a client or server of its own process; see bench_test.go.
func runChild() bool { return false }

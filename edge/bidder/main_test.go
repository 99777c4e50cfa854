package bidder

import (
	"flag"
	"fmt"
	"os"
	"testing"

	"go.uber.org/goleak"
)

// TestMain runs the tests, or, in a child process of the benchmark, the bidders: so that what the benchmark measures is
// the asking side alone. After a benchmark the clients measured beside ours may leave goroutines behind; after tests nobody may.
func TestMain(m *testing.M) {
	if os.Getenv(childVariable) != "" {
		os.Exit(runBidders(os.Stdin, os.Stdout))
	}
	flag.Parse()
	code := m.Run()
	if code == 0 && flag.Lookup("test.bench").Value.String() == "" {
		if err := goleak.Find(); err != nil {
			fmt.Fprintln(os.Stderr, err)
			code = 1
		}
	}
	os.Exit(code)
}

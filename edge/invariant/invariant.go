package invariant

import "sync/atomic"

// broken counts for the whole process: there is one program, and it has a bug or it has none.
var broken atomic.Uint64

// Check returns ok. A broken invariant panics with what where Enabled, and is counted where not. It never allocates
// while the invariant holds; what is a constant that completes "it must hold that …".
func Check(ok bool, what string) bool {
	if !ok {
		fail(what)
	}
	return ok
}

// fail stays out of Check so that Check is inlined.
func fail(what string) {
	broken.Add(1)
	if Enabled {
		panic("it must hold that " + what)
	}
}

// Broken is how many checks failed since the process began. Anything but 0 is a bug, and metrics show it.
func Broken() uint64 { return broken.Load() }

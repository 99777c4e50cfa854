package journal

import (
	"os"
	"syscall"
)

// fadviseDontNeed is POSIX_FADV_DONTNEED: the kernel may drop the pages of a file that are written.
const fadviseDontNeed = 4

func forget(name string) {
	f, err := os.Open(name)
	if err != nil {
		return
	}
	defer f.Close()
	// Advice: that it was not taken changes nothing but what the next reading proves.
	_, _, _ = syscall.Syscall6(syscall.SYS_FADVISE64, f.Fd(), 0, 0, fadviseDontNeed, 0, 0)
}

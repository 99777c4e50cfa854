//go:build !(linux || darwin || freebsd || netbsd || openbsd || dragonfly)

package journal

import (
	"errors"
	"io"
)

// Lock refuses: a log that two processes could write at once is worse than none.
func (localDisk) Lock(string) (io.Closer, error) {
	return nil, errors.New("this operating system has no lock for directories that the log knows: leave the directory empty to keep nothing on disk")
}

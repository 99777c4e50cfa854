//go:build !(linux || darwin || freebsd)

package journal

import "errors"

func (localDisk) Room(string) (free, size uint64, err error) { return 0, 0, errors.ErrUnsupported }

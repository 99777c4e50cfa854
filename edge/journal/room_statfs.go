//go:build linux || darwin || freebsd

package journal

import "syscall"

func (localDisk) Room(dir string) (free, size uint64, err error) {
	var s syscall.Statfs_t
	if err := syscall.Statfs(dir, &s); err != nil {
		return 0, 0, err
	}
	block := uint64(s.Bsize)
	return uint64(max(s.Bavail, 0)) * block, uint64(s.Blocks) * block, nil //nolint:unconvert // types differ between systems
}

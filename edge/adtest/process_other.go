//go:build !linux

package adtest

import "syscall"

// dieWithParent has no equivalent outside Linux.
func dieWithParent() *syscall.SysProcAttr { return nil }

package adtest

import "syscall"

// dieWithParent has the kernel kill the process when the test binary dies, so that a timeout leaves nothing behind.
func dieWithParent() *syscall.SysProcAttr { return &syscall.SysProcAttr{Pdeathsig: syscall.SIGKILL} }

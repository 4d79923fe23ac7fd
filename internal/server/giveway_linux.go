package server

import (
	"runtime"
	"syscall"
)

// giveWay lets others have the core for a moment: goroutines of this server, and other
// programs.
func giveWay() {
	runtime.Gosched()
	_, _, _ = syscall.RawSyscall(syscall.SYS_SCHED_YIELD, 0, 0, 0) // It cannot fail.
}

package command

import (
	"os"
	"syscall"
)

// descriptors counts this process's open files, and tells how many it may open.
func descriptors() (open int, limit uint64, ok bool) {
	entries, err := os.ReadDir("/proc/self/fd")
	if err != nil {
		return 0, 0, false
	}
	var bound syscall.Rlimit
	if err := syscall.Getrlimit(syscall.RLIMIT_NOFILE, &bound); err != nil {
		return 0, 0, false
	}
	return len(entries), bound.Cur, true
}

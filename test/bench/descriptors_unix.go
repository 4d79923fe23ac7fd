//go:build unix

package bench

import "syscall"

// descriptorsMax is how many files and connections one process may have open, of those
// that we start as well.
func descriptorsMax() (most int, known bool) {
	var limit syscall.Rlimit
	if err := syscall.Getrlimit(syscall.RLIMIT_NOFILE, &limit); err != nil {
		return 0, false
	}
	return int(min(uint64(limit.Max), 1<<30)), true
}

//go:build amd64 || arm64

package vfs

import "syscall"

// adviseDontNeed is POSIX_FADV_DONTNEED.
const adviseDontNeed = 4

func (f osFile) evict() {
	// What the system does not do costs nobody anything.
	_ = control(f.File, "fadvise", func(fd int) error {
		_, _, errno := syscall.Syscall6(syscall.SYS_FADVISE64, uintptr(fd), 0, 0,
			adviseDontNeed, 0, 0)
		if errno != 0 {
			return errno
		}
		return nil
	})
}

//go:build amd64 || arm64

package vfs

import (
	"os"
	"syscall"
)

// The advice of posix_fadvise(2).
const (
	adviseRandom   = 1
	adviseDontNeed = 4
)

func (f osFile) evict() { advise(f.File, adviseDontNeed) }

func (f osFile) readAsAsked() { advise(f.File, adviseRandom) }

// advise tells the system about all of a file. What the system does not do costs nobody
// anything.
func advise(f *os.File, advice uintptr) {
	_ = control(f, "fadvise", func(fd int) error {
		_, _, errno := syscall.Syscall6(syscall.SYS_FADVISE64, uintptr(fd), 0, 0, advice, 0, 0)
		if errno != 0 {
			return errno
		}
		return nil
	})
}

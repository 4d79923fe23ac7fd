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

// EvictRange implements vfs.EvictRange.
func (f osFile) EvictRange(from, bytes int64) { advise(f.File, from, bytes, adviseDontNeed) }

func (f osFile) readAsAsked() { advise(f.File, 0, 0, adviseRandom) }

// advise tells the system about so many bytes of a file, 0 being all that follow. What the
// system does not do costs nobody anything.
func advise(f *os.File, from, bytes int64, advice uintptr) {
	_ = control(f, "fadvise", func(fd int) error {
		_, _, errno := syscall.Syscall6(syscall.SYS_FADVISE64, uintptr(fd), uintptr(from),
			uintptr(bytes), advice, 0, 0)
		if errno != 0 {
			return errno
		}
		return nil
	})
}

package vfs

import (
	"os"
	"syscall"
)

// onlyHolder tells the size of a file, and whether its content is within nobody else's reach:
// it has no name any more, and the system grants a lease for writing, which it does only if
// nobody else has it open (fcntl(2), F_SETLEASE).
func onlyHolder(f *os.File) (size int64, only bool) {
	info, err := f.Stat()
	if err != nil {
		return 0, false
	}
	if stat, ok := info.Sys().(*syscall.Stat_t); !ok || stat.Nlink != 0 {
		return 0, false
	}
	err = control(f, "lease", func(fd int) error {
		_, _, errno := syscall.Syscall(syscall.SYS_FCNTL, uintptr(fd),
			syscall.F_SETLEASE, syscall.F_WRLCK)
		if errno != 0 {
			return errno
		}
		return nil
	})
	return info.Size(), err == nil
}

package vfs

import (
	"errors"
	"os"
	"syscall"
)

func syncData(f *os.File) error {
	return control(f, "fdatasync", syscall.Fdatasync)
}

// preallocate asks for unwritten extents: the size grows at once, reads give
// zeros, and no zero is written, so that a new segment does not stall the log.
func preallocate(f *os.File, from, size int64) error {
	err := control(f, "fallocate", func(fd int) error {
		return syscall.Fallocate(fd, 0, from, size-from)
	})
	if errors.Is(err, syscall.EOPNOTSUPP) || errors.Is(err, syscall.ENOSYS) {
		return f.Truncate(size)
	}
	return err
}

// control runs call on the descriptor, again while a signal interrupts it.
func control(f *os.File, op string, call func(fd int) error) error {
	conn, err := f.SyscallConn()
	if err != nil {
		return err
	}
	var callErr error
	err = conn.Control(func(fd uintptr) {
		for callErr = call(int(fd)); callErr == syscall.EINTR; {
			callErr = call(int(fd))
		}
	})
	if err == nil && callErr != nil {
		err = &os.PathError{Op: op, Path: f.Name(), Err: callErr}
	}
	return err
}

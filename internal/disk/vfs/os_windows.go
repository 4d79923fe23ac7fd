package vfs

import (
	"os"
	"syscall"
	"unsafe"
)

// syncDir does nothing: Windows journals directory changes itself and refuses
// to flush a directory handle.
func syncDir(string) error { return nil }

const (
	lockfileFailImmediately = 1
	lockfileExclusive       = 2
)

func lockFile(f *os.File) error {
	lockFileEx := syscall.NewLazyDLL("kernel32.dll").NewProc("LockFileEx")
	var overlapped syscall.Overlapped
	ok, _, err := lockFileEx.Call(f.Fd(), lockfileExclusive|lockfileFailImmediately, 0, 1, 0,
		uintptr(unsafe.Pointer(&overlapped)))
	if ok == 0 {
		return err
	}
	return nil
}

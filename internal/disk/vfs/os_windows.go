package vfs

import (
	"os"
	"syscall"
	"unsafe"
)

// The codes of Windows for a full disk.
const (
	errorHandleDiskFull = syscall.Errno(39)
	errorDiskFull       = syscall.Errno(112)
)

var noSpace = []error{errorHandleDiskFull, errorDiskFull, syscall.ENOSPC}

// Space implements FS.
func (OS) Space(dir string) (Space, error) {
	name, err := syscall.UTF16PtrFromString(dir)
	if err != nil {
		return Space{}, err
	}
	getDiskFreeSpaceEx := syscall.NewLazyDLL("kernel32.dll").NewProc("GetDiskFreeSpaceExW")
	var free, total uint64
	ok, _, err := getDiskFreeSpaceEx.Call(uintptr(unsafe.Pointer(name)),
		uintptr(unsafe.Pointer(&free)), uintptr(unsafe.Pointer(&total)), 0)
	if ok == 0 {
		return Space{}, &os.PathError{Op: "free space", Path: dir, Err: err}
	}
	return Space{Free: int64(free), Total: int64(total)}, nil
}

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

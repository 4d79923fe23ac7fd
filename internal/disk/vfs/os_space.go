//go:build linux || darwin

package vfs

import (
	"os"
	"syscall"
)

// Space implements FS. What is reserved for root does not count as free.
func (OS) Space(dir string) (Space, error) {
	var s syscall.Statfs_t
	if err := syscall.Statfs(dir, &s); err != nil {
		return Space{}, &os.PathError{Op: "statfs", Path: dir, Err: err}
	}
	block := int64(s.Bsize)
	return Space{Free: int64(s.Bavail) * block, Total: int64(s.Blocks) * block}, nil
}

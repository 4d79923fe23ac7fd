//go:build !linux

package vfs

import "os"

func syncData(f *os.File) error { return f.Sync() }

// preallocate leaves a hole, as Java does; its blocks are found when written.
func preallocate(f *os.File, _, size int64) error { return f.Truncate(size) }

package fulldisk

import "syscall"

// mount makes a file system in memory of so many bytes, such as "96m", at dir.
func mount(dir, size string) error {
	return syscall.Mount("tmpfs", dir, "tmpfs", 0, "size="+size)
}

func unmount(dir string) error { return syscall.Unmount(dir, syscall.MNT_DETACH) }

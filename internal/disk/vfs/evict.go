package vfs

// Evict asks the system to forget what it keeps in memory of a file that is synced: the
// next read then comes from the disk, and shows what the disk holds. It is a wish, and a
// file in memory or a system without the call knows nothing of it.
func Evict(f File) {
	if e, ok := f.(interface{ evict() }); ok {
		e.evict()
	}
}

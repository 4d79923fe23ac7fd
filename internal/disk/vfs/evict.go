package vfs

// Evict asks the system to forget what it keeps in memory of a file that is synced: the
// next read then comes from the disk, and shows what the disk holds. It is a wish, and a
// file in memory or a system without the call knows nothing of it.
func Evict(f File) { EvictRange(f, 0, 0) }

// EvictRange is Evict for so many bytes from an offset on; 0 bytes are all that follow.
func EvictRange(f File, from, bytes int64) {
	if e, ok := f.(interface{ EvictRange(from, bytes int64) }); ok {
		e.EvictRange(from, bytes)
	}
}

// ReadAsAsked asks the system to read no more of a file than each read wants. Systems read
// ahead by up to megabytes at once, and what a paced reader thus moves in a burst the sync of
// somebody else's file waits for. It is a wish, like Evict.
func ReadAsAsked(f File) {
	if r, ok := f.(interface{ readAsAsked() }); ok {
		r.readAsAsked()
	}
}

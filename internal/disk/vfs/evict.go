package vfs

// Evict asks the system to forget what it keeps in memory of a file that is synced: the
// next read then comes from the disk, and shows what the disk holds. It is a wish, and a
// file in memory or a system without the call knows nothing of it.
func Evict(f File) {
	if e, ok := f.(interface{ evict() }); ok {
		e.evict()
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

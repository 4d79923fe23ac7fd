package vfs

import "io"

// Held is the content of a file beyond its name.
type Held interface {
	io.Closer
	// Shrink gives back a part of the content's room, of about so many bytes, and tells how
	// many are left to Close. That is 0 at once where others might still read the content,
	// or the system cannot tell.
	Shrink(bytes int64) (left int64)
}

// Hold keeps the content of a file beyond its name: Remove then takes the name only, at
// once, and the room comes back with Shrink and Close. To give it back takes as long as the
// file is large: 40 ms for 200 MB in the system's memory, and on a file system that tells its
// device of each free block (mount option discard) all who sync wait for that. nil if the disk
// cannot, or if there is no such file: then Remove does all.
func Hold(disk FS, name string) Held {
	if h, ok := disk.(interface{ hold(name string) Held }); ok {
		return h.hold(name)
	}
	return nil
}

package txnlog

import "zoo/internal/disk/vfs"

const (
	// residentBytesDefault is how much of the end of a log the system is to keep in memory: a
	// start after a kill finds there what it has to read, for most servers.
	residentBytesDefault = 256 << 20
	// residentStep is how much is forgotten at once, which takes a fraction of a millisecond.
	residentStep = 4 << 20
)

// resident is what the system keeps in memory of a log. It would keep all of it, until the
// memory is full: pages that were never used before, which are dear to get where memory is
// given out as it is touched, and in the way of what others read. What lies far behind the
// end is forgotten, and its pages serve what is written next.
type resident struct {
	disk     vfs.FS
	bytesMax int64
	files    []residentFile // oldest first
	bytes    int64
}

// residentFile has the bytes of a file from one offset to another.
type residentFile struct {
	path     string
	from, to int64
}

// synced takes note of a segment that is on the disk up to an offset, and has a part of what
// is too much forgotten. The file is the segment's.
func (r *resident) synced(file vfs.File, path string, to int64) {
	last := len(r.files) - 1
	if last < 0 || r.files[last].path != path {
		r.files = append(r.files, residentFile{path: path})
		last++
	}
	r.bytes += to - r.files[last].to
	r.files[last].to = to
	if r.bytes < r.bytesMax+residentStep {
		return
	}
	oldest := &r.files[0]
	part := min(residentStep, oldest.to-oldest.from)
	if last == 0 {
		vfs.EvictRange(file, oldest.from, part)
	} else {
		r.evict(oldest.path, oldest.from, part)
	}
	r.bytes -= part
	if oldest.from += part; oldest.from == oldest.to && last > 0 {
		r.files = append(r.files[:0], r.files[1:]...)
	}
}

// evict is for a segment that has ended. One that is gone is in nobody's way.
func (r *resident) evict(path string, from, bytes int64) {
	file, err := r.disk.Open(path)
	if err != nil {
		return
	}
	vfs.EvictRange(file, from, bytes)
	_ = file.Close() // Nothing was written to it.
}

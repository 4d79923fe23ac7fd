package inspect

import "zoo/internal/disk/vfs"

// Progress hears how many bytes of how many were read. It is called often and must
// be quick.
type Progress func(done, total int64)

// metered is a disk that tells how much of some files was read.
type metered struct {
	vfs.FS
	tell        Progress
	done, total int64
}

// meter wraps a disk for the reading of these files; without anyone to tell, it is
// the disk itself.
func meter(disk vfs.FS, tell Progress, paths ...string) vfs.FS {
	if tell == nil {
		return disk
	}
	m := &metered{FS: disk, tell: tell}
	for _, path := range paths {
		if info, err := disk.Stat(path); err == nil {
			m.total += info.Size
		}
	}
	return m
}

// Open opens a file whose reading counts.
func (m *metered) Open(name string) (vfs.File, error) {
	f, err := m.FS.Open(name)
	if err != nil {
		return nil, err
	}
	return &meteredFile{f, m}, nil
}

func (m *metered) count(n int) {
	m.done = min(m.done+int64(n), m.total)
	m.tell(m.done, m.total)
}

type meteredFile struct {
	vfs.File
	meter *metered
}

// Read counts what it reads.
func (f *meteredFile) Read(p []byte) (int, error) {
	n, err := f.File.Read(p)
	f.meter.count(n)
	return n, err
}

// ReadAt counts what it reads.
func (f *meteredFile) ReadAt(p []byte, offset int64) (int, error) {
	n, err := f.File.ReadAt(p, offset)
	f.meter.count(n)
	return n, err
}

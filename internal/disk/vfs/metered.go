package vfs

// Metered counts what is read of a file system's files, for who shows how far a long
// read has come. A file that is closed counts as read to its end: the padding of a log
// is not read, and nobody will wait for it. Files are read by one goroutine each; Count
// may be called by several at once.
type Metered struct {
	FS
	Count func(bytes int64)
}

// Open implements FS.
func (m Metered) Open(name string) (File, error) {
	file, err := m.FS.Open(name)
	if err != nil {
		return nil, err
	}
	return &meteredFile{File: file, count: m.Count}, nil
}

type meteredFile struct {
	File
	count func(int64)
	read  int64
}

func (f *meteredFile) saw(n int) {
	f.read += int64(n)
	f.count(int64(n))
}

// Read implements File.
func (f *meteredFile) Read(p []byte) (int, error) {
	n, err := f.File.Read(p)
	f.saw(n)
	return n, err
}

// ReadAt implements File.
func (f *meteredFile) ReadAt(p []byte, offset int64) (int, error) {
	n, err := f.File.ReadAt(p, offset)
	f.saw(n)
	return n, err
}

// Close implements File.
func (f *meteredFile) Close() error {
	if size, err := f.Size(); err == nil {
		f.count(size - f.read)
	}
	return f.File.Close()
}

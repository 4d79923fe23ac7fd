package vfs

// Paced is a file system that asks before it reads from a file: Pace is told how
// many bytes were just read, and waits as long as its owner finds right. An error
// of Pace is that of the read.
type Paced struct {
	FS
	Pace func(n int) error
}

// Open opens a file that is read at the pace.
func (p Paced) Open(name string) (File, error) {
	f, err := p.FS.Open(name)
	if err != nil {
		return nil, err
	}
	ReadAsAsked(f)
	return pacedFile{f, p.Pace}, nil
}

type pacedFile struct {
	File
	pace func(n int) error
}

// Read reads, then waits.
func (f pacedFile) Read(b []byte) (int, error) {
	n, err := f.File.Read(b)
	return f.paced(n, err)
}

// ReadAt reads, then waits.
func (f pacedFile) ReadAt(b []byte, offset int64) (int, error) {
	n, err := f.File.ReadAt(b, offset)
	return f.paced(n, err)
}

func (f pacedFile) paced(n int, err error) (int, error) {
	if n == 0 {
		return n, err
	}
	if stop := f.pace(n); stop != nil {
		return 0, stop
	}
	return n, err
}

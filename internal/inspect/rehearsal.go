package inspect

import (
	"errors"
	"io"
	"io/fs"
	"path/filepath"
	"slices"

	"zoo/internal/disk/vfs"
)

// rehearsal is a disk on which a server's start can be tried out: it reads another
// disk and changes nothing there. New files are made in memory, removals, renames
// and cuts are remembered. One goroutine uses it.
type rehearsal struct {
	vfs.FS // what is really there
	made   *vfs.Mem
	source map[string]string // where a renamed file really is
	gone   map[string]bool
	cut    map[string]int64 // sizes of shortened files, by where they really are
}

func rehearse(disk vfs.FS) *rehearsal {
	return &rehearsal{FS: disk, made: vfs.NewMem(), source: make(map[string]string),
		gone: make(map[string]bool), cut: make(map[string]int64)}
}

// inMemory tells whether the rehearsal has made the file.
func (r *rehearsal) inMemory(name string) bool {
	info, err := r.made.Stat(name)
	return err == nil && !info.Dir
}

// real is where a file is on the disk below.
func (r *rehearsal) real(name string) (string, error) {
	if source, ok := r.source[name]; ok {
		return source, nil
	}
	if r.gone[name] {
		return "", &fs.PathError{Op: "open", Path: name, Err: fs.ErrNotExist}
	}
	return name, nil
}

// Create makes a file in memory.
func (r *rehearsal) Create(name string) (vfs.File, error) {
	if err := r.made.MkdirAll(filepath.Dir(name)); err != nil {
		return nil, err
	}
	delete(r.source, name)
	r.gone[name] = true
	return r.made.Create(name)
}

// CreateNew makes a file in memory.
func (r *rehearsal) CreateNew(name string) (vfs.File, error) {
	if _, err := r.Stat(name); err == nil {
		return nil, &fs.PathError{Op: "create", Path: name, Err: fs.ErrExist}
	}
	return r.Create(name)
}

// Open opens what is there in the rehearsal.
func (r *rehearsal) Open(name string) (vfs.File, error) {
	if r.inMemory(name) {
		return r.made.Open(name)
	}
	path, err := r.real(name)
	if err != nil {
		return nil, err
	}
	f, err := r.FS.Open(path)
	if err != nil {
		return nil, err
	}
	if size, shorter := r.cut[path]; shorter {
		return &cutFile{File: f, size: size}, nil
	}
	return f, nil
}

// OpenWrite opens a file that can be shortened and synced.
func (r *rehearsal) OpenWrite(name string) (vfs.File, error) {
	if r.inMemory(name) {
		return r.made.OpenWrite(name)
	}
	path, err := r.real(name)
	if err != nil {
		return nil, err
	}
	f, err := r.FS.Open(path)
	if err != nil {
		return nil, err
	}
	size, shorter := r.cut[path]
	if !shorter {
		if size, err = f.Size(); err != nil {
			return nil, errors.Join(err, f.Close())
		}
	}
	return &cutFile{File: f, size: size, note: func(size int64) { r.cut[path] = size }}, nil
}

// Rename remembers the new name.
func (r *rehearsal) Rename(source, target string) error {
	if r.inMemory(source) {
		delete(r.source, target)
		r.gone[target] = true
		return r.made.Rename(source, target)
	}
	path, err := r.real(source)
	if err != nil {
		return err
	}
	if _, err := r.FS.Stat(path); err != nil {
		return err
	}
	if r.inMemory(target) {
		if err := r.made.Remove(target); err != nil {
			return err
		}
	}
	delete(r.source, source)
	r.gone[source] = true
	r.source[target] = path
	return nil
}

// Remove remembers that the file is gone.
func (r *rehearsal) Remove(name string) error {
	if r.inMemory(name) {
		return r.made.Remove(name)
	}
	path, err := r.real(name)
	if err == nil {
		_, err = r.FS.Stat(path)
	}
	delete(r.source, name)
	r.gone[name] = true
	return err
}

// List gives the names in the rehearsal.
func (r *rehearsal) List(dir string) ([]string, error) {
	names, err := r.FS.List(dir)
	made, madeErr := r.made.List(dir)
	if err != nil && madeErr != nil {
		return nil, err
	}
	names = slices.DeleteFunc(names, func(name string) bool {
		return r.gone[filepath.Join(dir, name)]
	})
	names = append(names, made...)
	for name := range r.source {
		if filepath.Dir(name) == filepath.Clean(dir) {
			names = append(names, filepath.Base(name))
		}
	}
	slices.Sort(names)
	return slices.Compact(names), nil
}

// MkdirAll makes directories in memory.
func (r *rehearsal) MkdirAll(dir string) error { return r.made.MkdirAll(dir) }

// SyncDir does nothing.
func (r *rehearsal) SyncDir(string) error { return nil }

// Stat tells of what is there in the rehearsal.
func (r *rehearsal) Stat(name string) (vfs.Info, error) {
	if info, err := r.made.Stat(name); err == nil {
		return info, nil
	}
	path, err := r.real(name)
	if err != nil {
		return vfs.Info{}, err
	}
	info, err := r.FS.Stat(path)
	if size, shorter := r.cut[path]; shorter {
		info.Size = size
	}
	return info, err
}

// Lock takes nothing: whether a server has the directory is another question.
func (r *rehearsal) Lock(string) (io.Closer, error) { return io.NopCloser(nil), nil }

// cutFile is a real file that may have been shortened, in the rehearsal only.
type cutFile struct {
	vfs.File
	cursor, size int64
	note         func(size int64) // nil in a file that is only read
}

var errRehearsal = errors.New("a rehearsal does not write into files that are there")

// Read reads at the cursor, up to the cut.
func (f *cutFile) Read(p []byte) (int, error) {
	n, err := f.ReadAt(p, f.cursor)
	f.cursor += int64(n)
	if n > 0 {
		err = nil
	}
	return n, err
}

// ReadAt reads up to the cut.
func (f *cutFile) ReadAt(p []byte, offset int64) (int, error) {
	if offset >= f.size {
		return 0, io.EOF
	}
	if left := f.size - offset; int64(len(p)) > left {
		n, err := f.File.ReadAt(p[:left], offset)
		if err == nil {
			err = io.EOF
		}
		return n, err
	}
	return f.File.ReadAt(p, offset)
}

// Write is refused.
func (f *cutFile) Write([]byte) (int, error) { return 0, errRehearsal }

// WriteAt is refused.
func (f *cutFile) WriteAt([]byte, int64) (int, error) { return 0, errRehearsal }

// Preallocate is refused.
func (f *cutFile) Preallocate(int64) error { return errRehearsal }

// Sync does nothing.
func (f *cutFile) Sync() error { return nil }

// Size is that of the cut file.
func (f *cutFile) Size() (int64, error) { return f.size, nil }

// Truncate shortens the file in the rehearsal.
func (f *cutFile) Truncate(size int64) error {
	if f.note == nil || size > f.size {
		return errRehearsal
	}
	f.size = size
	f.note(size)
	return nil
}

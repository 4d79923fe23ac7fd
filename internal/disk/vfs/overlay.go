package vfs

import (
	"errors"
	"fmt"
	"io"
	"io/fs"
	"path"
	"slices"
	"sync"
)

// Overlay is a file system on which everything can be tried and nothing happens: what is
// changed stays in memory, over files that are only read. Existing files can be removed,
// renamed, replaced and cut, but not written into. Nothing is locked.
type Overlay struct {
	base  FS
	upper *Mem

	mu    sync.Mutex
	lower map[string]string // the file below that a name means, where not its own; "" is none
	sizes map[string]int64  // of files below that were cut, by their names there
}

var _ FS = (*Overlay)(nil)

// NewOverlay lies over base.
func NewOverlay(base FS) *Overlay {
	return &Overlay{base: base, upper: NewMem(), lower: make(map[string]string),
		sizes: make(map[string]int64)}
}

// below finds the file below that a name means; false if it means none, or one above.
func (o *Overlay) below(name string) (string, bool) {
	if _, err := o.upper.Stat(name); err == nil {
		return "", false
	}
	o.mu.Lock()
	defer o.mu.Unlock()
	if meant, ok := o.lower[clean(name)]; ok {
		return meant, meant != ""
	}
	return name, true
}

func (o *Overlay) mean(name, below string) {
	o.mu.Lock()
	defer o.mu.Unlock()
	o.lower[clean(name)] = below
}

// Create implements FS.
func (o *Overlay) Create(name string) (File, error) {
	if _, err := o.base.Stat(path.Dir(clean(name))); err == nil {
		if err := o.upper.MkdirAll(path.Dir(clean(name))); err != nil {
			return nil, err
		}
	}
	f, err := o.upper.Create(name)
	if err == nil {
		o.mean(name, "")
	}
	return f, err
}

// CreateNew implements FS.
func (o *Overlay) CreateNew(name string) (File, error) {
	if _, err := o.Stat(name); err == nil {
		return nil, &fs.PathError{Op: "create", Path: name, Err: fs.ErrExist}
	}
	return o.Create(name)
}

// Open implements FS.
func (o *Overlay) Open(name string) (File, error) {
	below, ok := o.below(name)
	if !ok {
		return o.upper.Open(name)
	}
	f, err := o.base.Open(below)
	if err != nil {
		return nil, err
	}
	return &lowerFile{File: f, overlay: o, name: below}, nil
}

// OpenWrite implements FS.
func (o *Overlay) OpenWrite(name string) (File, error) {
	if _, ok := o.below(name); !ok {
		return o.upper.OpenWrite(name)
	}
	return o.Open(name)
}

// Rename implements FS.
func (o *Overlay) Rename(source, target string) error {
	below, ok := o.below(source)
	if !ok {
		if err := o.upper.Rename(source, target); err != nil {
			return err
		}
		o.mean(target, "")
		return nil
	}
	if _, err := o.base.Stat(below); err != nil {
		return err
	}
	if _, err := o.upper.Stat(target); err == nil {
		if err := o.upper.Remove(target); err != nil {
			return err
		}
	}
	o.mean(source, "")
	o.mean(target, below)
	return nil
}

// Remove implements FS.
func (o *Overlay) Remove(name string) error {
	below, ok := o.below(name)
	if !ok {
		return o.upper.Remove(name)
	}
	if _, err := o.base.Stat(below); err != nil {
		return err
	}
	o.mean(name, "")
	return nil
}

// List implements FS.
func (o *Overlay) List(dir string) ([]string, error) {
	names, err := o.base.List(dir)
	above, errAbove := o.upper.List(dir)
	if err != nil && errAbove != nil {
		return nil, err
	}
	o.mu.Lock()
	names = slices.DeleteFunc(names, func(name string) bool {
		meant, ok := o.lower[path.Join(clean(dir), name)]
		return ok && meant == ""
	})
	for name, meant := range o.lower {
		if meant != "" && path.Dir(name) == clean(dir) {
			names = append(names, path.Base(name))
		}
	}
	o.mu.Unlock()
	names = append(names, above...)
	slices.Sort(names)
	return slices.Compact(names), nil
}

// MkdirAll implements FS.
func (o *Overlay) MkdirAll(dir string) error {
	if info, err := o.base.Stat(dir); err == nil && !info.Dir {
		return &fs.PathError{Op: "mkdir", Path: dir, Err: errors.New("is a file")}
	}
	return o.upper.MkdirAll(dir)
}

// SyncDir implements FS.
func (o *Overlay) SyncDir(string) error { return nil }

// Stat implements FS.
func (o *Overlay) Stat(name string) (Info, error) {
	below, ok := o.below(name)
	if !ok {
		return o.upper.Stat(name)
	}
	info, err := o.base.Stat(below)
	o.mu.Lock()
	defer o.mu.Unlock()
	if size, cut := o.sizes[below]; cut && err == nil {
		info.Size = size
	}
	return info, err
}

// Space implements FS: what is changed takes none.
func (o *Overlay) Space(dir string) (Space, error) { return o.base.Space(dir) }

// Lock implements FS without locking.
func (o *Overlay) Lock(string) (io.Closer, error) { return io.NopCloser(nil), nil }

// lowerFile is an open file from below, as far as it was not cut.
type lowerFile struct {
	File
	overlay *Overlay
	name    string
	cursor  int64
}

func (f *lowerFile) Read(p []byte) (int, error) {
	n, err := f.ReadAt(p, f.cursor)
	f.cursor += int64(n)
	if n > 0 {
		err = nil
	}
	return n, err
}

func (f *lowerFile) ReadAt(p []byte, offset int64) (int, error) {
	size, err := f.Size()
	if err != nil {
		return 0, err
	}
	left := max(0, size-offset)
	if int64(len(p)) <= left {
		return f.File.ReadAt(p, offset)
	}
	n, err := f.File.ReadAt(p[:left], offset)
	if err == nil {
		err = io.EOF
	}
	return n, err
}

func (f *lowerFile) refuse() error {
	return fmt.Errorf("write into %s without changing it: %w", f.name, errors.ErrUnsupported)
}

func (f *lowerFile) Write([]byte) (int, error)          { return 0, f.refuse() }
func (f *lowerFile) WriteAt([]byte, int64) (int, error) { return 0, f.refuse() }
func (f *lowerFile) Preallocate(int64) error            { return f.refuse() }
func (f *lowerFile) Sync() error                        { return nil }

func (f *lowerFile) Size() (int64, error) {
	f.overlay.mu.Lock()
	size, cut := f.overlay.sizes[f.name]
	f.overlay.mu.Unlock()
	if cut {
		return size, nil
	}
	return f.File.Size()
}

func (f *lowerFile) Truncate(size int64) error {
	now, err := f.Size()
	if err != nil {
		return err
	}
	if size > now {
		return f.refuse()
	}
	f.overlay.mu.Lock()
	defer f.overlay.mu.Unlock()
	f.overlay.sizes[f.name] = size
	return nil
}

package audit

import (
	"errors"
	"fmt"
	"io/fs"
	"path/filepath"

	"zoo/internal/disk/vfs"
)

// file is the log's own file, opened with its first line. After an error it is opened again
// for the next one: the disk may have room by then.
type file struct {
	fs       vfs.FS
	name     string
	bytesMax int64
	count    int

	open vfs.File // nil while it is not open
	size int64
}

// Write appends one line, in one call.
func (f *file) Write(line []byte) (int, error) {
	if err := f.ready(int64(len(line))); err != nil {
		f.close()
		return 0, fmt.Errorf("audit file: %w", err)
	}
	n, err := f.open.WriteAt(line, f.size)
	if err != nil {
		// What was written of it is overwritten by the next one, or cut off.
		_ = f.open.Truncate(f.size)
		f.close()
		return n, fmt.Errorf("audit file: %w", err)
	}
	f.size += int64(n)
	return n, nil
}

// ready has a file open with room for n bytes, or an empty one.
func (f *file) ready(n int64) error {
	if err := f.begin(); err != nil {
		return err
	}
	if f.size == 0 || f.size+n <= f.bytesMax {
		return nil
	}
	f.close()
	if err := f.rotate(); err != nil {
		return err
	}
	return f.begin()
}

// begin opens the file behind its last line.
func (f *file) begin() error {
	if f.open != nil {
		return nil
	}
	opened, err := f.fs.OpenWrite(f.name)
	if errors.Is(err, fs.ErrNotExist) {
		// A server that starts for the first time may not have its directories yet.
		if err := f.fs.MkdirAll(filepath.Dir(f.name)); err != nil {
			return err
		}
		opened, err = f.fs.Create(f.name)
	}
	if err != nil {
		return err
	}
	size, err := opened.Size()
	if err != nil {
		_ = opened.Close()
		return err
	}
	f.open, f.size = opened, size
	return f.endLine()
}

// endLine ends a last line that a crash has cut off.
func (f *file) endLine() error {
	if f.size == 0 {
		return nil
	}
	last := make([]byte, 1)
	if _, err := f.open.ReadAt(last, f.size-1); err != nil || last[0] == '\n' {
		return err
	}
	last[0] = '\n'
	n, err := f.open.WriteAt(last, f.size)
	f.size += int64(n)
	return err
}

// rotate makes the file the first of the old ones; the last of them goes.
func (f *file) rotate() error {
	if f.count == 1 {
		return f.fs.Remove(f.name)
	}
	for i := f.count - 1; i > 0; i-- {
		err := f.fs.Rename(f.old(i-1), f.old(i))
		if err != nil && !errors.Is(err, fs.ErrNotExist) {
			return err
		}
	}
	return nil
}

func (f *file) old(i int) string {
	if i == 0 {
		return f.name
	}
	return fmt.Sprintf("%s.%d", f.name, i)
}

func (f *file) close() {
	if f.open != nil {
		_ = f.open.Close()
		f.open = nil
	}
}

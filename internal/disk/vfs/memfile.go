package vfs

import (
	"errors"
	"io"
	"io/fs"
)

// memNode is the content of a file, whatever its name. Bytes between len(data)
// and size are zeros that nobody wrote, so that preallocation costs nothing.
type memNode struct {
	data    []byte
	size    int64
	changes []fileChange // since the last Sync, oldest first
	// platter is what the disk holds in fact, once a failed Sync has made the system
	// forget what was to be written; without it that is data before changes.
	platter *memNode
}

// fileChange is a write (n > 0) or a resize, with what it covered.
type fileChange struct {
	offset     int64
	n          int64  // bytes written at offset
	before     []byte // what data held from offset on; the rest was zeros
	sizeBefore int64
	sizeAfter  int64
}

func (n *memNode) write(p []byte, offset int64) {
	c := fileChange{offset: offset, n: int64(len(p)), sizeBefore: n.size}
	c.before = cloneRange(n.data, offset, offset+c.n)
	n.put(p, offset)
	c.sizeAfter = n.size
	n.changes = append(n.changes, c)
}

func (n *memNode) resize(size int64) {
	c := fileChange{offset: size, sizeBefore: n.size, sizeAfter: size}
	c.before = cloneRange(n.data, size, int64(len(n.data)))
	n.cut(size)
	n.changes = append(n.changes, c)
}

// put stores p without remembering what was there.
func (n *memNode) put(p []byte, offset int64) {
	end := offset + int64(len(p))
	if missing := offset - int64(len(n.data)); missing > 0 {
		n.data = append(n.data, make([]byte, missing)...)
	}
	overlap := copy(n.data[offset:], p)
	n.data = append(n.data, p[overlap:]...)
	n.size = max(n.size, end)
}

// cut sets the size without remembering what was beyond it.
func (n *memNode) cut(size int64) {
	if int64(len(n.data)) > size {
		n.data = n.data[:size]
	}
	n.size = size
}

// at copies the bytes of [offset, end), with their zeros.
func (n *memNode) at(offset, end int64) []byte {
	p := make([]byte, end-offset)
	if offset < int64(len(n.data)) {
		copy(p, n.data[offset:])
	}
	return p
}

func (n *memNode) clone() *memNode {
	after := &memNode{data: append([]byte(nil), n.data...), size: n.size}
	if n.platter != nil {
		after.platter = n.platter.clone()
	}
	return after
}

// sync makes the changes durable.
func (n *memNode) sync() {
	if n.platter != nil {
		written := n.written()
		for i, c := range n.changes {
			n.platter.apply(c, written[i])
		}
	}
	n.changes = nil
}

// forget makes the changes as good as written for all who read the file, and for every
// later sync; but they are not on the disk.
func (n *memNode) forget() {
	n.platter = n.durable()
	n.changes = nil
}

// durable is what the disk holds for sure.
func (n *memNode) durable() *memNode {
	if n.platter != nil {
		return n.platter.clone()
	}
	before := n.clone()
	for i := len(n.changes) - 1; i >= 0; i-- {
		before.revert(n.changes[i])
	}
	return before
}

// written is what each of the changes has written.
func (n *memNode) written() [][]byte {
	before := n.clone()
	written := make([][]byte, len(n.changes))
	for i := len(n.changes) - 1; i >= 0; i-- {
		c := n.changes[i]
		written[i] = before.at(c.offset, c.offset+c.n)
		before.revert(c)
	}
	return written
}

// apply repeats a change in full.
func (n *memNode) apply(c fileChange, written []byte) {
	if c.n == 0 {
		n.cut(c.sizeAfter)
		return
	}
	n.put(written, c.offset)
}

// revert takes back a change; it must be the newest one that is still in place.
func (n *memNode) revert(c fileChange) {
	if c.n > 0 {
		n.put(make([]byte, c.n), c.offset)
	}
	if len(c.before) > 0 {
		n.put(c.before, c.offset)
	}
	n.cut(c.sizeBefore)
}

func cloneRange(data []byte, from, to int64) []byte {
	to = min(to, int64(len(data)))
	if from >= to {
		return nil
	}
	return append([]byte(nil), data[from:to]...)
}

// access is what a file is open for, or what an operation needs.
type access uint8

const (
	reading access = iota
	writing
)

// memFile is an open file of a Mem.
type memFile struct {
	disk   *Mem
	node   *memNode
	name   string
	cursor int64
	use    access
	closed bool
}

func (f *memFile) fail(op string, err error) error {
	return &fs.PathError{Op: op, Path: f.name, Err: err}
}

// enter locks the disk for one operation; leave with f.disk.mu.Unlock.
func (f *memFile) enter(op string, need access) error {
	f.disk.mu.Lock()
	switch {
	case f.closed:
		return f.fail(op, fs.ErrClosed)
	case need > f.use:
		return f.fail(op, errors.New("file is open for reading only"))
	}
	return nil
}

// enterToGrow is enter for what makes the file reach to size.
func (f *memFile) enterToGrow(op string, size int64) error {
	if err := f.enter(op, writing); err != nil {
		return err
	}
	if err := f.disk.roomLocked(f.node, size); err != nil {
		return f.fail(op, err)
	}
	return nil
}

// Read implements io.Reader at the cursor.
func (f *memFile) Read(p []byte) (int, error) {
	err := f.enter("read", reading)
	defer f.disk.mu.Unlock()
	if err != nil {
		return 0, err
	}
	n, err := f.node.readAt(p, f.cursor)
	f.cursor += int64(n)
	if n > 0 {
		err = nil
	}
	return n, err
}

// ReadAt implements io.ReaderAt.
func (f *memFile) ReadAt(p []byte, offset int64) (int, error) {
	err := f.enter("read", reading)
	defer f.disk.mu.Unlock()
	if err != nil {
		return 0, err
	}
	return f.node.readAt(p, offset)
}

func (n *memNode) readAt(p []byte, offset int64) (int, error) {
	if len(p) == 0 {
		return 0, nil
	}
	if offset >= n.size {
		return 0, io.EOF
	}
	want := min(int64(len(p)), n.size-offset)
	copied := 0
	if offset < int64(len(n.data)) {
		copied = copy(p[:want], n.data[offset:])
	}
	clear(p[copied:want])
	if want < int64(len(p)) {
		return int(want), io.EOF
	}
	return int(want), nil
}

// Write implements io.Writer at the cursor.
func (f *memFile) Write(p []byte) (int, error) {
	err := f.enterToGrow("write", f.cursor+int64(len(p)))
	defer f.disk.mu.Unlock()
	if err != nil {
		return 0, err
	}
	f.node.write(p, f.cursor)
	f.cursor += int64(len(p))
	return len(p), nil
}

// WriteAt implements io.WriterAt.
func (f *memFile) WriteAt(p []byte, offset int64) (int, error) {
	err := f.enterToGrow("write", offset+int64(len(p)))
	defer f.disk.mu.Unlock()
	if err != nil {
		return 0, err
	}
	f.node.write(p, offset)
	return len(p), nil
}

// Sync implements File.
func (f *memFile) Sync() error {
	err := f.enter("sync", reading)
	defer f.disk.mu.Unlock()
	if err == nil && f.disk.syncError != nil {
		f.node.forget()
		err = f.fail("sync", f.disk.syncError)
	}
	if err == nil {
		f.node.sync()
	}
	return err
}

// Truncate implements File.
func (f *memFile) Truncate(size int64) error {
	err := f.enterToGrow("truncate", size)
	defer f.disk.mu.Unlock()
	if err == nil {
		f.node.resize(size)
	}
	return err
}

// Preallocate implements File.
func (f *memFile) Preallocate(size int64) error {
	err := f.enterToGrow("preallocate", size)
	defer f.disk.mu.Unlock()
	if err == nil && size > f.node.size {
		f.node.resize(size)
	}
	return err
}

// Size implements File.
func (f *memFile) Size() (int64, error) {
	err := f.enter("size", reading)
	defer f.disk.mu.Unlock()
	return f.node.size, err
}

// Close implements io.Closer.
func (f *memFile) Close() error {
	err := f.enter("close", reading)
	defer f.disk.mu.Unlock()
	f.closed = true
	return err
}

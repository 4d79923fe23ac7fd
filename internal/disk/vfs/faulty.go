package vfs

import (
	"errors"
	"fmt"
	"io"
	"path"
	"sync"
)

// OpKind names an operation of FS or File.
type OpKind string

// The operations that a Hook sees.
const (
	OpCreate      OpKind = "create"
	OpOpen        OpKind = "open"
	OpOpenWrite   OpKind = "openwrite"
	OpRename      OpKind = "rename"
	OpRemove      OpKind = "remove"
	OpList        OpKind = "list"
	OpMkdirAll    OpKind = "mkdirall"
	OpSyncDir     OpKind = "syncdir"
	OpStat        OpKind = "stat"
	OpSpace       OpKind = "space"
	OpLock        OpKind = "lock"
	OpRead        OpKind = "read"
	OpWrite       OpKind = "write"
	OpSync        OpKind = "sync"
	OpTruncate    OpKind = "truncate"
	OpPreallocate OpKind = "preallocate"
	OpSize        OpKind = "size"
	OpClose       OpKind = "close"
)

// Op is one operation, told to a Hook before it happens.
type Op struct {
	Kind   OpKind
	Name   string
	Target string // of a rename
	Offset int64  // of a read or write; the new size of truncate and preallocate
	Len    int64
}

// Mutates tells whether the operation changes the disk or makes a change durable.
func (o Op) Mutates() bool {
	switch o.Kind {
	case OpCreate, OpRename, OpRemove, OpMkdirAll, OpSyncDir,
		OpWrite, OpSync, OpTruncate, OpPreallocate:
		return true
	}
	return false
}

// String writes the operation as one line of a golden list.
func (o Op) String() string {
	switch o.Kind {
	case OpRename:
		return fmt.Sprintf("rename %s -> %s", o.Name, path.Base(clean(o.Target)))
	case OpRead, OpWrite:
		return fmt.Sprintf("%s %s [%d,%d)", o.Kind, o.Name, o.Offset, o.Offset+o.Len)
	case OpTruncate, OpPreallocate:
		return fmt.Sprintf("%s %s %d", o.Kind, o.Name, o.Offset)
	}
	return fmt.Sprintf("%s %s", o.Kind, o.Name)
}

// Hook sees operation number n (from 0) before it happens. An error prevents the
// operation and is its result; a panic plays a crash at this point.
type Hook func(n int, op Op) error

// ShortWrite is what a Hook answers to let a write happen in part, as a full disk does.
type ShortWrite struct {
	Bytes int // that are written
	Err   error
}

// Error is that of the error that the write ends with.
func (e *ShortWrite) Error() string { return e.Err.Error() }

// Unwrap gives the error that the write ends with.
func (e *ShortWrite) Unwrap() error { return e.Err }

// part writes what a ShortWrite lets through.
func part(refused error, p []byte, write func([]byte) (int, error)) (int, error) {
	var short *ShortWrite
	if !errors.As(refused, &short) {
		return 0, refused
	}
	n, err := write(p[:min(short.Bytes, len(p))])
	return n, errors.Join(short.Err, err)
}

// Faulty wraps a file system so that a test can watch it and make it fail.
type Faulty struct {
	fs   FS
	hook Hook

	mu    sync.Mutex // guards count
	count int
}

var _ FS = (*Faulty)(nil)

// NewFaulty wraps fs; the hook sees every operation, the mutating ones and others.
func NewFaulty(fs FS, hook Hook) *Faulty { return &Faulty{fs: fs, hook: hook} }

// Count is the number of operations seen.
func (f *Faulty) Count() int {
	f.mu.Lock()
	defer f.mu.Unlock()
	return f.count
}

func (f *Faulty) see(op Op) error {
	f.mu.Lock()
	n := f.count
	f.count++
	f.mu.Unlock()
	return f.hook(n, op)
}

// Recorder is a Hook that keeps the golden list of what changed the disk.
type Recorder struct {
	mu    sync.Mutex
	lines []string
}

// Hook records op if it mutates.
func (r *Recorder) Hook(_ int, op Op) error {
	r.mu.Lock()
	defer r.mu.Unlock()
	if op.Mutates() {
		r.lines = append(r.lines, op.String())
	}
	return nil
}

// Take gives the lines recorded since the last Take.
func (r *Recorder) Take() []string {
	r.mu.Lock()
	defer r.mu.Unlock()
	lines := r.lines
	r.lines = nil
	return lines
}

// Create implements FS.
func (f *Faulty) Create(name string) (File, error) {
	return f.open(Op{Kind: OpCreate, Name: name}, f.fs.Create)
}

// CreateNew implements FS.
func (f *Faulty) CreateNew(name string) (File, error) {
	return f.open(Op{Kind: OpCreate, Name: name}, f.fs.CreateNew)
}

// Open implements FS.
func (f *Faulty) Open(name string) (File, error) {
	return f.open(Op{Kind: OpOpen, Name: name}, f.fs.Open)
}

// OpenWrite implements FS.
func (f *Faulty) OpenWrite(name string) (File, error) {
	return f.open(Op{Kind: OpOpenWrite, Name: name}, f.fs.OpenWrite)
}

func (f *Faulty) open(op Op, open func(string) (File, error)) (File, error) {
	if err := f.see(op); err != nil {
		return nil, err
	}
	file, err := open(op.Name)
	if err != nil {
		return nil, err
	}
	return &faultyFile{file: file, disk: f, name: op.Name}, nil
}

// Rename implements FS.
func (f *Faulty) Rename(source, target string) error {
	if err := f.see(Op{Kind: OpRename, Name: source, Target: target}); err != nil {
		return err
	}
	return f.fs.Rename(source, target)
}

// Remove implements FS.
func (f *Faulty) Remove(name string) error {
	if err := f.see(Op{Kind: OpRemove, Name: name}); err != nil {
		return err
	}
	return f.fs.Remove(name)
}

// List implements FS.
func (f *Faulty) List(dir string) ([]string, error) {
	if err := f.see(Op{Kind: OpList, Name: dir}); err != nil {
		return nil, err
	}
	return f.fs.List(dir)
}

// MkdirAll implements FS.
func (f *Faulty) MkdirAll(dir string) error {
	if err := f.see(Op{Kind: OpMkdirAll, Name: dir}); err != nil {
		return err
	}
	return f.fs.MkdirAll(dir)
}

// SyncDir implements FS.
func (f *Faulty) SyncDir(dir string) error {
	if err := f.see(Op{Kind: OpSyncDir, Name: dir}); err != nil {
		return err
	}
	return f.fs.SyncDir(dir)
}

// Stat implements FS.
func (f *Faulty) Stat(name string) (Info, error) {
	if err := f.see(Op{Kind: OpStat, Name: name}); err != nil {
		return Info{}, err
	}
	return f.fs.Stat(name)
}

// Space implements FS.
func (f *Faulty) Space(dir string) (Space, error) {
	if err := f.see(Op{Kind: OpSpace, Name: dir}); err != nil {
		return Space{}, err
	}
	return f.fs.Space(dir)
}

// Lock implements FS.
func (f *Faulty) Lock(name string) (io.Closer, error) {
	if err := f.see(Op{Kind: OpLock, Name: name}); err != nil {
		return nil, err
	}
	return f.fs.Lock(name)
}

// faultyFile is an open file of a Faulty. Its cursor is its own, so that Read
// and Write can be told with their offsets.
type faultyFile struct {
	file   File
	disk   *Faulty
	name   string
	cursor int64
}

func (f *faultyFile) see(kind OpKind, offset, n int64) error {
	return f.disk.see(Op{Kind: kind, Name: f.name, Offset: offset, Len: n})
}

func (f *faultyFile) Read(p []byte) (int, error) {
	if err := f.see(OpRead, f.cursor, int64(len(p))); err != nil {
		return 0, err
	}
	n, err := f.file.Read(p)
	f.cursor += int64(n)
	return n, err
}

func (f *faultyFile) ReadAt(p []byte, offset int64) (int, error) {
	if err := f.see(OpRead, offset, int64(len(p))); err != nil {
		return 0, err
	}
	return f.file.ReadAt(p, offset)
}

func (f *faultyFile) Write(p []byte) (int, error) {
	if err := f.see(OpWrite, f.cursor, int64(len(p))); err != nil {
		n, err := part(err, p, f.file.Write)
		f.cursor += int64(n)
		return n, err
	}
	n, err := f.file.Write(p)
	f.cursor += int64(n)
	return n, err
}

func (f *faultyFile) WriteAt(p []byte, offset int64) (int, error) {
	if err := f.see(OpWrite, offset, int64(len(p))); err != nil {
		return part(err, p, func(p []byte) (int, error) { return f.file.WriteAt(p, offset) })
	}
	return f.file.WriteAt(p, offset)
}

func (f *faultyFile) Sync() error {
	if err := f.see(OpSync, 0, 0); err != nil {
		return err
	}
	return f.file.Sync()
}

func (f *faultyFile) Truncate(size int64) error {
	if err := f.see(OpTruncate, size, 0); err != nil {
		return err
	}
	return f.file.Truncate(size)
}

func (f *faultyFile) Preallocate(size int64) error {
	if err := f.see(OpPreallocate, size, 0); err != nil {
		return err
	}
	return f.file.Preallocate(size)
}

func (f *faultyFile) Size() (int64, error) {
	if err := f.see(OpSize, 0, 0); err != nil {
		return 0, err
	}
	return f.file.Size()
}

// Close closes the file even if the hook says that it failed.
func (f *faultyFile) Close() error {
	seen := f.see(OpClose, 0, 0)
	if err := f.file.Close(); err != nil {
		return err
	}
	return seen
}

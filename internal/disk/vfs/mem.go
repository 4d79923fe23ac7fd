package vfs

import (
	"errors"
	"io"
	"io/fs"
	"path"
	"path/filepath"
	"sort"
	"sync"
	"syscall"
)

// Mem is a disk in memory that remembers what a real one could still lose. It is
// cheap to make; one mutex guards a whole disk.
//
// Every change of a file is kept with its before-image until Sync, every change
// of a directory until SyncDir; Crash decides from a seed which of them survive.
// Directories themselves are durable at once.
type Mem struct {
	mu      sync.Mutex
	entries map[string]*memNode
	dirs    map[string][]dirChange // by directory: what SyncDir has yet to make durable
	limit   int64                  // of all files together; 0 is none
	// syncError is what the syncs of files end with, see FailSyncs.
	syncError error
}

var _ FS = (*Mem)(nil)

// dirChange is one creation, removal or rename, told by its effect: the names
// that hold something else afterwards, and what they held before.
type dirChange struct {
	names  [2]string // the second is empty unless the change is a rename
	before [2]*memNode
	after  [2]*memNode
}

// NewMem makes an empty disk.
func NewMem() *Mem {
	return &Mem{entries: make(map[string]*memNode), dirs: make(map[string][]dirChange)}
}

// Create implements FS.
func (m *Mem) Create(name string) (File, error) {
	m.mu.Lock()
	defer m.mu.Unlock()
	name = clean(name)
	if node := m.entries[name]; node != nil {
		node.resize(0)
		return &memFile{disk: m, node: node, name: name, use: writing}, nil
	}
	return m.createLocked(name)
}

// CreateNew implements FS.
func (m *Mem) CreateNew(name string) (File, error) {
	m.mu.Lock()
	defer m.mu.Unlock()
	name = clean(name)
	if m.entries[name] != nil {
		return nil, &fs.PathError{Op: "create", Path: name, Err: fs.ErrExist}
	}
	return m.createLocked(name)
}

func (m *Mem) createLocked(name string) (File, error) {
	dir := path.Dir(name)
	if _, ok := m.dirs[dir]; !ok {
		return nil, &fs.PathError{Op: "create", Path: name, Err: fs.ErrNotExist}
	}
	if _, ok := m.dirs[name]; ok {
		return nil, &fs.PathError{Op: "create", Path: name, Err: errors.New("is a directory")}
	}
	node := &memNode{}
	m.changeLocked(dir, dirChange{names: [2]string{name}, after: [2]*memNode{node}})
	return &memFile{disk: m, node: node, name: name, use: writing}, nil
}

// changeLocked carries out a directory change and remembers it until SyncDir.
func (m *Mem) changeLocked(dir string, c dirChange) {
	for i, name := range c.names {
		if name == "" {
			continue
		}
		c.before[i] = m.entries[name]
		m.bindLocked(name, c.after[i])
	}
	m.dirs[dir] = append(m.dirs[dir], c)
}

func (m *Mem) bindLocked(name string, node *memNode) {
	if node == nil {
		delete(m.entries, name)
		return
	}
	m.entries[name] = node
}

// Open implements FS.
func (m *Mem) Open(name string) (File, error) { return m.open(name, reading) }

// OpenWrite implements FS.
func (m *Mem) OpenWrite(name string) (File, error) { return m.open(name, writing) }

func (m *Mem) open(name string, use access) (File, error) {
	m.mu.Lock()
	defer m.mu.Unlock()
	name = clean(name)
	node, err := m.findLocked("open", name)
	if err != nil {
		return nil, err
	}
	return &memFile{disk: m, node: node, name: name, use: use}, nil
}

func (m *Mem) findLocked(op, name string) (*memNode, error) {
	node := m.entries[name]
	if node == nil {
		return nil, &fs.PathError{Op: op, Path: name, Err: fs.ErrNotExist}
	}
	return node, nil
}

// Rename implements FS, within one directory: nothing here moves a file.
func (m *Mem) Rename(source, target string) error {
	m.mu.Lock()
	defer m.mu.Unlock()
	source, target = clean(source), clean(target)
	node, err := m.findLocked("rename", source)
	if err != nil {
		return err
	}
	if path.Dir(source) != path.Dir(target) {
		return &fs.PathError{Op: "rename", Path: target, Err: errors.ErrUnsupported}
	}
	m.changeLocked(path.Dir(source), dirChange{
		names: [2]string{source, target}, after: [2]*memNode{nil, node}})
	return nil
}

// Remove implements FS.
func (m *Mem) Remove(name string) error {
	m.mu.Lock()
	defer m.mu.Unlock()
	name = clean(name)
	if _, err := m.findLocked("remove", name); err != nil {
		return err
	}
	m.changeLocked(path.Dir(name), dirChange{names: [2]string{name}})
	return nil
}

// List implements FS.
func (m *Mem) List(dir string) ([]string, error) {
	m.mu.Lock()
	defer m.mu.Unlock()
	dir = clean(dir)
	if _, ok := m.dirs[dir]; !ok {
		return nil, &fs.PathError{Op: "list", Path: dir, Err: fs.ErrNotExist}
	}
	var names []string
	for name := range m.entries {
		if path.Dir(name) == dir {
			names = append(names, path.Base(name))
		}
	}
	for name := range m.dirs {
		if path.Dir(name) == dir && name != dir {
			names = append(names, path.Base(name))
		}
	}
	sort.Strings(names)
	return names, nil
}

// MkdirAll implements FS.
func (m *Mem) MkdirAll(dir string) error {
	m.mu.Lock()
	defer m.mu.Unlock()
	for dir = clean(dir); ; dir = path.Dir(dir) {
		if _, ok := m.dirs[dir]; ok {
			return nil
		}
		if m.entries[dir] != nil {
			return &fs.PathError{Op: "mkdir", Path: dir, Err: errors.New("is a file")}
		}
		m.dirs[dir] = nil
	}
}

// SyncDir implements FS.
func (m *Mem) SyncDir(dir string) error {
	m.mu.Lock()
	defer m.mu.Unlock()
	dir = clean(dir)
	if _, ok := m.dirs[dir]; !ok {
		return &fs.PathError{Op: "syncdir", Path: dir, Err: fs.ErrNotExist}
	}
	m.dirs[dir] = nil
	return nil
}

// Stat implements FS.
func (m *Mem) Stat(name string) (Info, error) {
	m.mu.Lock()
	defer m.mu.Unlock()
	name = clean(name)
	if _, ok := m.dirs[name]; ok {
		return Info{Dir: true}, nil
	}
	node, err := m.findLocked("stat", name)
	if err != nil {
		return Info{}, err
	}
	return Info{Size: node.size}, nil
}

// FailSyncs makes the sync of every file fail from now on; with nil none fails any more.
// What a failed one should have made durable can still be read, a later sync finds
// nothing to do about it, and a power loss takes it: so do systems that have dropped
// what they could not write.
func (m *Mem) FailSyncs(err error) {
	m.mu.Lock()
	defer m.mu.Unlock()
	m.syncError = err
}

// Limit bounds what all files together may take; 0 is no bound. What is there stays.
func (m *Mem) Limit(bytes int64) {
	m.mu.Lock()
	defer m.mu.Unlock()
	m.limit = bytes
}

// Space implements FS. Without a limit there is a terabyte.
func (m *Mem) Space(string) (Space, error) {
	m.mu.Lock()
	defer m.mu.Unlock()
	total := m.limit
	if total == 0 {
		total = 1 << 40
	}
	return Space{Free: max(0, total-m.usedLocked()), Total: total}, nil
}

func (m *Mem) usedLocked() int64 {
	used := int64(0)
	for _, node := range m.entries {
		used += node.size
	}
	return used
}

// roomLocked tells whether a file may grow to size.
func (m *Mem) roomLocked(node *memNode, size int64) error {
	if grows := size - node.size; m.limit != 0 && grows > 0 && m.usedLocked()+grows > m.limit {
		return syscall.ENOSPC
	}
	return nil
}

// Lock implements FS without locking: one process owns this disk anyway, and a
// simulated server that was killed must not keep its successor out.
func (m *Mem) Lock(string) (io.Closer, error) { return io.NopCloser(nil), nil }

func clean(name string) string { return path.Clean(filepath.ToSlash(name)) }

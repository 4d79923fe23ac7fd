package vfs

import (
	"math/rand/v2"
	"path"
	"sort"
)

// sectorBytes is what a disk writes whole or not at all.
const sectorBytes = 512

// A fate decides what the power loss does to things that were not yet durable.
type fate interface {
	keep() bool          // one write, resize or directory change
	keepSector() bool    // one sector of a write that keep has spared
	tear() (torn bool)   // whether a spared write loses sectors
	lasting() (all bool) // whether nothing at all is lost
}

// Crash gives the disk as it would be found after a power loss now. What was
// synced is there; of the rest each write is kept, dropped, or torn at sectors,
// and each change of a directory is kept or dropped, as the seed decides.
// The disk itself is not changed.
func (m *Mem) Crash(seed uint64) *Mem {
	return m.crash(chance{rand.New(rand.NewPCG(seed, 0x7a6f6f))})
}

// CrashLosingAll is Crash with nothing left that was not synced.
func (m *Mem) CrashLosingAll() *Mem { return m.crash(always{kept: false}) }

// CrashLosingNothing is the luckiest power loss: all of it had reached the disk.
// (When only the process dies, open the same Mem again.)
func (m *Mem) CrashLosingNothing() *Mem { return m.crash(always{kept: true}) }

type chance struct{ *rand.Rand }

func (c chance) keep() bool       { return c.IntN(2) == 0 }
func (c chance) keepSector() bool { return c.IntN(2) == 0 }
func (c chance) tear() bool       { return c.IntN(2) == 0 }
func (c chance) lasting() bool    { return false }

type always struct{ kept bool }

func (a always) keep() bool       { return a.kept }
func (a always) keepSector() bool { return a.kept }
func (a always) tear() bool       { return false }
func (a always) lasting() bool    { return a.kept }

func (m *Mem) crash(f fate) *Mem {
	m.mu.Lock()
	defer m.mu.Unlock()
	entries := m.survivingEntries(f)
	after := NewMem()
	for dir := range m.dirs {
		after.dirs[dir] = nil
	}
	for _, name := range sortedNames(entries) {
		after.entries[name] = entries[name].crash(f)
	}
	return after
}

// survivingEntries undoes all pending directory changes and redoes the lucky ones.
func (m *Mem) survivingEntries(f fate) map[string]*memNode {
	view := &Mem{entries: make(map[string]*memNode, len(m.entries))}
	for name, node := range m.entries {
		view.entries[name] = node
	}
	if f.lasting() {
		return view.entries
	}
	for _, dir := range sortedNames(m.dirs) {
		changes := m.dirs[dir]
		for i := len(changes) - 1; i >= 0; i-- {
			view.undoEntry(changes[i])
		}
		for _, c := range changes {
			if f.keep() {
				view.redoEntry(c)
			}
		}
	}
	return view.entries
}

func (m *Mem) undoEntry(c dirChange) {
	for i := len(c.names) - 1; i >= 0; i-- {
		if c.names[i] != "" {
			m.bindLocked(c.names[i], c.before[i])
		}
	}
}

func (m *Mem) redoEntry(c dirChange) {
	for i, name := range c.names {
		if name != "" {
			m.bindLocked(path.Clean(name), c.after[i])
		}
	}
}

// crash gives the file with some of its changes since the last sync lost.
func (n *memNode) crash(f fate) *memNode {
	if f.lasting() && n.platter == nil {
		return n.clone()
	}
	after, written := n.durable(), n.written()
	for i, c := range n.changes {
		if f.lasting() {
			after.apply(c, written[i])
		} else {
			after.redo(c, written[i], f)
		}
	}
	return after
}

// redo repeats a change, or a part of it, or nothing.
func (n *memNode) redo(c fileChange, written []byte, f fate) {
	if !f.keep() {
		return
	}
	if c.n == 0 {
		n.cut(c.sizeAfter)
		return
	}
	if !f.tear() {
		n.put(written, c.offset)
		return
	}
	for at := int64(0); at < c.n; {
		end := min(c.n, at+sectorBytes-(c.offset+at)%sectorBytes)
		if f.keepSector() {
			n.put(written[at:end], c.offset+at)
		}
		at = end
	}
}

func sortedNames[V any](m map[string]V) []string {
	names := make([]string, 0, len(m))
	for name := range m {
		names = append(names, name)
	}
	sort.Strings(names)
	return names
}

// Clone copies the disk with what it may still lose.
func (m *Mem) Clone() *Mem {
	m.mu.Lock()
	defer m.mu.Unlock()
	copied := make(map[*memNode]*memNode)
	node := func(n *memNode) *memNode {
		if n != nil && copied[n] == nil {
			c := n.clone()
			c.changes = append([]fileChange(nil), n.changes...)
			copied[n] = c
		}
		return copied[n]
	}
	after := NewMem()
	for name, n := range m.entries {
		after.entries[name] = node(n)
	}
	for dir, changes := range m.dirs {
		for _, c := range changes {
			for i := range c.names {
				c.before[i], c.after[i] = node(c.before[i]), node(c.after[i])
			}
			after.dirs[dir] = append(after.dirs[dir], c)
		}
		if len(changes) == 0 {
			after.dirs[dir] = nil
		}
	}
	return after
}

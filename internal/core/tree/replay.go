package tree

import (
	"zoo/internal/txn"
	"zoo/internal/wire"
)

// Replay is an entry on its way into a tree, with what can be worked out about it before
// it meets the tree. It changes nothing of what Apply does, only when the work is done.
type Replay struct {
	Entry txn.Entry
	// known is set if the entry is about one znode, whose path the next three are of.
	known  bool
	hash   uint32
	parent uint32 // parent is the hash of the parent's path, if cut says that there is one.
	prefix uint32 // prefix is that of the digest; 0 if the entry has no data.
	cut    int    // cut is where the parent's path ends; -1 where none can be.
}

// Prepare works out what it can. It needs nothing of the tree, so that a log may be prepared
// by another goroutine than the one that applies it, with a Digester of its own. What cannot
// be read is for Apply to refuse.
func (p *Replay) Prepare(d *Digester) {
	header, record := p.Entry.Open()
	withData := false
	p.known = false
	switch header.Type {
	case wire.OpCreate, wire.OpCreate2, wire.OpCreateContainer, wire.OpCreateTTL,
		wire.OpSetData, wire.OpReconfig:
		withData = true
	case wire.OpDelete, wire.OpDeleteContainer, wire.OpSetACL:
	default:
		return
	}
	path := record.String()
	if withData {
		p.prefix = d.prefix(path, record.Buffer())
	}
	p.known = record.Err() == nil
	p.hash, p.cut = hashPath(path), parentCut(path)
	if p.cut >= 0 {
		p.parent = hashPath(path[:p.cut])
	}
}

// ApplyAll applies entries in their order, for who does not ask what each of them did. It
// tells which was the first that could not be applied, and why.
func (t *Tree) ApplyAll(list []Replay) (failed int, err error) {
	defer func() { t.ahead = nil }()
	for i := range list {
		if i%ExpectMax == 0 {
			t.expect(list[i:min(i+ExpectMax, len(list))])
		}
		t.ahead = &list[i]
		if _, err := t.Apply(list[i].Entry); err != nil {
			return i, err
		}
	}
	return len(list), nil
}

// findNamed is find for the path of the znode that the entry is about.
func (t *Tree) findNamed(path string) (slot, bool) {
	if path == "" || path == "/" {
		return rootSlot, true
	}
	return t.findHash(t.pathHash(path), path)
}

// pathHash is the hash of the path of the znode that the entry is about.
func (t *Tree) pathHash(path string) uint32 {
	if t.ahead != nil && t.ahead.known {
		return t.ahead.hash
	}
	return hashPath(path)
}

// dataPrefix is the digest's prefix of the path and the data that the entry is about.
func (t *Tree) dataPrefix(path string, data []byte) uint32 {
	if t.ahead != nil && t.ahead.known {
		return t.ahead.prefix
	}
	return t.digester.prefix(path, data)
}

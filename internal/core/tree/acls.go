package tree

import (
	"zoo"
	"zoo/internal/jute"
	"zoo/internal/wire"
)

// openACLID is the number that snapshots give the open ACL; it is never stored.
const openACLID int64 = -1

// openACL is the entry of the open ACL, world:anyone with all permissions.
const openACL uint32 = 0

// aclTable keeps each distinct list once. Entries are counted by the znodes that
// use them and go away with the last; their numbers start at 1, only grow, and
// are the same on every server that applied the same entries, as in Java.
type aclTable struct {
	entries []aclEntry
	free    []uint32
	byKey   map[string]uint32 // By the encoded list.
	last    int64             // last is the highest number given out.
	scratch []byte
	// decoded is memory for the list of a creation, which is never kept.
	decoded []zoo.ACL
}

// aclDecodedMax is how many entries the memory for the list of a creation may have.
const aclDecodedMax = 64

type aclEntry struct {
	id   int64
	list []zoo.ACL
	key  string
	uses int
}

func newACLTable() aclTable {
	open := aclEntry{id: openACLID, list: zoo.OpenACL(), uses: 1}
	return aclTable{entries: []aclEntry{open}, byKey: make(map[string]uint32)}
}

func (t *aclTable) list(entry uint32) []zoo.ACL { return t.entries[entry].list }

func (t *aclTable) id(entry uint32) int64 { return t.entries[entry].id }

// intern gives the entry for a list and counts one use. The list is copied if it
// is new. An empty list grants everything to everyone, so it is the open one.
func (t *aclTable) intern(list []zoo.ACL) uint32 {
	if isOpen(list) {
		return openACL
	}
	t.scratch = wire.AppendACL(t.scratch[:0], list)
	entry, known := t.byKey[string(t.scratch)]
	if !known {
		entry = t.define(t.last+1, string(t.scratch))
	}
	t.entries[entry].uses++
	return entry
}

func isOpen(list []zoo.ACL) bool {
	return len(list) == 0 ||
		len(list) == 1 && list[0] == zoo.ACL{Perms: zoo.PermAll, ID: zoo.AnyoneID}
}

// define makes the entry for a number.
func (t *aclTable) define(id int64, key string) uint32 {
	d := jute.NewTrustedDecoder(bytesOf(key))
	list := wire.DecodeACL(&d)
	entry := t.vacant()
	t.entries[entry] = aclEntry{id: id, list: list, key: key}
	t.byKey[key] = entry
	t.last = max(t.last, id)
	return entry
}

func (t *aclTable) vacant() uint32 {
	if last := len(t.free) - 1; last >= 0 {
		entry := t.free[last]
		t.free = t.free[:last]
		return entry
	}
	t.entries = append(t.entries, aclEntry{})
	return uint32(len(t.entries) - 1)
}

// release takes one use back.
func (t *aclTable) release(entry uint32) {
	if entry == openACL {
		return
	}
	if t.entries[entry].uses--; t.entries[entry].uses == 0 {
		t.drop(entry)
	}
}

func (t *aclTable) drop(entry uint32) {
	e := &t.entries[entry]
	if t.byKey[e.key] == entry {
		delete(t.byKey, e.key)
	}
	*e = aclEntry{}
	t.free = append(t.free, entry)
}

// unknown makes the entry for a number whose list a snapshot lacks. The list that
// stands in lets nobody do anything; an empty one would let everybody.
//
// Java writes the table of ACLs before the znodes, while both change. So what is
// unknown belongs to a znode that was created, or had its ACL set, by an entry
// which the log still has; see mendACL.
func (t *aclTable) unknown(id int64) uint32 {
	entry := t.vacant()
	t.entries[entry] = aclEntry{id: id, list: []zoo.ACL{{ID: zoo.AnyoneID}}}
	t.last = max(t.last, id)
	return entry
}

func (t *aclTable) isUnknown(entry uint32) bool {
	return entry != openACL && t.entries[entry].key == ""
}

// ACLEntry is a list of the table of ACLs and its number there.
type ACLEntry struct {
	Index int64
	ACL   []zoo.ACL
}

// used is the table as snapshots keep it, in no particular order.
func (t *aclTable) used() []ACLEntry {
	used := make([]ACLEntry, 0, len(t.entries)-1)
	for _, e := range t.entries[1:] {
		if e.uses > 0 {
			used = append(used, ACLEntry{Index: e.id, ACL: e.list})
		}
	}
	return used
}

package prep

import (
	"zoo"
)

// change is the state that a znode will have once everything prepared is applied.
type change struct {
	path     string   // path is the key of the record, empty for what is none.
	zxid     zoo.Zxid // zxid is the newest transaction that touches the znode.
	stat     zoo.StatPersisted
	acl      []zoo.ACL
	children int32
	deleted  bool
	// data is the znode's value, unless dataInTree says that nothing prepared
	// changes it. The tree's memory cannot be kept beyond the next Apply.
	data       []byte
	dataInTree bool
	digest     uint64 // digest is what the znode adds to the tree's.
	// number is that of the newcomer that made the znode, newest that of the one that
	// made its newest child, 0 if nothing outstanding did.
	number, newest uint64
}

// changes holds the records of everything prepared and not applied. Paths, data and
// ACLs in them are views of the entries, which never change.
type changes struct {
	records map[string]*change
	// touches are the pairs of a transaction and a record that it touches, in the
	// order of the transactions; those before head are forgotten.
	touches []touch
	head    int
	free    []*change

	// owned are the paths of the ephemerals that sessions are to get, oldest first;
	// births are the transactions and sessions of all of them.
	owned     map[zoo.SessionID][]string
	births    []birth
	birthHead int

	// newcomers are the znodes to be made, in their order, those before newHead
	// forgotten. They are numbered through; newFirst is the number of the first.
	newcomers []newcomer
	newHead   int
	newFirst  uint64

	// The transaction in the making, and what there was before it.
	zxid      zoo.Zxid
	undo      []undo
	touchMark int
	birthMark int
	newMark   int
}

type touch struct {
	zxid   zoo.Zxid
	record *change
}

type birth struct {
	zxid    zoo.Zxid
	session zoo.SessionID
}

// newcomer is a znode to be made. Those of one parent are a list that begins at its
// record, which lives as long as they do, because each creation touches it.
type newcomer struct {
	zxid   zoo.Zxid
	record *change
	older  uint64 // older is the number of the one before it below the parent.
}

// undo is what restores a record: its state before, or its absence.
type undo struct {
	record *change
	before change
	fresh  bool
}

// freeMax bounds the records that are kept for later use, and compactMin the
// forgotten part of a queue that is worth moving the rest for.
const (
	freeMax    = 8192
	compactMin = 1024
)

func newChanges() changes {
	return changes{
		records: map[string]*change{}, owned: map[zoo.SessionID][]string{}, newFirst: 1,
	}
}

func (c *changes) begin(zxid zoo.Zxid) {
	c.zxid, c.touchMark, c.birthMark = zxid, len(c.touches), len(c.births)
	c.newMark = len(c.newcomers)
}

// touch gives the record of a znode for the transaction to change. The state is
// that of a record, or what becomes a new record under the path, which must not
// change as long as entries do not.
func (c *changes) touch(path string, state *change) *change {
	record := state
	switch {
	case state.path == "":
		record = c.vacant()
		*record = *state
		record.path, record.zxid = path, 0
		c.records[path] = record
		c.undo = append(c.undo, undo{record: record, fresh: true})
	case state.zxid != c.zxid:
		c.undo = append(c.undo, undo{record: record, before: *record})
	}
	if record.zxid != c.zxid {
		record.zxid = c.zxid
		c.touches = append(c.touches, touch{c.zxid, record})
	}
	return record
}

func (c *changes) vacant() *change {
	n := len(c.free)
	if n == 0 {
		return new(change)
	}
	record := c.free[n-1]
	c.free = c.free[:n-1]
	return record
}

func (c *changes) drop(record *change) {
	delete(c.records, record.path)
	*record = change{}
	if len(c.free) < freeMax {
		c.free = append(c.free, record)
	}
}

// own notes that the transaction gives an ephemeral to a session.
func (c *changes) own(id zoo.SessionID, path string) {
	c.owned[id] = append(c.owned[id], path)
	c.births = append(c.births, birth{c.zxid, id})
}

// arrive notes that the transaction makes a znode, which has no children yet.
func (c *changes) arrive(parent, node *change) {
	c.newcomers = append(c.newcomers, newcomer{c.zxid, node, parent.newest})
	node.newest, node.number = 0, c.newFirst+uint64(len(c.newcomers)-1)
	parent.newest = node.number
}

// newcomer gives the one of a number, unless it is forgotten or the number is 0.
func (c *changes) newcomer(number uint64) (newcomer, bool) {
	if number < c.newFirst+uint64(c.newHead) {
		return newcomer{}, false
	}
	return c.newcomers[number-c.newFirst], true
}

// commit keeps the changes of the transaction in the making.
func (c *changes) commit() {
	clear(c.undo)
	c.undo = c.undo[:0]
}

// rollback takes them back.
func (c *changes) rollback() {
	for _, b := range c.births[c.birthMark:] {
		c.disown(b.session, func(paths []string) []string { return paths[:len(paths)-1] })
	}
	c.births = c.births[:c.birthMark]
	clear(c.newcomers[c.newMark:])
	c.newcomers = c.newcomers[:c.newMark]
	clear(c.touches[c.touchMark:])
	c.touches = c.touches[:c.touchMark]
	for i := len(c.undo) - 1; i >= 0; i-- {
		if u := &c.undo[i]; u.fresh {
			c.drop(u.record)
		} else {
			*u.record = u.before
		}
	}
	c.commit()
}

// disown cuts the list of a session's ephemerals.
func (c *changes) disown(id zoo.SessionID, cut func([]string) []string) {
	if paths := cut(c.owned[id]); len(paths) > 0 {
		c.owned[id] = paths
	} else {
		delete(c.owned, id)
	}
}

// forget drops the records whose newest transaction is applied.
func (c *changes) forget(applied zoo.Zxid) {
	for c.head < len(c.touches) && c.touches[c.head].zxid <= applied {
		t := c.touches[c.head]
		c.touches[c.head] = touch{}
		c.head++
		if t.record.zxid == t.zxid {
			c.drop(t.record)
		}
	}
	for c.birthHead < len(c.births) && c.births[c.birthHead].zxid <= applied {
		b := c.births[c.birthHead]
		c.birthHead++
		c.disown(b.session, func(paths []string) []string { return paths[1:] })
	}
	for c.newHead < len(c.newcomers) && c.newcomers[c.newHead].zxid <= applied {
		c.newcomers[c.newHead] = newcomer{}
		c.newHead++
	}
	before := c.newHead
	c.newcomers, c.newHead = compact(c.newcomers, c.newHead)
	c.newFirst += uint64(before - c.newHead)
	c.touches, c.head = compact(c.touches, c.head)
	c.births, c.birthHead = compact(c.births, c.birthHead)
}

// compact moves a queue to the start of its memory when that is cheap.
func compact[T any](queue []T, head int) ([]T, int) {
	if head == len(queue) {
		return queue[:0], 0
	}
	if head < compactMin || head < len(queue)/2 {
		return queue, head
	}
	n := copy(queue, queue[head:])
	clear(queue[n:])
	return queue[:n], 0
}

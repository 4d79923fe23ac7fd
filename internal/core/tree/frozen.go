package tree

import (
	"cmp"
	"slices"

	"zoo"
	"zoo/internal/check/invariant"
)

// Frozen is the tree as it was at Freeze, whatever Apply does meanwhile.
//
// Nothing is copied at Freeze. Instead a change of a znode that the Frozen has
// yet to show first leaves the znode's image with it:
//
//  1. Freeze raises the tree's generation; every change of a znode puts the
//     present generation into its stamp. So a stamp below the Frozen's
//     generation says: this znode still is as it was at the freeze.
//  2. Before the first change of such a znode, touch saves its image with each
//     Frozen that has not shown it yet.
//  3. Next shows the images that wait, oldest first, so that they do not pile up
//     while much is written. Then it walks the slots. It shows a record with an old
//     stamp as it is, and passes over the rest: those were created later, or shown
//     before they changed, or by their image.
//
// A znode's ancestors cannot go before it does, so the path of an unchanged znode
// is that of the live records above it; an image brings its path along.
//
// Next needs readers' exclusion from Apply only, and one goroutine per Frozen.
// Freeze and Close change the tree.
type Frozen struct {
	tree       *Tree
	generation uint32
	zxid       zoo.Zxid
	digest     uint64
	fuzzy      Fuzzy
	count      int
	sessions   []Session
	acls       []ACLEntry

	bytes int64

	images  map[slot]*image
	changed []slot   // changed are the slots with images, in the order of the changes.
	spare   []*image // spare are images that were shown, to be used again.
	waiting int64    // waiting is the size of the images.
	shown   []uint64 // shown is a bit for every slot.
	next    slot     // next is the first slot that Next has not looked at.
	limit   slot     // limit is the end of the slots at the freeze.
	pending []slot   // pending is a znode to show and its unshown ancestors.
	path    []byte
	done    bool
}

// FrozenNode is a znode at the moment of the freeze. Path ("" for the root) and
// Data are only good while it is being emitted.
type FrozenNode struct {
	Path     string
	Data     []byte
	ACLIndex int64
	Stat     zoo.StatPersisted
	// Digest is what the tree held that it adds to the tree's; it was not computed anew.
	Digest uint32
}

// image is what a znode leaves behind before it changes. Its node's Path and Data
// lie in memory of its own.
type image struct {
	FrozenNode
	parent slot
	path   []byte
	data   []byte
}

// imageBytes is what an image takes beside its path and data.
const imageBytes = 200

func (i *image) size() int64 { return int64(imageBytes + len(i.path) + len(i.data)) }

// An image that was shown is kept for the next one, unless it is large or there are
// enough.
const (
	spareImagesMax = 1024
	spareBytesMax  = 4096
)

// skipsPerNode bounds Next's work: so many slots that need not be shown count as
// one that is.
const skipsPerNode = 64

// Freeze gives a view of this moment. Several can be open at once; each must be
// closed. It changes the tree.
func (t *Tree) Freeze() *Frozen {
	t.generation++
	f := &Frozen{
		tree: t, generation: t.generation, zxid: t.zxid, digest: t.digest, count: t.Len(),
		bytes: t.DataBytes(), fuzzy: t.Fuzzy(),
		acls: t.acls.used(), sessions: make([]Session, 0, len(t.sessions)),
		images: make(map[slot]*image), limit: t.nodes.end(),
		shown: make([]uint64, (t.nodes.end()+63)/64),
	}
	for id, timeout := range t.sessions {
		f.sessions = append(f.sessions, Session{ID: id, TimeoutMillis: timeout})
	}
	t.frozen = append(t.frozen, f)
	return f
}

// touch must be called before a znode changes or goes.
func (t *Tree) touch(s slot) {
	n := t.nodes.at(s)
	if n.stamp == t.generation {
		return
	}
	for _, f := range t.frozen {
		if n.stamp < f.generation && !f.done && !f.isShown(s) {
			f.keep(s)
		}
	}
	n.stamp = t.generation
}

// keep saves the image of a znode that is about to change.
func (f *Frozen) keep(s slot) {
	i := &image{}
	if last := len(f.spare) - 1; last >= 0 {
		i, f.spare = f.spare[last], f.spare[:last]
	}
	t, n := f.tree, f.tree.nodes.at(s)
	i.parent = n.parent
	i.path = t.appendPath(i.path[:0], s)
	i.FrozenNode = FrozenNode{
		Path: stringOf(i.path), ACLIndex: t.acls.id(n.acl), Stat: t.nodes.persisted(n),
		Digest: n.digest,
	}
	data := t.data(n)
	i.data = append(i.data[:0], data...)
	switch {
	case len(data) > 0:
		i.Data = i.data
	case data != nil:
		i.Data = []byte{}
	}
	f.images[s] = i
	f.changed = append(f.changed, s)
	f.waiting += i.size()
}

// release takes back an image that was shown.
func (f *Frozen) release(s slot, i *image) {
	delete(f.images, s)
	f.waiting -= i.size()
	if len(f.spare) < spareImagesMax && cap(i.data) <= spareBytesMax {
		f.spare = append(f.spare, i)
	}
}

// Waiting is how many bytes the images of changed znodes take until Next shows them.
func (f *Frozen) Waiting() int64 { return f.waiting }

// DataBytes is Tree.DataBytes at the freeze.
func (f *Frozen) DataBytes() int64 { return f.bytes }

// Zxid is the last transaction that the view contains.
func (f *Frozen) Zxid() zoo.Zxid { return f.zxid }

// Digest is the tree's digest at the freeze.
func (f *Frozen) Digest() uint64 { return f.digest }

// Len is the number of znodes that Next shows in all.
func (f *Frozen) Len() int { return f.count }

// Sessions is the sessions at the freeze, in the order of their ids.
func (f *Frozen) Sessions() []Session {
	slices.SortFunc(f.sessions, func(a, b Session) int { return cmp.Compare(a.ID, b.ID) })
	return f.sessions
}

// ACLs is the table of ACLs at the freeze, in the order of their numbers.
func (f *Frozen) ACLs() []ACLEntry {
	slices.SortFunc(f.acls, func(a, b ACLEntry) int { return cmp.Compare(a.Index, b.Index) })
	return f.acls
}

// Next shows up to limit more znodes, parents before children, and tells whether
// to call it again. It may show none and yet have more.
func (f *Frozen) Next(limit int, emit func(FrozenNode)) (more bool) {
	for budget := limit * skipsPerNode; budget > 0 && !f.done; {
		if len(f.pending) > 0 {
			f.emitPending(emit)
			budget -= skipsPerNode
			continue
		}
		budget--
		f.advance()
	}
	return !f.done
}

// advance looks at one more slot, and makes pending what it finds there: first at
// those of images.
func (f *Frozen) advance() {
	if len(f.changed) > 0 {
		s := f.changed[0]
		f.changed = f.changed[1:]
		f.begin(s)
		return
	}
	if f.next == f.limit {
		f.finish()
		return
	}
	s := f.next
	f.next++
	f.begin(s)
}

func (f *Frozen) finish() {
	f.done = true
	f.images, f.changed, f.spare, f.waiting = nil, nil, nil, 0
}

// begin makes a slot pending, and what of its ancestors was not shown yet.
func (f *Frozen) begin(s slot) {
	if f.isShown(s) || !f.has(s) {
		return
	}
	f.pending = append(f.pending, s)
	for s != rootSlot {
		if s = f.parent(s); f.isShown(s) {
			return
		}
		f.pending = append(f.pending, s)
	}
}

func (f *Frozen) emitPending(emit func(FrozenNode)) {
	last := len(f.pending) - 1
	s := f.pending[last]
	f.pending = f.pending[:last]
	f.shown[s/64] |= 1 << (s % 64)
	if !f.unchanged(s) {
		saved := f.images[s]
		emit(saved.FrozenNode)
		f.release(s, saved)
		return
	}
	n := f.tree.nodes.at(s)
	f.path = f.tree.appendPath(f.path[:0], s)
	emit(FrozenNode{
		Path: stringOf(f.path), Data: f.tree.data(n),
		ACLIndex: f.tree.acls.id(n.acl), Stat: f.tree.nodes.persisted(n),
		Digest: n.digest,
	})
}

func (f *Frozen) isShown(s slot) bool {
	return s >= f.limit || f.shown[s/64]&(1<<(s%64)) != 0
}

// unchanged tells whether the record still is what it was at the freeze.
func (f *Frozen) unchanged(s slot) bool {
	n := f.tree.nodes.at(s)
	return n.live() && n.stamp < f.generation
}

func (f *Frozen) has(s slot) bool { return f.unchanged(s) || f.images[s] != nil }

func (f *Frozen) parent(s slot) slot {
	if f.unchanged(s) {
		return f.tree.nodes.at(s).parent
	}
	saved := f.images[s]
	invariant.Holds(saved != nil, "frozen slot %d lost its image", s)
	return saved.parent
}

// Close ends the view, whether or not all of it was shown. It changes the tree.
func (f *Frozen) Close() {
	f.finish()
	f.pending = nil
	f.tree.frozen = slices.DeleteFunc(f.tree.frozen, func(g *Frozen) bool { return g == f })
}

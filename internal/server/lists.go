package server

import (
	"sync/atomic"

	"zoo/internal/core/tree"
)

// The children of a large parent are often asked for by all who watch it, one after the
// other, between two changes. To collect their names takes a miss of the caches or two for
// each; to copy what was encoded for somebody else takes hardly any.
const (
	// listChildrenMin is from how many children on a list is kept, listBytesMax how long
	// it may be, and listsKept how many there are: 8 MiB.
	listChildrenMin = 256
	listBytesMax    = 512 << 10
	listsKept       = 16
)

// list is the encoded names of one family. Immutable but for asked; encoded is nil while the
// family was asked for only once.
type list struct {
	of      tree.Family
	encoded []byte
	// asked tells that somebody has asked since forget looked last.
	asked atomic.Bool
}

// lists keeps the lists that were asked for again. Its methods may be called by whoever
// holds the tree's lock.
type lists struct {
	kept [listsKept]atomic.Pointer[list]
}

// appendNames appends the names of a znode's children as an encoded vector.
func (s *lists) appendNames(b []byte, n tree.Node) []byte {
	if n.NumChildren() < listChildrenMin {
		return n.AppendChildNames(b)
	}
	of := n.Family()
	place := &s.kept[of.Place()%listsKept]
	known := place.Load()
	if known != nil && known.of == of && known.encoded != nil {
		if !known.asked.Load() {
			known.asked.Store(true)
		}
		return append(b, known.encoded...)
	}
	start := len(b)
	b = n.AppendChildNames(b)
	if len(b)-start > listBytesMax {
		return b
	}
	// Who asks after every change is given no copy: it would never be used.
	found := &list{of: of}
	if known != nil && known.of == of {
		found.encoded = append([]byte(nil), b[start:]...)
	}
	place.Store(found)
	return b
}

// forget lets go of those that nobody has asked for since it was called last.
func (s *lists) forget() {
	for i := range s.kept {
		if known := s.kept[i].Load(); known != nil && !known.asked.Swap(false) {
			s.kept[i].CompareAndSwap(known, nil)
		}
	}
}

// clear lets go of all of them, as they are of another tree.
func (s *lists) clear() {
	for i := range s.kept {
		s.kept[i].Store(nil)
	}
}

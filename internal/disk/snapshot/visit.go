package snapshot

import (
	"fmt"

	"zoo"
	"zoo/internal/disk/vfs"
)

// A Visitor takes the parts of a snapshot in their order: the sessions, the lists
// of ACLs, then the znodes. Strings and data are only good during the call. The
// root has the path "".
type Visitor interface {
	Session(id zoo.SessionID, timeoutMillis int32)
	ACL(index int64, list []zoo.ACL)
	Node(path string, data []byte, aclIndex int64, st *zoo.StatPersisted) error
}

// Visit shows what a snapshot file holds without building its tree. When it gives
// a *vfs.CorruptError, all that comes before the damage has been shown; a wrong
// checksum is found at the end.
func Visit(disk vfs.FS, file File, to Visitor) (Info, error) {
	info, err := readParts(disk, file, parts{body: func(s *source) { s.show(to) }})
	if err != nil {
		return info, fmt.Errorf("read snapshot %s: %w", file.Path, err)
	}
	return info, nil
}

// show is body for a visitor.
func (s *source) show(to Visitor) {
	s.tables(to.Session, to.ACL)
	for b := newBatch(); s.err == nil && !b.last; {
		b.fill(s)
		b.prepare()
		s.keep(b.show(to))
	}
}

// show is insert for a visitor.
func (b *batch) show(to Visitor) error {
	for i := range b.nodes {
		n := &b.nodes[i]
		if err := to.Node(n.Path, n.Data, n.ACLIndex, &n.Stat); err != nil {
			return &formatError{
				b.offset + int64(b.places[i]), "a znode below one before it", err.Error()}
		}
	}
	return nil
}

package snapshot

import (
	"bufio"
	"errors"
	"fmt"
	"unicode/utf8"
	"unsafe"

	"zoo"
	"zoo/internal/core/tree"
	"zoo/internal/disk/vfs"
	"zoo/internal/jute"
	"zoo/internal/wire"
)

// sink takes the parts of a body in their order. Strings and data are only good
// during the call.
type sink interface {
	Session(id zoo.SessionID, timeoutMillis int32)
	ACL(index int64, list []zoo.ACL)
	Node(path string, data []byte, aclIndex int64, st *zoo.StatPersisted) error
}

// nowhere is the sink for a snapshot that is only checked.
type nowhere struct{}

func (nowhere) Session(zoo.SessionID, int32) {}
func (nowhere) ACL(int64, []zoo.ACL)         {}
func (nowhere) Node(string, []byte, int64, *zoo.StatPersisted) error {
	return nil
}

// ReadStream receives the body of a snapshot, as it follows a SNAP packet with
// this zxid. It reads nothing beyond the body.
func ReadStream(r *bufio.Reader, z zoo.Zxid) (*tree.Tree, error) {
	s := &source{r: r}
	loader := tree.NewLoader()
	s.body(loader)
	if s.err != nil {
		return nil, fmt.Errorf("receive snapshot %v: %w", z, s.corrupt("snapshot stream"))
	}
	return loader.Finish(z)
}

// corrupt gives the error, as a CorruptError if the input was the reason.
func (s *source) corrupt(name string) error {
	var format *formatError
	if errors.As(s.err, &format) {
		return &vfs.CorruptError{
			File: name, Offset: format.offset, Want: format.want, Got: format.got}
	}
	return s.err
}

func (s *source) body(to sink) {
	for n := s.int(); n > 0 && s.err == nil; n-- {
		id := zoo.SessionID(s.long())
		to.Session(id, s.int())
	}
	for n := s.int(); n > 0 && s.err == nil; n-- {
		index := s.long()
		list := s.acl()
		if s.err == nil {
			to.ACL(index, list)
		}
	}
	nodes := nodeReader{source: s, to: to}
	for s.err == nil && nodes.next() {
	}
}

func (s *source) acl() []zoo.ACL {
	var list []zoo.ACL
	for n := s.int(); n > 0 && s.err == nil; n-- {
		perms := zoo.Perms(s.int())
		scheme := s.text("a scheme")
		list = append(list, zoo.ACL{
			Perms: perms, ID: zoo.ID{Scheme: scheme, ID: s.text("an identity")}})
	}
	return list
}

// nodeReader reads znodes without allocating for each.
type nodeReader struct {
	*source
	to   sink
	path []byte
}

// next reads one znode, or the end of them.
func (s *nodeReader) next() (more bool) {
	start := s.offset
	n := max(0, s.length("a path"))
	s.path = append(s.path[:0], s.take(n)...)
	if s.err != nil || string(s.path) == endPath {
		return false
	}
	n = s.length("data")
	p := s.take(max(0, n) + aclAndStatBytes)
	if s.err != nil {
		return false
	}
	var data []byte
	if n >= 0 {
		data = p[:n:n]
	}
	d := jute.NewTrustedDecoder(p[max(0, n):])
	index := d.Long()
	st := wire.DecodeStatPersisted(&d)
	if err := s.to.Node(s.pathText(), data, index, &st); err != nil {
		s.err = &formatError{start, "a znode below one before it", err.Error()}
	}
	return s.err == nil
}

// pathText lends the path for one call; only a path that is not UTF-8 is copied.
func (s *nodeReader) pathText() string {
	if len(s.path) > 0 && utf8.Valid(s.path) {
		return unsafe.String(&s.path[0], len(s.path))
	}
	return jute.Text(s.path)
}

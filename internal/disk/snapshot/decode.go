package snapshot

import (
	"bufio"
	"errors"
	"fmt"

	"zoo"
	"zoo/internal/core/tree"
	"zoo/internal/disk/vfs"
)

// ReadStream receives the body of a snapshot, as it follows a SNAP packet with
// this zxid. It reads nothing beyond the body.
func ReadStream(r *bufio.Reader, z zoo.Zxid) (*tree.Tree, error) {
	s := &source{r: r}
	loader := tree.NewLoader()
	s.body(loader)
	if s.err != nil {
		return nil, fmt.Errorf("receive snapshot %v: %w", z, s.corrupt("snapshot stream"))
	}
	return finish(loader, z, "snapshot stream")
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

// body reads what a tree is made of.
func (s *source) body(to *tree.Loader) {
	s.tables(to.Session, to.ACL)
	s.znodes(to)
}

// tables reads what comes before the znodes.
func (s *source) tables(session func(zoo.SessionID, int32), acl func(int64, []zoo.ACL)) {
	for n := s.int(); n > 0 && s.err == nil; n-- {
		id := zoo.SessionID(s.long())
		if timeout := s.int(); s.err == nil {
			session(id, timeout)
		}
	}
	for n := s.int(); n > 0 && s.err == nil; n-- {
		index := s.long()
		if list := s.acl(); s.err == nil {
			acl(index, list)
		}
	}
}

// census is body for a census.
func (s *source) census(c *census) {
	s.tables(func(zoo.SessionID, int32) {}, func(int64, []zoo.ACL) {})
	for b := newBatch(); s.err == nil && !b.last; {
		b.fill(s)
		b.prepare()
		s.keep(c.add(b))
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

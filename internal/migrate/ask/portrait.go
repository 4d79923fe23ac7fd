package ask

import (
	"context"
	"crypto/sha256"
	"errors"
	"fmt"
	"slices"

	"zoo"
	"zoo/client"
)

// portrait is all that a client can see of a znode on one server.
type portrait struct {
	exists bool
	// private tells that not all could be read, hidden that not even the Stat could:
	// since 3.9 that needs a permission as well (ZOOKEEPER-2590).
	private, hidden bool

	stat     zoo.Stat
	data     [sha256.Size]byte
	acl      string
	children []string
	err      error
}

// portray reads a znode: its data, its ACL and the names of its children, all of which may
// be forbidden. A znode that goes meanwhile is not there.
func portray(ctx context.Context, reader *client.Client, at string) portrait {
	p := portrait{exists: true}
	stat, err := reader.Exists(ctx, at, nil)
	switch {
	case errors.Is(err, zoo.CodeNoAuth):
		return portrait{exists: true, private: true, hidden: true}
	case err == nil:
		p.stat = stat
		err = p.readContent(ctx, reader, at)
	}
	switch {
	case gone(err):
		return portrait{}
	case err != nil:
		return portrait{exists: true, err: err}
	}
	return p
}

// owner is the session that an ephemeral znode belongs to, or 0.
func (p portrait) owner() zoo.SessionID {
	owner := p.stat.EphemeralOwner
	if owner == zoo.ContainerOwner || owner.IsTTLOwner() {
		return 0
	}
	return owner
}

func (p *portrait) readContent(ctx context.Context, reader *client.Client, at string) error {
	data, _, err := reader.Get(ctx, at, nil)
	if err = p.allowed(err); err != nil {
		return err
	}
	p.data = sha256.Sum256(data)
	acl, _, err := reader.GetACL(ctx, at)
	if err = p.allowed(err); err != nil {
		return err
	}
	p.acl = fmt.Sprint(acl)
	if p.stat.NumChildren == 0 {
		return nil
	}
	names, _, err := reader.Children(ctx, at, nil)
	slices.Sort(names)
	p.children = names
	return p.allowed(err)
}

// allowed notes a refusal, which is no error.
func (p *portrait) allowed(err error) error {
	if errors.Is(err, zoo.CodeNoAuth) {
		p.private = true
		return nil
	}
	return err
}

func (p portrait) equal(q portrait) bool { return p.unlike(q) == "" }

// unlike names what differs, or nothing.
func (p portrait) unlike(q portrait) string {
	switch {
	case p.exists != q.exists:
		return "one of them does not have it"
	case p.err != nil || q.err != nil:
		return "it cannot be read"
	case p.hidden || q.hidden:
		return ""
	case p.stat != q.stat:
		return fmt.Sprintf("the Stats are %+v and %+v", p.stat, q.stat)
	case p.private != q.private:
		return "one of them does not let it be read"
	case p.data != q.data:
		return "the data differs"
	case p.acl != q.acl:
		return fmt.Sprintf("the ACLs are %s and %s", p.acl, q.acl)
	case !slices.Equal(p.children, q.children):
		return "the names of the children differ"
	}
	return ""
}

// differing are the first two that differ.
func differing(seen []portrait) (one, other int, found bool) {
	for i := range seen {
		for j := range seen[:i] {
			if !seen[i].equal(seen[j]) {
				return j, i, true
			}
		}
	}
	return 0, 0, false
}

func same(seen []portrait) bool {
	_, _, differ := differing(seen)
	return !differ
}

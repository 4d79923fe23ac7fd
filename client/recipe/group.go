package recipe

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"iter"
	"slices"
	"strings"

	"zoo"
	"zoo/client"
)

// Group is a set of sessions that know of each other (ZooKeeper's recipe "Group
// Membership"). All fields are read only.
type Group struct {
	Client *client.Client
	// Path is the group's directory, the same for all.
	Path string
	// ACL is that of the znodes; nil means zoo.OpenACL.
	ACL []zoo.ACL
}

// Member is one of a group.
type Member struct {
	// ID is the name that it has given itself. Two may have the same one, such as a program
	// that was restarted before its old session has ended; the greater token is the newer.
	ID string
	// Data is its own, such as its address.
	Data []byte
	// Token is that of its lease.
	Token zoo.Zxid
	// Session is the member's.
	Session zoo.SessionID
}

func (g *Group) place() place { return place{g.Client, g.Path, g.ACL} }

// Join makes the session a member until it releases the lease, or loses it. The id is one
// name of a path, and data as much as a znode holds.
func (g *Group) Join(ctx context.Context, id string, data []byte) (*Lease, error) {
	if id == "" || strings.Contains(id, "/") {
		return nil, g.place().failed("join", fmt.Errorf("%w: the id %q", ErrConfig, id))
	}
	s := g.place().seat(id, zoo.Ephemeral)
	lease, err := s.settle(ctx, data)
	return lease, g.place().failed("join", err)
}

// Members lists who is in the group, as far as the session's server knows, in the order in
// which they joined.
func (g *Group) Members(ctx context.Context) ([]Member, error) {
	members, err := g.members(ctx, nil)
	return members, g.place().failed("members", err)
}

// Changes gives the members, and after each change those who are then. It ends with ctx or the
// session, which is the last error. A member that comes and goes in between may be missed.
func (g *Group) Changes(ctx context.Context) iter.Seq2[[]Member, error] {
	return func(yield func([]Member, error) bool) {
		p := g.place()
		err := p.follow(ctx, func(w client.Watcher) (string, bool, error) {
			members, err := g.members(ctx, w)
			return "", err != nil || yield(members, nil), err
		})
		if err != nil {
			yield(nil, p.failed("members", err))
		}
	}
}

func (g *Group) members(ctx context.Context, w client.Watcher) ([]Member, error) {
	p := g.place()
	names, err := p.list(ctx, w)
	if err != nil {
		return nil, err
	}
	names = slices.DeleteFunc(names, func(name string) bool { return idOf(name) == "" })
	var members []Member
	for part := range slices.Chunk(names, membersAtOnce) {
		if members, err = g.read(ctx, members, part); err != nil {
			return nil, err
		}
	}
	slices.SortFunc(members, func(a, b Member) int { return cmp.Compare(a.Token, b.Token) })
	return members, nil
}

// membersAtOnce is how many are read with one request: their data has to fit a frame.
const membersAtOnce = 100

// read adds those of the names that are still there.
func (g *Group) read(ctx context.Context, members []Member, names []string) ([]Member, error) {
	p := g.place()
	var ops []client.Op
	for _, name := range names {
		ops = append(ops, client.GetOp(p.at(name)))
	}
	var results []client.OpResult
	err := p.again(ctx, func() (err error) {
		results, err = g.Client.MultiRead(ctx, ops...)
		return err
	})
	for i, r := range results {
		switch {
		case errors.Is(r.Err, zoo.CodeNoNode):
		case r.Err != nil:
			return nil, r.Err
		default:
			members = append(members, Member{ID: idOf(names[i]), Data: r.Data,
				Token: r.Stat.Czxid, Session: r.Stat.EphemeralOwner})
		}
	}
	return members, err
}

// idOf is what follows the GUID of a name; empty for what has none.
func idOf(name string) string {
	if len(name) > guidBytes && strings.HasPrefix(name, guidPrefix) {
		return name[guidBytes:]
	}
	return ""
}

package mixed

import (
	"fmt"
	"time"

	"github.com/go-zookeeper/zk"

	"zoo/test/ensemble"
)

// work does everything that a client can do through every server, and looks at what
// comes of it through another one.
func (s *story) work() {
	s.Helper()
	for i, server := range s.Servers {
		next := s.Servers[(i+1)%len(s.Servers)]
		root := fmt.Sprintf("/work-%d-%c", server.ID, s.kind(server))
		mode, err := server.Mode(s.ctx)
		s.must(err)
		s.Logf("server %d (%c) is %s", server.ID, s.kind(server), mode)
		a, b := s.dial(sessionTimeout, s.Servers...), s.dial(sessionTimeout, next)
		s.moveTo(a, server)
		s.create(a, root, "one", 0)
		s.watches(a, b, root)
		s.multis(a, b, root)
		s.permissions(a, b, root)
		s.passing(a, b, root)
		s.moves(a, b, []*ensemble.Server{next, server}, root)
		a.Close()
		s.wantGone(b, root+"/ephemeral")
		b.Close()
	}
	s.expires()
}

// watches: what one client writes the other is told of before it can read it.
func (s *story) watches(a, b *guest, root string) {
	s.Helper()
	s.sync(b)
	_, _, data, err := b.GetW(root)
	s.must(err)
	_, _, children, err := b.ChildrenW(root)
	s.must(err)
	_, err = a.Set(root, []byte("two"), 0)
	s.must(err)
	s.wantEvent(data, zk.EventNodeDataChanged, root)
	s.wantData(b, root, "two")
	_, err = a.Set(root, []byte("three"), 0)
	s.wantError("a set of an old version", err, zk.ErrBadVersion)
	if got := s.create(a, root+"/n-", "", zk.FlagSequence); got != root+"/n-0000000000" {
		s.Errorf("created %s", got)
	}
	s.wantEvent(children, zk.EventNodeChildrenChanged, root)
	s.wantError("a delete of a parent", a.Delete(root, -1), zk.ErrNotEmpty)
	_, err = a.Create(root, nil, 0, everyone())
	s.wantError("a second create", err, zk.ErrNodeExists)
}

// multis take effect as a whole or not at all.
func (s *story) multis(a, b *guest, root string) {
	s.Helper()
	path := root + "/multi"
	_, err := a.Multi(
		&zk.CreateRequest{Path: path, Data: []byte("x"), Acl: everyone()},
		&zk.CheckVersionRequest{Path: path, Version: 0},
		&zk.SetDataRequest{Path: path, Data: []byte("y"), Version: 0},
		&zk.CreateRequest{Path: path + "/gone", Acl: everyone()},
		&zk.DeleteRequest{Path: path + "/gone", Version: -1})
	s.must(err)
	s.wantData(b, path, "y")
	_, err = a.Multi(
		&zk.SetDataRequest{Path: path, Data: []byte("z"), Version: -1},
		&zk.DeleteRequest{Path: path + "/none", Version: -1})
	s.wantError("a multi with a failing part", err, zk.ErrNoNode)
	s.wantData(b, path, "y")
}

// permissions hold on whatever server, by identities that travel with the requests.
func (s *story) permissions(a, b *guest, root string) {
	s.Helper()
	path := root + "/private"
	s.must(a.AddAuth("digest", []byte("ann:secret")))
	_, err := a.Create(path, []byte("hers"), 0, zk.AuthACL(zk.PermAll))
	s.must(err)
	s.sync(b)
	_, _, err = b.Get(path)
	s.wantError("a stranger's read", err, zk.ErrNoAuth)
	_, err = b.Set(path, nil, -1)
	s.wantError("a stranger's write", err, zk.ErrNoAuth)
	_, err = a.Set(path, []byte("still hers"), -1)
	s.must(err)
	_, err = a.SetACL(path, zk.WorldACL(zk.PermRead), 0)
	s.must(err)
	s.wantData(b, path, "still hers")
	_, err = b.Set(path, nil, -1)
	s.wantError("a write to what may be read", err, zk.ErrNoAuth)
}

// passing: containers that are empty and znodes whose time is over go by themselves.
func (s *story) passing(a, b *guest, root string) {
	s.Helper()
	_, err := a.CreateTTL(root+"/ttl", []byte("x"), zk.FlagTTL, everyone(), time.Second)
	s.must(err)
	_, err = a.CreateContainer(root+"/container", nil, zk.FlagContainer, everyone())
	s.must(err)
	s.create(a, root+"/container/child", "", 0)
	s.wantData(b, root+"/container/child", "")
	s.must(a.Delete(root+"/container/child", -1))
	s.wantGone(b, root+"/container")
	s.wantGone(b, root+"/ttl")
}

// moves: a session goes to another server, with its ephemeral, and back.
func (s *story) moves(a, b *guest, to []*ensemble.Server, root string) {
	s.Helper()
	path := root + "/ephemeral"
	s.create(a, path, "x", zk.FlagEphemeral)
	s.wantData(b, path, "x")
	session := a.SessionID()
	for _, server := range to {
		s.moveTo(a, server)
		_, err := a.Set(path, []byte(server.Address()), -1)
		s.must(err)
		s.wantData(b, path, server.Address())
	}
	if a.SessionID() != session {
		s.Errorf("the session was %x and is %x", session, a.SessionID())
	}
}

// shortTimeout is the shortest that the servers grant.
const shortTimeout = 2 * tick

// expires: sessions whose clients are gone end, through whatever server they came, and
// those of clients that do nothing but live stay.
func (s *story) expires() {
	s.Helper()
	var alive, dead []string
	for _, server := range s.Servers {
		path := fmt.Sprintf("/alive-%d-%c", server.ID, s.kind(server))
		c := s.dial(shortTimeout, server)
		s.create(c, path, "", zk.FlagEphemeral)
		defer c.Close()
		alive = append(alive, path)
		path = fmt.Sprintf("/dead-%d-%c", server.ID, s.kind(server))
		c = s.dial(shortTimeout, server)
		s.create(c, path, "", zk.FlagEphemeral)
		dead = append(dead, path)
		c.line.cut()
	}
	witness := s.dial(sessionTimeout, s.Servers...)
	for _, path := range dead {
		s.wantGone(witness, path)
	}
	for _, path := range alive {
		s.wantData(witness, path, "")
	}
}

package clients

import (
	"fmt"
	"maps"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/go-zookeeper/zk"

	"zoo/test/ensemble"
)

// Every server gives the same service, whatever its role.
func TestGoClientWorksThroughEveryRole(t *testing.T) {
	begin(t).eachRole(func(s *story, server *ensemble.Server) {
		c := s.dial(sessionTimeout, server)
		root := home(s.T, server)
		s.create(c, root, "", 0)
		for _, part := range []struct {
			title string
			tell  func(*story, *guest, string)
		}{
			{"values and versions", tellValues},
			{"children", tellChildren},
			{"sequential and ephemeral", tellModes},
			{"multi", tellMulti},
			{"permissions", tellPermissions},
			{"errors", tellErrors},
		} {
			s.Run(part.title, func(t *testing.T) {
				part.tell(&story{T: t, Ensemble: s.Ensemble, ctx: s.ctx}, c, root)
			})
		}
	})
}

func tellValues(s *story, c *guest, root string) {
	path := s.create(c, root+"/value", "one", 0)
	stat := s.wantData(c, path, "one")
	if stat.Version != 0 || stat.DataLength != 3 || stat.Czxid != stat.Mzxid ||
		stat.Czxid != stat.Pzxid || stat.EphemeralOwner != 0 {
		s.Errorf("a new znode has %+v", stat)
	}
	changed, err := c.Set(path, []byte("second"), 0)
	s.must(err)
	if changed.Version != 1 || changed.Mzxid <= stat.Mzxid || changed.Czxid != stat.Czxid {
		s.Errorf("after a set it has %+v", changed)
	}
	_, err = c.Set(path, nil, 0)
	s.wantError("set of an old version", err, zk.ErrBadVersion)
	read := s.wantData(c, path, "second")
	if *read != *changed {
		s.Errorf("set gave %+v, get gives %+v", changed, read)
	}
	s.wantError("delete of an old version", c.Delete(path, 0), zk.ErrBadVersion)
	s.must(c.Delete(path, 1))
	found, _, err := c.Exists(path)
	s.must(err)
	if found {
		s.Error("it is there after its delete")
	}
	big := strings.Repeat("x", 900<<10)
	s.create(c, root+"/big", big, 0)
	s.wantData(c, root+"/big", big)
}

func tellChildren(s *story, c *guest, root string) {
	parent := s.create(c, root+"/parent", "", 0)
	_, before, err := c.Exists(parent)
	s.must(err)
	for _, name := range []string{"b", "a", "ü"} {
		s.create(c, parent+"/"+name, name, 0)
	}
	names, stat, err := c.Children(parent)
	s.must(err)
	slices.Sort(names)
	if !slices.Equal(names, []string{"a", "b", "ü"}) {
		s.Errorf("the children are %q", names)
	}
	if stat.NumChildren != 3 || stat.Cversion != before.Cversion+3 || stat.Pzxid <= before.Pzxid ||
		stat.Version != before.Version {
		s.Errorf("the parent has %+v, before it had %+v", stat, before)
	}
	s.wantError("delete with children", c.Delete(parent, -1), zk.ErrNotEmpty)
}

func tellModes(s *story, c *guest, root string) {
	var made []string
	for range 3 {
		made = append(made, s.create(c, root+"/n-", "", zk.FlagEphemeral|zk.FlagSequence))
	}
	if !slices.IsSorted(made) || len(slices.Compact(slices.Clone(made))) != 3 ||
		len(made[0]) != len(root+"/n-")+10 {
		s.Errorf("created %q", made)
	}
	_, stat, err := c.Exists(made[0])
	s.must(err)
	if stat.EphemeralOwner != c.SessionID() {
		s.Errorf("the owner is %#x, the session %#x", stat.EphemeralOwner, c.SessionID())
	}
	_, err = c.Create(made[0]+"/child", nil, 0, zk.WorldACL(zk.PermAll))
	s.wantError("child of an ephemeral", err, zk.ErrNoChildrenForEphemerals)
}

func tellMulti(s *story, c *guest, root string) {
	everyone := zk.WorldACL(zk.PermAll)
	path := root + "/multi"
	answers, err := c.Multi(
		&zk.CreateRequest{Path: path, Data: []byte("a"), Acl: everyone},
		&zk.CreateRequest{Path: path + "/n-", Acl: everyone, Flags: zk.FlagSequence},
		&zk.SetDataRequest{Path: path, Data: []byte("b"), Version: 0},
		&zk.CheckVersionRequest{Path: path, Version: 1},
	)
	s.must(err)
	if len(answers) != 4 || answers[0].String != path ||
		answers[1].String != path+"/n-0000000000" || answers[2].Stat.Version != 1 {
		s.Errorf("got %+v", answers)
	}
	answers, err = c.Multi(
		&zk.SetDataRequest{Path: path, Data: []byte("lost"), Version: -1},
		&zk.DeleteRequest{Path: path + "/n-0000000000", Version: -1},
		&zk.CheckVersionRequest{Path: path, Version: 7},
		&zk.CreateRequest{Path: path + "/never", Acl: everyone},
	)
	s.wantError("multi with a wrong version", err, zk.ErrBadVersion)
	if len(answers) == 4 {
		s.wantError("the one that failed", answers[2].Error, zk.ErrBadVersion)
	}
	s.wantData(c, path, "b")
	s.wantData(c, path+"/n-0000000000", "")
}

func tellPermissions(s *story, c *guest, root string) {
	s.must(c.AddAuth("digest", []byte("ann:secret")))
	path := root + "/private"
	_, err := c.Create(path, []byte("hers"), 0, zk.AuthACL(zk.PermAll))
	s.must(err)
	list, _, err := c.GetACL(path)
	s.must(err)
	if want := zk.DigestACL(zk.PermAll, "ann", "secret"); !slices.Equal(list, want) {
		s.Errorf("the list is %v, want %v", list, want)
	}
	stranger := s.dial(sessionTimeout, s.Servers...)
	_, _, err = stranger.Get(path)
	s.wantError("read by a stranger", err, zk.ErrNoAuth)
	_, err = stranger.SetACL(path, zk.WorldACL(zk.PermAll), -1)
	s.wantError("take-over by a stranger", err, zk.ErrNoAuth)
	s.must(stranger.AddAuth("digest", []byte("ann:wrong")))
	_, err = stranger.Set(path, nil, -1)
	s.wantError("write with a wrong password", err, zk.ErrNoAuth)
	stat, err := c.SetACL(path, zk.WorldACL(zk.PermRead), 0)
	s.must(err)
	if stat.Aversion != 1 {
		s.Errorf("after setACL: %+v", stat)
	}
	_, err = stranger.Sync(path)
	s.must(err)
	s.wantData(stranger, path, "hers")
	_, err = c.Set(path, nil, -1)
	s.wantError("write where all may only read", err, zk.ErrNoAuth)
}

func tellErrors(s *story, c *guest, root string) {
	everyone := zk.WorldACL(zk.PermAll)
	_, err := c.Create(root, nil, 0, everyone)
	s.wantError("create again", err, zk.ErrNodeExists)
	_, err = c.Create(root+"/no/parent", nil, 0, everyone)
	s.wantError("create without a parent", err, zk.ErrNoNode)
	_, _, err = c.Get(root + "/nothing")
	s.wantError("get of nothing", err, zk.ErrNoNode)
	s.wantError("delete of nothing", c.Delete(root+"/nothing", -1), zk.ErrNoNode)
	_, err = c.Create(root+"/open", nil, 0, nil)
	s.wantError("create without an ACL", err, zk.ErrInvalidACL)
	// The connection has survived all that.
	s.wantData(c, root, "")
}

// A write through one server is seen by readers of all others, once they have
// asked for a sync.
func TestWritesThroughOneServerAreReadThroughAll(t *testing.T) {
	s := begin(t)
	var readers []*guest
	for _, server := range s.Servers {
		readers = append(readers, s.dial(sessionTimeout, server))
	}
	s.create(readers[0], "/shared", "", 0)
	for i, server := range s.Servers {
		want := fmt.Sprintf("written through %d", server.ID)
		_, err := readers[i].Set("/shared", []byte(want), -1)
		s.must(err)
		for _, reader := range readers {
			_, err := reader.Sync("/shared")
			s.must(err)
			s.wantData(reader, "/shared", want)
		}
	}
}

// go-zookeeper reads the text of srvr with a strict pattern.
func TestServerTextIsReadByGoZookeeper(t *testing.T) {
	if againstJava() {
		t.Skip("the pattern knows the build date of older servers only")
	}
	s := begin(t)
	c := s.dial(sessionTimeout, s.leader())
	s.create(c, "/one", "", 0)
	s.settle()
	all, ok := zk.FLWSrvr(s.Addresses(), 10*time.Second)
	modes := map[zk.Mode]int{}
	for i, stats := range all {
		if stats.Error != nil {
			t.Fatalf("server %d: %v", i+1, stats.Error)
		}
		modes[stats.Mode]++
		if stats.NodeCount < 5 || stats.Epoch < 1 || stats.Counter < 1 || stats.Version == "" {
			t.Errorf("server %d: %+v", i+1, stats)
		}
	}
	// It knows no observers.
	want := map[zk.Mode]int{zk.ModeLeader: 1, zk.ModeFollower: 2, zk.ModeUnknown: 1}
	if !ok || !maps.Equal(modes, want) {
		t.Errorf("the modes are %v", modes)
	}
	for i, alive := range zk.FLWRuok(s.Addresses(), 10*time.Second) {
		if !alive {
			t.Errorf("server %d does not say imok", i+1)
		}
	}
}

package mixed

import (
	"os"
	"testing"

	"github.com/go-zookeeper/zk"

	"zoo/test/ensemble"
)

// envCapture is set to 1 to write testdata anew.
const envCapture = "ZOO_CAPTURE"

// The plot: three servers of Java's elect, synchronise and work, and a tap between them
// writes down what the tests of replay_test.go are told. A follower works for a client,
// misses some transactions, and comes back: DIFF. The leader dies with a transaction that
// nobody else has, and comes back before anything else has happened: TRUNC. The next one
// does the same, and comes back when more has: SNAP.
func TestJavasServersAreOverheard(t *testing.T) {
	if os.Getenv(envCapture) != "1" {
		t.Skip("what is in testdata is played by the other tests; ZOO_CAPTURE=1 writes it anew")
	}
	s := plan(t, makeUp{voters: "JJJ"})
	w := s.insert()
	s.starts(s.Servers...)
	leader := s.leader()
	follower := s.leaderFirst()[1]
	w.write(t, "election.txt", "Three servers of Java's 3.8.0 elect, all with empty logs.",
		w.elections()...)
	s.clientWork(follower)
	w.write(t, "work.txt", "A follower joins with an empty log, and works for a client.",
		w.last(follower.ID))

	s.kills(follower)
	c := s.dial(sessionTimeout, leader)
	s.create(c, "/missed", "1", 0)
	s.create(c, "/missed/too", "2", 0)
	s.starts(follower)
	s.create(c, "/seen", "3", 0)
	s.oneZxid()
	w.write(t, "diff.txt", "The follower has missed two znodes, and hears of a third.",
		w.last(follower.ID))
	c.Close()

	s.overhearCuts(w)
}

// overhearCuts lets a leader die and be cut back, and the next one be sent the tree.
func (s *story) overhearCuts(w *tap) {
	s.Helper()
	leader := s.leader()
	s.dieAlone(leader)
	s.starts(leader)
	c := s.dial(sessionTimeout, s.leader())
	s.create(c, "/again", "", 0)
	s.oneZxid()
	w.write(s.T, "trunc.txt", "The old leader has logged what nobody else has.",
		w.last(leader.ID))
	c.Close()

	leader = s.leader()
	s.dieAlone(leader)
	c = s.dial(sessionTimeout, s.Servers...)
	s.create(c, "/after", "4", 0)
	c.Close()
	s.starts(leader)
	s.oneZxid()
	w.write(s.T, "snap.txt", "Another old leader has, and a new epoch has begun to write.",
		w.last(leader.ID))
}

// clientWork sends one of each through a follower, and takes up its session again.
func (s *story) clientWork(follower *ensemble.Server) {
	s.Helper()
	c := s.dial(sessionTimeout, follower)
	s.create(c, "/a", "1", 0)
	s.create(c, "/a/e", "mine", zk.FlagEphemeral)
	s.create(c, "/a/s-", "", zk.FlagSequence)
	_, err := c.Set("/a", []byte("2"), 0)
	s.must(err)
	_, err = c.Set("/a", []byte("3"), 0)
	s.wantError("a set of an old version", err, zk.ErrBadVersion)
	_, err = c.SetACL("/a", zk.WorldACL(zk.PermAll), 0)
	s.must(err)
	_, err = c.Multi(&zk.CheckVersionRequest{Path: "/a", Version: 1},
		&zk.CreateRequest{Path: "/a/m", Acl: everyone()},
		&zk.SetDataRequest{Path: "/a/m", Data: []byte("m"), Version: 0},
		&zk.DeleteRequest{Path: "/a/m", Version: 1})
	s.must(err)
	s.sync(c)
	s.moveTo(c, follower)
	s.must(c.Delete("/a/s-0000000001", -1))
	c.Close()
	c = s.dial(sessionTimeout, follower)
	s.wantGone(c, "/a/e")
	c.Close()
}

// dieAlone kills the others, lets the leader log a write, kills it and starts the others.
func (s *story) dieAlone(leader *ensemble.Server) {
	s.Helper()
	others := s.leaderFirst()[1:]
	c := s.dial(sessionTimeout, leader)
	s.create(c, "/last-"+leader.Address(), "", 0)
	s.kills(others...)
	if _, err := c.Create("/lost", nil, 0, everyone()); err == nil {
		s.Fatal("a leader without a quorum has acknowledged a write")
	}
	c.Close()
	s.kills(leader)
	s.starts(others...)
}

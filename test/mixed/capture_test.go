package mixed

import (
	"context"
	"errors"
	"fmt"
	"os"
	"strconv"
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
		w.elections(s.Servers...)...)
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

// The plot: three servers of Java's are reconfigured, and the tap writes it down. A fourth
// looks for the ensemble and joins it as an observer; a follower is taken out; then the
// leader is, so that the other follower, through which the client asks for all that, leads
// alone and the old leader follows it without a vote.
func TestJavasReconfigurationIsOverheard(t *testing.T) {
	if os.Getenv(envCapture) != "1" {
		t.Skip("what is in testdata is played by the other tests; ZOO_CAPTURE=1 writes it anew")
	}
	s := plan(t, makeUp{voters: "JJJ", joiners: "J"}, reconfigLines...)
	w := s.insert()
	founders, joiner := s.Servers[:3], s.Servers[3]
	s.starts(founders...)
	leader := s.leader()
	stays, leaves := s.followers()[0], s.followers()[1]
	s.starts(joiner)
	w.write(t, "joining.txt", "A fourth server looks for the ensemble that does not know it.",
		w.elections(joiner)...)

	c := s.dial(sessionTimeout, stays)
	s.create(c, "/before", "1", 0)
	s.reconfigured(c, joiner.Line("observer"), "", "1 2 3 4o")
	s.oneZxid()
	w.write(t, "joiner.txt", "The fourth follows without a vote, until it is an observer.",
		w.all(joiner.ID, leader.ID)[0])
	s.create(c, "/joined", "2", 0)
	s.reconfigured(c, "", strconv.Itoa(leaves.ID), without("1 2 3 4o", leaves))
	s.create(c, "/left", "3", 0)
	alone := without(without("1 2 3 4o", leaves), leader)
	s.reconfigured(c, "", strconv.Itoa(leader.ID), alone)
	w.write(t, "reconfig.txt", "A follower hears of three changes, and leads after the last.",
		w.last(stays.ID))
	w.write(t, "joined.txt", "It observes, and another server is to lead.",
		w.all(joiner.ID, leader.ID)[1])
	s.create(c, "/led", "4", 0)
	s.oneZxid()
	w.write(t, "demoted.txt", "The leader that was taken out follows its successor.",
		w.last(leader.ID))
	c.Close()
}

// reconfigured lets servers join and leave, through the client's server, and waits for the
// roles that this gives them. Nobody else opens a session.
func (s *story) reconfigured(c *guest, joining, leaving, want string) {
	s.Helper()
	_, err := c.IncrementalReconfig(list(joining), list(leaving), -1)
	if !errors.Is(err, zk.ErrConnectionClosed) {
		s.must(err)
	}
	s.must(ensemble.Until(s.ctx, "the members are "+want, func(ctx context.Context) error {
		data, _, err := c.Get(internalRoot + "/config")
		if err == nil && membersIn(string(data)) != want {
			err = fmt.Errorf("they are %s", membersIn(string(data)))
		}
		for _, server := range s.Servers {
			err = errors.Join(err, hasRole(ctx, server, want))
		}
		return err
	}))
}

package mixed

import (
	"context"
	"fmt"
	"strconv"
	"testing"

	"zoo/test/ensemble"
)

// The plot: observers of either kind attach to followers of one kind, and are told by them
// what the leader has committed. Clients work through all of them; each server is killed
// in turn, so that observers lose their master and find another, or the leader.
func TestObserversOfEitherKindFollowFollowers(t *testing.T) {
	for _, m := range []makeUp{
		{voters: "JZZ", observers: "JZ", leader: javas, apart: true, always: true},
		{voters: "JJZ", observers: "JZ", leader: ours, apart: true},
		{voters: "ZZZ", observers: "JJ", leader: ours, apart: true},
		{voters: "JJJ", observers: "ZZ", leader: javas, apart: true},
	} {
		if !m.always && !playsAll() {
			continue
		}
		t.Run(m.String(), func(t *testing.T) {
			port, err := ensemble.FreePort()
			if err != nil {
				t.Fatal(err)
			}
			s := plan(t, m, "observerMasterPort="+strconv.Itoa(port))
			s.beginLedBy(m.leader)
			s.mastered()
			s.work()
			s.oneTree()
			s.survive()
		})
	}
}

// mastered waits until every observer has a follower for its master, as both say.
func (s *story) mastered() {
	s.Helper()
	leader := s.leader()
	s.must(ensemble.Until(s.ctx, "observers follow followers", func(ctx context.Context) error {
		served := map[int]int{}
		for _, server := range s.Servers {
			if !server.Observer {
				continue
			}
			text, _, err := server.Monitor(ctx, "zk_observer_master_id")
			if err != nil {
				return err
			}
			master, err := strconv.Atoi(text)
			if err != nil || master == leader.ID {
				return fmt.Errorf("the master of server %d is %q, %d leads", server.ID, text,
					leader.ID)
			}
			served[master]++
		}
		for id, n := range served {
			text, _, err := s.Servers[id-1].Monitor(ctx, "zk_synced_observers")
			if err != nil || text != strconv.Itoa(n) {
				return fmt.Errorf("server %d serves %s observers (%v), not %d", id, text, err, n)
			}
		}
		s.Logf("the masters are %v, server %d leads", served, leader.ID)
		return nil
	}))
}

package clients

import (
	"fmt"
	"testing"

	"github.com/go-zookeeper/zk"

	"zoo/test/ensemble"
)

// One client watches through a server of each role, another writes through the
// leader. Every event comes once, with its type and path.
func TestWatchesFireThroughEveryRole(t *testing.T) {
	s := begin(t)
	writer := s.dial(sessionTimeout, s.leader())
	s.eachRole(func(s *story, server *ensemble.Server) {
		c := s.dial(sessionTimeout, server)
		path := home(s.T, server)
		_, _, born, err := c.ExistsW(path)
		s.must(err)
		s.create(writer, path, "first", 0)
		s.wantEvent(born, zk.EventNodeCreated, path)

		data, _, changed, err := c.GetW(path)
		s.must(err)
		if string(data) != "first" {
			s.Errorf("read %q after the event of its creation", data)
		}
		_, err = writer.Set(path, []byte("second"), -1)
		s.must(err)
		s.wantEvent(changed, zk.EventNodeDataChanged, path)
		// The event comes before the new state can be read, so now it can.
		s.wantData(c, path, "second")

		_, _, joined, err := c.ChildrenW(path)
		s.must(err)
		s.create(writer, path+"/child", "", 0)
		s.wantEvent(joined, zk.EventNodeChildrenChanged, path)
		_, _, gone, err := c.GetW(path + "/child")
		s.must(err)
		s.must(writer.Delete(path+"/child", -1))
		s.wantEvent(gone, zk.EventNodeDeleted, path+"/child")
	})
}

func (s *story) wantEvent(watch <-chan zk.Event, kind zk.EventType, path string) {
	s.Helper()
	if e := s.event(watch); e.Type != kind || e.Path != path || e.Err != nil {
		s.Errorf("got %v at %q (%v), want %v at %q", e.Type, e.Path, e.Err, kind, path)
	}
}

// watchedCount is how many znodes are watched at once.
const watchedCount = 200

// Events come in the order of the writes that caused them.
func TestWatchesFireInTheOrderOfTheWrites(t *testing.T) {
	s := begin(t)
	writer := s.dial(sessionTimeout, s.leader())
	s.eachRole(func(s *story, server *ensemble.Server) {
		c := s.dial(sessionTimeout, server)
		root := home(s.T, server)
		s.create(writer, root, "", 0)
		path := func(i int) string { return fmt.Sprintf("%s/%03d", root, i) }
		for i := range watchedCount {
			_, _, _, err := c.ExistsW(path(i))
			s.must(err)
		}
		for i := range watchedCount {
			s.create(writer, path(i), "", 0)
		}
		for i := range watchedCount {
			e := s.nodeEvent(c)
			if e.Type != zk.EventNodeCreated || e.Path != path(i) {
				s.Fatalf("event %d is %v at %q, want a creation at %q", i, e.Type, e.Path, path(i))
			}
		}
	})
}

// nodeEvent is the next event of the guest that is not about its session.
func (s *story) nodeEvent(c *guest) zk.Event {
	s.Helper()
	for {
		if e := s.event(c.seen); e.Type != zk.EventSession {
			return e
		}
	}
}

// While the client is away, one znode that it watches changes, one goes, one comes,
// and one stays. Back on another server, it hears of the first three, and the watch
// on the last still waits there.
func TestWatchesAreSetAgainOnTheNextServer(t *testing.T) {
	s := begin(t)
	writer := s.dial(sessionTimeout, s.leader())
	c := s.dial(sessionTimeout, s.observer(), s.followers()[0])
	for _, path := range []string{"/changes", "/goes", "/stays"} {
		s.create(writer, path, "", 0)
		_, err := c.Sync(path)
		s.must(err)
	}
	watches := map[string]<-chan zk.Event{}
	for _, path := range []string{"/changes", "/goes", "/comes", "/stays"} {
		_, _, watch, err := c.ExistsW(path)
		s.must(err)
		watches[path] = watch
	}
	session := c.SessionID()
	c.line.cut()
	_, err := writer.Set("/changes", []byte("new"), -1)
	s.must(err)
	s.must(writer.Delete("/goes", -1))
	s.create(writer, "/comes", "", 0)
	c.line.mend()
	s.wantEvent(watches["/changes"], zk.EventNodeDataChanged, "/changes")
	s.wantEvent(watches["/goes"], zk.EventNodeDeleted, "/goes")
	s.wantEvent(watches["/comes"], zk.EventNodeCreated, "/comes")
	if c.SessionID() != session {
		t.Fatal("the session was lost")
	}
	_, err = writer.Set("/stays", []byte("not quite"), -1)
	s.must(err)
	s.wantEvent(watches["/stays"], zk.EventNodeDataChanged, "/stays")
}

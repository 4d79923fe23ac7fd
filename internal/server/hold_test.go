package server

import (
	"fmt"
	"slices"
	"sync"
	"testing"

	"zoo"
	"zoo/internal/core/replica"
	"zoo/internal/ops/command"
	"zoo/internal/wire"
)

// doorway is a lock that counts how often it is let go of, and lets somebody act then.
type doorway struct {
	sync.Locker
	opened int
	act    func()
}

func (d *doorway) Unlock() {
	d.Locker.Unlock()
	d.opened++
	d.act()
}

// crowd is a server with many ephemerals of one session, which also watches them, and
// a door through which another client gets at them while they are being shown.
func crowd(t *testing.T, paths int, act func(s *running, c *client)) (*running, *doorway) {
	s := startStandalone(t)
	c := s.connect()
	for i := range paths {
		path := fmt.Sprintf("/e%04d", i)
		c.call(int32(2*i), wire.OpCreate, ephemeral(path), zoo.CodeOK)
		c.call(int32(2*i+1), wire.OpExists,
			&wire.ExistsRequest{Path: path, Watch: true}, zoo.CodeOK)
	}
	other := s.connect()
	return s, &doorway{Locker: s.treeMu.RLocker(), act: func() { act(s, other) }}
}

const manyPaths = 3*shownPerHold + 10

// Operators have all ephemerals dumped. A client writes in every pause, through the
// very lock.
func TestADumpKeepsWritersOutForABoundedTimeOnly(t *testing.T) {
	written := int32(0)
	s, door := crowd(t, manyPaths, func(_ *running, c *client) {
		written++
		c.call(written, wire.OpSetData,
			&wire.SetDataRequest{Path: "/zookeeper", Version: -1}, zoo.CodeOK)
	})
	list := s.ephemerals(door)
	if len(list) != 1 || len(list[0].Paths) != manyPaths ||
		!slices.IsSorted(list[0].Paths) || list[0].Paths[7] != "/e0007" {
		t.Fatalf("%d sessions are shown", len(list))
	}
	if door.opened != 4 {
		t.Errorf("the lock was taken %d times", door.opened)
	}
	if s.globalSessions(door); door.opened != 5 {
		t.Errorf("two sessions took %d holds", door.opened-4)
	}
}

// The same of the table of watches: in a pause, more watches come.
func TestWatchesAreShownInBoundedHolds(t *testing.T) {
	extra := int32(0)
	s, door := crowd(t, manyPaths, func(_ *running, c *client) {
		extra++
		c.call(extra, wire.OpExists,
			&wire.ExistsRequest{Path: fmt.Sprintf("/none%d", extra), Watch: true}, zoo.CodeNoNode)
	})
	list := s.dataWatches(door)
	if door.opened != 4 {
		t.Errorf("the lock was taken %d times", door.opened)
	}
	if len(list) < manyPaths || len(list) > manyPaths+3 {
		t.Errorf("%d watches are shown", len(list))
	}
	if !slices.ContainsFunc(list, func(w command.Watch) bool { return w.Path == "/e0007" }) {
		t.Error("a watch is missing")
	}
}

// The server stops to serve while its ephemerals are shown: what it had is not touched
// any more.
func TestAWalkEndsWithTheTreeItIsAbout(t *testing.T) {
	s, door := crowd(t, manyPaths, func(s *running, _ *client) {
		s.treeMu.Lock()
		defer s.treeMu.Unlock()
		s.serving = false
	})
	if list := s.ephemerals(door); len(list[0].Paths) != shownPerHold || door.opened != 2 {
		t.Errorf("%d paths in %d holds", len(list[0].Paths), door.opened)
	}
}

func TestConnectionsAreListedInBoundedHolds(t *testing.T) {
	table := newConnTable(0, 0)
	for i := range manyPaths {
		table.conns[replica.ConnID(i)] = &conn{}
	}
	door := &doorway{Locker: &table.mu, act: func() {}}
	if list := table.unordered(door); len(list) != manyPaths || door.opened != 4 {
		t.Errorf("%d connections in %d holds", len(list), door.opened)
	}
}

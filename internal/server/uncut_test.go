package server

import (
	"fmt"
	"slices"
	"strings"
	"testing"

	"zoo"
	"zoo/internal/core/tree"
	"zoo/internal/core/zab"
	"zoo/internal/disk/snapshot"
	"zoo/internal/disk/store"
	"zoo/internal/ops/command"
)

// prepare makes a directory that holds nothing but a snapshot, of an epoch.
func (e *ensemble) prepare(id zoo.ServerID, z zoo.Zxid) {
	e.t.Helper()
	disk, _, err := store.Config{FS: e.disks[id], DataDir: "/data"}.Open()
	if err != nil {
		e.t.Fatal(err)
	}
	znodes := tree.New()
	znodes.SetZxid(z)
	frozen := znodes.Freeze()
	defer frozen.Close()
	source := snapshot.Source{Frozen: frozen, Lock: snapshot.NoLock{}}
	for _, err := range []error{
		disk.InstallSnapshot(source), disk.SetAcceptedEpoch(z.Epoch()),
		disk.SetCurrentEpoch(z.Epoch()), disk.Close(),
	} {
		if err != nil {
			e.t.Fatal(err)
		}
	}
}

func (r *running) passed(stage string) bool {
	return slices.ContainsFunc(r.timeline.list(), func(s command.Stage) bool {
		return strings.Contains(s.Name, stage)
	})
}

// The plot: a server comes whose only snapshot is newer than what the ensemble has. Where
// a restore has made it the leader sees that and sends its tree; else it says TRUNC, which
// nothing can be done about. The server lives, is sent the tree, and starts with that.
func TestAServerThatCannotBeCutBackGetsTheTree(t *testing.T) {
	for _, row := range []struct {
		ahead  zoo.Zxid
		truncs bool
	}{{1000, true}, {zab.RestoreRoom + 1000, false}} {
		t.Run(fmt.Sprintf("%d ahead", row.ahead), func(t *testing.T) {
			e := newEnsemble(t, 3, 0)
			e.start(1)
			e.start(2)
			e.session(1).create("/a", "x")
			status, _ := e.servers[1].status()
			e.prepare(3, status.LastLogged.Epoch().Start()+row.ahead)
			s := e.start(3)
			e.expect(e.session(3), "/a", "x")
			if s.passed("TRUNC") != row.truncs || !s.passed("SNAP") {
				t.Errorf("TRUNC %v, SNAP %v: %+v", s.passed("TRUNC"), s.passed("SNAP"),
					s.timeline.list())
			}
			e.session(3).create("/b", "y")
			e.kill(3)
			again := e.start(3)
			e.expect(e.session(3), "/b", "y")
			if again.passed("TRUNC") || again.passed("SNAP") {
				t.Errorf("after the start: %+v", again.timeline.list())
			}
		})
	}
}

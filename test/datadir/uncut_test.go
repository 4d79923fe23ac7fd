package datadir

import (
	"context"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"zoo"
	"zoo/client"
	"zoo/internal/core/tree"
	"zoo/internal/disk/snapshot"
	"zoo/internal/disk/store"
	"zoo/internal/disk/vfs"
	"zoo/test/ensemble"
)

// onlySnapshot makes a directory that holds a snapshot as of this zxid and no more.
func onlySnapshot(t *testing.T, dir string, z zoo.Zxid) {
	t.Helper()
	disk, _, err := store.Config{FS: vfs.OS{}, DataDir: dir}.Open()
	must(t, err)
	znodes := tree.New()
	znodes.SetZxid(z)
	frozen := znodes.Freeze()
	defer frozen.Close()
	must(t, disk.InstallSnapshot(snapshot.Source{Frozen: frozen, Lock: snapshot.NoLock{}}))
	must(t, disk.SetAcceptedEpoch(z.Epoch()))
	must(t, disk.SetCurrentEpoch(z.Epoch()))
	must(t, disk.Close())
}

func theThirdIsOurs(binary string) ensemble.Program {
	own, java := ensemble.Zoo(binary), ensemble.Java("256m")
	return func(s *ensemble.Server) *exec.Cmd {
		if s.ID == 3 {
			return own(s)
		}
		return java(s)
	}
}

// The plot: two servers of Java's have a history, and one of ours comes with a snapshot
// that is newer. Java's leader says TRUNC, which cannot be done, and then sends its tree to
// the server that says that it has nothing.
func TestJavasLeaderSendsItsTreeToAServerThatCannotBeCutBack(t *testing.T) {
	ensemble.LeaveOut(t, "Java's ZooKeeper", ensemble.FindJava())
	binary, err := ensemble.Build(t.Context(), t.TempDir())
	must(t, err)
	ctx, cancel := context.WithTimeout(t.Context(), limit)
	defer cancel()
	e, err := ensemble.New(ensemble.Options{Dir: t.TempDir(), Voters: 3,
		TickTime: 500 * time.Millisecond, Lines: always, Program: theThirdIsOurs(binary)})
	must(t, err)
	t.Cleanup(func() { _ = e.Close() })
	for _, s := range e.Servers[:2] {
		must(t, s.Start())
	}
	must(t, e.Servers[0].WaitServing(ctx))
	c := dial(ctx, t, e.Servers[0].Address())
	_, err = c.Create(ctx, "/a", []byte("x"), client.CreateOptions{})
	must(t, err)
	_, st, err := c.Get(ctx, "/a", nil)
	must(t, err)

	late := e.Servers[2]
	onlySnapshot(t, filepath.Join(late.Home(), "data"), st.Czxid+1000)
	must(t, late.Start())
	must(t, late.WaitServing(ctx))
	data, _, err := dial(ctx, t, late.Address()).Get(ctx, "/a", nil)
	must(t, err)
	log, err := os.ReadFile(late.LogFile())
	must(t, err)
	for _, line := range []string{"leader sent TRUNC", "cannot be cut back", "leader sent SNAP"} {
		if !strings.Contains(string(log), line) {
			t.Errorf("the log does not tell of %q", line)
		}
	}
	if string(data) != "x" {
		t.Errorf("/a is %q", data)
	}
}

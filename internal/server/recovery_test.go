package server

import (
	"io"
	"log/slog"
	"strings"
	"testing"
	"time"

	"zoo"
	"zoo/internal/core/tree"
	"zoo/internal/disk/snapshot"
	"zoo/internal/disk/store"
	"zoo/internal/disk/vfs"
)

// largeDirectory is a disk with a snapshot of 20 znodes of 128 KiB.
func largeDirectory(t *testing.T) *vfs.Mem {
	t.Helper()
	loader, st := tree.NewLoader(), &zoo.StatPersisted{}
	for i := range 21 {
		path, data := "", []byte(nil)
		if i > 0 {
			path, data = "/large-"+string(rune('a'+i)), make([]byte, 128<<10)
		}
		if err := loader.Node(path, data, -1, st); err != nil {
			t.Fatal(err)
		}
	}
	large, err := loader.Finish(7)
	if err != nil {
		t.Fatal(err)
	}
	disk := vfs.NewMem()
	s, _, err := store.Open(disk, "/data", "")
	if err != nil {
		t.Fatal(err)
	}
	source := snapshot.Source{Frozen: large.Freeze(), Lock: snapshot.NoLock{}}
	if err := s.InstallSnapshot(source); err != nil {
		t.Fatal(err)
	}
	if err := s.Close(); err != nil {
		t.Fatal(err)
	}
	return disk
}

// tick lets a second pass for the log of the recovery, at a time since the start.
func tick(s *running, now time.Duration) {
	ticks, done, told := make(chan time.Time), make(chan struct{}), make(chan struct{})
	go func() {
		defer close(told)
		s.tellRecovery(ticks, done, func() time.Duration { return now })
	}()
	ticks <- time.Time{}
	close(done)
	<-told
}

// The plot: the disk hangs in the middle of a large snapshot. Whoever asks meanwhile, or
// looks into the log, learns how far the server has come and how long it will take.
func TestALongRecoveryTellsHowFarItIs(t *testing.T) {
	disk := largeDirectory(t)
	reached, goOn := make(chan struct{}, 1), make(chan struct{})
	hook := func(_ int, op vfs.Op) error {
		if op.Kind == vfs.OpRead && strings.Contains(op.Name, "snapshot.") && op.Offset >= 1<<20 {
			select {
			case reached <- struct{}{}:
			default:
			}
			<-goOn
		}
		return nil
	}
	cfg, d := standaloneConfig(disk), &diary{}
	cfg.Store.FS = vfs.NewFaulty(disk, hook)
	s := startLogging(t, disk, cfg, slog.New(slog.NewTextHandler(d, nil)))
	select {
	case <-reached:
	case <-time.After(patience):
		t.Fatal("the snapshot is not read")
	}
	tick(s, time.Minute)
	if text := d.String(); !strings.Contains(text, "msg=recovery percent=3") ||
		!strings.Contains(text, "left=1m") {
		t.Errorf("the log says %q", text)
	}
	asking := s.dial()
	asking.write([]byte("strt"))
	answer, err := io.ReadAll(asking.nc)
	if err != nil || !strings.Contains(string(answer), "under way: 3") {
		t.Errorf("asked meanwhile it answers %q, %v", answer, err)
	}
	close(goOn)
	s.connect().create("/after", "")
	for _, stage := range (source{s.Server}).Timeline() {
		if strings.Contains(stage.Detail, "under way") {
			t.Errorf("it still tells of %+v", stage)
		}
	}
}

package server

import (
	"encoding/binary"
	"fmt"
	"io"
	"log/slog"
	"strings"
	"testing"
	"time"

	"zoo"
	"zoo/internal/core/replica"
	"zoo/internal/disk/store"
	"zoo/internal/disk/vfs"
	"zoo/internal/wire"
)

// smallDisk is a disk of so many bytes, with segments that leave room on it.
func smallDisk(disk *vfs.Mem, bytes, reserve int64) Config {
	disk.Limit(bytes)
	cfg := standaloneConfig(disk)
	cfg.SpaceMin, cfg.SpaceInterval = reserve, 5*time.Millisecond
	cfg.Store.PreallocateBytes = 4 << 10
	return cfg
}

// createUntil creates znodes of a kilobyte until one is answered otherwise, or the
// connection ends (then the code is CodeConnectionLoss). It tells how many were made.
func (c *client) createUntil(dir string) (made int, code zoo.Code) {
	c.t.Helper()
	value := string(make([]byte, 1<<10))
	for deadline := time.Now().Add(patience); time.Now().Before(deadline); made++ {
		c.pipeline(request(1, wire.OpCreate, create(fmt.Sprintf("%s/%d", dir, made), value)))
		var head [4]byte
		if _, err := io.ReadFull(c.nc, head[:]); err != nil {
			return made, zoo.CodeConnectionLoss
		}
		body := make([]byte, binary.BigEndian.Uint32(head[:]))
		if _, err := io.ReadFull(c.nc, body); err != nil {
			return made, zoo.CodeConnectionLoss
		}
		if code := zoo.Code(int32(binary.BigEndian.Uint32(body[12:]))); code != zoo.CodeOK {
			return made, code
		}
	}
	c.t.Fatal("the disk is never full")
	return 0, 0
}

// The plot: a client fills a small disk. At the mark its writes are refused with a code
// that every client knows; it still reads, deletes, and opens sessions. Then the disk gets
// larger, and without a restart writes are taken again.
func TestBelowItsReserveAServerRefusesWhatNeedsSpaceUntilThereIsSome(t *testing.T) {
	disk := vfs.NewMem()
	s := start(t, disk, smallDisk(disk, 400<<10, 128<<10))
	c := s.connect()
	c.create("/d", "")
	made, code := c.createUntil("/d")
	if code != replica.CodeNoSpace || made < 20 {
		t.Fatalf("after %d znodes: %v", made, code)
	}
	c.call(2, wire.OpGetData, &wire.GetDataRequest{Path: "/d/0"}, zoo.CodeOK)
	c.call(3, wire.OpDelete, &wire.DeleteRequest{Path: "/d/0", Version: -1}, zoo.CodeOK)
	c.call(4, wire.OpSetData, &wire.SetDataRequest{Path: "/d", Version: -1}, replica.CodeNoSpace)
	s.connect()
	if s.space.refuses.Load() != 1 {
		t.Error("the metrics do not tell")
	}

	disk.Limit(4 << 20)
	until(t, func() bool { return s.space.refuses.Load() == 0 })
	c.create("/after", "")
}

// The plot: a client writes so fast that the disk is full before the clock says that it is
// time to look. The log has grown, so it was looked at, and the mark holds.
func TestADiskThatFillsBetweenTwoLooksOfTheClockIsNoticed(t *testing.T) {
	disk := vfs.NewMem()
	cfg := smallDisk(disk, 400<<10, 128<<10)
	cfg.SpaceInterval = time.Hour
	s := start(t, disk, cfg)
	c := s.connect()
	c.create("/d", "")
	made, code := c.createUntil("/d")
	if code != replica.CodeNoSpace || made < 20 {
		t.Fatalf("after %d znodes: %v", made, code)
	}
}

// The plot: snapshots and logs that can be spared fill a disk to below the mark, where the
// retention would keep them. They go, and the alarm ends without anybody's help.
func TestWhatCanBeSparedGoesWhenTheDiskIsNearlyFull(t *testing.T) {
	disk := vfs.NewMem()
	cfg := smallDisk(disk, 600<<10, 200<<10)
	cfg.SnapCount, cfg.SnapPause = 40, time.Millisecond
	cfg.Purge = PurgeConfig{Retention: store.Retention{Snapshots: 100}, Interval: time.Hour}
	s := start(t, disk, cfg)
	c := s.connect()
	c.create("/a", "")
	value := make([]byte, 1<<10)
	until(t, func() bool {
		set := &wire.SetDataRequest{Path: "/a", Data: value, Version: -1}
		c.pipeline(request(1, wire.OpSetData, set))
		c.message()
		return s.meters.disk.purgedFiles.Count() > 0
	})
	until(t, func() bool { return s.space.low.Load() == 0 })
	c.create("/after", "")
}

// The plot: nobody watches the disk, and it fills until the log cannot be written. The
// role ends, connections close, the process stays. When there is room again the server serves
// without a restart, and everything that was acknowledged is there.
func TestAFullDiskEndsTheRoleAndNotTheProcess(t *testing.T) {
	disk := vfs.NewMem()
	s := start(t, disk, smallDisk(disk, 300<<10, 0))
	c := s.connect()
	c.create("/d", "")
	made, code := c.createUntil("/d")
	if code != zoo.CodeConnectionLoss || made < 20 {
		t.Fatalf("after %d znodes: %v", made, code)
	}

	disk.Limit(4 << 20)
	again := s.connect()
	for i := range made {
		path := fmt.Sprintf("/d/%d", i)
		again.call(1, wire.OpExists, &wire.ExistsRequest{Path: path}, zoo.CodeOK)
	}
	again.create("/after", "")
	if s.meters.disk.lost.Count() != 1 {
		t.Error("the metrics do not tell")
	}
}

// The plot: the leader's disk fills where nobody watches it. Its role ends, the other two
// elect a leader and take writes; with room again the old leader follows, and has them.
func TestALeaderWithAFullDiskIsReplacedAndComesBack(t *testing.T) {
	e := newEnsemble(t, 3, 0)
	e.adjust = func(cfg *Config) { cfg.SpaceInterval = 5 * time.Millisecond }
	for id := range e.ports {
		e.start(id)
	}
	c := e.session(1)
	c.create("/d", "")
	full := e.leader()
	atFull := e.session(full)
	e.disks[full].Limit(1)
	if _, code := atFull.createUntil("/d"); code != zoo.CodeConnectionLoss {
		t.Fatalf("at the full disk: %v", code)
	}
	other := full%3 + 1
	until(t, func() bool { return e.servesWithout(full) })
	e.session(other).create("/meanwhile", "x")

	e.disks[full].Limit(0)
	e.expect(e.session(full), "/meanwhile", "x")
}

// servesWithout tells whether the other servers have settled on one of them.
func (e *ensemble) servesWithout(gone zoo.ServerID) bool {
	for id, s := range e.servers {
		status, ok := s.status()
		if id != gone && (!ok || !status.Serving || status.Leader == gone) {
			return false
		}
	}
	return true
}

// until waits for what another goroutine makes true.
func until(t testing.TB, holds func() bool) {
	t.Helper()
	for deadline := time.Now().Add(patience); !holds(); {
		if time.Now().After(deadline) {
			t.Fatal("it never becomes true")
		}
		<-time.After(time.Millisecond)
	}
}

// The plot: the reserve is larger than the disk. The log says so at the start, before
// the first write is refused.
func TestAReserveAboveTheWholeDiskIsToldOf(t *testing.T) {
	disk, d := vfs.NewMem(), &diary{}
	cfg := smallDisk(disk, 400<<10, 1<<40)
	startLogging(t, disk, cfg, slog.New(slog.NewTextHandler(d, nil)))
	until(t, func() bool {
		return strings.Contains(d.String(), "disk.reserve is more than the whole disk")
	})
}

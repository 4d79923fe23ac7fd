package server

import (
	"runtime"
	"sync"
	"testing"
	"time"

	"zoo/internal/disk/vfs"
	"zoo/internal/wire"
)

// The plot: a disk hangs under five writes, and syncs them in the end. While they wait the
// server knows that so many are under way, and would gather more; behind them it knows of none.
func TestWhatIsUnderWayIsCounted(t *testing.T) {
	disk := vfs.NewMem()
	cfg := standaloneConfig(disk)
	hung := &hangingDisk{FS: disk}
	cfg.Store.FS = hung
	s := start(t, disk, cfg)
	c := s.connect()
	s.awaitUnderWay(0)
	hung.hangs.Lock()
	for xid := int32(1); xid <= 5; xid++ {
		set := wire.SetDataRequest{Path: "/", Version: -1}
		c.write(request(xid, wire.OpSetData, &set))
	}
	s.awaitUnderWay(5)
	hung.hangs.Unlock()
	for range 5 {
		c.frame()
	}
	s.awaitUnderWay(0)
}

// awaitUnderWay takes turns until so many transactions are under way.
func (r *running) awaitUnderWay(want int64) {
	r.t.Helper()
	for until := time.Now().Add(patience); r.underWay.Load() != want; {
		if time.Now().After(until) {
			r.t.Fatalf("%d transactions are under way, want %d", r.underWay.Load(), want)
		}
		if _, ok := ask(r.Server, func() bool { return true }); !ok {
			r.t.Fatal("the server takes no turns")
		}
		runtime.Gosched()
	}
}

// hangingDisk syncs no file of the log while hangs is locked.
type hangingDisk struct {
	vfs.FS
	hangs sync.RWMutex
}

type hangingFile struct {
	vfs.File
	disk *hangingDisk
}

// CreateNew makes a file that may hang.
func (d *hangingDisk) CreateNew(name string) (vfs.File, error) {
	file, err := d.FS.CreateNew(name)
	return hangingFile{file, d}, err
}

// Sync waits while the disk hangs.
func (f hangingFile) Sync() error {
	f.disk.hangs.RLock()
	defer f.disk.hangs.RUnlock()
	return f.File.Sync()
}

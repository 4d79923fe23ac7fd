package sim

import (
	"errors"
	"slices"
	"strings"

	"zoo"
	"zoo/internal/core/zab"
	"zoo/internal/disk/store"
	"zoo/internal/disk/vfs"
)

// What a shell of old did wrong is planted here; the bugs of the core are in the core.

func (d *storage) plants(bug zab.Planted) bool { return d.s.w.options.Planted == bug }

// forgetTruncate is ZOOKEEPER-3701: a server that goes on after a truncation that has
// failed, as if it had happened. Our store writes down what it is about to cut, and ends
// with the error, so that both have to be undone.
func (d *storage) forgetTruncate() error {
	d.calm()
	version := store.VersionDir(dataDir)
	names, err := d.mem.List(version)
	for _, name := range names {
		if strings.HasPrefix(name, "zoo.plan") {
			err = errors.Join(err, d.mem.Remove(version+"/"+name))
		}
	}
	if err != nil {
		return err
	}
	queue := d.queue
	_, err = d.open()
	d.queue, d.running = queue, true
	return err
}

// overtake is ZOOKEEPER-4785: the epoch is written by somebody who does not wait for the
// log writer.
func (d *storage) overtake() {
	if !d.plants(zab.Bug4785) {
		return
	}
	for i := range d.queue {
		// The journal takes what was overtaken for done.
		d.queue[i].Entries = slices.Clone(d.queue[i].Entries)
		for ; i > 0 && d.queue[i].Kind == zab.DiskCurrentEpoch &&
			d.queue[i-1].Kind == zab.DiskAppend; i-- {
			d.queue[i-1], d.queue[i] = d.queue[i], d.queue[i-1]
		}
	}
}

// roleEnded is ZOOKEEPER-4712: a log writer that outlives the role, and writes some time
// later what it was given.
func (d *storage) roleEnded() {
	if !d.plants(zab.Bug4712) {
		return
	}
	d.queue = slices.DeleteFunc(d.queue, func(op zab.DiskOp) bool {
		if op.Kind == zab.DiskAppend {
			d.logLate(op)
		}
		return op.Kind == zab.DiskAppend
	})
}

func (d *storage) logLate(op zab.DiskOp) {
	process := d.s.process
	op.Entries = slices.Clone(op.Entries) // The journal may take the operation for done.
	d.s.w.after(d.s.w.between(0, 2*tickTime), func() {
		if d.s.process != process || d.store == nil {
			return
		}
		if err := d.store.Append(op.Entries); err != nil {
			d.s.fail(err)
			return
		}
		d.s.log.appended(d.s, op.Entries)
	})
}

// cutTo is where a truncation ends: one entry before with ZOOKEEPER-1156.
func (d *storage) cutTo(z zoo.Zxid) zoo.Zxid {
	n := len(d.s.log.entries)
	for n > 0 && d.s.log.entries[n-1].zxid >= z {
		n--
	}
	if n == 0 || !d.plants(zab.Bug1156) {
		return z
	}
	return d.s.log.entries[n-1].zxid
}

// files are the machine's files. With ZOOKEEPER-2872 nobody waits for a snapshot to be on
// the disk.
func (d *storage) files() vfs.FS {
	files := vfs.NewFaulty(d.mem, d.hook)
	if d.plants(zab.Bug2872) {
		return lazyFS{files}
	}
	return files
}

type lazyFS struct{ vfs.FS }

// Create makes a file; a snapshot is not synced.
func (l lazyFS) Create(name string) (vfs.File, error) { return lazy(name)(l.FS.Create(name)) }

// CreateNew makes a file that did not exist; a snapshot is not synced.
func (l lazyFS) CreateNew(name string) (vfs.File, error) {
	return lazy(name)(l.FS.CreateNew(name))
}

func lazy(name string) func(vfs.File, error) (vfs.File, error) {
	return func(f vfs.File, err error) (vfs.File, error) {
		if err == nil && strings.Contains(name, "snapshot") {
			return lazyFile{f}, nil
		}
		return f, err
	}
}

type lazyFile struct{ vfs.File }

// Sync does nothing.
func (lazyFile) Sync() error { return nil }

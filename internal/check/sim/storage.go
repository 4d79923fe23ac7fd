package sim

import (
	"errors"
	"time"

	"zoo/internal/core/quorum"
	"zoo/internal/core/replica"
	"zoo/internal/core/tree"
	"zoo/internal/core/zab"
	"zoo/internal/disk/snapshot"
	"zoo/internal/disk/store"
	"zoo/internal/disk/vfs"
)

// The faults that are put into a disk. After either the process has seen its
// last successful operation: the hook refuses all that follow.
var (
	errPower = errors.New("power lost")
	errDisk  = errors.New("input/output error")
)

// The directories of every server.
const (
	dataDir = "data"
	logDir  = "log"
)

// segmentBytes keeps the preallocated part of a log small.
const segmentBytes = 4 << 10

// storage is the disk of one machine with the log writer of its process. The
// operations that the core asks for run in order; between two of them, and inside
// any of them, the power can go.
type storage struct {
	s   *server
	mem *vfs.Mem
	// store is open while the process lives.
	store *store.Store

	// members are the configurations that its files hold.
	members quorum.Ensemble

	queue   []zab.DiskOp
	running bool
	idle    func()
	// slow multiplies the time that everything takes.
	slow time.Duration
	// slowAt is when it last was slow.
	slowAt time.Duration

	// fuse counts down the operations on files until fault strikes; zero is
	// unarmed. Once blown, every operation fails.
	fuse  int
	fault error
	blown bool

	// refused is set from a cut that could not be made until the disk is recovered:
	// nothing is done meanwhile.
	refused bool

	// writing is the snapshot in the background.
	writing *store.Snapshot
}

func (d *storage) init(s *server) {
	d.s, d.mem, d.slow, d.slowAt = s, vfs.NewMem(), 1, -time.Hour
	d.members.Current = s.view()
}

// hook lets the fault strike.
func (d *storage) hook(_ int, op vfs.Op) error {
	if d.blown {
		return d.fault
	}
	if d.fuse == 0 || !op.Mutates() {
		return nil
	}
	d.fuse--
	if d.fuse > 0 {
		return nil
	}
	d.blown = true
	if d.s.w.trace.on() {
		d.s.w.trace.line(d.s.name, "%v at %v", d.fault, op)
	}
	return d.fault
}

// arm lets a fault strike at the n-th operation from now that changes a file.
func (d *storage) arm(n int, fault error) {
	if !d.blown {
		d.fuse, d.fault = n, fault
	}
}

// truncateFailure is the chance that a disk fails in a truncation while faults rage:
// truncations are rare, and what a failed one does matters (ZOOKEEPER-3701). A
// server that survives it is killed a little later.
const truncateFailure = 0.5

func (d *storage) beginTruncate() {
	w := d.s.w
	if !w.stormy || !w.chance(truncateFailure) {
		return
	}
	d.arm(1+w.rng.IntN(12), errDisk)
	process := d.s.process
	w.after(w.between(tickTime, 20*tickTime), func() {
		if d.s.process == process {
			w.killFault(d.s) // what has become of it is seen at the next start
		}
	})
}

// uncut is one of how many truncations cannot be done while faults rage. Only a history
// that comes from elsewhere has a reason for that, such as one that was restored; the
// servers of a play have none, so it is made up.
const uncut = 4

func (d *storage) cannotCut() bool {
	w := d.s.w
	return w.stormy && w.aside != nil && w.aside.IntN(uncut) == 0
}

// refuseCut ends the role after a cut that could not be made, as the shell does: what is
// queued behind it is dropped, and what the disk holds is recovered.
func (d *storage) refuseCut() {
	d.s.w.stats.Uncut++
	d.s.log.doubt, d.s.uncut = nil, true
	d.queue, d.running, d.refused = nil, false, true
	if d.idle != nil {
		d.idle()
		return
	}
	d.s.hear(replica.CutRefused{})
}

// purge removes, behind some of the snapshots, all that is not needed any more.
func (d *storage) purge() error {
	w := d.s.w
	if w.aside == nil || w.aside.IntN(2) == 0 || d.store == nil {
		return nil
	}
	if _, err := d.store.BeginPurge(time.Time{}, store.Retention{Snapshots: 1}); err != nil {
		return err
	}
	for d.store.Purging() {
		w.stats.Purges++
		if err := d.store.PurgeStep(); err != nil {
			return err
		}
	}
	return nil
}

// calm takes all faults away.
func (d *storage) calm() { d.fuse, d.fault, d.blown = 0, nil, false }

func (d *storage) injected(err error) bool {
	return errors.Is(err, errPower) || errors.Is(err, errDisk)
}

func (d *storage) lostPower(err error) bool { return errors.Is(err, errPower) }

// losePower replaces the disk by what is left of it.
func (d *storage) losePower() { d.mem = d.mem.Crash(d.s.w.rng.Uint64()) }

func (d *storage) open() (replica.Recovered, error) {
	d.stop()
	opened, r, err := store.Config{
		FS: d.files(), DataDir: dataDir, LogDir: logDir,
		PreallocateBytes: segmentBytes,
	}.Open()
	if err != nil {
		return replica.Recovered{}, err
	}
	d.store = opened
	return replica.Recovered{
		Tree: r.Tree, Tail: r.Tail,
		Epochs: zab.Epochs{Accepted: r.AcceptedEpoch, Current: r.CurrentEpoch},
	}, nil
}

// stop forgets what the process wanted.
func (d *storage) stop() {
	d.queue, d.running, d.idle, d.refused = nil, false, nil, false
	d.store, d.writing = nil, nil
}

// latency is the time of one operation.
func (d *storage) latency() time.Duration {
	if d.slow > 1 {
		d.slowAt = d.s.w.now
	}
	return d.s.w.between(d.s.w.plan.diskMin, d.s.w.plan.diskMax) * d.slow
}

func (d *storage) submit(ops []zab.DiskOp) {
	if len(ops) == 0 || d.refused {
		return
	}
	d.queue = append(d.queue, ops...)
	d.overtake()
	if !d.running {
		d.running = true
		d.later(d.next)
	}
}

// later goes on with the queue after a while, unless the process has ended.
func (d *storage) later(step func()) {
	process := d.s.process
	d.s.w.after(d.latency(), func() {
		if d.s.process == process && d.s.alive {
			step()
		}
	})
}

// whenIdle calls f once everything asked for is done.
func (d *storage) whenIdle(f func()) {
	if !d.running {
		f()
		return
	}
	d.idle = f
}

// next does what is first in the queue. Appends that follow each other are
// written together, and synced in a step of their own.
func (d *storage) next() {
	if len(d.queue) == 0 {
		d.running = false
		if d.idle != nil {
			d.idle()
		}
		return
	}
	if d.queue[0].Kind == zab.DiskAppend {
		d.append()
		return
	}
	op := d.queue[0]
	d.queue = d.queue[1:]
	d.s.log.doubt = &op
	err := d.perform(&op)
	if errors.Is(err, store.ErrNotInLog) {
		d.refuseCut()
		return
	}
	if err != nil {
		d.s.fail(err)
		return
	}
	d.s.log.performed(d.s, &op)
	d.done(op.Seq)
}

func (d *storage) append() {
	n := 0
	for n < len(d.queue) && d.queue[n].Kind == zab.DiskAppend {
		if err := d.store.Append(d.queue[n].Entries); err != nil {
			d.failAppend(err, n)
			return
		}
		d.s.log.appended(d.s, d.queue[n].Entries)
		n++
	}
	seq := d.queue[n-1].Seq
	d.queue = d.queue[n:]
	d.later(func() { d.sync(seq) })
}

// failAppend ends the process, as it must. ZOOKEEPER-4882 planted is a server
// that goes on instead, as if the write had succeeded.
func (d *storage) failAppend(err error, n int) {
	if !d.plants(zab.Bug4882) || !errors.Is(err, errDisk) {
		d.s.fail(err)
		return
	}
	d.calm()
	seq := d.queue[n].Seq
	d.queue = d.queue[n+1:]
	d.done(seq)
}

func (d *storage) sync(seq uint64) {
	if err := d.store.Sync(); err != nil {
		d.s.fail(err)
		return
	}
	d.s.log.synced()
	d.done(seq)
}

func (d *storage) done(seq uint64) {
	d.s.w.trace.mix(stepDisk, d.s.index, seq)
	d.s.hear(replica.DiskDone{Seq: seq})
	d.later(d.next)
}

func (d *storage) perform(op *zab.DiskOp) error {
	switch op.Kind {
	case zab.DiskTruncate:
		if d.cannotCut() {
			return store.ErrNotInLog
		}
		d.beginTruncate()
		_, err := d.store.Truncate(d.cutTo(op.Zxid))
		if d.plants(zab.Bug3701) && errors.Is(err, errDisk) {
			return d.forgetTruncate()
		}
		return err
	case zab.DiskAcceptedEpoch:
		return d.store.SetAcceptedEpoch(op.Epoch)
	case zab.DiskCurrentEpoch:
		return d.store.SetCurrentEpoch(op.Epoch)
	case zab.DiskInstall:
		frozen := op.Tree.Freeze()
		defer frozen.Close()
		return d.store.InstallSnapshot(snapshot.Source{Frozen: frozen, Lock: snapshot.NoLock{}})
	case zab.DiskRoll:
		return d.store.Roll()
	case zab.DiskConfigure:
		if d.blown {
			return d.fault
		}
		d.members = op.Members
	}
	return nil
}

// snapshotNodes is how many znodes a step of a snapshot writes.
const snapshotNodes = 8

// beginSnapshot writes a snapshot in the background, in steps between which other
// things happen.
func (d *storage) beginSnapshot(frozen *tree.Frozen) {
	job, err := d.store.BeginSnapshot(snapshot.Source{Frozen: frozen, Lock: snapshot.NoLock{}})
	if err != nil {
		frozen.Close()
		d.s.fail(err)
		return
	}
	d.writing = job
	d.later(func() { d.writeSnapshot(job, frozen) })
}

func (d *storage) writeSnapshot(job *store.Snapshot, frozen *tree.Frozen) {
	if d.writing != job {
		return
	}
	done, err := job.Step(snapshotNodes)
	switch {
	case errors.Is(err, store.ErrAbandoned):
	case err != nil:
		d.s.fail(err)
		return
	case !done:
		d.later(func() { d.writeSnapshot(job, frozen) })
		return
	default:
		d.s.w.stats.Snapshots++
	}
	frozen.Close()
	d.writing = nil
	if err := d.purge(); err != nil {
		d.s.fail(err)
		return
	}
	d.s.hear(replica.SnapshotDone{Zxid: job.Zxid()})
}

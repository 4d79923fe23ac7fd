package server

import (
	"context"
	"errors"
	"fmt"
	"sync"
	"time"

	"zoo/internal/core/replica"
	"zoo/internal/core/tree"
	"zoo/internal/core/zab"
	"zoo/internal/disk/snapshot"
	"zoo/internal/disk/store"
	"zoo/internal/disk/vfs"
	"zoo/internal/ops/admin"
	"zoo/internal/txn"
)

// snapshotStepNodes is how many znodes a snapshot takes under one read lock.
const snapshotStepNodes = 128

// job is something for the log writer to do.
type job struct {
	op zab.DiskOp
	// frozen is the tree of an install, or of a snapshot to begin.
	frozen *tree.Frozen
	kind   jobKind
	// urgent is for a purge: the disk is nearly full.
	urgent bool
	// restoring is what a jobRestore installs.
	restoring *restoring
	// filled is what a jobSpare brings.
	filled *filled
	// asked is when the loop asked for it; zero for what others ask for.
	asked time.Duration
}

type jobKind uint8

const (
	jobOp           jobKind = iota // op
	jobSnapshot                    // begin a snapshot of frozen
	jobReload                      // recover the directory once more
	jobPurge                       // remove what nobody needs
	jobPurgeAudited                // the same, once it is known what can be counted on
	jobRestore                     // replace all data
	jobSpare                       // the log's next segment is prepared
)

// logWriter does disk operations in their order. Whatever waits for it when it
// looks is done with one sync for each run of appends.
type logWriter struct {
	server *Server
	store  *store.Store // log writer only
	purge  purger       // log writer only
	// entries is memory that is used again. Log writer only.
	entries []txn.Entry
	// unwatched is how many bytes were appended since the room was looked at for
	// them. Log writer only.
	unwatched int64
	// spareBegan is when a segment was prepared last. Log writer only.
	spareBegan time.Duration
	// lost is set while the disk is full and the role ends: nothing is done before
	// the directory was recovered. Log writer only.
	lost bool
	// refused is set while the role ends because the log could not be cut back: the same.
	refused bool
	wake    chan struct{}

	mu   sync.Mutex
	jobs []job
}

// add queues jobs without waiting.
func (w *logWriter) add(jobs ...job) {
	w.mu.Lock()
	w.jobs = append(w.jobs, jobs...)
	w.mu.Unlock()
	signal(w.wake)
}

func (w *logWriter) take(spare []job) []job {
	clear(spare)
	w.mu.Lock()
	defer w.mu.Unlock()
	jobs := w.jobs
	w.jobs = spare[:0]
	return jobs
}

// run works until the server closes. The first error ends the server, and no
// later operation runs: nothing may be acknowledged behind a gap.
func (w *logWriter) run() {
	var jobs []job
	ticks, stop := w.purgeTicks()
	defer stop()
	for {
		select {
		case <-w.wake:
		case <-ticks:
			w.add(job{kind: jobPurge})
			continue
		case <-w.server.closing:
			return
		}
		w.server.gather()
		jobs = w.take(jobs)
		w.server.meters.disk.queueSize.Observe(int64(len(jobs)))
		w.server.meters.disk.queue.Observe(int64(len(jobs)))
		if len(jobs) > 0 && jobs[0].asked != 0 {
			w.server.meters.disk.waited.Observe(int64(w.server.mono() - jobs[0].asked))
		}
		err := w.do(jobs)
		if err == nil && w.store == nil {
			return // The server closes while it waits for room.
		}
		if err == nil && !w.lost {
			w.prepareSpare() // behind all that was to be acknowledged
			err = w.purgeStep()
		}
		if vfs.IsNoSpace(err) {
			err = w.lose(err, nil)
		}
		if err != nil {
			w.server.fail(coded(exitLog, err))
			return
		}
	}
}

// do does jobs and reports each run of them that became durable.
func (w *logWriter) do(jobs []job) error {
	if w.lost || w.refused {
		return w.end(jobs)
	}
	for len(jobs) > 0 {
		n, err := w.doRun(jobs)
		if vfs.IsNoSpace(err) {
			return w.lose(err, jobs[n-1:])
		}
		if errors.Is(err, store.ErrNotInLog) {
			return w.refuse(err, jobs[n:])
		}
		if err != nil {
			return err
		}
		if last := jobs[n-1]; last.kind == jobOp {
			w.server.queue.leave(replica.DiskDone{Seq: last.op.Seq})
			w.report(len(jobs) > n)
		}
		jobs = jobs[n:]
	}
	return nil
}

// end drops jobs of a role that has ended, and recovers the directory behind them.
func (w *logWriter) end(jobs []job) error {
	if !w.skip(jobs) {
		return nil
	}
	if w.lost {
		return w.reopen()
	}
	w.refused = false
	return w.do([]job{{kind: jobReload}})
}

// refuse ends the role after the leader wanted a cut that cannot be made, see
// docs/adr/0022-uncut.md. Nothing has changed on the disk, and nothing that is queued is
// done: it may stand on the cut.
func (w *logWriter) refuse(reason error, rest []job) error {
	w.server.log.Warn("the log cannot be cut back as the leader wants; it is kept as it is, "+
		"and the leader is asked for a snapshot", "error", reason)
	w.server.queue.call(w.server.loop.refuseCut)
	w.refused = true
	return w.end(rest)
}

// report has the loop look at what became durable. While nothing else waits for
// the disk the turn is taken right here.
func (w *logWriter) report(busy bool) {
	w.mu.Lock()
	busy = busy || len(w.jobs) > 0
	w.mu.Unlock()
	if busy {
		signal(w.server.queue.wake)
		return
	}
	w.server.loop.lend()
}

// entriesKept is how many entries the memory that is used again may hold, a few times what
// comes to the log while it syncs.
const entriesKept = 16 << 10

// doRun does the first job, and with an append all appends behind it.
func (w *logWriter) doRun(jobs []job) (n int, err error) {
	if !jobs[0].appends() {
		return 1, w.doOne(&jobs[0])
	}
	began := w.server.mono()
	entries := w.entries[:0]
	for ; n < len(jobs) && jobs[n].appends(); n++ {
		entries = append(entries, jobs[n].op.Entries...)
	}
	if w.entries = entries; cap(entries) > entriesKept {
		w.entries = nil
	}
	defer clear(entries)
	if err := w.store.Append(entries); err != nil {
		return 1, err
	}
	w.unwatched += entryBytes(entries)
	w.server.meters.disk.batchSize.Observe(int64(len(entries)))
	w.server.meters.disk.batch.Observe(int64(len(entries)))
	err = w.sync()
	w.watchSpace()
	w.server.meters.disk.processTime.Observe(w.server.mono() - began)
	return n, err
}

func (w *logWriter) sync() error {
	began := w.server.mono()
	err := w.store.Sync()
	took := w.server.mono() - began
	w.server.meters.disk.fsyncTime.Observe(took)
	if slow := w.server.cfg.SyncSlow; slow > 0 && took >= slow {
		w.server.slowSyncs.Add(1)
		w.server.log.Warn("slow sync of the log", "took", took, "threshold", slow)
	}
	return err
}

func (j *job) appends() bool { return j.kind == jobOp && j.op.Kind == zab.DiskAppend }

func (w *logWriter) doOne(j *job) error {
	switch j.kind {
	case jobSnapshot:
		return w.beginSnapshot(j.frozen)
	case jobReload:
		recovered, err := w.store.Reload()
		if err != nil {
			return err
		}
		w.server.queue.call(func() { w.server.loop.restart(&recovered) })
		return nil
	case jobPurge:
		return w.beginPurge(j.urgent)
	case jobPurgeAudited:
		return w.planPurge()
	case jobRestore:
		return w.restore(j.restoring)
	case jobSpare:
		w.endSpare(j.filled)
		return nil
	}
	return w.doOp(j)
}

func (w *logWriter) doOp(j *job) error {
	switch j.op.Kind {
	case zab.DiskTruncate:
		// Whether the tree has to be recovered anew is the replica's to know.
		_, err := w.store.Truncate(j.op.Zxid)
		return err
	case zab.DiskAcceptedEpoch:
		return w.store.SetAcceptedEpoch(j.op.Epoch)
	case zab.DiskCurrentEpoch:
		return w.store.SetCurrentEpoch(j.op.Epoch)
	case zab.DiskInstall:
		err := w.store.InstallSnapshot(w.source(j.frozen))
		w.server.thaw(j.frozen)
		j.frozen = nil
		return err
	case zab.DiskRoll:
		return w.store.Roll()
	case zab.DiskBarrier:
		return nil
	case zab.DiskConfigure:
		return w.server.saveMembers(j.op.Members)
	}
	return fmt.Errorf("unknown disk operation %d", j.op.Kind)
}

func (w *logWriter) source(frozen *tree.Frozen) snapshot.Source {
	return snapshot.Source{Frozen: frozen, Lock: w.server.treeMu.RLocker()}
}

// beginSnapshot starts a snapshot in the background. That one fails is bad luck
// and no danger: the log holds everything.
func (w *logWriter) beginSnapshot(frozen *tree.Frozen) error {
	snap, err := w.store.BeginSnapshot(w.source(frozen))
	if err != nil {
		w.server.snapshotEnded(frozen, 0, err)
		return nil
	}
	w.server.spawn("snapshot", func() {
		began := w.server.mono()
		err := w.server.writeSnapshot(snap, snapshotRate(w.server.cfg.SnapRate, frozen))
		if err == nil {
			took := w.server.mono() - began
			w.server.meters.disk.snapshotTime.Observe(took)
		}
		w.server.snapshotEnded(frozen, snap.Bytes(), err)
	})
	return nil
}

// writeSnapshot writes a snapshot step by step, no faster than its rate, unless the
// changes made meanwhile pile up in memory.
func (s *Server) writeSnapshot(snap *store.Snapshot, rate int64) error {
	p := pace{rate: rate, began: s.mono()}
	timer := time.NewTimer(0)
	defer timer.Stop()
	for {
		done, err := snap.Step(snapshotStepNodes)
		if done || err != nil {
			return err
		}
		wait := p.wait(snap.Moved(), s.mono())
		if snap.Waiting() > behindBytesMax {
			wait = 0
		}
		timer.Reset(wait)
		select {
		case <-s.closing:
			return snap.Abandon()
		case <-timer.C:
		}
	}
}

// snapshotEnded lets the tree go and the replica think of the next snapshot.
func (s *Server) snapshotEnded(frozen *tree.Frozen, bytes int64, err error) {
	zxid := frozen.Zxid()
	s.thaw(frozen)
	if err != nil {
		s.meters.disk.snapshotErrors.Inc()
		s.log.Error("snapshot lost", "zxid", zxid, "error", err)
	} else {
		s.log.Info("snapshot", "zxid", zxid)
		s.purgeAfterSnapshot()
	}
	s.snapshots.end(admin.Snapshot{Zxid: zxid, Taken: time.Now(), Bytes: bytes}, err)
	s.queue.push(replica.SnapshotDone{Zxid: zxid})
}

// thaw ends a frozen view of a tree.
func (s *Server) thaw(frozen *tree.Frozen) {
	s.treeMu.Lock()
	defer s.treeMu.Unlock()
	frozen.Close()
}

// freeze fixes the tree as it is now.
func (s *Server) freeze(t *tree.Tree) *tree.Frozen {
	s.treeMu.Lock()
	defer s.treeMu.Unlock()
	return t.Freeze()
}

// persist hands disk operations to the log writer. Trees are frozen here, before
// the next transaction is applied to them.
func (l *loop) persist(eff *replica.Effects) {
	if len(eff.Disk) == 0 && !eff.Snapshot {
		return
	}
	jobs := l.jobs[:0]
	for _, op := range eff.Disk {
		j := job{op: op, asked: l.now.Mono}
		l.followed.logged(op.Entries, l.now.Mono)
		l.server.meters.disk.queued.Add(uint64(len(op.Entries)))
		if op.Kind == zab.DiskInstall {
			j.frozen = l.server.freeze(op.Tree)
		}
		jobs = append(jobs, j)
	}
	if eff.Snapshot {
		frozen := l.server.freeze(l.replica.Tree())
		jobs = append(jobs, job{kind: jobSnapshot, frozen: frozen})
	}
	l.server.writer.add(jobs...)
	clear(jobs)
	l.jobs = jobs[:0]
}

// viewStepNodes is how many znodes are copied under one hold of the tree's lock.
const viewStepNodes = 256

// showLog makes the tree that a read-only server shows, in the background: an election
// is under way, which must not wait for it.
func (l *loop) showLog(tail []txn.Entry) {
	s := l.server
	frozen := s.freeze(l.replica.Tree())
	s.spawn("read-only view", func() {
		view, err := s.copied(frozen, tail)
		if err != nil {
			s.log.Error("no read-only mode", "error", err)
		}
		s.queue.push(replica.Viewed{Tree: view})
	})
}

// copied copies a frozen tree, which it thaws, and applies what lies behind it.
func (s *Server) copied(frozen *tree.Frozen, tail []txn.Entry) (*tree.Tree, error) {
	defer s.thaw(frozen)
	cloner := tree.NewCloner(frozen)
	for more := true; more; {
		select {
		case <-s.closing:
			return nil, context.Canceled
		default:
		}
		s.treeMu.RLock()
		more = cloner.Step(viewStepNodes)
		s.treeMu.RUnlock()
	}
	return cloner.Finish(tail)
}

// reload begins to recover the directory once more, behind all disk operations.
func (l *loop) reload() {
	if l.restarting {
		return
	}
	l.restarting = true
	l.setTree(false)
	l.turnAway()
	if l.replacing != nil {
		l.server.writer.add(job{kind: jobRestore, restoring: l.replacing})
		return
	}
	l.hangUpAll()
	l.server.writer.add(job{kind: jobReload})
}

// refuseCut ends the role: the log could not be cut back as the leader wants.
func (l *loop) refuseCut() {
	l.uncut = true
	l.replica.Step(l.now, replica.CutRefused{})
}

// restart goes on with a new replica.
func (l *loop) restart(recovered *store.Recovered) {
	if l.replacing != nil {
		l.restartReplaced(recovered)
		return
	}
	l.restarting = false
	l.replica = l.server.newReplica(recovered, l.now)
	l.uncut = false
	if ev, ok := l.server.measureSpace(); ok {
		l.replica.Step(l.now, ev)
	}
	for id := range l.links.election {
		l.replica.Step(l.now, replica.ElectionUp{Peer: id})
	}
}

package zab

import (
	"zoo"
	"zoo/internal/core/quorum"
	"zoo/internal/core/tree"
	"zoo/internal/txn"
)

// Journal is the order of everything that a server asks of its disk, over all
// its roles. Because the operations run in this one order, a role that has
// ended cannot append behind a later one (ZOOKEEPER-4712), and whatever was
// appended before an epoch was written is durable before that epoch is.
type Journal struct {
	ops []DiskOp
	// taken is what the last Drain gave, and spare are the entries of appends that are done:
	// memory for the next ones.
	taken []DiskOp
	spare [][]txn.Entry
	// seq is the last number given, done the last operation completed.
	seq, done uint64
	// marks remember the end of the log after each append that is under way.
	marks []mark
	// persisted is the end of the durable log.
	persisted zoo.Zxid
	// unlogged says that entries, trees and the current epoch stay off the disk, see
	// Unlog.
	unlogged bool
}

type mark struct {
	seq  uint64
	zxid zoo.Zxid
	// entries are those of the append, as long as that is under way.
	entries []txn.Entry
}

// The memory that is used again: sparesMax slices for as many appends under way, each of at
// most spareEntriesMax entries, a few times what a large batch has.
const (
	sparesMax       = 8
	spareEntriesMax = 4096
)

// NewJournal starts with a durable log that ends at last.
func NewJournal(last zoo.Zxid) *Journal { return &Journal{persisted: last} }

// Drain gives the operations that were asked for, and forgets them. They are good until the
// next Drain.
func (j *Journal) Drain() []DiskOp {
	clear(j.taken)
	j.ops, j.taken = j.taken[:0], j.ops
	return j.taken
}

// Done says that all operations up to seq are durable.
func (j *Journal) Done(seq uint64) {
	j.done = max(j.done, seq)
	n := 0
	for n < len(j.marks) && j.marks[n].seq <= j.done {
		j.persisted = j.marks[n].zxid
		j.keep(j.marks[n].entries)
		n++
	}
	rest := j.marks[:copy(j.marks, j.marks[n:])]
	clear(j.marks[len(rest):])
	j.marks = rest
}

// keep keeps the memory of an append that is done.
func (j *Journal) keep(entries []txn.Entry) {
	if entries != nil && cap(entries) <= spareEntriesMax && len(j.spare) < sparesMax {
		clear(entries)
		j.spare = append(j.spare, entries[:0])
	}
}

// vacant gives memory for the entries of an append.
func (j *Journal) vacant() []txn.Entry {
	n := len(j.spare)
	if n == 0 {
		return nil
	}
	entries := j.spare[n-1]
	j.spare = j.spare[:n-1]
	return entries
}

// Unlog keeps entries, trees and the current epoch off the disk from here on: what it
// holds stays as it is now, one history with its epoch, as of a server that was switched
// off. What is appended counts as persisted at once. Promises and configurations are
// written as before: they bind whatever becomes of the history. There is no way back but
// to recover what the disk holds. See docs/adr/0063-observer-in-memory.md.
func (j *Journal) Unlog() { j.unlogged = true }

// Unlogged tells whether the disk is spared.
func (j *Journal) Unlogged() bool { return j.unlogged }

// Persisted is the end of the durable log, or of the one in memory behind Unlog.
func (j *Journal) Persisted() zoo.Zxid { return j.persisted }

// Durable tells whether the operation is done.
func (j *Journal) Durable(seq uint64) bool { return j.done >= seq }

// Idle tells whether the disk owes nothing.
func (j *Journal) Idle() bool { return j.done == j.seq }

func (j *Journal) push(op DiskOp) uint64 {
	j.seq++
	op.Seq = j.seq
	j.ops = append(j.ops, op)
	return j.seq
}

// Append logs an entry; those of one Drain share one operation.
func (j *Journal) Append(e txn.Entry) {
	if j.unlogged {
		j.reach(e.Zxid)
		return
	}
	if n := len(j.ops); n == 0 || j.ops[n-1].Kind != DiskAppend {
		seq := j.push(DiskOp{Kind: DiskAppend, Entries: j.vacant()})
		j.marks = append(j.marks, mark{seq: seq})
	}
	op, m := &j.ops[len(j.ops)-1], &j.marks[len(j.marks)-1]
	op.Entries = append(op.Entries, e)
	m.zxid, m.entries = e.Zxid, op.Entries
}

// Truncate cuts the log after z.
func (j *Journal) Truncate(z zoo.Zxid) {
	j.cut(z)
	if !j.unlogged {
		j.push(DiskOp{Kind: DiskTruncate, Zxid: z})
	}
}

// Install replaces all that is on disk by a tree as of z.
func (j *Journal) Install(t *tree.Tree, z zoo.Zxid) {
	j.cut(z)
	if j.unlogged {
		j.reach(z)
		return
	}
	seq := j.push(DiskOp{Kind: DiskInstall, Tree: t, Zxid: z})
	j.marks = append(j.marks, mark{seq: seq, zxid: z})
}

// reach counts what is kept in memory as persisted, behind the last append that is still
// on its way to the disk.
func (j *Journal) reach(z zoo.Zxid) {
	if n := len(j.marks); n > 0 {
		j.marks[n-1].zxid = z
		return
	}
	j.persisted = z
}

// cut lowers what is or will be persisted to what remains of it.
func (j *Journal) cut(z zoo.Zxid) {
	j.persisted = min(j.persisted, z)
	for i := range j.marks {
		j.marks[i].zxid = min(j.marks[i].zxid, z)
	}
}

// Roll ends the current log file.
func (j *Journal) Roll() { j.push(DiskOp{Kind: DiskRoll}) }

// Accept writes the accepted epoch, and gives the operation to wait for.
func (j *Journal) Accept(e zoo.Epoch) uint64 {
	return j.push(DiskOp{Kind: DiskAcceptedEpoch, Epoch: e})
}

// Enter writes the current epoch, and gives the operation to wait for. The epoch is that
// of the history on the disk, and stays with it if that is spared.
func (j *Journal) Enter(e zoo.Epoch) uint64 {
	if j.unlogged {
		return j.Barrier()
	}
	return j.push(DiskOp{Kind: DiskCurrentEpoch, Epoch: e})
}

// Configure writes the configurations. What is appended or entered behind it is not
// durable before they are.
func (j *Journal) Configure(e quorum.Ensemble) {
	j.push(DiskOp{Kind: DiskConfigure, Members: e})
}

// Barrier gives an operation that is done when all before it is done.
func (j *Journal) Barrier() uint64 { return j.push(DiskOp{Kind: DiskBarrier}) }

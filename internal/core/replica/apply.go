package replica

import (
	"zoo"
	"zoo/internal/check/invariant"
	"zoo/internal/core/tree"
	"zoo/internal/core/zab"
	"zoo/internal/wire"
)

// applyReady tells whether ApplyNext has something to give.
func (r *Replica) applyReady() bool {
	if r.reload {
		return false
	}
	_, entry := r.history.Next(r.journal.Persisted())
	_, due := r.attached.due(r.history.Applied())
	return entry || due || len(r.attached.refusals) > 0 || r.members.show
}

// ApplyNext applies the next transaction that is committed and durable in the
// own log, and tells what came of it; or it releases a sync that has caught up.
// It is false when nothing is left. The caller excludes readers of the tree.
func (r *Replica) ApplyNext() (Outcome, bool) {
	if r.reload {
		return Outcome{}, false
	}
	r.showMembers()
	if w, refused := r.attached.nextRefusal(); refused {
		return Outcome{Conn: w.conn, Xid: w.xid, Op: w.op, Code: w.code}, true
	}
	if b, due := r.attached.nextBarrier(r.history.Applied()); due {
		return r.pass(b), true
	}
	e, ready := r.history.Next(r.journal.Persisted())
	if !ready {
		r.history.Trim(r.cfg.HistoryMin, r.cfg.HistoryBytesMin)
		r.maybeServe()
		return Outcome{}, false
	}
	res, err := r.apply(e)
	if err != nil {
		invariant.Fail("transaction %v cannot be applied: %v", e.Zxid, err)
	}
	r.history.Advance()
	r.snapshots.since++
	r.snapshots.bytes += int64(len(e.Bytes))
	if r.writer != nil {
		r.writer.prep.Applied(e.Zxid)
	}
	return r.outcome(res), true
}

// pass answers a barrier.
func (r *Replica) pass(b barrier) Outcome {
	o := Outcome{Conn: b.conn, Xid: b.xid, Op: b.op, Path: b.path, Code: b.code}
	if b.ends != 0 {
		o.Closes = r.endLocal(b.ends)
	}
	return o
}

// outcome finds who waits for a transaction.
func (r *Replica) outcome(res *tree.Result) Outcome {
	o := r.attached.outcome(res)
	if r.cfg.Planted == zab.Bug3471 && r.localSessions != nil &&
		res.Header.Type == wire.OpCreateSession {
		r.localSessions.Remove(res.Header.Session)
	}
	if res.Header.Type == wire.OpCreateSession && r.writer != nil {
		r.begin(res.Header.Session)
	}
	if res.Header.Type == wire.OpCloseSession {
		o.Closes = r.attached.close(res.Header.Session)
		if r.writer != nil {
			r.writer.tracker.Remove(res.Header.Session)
		}
	}
	return o
}

// begin gives a session that is created its whole timeout from now on, however long its
// creation was under way.
func (r *Replica) begin(id zoo.SessionID) {
	if timeout, known := r.tree.SessionTimeout(id); known {
		r.writer.tracker.Touch(id, timeout, r.now.Mono)
	}
}

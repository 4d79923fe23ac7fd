package replica

import (
	"zoo/internal/check/invariant"
	"zoo/internal/core/tree"
	"zoo/internal/wire"
)

// applyReady tells whether ApplyNext has something to give.
func (r *Replica) applyReady() bool {
	if r.reload {
		return false
	}
	_, entry := r.history.Next(r.journal.Persisted())
	return entry || r.attached.syncReady(r.history.Applied())
}

// ApplyNext applies the next transaction that is committed and durable in the
// own log, and tells what came of it; or it releases a sync that has caught up.
// It is false when nothing is left. The caller excludes readers of the tree.
func (r *Replica) ApplyNext() (Outcome, bool) {
	if r.reload {
		return Outcome{}, false
	}
	if s, ready := r.attached.nextSync(r.history.Applied()); ready {
		return Outcome{Conn: s.conn, Xid: s.xid, Op: wire.OpSync, Path: s.path}, true
	}
	e, ready := r.history.Next(r.journal.Persisted())
	if !ready {
		r.history.Trim(r.cfg.HistoryMin, r.cfg.HistoryBytesMin)
		r.maybeServe()
		return Outcome{}, false
	}
	res, err := r.tree.Apply(e)
	if err != nil {
		invariant.Fail("transaction %v cannot be applied: %v", e.Zxid, err)
	}
	r.history.Advance()
	r.snapshots.since++
	if r.writer != nil {
		r.writer.prep.Applied(e.Zxid)
	}
	return r.outcome(res), true
}

// outcome finds who waits for a transaction.
func (r *Replica) outcome(res *tree.Result) Outcome {
	o := r.attached.outcome(res)
	if res.Header.Type == wire.OpCloseSession {
		o.Closes = r.attached.close(res.Header.Session)
		if r.writer != nil {
			r.writer.tracker.Remove(res.Header.Session)
		}
	}
	return o
}

package replica

import (
	"fmt"

	"zoo"
	"zoo/internal/core/prep"
	"zoo/internal/core/session"
	"zoo/internal/wire"
)

// space is what this server knows of the room on its own disk. See
// docs/adr/0015-disk-space.md for what becomes of it.
type space struct {
	// free is how many bytes there are, low that they are too few.
	free int64
	low  bool
	// told is the alarm that was last traced.
	told wire.Alarm
}

// CodeNoSpace is the answer to a write that needs space while there is none: clients
// know it from read-only servers, and do not try again by themselves.
const CodeNoSpace = zoo.CodeNotReadOnly

// measured takes in how much room there is. What has become too little is enough again
// only a quarter above the mark, so that the alarm does not flutter. An observer with its
// history in memory needs no room.
func (r *Replica) measured(free int64) {
	s := &r.space
	s.free = free
	mark := r.cfg.SpaceMin
	if s.low {
		mark += mark / 4
	}
	low := free < mark && !r.journal.Unlogged()
	if low == s.low {
		return
	}
	s.low = low
	r.effects.Changed = true
	switch {
	case r.leader != nil:
		r.leader.SetShort(low)
	case r.learner != nil:
		r.learner.SetShort(low)
	}
}

// alarm is who is short of disk space, and whether writes are refused for it.
func (r *Replica) alarm() wire.Alarm {
	switch {
	case r.leader != nil:
		return r.leader.Alarm()
	case r.learner != nil && r.learner.Extends():
		return r.learner.Alarm()
	case r.space.low:
		return wire.Alarm{Refuses: r.state == Standalone, Short: []zoo.ServerID{r.cfg.ID}}
	}
	return wire.Alarm{}
}

// noteAlarm tells when the alarm has changed.
func (r *Replica) noteAlarm() {
	a := r.alarm()
	if a.Equal(&r.space.told) {
		return
	}
	r.space.told = a
	r.effects.Changed = true
	stage, detail := "disk space is back", "all servers"
	if len(a.Short) > 0 {
		stage, detail = "disk space low", fmt.Sprintf("servers %v, writes go on", a.Short)
	}
	if a.Refuses {
		detail = fmt.Sprintf("servers %v, writes that need space are refused", a.Short)
	}
	r.trace(Trace{Stage: stage, Detail: detail})
}

// needsSpace tells whether a request is refused while there is no space. Sessions may
// come and go, and what is deleted makes room: the reserve is for them.
func needsSpace(op wire.Op, body []byte) bool {
	switch op {
	case wire.OpCreateSession, wire.OpCloseSession, wire.OpSync, wire.OpCheck,
		wire.OpDelete, wire.OpDeleteContainer, wire.OpTryRemove, wire.OpRemoveRecursive,
		wire.OpReconfig:
		return false
	case wire.OpMulti:
		return multiNeedsSpace(body)
	}
	return true
}

func multiNeedsSpace(body []byte) bool {
	parts := wire.NewMultiReader(body)
	for {
		part, more := parts.Next()
		if !more {
			return false // The leader answers what cannot be read.
		}
		if part.Op != wire.OpCheckNotExists && needsSpace(part.Op, part.Body) {
			return true
		}
	}
}

// refuseForwarded answers a learner's request by a transaction that changes nothing,
// as the learner waits for one.
func (r *Replica) refuseForwarded(q Request, owner session.Owner) {
	r.prepare(prep.Request{
		Session: q.Session, Cxid: q.Xid, Op: q.Op, Body: q.Body, IDs: q.IDs,
		Owner: owner, Refused: CodeNoSpace,
	})
}

package zab

import (
	"zoo"
	"zoo/internal/txn"
	"zoo/internal/wire"
)

// plan is how a learner is brought up to date: a DIFF, TRUNC or SNAP packet
// with a zxid, then the entries of the history from index from.
type plan struct {
	kind wire.PacketType
	zxid zoo.Zxid
	from int
}

// planSync decides for a learner whose log ends at peer, when the first settled
// entries of the history are the leader's own committed or initial ones, and
// processed is the zxid that the leader itself stands at (the start of its
// epoch, before the first transaction in it). The rows are those of Java's
// LearnerHandler.syncFollower; where Java reads the log on disk because its
// memory does not reach back far enough, we send SNAP: our memory reaches
// further (see Config.HistoryBytesMin).
func planSync(h *History, settled int, processed, peer zoo.Zxid) plan {
	last := h.at(settled)
	switch {
	case peer == processed:
		return plan{wire.PacketDiff, peer, settled}
	case isRestored(h, settled, peer):
		return planSnap(h)
	case peer > last && peer.Counter() != 0:
		return planTrunc(h, settled, last)
	case peer > last:
		// The peer stands at the start of an epoch that made no entry: it has
		// all that is before it.
		return plan{wire.PacketDiff, last, settled}
	case peer < h.base:
		return planSnap(h)
	}
	n := h.count(peer)
	switch {
	case h.at(n) == peer, peer.Counter() == 0:
		return plan{wire.PacketDiff, last, n}
	case h.entries[n].Zxid.Epoch() == peer.Epoch(), h.applied < n:
		// Across epochs Java sends SNAP. A tree that lacks entries which the
		// peer has logged, as a new leader's does, must not replace them: they
		// may be committed, and be gone if the peer crashes before it has
		// logged them again. Cutting is right there, because what the peer has
		// of older epochs is what the leader of its last epoch was established
		// with, and so are ours.
		return planTrunc(h, n, h.at(n))
	default:
		return planSnap(h)
	}
}

// planTree is for a learner that can take nothing but the tree. False means that it has
// to wait: a tree that lacks entries which the learner has logged must not replace them,
// for the same reason as in planSync. What it has logged and nobody has committed may go.
func planTree(h *History, settled int, peer zoo.Zxid) (plan, bool) {
	if h.applied < min(h.count(peer), settled) && !isRestored(h, settled, peer) {
		return plan{}, false
	}
	return planSnap(h), true
}

// RestoreRoom is how far the zxid of a restored history lies ahead of all that was
// logged before, in the same epoch.
const RestoreRoom = 1 << 24

// isRestored tells whether the end of a peer's log is so far ahead of our entries of its
// epoch that no transactions can have led there: it has restored a snapshot, and the
// ensemble went on without it. It cannot be cut back, as it has nothing older, and what
// it had logged before it has given up itself.
func isRestored(h *History, settled int, peer zoo.Zxid) bool {
	ours := max(h.at(min(h.count(peer), settled)), peer.Epoch().Start())
	return peer >= h.base && peer >= ours+RestoreRoom
}

// planTrunc cuts the learner's log after an entry. The start of an epoch is not
// an entry: Java cuts behind the first one at or after it, which would keep what
// must go, so that case takes a SNAP.
func planTrunc(h *History, from int, to zoo.Zxid) plan {
	if to.Counter() == 0 {
		return planSnap(h)
	}
	return plan{wire.PacketTrunc, to, from}
}

// planSnap sends the tree as it is, and all behind it.
func planSnap(h *History) plan {
	return plan{wire.PacketSnap, h.Applied(), h.applied}
}

// pending lists the entries that the plan still has to send, up to settled.
func (p plan) pending(h *History, settled int) []txn.Entry {
	return h.entries[min(p.from, settled):settled]
}

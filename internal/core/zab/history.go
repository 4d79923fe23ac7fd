package zab

import (
	"slices"

	"zoo"
	"zoo/internal/check/invariant"
	"zoo/internal/core/quorum"
	"zoo/internal/txn"
)

// History is the end of a server's log, kept in memory without a hole: the
// committed entries that learners may need, then those whose commitment is
// unknown, the tail. The tree holds exactly what has been applied.
type History struct {
	// base is the zxid before the first entry; what it names is in the tree.
	base    zoo.Zxid
	entries []txn.Entry
	// committed and applied count entries, applied <= committed.
	committed, applied int
	// start is the zero zxid of the newest epoch that was established here,
	// which stands for the whole history before it.
	start zoo.Zxid
	bytes int
	// hidden are entries that only a planted bug keeps from learners.
	hidden map[zoo.Zxid]bool
	// seen is a configuration that only a planted bug takes note of.
	seen *quorum.View
}

// NewHistory makes the history of a server that recovered a tree up to base and
// the entries behind it.
func NewHistory(base zoo.Zxid, tail []txn.Entry) *History {
	h := &History{base: base}
	for _, e := range tail {
		h.Append(e)
	}
	return h
}

// Last is the zxid of the last entry.
func (h *History) Last() zoo.Zxid {
	if n := len(h.entries); n > 0 {
		return h.entries[n-1].Zxid
	}
	return h.base
}

// Committed is the zxid of the last committed entry.
func (h *History) Committed() zoo.Zxid { return h.at(h.committed) }

// Applied is the zxid of the last applied entry.
func (h *History) Applied() zoo.Zxid { return h.at(h.applied) }

func (h *History) at(n int) zoo.Zxid {
	if n == 0 {
		return h.base
	}
	return h.entries[n-1].Zxid
}

// Follows tells whether an entry of this zxid may be appended: the next counter
// of the same epoch, or the first of a later one. A hole would be shipped to the next
// leader's learners as if it were the history (ZOOKEEPER-4925).
func (h *History) Follows(z zoo.Zxid) bool {
	return z.Follows(max(h.Last(), h.start))
}

// Has tells whether z is an entry, or lies before all that is kept.
func (h *History) Has(z zoo.Zxid) bool { return z <= h.base || h.at(h.count(z)) == z }

// holds tells whether z is an entry that is kept.
func (h *History) holds(z zoo.Zxid) bool { return z > h.base && h.Has(z) }

// Append adds an entry to the tail. It must follow.
func (h *History) Append(e txn.Entry) {
	if last := h.Last(); e.Zxid <= last {
		invariant.Fail("append %v after %v", e.Zxid, last)
	}
	h.entries = append(h.entries, e)
	h.bytes += len(e.Bytes)
}

// Commit marks everything up to z as committed.
func (h *History) Commit(z zoo.Zxid) {
	n := h.count(z)
	if n > h.committed {
		h.committed = n
	}
}

// Unapplied is how many entries are not applied, committed or not.
func (h *History) Unapplied() int { return len(h.entries) - h.applied }

// Next is the first entry that is committed, within the limit and not applied.
func (h *History) Next(limit zoo.Zxid) (txn.Entry, bool) {
	if h.applied == h.committed || h.entries[h.applied].Zxid > limit {
		return txn.Entry{}, false
	}
	return h.entries[h.applied], true
}

// Upcoming is the entry of Next and those behind it, at most n, whatever the limit. It is
// valid until the next change.
func (h *History) Upcoming(n int) []txn.Entry {
	return h.entries[h.applied:min(h.applied+n, h.committed)]
}

// Advance says that the entry of Next is applied.
func (h *History) Advance() { h.applied++ }

// Forget skips what is committed and not applied. Nothing but a planted bug
// does that.
func (h *History) Forget() { h.applied = h.committed }

// hide keeps an entry from learners. Nothing but a planted bug does that.
func (h *History) hide(z zoo.Zxid) {
	if h.hidden == nil {
		h.hidden = make(map[zoo.Zxid]bool)
	}
	h.hidden[z] = true
}

// Tail lists the entries behind the committed ones. It is valid until the next
// change.
func (h *History) Tail() []txn.Entry { return h.entries[h.committed:] }

// Truncate cuts the history after z, which is an entry of it or the start of an
// epoch. It reports false if z is neither, or lies below what was applied; then
// nothing is cut.
func (h *History) Truncate(z zoo.Zxid) bool {
	n := h.count(z)
	if h.at(n) != z && z.Counter() != 0 || n < h.applied || z < h.base {
		return false
	}
	for _, e := range h.entries[n:] {
		h.bytes -= len(e.Bytes)
	}
	clear(h.entries[n:])
	h.entries = h.entries[:n]
	h.committed = min(h.committed, n)
	if h.start > z {
		h.start = 0
	}
	return true
}

// Replace forgets everything: the tree was replaced by one as of base. That may
// be older than an epoch that was established here, whose start then says nothing
// about what follows.
func (h *History) Replace(base zoo.Zxid) { *h = History{base: base} }

// Trim forgets the oldest applied entries beyond the given count and bytes,
// whichever keeps more.
func (h *History) Trim(countMin, bytesMin int) {
	n := 0
	bytes := h.bytes
	for n < h.applied && len(h.entries)-n > countMin && bytes > bytesMin {
		bytes -= len(h.entries[n].Bytes)
		n++
	}
	// Moving the rest costs as much as what is forgotten, so wait until it is
	// worth it.
	if n < len(h.entries)/4 || n == 0 {
		return
	}
	h.base = h.at(n)
	h.entries = slices.Delete(h.entries, 0, n)
	h.bytes = bytes
	h.committed -= n
	h.applied -= n
}

// count is the number of entries up to and including z.
func (h *History) count(z zoo.Zxid) int {
	n, found := slices.BinarySearchFunc(h.entries, z, func(e txn.Entry, z zoo.Zxid) int {
		return int(min(max(e.Zxid-z, -1), 1))
	})
	if found {
		n++
	}
	return n
}
